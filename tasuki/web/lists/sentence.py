"""The filter as a sentence: each clause in the reader's words, with the addresses of what it can become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from babel.lists import format_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tasuki.core.filters import sentences
from tasuki.core.filters.errors import FilterWrong
from tasuki.core.filters.fields import UNITS, Field, Kind, Operator
from tasuki.core.filters.sentences import Clause, Group, Of
from tasuki.core.people import User
from tasuki.web import formats
from tasuki.web.lists.spec import Spec
from tasuki.web.lists.state import State

# A clause's place: "2" is the third part, "2.0" the first part of that group.
Place = str

_VALUES_SHOWN = 3


@dataclass(frozen=True)
class Chip:
    """One clause to look at and to change. `words` come before, within (bold) and after the values, in the order of the reader's language."""

    place: Place
    field: Field
    clause: Clause
    words: tuple[str, str, str]
    options: list[tuple[str, str, bool]]
    without: str
    is_open: bool = False


@dataclass(frozen=True)
class Bracket:
    """A group among the clauses: of `any of` or `none of` its chips."""

    place: Place
    label: str
    chips: list[Chip | Bracket]
    without: str


class Sentence:
    """Writes the chips of one state for one reader; asks for the options of a field once."""

    def __init__(self, state: State, spec: Spec, reader: User) -> None:
        self.state, self.spec, self.reader = state, spec, reader
        self.options = cache(self._options)

    def chips(self, *, adding: str = "", to: Place = "") -> list[Chip | Bracket]:
        """All parts in order; with a chip for a new clause of the field `adding`, open, in the group at `to`, when one is asked for."""
        return self._parts(self.state.filter, "", adding=adding, to=to)

    def _parts(self, group: Group, place: Place, *, adding: str, to: Place) -> list[Chip | Bracket]:
        found: list[Chip | Bracket] = []
        for nth, part in enumerate(group.parts):
            here = f"{place}.{nth}" if place else str(nth)
            if isinstance(part, Group):
                found.append(Bracket(here, group_label(part.of), self._parts(part, here, adding=adding, to=to), self._without(here)))
            else:
                found.append(self._chip(part, here))
        if adding and to == place:
            field = self.spec.fields.get(adding)
            found.append(self._new(field, f"{place}.{len(group.parts)}" if place else str(len(group.parts))))
        return found

    def _chip(self, clause: Clause, place: Place) -> Chip:
        field = self.spec.fields.get(clause.field)
        options = [(value, label, value in clause.values) for value, label in self.options(field)]
        # What is asked for stays to be chosen, also when no row has it now.
        known = {value for value, _label, _is_so in options}
        others = [value for value in clause.values if field.options and value not in known]
        called = field.names(self.reader, others) if field.names and others else {}
        options += [(value, called.get(value, value), True) for value in others]
        return Chip(place, field, clause, self._words(clause, field), options, self._without(place))

    def _new(self, field: Field, place: Place) -> Chip:
        options = [(value, label, False) for value, label in self.options(field)]
        return Chip(place, field, Clause(field.key, field.operators[0].value), (str(field.label), "…", ""), options, self.state.address(), is_open=True)

    def _options(self, field: Field) -> tuple[tuple[str, str], ...]:
        return tuple(field.options(self.reader)) if field.options else ()

    def _without(self, place: Place) -> str:
        return self.state.with_(filter=changed(self.state.filter, place, None)).address()

    def _words(self, clause: Clause, field: Field) -> tuple[str, str, str]:
        values = _join([self._value(value, clause, field) for value in clause.values], clause.operator)
        label = Operator(clause.operator).label if clause.operator in Operator.values else clause.operator
        before, _sign, after = str(label).partition("…")
        return f"{field.label} {before}".strip(), values, after.strip()

    def _value(self, value: str, clause: Clause, field: Field) -> str:
        if field.kind in (Kind.DATE, Kind.MOMENT):
            return time_in_words(value)
        labels: Mapping[str, str] = dict(self.options(field))
        if value not in labels and field.names:
            labels = field.names(self.reader, clause.values)
        return labels.get(value, value)


def group_label(of: Of) -> str:
    return {Of.ALL: _("all of"), Of.ANY: _("any of"), Of.NONE: _("none of")}[of]


def time_in_words(value: str) -> str:
    """`today`, `quarter`, `30 days` or a date, as people say it."""
    near = {"today": _("today"), "yesterday": _("yesterday"), "tomorrow": _("tomorrow")}
    if value in near:
        return near[value]
    if value in UNITS:
        return str(UNITS[value])
    n, _space, unit = value.partition(" ")
    if n.isdecimal() and unit.rstrip("s") in UNITS:
        return amount_in_words(int(n[:6]), unit.rstrip("s"))
    try:
        return formats.day(date.fromisoformat(value))
    except ValueError:
        return value


def amount_in_words(n: int, unit: str) -> str:
    words = {
        "day": ngettext("%(n)s day", "%(n)s days", n),
        "week": ngettext("%(n)s week", "%(n)s weeks", n),
        "month": ngettext("%(n)s month", "%(n)s months", n),
        "quarter": ngettext("%(n)s quarter", "%(n)s quarters", n),
        "year": ngettext("%(n)s year", "%(n)s years", n),
    }
    return words[unit] % {"n": n}


def _join(values: list[str], operator: str) -> str:
    """The first few values, and how many more."""
    more = len(values) - _VALUES_SHOWN
    shown = values[:_VALUES_SHOWN] if more > 0 else values
    if more > 0:
        shown = [*shown, ngettext("%(n)s more", "%(n)s more", more) % {"n": more}]
    return format_list(shown, style="standard" if operator in (Operator.BETWEEN, Operator.HAS_ALL) else "or", locale=formats.locale())


def changed(group: Group, place: Place, part: Clause | Group | None) -> Group:
    """The filter with another part at a place, without it (None), or with one more (the place after the last). Raises FilterWrong for no place."""
    first, _dot, rest = place.partition(".")
    if not first.isdecimal() or int(first) > len(group.parts) or len(first) > 3:
        raise FilterWrong(_("The filter has changed meanwhile; look at it again."))
    nth = int(first)
    if not rest:
        return _replaced(group, nth, part)
    inner = group.parts[nth] if nth < len(group.parts) else None
    if not isinstance(inner, Group):
        raise FilterWrong(_("The filter has changed meanwhile; look at it again."))
    smaller = changed(inner, rest, part)
    return _replaced(group, nth, smaller if smaller.parts else None)


def _replaced(group: Group, nth: int, part: Clause | Group | None) -> Group:
    if nth == len(group.parts):
        return sentences.with_part_added(group, part) if part else group
    return sentences.with_part(group, nth, part) if part else sentences.without(group, nth)
