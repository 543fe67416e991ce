"""Groups that are stretches of time: a row finds its own by a search among their bounds, where it would be asked about one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, DateField, DateTimeField, F, Field, Func, IntegerField, Q, Value, When

from tasuki.core.filters.binding import Condition, Meaning
from tasuki.core.filters.fields import Kind, Operator

# From, until (None: without end), and the number of the group.
_Span = tuple[date | None, date | None, int]


def told(meanings: Sequence[Meaning]) -> Any | None:
    """The number of the group in which a row stands, NULL for none, as an expression; None where the groups are not stretches of one field that
    follow each other, with or without one of what has no value."""
    asked = [one for meaning in meanings if (one := _alone(meaning))]
    if len(asked) < len(meanings) or not asked or any(one.field.path != asked[0].field.path for one in asked):
        return None
    path, missing = asked[0].field.path, [nth for nth, one in enumerate(asked) if one.operator is Operator.FILLED]
    spans = sorted(((*one.value, nth) for nth, one in enumerate(asked) if one.operator is not Operator.FILLED), key=_from)
    if not spans or len(missing) > 1 or not _follow(spans):
        return None
    bounds, groups = _bounds(spans)
    number = _number(path, bounds, groups)
    return Case(When(Q(**{f"{path}__isnull": True}), then=Value(missing[0])), default=number, output_field=IntegerField(null=True)) if missing else number


def _alone(meaning: Meaning) -> Condition | None:
    """The only condition of a group, if it is of a time that stands in a column: within a stretch, or that there is none."""
    if len(meaning.parts) != 1 or not isinstance(one := meaning.parts[0], Condition):
        return None
    is_time = one.field.kind in (Kind.DATE, Kind.MOMENT) and not (one.field.through or one.field.computed)
    return one if is_time and one.is_negated == (one.operator is Operator.FILLED) else None


def _from(span: _Span) -> tuple[bool, Any]:
    return span[0] is not None, span[0] or 0


def _follow(spans: Sequence[_Span]) -> bool:
    """Whether each is a stretch of its own, and over before the next begins."""
    ends = [until for _first, until, _nth in spans]
    starts = [first for first, _until, _nth in spans[1:]]
    return all(start and end and end <= start for start, end in zip(starts, ends, strict=False)) and all(
        first is None or until is None or first < until for first, until, _nth in spans
    )


def _bounds(spans: Sequence[_Span]) -> tuple[list[date], list[int | None]]:
    """All bounds in their order, and the group before the first, between each two, and behind the last; None where there is a gap."""
    bounds: list[date] = []
    groups: list[int | None] = [None]
    for first, until, nth in spans:
        if first is not None and (not bounds or bounds[-1] != first):
            bounds.append(first)
            groups.append(nth)
        else:
            groups[-1] = nth
        if until is not None:
            bounds.append(until)
            groups.append(None)
    return bounds, groups


def _number(path: str, bounds: Sequence[date], groups: Sequence[int | None]) -> Any:
    of: Field[Any, Any] = DateTimeField() if isinstance(bounds[0], datetime) else DateField()
    return Func(
        F(path),
        Value(list(bounds), output_field=ArrayField(of)),
        template="(ARRAY[%(groups)s]::int[])[1 + width_bucket(%(expressions)s)]",
        groups=", ".join("NULL" if nth is None else str(nth) for nth in groups),
        output_field=IntegerField(null=True),
    )
