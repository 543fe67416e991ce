"""The filter language: what can be written, what it means, and that PostgreSQL and plain Python mean the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.core.filters import binding, moments, sentences
from tasuki.core.filters.errors import FilterWrong
from tasuki.core.filters.fields import Asker, Operator
from tasuki.core.filters.sentences import Clause, Group, Of
from tasuki.crm.filter_fields import CONTACT, LEAD
from tasuki.sales.filter_fields import OPPORTUNITY

TUESDAY = date(2026, 11, 24)
SEOUL = ZoneInfo("Asia/Seoul")
IVO = Asker(7, frozenset({3, 4}), TUESDAY, SEOUL, rates=lambda: {"KRW": Decimal(1), "USD": Decimal(1400)}, tree_of=lambda team: frozenset({team, team + 1}))

names = st.from_regex(r"[a-z][a-z0-9_]{0,12}(\.[a-z]{1,8})?", fullmatch=True)
values = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
clauses = st.builds(Clause, names, names, st.lists(values, max_size=3).map(tuple))
groups = st.recursive(
    st.builds(Group, st.sampled_from(Of), st.lists(clauses, max_size=3).map(tuple)),
    lambda inner: st.builds(Group, st.sampled_from(Of), st.lists(clauses | inner, max_size=3).map(tuple)),
    max_leaves=4,
)


def understood(text: str, fields=LEAD) -> binding.Meaning:  # type: ignore[no-untyped-def]  # the fields of any noun
    return binding.bind(sentences.read(text), fields, asker=IVO)


def test_a_filter_reads_as_clauses_and_groups() -> None:
    assert sentences.read('stage:is(ready, working), any(source:is("web form, new"), owner:is(me)), amount:empty') == Group(
        Of.ALL,
        (
            Clause("stage", "is", ("ready", "working")),
            Group(Of.ANY, (Clause("source", "is", ("web form, new",)), Clause("owner", "is", ("me",)))),
            Clause("amount", "empty"),
        ),
    )


def test_nothing_written_is_everything() -> None:
    assert sentences.read("  ") == sentences.EVERYTHING
    assert sentences.written(sentences.EVERYTHING) == ""


def test_a_value_may_hold_any_sign_in_quotes() -> None:
    assert sentences.read('name:is("say ""hi"", (now): 한서윤")').clauses()[0].values == ('say "hi", (now): 한서윤',)


def test_a_colon_needs_no_quotes() -> None:
    assert sentences.read("name:is(09:30)").clauses()[0].values == ("09:30",)


@given(st.lists(clauses | groups, max_size=4).map(lambda parts: Group(Of.ALL, tuple(parts))))
def test_what_is_written_is_read_as_it_was(group: Group) -> None:
    assert sentences.read(sentences.written(group)) == group


@given(st.text(max_size=60) | st.text('abc:,()" ', max_size=40))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        group = sentences.read(text)
    except FilterWrong:
        return
    assert sentences.read(sentences.written(group)) == group


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("stage", "The filter lacks a “:”. Look at its end."),
        ("stage:", "The filter lacks the name of a field. Look at its end."),
        ("stage:is(ready", "The filter lacks a “,”. Look at its end."),
        ("stage:is(,)", "The filter lacks a value. Look before “,”."),
        ("stage:is(ready))", "The filter closes a bracket that it did not open."),
        ('stage:is("ready)', "The filter opens a quotation that it does not close."),
        ('stage:is("ready"x)', "A quotation in the filter must be a whole value. Look before “)”."),
        ("any(stage:is(ready)", "The filter lacks a “)”. Look at its end."),
        ("any(any(any(any(any(a:b)))))", "The filter has groups within groups within groups: 5 deep is the most."),
        ("a:b," * 200 + "a:b", "The filter asks too much: it may have 100 conditions."),
        ("a" * 4_001, "The filter is too long: it may have 4000 characters."),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(FilterWrong) as refusal:
        sentences.read(text)
    assert str(refusal.value) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("colour:is(red)", "There is no field “colour” here to filter by."),
        ("stage:over(3)", "“stage” cannot be asked “over”."),
        ("stage:is", "“stage” “is …” has too many or too few values."),
        ("pass:between(1)", "“pass” “is between …” has too many or too few values."),
        ("pass:is(two)", "“two” is not a number."),
        ("pass:is(NaN)", "“NaN” is not a number."),
        ("pass:is(1e400)", "“1e400” is not a number."),
        ("pass:is(1.5)", "“1.5” is not a whole number."),
        ("owner:is(you)", "“you” is not the number of a record."),
        ("owner:is(99999999999999999999)", "“99999999999999999999” is not the number of a record."),
        ("opened:on(03/04/2026)", "“03/04/2026” is not a day; write it like 2026-03-02, or today."),
        ("opened:past(many days)", "“many days” is not a stretch of time; write it like 30 days, or 2 quarters."),
        ("opened:past(99999 years)", "The calendar has no day so far away."),
        ("opened:on(9999-12-31)", "The calendar has no day so far away."),
        ("opened:this(fortnight)", "“fortnight” is not a unit of the calendar; write day, week, month, quarter or year."),
        ('reference:is("")', "A value of “reference” is nothing at all; ask whether it is empty instead."),
        ('reference:is("a\0b")', "A value of “reference” is too long, or has signs that no text has."),
        ('reference:is("\ud800")', "A value of “reference” is too long, or has signs that no text has."),
        (f"reference:is({'x' * 501})", "A value of “reference” is too long, or has signs that no text has."),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(FilterWrong) as refusal:
        understood(text)
    assert str(refusal.value) == reason


def test_money_without_a_rate_is_refused() -> None:
    with pytest.raises(FilterWrong, match="There is no exchange rate for “EUR”"):
        understood("amount:over(500 EUR)", OPPORTUNITY)


def test_money_is_compared_in_each_currency() -> None:
    (condition,) = understood("amount:over(1400000)", OPPORTUNITY).parts
    assert isinstance(condition, binding.Condition)
    assert condition.value[0]["USD"] == Decimal(1000)
    assert understood("amount:over(1000 usd)", OPPORTUNITY).parts[0].value[0]["KRW"] == Decimal(1_400_000)  # type: ignore[union-attr]


def test_a_hidden_field_is_refused_like_one_that_does_not_exist() -> None:
    class Standing:
        def hides(self, noun: str) -> frozenset[str]:
            return frozenset({"emails"}) if noun == "contact" else frozenset()

    seen = CONTACT.seen_by(Standing())  # type: ignore[arg-type]  # all that is asked of a standing
    assert "phone" in seen
    with pytest.raises(FilterWrong, match="There is no field “email” here to filter by"):
        understood("email:contains(a)", seen)


def test_days_begin_at_midnight_where_the_asker_is() -> None:
    (condition,) = understood("opened:on(today)").parts
    first, until = condition.value  # type: ignore[union-attr]
    assert (first.astimezone(UTC), until.astimezone(UTC)) == (datetime(2026, 11, 23, 15, tzinfo=UTC), datetime(2026, 11, 24, 15, tzinfo=UTC))


@pytest.mark.parametrize(
    ("operator", "values", "starts_in", "days"),
    [
        (Operator.ON, ("tomorrow",), 1, (date(2026, 11, 25), date(2026, 11, 26))),
        (Operator.BEFORE, ("2026-11-01",), 1, (None, date(2026, 11, 1))),
        (Operator.AFTER, ("yesterday",), 1, (date(2026, 11, 24), None)),
        (Operator.BETWEEN, ("2026-11-30", "2026-11-01"), 1, (date(2026, 11, 1), date(2026, 12, 1))),
        (Operator.PAST, ("30 days",), 1, (date(2026, 10, 25), date(2026, 11, 25))),
        (Operator.PAST, ("9 months",), 1, (date(2026, 2, 24), date(2026, 11, 25))),
        (Operator.COMING, ("1 week",), 1, (date(2026, 11, 24), date(2026, 12, 2))),
        (Operator.OLDER_THAN, ("2 years",), 1, (None, date(2024, 11, 24))),
        (Operator.THIS, ("week",), 1, (date(2026, 11, 23), date(2026, 11, 30))),
        (Operator.THIS, ("month",), 1, (date(2026, 11, 1), date(2026, 12, 1))),
        (Operator.THIS, ("quarter",), 1, (date(2026, 10, 1), date(2027, 1, 1))),
        (Operator.THIS, ("quarter",), 3, (date(2026, 9, 1), date(2026, 12, 1))),
        (Operator.THIS, ("year",), 4, (date(2026, 4, 1), date(2027, 4, 1))),
        (Operator.THIS, ("year",), 12, (date(2025, 12, 1), date(2026, 12, 1))),
        (Operator.PREVIOUS, ("quarter",), 1, (date(2026, 7, 1), date(2026, 10, 1))),
        (Operator.NEXT, ("month",), 1, (date(2026, 12, 1), date(2027, 1, 1))),
    ],
)
def test_words_of_time_are_days(operator: Operator, values: tuple[str, ...], *, starts_in: int, days: moments.Days) -> None:
    assert moments.days(operator, values, today=TUESDAY, fiscal_year_starts_in=starts_in) == days


def test_a_month_before_the_31st_is_the_last_day_of_a_shorter_month() -> None:
    assert moments.days(Operator.PAST, ("1 month",), today=date(2026, 3, 31), fiscal_year_starts_in=1)[0] == date(2026, 2, 28)
