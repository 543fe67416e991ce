"""Orders by what belongs to a row and stands in a table of its own: its next task, its main address and number, the answer that is due."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import BadRequest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core import abilities
from tasuki.core.abilities import Ability, Role
from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.core.saved_views import SavedView
from tasuki.crm import records, tasks
from tasuki.crm.contacts import Contact, ContactEmail, ContactPhone
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tasuki.relay.clocks import Clock
from tasuki.sales.opportunities import Opportunity
from tasuki.web.lists import paging, walking
from tests.cast import MONDAY, Cast, hired
from tests.remembering import written
from tests.web.business import some_business
from tests.web.office import deal_of, lead_of, signed_in
from tests.web.test_list_orders import ordered

pytestmark = pytest.mark.django_db
OTHERS = [("lead", "next_task"), ("lead", "clock"), ("opportunity", "next_task"), ("contact", "email"), ("contact", "phone")]


@pytest.fixture
def business(cast: Cast) -> Cast:
    written(some_business, cast)
    return cast


def ids(client: Client, noun: str, name: str, **said: str) -> list[int]:
    page = client.get(reverse(name), said)
    assert page.status_code == 200
    return [int(pk) for pk in re.findall(rf'<tr id="{noun}-(\d+)"', page.content.decode())]


def in_order(noun: str, sort: str, reader: User) -> list[Any]:
    rows, order = ordered(noun, sort, reader)
    return list(order.applied(rows))


def expected(told: Iterable[tuple[Any, bool, Any]], *, is_falling: bool) -> list[Any]:
    """Of (value, whether there is anything at all, row): those with a value, those that have one without, those that have none."""
    valued, blank, none = list[Any](), list[Any](), list[Any]()
    for value, is_there, row in told:
        (none if not is_there else blank if value is None else valued).append((value, row.pk) if value is not None else (row.pk,))
    return [place[-1] for part in (valued, blank, none) for place in sorted(part, reverse=is_falling)]


@pytest.mark.parametrize("who", ["ada", "ruth", "ivo", "saori"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_leads_and_opportunities_stand_in_the_order_of_the_tasks_that_their_column_shows(business: Cast, who: str, sign: str) -> None:
    reader = getattr(business, who)
    for noun in ("lead", "opportunity"):
        rows = in_order(noun, f"{sign}next_task", reader)
        lead_of_row: dict[int, Lead] = {row.pk: row if isinstance(row, Lead) else row.lead for row in rows}
        shown = Task.objects.visible_to(reader).next_of(lead_of_row.values())
        told = [(task.due_on if (task := shown.get(lead_of_row[row.pk].pk)) else None, task is not None, row) for row in rows]
        assert [row.pk for row in rows] == expected(told, is_falling=bool(sign)), noun
        kinds = {(value is None, is_there) for value, is_there, _row in told}
        assert kinds == {(False, True), (True, True), (True, False)} or who != "ada", "a task with a day, one without, and none"


@pytest.mark.parametrize("sign", ["", "-"])
def test_leads_stand_in_the_order_of_the_answers_that_their_column_shows(business: Cast, sign: str) -> None:
    rows = in_order("lead", f"{sign}clock", business.ada)
    shown = Clock.objects.visible_to(business.ada).of_leads(row.pk for row in rows)
    told = [(clock.due_at if (clock := shown.get(row.pk)) else None, clock is not None, row) for row in rows]
    assert [row.pk for row in rows] == expected(told, is_falling=bool(sign))
    assert {(value is None, is_there) for value, is_there, _row in told} == {(False, True), (True, True), (True, False)}


@pytest.mark.parametrize("sign", ["", "-"])
def test_contacts_stand_in_the_order_of_the_address_and_the_number_that_is_shown_of_several(business: Cast, sign: str) -> None:
    by_mail, by_phone = (in_order("contact", f"{sign}{key}", business.ada) for key in ("email", "phone"))
    assert len(by_mail) == len(by_phone) == Contact.objects.count()
    told = [(row.main_email.lower() or None, bool(row.main_email), row) for row in by_mail]
    assert [row.pk for row in by_mail] == expected(told, is_falling=bool(sign))
    told = [(row.main_phone or None, bool(row.main_phone), row) for row in by_phone]
    assert [row.pk for row in by_phone] == expected(told, is_falling=bool(sign))
    mains = set(ContactEmail.objects.filter(is_primary=True).values_list("contact", flat=True))
    assert {pk for _value, is_there, row in told if is_there for pk in [row.pk]} - mains, "also of whom none is the main one"


def test_the_order_follows_each_task_that_is_done_moved_taken_away_or_opened_again(cast: Cast) -> None:
    by, ivo = By(cast.ivo, Door.WEB), signed_in(cast.ivo)
    first, second, third = (lead_of(cast, nth) for nth in (1, 2, 3))
    due = {first: date(2026, 4, 1), second: date(2026, 4, 2), third: date(2026, 4, 3)}
    made = {lead: tasks.add(Task(subject="Call", due_on=day, owner=cast.ivo, lead=lead), by=by, at=MONDAY) for lead, day in due.items()}

    def now() -> list[int]:
        rising = ids(ivo, "lead", "leads", sort="next_task")
        assert sorted(rising) == sorted(lead.pk for lead in due), "each once, however many tasks it has"
        return rising

    assert now() == [first.pk, second.pk, third.pk]
    assert ids(ivo, "lead", "leads", sort="-next_task") == [third.pk, second.pk, first.pk]
    tasks.change(made[third], by=by, at=MONDAY, due_on=date(2026, 3, 30))
    assert now() == [third.pk, first.pk, second.pk]
    tasks.finish(made[third], by=by, at=MONDAY)
    assert now() == [first.pk, second.pk, third.pk]
    assert ids(ivo, "lead", "leads", sort="-next_task") == [second.pk, first.pk, third.pk], "what has none comes last both ways"
    tasks.reopen(made[third], by=by, at=MONDAY)
    assert now() == [third.pk, first.pk, second.pk]
    sooner = tasks.add(Task(subject="Write", due_on=date(2026, 3, 29), owner=cast.ivo, lead=second), by=by, at=MONDAY)
    assert now() == [second.pk, third.pk, first.pk]
    tasks.remove(sooner, by=by, at=MONDAY)
    tasks.change(made[first], by=by, at=MONDAY, due_on=None)
    tasks.remove(made[third], by=by, at=MONDAY)
    assert now() == [second.pk, first.pk, third.pk], "one without a day stands before none"


def test_a_task_that_one_must_not_see_moves_no_lead(cast: Cast) -> None:
    watcher = hired("orla", "Byrne", "Orla", role=Role.OBSERVER, team=cast.revenue)
    first, second = lead_of(cast, 1), lead_of(cast, 2)
    tasks.add(Task(subject="Call", due_on=date(2026, 4, 1), owner=cast.ivo, lead=second), by=By(cast.ivo, Door.WEB), at=MONDAY)
    assert ids(signed_in(cast.ivo), "lead", "leads", sort="next_task") == [second.pk, first.pk]
    assert ids(signed_in(watcher), "lead", "leads", sort="next_task") == [first.pk, second.pk]


def test_a_lead_that_ended_still_shows_the_task_by_which_it_is_ordered(cast: Cast) -> None:
    lead = lead_of(cast)
    tasks.add(Task(subject="Send the card back", due_on=date(2026, 4, 1), owner=cast.ivo, lead=lead), by=By(cast.ivo, Door.WEB), at=MONDAY)
    Lead.objects.filter(pk=lead.pk).update(stage=None, ended_as="lost", ended_at=MONDAY)
    page = signed_in(cast.ivo).get(reverse("leads"), {"view": "all", "sort": "next_task"}).content.decode()
    assert "Send the card back" in page


def test_contacts_follow_their_main_address(cast: Cast) -> None:
    ada, by = signed_in(cast.ada), By(cast.ada, Door.WEB)
    one, two = (records.add_contact(records.Person("한", "서윤", email=mail), by=by, at=MONDAY) for mail in ("b@firm.example", "C@firm.example"))
    none = records.add_contact(records.Person("김", "민수", phone="+82 2 555 0100"), by=by, at=MONDAY)
    assert ids(ada, "contact", "contacts", sort="email") == [one.pk, two.pk, none.pk]
    records.change_contact(two, said={"emails": ["a@firm.example", "C@firm.example"]}, by=by, at=MONDAY + timedelta(days=1))
    assert ids(ada, "contact", "contacts", sort="email") == [two.pk, one.pk, none.pk]
    assert ids(ada, "contact", "contacts", sort="-email") == [one.pk, two.pk, none.pk]
    assert ids(ada, "contact", "contacts", sort="phone")[0] == none.pk
    rows = list(csv.reader(io.StringIO(b"".join(ada.get(reverse("export", args=["contact"]), {"form": "csv", "sort": "email"})).decode("utf-8-sig"))))
    mail = rows[0].index("Mail")
    assert [row[mail] for row in rows[1:]] == ["a@firm.example", "b@firm.example", ""], "a file leaves in that order"


def test_the_heads_of_these_columns_say_how_they_order(cast: Cast) -> None:
    deal_of(cast)
    for noun, key in OTHERS:
        name = {"lead": "leads", "opportunity": "opportunities", "contact": "contacts"}[noun]
        for sort, other, said in ((key, f"-{key}", "ascending"), (f"-{key}", key, "descending")):
            page = signed_in(cast.ada).get(reverse(name), {"sort": sort, "columns": key}).content.decode()
            assert re.search(rf'<th scope="col" aria-sort="{said}"><a href="\?[^"]*sort={other}[&"]', page), (noun, sort)


@pytest.mark.parametrize("key", ["email", "phone"])
def test_who_must_not_see_addresses_cannot_order_by_them_on_any_way(cast: Cast, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    ivo, listing = signed_in(cast.ivo), reverse("contacts")
    for nth in range(3):
        contact_id = lead_of(cast, nth).contact_id
        ContactEmail.objects.create(contact_id=contact_id, address=f"{9 - nth}@x.example", key=f"{9 - nth}@x.example", is_primary=True)
        ContactPhone.objects.create(contact_id=contact_id, e164=f"+8210{9 - nth}", is_primary=True)
    said = {"of": "contact", "name": "By it", "owner": cast.ivo, "sort": key, "columns": ["person", key], "created_at": MONDAY, "updated_at": MONDAY}
    view = SavedView.objects.create(**said)
    by_it = ids(ivo, "contact", "contacts", sort=key)
    assert ids(ivo, "contact", "contacts", view=str(view.pk)) == by_it != ids(ivo, "contact", "contacts", sort="created")
    rows, order = ordered("contact", key, cast.ivo)
    monkeypatch.setattr(walking, "PAGE", 1)
    place = paging.window(rows, order, before="", after="").after
    assert ivo.get(listing, {"sort": key, "after": place}).status_code == 200
    monkeypatch.setitem(abilities.ABILITIES, Ability.SEE_CONTACT_DETAILS, frozenset())
    for sort in (key, f"-{key}"):
        assert ivo.get(listing, {"sort": sort}).status_code == 400
        assert ivo.get(listing, {"sort": sort, "after": place}).status_code == 400
        assert signed_in(cast.ruth).get(reverse("export", args=["contact"]), {"form": "csv", "sort": sort}).status_code == 400
    assert ivo.get(listing, {"sort": "created", "after": place}).status_code == 400, "a place is one of its own order"
    monkeypatch.setattr(walking, "PAGE", 50)
    assert ids(ivo, "contact", "contacts", view=str(view.pk)) == ids(ivo, "contact", "contacts"), "a view is in the order of the list then"


@pytest.mark.parametrize("sort", ["by_mail", "email'--", "emails__key", "next_task; DROP TABLE crm_task", "--email", "by_next_task", "tasks__due_on"])
def test_nothing_but_the_key_of_a_column_is_an_order(cast: Cast, sort: str) -> None:
    for name in ("leads", "contacts", "opportunities"):
        assert signed_in(cast.ada).get(reverse(name), {"sort": sort}).status_code == 400


@pytest.mark.parametrize(("noun", "key"), OTHERS)
def test_twelve_rows_cost_as_many_questions_as_two(cast: Cast, noun: str, key: str) -> None:
    ada, name = signed_in(cast.ada), {"lead": "leads", "opportunity": "opportunities", "contact": "contacts"}[noun]

    def made(some: Iterable[int]) -> None:
        for nth in some:
            lead = deal_of(cast, nth).lead
            tasks.add(Task(subject="Call", due_on=date(2026, 4, nth), owner=cast.ivo, lead=lead), by=By(cast.ivo, Door.WEB), at=MONDAY)
            ContactEmail.objects.create(contact_id=lead.contact_id, address=f"{nth}@x.example", key=f"{nth}@x.example", is_primary=True)
            ContactPhone.objects.create(contact_id=lead.contact_id, e164=f"+8210{nth}", is_primary=True)

    def asked() -> int:
        ada.get(reverse(name), {"sort": key})
        with CaptureQueriesContext(connection) as queries:
            assert len(ids(ada, noun, name, sort=key)) == Opportunity.objects.count()
        return len(queries)

    made((1, 2))
    few = asked()
    made(range(3, 13))
    assert asked() == few


@pytest.mark.parametrize(("noun", "sort", "index"), [("contact", "email", "contact_email_key"), ("contact", "-phone", "contact_phone_e164")])
def test_a_page_of_very_many_is_walked_along_the_index_that_was_there(cast: Cast, *, noun: str, sort: str, index: str) -> None:
    people = Contact.objects.bulk_create(Contact(family_name="Kim", created_at=MONDAY, updated_at=MONDAY) for _nth in range(5_000))
    ContactEmail.objects.bulk_create(ContactEmail(contact=one, address=f"{one.pk}@x", key=f"{one.pk}@x", is_primary=True) for one in people)
    ContactPhone.objects.bulk_create(ContactPhone(contact=one, e164=f"+82{one.pk}", is_primary=True) for one in people)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_contact; ANALYZE crm_contactemail; ANALYZE crm_contactphone")
    rows, order = ordered(noun, sort, cast.ada)
    second = paging.window(rows, order, before="", after=paging.window(rows, order, before="", after="").after)
    with CaptureQueriesContext(connection) as queries:
        paging.window(rows, order, before="", after=second.after)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + queries[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert index in plan
    assert "Seq Scan" not in plan


def test_a_place_of_another_order_is_refused(business: Cast) -> None:
    rows, order = ordered("contact", "email", business.ada)
    place = paging.window(rows, order, before="", after="").after
    others, other = ordered("contact", "phone", business.ada)
    with pytest.raises(BadRequest):
        paging.window(others, other, before="", after=place)
