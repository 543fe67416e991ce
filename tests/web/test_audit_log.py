"""The audit log as a list: asked by who, what, of which record, when and through which door; paged by the index; shown to who may read it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core import abilities, people
from tasuki.core.abilities import Ability
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.money import Money
from tasuki.core.people import User
from tasuki.sales import opportunities
from tasuki.web.lists import paging, walking
from tasuki.web.lists import state as states
from tasuki.web.lists.nouns import ENTRIES
from tasuki.web.lists.orders import beyond
from tasuki.web.lists.page import order_of
from tasuki.web.lists.spec import View
from tests.cast import MONDAY, SET_UP, Cast
from tests.web.office import deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db


def page_of(who: User, question: str = "") -> str:
    answer = signed_in(who).get(reverse("audit") + question)
    assert answer.status_code == 200, answer.content.decode()
    return html.unescape(answer.content.decode())


def listed(who: User, question: str = "") -> set[int]:
    return {int(pk) for pk in re.findall(r'<tr id="auditentry-(\d+)"', page_of(who, question))}


def ids(**asked: object) -> set[int]:
    return set(AuditEntry.objects.filter(**asked).values_list("pk", flat=True))


def test_the_log_is_asked_by_whom_what_of_which_record_and_when(cast: Cast) -> None:
    people.change(cast.ivo, title="Lighthouse keeper", by=By(cast.ada, Door.WEB), at=MONDAY + timedelta(days=1))
    lead = lead_of(cast)
    assert listed(cast.ada, f"?filter=noun:is(user),record:is({cast.ivo.pk})") == ids(noun="user", record_id=cast.ivo.pk)
    assert listed(cast.ada, f"?filter=actor:is({cast.ada.pk}),action:is(change)") == ids(actor=cast.ada, action="change")
    assert listed(cast.ada, "?filter=at:on(2026-03-03),noun:is(user)") == ids(noun="user", at__gte=MONDAY + timedelta(days=1))
    assert listed(cast.ada, "?view=mine") == ids(actor=cast.ada)
    assert listed(cast.ada, f"?q={lead.pk}") == ids(record_id=lead.pk)
    assert listed(cast.ada, "?q=horvat") == ids(actor=cast.ivo) != set()
    assert listed(cast.ada, "?filter=actor:empty") == ids(actor=None)


def test_whoever_has_left_is_still_asked_for_by_name(cast: Cast) -> None:
    lead_of(cast)
    people.leave(cast.ivo, by=SET_UP, at=MONDAY)

    def offered(address: str, field: str) -> str:
        chip = signed_in(cast.ada).get(address).content.decode().partition(f'name="field" value="{field}"')[2]
        return chip.partition("</form>")[0]

    assert "Ivo Horvat" in offered(reverse("audit") + "?add=actor", "actor")
    assert "Ivo Horvat" not in offered(reverse("leads") + "?add=owner", "owner")


def test_an_entry_has_a_page_and_a_glance_that_leave_out_what_its_reader_must_not_see(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    deal = deal_of(cast)
    opportunities.change(deal, said={"money": Money(Decimal(31_313_131), "KRW")}, by=By(cast.saori, Door.WEB), at=MONDAY + timedelta(days=2))
    entry = AuditEntry.objects.filter(noun="opportunity").latest("pk")
    places = [reverse("auditentry", args=[entry.pk]), reverse("auditentry_peek", args=[entry.pk]), f"{reverse('export', args=['auditentry'])}?form=csv"]

    def texts() -> list[str]:
        return [b"".join(signed_in(cast.ada).get(place)).decode() for place in places]

    assert all("31313131" in text for text in texts())
    monkeypatch.setitem(abilities.ABILITIES, Ability.SEE_AMOUNTS, frozenset())
    assert not any("31313131" in text for text in texts())


def test_a_file_of_the_log_says_in_words_who_did_what_to_which_record(cast: Cast) -> None:
    people.change(cast.ivo, title="Lighthouse keeper", by=By(cast.ada, Door.WEB), at=MONDAY)
    answer = signed_in(cast.ada).get(f"{reverse('export', args=['auditentry'])}?form=csv&filter=action:is(change)")
    head, row = b"".join(answer).decode("utf-8-sig").strip().splitlines()
    assert head == "When,Who,Record,What,“From, to”,Door".replace("“", '"').replace("”", '"')
    assert row.endswith(f",Ada Lindqvist,user {cast.ivo.pk},changed,job title: – → Lighthouse keeper,web")


def test_whoever_may_not_read_the_log_opens_no_part_of_it(cast: Cast) -> None:
    entry = AuditEntry.objects.earliest("pk")
    for who in (cast.ruth, cast.mina, cast.tomas):
        client = signed_in(who)
        assert client.get(reverse("audit")).status_code == 403
        assert client.get(f"{reverse('export', args=['auditentry'])}?form=csv").status_code == 403
        assert client.get(reverse("auditentry", args=[entry.pk])).status_code in (403, 404)
        assert client.get(reverse("auditentry_peek", args=[entry.pk])).status_code in (403, 404)
    assert reverse("export", args=["auditentry"]) not in signed_in(cast.ruth).get(reverse("data_export")).content.decode()


def test_pages_of_the_log_are_walked_by_its_index_and_nothing_is_sorted(cast: Cast) -> None:
    said = {"actor": cast.ivo, "door": Door.WEB, "noun": "lead", "action": "change"}
    AuditEntry.objects.bulk_create(AuditEntry(at=MONDAY + timedelta(seconds=nth // 3), record_id=nth, **said) for nth in range(4_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE core_auditentry")
    view = states.built_in(ENTRIES.views[0], ENTRIES)
    order = order_of(states.State(view, view.filter, view.sort, view.columns), ENTRIES, cast.ada)
    first = paging.window(ENTRIES.rows(cast.ada), order, before="", after="")
    second = paging.window(ENTRIES.rows(cast.ada), order, before="", after=first.after)
    every = list(AuditEntry.objects.newest_first().values_list("pk", flat=True))
    assert [row.pk for page in (first, second) for row in page.rows] == every[: 2 * walking.PAGE]
    last = first.rows[-1]
    [stretch] = order.stretches
    behind = AuditEntry.objects.filter(beyond(stretch.keys, [last.at, last.pk], is_falling=True)).order_by("-at", "-pk").values_list("at", "pk")[:51]
    plan = behind.explain()
    assert "audit_latest" in plan
    assert "Sort" not in plan


def _rows(client: Client, sort: str, **said: str) -> list[int]:
    page = client.get(reverse("audit"), {"sort": sort, **said})
    assert page.status_code == 200
    return [int(pk) for pk in re.findall(r'<tr id="auditentry-(\d+)"', page.content.decode())]


def test_the_log_is_ordered_by_who_did_what_to_which_record_and_what_imports_wrote_comes_last(cast: Cast) -> None:
    said = [
        (cast.ivo, "web", "lead", 7, "give"),
        (cast.ada, "import", "account", 1, "add"),
        (None, "job", "lead", 6, "advance"),
        (cast.mina, "web", "task", 5, "add"),
    ]
    made = [
        AuditEntry.objects.create(at=MONDAY + timedelta(days=400), actor=who, door=door, noun=noun, record_id=pk, action=action)
        for who, door, noun, pk, action in said
    ]
    ada, since = signed_in(cast.ada), {"filter": "at:after(2027-01-01)"}
    by_ivo, imported, by_nobody, by_mina = (one.pk for one in made)
    expected = {
        "actor": [by_ivo, by_mina, by_nobody, imported],
        "-actor": [by_mina, by_ivo, by_nobody, imported],
        "record": [imported, by_nobody, by_ivo, by_mina],
        "-record": [by_mina, by_ivo, by_nobody, imported],
        "action": [by_mina, by_nobody, by_ivo, imported],
        "-action": [by_ivo, by_nobody, by_mina, imported],
        "door": [by_nobody, by_ivo, by_mina, imported],
    }
    assert {sort: _rows(ada, sort, **since) for sort in expected} == expected
    assert ada.get(reverse("audit"), {"sort": "changes"}).status_code == 400, "several values have no order"
    for sort in expected:
        assert signed_in(cast.ruth).get(reverse("audit"), {"sort": sort}).status_code == 403
    export = b"".join(ada.get(reverse("export", args=["auditentry"]), {"form": "csv", "sort": "actor", **since})).decode("utf-8-sig")
    assert [line.split(",")[2] for line in export.strip().splitlines()[1:]] == ["lead 7", "task 5", "lead 6", "account 1"]


@pytest.mark.parametrize(
    ("sort", "index"), [("action", "audit_by_action"), ("-door", "audit_by_door"), ("actor", "audit_by_actor"), ("-record", "audit_of_record")]
)
def test_each_order_of_the_log_is_read_from_its_index(cast: Cast, *, sort: str, index: str) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(
            at=MONDAY + timedelta(seconds=nth),
            actor=cast.mina if nth % 50 else cast.ivo,
            door=("web", "job", "import")[nth % 3],
            noun=("lead", "task")[nth % 2],
            record_id=nth,
            action="give",
        )
        for nth in range(6_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE core_auditentry")
    view = states.built_in(ENTRIES.views[0], ENTRIES)
    order = order_of(states.State(view, view.filter, sort, view.columns), ENTRIES, cast.ada)
    after = paging.window(ENTRIES.rows(cast.ada), order, before="", after="").after
    with CaptureQueriesContext(connection) as queries:
        paging.window(ENTRIES.rows(cast.ada), order, before="", after=after)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + queries[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert index in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize(
    ("view", "action"),
    [(next(one for one in ENTRIES.views if one.key == "exports"), "export"), (next(one for one in ENTRIES.views if one.key == "mine"), "give")],
)
def test_the_few_entries_of_a_view_are_found_among_those_of_imports_and_all_others_by_indexes(cast: Cast, *, view: View, action: str) -> None:
    made = AuditEntry.objects.bulk_create(
        AuditEntry(
            at=MONDAY + timedelta(seconds=nth),
            actor=cast.ada if nth in (7, 8, 4_000, 4_001) else cast.ivo,
            door=("web", "import")[nth % 2],
            noun="lead",
            record_id=nth,
            action=action if nth in (7, 8, 4_000, 4_001) else "add",
        )
        for nth in range(6_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE core_auditentry")
    shown = f"?view={view.key}&filter={view.filter},at:on({MONDAY.date()})"
    assert [int(pk) for pk in re.findall(r'<tr id="auditentry-(\d+)"', page_of(cast.ada, shown))] == [made[nth].pk for nth in (4_001, 4_000, 8, 7)]
    few = Q(action=action) if view.key == "exports" else Q(actor=cast.ada)
    for one, index in zip(ENTRIES.split, (r"audit_by_a", r"audit_of_imports_by_whom"), strict=True):
        plan = AuditEntry.objects.filter(one, few).values("at", "pk").explain()
        assert index in plan
        assert "Seq Scan" not in plan


def test_twelve_entries_cost_as_many_questions_as_two_in_each_order(cast: Cast) -> None:
    ada = signed_in(cast.ada)

    def asked(sort: str, until: int) -> int:
        said = {"filter": f"record:between(900001, {900_000 + until}), noun:is(lead)"}
        _rows(ada, sort, **said)
        with CaptureQueriesContext(connection) as queries:
            assert len(_rows(ada, sort, **said)) == until
        return len(queries)

    AuditEntry.objects.bulk_create(AuditEntry(at=MONDAY, actor=cast.ivo, door="web", noun="lead", record_id=900_001 + nth, action="give") for nth in range(12))
    for sort in ("actor", "-record", "action", "door"):
        assert asked(sort, 2) == asked(sort, 12), sort
