"""Time as an office counts it: the seconds between two moments that fall into business hours, and when so many of them are over.

Hours are said by the clock on the wall, seconds are counted as they pass: on the night the clocks go forward a shift over it is an
hour shorter, on the night they go back an hour longer. Where a clock shows a time twice, the first is meant; where it leaves one
out, the moment of the change. So shifts that meet on the wall meet in time, and no second is counted twice. Pure: no database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from tasuki.core.public_holidays import holiday_name

MINUTES_A_DAY = 24 * 60
# A calendar that is closed for longer than this is closed for good.
FURTHEST_DAYS = 366 * 3


@dataclass(frozen=True, order=True)
class Shift:
    """From one minute of the day until another, both counted from midnight; 24:00 is 1440."""

    from_minute: int
    until_minute: int


@dataclass(frozen=True)
class Hours:
    """The business hours of one calendar, ready to count with. `own_days` beats the holidays of the country, which beat the week.

    `week` has seven entries, Monday first, each with its shifts in order. `country` is two letters, "" for no public holidays.
    """

    zone: tzinfo
    week: tuple[tuple[Shift, ...], ...]
    country: str = ""
    own_days: Mapping[date, tuple[Shift, ...]] = field(default_factory=dict)

    def shifts_on(self, day: date) -> tuple[Shift, ...]:
        if day in self.own_days:
            return self.own_days[day]
        return () if self.country and holiday_name(day, country=self.country) else self.week[day.weekday()]

    def spans(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open spans between two moments, in order, in UTC, cut to them."""
        day, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        while day <= last:
            for shift in self.shifts_on(day):
                opens, closes = max(_moment(day, shift.from_minute, self.zone), start), min(_moment(day, shift.until_minute, self.zone), end)
                if opens < closes:
                    yield opens.astimezone(UTC), closes.astimezone(UTC)
            day += timedelta(days=1)


def business_seconds_between(start: datetime, end: datetime, hours: Hours) -> float:
    """Seconds of business time from `start` to `end`, both aware; negative when `end` is the earlier."""
    if end < start:
        return -business_seconds_between(end, start, hours)
    return sum((closes - opens).total_seconds() for opens, closes in hours.spans(start, end))


def after_business_seconds(start: datetime, seconds: float, hours: Hours) -> datetime | None:
    """The moment, in UTC, when `seconds` of business time have passed since `start`; None when the calendar never opens that long."""
    left = timedelta(seconds=seconds)
    if left <= timedelta(0):
        return start.astimezone(UTC)
    for opens, closes in hours.spans(start, start + timedelta(days=FURTHEST_DAYS)):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    return None


def is_open(at: datetime, hours: Hours) -> bool:
    return any(True for _span in hours.spans(at, at + timedelta(microseconds=1)))


def _moment(day: date, minute: int, zone: tzinfo) -> datetime:
    if minute == MINUTES_A_DAY:
        day, minute = day + timedelta(days=1), 0
    wall = datetime.combine(day, time(minute // 60, minute % 60), zone)
    there = wall.astimezone(UTC).astimezone(zone)
    return wall if there.replace(tzinfo=None) == wall.replace(tzinfo=None) else _moment_of_change(wall)


def _moment_of_change(wall: datetime) -> datetime:
    """The moment at which the clock leaves out the time `wall`: the two readings of it lie on either side."""
    before, after = wall.replace(fold=1).astimezone(UTC), wall.replace(fold=0).astimezone(UTC)
    zone, old = wall.tzinfo, before.astimezone(wall.tzinfo).utcoffset()
    while after - before > timedelta(seconds=1):
        between = before + (after - before) // 2
        if between.astimezone(zone).utcoffset() == old:
            before = between
        else:
            after = between
    return after.replace(microsecond=0)
