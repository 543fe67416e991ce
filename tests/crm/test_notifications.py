"""Who is told what: whoever is named, given something, or follows; once for each cause; never whoever did it, nor whoever may not see it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tasuki.core import people
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.bulk import running
from tasuki.core.bulk.verbs import verbs
from tasuki.core.people import User
from tasuki.crm import accounts, attachments, following, leads, notes, notifications, records, stages, tasks
from tasuki.crm.following import Follow
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.notifications import Happening, Notification, Way
from tasuki.crm.records import Company, Person
from tasuki.crm.tasks import Task
from tasuki.relay import departures
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, LostBecause
from tests.cast import MONDAY, Cast, assemble, hired

pytestmark = pytest.mark.django_db

TUESDAY = MONDAY.replace(day=3)


def web(person: User) -> By:
    return By(person, Door.WEB)


def lead_of(cast: Cast, nth: int = 1) -> Lead:
    by = web(cast.ivo)
    account = records.add_account(Company(f"Firm {nth}"), owner=cast.ivo, team=cast.inside_sales, by=by, at=MONDAY)
    contact = records.add_contact(Person("한", "서윤", account=account), by=by, at=MONDAY)
    return leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, account=account, contact=contact), by=by, at=MONDAY, stage=stages.WORKING)


def told(person: User) -> list[str]:
    return list(Notification.objects.visible_to(person).order_by("pk").values_list("happening", flat=True))


def _lost(lead: Lead, by: By, at: datetime) -> None:
    opportunities.lose(
        opportunities.accept(lead, terms=Acceptance(owner=by.actor, team=lead.team), by=by, at=at), because=LostBecause.NO_DECISION, by=by, at=at
    )


WHAT_HAPPENS: dict[str, tuple[list[str], Callable[[Lead, By], object]]] = {
    "note": (["note"], lambda lead, by: notes.write("a word", by=by, at=TUESDAY, lead=lead)),
    "move": (["move"], lambda lead, by: leads.advance(lead, to=stages.BOOKED, by=by, at=TUESDAY)),
    "win": (["close"], lambda lead, by: leads.advance(lead, to=stages.ONBOARDING, by=by, at=TUESDAY)),
    "recycling": (["close"], lambda lead, by: leads.recycle(lead, reason="later", wake_when="autumn", by=by, at=TUESDAY)),
    "file": (["file"], lambda lead, by: attachments.attach(ContentFile(b"x"), name="a.txt", n_bytes=1, by=by, at=TUESDAY, lead=lead)),
    "task": (["done"], lambda lead, by: tasks.finish(tasks.add(Task(subject="x", owner=by.actor, lead=lead), by=by, at=TUESDAY), by=by, at=TUESDAY)),
    "owner": (["owner"], lambda lead, by: leads.give(lead, to=by.actor, team=lead.team, by=by, at=TUESDAY)),
    "accepted and lost": (["owner", "move", "close"], lambda lead, by: _lost(lead, by, TUESDAY)),
}


@pytest.mark.parametrize("what", WHAT_HAPPENS)
def test_a_follower_is_told_and_whoever_did_it_is_not(cast: Cast, what: str) -> None:
    expected, happen = WHAT_HAPPENS[what]
    lead = lead_of(cast)
    following.follow(lead, by=web(cast.mina), at=MONDAY)
    following.follow(lead, by=web(cast.ruth), at=MONDAY)
    happen(lead, web(cast.ruth))
    assert told(cast.mina) == expected
    assert told(cast.ruth) == []
    assert told(cast.chika) == told(cast.tomas) == []


def test_whoever_carries_a_record_follows_it_until_they_say_otherwise(cast: Cast) -> None:
    lead = lead_of(cast)
    assert following.is_followed(lead, person=cast.ivo)
    assert not Follow.objects.exists(), "a million leads of an import need no rows for that"
    notes.write("one", by=web(cast.ruth), at=TUESDAY, lead=lead)
    following.unfollow(lead, by=web(cast.ivo), at=TUESDAY)
    assert not following.is_followed(lead, person=cast.ivo)
    notes.write("two", by=web(cast.ruth), at=TUESDAY, lead=lead)
    notes.write("mine", by=web(cast.ivo), at=TUESDAY, lead=lead)
    notes.write("three", by=web(cast.ruth), at=TUESDAY, lead=lead)
    assert told(cast.ivo) == ["note"], "writing does not bring it back"
    following.follow(lead, by=web(cast.ivo), at=TUESDAY)
    notes.write("four", by=web(cast.ruth), at=TUESDAY, lead=lead)
    assert told(cast.ivo) == ["note", "note"]


def test_who_writes_or_is_named_follows_from_then_on(cast: Cast) -> None:
    lead = lead_of(cast)
    notes.write("for @아라", by=web(cast.ruth), at=TUESDAY, lead=lead)
    notes.write("more", by=web(cast.ivo), at=TUESDAY, lead=lead)
    assert told(cast.mina) == ["mention", "note"]
    assert told(cast.ruth) == ["note"]
    assert set(Follow.objects.values_list("person", "because")) == {(cast.ruth.pk, "wrote"), (cast.mina.pk, "mentioned"), (cast.ivo.pk, "wrote")}


def test_who_follows_a_company_hears_of_its_leads_once(cast: Cast) -> None:
    lead = lead_of(cast)
    for record in (lead.account, lead.contact, lead):
        following.follow(record, by=web(cast.mina), at=MONDAY)
    leads.advance(lead, to=stages.BOOKED, by=web(cast.ivo), at=TUESDAY)
    one = Notification.objects.get(person=cast.mina)
    assert (one.lead, one.account) == (lead, None), "the nearest record names it"
    following.unfollow(lead, by=web(cast.mina), at=TUESDAY)
    notes.write("x", by=web(cast.ivo), at=TUESDAY, lead=lead)
    assert told(cast.mina) == ["move"], "not of this lead any more, whatever else is followed"
    other = leads.capture(Arrival(team=cast.inside_sales, account=lead.account), by=web(cast.ivo), at=TUESDAY)
    notes.write("y", by=web(cast.ivo), at=TUESDAY, lead=other)
    assert Notification.objects.get(person=cast.mina, happening="note").account == lead.account


def test_a_colleague_who_is_given_a_task_or_a_record_is_told_of_that(cast: Cast) -> None:
    lead = lead_of(cast)
    task = tasks.add(Task(subject="Call", owner=cast.ivo, lead=lead), by=web(cast.ruth), at=MONDAY)
    assert told(cast.ivo) == ["task"]
    tasks.change(task, owner=cast.mina, by=web(cast.ruth), at=TUESDAY)
    assert told(cast.mina) == ["task"]
    assert told(cast.ivo) == [], "he sees the task no more"
    tasks.finish(task, by=web(cast.mina), at=TUESDAY)
    assert told(cast.ruth) == ["done"], "whoever gave it hears that it is done"
    leads.give(lead, to=cast.saori, team=cast.field_sales, by=web(cast.ruth), at=TUESDAY)
    accounts.give(lead.account, to=cast.chika, team=cast.success, by=web(cast.ruth), at=TUESDAY)
    assert (told(cast.saori), told(cast.chika)) == (["given"], ["given"])
    mine = tasks.add(Task(subject="Mine", owner=cast.saori), by=web(cast.saori), at=TUESDAY)
    assert mine.owner == cast.saori
    assert told(cast.saori) == ["given"], "nobody is told what they did themselves"


def test_a_record_that_was_taken_away_tells_nothing_more(cast: Cast) -> None:
    lead = lead_of(cast)
    leads.give(lead, to=cast.saori, team=cast.field_sales, by=web(cast.ruth), at=TUESDAY)
    notes.write("secret", by=web(cast.ruth), at=TUESDAY, lead=lead)
    assert told(cast.saori) == ["given", "note"]
    assert notifications.settle(cast.saori, at=TUESDAY) == 0
    leads.give(lead, to=cast.chika, team=cast.success, by=web(cast.ruth), at=TUESDAY)
    assert told(cast.saori) == []
    assert notifications.n_unread(cast.saori) == 3, "the bell only counts"
    assert notifications.settle(cast.saori, at=TUESDAY) == 3
    assert notifications.n_unread(cast.saori) == 0


def test_nobody_who_has_left_is_told(cast: Cast) -> None:
    lead = lead_of(cast)
    following.follow(lead, by=web(cast.mina), at=MONDAY)
    people.leave(cast.mina, by=web(cast.ada), at=TUESDAY)
    notes.write("x", by=web(cast.ruth), at=TUESDAY, lead=lead)
    assert not Notification.objects.filter(person=cast.mina).exists()


def test_a_thousand_leads_given_at_once_are_one_notification_with_a_count(cast: Cast) -> None:
    some = [lead_of(cast, nth) for nth in range(12)]
    following.follow(some[0], by=web(cast.mina), at=MONDAY)
    following.follow(some[1], by=web(cast.mina), at=MONDAY)
    said = {"owner": cast.saori.pk, "team": cast.field_sales.pk, "reason": ""}
    run = running.start(verbs()["lead", "give"], [lead.pk for lead in some], said=said, person=cast.ruth, at=TUESDAY)
    running.run(run, door=Door.WEB, at=TUESDAY)
    rows = {row.person: row for row in Notification.objects.select_related("person")}
    assert {person: (row.happening, row.n_records, row.lead) for person, row in rows.items()} == {
        cast.saori: ("given", 12, None),
        cast.ivo: ("owner", 12, None),
        cast.mina: ("owner", 2, None),
    }
    assert told(cast.saori) == ["given"], "what names no record hides none"
    running.undo(running.ask_undo(run, person=cast.ruth, at=TUESDAY), door=Door.WEB, at=TUESDAY)
    assert list(Notification.objects.filter(person=cast.ivo).order_by("pk").values_list("happening", "n_records")) == [("owner", 12), ("given", 12)]


def test_a_departure_tells_a_follower_once(cast: Cast) -> None:
    for nth in range(5):
        following.follow(lead_of(cast, nth), by=web(cast.mina), at=MONDAY)
    departures.depart(cast.ivo, by=web(cast.ada), at=TUESDAY)
    assert Notification.objects.get(person=cast.mina).n_records == 5


def test_a_way_is_chosen_for_each_happening_and_none_writes_no_row(cast: Cast) -> None:
    lead = lead_of(cast)
    following.follow(lead, by=web(cast.mina), at=MONDAY)
    notifications.choose(cast.mina, ways={Happening.NOTE: Way.NONE, Happening.MOVE: Way.DIGEST, Happening.MENTION: Way.MAIL})
    assert notifications.ways_of(cast.mina)["note"] == "none"
    assert notifications.NotificationChoice.objects.count() == 2, "what is as usual needs no row"
    notes.write("x", by=web(cast.ivo), at=TUESDAY, lead=lead)
    leads.advance(lead, to=stages.BOOKED, by=web(cast.ivo), at=TUESDAY)
    notes.write("@아라", by=web(cast.ivo), at=TUESDAY, lead=lead)
    assert list(Notification.objects.filter(person=cast.mina).order_by("pk").values_list("happening", "way")) == [("move", "digest"), ("mention", "mail")]


@pytest.mark.django_db(transaction=True)
def test_of_two_ways_that_are_chosen_at_once_the_later_stays() -> None:
    mina = assemble().mina
    notifications.choose(mina, ways={Happening.NOTE: Way.NONE})
    failed: list[Exception] = []

    def choosing() -> None:
        try:
            notifications.choose(mina, ways={Happening.NOTE: Way.MAIL, Happening.MOVE: Way.NONE})
        except DatabaseError as error:
            failed.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        notifications.choose(mina, ways={Happening.NOTE: Way.DIGEST, Happening.MOVE: Way.DIGEST})
        other = threading.Thread(target=choosing)
        other.start()
        other.join(0.5)
        assert other.is_alive()
    other.join(20)
    assert not failed
    assert [notifications.ways_of(mina)[one] for one in ("note", "move")] == ["mail", "none"]


def test_what_was_read_long_ago_is_forgotten_and_what_was_not_read_is_kept(cast: Cast) -> None:
    lead = lead_of(cast)
    for _twice in range(2):
        notes.write("@Ruth", by=web(cast.ivo), at=TUESDAY, lead=lead)
    first = Notification.objects.order_by("pk")[0]
    assert notifications.read(cast.ivo, ids=[first.pk], at=TUESDAY) == 0, "it is not his"
    assert notifications.read(cast.ruth, ids=[first.pk], at=TUESDAY) == 1
    assert notifications.forget(at=TUESDAY + timedelta(days=90)) == 0
    assert notifications.forget(at=TUESDAY + timedelta(days=90, seconds=1)) == 1
    assert Notification.objects.get().read_at is None


def test_looking_at_a_record_reads_what_was_told_of_it(cast: Cast) -> None:
    one, other = lead_of(cast, 1), lead_of(cast, 2)
    for lead in (one, other):
        notes.write("@Ruth", by=web(cast.ivo), at=TUESDAY, lead=lead)
    notifications.read_about(cast.ruth, lead=one, at=TUESDAY)
    assert Notification.objects.filter(person=cast.ruth).unread().get().lead == other
    assert notifications.read(cast.ruth, until=TUESDAY - timedelta(seconds=1), at=TUESDAY) == 0
    assert notifications.read(cast.ruth, until=TUESDAY, at=TUESDAY) == 1


def test_telling_two_followers_costs_as_much_as_telling_twelve(cast: Cast) -> None:
    few, many = lead_of(cast, 1), lead_of(cast, 2)
    for nth in range(12):
        person = hired(f"f{nth}", "Kim", f"F{nth}", role=Role.ADMINISTRATOR)
        for lead in (few, many)[nth >= 2 :]:
            following.follow(lead, by=web(person), at=MONDAY)
    notes.write("warm", by=web(cast.ivo), at=MONDAY, lead=few)
    counts = []
    for lead in (few, many):
        with CaptureQueriesContext(connection) as queries:
            notes.write("x", by=web(cast.ivo), at=TUESDAY, lead=lead)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Notification.objects.filter(lead=many).count() == 12


def test_taking_an_import_back_minds_no_follower(cast: Cast) -> None:
    lead = lead_of(cast)
    following.follow(lead, by=web(cast.mina), at=MONDAY)
    notes.write("x", by=web(cast.ruth), at=TUESDAY, lead=lead)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("DELETE FROM crm_timelineentry WHERE lead_id = %s", [lead.pk])
    assert not Notification.objects.filter(entry__isnull=False).exists()
