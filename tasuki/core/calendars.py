"""Calendars: when an office works. One is the organisation's; a team elsewhere may have another. Own days beat public holidays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models, transaction
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.people import User, check_time_zone
from tasuki.core.teams import Team
from tasuki.core.working_time import MINUTES_A_DAY, Hours, Shift

LONGEST_NAME = 80
_MOST_SHIFTS = 6
_SHIFT = re.compile(r"(\d{1,2})(?:[::](\d{2}))?\s*[-–—~〜~]\s*(\d{1,2})(?:[::](\d{2}))?")


class CalendarNameTaken(Refused):
    code = "calendar_name_taken"

    def __init__(self) -> None:
        super().__init__(_("There is a calendar of that name already."))


class CalendarInUse(Refused):
    code = "calendar_in_use"

    def __init__(self) -> None:
        super().__init__(_("This is the calendar of the organisation. Make another one that first."))


class HoursWrong(Refused):
    code = "hours_wrong"

    def __init__(self, text: str) -> None:
        super().__init__(_("“%(text)s” cannot be read as hours. Write 09:00–12:00, 13:00–18:00; nothing for a day that is closed.") % {"text": text[:60]})


class HoursOverlap(Refused):
    code = "hours_overlap"

    def __init__(self, text: str) -> None:
        super().__init__(_("“%(text)s” overlaps, or ends before it begins.") % {"text": text[:60]})


class Calendars(models.QuerySet["Calendar"]):
    """Questions about calendars."""

    def visible_to(self, user: User) -> Calendars:
        """Whoever works here may know when the house is open."""
        return self if abilities.standing_of(user).roles else self.none()

    def of_the_organisation(self) -> Calendar:
        return self.get(is_default=True)


class Calendar(models.Model):
    """Weekly hours in a time zone, with the public holidays of a country and days of one's own."""

    noun: ClassVar[str] = "calendar"

    name = models.CharField(_("name"), max_length=LONGEST_NAME, unique=True)
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[check_time_zone])
    country = models.CharField(_("public holidays of"), max_length=2, blank=True)
    is_default = models.BooleanField(_("calendar of the organisation"), default=False)

    objects = Calendars.as_manager()

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        constraints = [models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="one_default_calendar")]

    def __str__(self) -> str:
        return self.name


def _only(field: str) -> Func:
    """A range of one number, so that the constraint needs no extension of PostgreSQL."""
    return Func(F(field), F(field), models.Value("[]"), function="int4range", output_field=IntegerRangeField())


class CalendarShift(models.Model):
    """One stretch of work on one day of each week; two a day are a split shift."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="shifts")
    weekday = models.PositiveSmallIntegerField()
    from_minute = models.PositiveSmallIntegerField()
    until_minute = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="shift_on_a_weekday"),
            models.CheckConstraint(condition=Q(from_minute__lt=F("until_minute"), until_minute__lte=MINUTES_A_DAY), name="shift_within_a_day"),
            ExclusionConstraint(
                name="shifts_do_not_overlap",
                expressions=[
                    (Func(F("calendar"), F("calendar"), models.Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (_only("weekday"), RangeOperators.OVERLAPS),
                    (Func(F("from_minute"), F("until_minute"), function="int4range", output_field=IntegerRangeField()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return written([Shift(self.from_minute, self.until_minute)])


class CalendarDay(models.Model):
    """A day of one's own: closed without hours, or open with other hours than its weekday's."""

    noun: ClassVar[str] = "calendarday"

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="own_days")
    falls_on = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    hours = models.CharField(_("hours"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("day of one's own")
        verbose_name_plural = _("days of one's own")
        constraints = [models.UniqueConstraint(fields=["calendar", "falls_on"], name="own_day_once")]

    def __str__(self) -> str:
        return f"{self.falls_on} {self.name}"


def hours_of(calendar: Calendar) -> Hours:
    """The calendar, loaded for counting with: two queries, however much is counted."""
    week: list[list[Shift]] = [[] for _weekday in range(7)]
    for shift in calendar.shifts.order_by("from_minute"):
        week[shift.weekday].append(Shift(shift.from_minute, shift.until_minute))
    own = {day.falls_on: read_hours(day.hours) for day in calendar.own_days.all()}
    return Hours(ZoneInfo(calendar.time_zone), tuple(tuple(day) for day in week), calendar.country, own)


def hours_of_the_house() -> Hours:
    """By the calendar of the organisation: three queries."""
    return hours_of(Calendar.objects.of_the_organisation())


def of_teams(team_ids: Iterable[int]) -> dict[int, Calendar]:
    """The calendar that each team works by: its own, else that of the nearest team above it that has one, else the organisation's."""
    found: dict[int, Calendar] = {}
    teams = {pk: (parent, calendar) for pk, parent, calendar in Team.objects.values_list("pk", "parent_id", "calendar_id")}
    calendars = {calendar.pk: calendar for calendar in Calendar.objects.all()}
    default = next(calendar for calendar in calendars.values() if calendar.is_default)
    for team_id in team_ids:
        parent, calendar_id = teams[team_id]
        while calendar_id is None and parent is not None:
            parent, calendar_id = teams[parent]
        found[team_id] = default if calendar_id is None else calendars[calendar_id]
    return found


def of_team(team_id: int) -> Calendar:
    """As `of_teams`, for one: two queries."""
    return of_teams([team_id])[team_id]


