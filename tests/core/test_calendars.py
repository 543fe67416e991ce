"""Calendars: hours as people write them, split shifts that never overlap, days of one's own, one default; every change in the trail."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from tasuki.core import calendars
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.calendars import (
    Calendar,
    CalendarDay,
    CalendarInUse,
    CalendarNameTaken,
    CalendarShift,
    HoursOverlap,
    HoursWrong,
    hours_of,
    read_hours,
    written,
)
from tasuki.core.working_time import Shift
from tests.cast import MONDAY, Cast

pytestmark = pytest.mark.django_db

NINE_TO_SIX = {weekday: read_hours("09:00-12:00, 13:00-18:00") for weekday in range(5)}


def seoul(cast: Cast, name: str = "Seoul") -> Calendar:
    return calendars.add(name, time_zone="Asia/Seoul", country="KR", week=NINE_TO_SIX, by=By(cast.ada, Door.WEB), at=MONDAY)


@pytest.mark.parametrize(
    "text", ["9-12, 13-18", "09:00–12:00, 13:00–18:00", "13:00~18:00、9:00〜12:00", "09:00 - 12:00\n13:00 - 18:00", "9:00~12:00;13:00~18:00"]
)
def test_hours_are_read_as_people_write_them(text: str) -> None:
    assert read_hours(text) == (Shift(540, 720), Shift(780, 1080))
    assert written(read_hours(text)) == "09:00–12:00, 13:00–18:00"


@pytest.mark.parametrize("text", ["", "  ", ","])
def test_nothing_written_is_closed(text: str) -> None:
    assert read_hours(text) == ()


@pytest.mark.parametrize("text", ["nine to five", "9", "25-26", "9-24:30", "9:75-10", "-1-5", "<script>", "9-12-15", "٩-١٠x", "9–12 13–18"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(HoursWrong):
        read_hours(text)


@pytest.mark.parametrize("text", ["12-9", "9-9", "9-12, 11-13", "9-12, 9-12", "0-1,2-3,4-5,6-7,8-9,10-11,12-13"])
def test_shifts_that_overlap_or_are_too_many_are_refused(text: str) -> None:
    with pytest.raises(HoursOverlap):
        read_hours(text)


def test_a_new_house_has_a_calendar() -> None:
    default = Calendar.objects.of_the_organisation()
    assert [written(day) for day in hours_of(default).week] == ["09:00–18:00"] * 5 + ["", ""]


def test_a_calendar_is_made_changed_and_written_down(cast: Cast) -> None:
    calendar = seoul(cast)
    by = By(cast.ada, Door.WEB)
    calendars.change(calendar, name="Busan", time_zone="Asia/Seoul", country="KR", week={0: read_hours("10-15")}, by=by, at=MONDAY)
    assert [written(day) for day in hours_of(calendar).week] == ["10:00–15:00", "", "", "", "", "", ""]
    trail = list(AuditEntry.objects.filter(noun="calendar", record_id=calendar.pk).order_by("pk").values_list("action", "changes"))
    assert [action for action, _changes in trail] == ["add", "change"]
    assert trail[0][1]["time_zone"] == ["", "Asia/Seoul"]
    assert trail[1][1]["name"] == ["Seoul", "Busan"]
    assert trail[1][1]["shifts"][1].startswith("10:00–15:00; –")
    calendar.refresh_from_db()
    calendars.change(calendar, name="Busan", time_zone="Asia/Seoul", country="KR", week={0: read_hours("10-15")}, by=by, at=MONDAY)
    assert AuditEntry.objects.filter(noun="calendar", record_id=calendar.pk).count() == 2, "what changes nothing leaves no entry"


def test_the_trail_says_what_became_of_which_calendar_and_of_a_day_that_is_marked_again(cast: Cast) -> None:
    calendar, by, before = seoul(cast), By(cast.ada, Door.WEB), Calendar.objects.of_the_organisation()
    for hours in ("", "9-12", "9-12"):
        calendars.mark_day(calendar, falls_on=date(2026, 5, 4), name="Founders", hours=hours, by=by, at=MONDAY)
    calendars.make_default(calendar, by=by, at=MONDAY)
    closed, open_ = "2026-05-04 Founders", "2026-05-04 Founders 09:00–12:00"
    assert list(AuditEntry.objects.of(calendar).exclude(action="add").order_by("pk").values_list("action", "changes")) == [
        ("mark_day", {"own_days": ["", closed]}),
        ("mark_day", {"own_days": [closed, open_]}),
        ("make_default", {"is_default": [False, True]}),
    ]
    assert list(AuditEntry.objects.of(before).values_list("action", "changes")) == [("change", {"is_default": [True, False]})]


def test_two_calendars_have_two_names(cast: Cast) -> None:
    seoul(cast)
    with pytest.raises(CalendarNameTaken):
        seoul(cast)


def test_one_calendar_is_the_organisations(cast: Cast) -> None:
    calendar, by = seoul(cast), By(cast.ada, Door.WEB)
    with pytest.raises(CalendarInUse):
        calendars.remove(Calendar.objects.of_the_organisation(), by=by, at=MONDAY)
    before = Calendar.objects.of_the_organisation()
    calendars.make_default(calendar, by=by, at=MONDAY)
    assert Calendar.objects.of_the_organisation() == calendar
    calendars.remove(before, by=by, at=MONDAY)
    assert list(Calendar.objects.all()) == [calendar]


def test_a_day_of_ones_own_is_marked_changed_and_taken_away(cast: Cast) -> None:
    calendar, by, founding = seoul(cast), By(cast.ada, Door.WEB), date(2026, 6, 1)
    calendars.mark_day(calendar, falls_on=founding, name="창립기념일", hours="", by=by, at=MONDAY)
    assert hours_of(calendar).shifts_on(founding) == ()
    day = calendars.mark_day(calendar, falls_on=founding, name="창립기념일", hours="9-12", by=by, at=MONDAY)
    assert hours_of(calendar).shifts_on(founding) == (Shift(540, 720),)
    calendars.unmark_day(day, by=by, at=MONDAY)
    assert hours_of(calendar).shifts_on(founding) == read_hours("9-12, 13-18")
    assert not CalendarDay.objects.exists()


def test_the_database_itself_keeps_shifts_apart(cast: Cast) -> None:
    calendar = seoul(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        CalendarShift.objects.create(calendar=calendar, weekday=0, from_minute=700, until_minute=800)
    with pytest.raises(IntegrityError), transaction.atomic():
        CalendarShift.objects.create(calendar=calendar, weekday=6, from_minute=800, until_minute=700)
    CalendarShift.objects.create(calendar=calendar, weekday=0, from_minute=720, until_minute=780)


def test_loading_a_calendar_takes_two_queries(cast: Cast, django_assert_num_queries: object) -> None:
    calendar = seoul(cast)
    for day in range(1, 13):
        calendars.mark_day(calendar, falls_on=date(2026, day, 1), name="closed", hours="", by=By(cast.ada, Door.WEB), at=MONDAY)
    with django_assert_num_queries(2):  # type: ignore[operator]  # a fixture of pytest-django
        hours_of(calendar)


def test_tomas_sees_no_calendar(cast: Cast) -> None:
    seoul(cast)
    assert not Calendar.objects.visible_to(cast.tomas).exists()
    assert Calendar.objects.visible_to(cast.ivo).count() == 2
