"""Availability: when somebody can be met. Their office's hours, without the days they are away, the meetings they have, and what their own calendar holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tasuki.core import calendars
from tasuki.core.absences import Absence
from tasuki.core.calendars import Calendar
from tasuki.core.working_time import Hours
from tasuki.engage import recipients
from tasuki.engage.meeting_rows import BETWEEN, TAKING_TIME, Meeting
from tasuki.engage.own_calendars.rows import BusySpan

if TYPE_CHECKING:
    from tasuki.core.people import User

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Asked:
    """How long a meeting is, at which minutes of an hour it may begin, and how much time lies before and after another."""

    length: timedelta = timedelta(minutes=30)
    step: timedelta = timedelta(minutes=30)
    buffer: timedelta = BETWEEN


def slots_between(start: datetime, end: datetime, *, hours: Hours, busy: Sequence[Span], asked: Asked) -> Iterator[datetime]:
    """The moments in UTC, in order, at which a meeting can begin and end between `start` and `end`. Pure.

    Slots begin at round times of the clock on the wall, and lie wholly within one open span. Who wants only the first reckons no further.
    """
    taken = sorted((begins - asked.buffer, ends + asked.buffer) for begins, ends in busy)
    for opens, closes in hours.spans(start, end):
        slot = _round_up(opens, hours=hours, step=asked.step)
        while slot + asked.length <= closes:
            if not any(begins < slot + asked.length and slot < ends for begins, ends in taken):
                yield slot
            slot = _round_up(slot + timedelta(minutes=1), hours=hours, step=asked.step)


def _round_up(moment: datetime, *, hours: Hours, step: timedelta) -> datetime:
    """The first moment from this one on at which the clock on the wall shows a multiple of the step since the full day."""
    n = int(step.total_seconds()) // 60
    moment = moment.astimezone(UTC)
    if moment.second or moment.microsecond:
        moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for _minute in range(24 * 60):
        wall = moment.astimezone(hours.zone)
        if (wall.hour * 60 + wall.minute) % n == 0 and wall.second == 0:
            return moment
        moment += timedelta(minutes=1)
    return moment


def _hours_of(people: Sequence[User]) -> dict[int, Hours]:
    """Those of the calendar that each one's team works by, by the person's id. A calendar is read once, however many people work by it."""
    of_team = calendars.of_teams({person.team_id for person in people if person.team_id})
    usual = Calendar.objects.of_the_organisation()
    mine = {person.pk: of_team[person.team_id] if person.team_id else usual for person in people}
    hours = {calendar: calendars.hours_of(calendar) for calendar in set(mine.values())}
    return {pk: hours[calendar] for pk, calendar in mine.items()}


def _busy(people: Sequence[User], *, start: datetime, end: datetime, buffer: timedelta, but: Meeting | None) -> dict[int, list[Span]]:
    """When each is away, in a meeting, or busy by their own calendar: three queries."""
    zones = {person.pk: ZoneInfo(person.time_zone) for person in people}
    found: dict[int, list[Span]] = defaultdict(list)
    a_day, midnight = timedelta(days=1), time(0)
    away = Absence.objects.filter(user__in=people, first_on__lte=(end + a_day).date(), last_on__gte=(start - a_day).date())
    for pk, first, last in away.values_list("user", "first_on", "last_on"):
        # The buffer is not for days away: who is back on Monday can be met on Monday at nine.
        begins, ends = recipients.moment(first, midnight, zone=zones[pk]), recipients.moment(last + a_day, midnight, zone=zones[pk])
        found[pk].append((begins + buffer, ends - buffer))
    met = Meeting.objects.filter(held_by__in=people, state__in=TAKING_TIME).between(start - buffer, end + buffer)
    met = met.exclude(pk=but.pk) if but else met
    own = BusySpan.objects.of_any(people).between(start - buffer, end + buffer)
    for pk, begins, ends in (*met.values_list("held_by", "starts_at", "ends_at"), *own.values_list("calendar__owner", "starts_at", "ends_at")):
        found[pk].append((begins, ends))
    return found


def free_times(
    people: Sequence[User], *, start: datetime, end: datetime, asked: Asked | None = None, but: Meeting | None = None
) -> dict[int, Iterator[datetime]]:
    """When a meeting with each can begin, in UTC, by the person's id; `but` is the meeting that is to be moved. Three queries and those of
    their calendars, however many people and days are asked about; each time is reckoned when it is asked for."""
    asked = asked or Asked()
    busy, hours = _busy(people, start=start, end=end, buffer=asked.buffer, but=but), _hours_of(people)
    return {one.pk: slots_between(start, end, hours=hours[one.pk], busy=busy[one.pk], asked=asked) for one in people}


def slots(person: User, *, start: datetime, end: datetime, asked: Asked | None = None, but: Meeting | None = None) -> list[datetime]:
    """When a meeting with the person can begin, in UTC."""
    return list(free_times([person], start=start, end=end, asked=asked, but=but)[person.pk])