def read_hours(text: str) -> tuple[Shift, ...]:
    """“09:00–12:00, 13:00–18:00” as shifts; also 9-12, and ~ as Korean and Japanese write it. Raises HoursWrong, HoursOverlap."""
    parts = [part.strip() for part in re.split(r"[,、;\n]", text) if part.strip()]
    shifts = []
    for part in parts:
        found = _SHIFT.fullmatch(part)
        if found is None:
            raise HoursWrong(part)
        from_hour, from_minute, until_hour, until_minute = (int(group or 0) for group in found.groups())
        if from_minute > 59 or until_minute > 59:
            raise HoursWrong(part)
        shift = Shift(from_hour * 60 + from_minute, until_hour * 60 + until_minute)
        if shift.until_minute > MINUTES_A_DAY:
            raise HoursWrong(part)
        shifts.append(shift)
    shifts.sort()
    ends = [0, *(shift.until_minute for shift in shifts)]
    if len(shifts) > _MOST_SHIFTS or any(shift.from_minute >= shift.until_minute or shift.from_minute < ends[n] for n, shift in enumerate(shifts)):
        raise HoursOverlap(text.strip())
    return tuple(shifts)


def written(shifts: Sequence[Shift]) -> str:
    """As `read_hours` reads it."""
    return ", ".join(f"{_clock(shift.from_minute)}–{_clock(shift.until_minute)}" for shift in shifts)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@transaction.atomic
def add(name: str, *, time_zone: str, country: str, week: Mapping[int, Sequence[Shift]], by: By, at: datetime) -> Calendar:
    """Make a calendar. `week` has the shifts of each weekday, Monday 0. Raises CalendarNameTaken."""
    _refuse_taken(name)
    calendar = Calendar.objects.create(name=name.strip(), time_zone=time_zone, country=country)
    _write_week(calendar, week)
    told = {"name": ("", calendar.name), "time_zone": ("", time_zone), "country": ("", country), "shifts": ("", _week_in_words(week))}
    audit.record(calendar, action="add", by=by, at=at, changes=told)
    return calendar


@transaction.atomic
def change(calendar: Calendar, *, name: str, time_zone: str, country: str, week: Mapping[int, Sequence[Shift]], by: By, at: datetime) -> Calendar:
    """Raises CalendarNameTaken. What was counted before is not counted again."""
    calendar = Calendar.objects.select_for_update().get(pk=calendar.pk)
    _refuse_taken(name, but=calendar.pk)
    changes = audit.difference(calendar, {"name": name.strip(), "time_zone": time_zone, "country": country})
    before = _week_in_words({weekday: list(shifts) for weekday, shifts in enumerate(hours_of(calendar).week)})
    if before != (after := _week_in_words(week)):
        changes["shifts"] = (before, after)
        calendar.shifts.all().delete()
        _write_week(calendar, week)
    if changes:
        Calendar.objects.filter(pk=calendar.pk).update(name=name.strip(), time_zone=time_zone, country=country)
        audit.record(calendar, action="change", by=by, at=at, changes=changes)
        calendar.refresh_from_db()
    return calendar


@transaction.atomic
def make_default(calendar: Calendar, *, by: By, at: datetime) -> Calendar:
    """From now on the organisation works by this one."""
    list(Calendar.objects.select_for_update().order_by("pk"))
    before = Calendar.objects.of_the_organisation()
    if before == calendar:
        return calendar
    Calendar.objects.filter(pk=before.pk).update(is_default=False)
    audit.record(before, action="change", by=by, at=at, changes={"is_default": (True, False)})
    Calendar.objects.filter(pk=calendar.pk).update(is_default=True)
    audit.record(calendar, action="make_default", by=by, at=at, changes={"is_default": (False, True)})
    calendar.refresh_from_db()
    return calendar


@transaction.atomic
def remove(calendar: Calendar, *, by: By, at: datetime) -> None:
    """Raises CalendarInUse for the organisation's own."""
    calendar = Calendar.objects.select_for_update().get(pk=calendar.pk)
    if calendar.is_default:
        raise CalendarInUse
    audit.record(calendar, action="remove", by=by, at=at, changes={"name": (calendar.name, "")})
    calendar.delete()


@transaction.atomic
def mark_day(calendar: Calendar, *, falls_on: date, name: str, hours: str, by: By, at: datetime) -> CalendarDay:
    """Say what holds on one day, whatever its weekday and the country say; no hours for closed. Marking it again changes it.

    Raises HoursWrong, HoursOverlap.
    """
    text = written(read_hours(hours))
    Calendar.objects.select_for_update().get(pk=calendar.pk)
    marked = CalendarDay.objects.filter(calendar=calendar, falls_on=falls_on).first()
    day, _was_made = CalendarDay.objects.update_or_create(calendar=calendar, falls_on=falls_on, defaults={"name": name.strip(), "hours": text})
    before, after = _in_words(marked) if marked else "", _in_words(day)
    if before != after:
        audit.record(calendar, action="mark_day", by=by, at=at, changes={"own_days": (before, after)})
    return day


@transaction.atomic
def unmark_day(day: CalendarDay, *, by: By, at: datetime) -> None:
    audit.record(day.calendar, action="unmark_day", by=by, at=at, changes={"own_days": (_in_words(day), "")})
    day.delete()


def _in_words(day: CalendarDay) -> str:
    return f"{day.falls_on} {day.name} {day.hours}".strip()


def _refuse_taken(name: str, *, but: int = 0) -> None:
    if Calendar.objects.filter(name=name.strip()).exclude(pk=but).exists():
        raise CalendarNameTaken


def _write_week(calendar: Calendar, week: Mapping[int, Sequence[Shift]]) -> None:
    CalendarShift.objects.bulk_create(
        CalendarShift(calendar=calendar, weekday=weekday, from_minute=shift.from_minute, until_minute=shift.until_minute)
        for weekday, shifts in week.items()
        for shift in shifts
    )


def _week_in_words(week: Mapping[int, Sequence[Shift]]) -> str:
    return "; ".join(written(week.get(weekday, ())) or "–" for weekday in range(7))
