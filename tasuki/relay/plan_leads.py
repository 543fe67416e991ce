"""The leads behind the figures of a plan: who came to a step in a time, and who stands at one now. What they are is said in `plan_ways`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, Min, OuterRef, Q, Subquery
from django.db.models.functions import Least

from tasuki.crm import stages
from tasuki.crm.leads import Lead, Leads, Origin
from tasuki.crm.ledger import Outcome, Passage
from tasuki.engage.meeting_rows import Meeting, MeetingState
from tasuki.relay.leg_rows import STAGES
from tasuki.relay.plan_rows import Step

_FROM_BOOKED = (stages.BOOKED, *stages.IN_SALES)
_STAGES_OF = {Step.BOOKED: _FROM_BOOKED, Step.HELD: stages.IN_SALES, Step.OPPORTUNITIES: stages.IN_PIPELINE}
_NEXT = {Step.LEADS: Step.BOOKED, Step.BOOKED: Step.HELD, Step.HELD: Step.OPPORTUNITIES, Step.OPPORTUNITIES: Step.WINS}


def came(step: Step, start: datetime, finish: datetime) -> Leads:
    """The leads of the house that came to a step in [start, finish), with the moment as `came_at`."""
    within = {"came_at__gte": start, "came_at__lt": finish}
    if step in (Step.LEADS, Step.WINS):
        return _counted().annotate(came_at=F("opened_at" if step is Step.LEADS else "won_at")).filter(**within)
    # Whoever came to it has one of these moments then: those are few, and found by index.
    touched = Passage.objects.filter(stage__in=_FROM_BOOKED, entered_at__gte=start, entered_at__lt=finish).values("lead")
    met = Meeting.objects.filter(state=MeetingState.HELD, starts_at__gte=start, starts_at__lt=finish).values("lead")
    won = Lead.objects.filter(won_at__gte=start, won_at__lt=finish).values("pk")
    return _counted().filter(pk__in=touched.order_by().union(met.order_by(), won.order_by())).annotate(came_at=_moment(step)).filter(**within)


def in_hand(step: Step) -> Leads:
    """The leads of the house that stand at a step now, neither won nor ended, with the moment they came to it as `came_at`."""
    open_now = _counted().filter(won_at__isnull=True, ended_at__isnull=True)
    booked = Q(Exists(_in_sales())) | Q(Exists(_held()))
    if step is Step.LEADS:
        return open_now.exclude(booked).annotate(came_at=F("opened_at"))
    found = open_now.filter(booked).annotate(came_at=_moment(step)).filter(came_at__isnull=False)
    return found if step is Step.OPPORTUNITIES else found.annotate(next_at=_moment(_NEXT[step])).filter(next_at__isnull=True)


def carried_by(leads: Leads, people: Collection[int], *, is_others: bool = False) -> Leads:
    """Those that these people carried last in inside sales; or, as `is_others`, those that none of them did."""
    last = Passage.objects.filter(lead=OuterRef("pk"), stage__in=STAGES).order_by("-seq").values("owner")[:1]
    told = leads.annotate(carried_by=Subquery(last))
    return told.filter(~Q(carried_by__in=people) | Q(carried_by__isnull=True)) if is_others else told.filter(carried_by__in=people)


def _counted() -> Leads:
    return Lead.objects.exclude(origin=Origin.EXPANSION).exclude(ended_as=Outcome.MERGED)


def _in_sales() -> Any:
    return Passage.objects.filter(lead=OuterRef("pk"), stage__in=_FROM_BOOKED)


def _held() -> Any:
    return Meeting.objects.filter(lead=OuterRef("pk"), state=MeetingState.HELD, starts_at__gte=OuterRef("opened_at"))


def _moment(step: Step) -> Any:
    """When a lead came to a step, the first time; the database leaves out of the least what there is not."""
    entered = _first(Passage.objects.filter(lead=OuterRef("pk"), stage__in=_STAGES_OF[step]), "entered_at")
    if step is Step.OPPORTUNITIES:
        return Least(entered, "won_at")
    return Least(entered, _first(_held(), "starts_at"), "won_at")


def _first(rows: Any, moment: str) -> Any:
    return Subquery(rows.order_by().values("lead").annotate(first=Min(moment)).values("first"))
