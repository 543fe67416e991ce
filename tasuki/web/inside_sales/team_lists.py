"""The lists of a team: who has confirmed, how far each is, and who needs help with what; today and on the next business day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.inside_sales.call_lists import team_day
from tasuki.inside_sales.call_lists.team_day import Line, Stand
from tasuki.web import offered_people
from tasuki.web.inside_sales.call_lists import address
from tasuki.web.requests import UserRequest


@dataclass(frozen=True)
class Row:
    """A line, and where the lists of the person are."""

    line: Line
    of_today: str
    of_next: str


@dataclass(frozen=True)
class Sums:
    """Of all lists of today that the page shows."""

    n_people: int
    n_lists: int
    n_confirmed: int
    n_planned: int
    n_worked: int
    n_skipped: int
    n_late: int
    n_in_need: int


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """Everybody whose lists the reader may look at, whoever needs help first. For whoever may give leads to others: that is how one helps."""
    abilities.require(request.user, Ability.ASSIGN_OWNERS)
    at = now()
    lines = team_day.lines(offered_people.of_lists(request.user).select_related("team"), at=at)
    context = {
        "rows": [Row(line, address(line.person, line.today), address(line.person, line.next_day)) for line in lines],
        "sums": _sums(lines),
        "now": at,
    }
    return render(request, "inside_sales/call_lists/team.jinja", context)


def _sums(lines: Sequence[Line]) -> Sums:
    stands: list[Stand] = [line.now for line in lines if line.now]
    return Sums(
        n_people=len(lines),
        n_lists=len(stands),
        n_confirmed=sum(one.call_list.frozen_by is not None for one in stands),
        n_planned=sum(one.n_planned for one in stands),
        n_worked=sum(one.n_worked for one in stands),
        n_skipped=sum(one.n_skipped for one in stands),
        n_late=sum(one.n_late for one in stands),
        n_in_need=sum(bool(line.findings) for line in lines),
    )
