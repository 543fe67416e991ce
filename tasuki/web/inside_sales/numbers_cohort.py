"""The cohort form of the numbers of inside sales: what became of the leads that came in a period, in all and by person, team, source or week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm import opportunity_rules
from tasuki.relay import leg_cohort, response_times
from tasuki.relay.leg_cohort import WITHIN, Cohort
from tasuki.relay.leg_numbers import Key
from tasuki.relay.leg_rows import Asked, Each
from tasuki.web import relay_filter
from tasuki.web.inside_sales import numbers
from tasuki.web.inside_sales.numbers import Links, Said
from tasuki.web.requests import UserRequest

_USUAL = 30


@dataclass(frozen=True)
class SaidOfCohort(Said):
    """Besides, after how many days the way of a lead is cut off."""

    within: int

    def query(self, **changed: Any) -> str:
        return super().query(**{"line": None, "within": self.within, **changed})


@dataclass(frozen=True)
class Group:
    name: str
    cohort: Cohort
    links: Links


def read(request: UserRequest) -> tuple[SaidOfCohort, Asked]:
    """What the address asks for; what it does not know is refused."""
    said, asked = numbers.read(request)
    within = request.GET.get("within") or str(_USUAL)
    if within not in map(str, WITHIN):
        raise relay_filter.refused()
    return SaidOfCohort(**vars(said), within=int(within)), asked


@require_GET
def page(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.SEE_RELAY)
    said, asked = read(request)
    counted = opportunity_rules.in_force()
    whole, groups = leg_cohort.count(asked, each=said.each, within=said.within, at=now(), counted=counted)
    links = Links(said, asked)
    context = {
        "said": said,
        "links": links,
        "forms": numbers.forms(said, is_cohort=True),
        "sentence": numbers.sentence(request.user, said),
        "whole": whole,
        "steps": leg_cohort.steps(counted),
        "counted": counted,
        "days": [(ngettext("%(num)s day", "%(num)s days", n) % {"num": n}, f"?{said.query(within=n)}", n == said.within) for n in WITHIN],
        "groupings": [(str(one.label).capitalize(), f"?{said.query(each=one.value)}#groups", one is said.each) for one in Each],
        "groups": [Group(name, groups[key], links.of(key)) for key, name in _named(asked, said, groups)],
        "enough": response_times.ENOUGH,
    }
    return render(request, "inside_sales/numbers/cohort.jinja", context)


def _named(asked: Asked, said: Said, groups: dict[Key, Cohort]) -> list[tuple[Key, str]]:
    """Weeks in their order, others by how many came: nobody is ranked by a share (R26)."""
    names = numbers.names(asked, said.each, list(groups))
    if said.each is Each.WEEK:
        return sorted(names.items(), key=lambda one: str(one[0]), reverse=True)
    return sorted(names.items(), key=lambda one: (-groups[one[0]].n, one[1]))
