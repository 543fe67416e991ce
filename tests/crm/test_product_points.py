"""What is said of a product: written by whoever edits products, and short, in one language and for one industry, for whoever calls."""

from __future__ import annotations

from typing import Any

import pytest

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Forbidden
from tasuki.crm import product_points, records
from tasuki.crm.product_points import MOST, Kind, PointRefused, ProductPoint, Said, told
from tasuki.crm.products import Product
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db


def product() -> Product:
    return records.add_product("Gate", line="Pre-trade risk", price=None, currency="", by=SET_UP, at=MONDAY)


def said(words: str, kind: Kind = Kind.SAY, *, language: str = "en", **more: Any) -> Said:
    return Said(kind.value, language, words, **more)


def kept(of: Product, *points: Said) -> list[ProductPoint]:
    return [product_points.keep(of, said=one, by=SET_UP, at=MONDAY) for one in points]


def test_a_point_is_written_changed_and_taken_out_by_whoever_edits_products(cast: Cast) -> None:
    ada, gate = By(cast.ada, Door.WEB), product()
    point = product_points.keep(gate, said=said("  Limits  change \n within the session. "), by=ada, at=MONDAY)
    assert (point.words, point.written_by) == ("Limits change within the session.", cast.ada)
    same = product_points.keep(gate, said=said("Limits change within the session."), point=point, by=ada, at=MONDAY)
    assert same == point
    product_points.keep(gate, said=said("Limits change at once."), point=point, by=ada, at=MONDAY)
    product_points.remove(point, by=ada, at=MONDAY)
    assert [entry.action for entry in AuditEntry.objects.of(point).newest_first()] == ["remove", "change", "add"]
    for who in (cast.ivo, cast.saori, cast.ruth):
        with pytest.raises(Forbidden):
            product_points.keep(gate, said=said("x"), by=By(who, Door.WEB), at=MONDAY)
    assert not ProductPoint.objects.visible_to(cast.ada).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        said(" "),
        said("x" * 401),
        said("x", industry="x" * 81),
        said("x", language="xx"),
        Said("song", "en", "x"),
        said("x", position=0),
        said("Ask how.", Kind.RIVAL),
        said("They are glad.", Kind.REFERENCE, name=" "),
        said("Ask.", Kind.RIVAL, name="Corvane", weak="x" * 401),
    ],
)
def test_what_cannot_be_read_while_somebody_waits_is_refused(wrong: Said) -> None:
    with pytest.raises(PointRefused):
        product_points.keep(product(), said=wrong, by=SET_UP, at=MONDAY)


def test_a_point_keeps_only_what_is_its_own_and_a_product_has_so_many() -> None:
    gate = product()
    [point] = kept(gate, said("Fast.", name="Somebody", strong="a", weak="b"))
    assert (point.name, point.strong, point.weak) == ("", "", "")
    ProductPoint.objects.bulk_create(ProductPoint(product=gate, kind="say", language="en", words=f"{nth}", written_at=MONDAY) for nth in range(MOST - 1))
    with pytest.raises(PointRefused):
        kept(gate, said("One more."))


def test_who_calls_is_told_three_points_of_the_industry_first_in_the_first_language_that_has_any() -> None:
    points = kept(
        product(), said("any 1"), said("any 2", position=2), said("any 3", position=3), said("of banks", industry="Bank", position=9),
        said("of brokers", industry="Securities", position=9), said("말", language="ko"), said("hurts banks", Kind.PAIN, industry="bank "),
        said("A bank is glad.", Kind.REFERENCE, name="North Bank", industry="Bank"),
        said("A broker is glad.", Kind.REFERENCE, name="Gaon", industry="Securities"),
    )  # fmt: skip
    found = told(points, industry="Bank", languages=["ja", "en", "ko"])
    assert [one.words for one in found.say] == ["of banks", "any 1", "any 2"]
    assert [one.words for one in found.pain] == ["hurts banks"]
    assert [one.name for one in found.reference] == ["North Bank"]
    assert [one.words for one in told(points, industry="", languages=["ko"]).say] == ["말"]
    assert [one.words for one in told(points, industry="Exchange", languages=["ja"]).say] == ["any 1", "any 2", "any 3"], "better in another tongue"
    assert not told([], industry="Bank", languages=["en"])


def test_the_competitor_that_they_named_stands_alone() -> None:
    points = kept(product(), *(said("Ask.", Kind.RIVAL, name=name) for name in ("Corvane", "Brassgull", "토리게이트")))
    assert [one.name for one in told(points, industry="", languages=["en"]).rival] == ["Corvane", "Brassgull"]
    assert [one.name for one in told(points, industry="", languages=["en"], heard="They look at BRASSGULL too.").rival] == ["Brassgull"]
    assert [one.name for one in told(points, industry="", languages=["en"], heard="토리게이트를 PoC 중").rival] == ["토리게이트"]
