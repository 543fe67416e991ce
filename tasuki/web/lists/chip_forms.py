"""The forms in which a clause is filled in: operators that take the same values share one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tasuki.core.filters.fields import Field, Kind, Operator
from tasuki.core.filters.sentences import Clause
from tasuki.web.lists.choices import Choices
from tasuki.web.lists.named import Named

_O = Operator
_TICKED = (("ticks", (_O.IS, _O.IS_NOT, _O.HAS_ANY, _O.HAS_ALL, _O.HAS_NONE)),)
_WHOSE = (("ticks", (_O.IS, _O.IS_NOT)), ("ticks", (_O.IN_TEAM,)))
_SIZE = (("value", (_O.IS, _O.IS_NOT, _O.OVER, _O.UNDER, _O.AT_LEAST, _O.AT_MOST)), ("range", (_O.BETWEEN,)))
_TIME = (
    ("amount", (_O.PAST, _O.COMING, _O.OLDER_THAN)),
    ("unit", (_O.THIS, _O.PREVIOUS, _O.NEXT)),
    ("day", (_O.ON, _O.BEFORE, _O.AFTER)),
    ("days", (_O.BETWEEN,)),
)
# The shapes of the forms of each kind, and the operators that each is for.
_SHAPES: Mapping[Kind, Sequence[tuple[str, tuple[Operator, ...]]]] = {
    Kind.TEXT: (("value", (_O.CONTAINS, _O.LACKS, _O.IS, _O.IS_NOT, _O.STARTS_WITH)),),
    Kind.WHOLE: _SIZE,
    Kind.NUMBER: _SIZE,
    Kind.MONEY: _SIZE,
    Kind.DATE: _TIME,
    Kind.MOMENT: _TIME,
    Kind.PERSON: _WHOSE,
    Kind.TEAM: _WHOSE,
    Kind.CHECKBOX: (),
}
# Of these a clause may have several values.
_SAME = (_O.IS, _O.IS_NOT)


@dataclass(frozen=True)
class Form:
    """`values` are those of the clause, where its operator is of this form; `options` are (value, label, ticked); `named` where more can be named."""

    shape: str
    operators: tuple[Operator, ...]
    values: tuple[str, ...] = ()
    options: tuple[tuple[str, str, bool], ...] = ()
    named: Named | None = None


def forms(field: Field, clause: Clause, choices: Choices, *, fitting: Sequence[tuple[str, str]] = ()) -> list[Form]:
    """The form that the clause would have been written in comes first, filled as it is. `fitting` are more values to tick."""
    found = [Form(shape, asked) for shape, of in _shapes(field, clause) if (asked := tuple(one for one in of if one in field.operators))]
    found = [replace(form, values=clause.values) if clause.operator in form.operators else form for form in found]
    found.sort(key=lambda form: clause.operator not in form.operators)
    return [_with_ticks(form, field, choices=choices, fitting=fitting) if form.shape == "ticks" else form for form in found]


def _shapes(field: Field, clause: Clause) -> Sequence[tuple[str, tuple[Operator, ...]]]:
    shapes = _SHAPES.get(field.kind, _TICKED)
    # What is one of several texts or numbers has a field for each of them, and one more.
    if clause.operator in _SAME and clause.values and shapes[0][0] == "value":
        return [("values", _SAME), ("value", tuple(one for one in shapes[0][1] if one not in _SAME)), *shapes[1:]]
    return shapes


def _with_ticks(form: Form, field: Field, *, choices: Choices, fitting: Sequence[tuple[str, str]]) -> Form:
    operator = form.operators[0] if len(form.operators) == 1 else Operator.IS
    offered = choices.offered(field, operator)
    # What is asked for stays to be chosen, also when no row has it now.
    known = {value for value, _label in offered}
    others = [value for value in form.values if value not in known]
    called = choices.called(field, others, operator) if others else {}
    options = [*((value, label, value in form.values) for value, label in offered), *((value, called[value], True) for value in others)]
    if operator is Operator.IN_TEAM:
        return replace(form, options=tuple(options))
    more = [(value, label, False) for value, label in fitting if value not in form.values]
    return replace(form, options=(*options, *more), named=choices.named(field))
