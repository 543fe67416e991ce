"""The leads behind a figure of the plan: who came to a step, and who stands at one now. The count above them is the figure that was clicked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability, Scope
from tasuki.core.organisation import the_day, the_organisation
from tasuki.core.people import User
from tasuki.crm.leads import Lead, Leads
from tasuki.relay import plan_leads
from tasuki.relay.groups import BLANK
from tasuki.relay.plan_rows import PASSED, Step
from tasuki.web import plan_against, relay_filter
from tasuki.web.plan import IN_HAND
from tasuki.web.requests import UserRequest, record_id

_PAGE = 50
# “booked” are those that came to the step, “booked_in_hand” those that stand there now.
_IN_HAND = "_in_hand"


@dataclass(frozen=True)
class Said:
    """What the address names: a step, and from which day to which leads came to it; without days those that stand there now. `person` is whoever carried
    them last in inside sales, 0 for others; `team` everybody in one. `source` is that of the leads, "" of those without any.
    """

    step: Step
    days: tuple[date, date] | None
    person: int | None
    team: int | None
    source: str | None

    def query(self, **more: Any) -> str:
        first, last = self.days or (None, None)
        said: dict[str, Any] = {"what": self.step.value if self.days else f"{self.step.value}{_IN_HAND}", "from": first, "to": last}
        said |= {"owner": self.person, "team": self.team, "source": BLANK if self.source == "" else self.source, **more}
        return urlencode({name: value for name, value in said.items() if value is not None})


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """One page of them, the newest first; those that others carry now are counted and not shown."""
    abilities.require(request.user, Ability.SEE_RELAY)
    said = _read(request)
    name, in_all = _whose(request.user, said)
    sees_all = abilities.standing_of(request.user).scope("lead") is Scope.ALL
    leads = in_all if sees_all else in_all.filter(pk__in=Lead.objects.visible_to(request.user).values("pk"))
    count = leads.count()
    window = list(_after(leads, request).select_related("contact", "account", "owner", "team", "stage").order_by("-came_at", "-pk")[: _PAGE + 1])
    context = {
        "said": said,
        "what": _words(said),
        "whose": name,
        "source": _("(blank)") if said.source == "" else said.source,
        "count": count,
        "n_unseen": 0 if sees_all else in_all.count() - count,
        "leads": window[:_PAGE],
        "newer": f"?{said.query()}" if "after" in request.GET else "",
        "older": f"?{said.query(after=window[_PAGE - 1].pk)}" if len(window) > _PAGE else "",
    }
    return render(request, "plan/leads.jinja", context)


def _read(request: UserRequest) -> Said:
    """What it does not know is refused, not guessed. No day lies after today."""
    asked, what = relay_filter.read(request), request.GET.get("what") or Step.LEADS.value
    person, team = asked.ids.get("owner"), asked.ids.get("team")
    is_in_hand = what.endswith(_IN_HAND)
    step = what.removesuffix(_IN_HAND)
    n_narrowing = sum(one is not None for one in (person, team))
    if step not in (PASSED if is_in_hand else Step) or n_narrowing > (0 if is_in_hand else 1):
        raise relay_filter.refused()
    today = the_day(now())
    last = min(asked.last or today, today)
    return Said(Step(step), None if is_in_hand else (min(asked.first or last, last), last), person, team, asked.only().get("source"))


def _whose(viewer: User, said: Said) -> tuple[str, Leads]:
    """Of whom they are, in words, and all of them. Raises Http404 for people of whom the reader is not told."""
    if said.days is None:
        return "", plan_leads.in_hand(said.step)
    zone = ZoneInfo(the_organisation().time_zone)
    start, finish = (datetime.combine(day, time(), zone) for day in (said.days[0], said.days[1] + timedelta(days=1)))
    came = plan_leads.came(said.step, start, min(finish, now()))
    if said.source is not None:
        came = came.filter(source=said.source)
    if said.person is None and said.team is None:
        return "", came
    is_others = said.person == 0
    people = plan_against.people_shown(viewer, person=said.person or None, team=said.team)
    if not (plan_against.sees_others(viewer) if is_others else people):
        raise Http404
    name = _("Others") if is_others else str(people[0].team) if said.person is None else people[0].display_name
    return name, plan_leads.carried_by(came, [user.pk for user in people], is_others=is_others)


def _words(said: Said) -> str:
    """What they are, in words."""
    return str(IN_HAND[said.step] if said.days is None else said.step.label)


def _after(leads: Any, request: UserRequest) -> Any:
    """Those that follow the one the address names."""
    pk = record_id(request.GET.get("after", ""))
    last = leads.filter(pk=pk).values_list("came_at", flat=True).first() if pk is not None else None
    return leads.filter(came_at__lte=last).exclude(came_at=last, pk__gte=pk) if last is not None else leads
