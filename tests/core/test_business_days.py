"""Business days: what the calendar says, its own days before the holidays of its country before its week; and a clear word when it never opens."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from tasuki.core import business_days
from tasuki.core.business_days import NeverOpen
from tasuki.core.calendars import read_hours
from tasuki.core.working_time import Hours

FRIDAY, SATURDAY, MONDAY = date(2026, 3, 6), date(2026, 3, 7), date(2026, 3, 9)
INDEPENDENCE = date(2026, 3, 2)  # substitute holiday for 1 March, a Sunday


def office(country: str = "", *, weekdays: str = "9-18", **own: str) -> Hours:
    """Open from Monday to Friday; `own` days are written d2026_05_04="9-12"."""
    days = {date(*map(int, name[1:].split("_"))): read_hours(hours) for name, hours in own.items()}
    return Hours(ZoneInfo("Asia/Seoul"), (*[read_hours(weekdays)] * 5, (), ()), country, days)


@pytest.mark.parametrize("country", ["KR", "JP", "", "XX"])
def test_a_closed_weekend_is_skipped_everywhere(country: str) -> None:
    hours = office(country)
    assert business_days.next_business_day(FRIDAY, hours=hours) == MONDAY
    assert business_days.on_or_after(SATURDAY, hours=hours) == MONDAY
    assert business_days.on_or_after(FRIDAY, hours=hours) == FRIDAY
    assert business_days.on_or_before(SATURDAY, hours=hours) == FRIDAY
    assert business_days.on_or_before(FRIDAY, hours=hours) == FRIDAY


def test_a_public_holiday_counts_in_its_own_country_only() -> None:
    assert not business_days.is_business_day(INDEPENDENCE, hours=office("KR"))
    assert business_days.is_business_day(INDEPENDENCE, hours=office("JP"))


def test_next_week_begins_on_its_first_business_day() -> None:
    assert business_days.next_week(date(2026, 2, 26), hours=office("KR")) == date(2026, 3, 3)
    assert business_days.next_week(date(2026, 2, 26), hours=office("JP")) == date(2026, 3, 2)


def test_days_of_ones_own_beat_the_week_and_the_country() -> None:
    assert business_days.next_business_day(FRIDAY, hours=office(d2026_03_07="9-12")) == SATURDAY, "a Saturday that is worked"
    assert business_days.on_or_after(MONDAY, hours=office(d2026_03_09="")) == date(2026, 3, 10), "the day the firm was founded"
    assert business_days.is_business_day(INDEPENDENCE, hours=office("KR", d2026_03_02="9-12"))


def test_a_calendar_that_never_opens_says_so() -> None:
    closed = office(weekdays="")
    for ask in (business_days.next_business_day, business_days.on_or_after, business_days.on_or_before, business_days.next_week):
        with pytest.raises(NeverOpen):
            ask(FRIDAY, hours=closed)
