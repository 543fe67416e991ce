"""Numbers, money, dates and durations as a reader of each language says them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from tasuki.web import formats


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"), timezone.override("UTC"):
        yield


def said(language: str, amount: str, currency: str) -> str:
    with translation.override(language):
        return formats.money(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("amount", "currency", "korean", "japanese", "english"),
    [
        ("1140000000", "KRW", "₩11.4억", "₩11.4億", "₩1.1B"),
        ("94000000", "JPY", "¥9,400만", "¥9,400万", "¥94M"),
        ("1260000000000", "KRW", "₩1.3조", "₩1.3兆", "₩1.3T"),
        ("9999", "KRW", "₩9,999", "₩9,999", "₩10K"),
        ("12600", "USD", "$1.3만", "$1.3万", "$12.6K"),
        ("0", "KRW", "₩0", "₩0", "₩0"),
        ("-94000000", "KRW", "−₩9,400만", "−₩9,400万", "−₩94M"),
    ],
)
def test_money_is_said_in_the_steps_of_the_readers_language(amount: str, currency: str, *, korean: str, japanese: str, english: str) -> None:
    assert [said(code, amount, currency) for code in ("ko", "ja", "en")] == [korean, japanese, english]


def test_nearly_the_next_step_is_said_as_the_next_step() -> None:
    assert said("ko", "99999999", "KRW") == "₩1억"
    assert said("en", "999999", "KRW") == "₩1M"


def test_all_digits_are_there_to_be_read() -> None:
    assert formats.money_in_full(Decimal("1140000000"), "KRW") == "₩1,140,000,000"
    assert formats.money_in_full(Decimal("-12.5"), "USD") == "−$12.50"


@pytest.mark.parametrize("form", [formats.number, formats.percent, formats.day, formats.moment, formats.duration, formats.days])
def test_what_is_not_known_is_a_dash(form: Any) -> None:
    assert form(None) == "–"


def test_money_that_is_not_known_is_a_dash() -> None:
    assert formats.money(None, "KRW") == formats.money_in_full(None, "KRW") == "–"


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=2), st.sampled_from(["en", "ko", "ja"]))
def test_money_is_never_off_by_more_than_what_it_does_not_show(amount: Decimal, language: str) -> None:
    units = {"조": 10**12, "兆": 10**12, "억": 10**8, "億": 10**8, "만": 10**4, "万": 10**4, "T": 10**12, "B": 10**9, "M": 10**6, "K": 10**3}
    text = said(language, str(amount), "KRW").replace("₩", "").replace(",", "").replace("−", "-")
    unit = units.get(text[-1], 1)
    shown = Decimal(text.rstrip("".join(units))) * unit
    assert abs(shown - amount) <= max(abs(amount) * Decimal("0.06"), Decimal("0.5"))


def test_percentages_and_numbers() -> None:
    assert formats.percent(0.319) == "31.9%"
    assert formats.percent(Decimal("0.5"), 0) == "50%"
    assert formats.number(1234.5) == "1,234"
    assert formats.number(1234.5, 1) == "1,234.5"


def test_the_year_is_said_only_when_it_is_another() -> None:
    this_year = timezone.localdate().year
    assert formats.day(date(this_year, 3, 2)) == "Mar 2"
    assert formats.day(date(2019, 3, 2)) == "Mar 2, 2019"
    with translation.override("ko"):
        assert formats.day(date(this_year, 3, 2)) == "3월 2일"
    with translation.override("ja"):
        assert formats.day(date(this_year, 3, 2)) == "3月2日"


def test_a_moment_is_told_in_the_readers_zone() -> None:
    late_in_london = datetime(2020, 12, 31, 20, 30, tzinfo=UTC)
    with timezone.override("Asia/Seoul"):
        assert formats.moment(late_in_london) == "Jan 1, 2021 05:30"
        assert formats.day(late_in_london) == "Jan 1, 2021"


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=30), "0 min"),
        (timedelta(minutes=38), "38 min"),
        (timedelta(hours=4, minutes=59), "4 h"),
        (timedelta(days=12, hours=5), "12 d"),
        (timedelta(days=-1), "0 min"),
    ],
)
def test_a_duration_is_said_in_its_largest_unit(length: timedelta, text: str) -> None:
    assert formats.duration(length) == text


def test_a_duration_is_said_in_the_readers_words() -> None:
    with translation.override("ko"):
        assert formats.duration(timedelta(days=12)) == "12일"
    with translation.override("ja"):
        assert formats.duration(timedelta(minutes=38)) == "38分"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("한서윤", "ko"),
        ("文 智子", "ja"),
        ("さくら", "ja"),
        ("カナ", "ja"),
        ("Ada Lindqvist", "en"),
        ("", "en"),
        ("حداد", "en"),
        ("(주)해솔증권", "ko"),
        ("西都取引所 한국", "ko"),
    ],
)
def test_a_name_is_drawn_in_the_typeface_of_its_script(text: str, language: str) -> None:
    assert formats.lang_of(text) == language


@pytest.mark.parametrize(
    ("language", "said"), [("en", "March 2, 2026 18:00 (Asia/Seoul)"), ("ko", "2026년 3월 2일 18:00 (Asia/Seoul)"), ("ja", "2026年3月2日 18:00 (Asia/Seoul)")]
)
def test_a_letter_says_the_whole_moment(language: str, said: str) -> None:
    with translation.override(language), timezone.override("Asia/Seoul"):
        assert formats.moment_in_full(datetime(2026, 3, 2, 9, tzinfo=UTC)) == said
