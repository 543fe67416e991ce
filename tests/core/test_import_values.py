"""Values as people write them: numbers, money, days, countries. What they leave open is a question."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.core.imports import amounts, days, fields
from tasuki.core.imports.fields import How, ValueRefused


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1200", "1200.00"),
        ("$342.09K", "342090.00"),
        ("$1,117.10K", "1117100.00"),
        ("1,200만원", "12000000.00"),
        ("₩3.5억", "350000000.00"),
        ("1억 2,000만", "120000000.00"),
        ("12億円", "1200000000.00"),
        ("3千万円", "30000000.00"),
        ("(1,200)", "-1200.00"),
        ("▲1,200", "-1200.00"),
        ("1,200-", "-1200.00"),
        ("1.234,56 €", "1234.56"),
        ("1 234.56", "1234.56"),
        ("1'234.50", "1234.50"),
        ("１２，３４５", "12345.00"),
        ("USD 1.5M", "1500000.00"),
        ("12.5%", "0.12"),
        (".5", "0.50"),
        ("-3", "-3.00"),
        ("$26,700.00", "26700.00"),
    ],
)
def test_money_is_read_as_people_write_it(cell: str, value: str) -> None:
    assert fields.amount(cell, How()) == value


@pytest.mark.parametrize("cell", ["", "$", "1,20", "1,2345", "12x", "--3", "1.2.3", "1만 2억", "nan", "inf", "1e5", "Infinity", "1_000_x", "十", "9" * 17])
def test_what_is_no_number_is_refused(cell: str) -> None:
    with pytest.raises(ValueRefused):
        fields.amount(cell, How())


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_numbers(cell: str) -> None:
    value = amounts.number(cell)
    assert value is None or value.is_finite()


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2), st.sampled_from([".", ","]))
def test_a_number_is_read_back_in_both_ways_of_writing(value: Decimal, decimal: str) -> None:
    written = f"{value:,}"
    if decimal == ",":
        written = written.translate(str.maketrans(",.", ".,"))
    assert amounts.number(written, decimal) == value


@pytest.mark.parametrize(
    ("cells", "possible"),
    [
        (["12", "300"], {"."}),
        (["1,5", "12,25"], {","}),
        (["1.234,56"], {","}),
        (["1,234.56", "7"], {"."}),
        (["1,234,567", "1,234"], {"."}),
        (["1.234", "5.678"], {".", ","}),
        (["1,234", "5,678"], {".", ","}),
        (["1,5", "1.5"], set()),
        (["$26,700.00", "$9.10K"], {"."}),
    ],
)
def test_the_sign_before_a_fraction_is_seen_from_all_numbers_or_asked(cells: list[str], possible: set[str]) -> None:
    assert amounts.decimals_of(cells) == possible


def test_a_currency_is_named_only_beyond_doubt() -> None:
    assert [amounts.currency(cell) for cell in ("₩3.5억", "12億円", "1.234,56 €", "EUR 5", "$5", "¥5")] == ["KRW", "JPY", "EUR", "EUR", "", ""]


@pytest.mark.parametrize(
    ("cells", "readings"),
    [
        (["2024-03-04", "2024-12-31"], [["%Y-%m-%d"]]),
        (["03/04/2024", "25/04/2024"], [["%d/%m/%Y"]]),
        (["03/04/2024", "04/25/2024"], [["%m/%d/%Y"]]),
        (["03/04/2024", "05/06/2024"], [["%d/%m/%Y"], ["%m/%d/%Y"]]),
        (["15 Apr, 2021 00:03:00"], [["%d %b, %Y %H:%M:%S"]]),
        (["2024年3月4日", "2024年12月1日"], [["%Y年%m月%d日"]]),
        (["2024년 3월 4일"], [["%Y년 %m월 %d일"]]),
        (["31.12.2023", "2024-01-05"], [["%Y-%m-%d", "%d.%m.%Y"]]),
        (["25/04/2024", "04/25/2024"], []),
        (["Mina"], []),
        ([], []),
    ],
)
def test_a_columns_dates_decide_or_ask(cells: list[str], readings: list[list[str]]) -> None:
    assert days.formats_of(cells) == readings


def test_a_short_year_has_three_readings() -> None:
    assert len(days.formats_of(["01-02-03"])) == 3


@pytest.mark.parametrize(
    ("cell", "said", "day"),
    [
        ("15 Apr, 2021 00:03:00", "", "2021-04-15"),
        ("2024. 3. 4.", "", "2024-03-04"),
        ("令和6年3月4日", "", "2024-03-04"),
        ("2024-03-04T10:00:00Z", "", "2024-03-04"),
        ("03/04/2024", "%d/%m/%Y", "2024-04-03"),
        ("4 Mar 2024", "%d/%m/%Y | %d %b %Y", "2024-03-04"),
    ],
)
def test_days_are_read(cell: str, said: str, day: str) -> None:
    assert fields.day(cell, How(format=said)) == day


@pytest.mark.parametrize("cell", ["03/04/2024", "2024-13-01", "1066-10-14", "yesterday", "令和99年99月1日", "2024-02-30"])
def test_a_day_that_leaves_a_doubt_is_refused(cell: str) -> None:
    with pytest.raises(ValueRefused):
        fields.day(cell, How())


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_days(cell: str) -> None:
    days.formats_of([cell])


@pytest.mark.parametrize(
    ("cell", "code"), [("kr", "KR"), ("United States", "US"), ("대한민국", "KR"), ("日本", "JP"), ("UK", "GB"), ("ＵＳＡ", "US"), ("Philippines", "PH")]
)
def test_countries_are_known_by_name_in_three_languages(cell: str, code: str) -> None:
    assert fields.country(cell, How()) == code


def test_a_misspelt_country_is_refused_and_not_guessed() -> None:
    with pytest.raises(ValueRefused):
        fields.country("Philipines", How())
