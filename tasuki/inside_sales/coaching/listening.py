"""Listening week by week: how many calls of colleagues each coach has heard of what is asked of them (R36). A few queries, however many coaches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.db.models.functions import TruncDate, TruncWeek

from tasuki.core import abilities
from tasuki.core.abilities import Role, RoleGrant, Scope
from tasuki.core.calendars import hours_of_the_house
from tasuki.engage.recording_rows import Hearing
from tasuki.inside_sales.coaching import rules, whom
from tasuki.inside_sales.coaching.overview import LATELY
from tasuki.inside_sales.coaching.praises import Praise

if TYPE_CHECKING:
    from tasuki.core.people import User

N_WEEKS = 8


@dataclass(frozen=True)
class Week:
    monday: date
    n_heard: int
    n_to_hear: int

    @property
    def is_kept(self) -> bool:
        return self.n_heard >= self.n_to_hear


@dataclass(frozen=True)
class Listener:
    """One coach: the last weeks, the running one last, each against what was asked in it."""

    coach: User
    weeks: tuple[Week, ...]

    @property
    def n_kept(self) -> int:
        """Of the weeks that are over."""
        return sum(week.is_kept for week in self.weeks[:-1])


@dataclass(frozen=True)
class Together:
    """This week of all coaches whom somebody sees; and praise that the people got whom they coach, of the last four weeks."""

    n_heard: int
    n_to_hear: int
    n_coaches: int
    n_praises: int


def by_week(user: User, *, at: datetime) -> list[Listener]:
    """Of everybody who coaches and whose listening the person may see, by name: their own, and that of the coaches whom they lead."""
    monday, zone = rules.week_of(at), hours_of_the_house().zone
    mondays = [monday - timedelta(weeks=nth) for nth in reversed(range(N_WEEKS))]
    coaches = _coaches_seen_by(user)
    start, end = rules.span(mondays[0])[0], rules.span(monday)[1]
    week = TruncWeek(TruncDate("heard_at", tzinfo=zone))
    rows: Any = Hearing.objects.of_colleagues().filter(heard_by__in=coaches, heard_at__gte=start, heard_at__lt=end)
    told = rows.annotate(week=week).values("heard_by", "week").annotate(n=Count("recording", distinct=True)).order_by()
    heard = {(row["heard_by"], row["week"]): row["n"] for row in told}
    asked = rules.quotas(coaches, weeks=mondays)
    return [Listener(one, tuple(Week(day, heard.get((one.pk, day), 0), asked[one.pk, day]) for day in mondays)) for one in coaches]


def together(user: User, *, at: datetime) -> Together:
    """In few figures, for a page that is about something else."""
    running = [one.weeks[-1] for one in by_week(user, at=at)]
    n_praises = Praise.objects.filter(receiver__in=whom.people_of(user), given_at__gte=at - LATELY).count()
    return Together(sum(one.n_heard for one in running), sum(one.n_to_hear for one in running), len(running), n_praises)


def _coaches_seen_by(user: User) -> list[User]:
    """Whoever could hear somebody: they lead or coach a team in which an inside seller works. An administrator sees all, a manager those below."""
    standing = abilities.standing_of(user)
    found = whom.everyone_who_reviews()
    if standing.scope("recording") is Scope.TREE:
        found = found.filter(team__in=standing.tree) | found.filter(pk=user.pk)
    elif standing.scope("recording") is not Scope.ALL:
        found = found.filter(pk=user.pk)
    coaches = list(found)
    abilities.load_standings(coaches)
    sellers = RoleGrant.objects.filter(role=Role.INSIDE_SELLER, user__is_active=True).values_list("user__team", "user")
    by_team: dict[int | None, set[int]] = {}
    for team, person in sellers:
        by_team.setdefault(team, set()).add(person)
    return [one for one in coaches if _hears_somebody(one, by_team) or (one.pk == user.pk and abilities.Ability.REVIEW_CALLS in standing.abilities)]


def _hears_somebody(coach: User, by_team: dict[int | None, set[int]]) -> bool:
    teams = abilities.teams_of_scope(abilities.standing_of(coach), "recording")
    return any(by_team.get(team, set()) - {coach.pk} for team in teams)
