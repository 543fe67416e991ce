"""My workspace, and the way to all settings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET

from tasuki.core import abilities, set_up
from tasuki.core.abilities import Ability, Role
from tasuki.core.set_up import Progress
from tasuki.crm.leads import Lead
from tasuki.crm.stages import Stage
from tasuki.crm.tasks import Task
from tasuki.relay import clocks
from tasuki.relay.agreements import Owed
from tasuki.relay.handoff_rows import Handoff
from tasuki.sales.opportunities import Opportunity
from tasuki.web import tour
from tasuki.web.inside_sales.own_day import own_day
from tasuki.web.requests import UserRequest

_ROWS, _FEW = 12, 6
# What is owed and ends no later is shown.
_SOON = timedelta(days=1)


@require_GET
def home(request: UserRequest) -> HttpResponse:
    """What waits for me: my list of today, what I owe soon, words that I have not read; tasks, the leads I carry by stage, my open opportunities."""
    at = now()
    mine = Lead.objects.visible_to(request.user).filter(owner=request.user).in_process()
    counts = dict(mine.order_by().values_list("stage").annotate(n=Count("pk")))
    context = {
        "tasks": Task.objects.visible_to(request.user).to_do().filter(owner=request.user).for_listing().order_by("due_on", "pk")[:_ROWS],
        "leads": mine.filter(won_at__isnull=True).for_listing().order_by("stage_since", "pk")[:_ROWS],
        "opportunities": Opportunity.objects.visible_to(request.user).open().filter(owner=request.user).for_listing().order_by("close_on", "pk")[:_ROWS],
        "by_stage": [(stage, counts[stage.pk]) for stage in Stage.objects.all() if stage.pk in counts],
        "hidden": abilities.standing_of(request.user).hides("opportunity"),
        "set_up": _steps_to_show(request),
        "tour": tour.offer(request.user),
        "today": localdate(),
        "now": at,
        **_of_the_day(request, at),
    }
    return render(request, "home/page.jinja", context)


def _of_the_day(request: UserRequest, at: datetime) -> dict[str, Any]:
    """For whoever works leads: the list of today, promises that end within a day, and what sales said of a hand-off and nobody has read yet."""
    user = request.user
    standing = abilities.standing_of(user)
    if Ability.WORK_LEADS not in standing.abilities:
        return {"day": None, "has_lists": False, "clocks": [], "unread": []}
    owed = clocks.owed_by(user).exclude(owed=Owed.READING).to_end_by(at + _SOON)
    return {
        "day": own_day(user, at=at) if Role.INSIDE_SELLER in standing.roles else None,
        "has_lists": Role.INSIDE_SELLER in standing.roles,
        "clocks": owed.select_related("agreement", "lead__contact", "lead__account")[:_FEW],
        "unread": Handoff.objects.visible_to(user).with_unread_feedback(user).for_listing().order_by("-answered_at", "-pk")[:_FEW],
    }


def _steps_to_show(request: UserRequest) -> Progress | None:
    """The steps of the set-up, for whoever may take them, until they are over or nobody wants to see them."""
    if not abilities.can(request.user, Ability.MANAGE_SETTINGS):
        return None
    progress = set_up.progress()
    return None if progress.is_dismissed or progress.next is None or set_up.invention() else progress
