"""The lists of a team as they stand at a moment, a line for each person: what is confirmed, what is worked, and who needs help with what.

A few queries, however many people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import connection, models
from django.db.models import Count, Max, Min, Q, Sum

from tasuki.core import business_days
from tasuki.core.absences import Absence
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.working_time import Hours, business_seconds_between
from tasuki.crm import stages
from tasuki.inside_sales.call_lists import keeping, rules
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry

if TYPE_CHECKING:
    from tasuki.core.people import User

# What came late was to be called at once; a list on which nothing is done for so much working time is stuck.
WAITS, STUCK_AFTER = timedelta(hours=1), timedelta(hours=2)
# Who has done less than this share of what the hours that are over would have let them do is behind; of shorter lists it is not said.
BEHIND, FEWEST = 0.5, 4
_IN_HAND = ", ".join(f"'{stage}'" for stage in stages.BEFORE_SALES)
# What was promised for a time is overdue from that time on, by the clock by which it was said; what was promised for a day when that day is over here.
# Who put the task off to another day has put off the time.
_OVERDUE = f"""
SELECT task.owner_id, count(DISTINCT task.lead_id)
FROM unnest(%(owners)s::bigint[], %(days)s::date[]) AS asked(owner_id, here)
JOIN crm_task task ON task.owner_id = asked.owner_id AND task.done_at IS NULL AND task.kind = 'call' AND task.due_on <= asked.here + 1
JOIN crm_lead lead ON lead.id = task.lead_id AND lead.stage_id IN ({_IN_HAND})
LEFT JOIN engage_nextcall planned
    ON planned.task_id = task.id AND planned.is_promised AND (planned.due_at AT TIME ZONE planned.zone)::date = task.due_on
WHERE planned.due_at <= %(at)s OR planned.id IS NULL AND task.due_on < asked.here
GROUP BY task.owner_id"""


class Need(models.TextChoices):
    """Why somebody needs help, the most pressing first: what was promised to others comes before one's own plan."""

    CALL_BACKS = "call_backs"
    WAITING = "waiting"
    NO_LIST = "no_list"
    STUCK = "stuck"
    BEHIND = "behind"
    NONE_NEXT = "none_next"
    OPEN_NEXT = "open_next"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True)
class Finding:
    """One reason: so many, of so many where that says something; `since` where it began with a moment, `lasted` in working time."""

    need: Need
    n: int = 0
    of: int = 0
    since: datetime | None = None
    lasted: timedelta | None = None
    share: float = 0.0


@dataclass(frozen=True)
class Stand:
    """One list. `n_planned`, `n_worked` and `n_skipped` leave out what came late; of `n_pairs` of worked ones `n_in_order` were worked in their order."""

    call_list: CallList
    n_planned: int = 0
    n_worked: int = 0
    n_skipped: int = 0
    n_late: int = 0
    n_late_worked: int = 0
    n_late_waiting: int = 0
    n_pairs: int = 0
    n_in_order: int = 0
    waits_since: datetime | None = None
    last_at: datetime | None = None

    @property
    def n_left(self) -> int:
        return self.n_planned - self.n_worked - self.n_skipped

    @property
    def adherence(self) -> float | None:
        """So far, as `adherence.in_order` says it; kept as each is worked, so that no list is read for it."""
        return self.n_in_order / self.n_pairs if self.n_pairs else None


@dataclass(frozen=True)
class Line:
    """One person: their list of today and of the next business day, where there is one. `passed` is the share of their working day that is over,
    None on a day on which they do not work."""

    person: User
    today: date
    next_day: date
    now: Stand | None
    next: Stand | None
    n_overdue: int
    is_away: bool
    passed: float | None
    idle: timedelta
    is_evening: bool

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._found())

    def _found(self) -> Iterable[Finding]:
        if self.n_overdue:
            yield Finding(Need.CALL_BACKS, self.n_overdue)
        if self.is_away:
            return
        if self.now is None:
            if self.passed is not None and self.passed < 1:
                yield Finding(Need.NO_LIST)
        else:
            yield from self._of_today(self.now)
        if self.is_evening and self.next is None:
            yield Finding(Need.NONE_NEXT)
        elif self.is_evening and self.next and self.next.call_list.frozen_at is None:
            yield Finding(Need.OPEN_NEXT, self.next.n_planned)

    def _of_today(self, stand: Stand) -> Iterable[Finding]:
        if stand.n_late_waiting and stand.waits_since:
            yield Finding(Need.WAITING, stand.n_late_waiting, since=stand.waits_since)
        done, passed = stand.n_worked + stand.n_skipped, self.passed or 0.0
        if stand.n_left and passed < 1 and self.idle >= STUCK_AFTER:
            yield Finding(Need.STUCK, stand.n_left, lasted=self.idle)
        elif stand.n_planned >= FEWEST and done < stand.n_planned * passed * BEHIND:
            yield Finding(Need.BEHIND, done, stand.n_planned, share=passed)
        if stand.call_list.frozen_at is None or stand.call_list.frozen_by is None:
            yield Finding(Need.UNCONFIRMED)


