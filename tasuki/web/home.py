"""My workspace, and the way to all settings."""

from __future__ import annotations

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET

from tasuki.core import abilities, set_up
from tasuki.core.abilities import Ability
from tasuki.core.set_up import Progress
from tasuki.crm.leads import Lead
from tasuki.crm.stages import Stage
from tasuki.crm.tasks import Task
from tasuki.sales.opportunities import Opportunity
from tasuki.web import tour
from tasuki.web.requests import UserRequest

_ROWS = 12


@require_GET
def home(request: UserRequest) -> HttpResponse:
    """What waits for me: tasks, the leads I carry by stage, and my open opportunities."""
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
        "now": now(),
    }
    return render(request, "home/page.jinja", context)


def _steps_to_show(request: UserRequest) -> Progress | None:
    """The steps of the set-up, for whoever may take them, until they are over or nobody wants to see them."""
    if not abilities.can(request.user, Ability.MANAGE_SETTINGS):
        return None
    progress = set_up.progress()
    return None if progress.is_dismissed or progress.next is None or set_up.invention() else progress
