"""What each of inside sales has to bring of the plan in a period, by the days that they work, and what they brought (R24, R25)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tasuki.analytics import reverse_plan
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.core.teams import Department
from tasuki.relay import plan_people, plan_sums, plan_targets
from tasuki.relay.plan_rows import Plan, Step, first_day, month_of
from tasuki.relay.plan_targets import Targets

# What they book, what of it is held, and what of that becomes an opportunity.
SHARED = (Step.BOOKED, Step.HELD, Step.OPPORTUNITIES)


@dataclass(frozen=True)
class Part:
    """Of one person: their share of what inside sales can do in the period, what of the plan is theirs, and what they brought.

    Without a person, what others brought, of whom the plan asks nothing.
    """

    user: User | None
    share: float
    due: dict[Step, int]
    n: dict[Step, int]


def parts(start: datetime, end: datetime, *, at: datetime) -> list[Part]:
    """Everybody of inside sales, and others together at the end. What is due adds up to what is due of the house, to the unit; so does what was brought.

    A month falls on people by the days that they work in it. Empty if nothing is agreed for the period.
    """
    zone = ZoneInfo(the_organisation().time_zone)
    end = min(end, at)
    first, until = start.astimezone(zone).date(), end.astimezone(zone).date()
    if first >= until:
        return []
    plans = Plan.objects.asking(first_day(month_of(first)), until).prefetch_related("targets")
    targets = [one for plan in plans if (one := plan_targets.of_plan(plan))]
    if not targets:
        return []
    shares = plan_targets.shares(first, until, hours=hours_of_the_house())
    people = plan_people.of(Department.INSIDE_SALES)
    days = plan_people.days(people, range(month_of(first), month_of(until - timedelta(days=1)) + 1))
    due = {step: _due(targets, step, shares=shares, days=days) for step in SHARED}
    able = {pk: sum(days[pk][month] * share for month, share in shares.items()) for pk in days}
    brought = plan_sums.by_person(start, end)
    found = [
        Part(
            user,
            able[user.pk] / (sum(able.values()) or 1),
            {step: due[step][user.pk] for step in SHARED},
            {step: brought[step].pop(user.pk, 0) for step in SHARED},
        )
        for user in people
    ]
    others = {step: sum(brought[step].values()) for step in SHARED}
    return [*found, *([Part(None, 0.0, dict.fromkeys(SHARED, 0), others)] if any(others.values()) else [])]


def _due(targets: list[Targets], step: Step, *, shares: dict[int, float], days: dict[int, plan_people.Days]) -> dict[int, int]:
    """Of each person, whole, and together what is due of the house."""
    exact = dict.fromkeys(days, 0.0)
    for month, share in shares.items():
        asked = sum(one.months[step].get(month, 0) for one in targets) * share
        worked = sum(one[month] for one in days.values())
        for pk in exact:
            exact[pk] += asked * days[pk][month] / worked if worked else 0.0
    total = round(sum(one.n(step, shares) for one in targets))
    return dict(zip(exact, reverse_plan.shared(total, list(exact.values())), strict=True))
