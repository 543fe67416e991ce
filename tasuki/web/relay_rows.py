"""The rows behind a number of the relay: passages that entered, stood, left, moved on, came back or left for good."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.crm.ledger import MOVED_ON, Outcome, Passage, Passages
from tasuki.crm.stages import Stage
from tasuki.relay import kpis
from tasuki.relay.questions import Form
from tasuki.sales.opportunities import LostBecause
from tasuki.web import relay_filter
from tasuki.web.relay_filter import Filter
from tasuki.web.requests import UserRequest, record_id

PAGE = 50
WHAT = {
    "entered": _("came in"),
    "stood": _("stood there at the start"),
    "standing": _("stand there at the end"),
    "aged": _("stand there longer than the median of those that moved on"),
    "left": _("left"),
    "moved": _("moved on"),
    "fell": _("left without moving on"),
    "out": _("left for good"),
    "advanced": _("advanced"),
    "won": _("won"),
    "recycled": _("recycled"),
    "lost": _("lost"),
    "disqualified": _("disqualified"),
    "merged": _("merged"),
}
_OUT = (Outcome.LOST, Outcome.DISQUALIFIED, Outcome.MERGED)


@dataclass(frozen=True)
class Behind:
    """Which number: of one stage, or of all when it is None."""

    asked: Filter
    stage: Stage | None
    what: str
    viewer: User
    start: datetime | None
    end: datetime


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """One page of the rows; the count above it is the number that was clicked."""
    abilities.require(request.user, Ability.SEE_RELAY)
    behind = read(request)
    rows = passages(behind)
    window = list(_after(rows, request).for_listing().order_by("-entered_at", "-pk")[: PAGE + 1])
    base = f"?{behind.asked.query(by=None)}&what={behind.what}" + (f"&stage={behind.stage.pk}" if behind.stage else "")
    context = {
        "asked": behind.asked,
        "stage": behind.stage,
        "what": behind.what,
        "what_words": WHAT[behind.what],
        "period_name": relay_filter.period_name(behind.asked),
        "end": behind.end,
        "days": _days(behind),
        "passages": window[:PAGE],
        "reasons": dict(LostBecause.choices),
        "count": rows.count(),
        "newer": base if "after" in request.GET else "",
        "older": f"{base}&after={window[PAGE - 1].pk}" if len(window) > PAGE else "",
        "sees_money": abilities.can(request.user, Ability.SEE_AMOUNTS),
        "currency": the_organisation().currency,
    }
    return render(request, "relay/rows.jinja", context)


def _days(behind: Behind) -> tuple[date | None, date]:
    """The first and the last day, as the organisation counts days."""
    zone = zoneinfo.ZoneInfo(the_organisation().time_zone)
    last = (behind.end - timedelta(microseconds=1)).astimezone(zone).date()
    return (behind.start.astimezone(zone).date() if behind.start else None), last


def read(request: UserRequest) -> Behind:
    """Which number the address names; what it does not know is refused."""
    asked = relay_filter.read(request)
    key, what = request.GET.get("stage", ""), request.GET.get("what", "entered")
    stage = Stage.objects.visible_to(request.user).filter(pk=key[:12]).first() if key else None
    if what not in WHAT or (key and stage is None) or (what == "aged" and stage is None):
        raise relay_filter.refused()
    return Behind(asked, stage, what, request.user, *relay_filter.bounds(asked, the_organisation()))


def passages(behind: Behind) -> Passages:
    """The passages that one number counts. What moved on or left is counted among those that left, or in the cohort among those that came."""
    rows = Passage.objects.visible_to(behind.viewer).filter(**{f"lead__{name}": value for name, value in behind.asked.only().items()})
    if behind.stage:
        rows = rows.filter(stage=behind.stage)
    entered = rows.filter(entered_at__lt=behind.end, **({"entered_at__gte": behind.start} if behind.start else {}))
    left = rows.filter(left_at__lt=behind.end, **({"left_at__gte": behind.start} if behind.start else {}))
    decided = entered.filter(left_at__isnull=False) if behind.asked.form is Form.COHORT else left
    match behind.what:
        case "entered":
            return entered
        case "stood":
            return rows.standing_at(behind.start) if behind.start else rows.none()
        case "standing":
            return rows.standing_at(behind.end)
        case "aged":
            return rows.standing_at(behind.end).filter(entered_at__lt=_grown_old(behind))
        case "left" | "moved" | "fell":
            return {"left": decided, "moved": decided.filter(outcome__in=MOVED_ON), "fell": decided.exclude(outcome__in=MOVED_ON)}[behind.what]
        case "out":
            return left.filter(outcome__in=_OUT)
        case "won":
            return decided.filter(outcome=Outcome.WON)
        case outcome:
            return left.filter(outcome=outcome)


def _grown_old(behind: Behind) -> datetime:
    """Who entered before this has waited longer than the median of those that moved on."""
    question = behind.asked.question(behind.viewer, behind.start, behind.end)
    median = kpis.by_stage(question, days_of_all=False)[behind.stage.pk].days.median_moved if behind.stage else None
    return behind.end - timedelta(days=median) if median is not None else datetime.min.replace(tzinfo=behind.end.tzinfo)


def _after(rows: Passages, request: UserRequest) -> Passages:
    """The rows that follow the one the address names, newest first."""
    pk = record_id(request.GET.get("after", ""))
    last = rows.filter(pk=pk).values_list("entered_at", flat=True).first() if pk else None
    return rows.filter(Q(entered_at__lt=last) | Q(entered_at=last, pk__lt=pk)) if last else rows
