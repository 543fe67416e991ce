"""The recycle board, and the rows behind its numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_day, the_organisation
from tasuki.crm import opportunity_rules
from tasuki.crm.exit_reasons import ExitReason
from tasuki.inside_sales import holding_queue, recycle_board
from tasuki.inside_sales.holding_queue import HoldingQueue
from tasuki.inside_sales.recycle_board import OTHERS, Question, Yielding
from tasuki.sales.opportunities import LostBecause
from tasuki.web.requests import UserRequest, record_id

PAGE = 50
# What a number counts, in words; the weeks say their Monday.
WHAT = {
    "waiting": gettext_lazy("Waiting"),
    "overdue": gettext_lazy("Overdue"),
    "later": gettext_lazy("Later"),
    "trigger": gettext_lazy("When something happens"),
    "recycled": gettext_lazy("Recycled in the last 12 months"),
    "back": gettext_lazy("Came back"),
    "opportunities": gettext_lazy("An opportunity in time"),
    "known": gettext_lazy("Decided"),
    "archived": gettext_lazy("Archived"),
    "unruled": gettext_lazy("Without a wake rule"),
}


@require_GET
def board(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.SEE_RELAY)
    queue, at = holding_queue.rules(), now()
    today, yielding = the_day(at), _yielding(queue)
    shown = recycle_board.board(request.user, today=today, at=at, yielding=yielding)
    wins = recycle_board.wins_that_came_round(request.user, since=at - timedelta(days=recycle_board.DAYS_COUNTED))
    context = {
        "board": shown,
        "to": _address,
        "queue": queue,
        "team": queue.team or holding_queue.first_team(),
        "morning": holding_queue.morning(at, hours=holding_queue.hours(queue)),
        "yielding": yielding,
        "wins": wins,
        "sees_money": abilities.can(request.user, Ability.SEE_AMOUNTS),
        "currency": the_organisation().currency,
        "may_set": abilities.can(request.user, Ability.EDIT_PROCESS),
    }
    return render(request, "inside_sales/recycling/board.jinja", context)


@require_GET
def rows(request: UserRequest) -> HttpResponse:
    """One page of the rows; the count above it is the number that was clicked."""
    abilities.require(request.user, Ability.SEE_RELAY)
    asked, at = Question(request.GET.get("what", "waiting"), request.GET.get("why", "")), now()
    today = the_day(at)
    try:
        found = recycle_board.rows(asked, request.user, today=today, at=at, yielding=_yielding(holding_queue.rules()))
    except KeyError:
        raise BadRequest(_("The board has no such number.")) from None
    after = record_id(request.GET.get("after", ""))
    window = list((found.filter(pk__lt=after) if after else found).for_listing().order_by("-pk")[: PAGE + 1])
    base = _address(asked.what, asked.why)
    context = {
        "asked": asked,
        "words": _words(asked, today),
        "why": _why(request, asked.why),
        "rows": window[:PAGE],
        "count": found.count(),
        "newer": base if after else "",
        "older": f"{base}&after={window[PAGE - 1].pk}" if len(window) > PAGE else "",
        "reasons": dict(LostBecause.choices),
        "sees_money": abilities.can(request.user, Ability.SEE_AMOUNTS),
        "currency": the_organisation().currency,
    }
    return render(request, "inside_sales/recycling/rows.jinja", context)


def _yielding(queue: HoldingQueue) -> Yielding:
    return Yielding(opportunity_rules.in_force(), queue.accepted_within_days)


def _address(what: str, why: str = "") -> str:
    return f"{reverse('recycling_rows')}?{urlencode({'what': what, **({'why': why} if why else {})})}"


def _words(asked: Question, today: Any) -> Any:
    if asked.what in WHAT:
        return WHAT[asked.what]
    return next(column.first_on for column in recycle_board.columns(today) if column.key == asked.what)


def _why(request: UserRequest, key: str) -> Any:
    if not key or key in OTHERS:
        return OTHERS.get(key, "")
    reason = ExitReason.objects.visible_to(request.user).filter(key=key[:40]).first()
    return reason.name if reason else key[:40]
