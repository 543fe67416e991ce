"""What a mapping leaves open: which day 03/04 is, what a comma means, what “technolgy” is to be called. Each has its answers; a person gives one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from tasuki.core import countries
from tasuki.core.errors import Refused
from tasuki.core.imports import amounts, days, fields, own_exports, synonyms
from tasuki.core.imports.evidence import Evidence, Seen
from tasuki.core.imports.fields import Field, How
from tasuki.core.imports.mapping import Column, Mapping
from tasuki.core.imports.nouns import ImportNoun

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

_MOST = 60
# Fields whose values are few words that are used again, so that two spellings of one are worth a question.
_MERGED = ("industry", "source", "segment", "product", "line")
_NEAR = 0.86


@dataclass(frozen=True)
class Question:
    """One question about a field. `about` is format, decimal, country, currency or value; `raw` is the value
    that is asked about; `answers` are (answer, words)."""

    field: str
    about: str
    text: _StrOrPromise
    answers: list[tuple[str, _StrOrPromise]]
    raw: str = ""
    suggested: str = ""

    @property
    def key(self) -> str:
        return f"{self.field}:{self.about}:{self.raw}"


def asked(noun: ImportNoun, mapping: Mapping, evidence: Evidence, *, known: dict[str, list[str]]) -> list[Question]:
    """The questions that the mapping does not answer yet. `known` are the values that our records have, by field."""
    if own_exports.is_one(mapping):
        # What we wrote ourselves leaves nothing open, unless somebody wrote a choice into it that is none.
        return [one for one in _all(noun, mapping, evidence, known=known) if isinstance(noun.fields[one.field].parse, fields.Picklist)]
    return _all(noun, mapping, evidence, known=known)


def _all(noun: ImportNoun, mapping: Mapping, evidence: Evidence, *, known: dict[str, list[str]]) -> list[Question]:
    questions: list[Question] = []
    for name, column in mapping.columns.items():
        seen = evidence.columns.get(column.column)
        if seen is not None and name in noun.fields:
            questions += _of_field(noun, noun.fields[name], column=column, seen=seen, known=known.get(name, []))
    if any(one.field == "phone" for one in questions):
        questions = [one for one in questions if one.field != "other_phone"]
    return [*questions, *money_question(mapping, evidence)] if "currency" in noun.fields else questions


def answered(mapping: Mapping, question: Question, answer: str) -> Mapping:
    """The mapping with one answer to one question; an empty answer leaves it open."""
    field, about, raw = question.field, question.about, question.raw
    if not answer:
        return mapping
    if about == "currency" and field == "currency":
        return replace(mapping, columns={**mapping.columns, field: Column(constant=answer[:3])})
    column = mapping.columns[field]
    if about == "value":
        said = {raw: raw} if answer == ADD else {raw: "" if answer == _EMPTY[0] else answer}
        column = replace(column, values={**column.values, **said}, add=(*column.add, raw) if answer == ADD else column.add)
    elif about == "currency":
        column = replace(column, currency=answer[:3])
    elif about == "format":
        column = replace(column, format=answer[:200])
    elif about == "decimal":
        column = replace(column, decimal=answer[:1])
    elif about == "country":
        column = replace(column, country=answer[:2])
        other = mapping.columns.get("other_phone")
        if field == "phone" and other and not other.country:
            # It is asked once for both columns of numbers.
            mapping = replace(mapping, columns={**mapping.columns, "other_phone": replace(other, country=answer[:2])})
    return replace(mapping, columns={**mapping.columns, field: column})


def settled(column: Column, field: Field, seen: Seen) -> dict[str, str]:
    """What the values decide beyond doubt: the formats of dates, the sign before a fraction. It goes into the mapping."""
    if field.parse in (fields.moment, fields.day) and not column.format:
        readings = days.formats_of(seen.values)
        if len(readings) == 1 and not all(_can_read(field, value, column.how) for value in seen.values):
            return {"format": days.ALTERNATIVES.join(readings[0])}
    if _is_number(field) and not column.decimal and amounts.decimals_of(seen.values) == {","}:
        return {"decimal": ","}
    return {}


def warnings(column: Column, field: Field, seen: Seen) -> list[_StrOrPromise]:
    """What would be refused or lost in this column as the mapping stands."""
    said: list[_StrOrPromise] = []
    mapped = [column.values.get(value, value) for value in seen.values]
    bad = [value for value in mapped if value and not _can_read(field, value, column.how)]
    if bad:
        said.append(_("%(n)s of the values looked at cannot be read, such as “%(value)s”.") % {"n": len(bad), "value": bad[0][:60]})
    if not seen.n_filled:
        said.append(_("The column is empty."))
    return said


_NUMBERS = (fields.amount, fields.price, fields.integer)


def _is_number(field: Field) -> bool:
    return field.parse in _NUMBERS or isinstance(field.parse, fields.ReadsNumber)


def _of_field(noun: ImportNoun, field: Field, *, column: Column, seen: Seen, known: list[str]) -> Iterator[Question]:
    if field.parse in (fields.moment, fields.day) and not column.format:
        yield from _day_question(field, seen)
    elif _is_number(field):
        yield from _decimal_question(field, column, seen)
        if isinstance(field.parse, fields.ReadsMoney) and not column.currency:
            yield from _currency_question(field.name, seen)
    elif isinstance(field.parse, fields.Picklist):
        yield from _picklist_questions(field, field.parse, column=column, seen=seen)
    elif field.name in ("phone", "other_phone") and not column.country:
        yield from _phone_question(field, seen)
    elif isinstance(field.parse, fields.Choice):
        yield from _choice_questions(noun, field.name, choice=field.parse, column=column, seen=seen)
    elif field.parse is fields.country:
        yield from _country_questions(field, column, seen)
    elif field.name in _MERGED and not seen.is_cut:
        yield from _merge_questions(field, column, seen=seen, known=known)


def _day_question(field: Field, seen: Seen) -> Iterator[Question]:
    readings = days.formats_of(seen.values)
    if len(readings) < 2:
        return
    sample = next(value for value in seen.values if len({_day_read(value, reading) for reading in readings}) > 1)
    answers: list[tuple[str, _StrOrPromise]] = [(days.ALTERNATIVES.join(reading), _day_read(sample, reading)) for reading in readings]
    yield Question(field.name, "format", _("Which day is “%(value)s”?") % {"value": sample[:40]}, answers, raw="")


def _day_read(value: str, reading: Iterable[str]) -> str:
    return date_format(days.read(value, days.ALTERNATIVES.join(reading)), "DATE_FORMAT")


def money_question(mapping: Mapping, evidence: Evidence) -> Iterator[Question]:
    """In which currency amounts are that carry the sign of several, such as $. One sign that leaves no doubt is settled already."""
    name = next((name for name in ("amount", "price") if name in mapping.columns), "")
    seen = evidence.columns.get(mapping.columns[name].column) if name else None
    if seen is None or "currency" in mapping.columns:
        return
    yield from _currency_question("currency", seen)


def _currency_question(field: str, seen: Seen) -> Iterator[Question]:
    sign = next((sign for sign in _SHARED for value in seen.values if sign in value), "")
    if sign:
        answers: list[tuple[str, _StrOrPromise]] = [(code, code) for code in _SHARED[sign]]
        yield Question(field, "currency", _("In which currency are amounts with “%(sign)s”?") % {"sign": sign}, answers, suggested=answers[0][0])


def currency_of(mapping: Mapping, evidence: Evidence) -> str:
    """The currency that all amounts with a sign name, or empty."""
    name = next((name for name in ("amount", "price") if name in mapping.columns), "")
    seen = evidence.columns.get(mapping.columns[name].column) if name else None
    named = {amounts.currency(value) for value in seen.values} - {""} if seen else set()
    return named.pop() if len(named) == 1 else ""


_SHARED = {"$": ("USD", "CAD", "AUD", "SGD", "HKD", "TWD"), "¥": ("JPY", "CNY"), "￥": ("JPY", "CNY")}
_REGIONS = ("KR", "JP", "US", "GB", "DE", "FR", "CN", "TW", "HK", "SG", "IN", "AU", "CA", "VN", "TH", "ID", "MX", "BR", "ES", "IT")


def _phone_question(field: Field, seen: Seen) -> Iterator[Question]:
    """Of which country numbers are that begin without +; those in which most can be read are proposed first."""
    local = [value for value in list(seen.values)[:100] if not _can_read(field, value, How())]
    if not local:
        return
    readable = {region: sum(_can_read(field, value, How(country=region)) for value in local) for region in _REGIONS}
    ranked = sorted(_REGIONS, key=lambda region: -readable[region])
    answers: list[tuple[str, _StrOrPromise]] = [(region, region) for region in ranked]
    suggested = ranked[0] if readable[ranked[0]] > readable[ranked[1]] else ""
    yield Question(field.name, "country", _("Of which country is a number like “%(value)s”?") % {"value": local[0][:40]}, answers, suggested=suggested)


def _decimal_question(field: Field, column: Column, seen: Seen) -> Iterator[Question]:
    if column.decimal or amounts.decimals_of(seen.values) != {".", ","}:
        return
    sample = next(value for value in seen.values if "," in value or "." in value)
    answers: list[tuple[str, _StrOrPromise]] = [(sign, f"{amounts.number(sample, sign):f}") for sign in (".", ",")]
    yield Question(field.name, "decimal", _("Which number is “%(value)s”?") % {"value": sample[:40]}, answers)


def _choice_questions(noun: ImportNoun, name: str, *, choice: fields.Choice, column: Column, seen: Seen) -> Iterator[Question]:
    known = synonyms.of_value(noun.name, name)
    for value in _open(seen, column):
        if choice.meant(value):
            continue
        suggested = known.get(synonyms.squeezed(value)) or _nearest(value, choice.allowed)
        answers: list[tuple[str, _StrOrPromise]] = [(one, choice.called(one)) for one in choice.allowed]
        yield Question(name, "value", _("What is “%(value)s” here?") % {"value": value[:60]}, [*answers, _EMPTY], raw=value, suggested=suggested)


def _picklist_questions(field: Field, picklist: fields.Picklist, *, column: Column, seen: Seen) -> Iterator[Question]:
    """What a value means that is none of the choices: one of them in another spelling, one more choice, or nothing."""
    open_ = dict.fromkeys(part for value, _n in seen.values.most_common() for part in picklist.parts(value))
    unknown = [part for part in open_ if part not in column.values and not picklist.knows(part)]
    for part in unknown[:_MOST]:
        answers: list[tuple[str, _StrOrPromise]] = [(label, label) for label in picklist.offered]
        add: tuple[str, _StrOrPromise] = (ADD, _("add “%(value)s” as a choice") % {"value": part[:60]})
        suggested = _same(part, picklist.offered) or _nearest(part, picklist.offered)
        yield Question(field.name, "value", _("What is “%(value)s” here?") % {"value": part[:60]}, [*answers, add, _EMPTY], raw=part, suggested=suggested)


# The answer that makes a value one more choice. No choice is called so: no name begins with a blank.
ADD = " +"
_EMPTY: tuple[str, _StrOrPromise] = ("-", _("leave it empty"))


def _country_questions(field: Field, column: Column, seen: Seen) -> Iterator[Question]:
    for value in _open(seen, column):
        if _can_read(field, value, column.how):
            continue
        near = difflib.get_close_matches(countries.folded(value), countries.names(), n=3, cutoff=0.75)
        answers: list[tuple[str, _StrOrPromise]] = [(countries.names()[name], f"{name.title()} ({countries.names()[name]})") for name in near]
        suggested = answers[0][0] if answers else ""
        yield Question(field.name, "value", _("Which country is “%(value)s”?") % {"value": value[:60]}, [*answers, _EMPTY], raw=value, suggested=suggested)


def _merge_questions(field: Field, column: Column, *, seen: Seen, known: list[str]) -> Iterator[Question]:
    """A value that is nearly another one, which comes more often or is known: is it a slip of the pen? The other is proposed."""
    usual = [*known, *(synonyms.INDUSTRIES if field.name == "industry" else ())]
    exact = set(known) | ({value for value in seen.values if value.casefold() in synonyms.INDUSTRIES} if field.name == "industry" else set())
    for value in _open(seen, column):
        if value in exact:
            continue
        others = [one for one, n in seen.values.items() if one != value and n > seen.values[value]]
        target = _same(value, [*usual, *others]) or _nearest(value, [*usual, *others])
        if target and target != value:
            keep: tuple[str, _StrOrPromise] = (value, _("keep “%(value)s”") % {"value": value[:60]})
            yield Question(
                field.name,
                "value",
                _("Is “%(value)s” the same as “%(other)s”?") % {"value": value[:60], "other": target[:60]},
                [(target, target), keep],
                raw=value,
                suggested=target,
            )


def _open(seen: Seen, column: Column) -> list[str]:
    """The values that the mapping says nothing about, the commonest first."""
    return [value for value, _n in seen.values.most_common() if value not in column.values][:_MOST]


def _same(value: str, others: Iterable[str]) -> str:
    """One of the others that differs in case, width, blanks and signs only."""
    return next((one for one in others if one != value and synonyms.squeezed(one) == synonyms.squeezed(value)), "")


def _nearest(value: str, others: Iterable[str]) -> str:
    """One of the others that differs in a letter or two. Short words and numbers differ in less than that by right."""
    word = synonyms.squeezed(value)
    if len(word) < 5 or any(sign.isdigit() for sign in word):
        return ""
    folded = {folded: one for one in reversed(list(others)) if abs(len(folded := synonyms.squeezed(one)) - len(word)) < 2}
    near = difflib.get_close_matches(word, folded, n=1, cutoff=_NEAR)
    return folded[near[0]] if near else ""


def _can_read(field: Field, value: str, how: How) -> bool:
    try:
        field.parse(value, how)
    except Refused:
        return False
    return True
