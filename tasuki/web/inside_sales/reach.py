"""When people are reached: the hours of the week by their clock, each with its n; in all, or of one country."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tasuki.analytics.reachability import ENOUGH, PRIOR, Tally, Week
from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.engage import reach
from tasuki.web import formats, relay_filter
from tasuki.web.requests import UserRequest

# What is shown at least, however few hours were called in.
_OPENS, _CLOSES, _FRIDAY = 9, 18, 5
# Above which factor a cell has the next shade: fewer than at any time has none.
_SHADES = (1.0, 1.15, 1.4, 1.8)


@dataclass(frozen=True)
class Cell:
    """An hour of a weekday; `shade` is 0 to 4, `is_best` the hour of its weekday in which most are reached."""

    tally: Tally
    shade: int
    is_best: bool


@require_GET
def page(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.SEE_RELAY)
    known = reach.counted()
    country = request.GET.get("country", "")
    if country and country not in known.by_country:
        raise relay_filter.refused()
    week = known.by_country[country] if country else known.everywhere
    days = [day for day in range(1, 8) if day <= _FRIDAY or any(weekday == day for weekday, _hour in week.cells)]
    context = {
        "known": known,
        "week": week,
        "forms": [(_("All countries"), "?", not country), *((formats.country(one), f"?country={one}", one == country) for one in sorted(known.by_country))],
        "days": [(day, WEEKDAYS[day - 1]) for day in days],
        "rows": list(_rows(week, days)),
        "sums": [week.of_weekday(day) for day in days],
        "best": [(WEEKDAYS[day - 1], hour, week.heard((day, hour))) for day in days if (hour := week.best(day)) is not None],
        "is_drawn_towards": bool(country),
        "enough": ENOUGH,
        "enough_of_country": reach.ENOUGH_OF_COUNTRY,
        "prior": int(PRIOR),
    }
    return render(request, "inside_sales/reach.jinja", context)


def _rows(week: Week, days: list[int]) -> Iterator[tuple[int, list[Cell], Tally]]:
    """(hour, its cells, its sum): the hours in which anybody was called, and those of an office."""
    called = [hour for _weekday, hour in week.cells]
    best: dict[int, Any] = {day: week.best(day) for day in days}
    for hour in range(min([_OPENS, *called]), max([_CLOSES, *(one + 1 for one in called)])):
        yield hour, [Cell(week.cell((day, hour)), _shade(week, day, hour), best[day] == hour) for day in days], week.of_hour(hour)


def _shade(week: Week, day: int, hour: int) -> int:
    if week.cell((day, hour)).n < ENOUGH:
        return 0
    factor = week.factor((day, hour))
    return sum(factor >= one for one in _SHADES)
