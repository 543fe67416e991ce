"""Who is there to do what a plan asks for: working days of people without their absences, and how many it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tasuki.analytics import reverse_plan
from tasuki.core.absences import Absence
from tasuki.core.calendars import hours_of, of_teams
from tasuki.core.people import User
from tasuki.core.teams import Department
from tasuki.core.working_time import Hours
from tasuki.relay import plan_targets
from tasuki.relay.plan_rows import Plan, Step, first_day
from tasuki.relay.plan_targets import Targets

# Days that a person works, by month.
Days = dict[int, int]


@dataclass(frozen=True)
class Needed:
    """One leg in one month: `work` is leads to work or meetings to hold, `needed` people who are there all its `n_days`, `present` those there are."""

    work: int
    n_days: int
    needed: int | None
    present: float

    @property
    def is_short(self) -> bool:
        return self.needed is not None and self.needed > self.present + 0.05


@dataclass(frozen=True)
class Month:
    month: int
    inside: Needed
    sales: Needed

    @property
    def month_on(self) -> date:
        return first_day(self.month)


def of(department: Department) -> list[User]:
    """Whoever works in its teams."""
    rows = User.objects.get_queryset().filter(is_active=True, team__department=department, role_grants__isnull=False)
    return list(rows.distinct().order_by("family_name", "pk"))


def days(people: list[User], months: range) -> dict[int, Days]:
    """The days that each works in each month: those of the calendar of their team on which nobody wrote down that they are away."""
    if not people or not months:
        return {}
    first, until = first_day(months[0]), first_day(months[-1] + 1)
    calendars = of_teams({user.team_id for user in people if user.team_id})
    hours = {calendar.pk: hours_of(calendar) for calendar in set(calendars.values())}
    open_days = {pk: {month: _open(one, month) for month in months} for pk, one in hours.items()}
    away: dict[int, set[date]] = {user.pk: set() for user in people}
    for absence in Absence.objects.filter(user__in=people, first_on__lt=until, last_on__gte=first):
        begins, ends = max(absence.first_on, first), min(absence.last_on, until - timedelta(days=1))
        away[absence.user_id] |= {begins + timedelta(days=nth) for nth in range((ends - begins).days + 1)}
    return {
        user.pk: {month: len(open_days[calendars[user.team_id].pk][month] - away[user.pk]) for month in months} for user in people if user.team_id is not None
    }


def _open(hours: Hours, month: int) -> set[date]:
    return set(plan_targets.working_days(first_day(month), first_day(month + 1), hours=hours))


def needed(plan: Plan, targets: Sequence[Targets], *, months: range, hours: Hours) -> list[Month]:
    """How many people it takes in each month, and how many there are, at the pace of `plan`. `targets` are its own, and those of what else is agreed."""
    inside, sales = (days(of(department), months) for department in (Department.INSIDE_SALES, Department.SALES))
    found = []
    for month in months:
        n_days = len(_open(hours, month))
        found.append(
            Month(
                month,
                _needed(_asked(targets, Step.LEADS, month), a_day=plan.leads_a_day, n_days=n_days, worked=_worked(inside, month)),
                _needed(_asked(targets, Step.HELD, month), a_day=plan.meetings_a_day, n_days=n_days, worked=_worked(sales, month)),
            )
        )
    return found


def _asked(targets: Sequence[Targets], step: Step, month: int) -> int:
    return sum(one.months[step].get(month, 0) for one in targets)


def _worked(people: Mapping[int, Days], month: int) -> float:
    return sum(one[month] for one in people.values())


def _needed(work: int, *, a_day: float, n_days: int, worked: float) -> Needed:
    return Needed(work, n_days, reverse_plan.people_needed(work, a_day=a_day, days=n_days), worked / n_days if n_days else 0.0)
