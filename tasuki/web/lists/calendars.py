"""A list as a calendar: a month or a week of days, each with its first rows and the address of all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from babel import Locale
from babel.dates import format_interval, format_skeleton, get_day_names
from django.db.models import QuerySet

from tasuki.core import abilities
from tasuki.core.filters.askers import today_of
from tasuki.core.filters.fields import Field
from tasuki.core.filters.sentences import Clause
from tasuki.web import formats
from tasuki.web.lists import counting, grouped, grouping, placing, renderings
from tasuki.web.lists.filling import only
from tasuki.web.lists.grouped import Reading, Shown
from tasuki.web.lists.grouping import Bucket
from tasuki.web.lists.placing import Places

# What a day of a month shows, a day of a week, and what stands beside them without a day.
IN_MONTH, IN_WEEK, WITHOUT = 3, 20, 10
# Where people begin the week, by the country that a language is mostly spoken in; English is spoken everywhere.
_COUNTRIES = {"ko": "KR", "ja": "JP"}
_ONE_DAY, _ONE_WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Day:
    """One day and its rows; `is_outside` is a day of the month before or after."""

    on: date
    group: Shown
    is_today: bool
    is_outside: bool

    @property
    def in_words(self) -> str:
        return format_skeleton("MMMEd", self.on, locale=formats.locale())


@dataclass(frozen=True, kw_only=True)
class Calendar(Places):
    """The days of a list by a field. `before`, `after` and `now` are the addresses of other times, `spans` those of a month and a week."""

    title: str
    days: list[Day]
    undated: Shown | None
    weekdays: list[str]
    before: str
    after: str
    now: str
    spans: list[tuple[str, str, bool]]
    is_week: bool

    @property
    def rows(self) -> list[Any]:
        return [row for group in (*(day.group for day in self.days), self.undated) if group for row in group.rows]


def calendar(rows: QuerySet[Any], reading: Reading) -> Calendar:
    """The month or the week that the state means. Only the rows of its days are read, and the first of those that have none."""
    spec, state = reading.spec, reading.state
    fields = renderings.groupings(spec, state.rendering)
    field = next((one for one in fields if one.key == state.grouping), fields[0])
    today = today_of(reading.reader, at=reading.at)
    on, is_week = date.fromisoformat(state.on) if state.on else today, state.rendering == renderings.WEEK
    first, last = _span(on, is_week=is_week)
    may_move = placing.is_dated(spec.noun, field) and abilities.can(reading.reader, placing.ability(spec.noun))
    shown = _days(rows, reading, field, span=(first, last), most=IN_WEEK if is_week else IN_MONTH)
    at = {"before": on - _ONE_WEEK if is_week else grouping.month(on) - _ONE_DAY, "after": on + _ONE_WEEK if is_week else grouping.month(on, 1)}
    return Calendar(
        field=field,
        noun=spec.noun,
        title=_title(on, first, last, is_week=is_week),
        days=[Day(day, group, day == today, not is_week and day.month != on.month) for day, group in shown],
        undated=_undated(rows, reading, field) if may_move else None,
        weekdays=[get_day_names("abbreviated", locale=formats.locale())[(first + timedelta(days=n)).weekday()] for n in range(7)],
        before=state.with_(on=at["before"].isoformat()).address(),
        after=state.with_(on=at["after"].isoformat()).address(),
        now=state.with_(on="").address(),
        spans=[(renderings.label(one), state.with_(rendering=one).address(), one == state.rendering) for one in renderings.BY_DAY],
        is_week=is_week,
        may_move=may_move,
    )


def first_weekday() -> int:
    """The day that a week begins with, for the reader's language; Monday is 0."""
    language = formats.language()
    return int(Locale.parse(f"{language}_{_COUNTRIES.get(language, '001')}").first_week_day)


def _span(on: date, *, is_week: bool) -> tuple[date, date]:
    """The first and the last day that are shown: whole weeks."""
    first, last = (on, on) if is_week else (grouping.month(on), grouping.month(on, 1) - _ONE_DAY)
    begins = first_weekday()
    return first - timedelta(days=(first.weekday() - begins) % 7), last + timedelta(days=(begins - 1 - last.weekday()) % 7)


def _title(on: date, first: date, last: date, *, is_week: bool) -> str:
    return format_interval(first, last, "yMMMd", locale=formats.locale()) if is_week else grouping.in_words(on)


def _days(rows: QuerySet[Any], reading: Reading, field: Field, *, span: tuple[date, date], most: int) -> list[tuple[date, Shown]]:
    first, last = span
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    told = [Bucket(day.isoformat(), formats.day(day), (Clause(field.key, "on", (day.isoformat(),)),)) for day in days]
    whole = Bucket("all", "", (Clause(field.key, "between", (first.isoformat(), last.isoformat())),))
    return list(zip(days, _filled(rows, reading, told, within=whole, most=most), strict=True))


def _undated(rows: QuerySet[Any], reading: Reading, field: Field) -> Shown:
    none = grouping.none(field)
    return _filled(rows, reading, [none], within=none, most=WITHOUT)[0]


def _filled(rows: QuerySet[Any], reading: Reading, told: list[Bucket], *, within: Bucket, most: int) -> list[Shown]:
    """The groups among the rows that are `within`: few of a large list may be, so that is asked anew."""
    there = only(rows, within, reading.spec.fields, asker=reading.asker)
    return grouped.filled_groups(there, told, replace(reading, is_large=counting.counted(there)[1]), first=most)
