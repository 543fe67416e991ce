"""Wins, each with the whole chain that made it; and what became of one's own hand-offs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware, now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.people import User
from tasuki.crm import notifications
from tasuki.crm.leads import Lead
from tasuki.inside_sales.coaching import listening, praises
from tasuki.inside_sales.coaching.praises import For
from tasuki.relay import chains
from tasuki.relay.chains import Chain
from tasuki.sales.opportunities import Opportunity
from tasuki.web.inside_sales.pressed_praise import Pressing
from tasuki.web.requests import UserRequest, record_id

PAGE = 25


@dataclass(frozen=True)
class Win:
    """One order with its chain. `deal` is there for whoever may see it; `sees_lead` says whether the lead's page may be opened."""

    chain: Chain
    deal: Opportunity | None
    sees_lead: bool
    # By the person in its chain whom the reader may praise.
    pressings: dict[int, Pressing]

    @property
    def lead(self) -> Lead:
        return self.chain.lead


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """The newest first; `before` goes on from a moment and the lead that was won then, `lead` shows one."""
    abilities.require(request.user, Ability.SEE_RELAY)
    rows, only = chains.wins(request.user), record_id(request.GET.get("lead", ""))
    if only:
        rows = rows.filter(pk=only)
        notifications.read_about(request.user, at=now(), happening="win", cause__record_id=only)
    if before := request.GET.get("before"):
        moment, pk = _before(before)
        rows = rows.filter(won_at__lte=moment).exclude(won_at=moment, pk__gte=pk)
    leads = list(rows[: PAGE + 1])
    shown = leads[:PAGE]
    ids = [lead.pk for lead in shown]
    deals = {deal.lead_id: deal for deal in Opportunity.objects.visible_to(request.user).filter(lead__in=ids).select_related("lead")}
    seen = set(Lead.objects.visible_to(request.user).filter(pk__in=ids).values_list("pk", flat=True))
    made = chains.chains(shown)
    pressed = praises.pressed(request.user, what=For.WIN, leads=ids)
    last = shown[-1] if len(leads) > PAGE else None
    context = {
        "wins": [Win(made[lead.pk], deals.get(lead.pk), lead.pk in seen, _pressings(request.user, made[lead.pk], pressed)) for lead in shown],
        "legs": chains.LEGS,
        "older": f"?before={last.won_at:%Y-%m-%dT%H:%M:%S.%fZ}_{last.pk}" if last else "",
        "sees_money": abilities.can(request.user, Ability.SEE_AMOUNTS),
        "only": only,
        "together": listening.together(request.user, at=now()) if abilities.can(request.user, Ability.REVIEW_CALLS) and not only else None,
    }
    return render(request, "wins/page.jinja", context)


def _pressings(user: User, chain: Chain, pressed: set[tuple[int, int]]) -> dict[int, Pressing]:
    if not praises.may_praise(user):
        return {}
    others = [one for one in chain.people if one.is_active and one.pk != user.pk]
    return {one.pk: Pressing(For.WIN, chain.lead.pk, one, (chain.lead.pk, one.pk) in pressed) for one in others}


def _before(text: str) -> tuple[datetime, int]:
    moment, _line, pk = text.partition("_")
    try:
        found = parse_datetime(moment)
    except ValueError:
        found = None
    if found is None or not is_aware(found) or not (number := record_id(pk)):
        raise BadRequest(_("The moment cannot be read."))
    return found, number


@require_GET
def handed(request: UserRequest) -> HttpResponse:
    """What became of the hand-offs that one is credited with, up to the order; a coach or a manager asks for somebody of theirs."""
    abilities.require(request.user, Ability.SEE_RELAY)
    asked = record_id(request.GET.get("person", ""))
    whose = get_object_or_404(User.objects.visible_to(request.user), pk=asked) if asked else request.user
    context = {
        "person": whose,
        "is_me": whose.pk == request.user.pk,
        "part": chains.followed(whose, reader=request.user),
        "sees_money": abilities.can(request.user, Ability.SEE_AMOUNTS),
    }
    return render(request, "wins/handed.jinja", context)
