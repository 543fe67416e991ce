"""The filter as a sentence: each clause in the reader's words, with the addresses of what it can become."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from babel.lists import format_list
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tasuki.core.filters.fields import UNITS, Field, Kind, Operator
from tasuki.core.filters.sentences import Clause, Group, Of
from tasuki.core.people import User
from tasuki.web import formats, name_widget
from tasuki.web.lists import brackets
from tasuki.web.lists.brackets import Place, changed
from tasuki.web.lists.chip_forms import Form, forms
from tasuki.web.lists.choices import Choices
from tasuki.web.lists.named import Named
from tasuki.web.lists.spec import Spec
from tasuki.web.lists.state import State

_VALUES_SHOWN = 3


@dataclass(frozen=True)
class Way:
    """What a part can become, and the address of that; `is_now`: it is so."""

    label: str
    href: str
    is_now: bool = False


@dataclass(frozen=True)
class Chip:
    """One clause to look at and to change. `words` come before, within (bold) and after the values, in the order of the reader's language.

    `ways` are the groups that it can be made the first of.
    """

    place: Place
    field: Field
    clause: Clause
    words: tuple[str, str, str]
    forms: list[Form]
    ways: list[Way]
    without: str
    is_open: bool = False
    is_asked_again: bool = False

    def name_field(self, there: Named) -> SafeString:
        """The field for one more name."""
        return name_widget.alone(there.sent_as, address=there.address, label=there.label, id_=f"v-{self.place.replace('.', '-')}")


@dataclass(frozen=True)
class Bracket:
    """A group among the clauses. `kinds` are what it can ask of its chips: all, any, or none; `ways` are the groups that it can be made the first of.

    `joint` stands before one more part; `is_asked`: the fields for that part are shown open.
    """

    place: Place
    label: str
    joint: str
    chips: list[Chip | Bracket]
    kinds: list[Way]
    ways: list[Way]
    apart: str
    without: str
    is_asked: bool


class Sentence:
    """Writes the chips of one state for one reader."""

    def __init__(self, state: State, spec: Spec, reader: User, *, choices: Choices | None = None) -> None:
        self.state, self.spec = state, spec
        self.choices = choices or Choices(spec, reader, [state.filter])
        self.opened, self.typed = "", ""

    def chips(self, *, adding: str = "", to: Place = "", opened: Place = "", typed: str = "") -> list[Chip | Bracket]:
        """All parts in order; with a chip for a new clause of the field `adding`, open, in the group at `to`, when one is asked for.

        `opened` is the place of a chip that is shown open; `typed` a name that fits several, whom the open chip offers.
        """
        self.opened, self.typed = opened, typed
        return self._parts(self.state.filter, "", adding=adding, to=to)

    def _parts(self, group: Group, place: Place, *, adding: str, to: Place) -> list[Chip | Bracket]:
        found: list[Chip | Bracket] = []
        for nth, part in enumerate(group.parts):
            here = f"{place}.{nth}" if place else str(nth)
            if isinstance(part, Group):
                found.append(self._bracket(part, here, within=group.of, adding=adding, to=to))
            else:
                found.append(self._chip(part, here, within=group.of))
        if adding and to == place:
            field = self.spec.fields.get(adding)
            found.append(self._new(field, f"{place}.{len(group.parts)}" if place else str(len(group.parts))))
        return found

    def _bracket(self, group: Group, place: Place, *, within: Of, adding: str, to: Place) -> Bracket:
        kinds = [Way(brackets.label(of), self._with(place, replace(group, of=of)), is_now=of is group.of) for of in (Of.ANY, Of.ALL, Of.NONE)]
        apart = self.state.with_(filter=brackets.in_its_stead(self.state.filter, place, group.parts)).address()
        return Bracket(
            place,
            brackets.label(group.of),
            brackets.joint(group.of),
            self._parts(group, place, adding=adding, to=to),
            kinds=kinds,
            ways=self._ways(group, place, within=within),
            apart=apart,
            without=self._with(place, None),
            is_asked=to == place and not adding,
        )

    def _ways(self, part: Clause | Group, place: Place, *, within: Of) -> list[Way]:
        """Their addresses ask at once what is to stand beside it."""
        ways = brackets.wrappings(part, place, within=within)
        return [Way(words, self._with(place, Group(of, (part,)), to=place)) for of, words in ways.items()]

    def _chip(self, clause: Clause, place: Place, *, within: Of) -> Chip:
        field, is_asked_again = self.spec.fields.get(clause.field), place == self.opened
        shown = forms(field, clause, self.choices, fitting=self._fitting(field) if is_asked_again else ())
        ways = self._ways(clause, place, within=within)
        return Chip(place, field, clause, self._words(clause, field), shown, ways, self._with(place, None), is_asked_again=is_asked_again)

    def _new(self, field: Field, place: Place) -> Chip:
        clause, words = Clause(field.key, field.operators[0].value), (str(field.label), "…", "")
        shown = forms(field, clause, self.choices, fitting=self._fitting(field))
        return Chip(place, field, clause, words, shown, [], self.state.address(), is_open=True)

    def _fitting(self, field: Field) -> list[tuple[str, str]]:
        there = self.choices.named(field) if self.typed else None
        return there.fitting(self.typed) if there else []

    def _with(self, place: Place, part: Clause | Group | None, **more: str) -> str:
        """The address of the filter with another part at a place, or without it."""
        return self.state.with_(filter=changed(self.state.filter, place, part)).address(**more)

    def _words(self, clause: Clause, field: Field) -> tuple[str, str, str]:
        if field.kind in (Kind.DATE, Kind.MOMENT):
            said = [time_in_words(value) for value in clause.values]
        else:
            called = self.choices.called(field, clause.values, clause.operator)
            said = [called[value] for value in clause.values]
        label = Operator(clause.operator).label if clause.operator in Operator.values else clause.operator
        before, _sign, after = str(label).partition("…")
        return f"{field.label} {before}".strip(), _join(said, clause.operator), after.strip()


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
