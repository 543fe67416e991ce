"""Importing what is said of products: as its verbs would have written it, each wrong row told in a sentence, and as before when it is taken back."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.imports import mapping, parsing, running
from tasuki.core.imports.runs import ImportRun
from tasuki.core.imports.taking_back import CannotUndo
from tasuki.crm import product_points, records
from tasuki.crm.product_points import MOST, ProductPoint, Said
from tasuki.crm.products import Product
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db

LATER = MONDAY + timedelta(days=1)
HEAD = "number,product,kind,language,industry,name,words,strong,weak,position\n"
COLUMNS = ", ".join(f"{name}: {name}" for name in HEAD.strip().split(",")[1:])
PLAIN = f"noun: product_points\ncolumns: {{{COLUMNS}}}\n"
NUMBERED = f"noun: product_points\nkey: tasuki_id\non_duplicate: update\ncolumns: {{tasuki_id: number, {COLUMNS}}}\n"


def product(name: str = "Gate", *, code: str = "") -> Product:
    made = records.add_product(name, line="", price=None, currency="", by=SET_UP, at=MONDAY)
    Product.objects.filter(pk=made.pk).update(code=code)
    return made


def point(of: Product, words: str = "It never sleeps.", **said: Any) -> ProductPoint:
    return product_points.keep(of, said=Said(**{"kind": "say", "language": "en", "words": words, **said}), by=SET_UP, at=MONDAY)


def imported(rows: str, said: str = PLAIN, *, by: By = SET_UP) -> ImportRun:
    run = running.start(io.BytesIO((HEAD + rows).encode()), name="points.csv", mapping=mapping.read(said), by=by, at=LATER)
    return running.run(run, at=LATER)


def told(run: ImportRun) -> dict[int, list[str]]:
    return {row.row_no: [str(one["reason"]) for one in row.messages or []] for row in run.rows.filter(messages__isnull=False).order_by("row_no")}


def kept() -> list[tuple[Any, ...]]:
    return list(ProductPoint.objects.order_by("pk").values_list("product__name", *(field for field in Said.__dataclass_fields__), "written_by", "written_at"))


def test_points_come_in_as_the_page_would_have_kept_them(cast: Cast) -> None:
    product(code="G-1")
    run = imported(
        ",Gate,say,en,,,It   never sleeps.,strong,weak,\n,G-1,Competitor,日本語,Bank,Corvane,Ask who restarts it.,fast,no reports,7\n",
        by=By(cast.ada, Door.WEB),
    )
    assert (run.n_created, told(run)) == (2, {})
    assert kept() == [
        ("Gate", "say", "en", "It never sleeps.", "", "", "", "", 1, cast.ada.pk, LATER),
        ("Gate", "rival", "ja", "Ask who restarts it.", "Bank", "Corvane", "fast", "no reports", 7, cast.ada.pk, LATER),
    ]
    made = ProductPoint.objects.order_by("pk")[0]
    (entry,) = AuditEntry.objects.of(made)
    assert (entry.action, entry.actor, entry.changes["words"]) == ("add", cast.ada, ["", "It never sleeps."])


@pytest.mark.parametrize("position", ["0", "-1", "1001", "9" * 40, "1.5", "abc", "=1+1", "=cmd|' /C calc'!A0", "½", "NaN", "1e9"])
def test_a_position_that_is_none_is_refused_by_its_row(position: str) -> None:
    product()
    run = imported(f',Gate,say,en,,,Fine.,,,1\n,Gate,say,en,,,Other.,,,"{position}"\n')
    assert (run.n_created, run.n_rejected) == (1, 1)
    assert told(run) == {3: [f"“{position[:40]}” is no place in a list: a whole number from 1 to 1000."]}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (",Nowhere,say,en,,,x,,,1", "There is no product “Nowhere”."),
        (",,say,en,,,x,,,1", "This must not be empty."),
        (",Gate,song,en,,,x,,,1", "“song” is not one of: talking point, what probably hurts, customer who may be named, competitor."),
        (",Gate,say,xx,,,x,,,1", "“xx” is not one of: English, 한국어, 日本語."),
        (",Gate,say,en,,,,,,1", "This must not be empty."),
        (f",Gate,say,en,,,{'x' * 401},,,1", "This is longer than 400 characters."),
        (f",Gate,say,en,{'x' * 81},,x,,,1", "This is longer than 80 characters."),
        (f",Gate,rival,en,,{'x' * 121},x,,,1", "This is longer than 120 characters."),
        (",Gate,rival,en,,,x,,,1", "Say who it is."),
        (",Gate,reference,en,, ,x,,,1", "Say who it is."),
    ],
)
def test_what_nobody_could_say_is_refused_by_its_row(row: str, why: str) -> None:
    product()
    run = imported(f"{row}\n,Gate,say,en,,,Fine.,,,1\n")
    assert (run.n_created, run.n_rejected, told(run)) == (1, 1, {2: [why]})


def test_a_formula_in_words_stays_text() -> None:
    product()
    imported(',Gate,say,en,,,"=HYPERLINK(""http://x"")",,,1\n')
    assert ProductPoint.objects.get().words == '=HYPERLINK("http://x")'


def test_by_its_number_a_point_is_changed_and_what_is_not_said_of_it_stays(cast: Cast) -> None:
    gate, other = product(), product("Wall")
    one, same = point(gate, kind="rival", name="Corvane", strong="fast", weak="no reports"), point(gate, "Untouched.")
    said = "noun: product_points\nkey: tasuki_id\non_duplicate: update\n"
    said += "columns: {tasuki_id: number, product: product, kind: kind, language: language, words: words}\n"
    run = imported(f"{one.pk},Wall,rival,en,,,Ask who restarts it.,,,\n{same.pk},Gate,say,en,,,Untouched.,,,\n", said, by=By(cast.ada, Door.WEB))
    assert (run.n_updated, told(run)) == (2, {})
    one.refresh_from_db()
    assert (one.product, one.words, one.name, one.strong, one.written_by, one.written_at) == (other, "Ask who restarts it.", "Corvane", "fast", cast.ada, LATER)
    same.refresh_from_db()
    assert (same.written_at, AuditEntry.objects.of(same).count()) == (MONDAY, 1), "of which nothing new was said"
    entry = AuditEntry.objects.of(one).newest_first()[0]
    assert entry.changes["words"] == ["It never sleeps.", "Ask who restarts it."]


def test_what_a_kind_has_no_room_for_goes_as_on_the_page() -> None:
    one = point(product(), kind="rival", name="Corvane", strong="fast")
    imported(f"{one.pk},Gate,say,en,,Corvane,It never sleeps.,fast,,1\n", NUMBERED)
    one.refresh_from_db()
    assert (one.kind, one.name, one.strong) == ("say", "", "")


def test_a_number_that_is_not_here_and_one_that_is_none_are_refused() -> None:
    gate = product()
    run = imported("999999,Gate,say,en,,,x,,,1\n-1,Gate,say,en,,,x,,,1\n=1+1,Gate,say,en,,,x,,,1\n", NUMBERED)
    assert told(run) == {
        2: ["There is no record with the number 999999 here."],
        3: ["“-1” is no number of a record."],
        4: ["“=1+1” is no number of a record."],
    }
    assert not gate.points.exists()


def test_the_same_said_again_makes_no_second_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "CHUNK", 2)
    point(product())
    run = imported(",Gate,say,en,,,It never sleeps.,,,5\n,Gate,say,en,,,New.,,,\n,Gate,say,ko,,,New.,,,\n,Gate,say,en,,, New. ,,,\n")
    assert (run.n_created, run.n_skipped) == (2, 2)
    imported(",Gate,say,en,,,It never sleeps.,,,5\n", PLAIN + "on_duplicate: update\n")
    assert ProductPoint.objects.get(words="It never sleeps.").position == 5


def test_nobody_reads_more_points_than_there_may_be() -> None:
    gate, wall = product(), product("Wall")
    first = point(gate, "0")
    rows = "".join(f",Gate,say,en,,,{n},,,\n" for n in range(1, MOST + 1))
    run = imported(rows)
    assert (run.n_created, run.n_rejected) == (MOST - 1, 1)
    assert told(run) == {MOST + 1: [f"Nobody reads more than {MOST} points about a product. Take one out first."]}
    run = imported(f"{first.pk},Wall,say,en,,,0,,,\n,Gate,say,en,,,fits,,,\n", NUMBERED)
    assert (run.n_updated, run.n_created, gate.points.count(), wall.points.count()) == (1, 1, MOST, 1), "one went, one came"


def test_taken_back_all_is_as_before(cast: Cast) -> None:
    gate = product()
    one = point(gate, kind="rival", name="Corvane", strong="fast")
    before = kept()
    run = imported(f"{one.pk},Gate,rival,ko,,Corvane,Ask.,,,3\n,Gate,say,en,,,New.,,,\n", NUMBERED, by=By(cast.ada, Door.WEB))
    assert len(kept()) == 2
    running.undo(run, by=By(cast.ada, Door.WEB), at=LATER)
    assert kept() == before


def test_what_was_worked_on_since_is_not_taken_back() -> None:
    gate = product()
    run = imported(",Gate,say,en,,,New.,,,\n")
    product_points.keep(gate, said=Said("say", "en", "Newer."), point=ProductPoint.objects.get(), by=SET_UP, at=LATER)
    with pytest.raises(CannotUndo):
        running.undo(run, by=SET_UP, at=LATER)
