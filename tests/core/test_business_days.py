"""Business days: weekends and public holidays do not count, and an unknown country has no holidays."""

from __future__ import annotations

from datetime import date

import pytest

from tasuki.core import business_days

FRIDAY, SATURDAY, MONDAY = date(2026, 3, 6), date(2026, 3, 7), date(2026, 3, 9)


@pytest.mark.parametrize("country", ["KR", "JP", "", "XX"])
def test_a_weekend_is_skipped_everywhere(country: str) -> None:
    assert business_days.next_business_day(FRIDAY, country=country) == MONDAY
    assert business_days.on_or_after(SATURDAY, country=country) == MONDAY
    assert business_days.on_or_after(FRIDAY, country=country) == FRIDAY


def test_a_public_holiday_counts_in_its_own_country_only() -> None:
    independence = date(2026, 3, 2)  # substitute holiday for 1 March, a Sunday
    assert not business_days.is_business_day(independence, country="KR")
    assert business_days.is_business_day(independence, country="JP")


def test_next_week_begins_on_its_first_business_day() -> None:
    assert business_days.next_week(date(2026, 2, 26), country="KR") == date(2026, 3, 3)
    assert business_days.next_week(date(2026, 2, 26), country="JP") == date(2026, 3, 2)
