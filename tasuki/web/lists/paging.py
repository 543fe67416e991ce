"""Pages by keyset: a page begins at a signed place in the order, and no row is ever skipped by counting.

Rows without a value come last, in both directions. They are a stretch of their own, so that an index can be walked for the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core import signing
from django.core.exceptions import BadRequest, FieldDoesNotExist
from django.db.models import Case, F, Model, Q, QuerySet, Value, When
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _

PAGE = 50
_SALT = "tasuki.web.lists"


@dataclass(frozen=True)
class Order:
    """By the value at `path`, falling or rising; the id decides between equals."""

    path: str
    is_falling: bool
    # What the rows are ordered by where `path` is only its name.
    computed: Any = None
    # The values in their order, where they are few and their order is not that of an index: the pages walk them one by one.
    steps: tuple[Any, ...] = ()

    def named(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows with the value at `path`."""
        return rows if self.computed is None else rows.annotate(**{self.path: self.computed})

    def applied(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """All rows in this order, those without a value last."""
        value: Any = F(self.path)
        if self.steps:
            value = Case(*(When(Exact(self.computed, step), then=Value(nth)) for nth, step in enumerate(self.steps)))
        return self.named(rows).order_by(value.desc(nulls_last=True) if self.is_falling else value.asc(nulls_last=True), "-pk" if self.is_falling else "pk")


@dataclass(frozen=True)
class Window:
    """The rows of a page, and the places where the pages beside it begin ("" where there is none)."""

    rows: list[Any]
    before: str
    after: str


def window(rows: QuerySet[Any], order: Order, *, before: str, after: str) -> Window:
    """The page after or before a place, or the first. Raises BadRequest for a place that was not signed here, in this order."""
    rows = order.named(rows)
    if before:
        found = _walked(rows, order, place=_read(before, order), backwards=True)
        if len(found) > PAGE:
            shown = found[PAGE - 1 :: -1]
            return Window(shown, _place(order, shown[0]), _place(order, shown[-1]))
        # The start of a list is always a full page.
        after = ""
    found = _walked(rows, order, place=_read(after, order) if after else None, backwards=False)
    shown = found[:PAGE]
    return Window(shown, _place(order, shown[0]) if shown and after else "", _place(order, shown[-1]) if len(found) > PAGE else "")


def _walked(rows: QuerySet[Any], order: Order, *, place: list[Any] | None, backwards: bool) -> list[Any]:
    """Up to a page and one row, from the place on, in the direction of the walk."""
    stretches = _stretches(rows, order)
    is_split = len(stretches) > 1
    if backwards:
        stretches.reverse()
    if place is not None:
        stretches = stretches[stretches.index(_stretch_of(place, order)) :]
    found: list[Any] = []
    for nth, stretch in enumerate(stretches):
        here = _within(rows, order, stretch=stretch) if is_split else rows
        if place is not None and nth == 0:
            here = here.filter(_beyond(order, place, backwards=backwards))
        found += _ordered(here, order, has_value=stretch is _ANY, backwards=backwards)[: PAGE + 1 - len(found)]
        if len(found) > PAGE:
            break
    return found


# The stretch of all rows that have a value; those without one are the stretch None, and those of one step are named by it.
_ANY = object()


def _stretches(rows: QuerySet[Any], order: Order) -> list[Any]:
    if order.steps:
        return [*(reversed(order.steps) if order.is_falling else order.steps), None]
    return [_ANY, None] if order.computed is not None or _may_be_null(rows.model, order.path) else [_ANY]


def _stretch_of(place: list[Any], order: Order) -> Any:
    value = place[0]
    return value if value is None or value in order.steps else _ANY


def _within(rows: QuerySet[Any], order: Order, *, stretch: Any) -> QuerySet[Any]:
    if stretch is _ANY or stretch is None:
        return rows.filter(**{f"{order.path}__isnull": stretch is None})
    return rows.filter(**{order.path: stretch})


def _may_be_null(model: type[Model] | None, path: str) -> bool:
    """Whether a row may have no value there; what is not a field, and not computed for the order, always has one."""
    for step in path.split("__"):
        if model is None:
            return False
        try:
            field: Any = model._meta.get_field(step)
        except FieldDoesNotExist:
            return False
        if field.null:
            return True
        model = field.related_model
    return False


def _ordered(rows: QuerySet[Any], order: Order, *, has_value: bool, backwards: bool) -> QuerySet[Any]:
    sign = "-" if order.is_falling is not backwards else ""
    return rows.order_by(f"{sign}{order.path}", f"{sign}pk") if has_value else rows.order_by(f"{sign}pk")


def _place(order: Order, row: Model) -> str:
    return signing.dumps([_plain(_value(row, order.path)), row.pk], salt=_SALT + order.path, compress=True)


def _value(row: Any, path: str) -> Any:
    for step in path.split("__"):
        row = None if row is None else getattr(row, step)
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _read(place: str, order: Order) -> list[Any]:
    """A place is signed for its order: nobody can make one up, or read what a column hides by moving one about."""
    try:
        value, pk = signing.loads(place, salt=_SALT + order.path)
    except signing.BadSignature:
        raise BadRequest(_("This place in the list is not known any more; begin at its start.")) from None
    return [value, pk]


def _beyond(order: Order, place: list[Any], *, backwards: bool) -> Q:
    """Everything on one side of a place in its stretch."""
    value, pk = place
    side = "lt" if order.is_falling is not backwards else "gt"
    if value is None or value in order.steps:
        return Q(**{f"pk__{side}": pk})
    return Q(**{f"{order.path}__{side}": value}) | Q(**{order.path: value, f"pk__{side}": pk})
