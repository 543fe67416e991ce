"""In whatever order things happen: nobody is in two sequences, no step happens twice, and nothing happens after a stop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.db.models import Count
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.core.errors import Refused
from tasuki.crm import leads, tasks
from tasuki.crm.leads import Lead
from tasuki.engage import calls
from tasuki.engage.call_types import CallType
from tasuki.engage.calls import Call, Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.engage.sequences import acting, hearing, leaving
from tasuki.engage.sequences.acting import BY_THE_CLOCK
from tasuki.engage.sequences.definitions import Sequence
from tasuki.engage.sequences.enrolments import RUNNING, Deed, Enrolment
from tests.cast import Cast
from tests.engage.mailing import connected
from tests.engage.sequences.writing import CALL, LETTER, MAIL, TEN, company, enrolled, ivo, person, sequence_of, tick

pytestmark = pytest.mark.django_db


@dataclass
class World:
    """Two colleagues, two sequences, a clock; and what had happened of each member when it was over."""

    cast: Cast
    people: list[Lead]
    sequences: list[Sequence]
    at: datetime = TEN
    over: dict[int, int] = field(default_factory=dict)

    def lead(self, nth: int) -> Lead:
        return Lead.objects.select_related("contact").get(pk=self.people[nth % 2].pk)

    def member(self, nth: int) -> Enrolment:
        found = Enrolment.objects.filter(lead=self.people[nth % 2]).order_by("-pk").first()
        if found is None:
            raise Refused("nobody")
        return found

    def waiting(self, nth: int) -> Deed:
        found = Deed.objects.filter(enrolment=self.member(nth)).order_by("-pk").first()
        if found is None:
            raise Refused("nothing")
        return found

    def check(self) -> None:
        running = Enrolment.objects.filter(state__in=RUNNING).values("contact").annotate(n=Count("pk")).filter(n__gt=1)
        assert not running.exists(), "somebody is in two sequences"
        assert not Deed.objects.values("enrolment", "step").annotate(n=Count("pk")).filter(n__gt=1).exists(), "a step happened twice"
        for member in Enrolment.objects.exclude(state__in=RUNNING).annotate(n=Count("deeds")):
            assert not member.deeds.filter(state="waiting").exists(), "something is left to do after the end"
            assert self.over.setdefault(member.pk, member.n) == member.n, "something happened after the end"  # type: ignore[attr-defined]  # annotated


def _finish_task(world: World, nth: int) -> None:
    task = world.waiting(nth).task
    if task:
        tasks.finish(task, by=ivo(world.cast), at=world.at)


def _call(world: World, nth: int) -> None:
    call: Call = calls.begin(world.lead(nth), call_type=CallType.objects.get(key="first"), by=ivo(world.cast), at=world.at)
    what = (Disposition.NO_ANSWER, Disposition.VOICEMAIL, Disposition.TALK)[nth % 3]
    calls.dispose(call, outcome=Outcome(what, note="…"), by=ivo(world.cast), at=world.at)


Happens = Callable[[World, int], object]
HAPPENS: list[Happens] = [
    lambda world, _nth: tick(world.at),
    lambda world, _nth: tick(world.at),
    lambda world, nth: enrolled(world.cast, world.lead(nth), world.sequences[nth % 3 % 2], at=world.at),
    lambda world, nth: hearing.replied(world.member(nth).contact_id, by=BY_THE_CLOCK, at=world.at),
    lambda world, nth: hearing.bounced(world.member(nth).contact_id, by=BY_THE_CLOCK, at=world.at),
    lambda world, nth: hearing.is_away(world.member(nth).contact_id, until=world.at + timedelta(days=nth), by=BY_THE_CLOCK, at=world.at),
    lambda world, nth: leaving.pause(world.member(nth), by=ivo(world.cast), at=world.at),
    lambda world, nth: leaving.resume(world.member(nth), by=ivo(world.cast), at=world.at),
    lambda world, nth: leaving.stop(world.member(nth), by=ivo(world.cast), at=world.at),
    lambda world, nth: acting.finish(world.waiting(nth), by=ivo(world.cast), at=world.at),
    lambda world, nth: acting.skip(world.waiting(nth), by=ivo(world.cast), at=world.at),
    _finish_task,
    _call,
    lambda world, nth: leads.recycle(world.lead(nth), reason="later", wake_when="autumn", by=ivo(world.cast), at=world.at),
]


class _Undone(Exception):
    pass


EVENTS = st.lists(st.tuples(st.integers(0, len(HAPPENS) - 1), st.integers(0, 5), st.sampled_from([0, 1, 1, 3, 20])), min_size=4, max_size=14)


@pytest.mark.slow
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(events=EVENTS)
def test_whatever_happens_in_whatever_order(cast: Cast, events: list[tuple[int, int, int]]) -> None:
    with suppress(_Undone), transaction.atomic():
        connected(cast.ivo)
        account = company(cast)
        people = [person(cast, nth, account=account) for nth in range(2)]
        world = World(cast, people, [sequence_of(MAIL, CALL, LETTER, n_days_apart=0), sequence_of(LETTER, MAIL, name="Second", on_reply="stop")])
        for nth, lead in enumerate(people):
            enrolled(cast, lead, world.sequences[nth])
        for what, whom, later in events:
            world.at += timedelta(days=later, minutes=1)
            with suppress(Refused), transaction.atomic():
                HAPPENS[what](world, whom)
            world.check()
        raise _Undone
