"""Whom nothing allows to call: the desk, the list of the day and a look at many say the same of them, for every reason that there is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core.audit import By, Door
from tasuki.crm.contacts import Basis, Channel, ConsentState, Contact, ContactPhone
from tasuki.crm.leads import Lead
from tasuki.engage import blocks, callability, calls, consents
from tasuki.engage.calls import CallNotAllowed, NobodyMayCall
from tasuki.engage.consents import Word
from tasuki.engage.contact_rules import ContactRule, Need
from tasuki.engage.dispositions import Disposition
from tasuki.inside_sales import call_desk
from tasuki.inside_sales.call_lists import barring, building, lists
from tasuki.inside_sales.call_lists.lists import CallList
from tests.cast import MONDAY, SET_UP, Cast
from tests.engage.calling import NUMBER, callable_lead, outcome, type_of

pytestmark = pytest.mark.django_db

# A Tuesday, 10:00 in Seoul, and the evening before by the clock of Ivo.
AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
EVENING = AT - timedelta(hours=7)
OTHER = "+8225550199"


def ivo(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def ruled(**said: Any) -> None:
    ContactRule.objects.get_queryset().update(**said)


def person(lead: Lead) -> Contact:
    assert lead.contact is not None
    return lead.contact


def say(lead: Lead, state: ConsentState = ConsentState.GIVEN, *, days_ago: int = 1, **said: Any) -> None:
    word = Word(Channel.PHONE, state, "said so", **said)
    consents.record(person(lead), word=word, by=SET_UP, at=AT - timedelta(days=days_ago))


def _does_not_want_it(_cast: Cast, lead: Lead) -> None:
    say(lead, ConsentState.WITHDRAWN)


def _does_not_want_it_and_has_no_number(cast: Cast, lead: Lead) -> None:
    say(lead, ConsentState.REFUSED)
    _has_no_number(cast, lead)


def _is_blocked(_cast: Cast, _lead: Lead) -> None:
    blocks.block(NUMBER, by=SET_UP, at=MONDAY)


def _nothing_is_known(_cast: Cast, _lead: Lead) -> None:
    ruled(phone=Need.CONSENT)


def _another_basis(_cast: Cast, lead: Lead) -> None:
    ruled(phone=Need.CONSENT)
    say(lead, basis=Basis.PUBLISHED)


def _it_has_expired(_cast: Cast, lead: Lead) -> None:
    ruled(phone=Need.BASIS)
    say(lead, days_ago=30, until_on=AT.date() - timedelta(days=3))


def _has_no_number(_cast: Cast, lead: Lead) -> None:
    ContactPhone.objects.filter(contact=lead.contact_id).delete()


def _somebody_else_was_there(cast: Cast, lead: Lead) -> None:
    call = calls.begin(lead, call_type=type_of(), number=NUMBER, by=ivo(cast), at=EVENING)
    calls.dispose(call, outcome=outcome(Disposition.BAD_NUMBER), by=ivo(cast), at=EVENING)


def _nobody_is_known(_cast: Cast, lead: Lead) -> None:
    Lead.objects.filter(pk=lead.pk).update(contact=None)


def _is_out_of_hours(_cast: Cast, _lead: Lead) -> None:
    ruled(calls_from=11 * 60, calls_until=18 * 60)


def _is_quiet(_cast: Cast, _lead: Lead) -> None:
    ruled(quiet_from=22 * 60, quiet_until=11 * 60)


def _is_at_lunch(_cast: Cast, _lead: Lead) -> None:
    ruled(lunch_from=10 * 60, lunch_until=11 * 60)


def _is_never_awake(_cast: Cast, _lead: Lead) -> None:
    ruled(calls_from=11 * 60, calls_until=12 * 60, lunch_from=11 * 60, lunch_until=12 * 60)


Spoil = Callable[[Cast, Lead], None]
BARRED: dict[str, list[Spoil]] = {
    "refused": [_does_not_want_it, _does_not_want_it_and_has_no_number],
    "blocked": [_is_blocked],
    "unknown": [_nothing_is_known],
    "basis": [_another_basis],
    "expired": [_it_has_expired],
    "no_address": [_has_no_number],
    "wrong_number": [_somebody_else_was_there],
    "nobody": [_nobody_is_known],
    "hours": [_is_never_awake],
}
WAITING: dict[str, list[Spoil]] = {"hours": [_is_out_of_hours], "quiet": [_is_quiet], "lunch": [_is_at_lunch]}
EVERY = [
    pytest.param(code, spoil, is_barred, id=spoil.__name__)
    for of, is_barred in ((BARRED, True), (WAITING, False))
    for code, those in of.items()
    for spoil in those
]


def fresh(lead: Lead) -> Lead:
    return Lead.objects.for_page().get(pk=lead.pk)


def listed(cast: Cast) -> CallList:
    building.build(AT.date(), owners=[cast.ivo], by=SET_UP, at=EVENING)
    return CallList.objects.select_related("owner").get(owner=cast.ivo, for_on=AT.date())


@pytest.mark.parametrize(("code", "spoil", "is_barred"), EVERY)
def test_the_desk_the_queue_and_the_list_refuse_the_same_for_the_same_reason(cast: Cast, *, code: str, spoil: Spoil, is_barred: bool) -> None:
    lead = callable_lead(cast)
    made = listed(cast)
    assert callability.of(fresh(lead), at=AT) == callability.Callability((callability.Number(NUMBER, is_wrong=False),), NUMBER, None)
    assert barring.of_each(lists.entries_of(made), call_list=made, at=AT) == {}
    spoil(cast, lead)
    judged = callability.of(fresh(lead), at=AT)
    assert judged.refusal is not None
    assert (judged.refusal.code, judged.is_barred) == (code, is_barred)
    waiting = next(iter(call_desk.queue(cast.ivo, at=AT)), None)
    assert waiting is None or waiting.callability == judged
    if (entry := made.entries.first()) and entry.worked_at is None:
        assert barring.of_each(lists.entries_of(made), call_list=made, at=AT) == {entry.pk: judged}
    if judged.forbids_dialling:
        with pytest.raises((NobodyMayCall, CallNotAllowed)):
            call_desk.dial(fresh(lead), call_type=type_of(), number=judged.number, by=ivo(cast), at=AT)
    else:
        assert call_desk.dial(fresh(lead), call_type=type_of(), by=ivo(cast), at=AT).number == "", "who has found a number calls by hand"


def test_a_look_at_many_is_a_look_at_each(cast: Cast) -> None:
    spoils: list[Spoil] = [_does_not_want_it, _has_no_number, _somebody_else_was_there, _nobody_is_known]
    those = [callable_lead(cast, n, number=f"+822555019{n}") for n in range(8)]
    blocks.block("+8225550197", by=SET_UP, at=MONDAY)
    for spoil, lead in zip(spoils, those, strict=False):
        if spoil is not _somebody_else_was_there:
            spoil(cast, lead)
    rows = [fresh(lead) for lead in those]
    together = callability.of_each(rows, at=AT)
    assert together == {lead.pk: callability.of(fresh(lead), at=AT) for lead in those}
    assert len({one.refusal.code if one.refusal else "" for one in together.values()}) == 5


def test_who_has_a_second_number_is_called_at_that_one(cast: Cast) -> None:
    lead = callable_lead(cast)
    ContactPhone.objects.create(contact=person(lead), e164=OTHER)
    assert callability.of(fresh(lead), at=AT).number == NUMBER
    _is_blocked(cast, lead)
    judged = callability.of(fresh(lead), at=AT)
    assert (judged.number, judged.refusal) == (OTHER, None)
    blocks.block(OTHER, by=SET_UP, at=MONDAY)
    assert callability.of(fresh(lead), at=AT).is_barred


def test_twelve_are_looked_at_by_as_many_queries_as_two(cast: Cast) -> None:
    def n_queries() -> int:
        rows = list(Lead.objects.filter(owner=cast.ivo).for_listing())
        with CaptureQueriesContext(connection) as asked:
            callability.of_each(rows, at=AT)
        return len(asked)

    for n in range(2):
        callable_lead(cast, n, number=f"+82255501{n:02}")
    n_queries()
    two = n_queries()
    for n in range(2, 12):
        # One in three says no country, so that the house is asked.
        callable_lead(cast, n, number=f"+82255501{n:02}", country="" if n % 3 else "JP")
    assert n_queries() == two


def test_who_may_not_be_called_stands_last_and_is_next_when_nobody_else_is_left(cast: Cast) -> None:
    first, second = callable_lead(cast, 1), callable_lead(cast, 2, number=OTHER)
    _has_no_number(cast, second)
    waiting = call_desk.queue(cast.ivo, at=AT)
    assert [one.lead for one in waiting] == [first, second]
    assert [bucket is None for bucket, _those in call_desk.in_slots(waiting)] == [False, True]
    assert [one and one.lead for one in (call_desk.following(waiting, but=0, at=AT), call_desk.following(waiting, but=first.pk, at=AT))] == [first, second]


def test_who_sleeps_keeps_the_place_and_is_called_when_it_is_time_there(cast: Cast) -> None:
    here, abroad = callable_lead(cast, 1), callable_lead(cast, 2, number=OTHER, country="JP")
    ContactRule.objects.filter(country="JP").update(calls_from=12 * 60, calls_until=18 * 60)
    waiting = call_desk.queue(cast.ivo, at=AT)
    assert [one.lead for one in waiting] == [abroad, here], "the newest first, whoever sleeps"
    found = [call_desk.following(waiting, but=0, at=AT), call_desk.following(waiting, but=here.pk, at=AT)]
    assert [one and one.lead for one in found] == [here, abroad], "nobody else is left"
    noon = AT + timedelta(hours=2)
    then = call_desk.following(call_desk.queue(cast.ivo, at=noon), but=0, at=noon)
    assert then is not None
    assert then.lead == abroad


def test_a_list_of_tomorrow_counts_no_hours_and_one_that_is_over_says_nothing_more(cast: Cast) -> None:
    lead = callable_lead(cast)
    made = listed(cast)
    _is_out_of_hours(cast, lead)
    assert barring.of_each(lists.entries_of(made), call_list=made, at=EVENING) == {}
    _has_no_number(cast, lead)
    (judged,) = barring.of_each(lists.entries_of(made), call_list=made, at=EVENING).values()
    assert judged.is_barred
    assert barring.of_each(lists.entries_of(made), call_list=made, at=AT + timedelta(days=1)) == {}
