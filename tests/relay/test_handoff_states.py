"""Whatever is done to a hand-off in whatever order: it ends at most once, never by time alone, and nobody is credited twice or accepts their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.core.errors import Refused
from tasuki.core.people import User
from tasuki.crm import leads
from tasuki.crm.leads import Lead
from tasuki.relay import handoff_clock, handoff_talks, handoffs
from tasuki.relay.handoff_reasons import Destination, Reason
from tasuki.relay.handoff_rows import ANSWERS, Handoff, HandoffAnswer, HandoffState
from tasuki.relay.handoffs import AlreadyAnswered, Return
from tasuki.sales.opportunities import Opportunity, Terms
from tests import cast as people
from tests.cast import Cast
from tests.relay.handing import AFTER, by, offered, package, qualified

Step = Callable[[Cast, Lead, User, datetime], object]
NoDispute = Handoff.dispute.RelatedObjectDoesNotExist  # type: ignore[attr-defined]  # made by Django: there is nothing to judge


def _last(lead: Lead) -> Handoff:
    return Handoff.objects.filter(lead__in=[lead.pk, *Lead.objects.filter(previous=lead).values_list("pk", flat=True)]).latest("pk")


def _newest(lead: Lead) -> Lead:
    return Lead.objects.filter(previous=lead).first() or lead


def _known(lead: Lead, *, cast: Cast) -> Lead:
    newest = _newest(lead)
    return qualified(newest, user=cast.ivo) if newest.stage_id else newest


BACK = Return(Reason.NO_PROBLEM, "words")
RECYCLED = Return(Reason.NO_BUDGET, "words", destination=Destination.RECYCLE, wake_when="spring")

STEPS: dict[str, Step] = {
    "offer": lambda cast, lead, who, at: handoffs.offer(_known(lead, cast=cast), package=package(), to=cast.saori, by=by(who), at=at),
    "accept": lambda _cast, lead, who, at: handoffs.accept(_last(lead), by=by(who), at=at),
    "take up": lambda cast, lead, who, at: handoffs.take_up(_newest(lead), terms=Terms(), owner=who, team=cast.field_sales, by=by(who), at=at),
    "need more": lambda _cast, lead, who, at: handoffs.need_more(_last(lead), plan="x", plan_on=at.date(), by=by(who), at=at),
    "give back": lambda _cast, lead, who, at: handoffs.give_back(_last(lead), said=BACK, by=by(who), at=at),
    "recycle": lambda _cast, lead, who, at: handoffs.give_back(_last(lead), said=RECYCLED, by=by(who), at=at),
    "miss": lambda _cast, lead, who, at: handoffs.miss(_last(lead), by=by(who), at=at),
    "withdraw": lambda _cast, lead, who, at: handoffs.withdraw(_last(lead), by=by(who), at=at),
    "end the lead": lambda _cast, lead, who, at: leads.disqualify(_newest(lead), reason="gone", by=by(who), at=at),
    "dispute": lambda _cast, lead, who, at: handoff_talks.dispute(_last(lead), text="no", by=by(who), at=at),
    "judge": lambda _cast, lead, who, at: handoff_talks.judge(_last(lead).dispute, stands=False, text="", by=by(who), at=at),
    "wait": lambda _cast, _lead, _who, at: handoff_clock.watch(at=at),
    "wait long": lambda _cast, _lead, _who, at: handoff_clock.watch(at=at + timedelta(days=61)),
}


class _Back(Exception):
    pass


@pytest.mark.slow
@pytest.mark.django_db
@settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(["ivo", "saori", "ruth", "ada", "mina"])), min_size=3, max_size=14))
def test_every_hand_off_ends_in_exactly_one_way_by_somebodys_word(cast: Cast, steps: list[tuple[str, str]]) -> None:
    try:
        with transaction.atomic():
            _walk(cast, steps)
            raise _Back
    except _Back:
        pass


def _walk(cast: Cast, steps: list[tuple[str, str]]) -> None:
    lead, at, ended = offered(cast).lead, AFTER, {}
    for name, who in steps:
        at += timedelta(days=1)
        before = dict(Handoff.objects.values_list("pk", "state"))
        try:
            with transaction.atomic():
                STEPS[name](cast, lead, getattr(cast, who), at)
        except (Refused, NoDispute):
            assert dict(Handoff.objects.values_list("pk", "state")) == before, f"{name} was refused and still changed something"
        for pk, state in Handoff.objects.exclude(state="offered").values_list("pk", "state"):
            assert ended.setdefault(pk, state) == state, "what has ended never ends otherwise"
        if name.startswith("wait"):
            assert dict(Handoff.objects.values_list("pk", "state")) == before, "time alone ends nothing"
    _check()


def _check() -> None:
    accepted = Handoff.objects.filter(state=HandoffState.ACCEPTED)
    assert accepted.count() == Opportunity.objects.count() <= 1, "one acceptance, one deal, one credit"
    for handoff in Handoff.objects.all():
        answers = HandoffAnswer.objects.filter(handoff=handoff)
        assert [one.answer for one in answers] == ([handoff.state] if handoff.state in ANSWERS else [])
        assert handoff.state == "offered" or handoff.answered_at
        assert handoff.answered_by != handoff.credited_to or handoff.state in ("offered", "withdrawn")
    assert Handoff.objects.open().count() <= 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second", ["accept", "give back"])
def test_of_two_who_answer_at_once_one_is_told_who_was_faster(second: str) -> None:
    cast = people.assemble()
    handoff, ready, said = offered(cast), threading.Barrier(2), []

    def answer(who: User, verb: Step) -> None:
        try:
            ready.wait(timeout=10)
            verb(cast, handoff.lead, who, AFTER)
            said.append("done")
        except AlreadyAnswered as refusal:
            said.append(str(refusal))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=answer, args=(cast.saori, STEPS["accept"])), threading.Thread(target=answer, args=(cast.ruth, STEPS[second]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(one == "done" for one in said) == [False, True]
    assert "was faster" in next(one for one in said if one != "done")
    assert HandoffAnswer.objects.count() == 1
    assert Opportunity.objects.count() <= 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_who_watch_at_once_tell_everybody_once() -> None:
    cast = people.assemble()
    due = max(offered(cast, nth).due_at for nth in range(1, 5))
    done: list[int] = []

    def watch() -> None:
        try:
            done.append(handoff_clock.watch(at=due))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=watch) for _worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sum(done) == 4
