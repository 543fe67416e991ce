"""A list: arranged until it is frozen, then the same next morning but for what came late; skipped only for a reason; worked by working."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from tasuki.core import bus
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Forbidden
from tasuki.crm import leads, records, stages
from tasuki.crm.contacts import Channel
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.engage.touches import Touched
from tasuki.inside_sales.call_lists import adherence, building, lists
from tasuki.inside_sales.call_lists.lists import AlreadyWorked, CallList, CallListEntry, ListFrozen, SkipReasonMissing
from tests.cast import SET_UP, Cast, hired
from tests.inside_sales.call_lists.shift import EVENING, MORNING, built, lead, order_of
from tests.remembering import written

pytestmark = pytest.mark.django_db


def five(cast: Cast) -> tuple[CallList, list[CallListEntry]]:
    return written(_five, cast)


def _five(cast: Cast) -> tuple[CallList, list[CallListEntry]]:
    for _ in range(5):
        lead(cast)
    (made,) = built(cast.ivo)
    return made, list(made.entries.order_by("position"))


def by(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def test_a_proposal_is_put_in_another_order_and_the_trail_tells(cast: Cast) -> None:
    made, entries = five(cast)
    lists.move(entries[4], to=1, by=by(cast), at=EVENING)
    lists.move(entries[0], to=99, by=by(cast), at=EVENING)
    assert [pk for _bucket, pk in order_of(made)] == [entries[nth].lead_id for nth in (4, 1, 2, 3, 0)]
    assert AuditEntry.objects.of(made).filter(action="arrange").first().changes == {f"lead_{entries[4].lead_id}": [5, 1]}  # type: ignore[union-attr]  # there is one


def test_a_frozen_list_is_arranged_by_nobody(cast: Cast) -> None:
    made, entries = five(cast)
    frozen = lists.freeze(made, by=by(cast), at=EVENING)
    assert (frozen.frozen_at, frozen.frozen_by) == (EVENING, cast.ivo)
    with pytest.raises(ListFrozen):
        lists.move(entries[4], to=1, by=by(cast), at=EVENING)
    assert lists.freeze(made, by=SET_UP, at=MORNING).frozen_at == EVENING


@pytest.mark.parametrize("change", ["position = position + 1", "bucket = 3", "inserted_at = now()"])
def test_the_database_itself_keeps_a_frozen_list(cast: Cast, change: str) -> None:
    made, _entries = five(cast)
    lists.freeze(made, by=by(cast), at=EVENING)
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE inside_sales_calllistentry SET {change}")
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        CallListEntry.objects.create(call_list=made, lead=lead(cast), bucket=7, position=1)


def test_a_manager_arranges_the_lists_below_and_nobody_else_does(cast: Cast) -> None:
    made, _entries = five(cast)
    head = hired("head", "Park", "Head", role=Role.MANAGER, team=cast.field_sales)
    for person in (cast.ivo, cast.ruth):
        lists.require_may_arrange(person, whose=made.owner)
    for person in (cast.ada, cast.mina, head, cast.tomas):
        with pytest.raises(Forbidden):
            lists.require_may_arrange(person, whose=made.owner)


def test_who_sees_which_lists(cast: Cast) -> None:
    five(cast)
    colleague = hired("jun", "Oh", "Jun", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    head = hired("head", "Park", "Head", role=Role.MANAGER, team=cast.field_sales)
    for person, n in ((cast.ivo, 1), (cast.ruth, 1), (cast.ada, 1), (colleague, 0), (head, 0), (cast.tomas, 0)):
        assert CallList.objects.visible_to(person).count() == n, person


def test_a_late_hand_raise_comes_on_top_and_is_marked(cast: Cast) -> None:
    made, _entries = five(cast)
    lists.freeze(made, by=SET_UP, at=EVENING)
    before = order_of(made)
    raised = leads.capture(
        Arrival(team=cast.inside_sales, owner=cast.ivo, origin=Origin.INBOUND, source="price request"), by=SET_UP, at=MORNING, stage=stages.READY
    )
    assert order_of(made) == [(2, raised.pk), *before]
    top = made.entries.order_by("position")[0]
    assert (top.inserted_at, top.reasons) == (MORNING, [["raised", MORNING.isoformat(), "price request"]])
    assert lists.insert(raised, why=[], by=SET_UP, at=MORNING) == [top], "it waits there already"


def test_a_hand_raise_that_belongs_to_nobody_or_to_somebody_without_a_list_goes_on_none(cast: Cast) -> None:
    assert lists.insert(lead(cast, owner=cast.saori), why=[], by=SET_UP, at=MORNING) == []
    nobodys = leads.capture(Arrival(team=cast.inside_sales, origin=Origin.INBOUND), by=SET_UP, at=MORNING, stage=stages.READY)
    assert lists.insert(nobodys, why=[], by=SET_UP, at=MORNING) == []


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_after_the_freeze_only_marked_rows_are_added(cast: Cast, seed: int) -> None:
    chance = random.Random(seed)
    made, entries = five(cast)
    lists.freeze(made, by=by(cast), at=EVENING)
    frozen = list(made.entries.order_by("position").values_list("pk", "bucket", "position"))
    for nth in range(12):
        at = MORNING + timedelta(minutes=nth)
        entry = chance.choice(entries)
        what = chance.choice(["raise", "skip", "back", "work", "build", "again", "move", "capture"])
        if what == "raise":
            leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, origin=Origin.INBOUND), by=SET_UP, at=at, stage=stages.READY)
        elif what == "work":
            lists.work(entry.lead_id, by=by(cast), at=at)
        elif what == "build":
            built(cast.ivo, at=at)
        elif what == "again":
            building.propose_again(made, by=by(cast), at=at)
        elif what == "capture":
            lead(cast)
        elif what == "back":
            lists.take_back(entry, by=by(cast), at=at)
        else:
            with pytest.raises((ListFrozen, AlreadyWorked)) if what == "move" or _is_worked(entry) else transaction.atomic():
                lists.move(entry, to=1, by=by(cast), at=at) if what == "move" else lists.skip(entry, reason="ill", by=by(cast), at=at)
    planned = made.entries.filter(inserted_at__isnull=True).order_by("position").values_list("pk", "bucket", "position")
    assert list(planned) == frozen
    assert all(one.position < frozen[0][2] for one in made.entries.filter(inserted_at__isnull=False))


def _is_worked(entry: CallListEntry) -> bool:
    return CallListEntry.objects.filter(pk=entry.pk, worked_at__isnull=False).exists()


@pytest.mark.parametrize("reason", ["", "   ", "\n", "x" * 201])
def test_nothing_is_skipped_without_a_reason(cast: Cast, reason: str) -> None:
    _made, entries = five(cast)
    with pytest.raises(SkipReasonMissing):
        lists.skip(entries[0], reason=reason, by=by(cast), at=MORNING)
    with pytest.raises(IntegrityError), transaction.atomic():
        CallListEntry.objects.update(skipped_at=MORNING)


def test_what_is_skipped_can_be_taken_back_and_what_was_worked_is_not_skipped(cast: Cast) -> None:
    _made, entries = five(cast)
    lists.skip(entries[0], reason="on leave until Monday", by=by(cast), at=MORNING)
    lists.take_back(entries[0], by=by(cast), at=MORNING)
    assert CallListEntry.objects.get(pk=entries[0].pk).skipped_at is None
    lists.work(entries[0].lead_id, by=by(cast), at=MORNING)
    with pytest.raises(AlreadyWorked):
        lists.skip(entries[0], reason="x", by=by(cast), at=MORNING)


def test_a_touch_and_a_move_work_an_entry_of_the_one_who_does_it_today(cast: Cast) -> None:
    made, entries = five(cast)
    with transaction.atomic():
        bus.say(Touched(entries[0].lead_id, by(cast), MORNING, Channel.PHONE))
        bus.say(Touched(entries[1].lead_id, By(cast.saori, Door.WEB), MORNING, Channel.PHONE))
        bus.say(Touched(entries[2].lead_id, by(cast), MORNING + timedelta(days=1), Channel.PHONE))
    leads.advance(Lead.objects.get(pk=entries[3].lead_id), to=stages.WORKING, by=by(cast), at=MORNING)
    worked = set(made.entries.filter(worked_at=MORNING).values_list("pk", flat=True))
    assert worked == {entries[0].pk, entries[3].pk}


def test_a_pass_that_wakes_takes_the_place_of_the_one_before(cast: Cast) -> None:
    resting = lead(cast)
    leads.recycle(resting, reason="no budget", wake_on=MORNING.date(), by=SET_UP, at=EVENING - timedelta(days=2))
    (made,) = built(cast.ivo)
    lists.freeze(made, by=SET_UP, at=EVENING)
    awake = leads.wake(resting, by=SET_UP, at=MORNING)
    assert order_of(made) == [(6, awake.pk)]


def test_the_day_against_its_plan(cast: Cast) -> None:
    made, entries = five(cast)
    lists.freeze(made, by=SET_UP, at=EVENING)
    for minute, nth in enumerate((0, 3, 1)):
        lists.work(entries[nth].lead_id, by=by(cast), at=MORNING + timedelta(minutes=minute))
    lists.skip(entries[2], reason="on leave", by=by(cast), at=MORNING)
    lists.insert(lead(cast), why=[], by=SET_UP, at=MORNING)
    day = adherence.of(made.entries.all())
    assert (day.n_planned, day.n_worked, day.n_skipped, day.n_late, day.n_late_worked) == (5, 3, 1, 1, 0)
    assert day.adherence == pytest.approx(2 / 3), "of three pairs one was worked the other way round"


def test_adherence_needs_two_and_is_one_in_order_and_nothing_in_reverse() -> None:
    minutes = [MORNING + timedelta(minutes=nth) for nth in range(4)]
    assert adherence.in_order([]) is adherence.in_order(minutes[:1]) is None
    assert (adherence.in_order(minutes), adherence.in_order(minutes[::-1])) == (1, 0)


def test_a_lead_that_goes_takes_its_entries_along(cast: Cast) -> None:
    records.add_account(records.Company("x"), owner=cast.ivo, team=cast.inside_sales, by=SET_UP, at=EVENING)
    with connection.cursor() as cursor:
        cursor.execute("SELECT confdeltype FROM pg_constraint WHERE conname = 'call_list_entry_of_lead'")
        assert cursor.fetchone() == ("c",)