def lines(people: Iterable[User], *, at: datetime) -> list[Line]:
    """Of these people, who needs help first, by what is most pressing and how much of it; then by name. Raises NeverOpen."""
    people, house, minute = list(people), hours_of_the_house(), rules.in_force().propose_minute
    hours = rules.hours_of_people(people, paces=rules.paces(people))
    today = {person.pk: rules.local(at, person).date() for person in people}
    following = {day: keeping.day_after(day, hours=house) for day in set(today.values())}
    stands = _stands(people, days={*following, *following.values()}, at=at)
    away, overdue = _away(people, days=set(today.values())), _overdue(today, at=at)
    found = []
    for person in people:
        here, clock = today[person.pk], rules.local(at, person)
        stand = stands.get((person.pk, here))
        passed, idle = _by_the_hours(person, hours[person.pk], at=at, since=stand.last_at if stand else None)
        is_evening = business_days.is_business_day(here, hours=house) and clock.hour * 60 + clock.minute >= minute
        found.append(
            Line(
                person, here, following[here], stand, stands.get((person.pk, following[here])), n_overdue=overdue.get(person.pk, 0),
                is_away=(person.pk, here) in away, passed=passed, idle=idle, is_evening=is_evening,
            )
        )  # fmt: skip
    return sorted(found, key=_pressing)


def _pressing(line: Line) -> tuple[int, int, str, str, int]:
    order = list(Need)
    first = line.findings[0] if line.findings else None
    person = line.person
    return (order.index(first.need) if first else len(order), -first.n if first else 0, person.family_name, person.given_name, person.pk)


def _stands(people: list[User], *, days: set[date], at: datetime) -> dict[tuple[int, date], Stand]:
    """By person and day."""
    found = {one.pk: one for one in CallList.objects.filter(owner__in=people, for_on__in=days).select_related("frozen_by")}
    planned, late = Q(inserted_at__isnull=True), Q(inserted_at__isnull=False)
    waiting = late & Q(worked_at__isnull=True, skipped_at__isnull=True, inserted_at__lte=at - WAITS)
    told: Any = CallListEntry.objects.filter(call_list__in=found).order_by().values("call_list").annotate(
        n_planned=Count("pk", filter=planned), n_worked=Count("worked_at", filter=planned), n_skipped=Count("skipped_at", filter=planned),
        n_late=Count("pk", filter=late), n_late_worked=Count("worked_at", filter=late), n_late_waiting=Count("pk", filter=waiting),
        n_pairs=Sum("n_before"), n_in_order=Sum("n_in_order"), waits_since=Min("inserted_at", filter=waiting), last_at=Max("worked_at"),
    )  # fmt: skip
    by_list = {row.pop("call_list"): row for row in told}
    return {(one.owner_id, one.for_on): Stand(one, **by_list.get(pk, {})) for pk, one in found.items()}


def _away(people: list[User], *, days: set[date]) -> set[tuple[int, date]]:
    if not days:
        return set()
    rows = Absence.objects.filter(user__in=people, first_on__lte=max(days), last_on__gte=min(days)).values_list("user", "first_on", "last_on")
    return {(user, day) for user, first, last in rows for day in days if first <= day <= last}


def _overdue(today: Mapping[int, date], *, at: datetime) -> dict[int, int]:
    """To how many people each has promised a call whose time is over."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERDUE, {"owners": list(today), "days": list(today.values()), "at": at})
        return dict(cursor.fetchall())


def _by_the_hours(person: User, hours: Hours, *, at: datetime, since: datetime | None) -> tuple[float | None, timedelta]:
    """Which share of the working day is over, and how much working time has passed since then or since its beginning.

    By the clock on their wall, as the lists themselves are kept, whichever zone the calendar has.
    """
    here = rules.local(at, person)
    minutes = rules.working_minutes(here.date(), hours=hours)
    if not minutes:
        return None, timedelta(0)
    wall = here.replace(tzinfo=hours.zone)
    dawn = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = business_seconds_between(dawn, wall, hours)
    last = rules.local(since, person).replace(tzinfo=hours.zone) if since else dawn
    return min(passed / (minutes * 60), 1.0), timedelta(seconds=max(0.0, business_seconds_between(max(last, dawn), wall, hours)))
