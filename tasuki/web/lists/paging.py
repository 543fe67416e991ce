"""Pages by keyset: a page begins at a signed place in the order, and no row is ever skipped by counting.

The ids are walked first, with nothing joined but what the order needs; then the rows of one page are read with all that they show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core import signing
from django.core.exceptions import BadRequest, EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _

from tasuki.web.lists.orders import AtStep, Order, Stretch, beyond, key, position, value_at

PAGE = 50
_SALT = "tasuki.web.lists"


@dataclass(frozen=True)
class Window:
    """The rows of a page, and the places where the pages beside it begin ("" where there is none)."""

    rows: list[Any]
    before: str
    after: str


@dataclass(frozen=True)
class Place:
    """Where a row stands: in which stretch, or on which step, and its keys there."""

    stretch: str
    step: Any
    keys: list[Any]

    @property
    def pk(self) -> int:
        return int(self.keys[-1])


def window(rows: QuerySet[Any], order: Order, *, before: str, after: str, are_few: bool = False) -> Window:
    """The page after or before a place, or the first. Raises BadRequest for a place that was not signed here, in this order.

    Few rows are found first and then put in order; of many, the order is walked until a page is found.
    """
    walk = _Walk(order.named(rows), order, are_few)
    if before:
        found = walk.page(_read(before, order), backwards=True)
        if len(found) > PAGE:
            shown = found[PAGE - 1 :: -1]
            return Window(_loaded(rows, shown), _signed(order, shown[0]), _signed(order, shown[-1]))
        # The start of a list is always a full page.
        after = ""
    found = walk.page(_read(after, order) if after else None, backwards=False)
    shown = found[:PAGE]
    is_more = len(found) > PAGE
    return Window(_loaded(rows, shown), _signed(order, shown[0]) if shown and after else "", _signed(order, shown[-1]) if is_more else "")


def last_place(rows: QuerySet[Any], order: Order) -> str:
    """Where the last full page begins; "" when there is no more than that."""
    found = _Walk(order.named(rows), order, are_few=False).page(None, backwards=True)
    return _signed(order, found[-1]) if len(found) > PAGE else ""


def place_of(order: Order, row: Any) -> str:
    """Where a row stands that was read with all that the order goes by."""
    stretch = order.stretch_of(row)
    step = value_at(row, order.stepped) if stretch.steps else None
    return _signed(order, Place(stretch.name, step, [value_at(row, one) for one in stretch.keys]))


def _loaded(rows: QuerySet[Any], places: Sequence[Place]) -> list[Any]:
    """The rows at these places, with what a list shows of them."""
    listed: Any = rows.model._default_manager
    by_id = {row.pk: row for row in listed.for_listing().filter(pk__in=[place.pk for place in places])} if places else {}
    return [by_id[place.pk] for place in places if place.pk in by_id]


@dataclass(frozen=True)
class _Walk:
    rows: QuerySet[Any]
    order: Order
    are_few: bool

    def page(self, place: Place | None, *, backwards: bool) -> list[Place]:
        """Up to a page and one row, from the place on, in the direction of the walk."""
        stretches = self.order.stretches[::-1] if backwards else self.order.stretches
        if place is not None:
            at = next((nth for nth, one in enumerate(stretches) if one.name == place.stretch), None)
            if at is None or len(place.keys) != len(stretches[at].keys) or (stretches[at].steps and place.step not in stretches[at].steps):
                raise _unknown_place()
            stretches = stretches[at:]
        found: list[Place] = []
        for nth, stretch in enumerate(stretches):
            start = place if nth == 0 else None
            found += self._through(stretch, start, is_falling=self.order.is_falling is not backwards, most=PAGE + 1 - len(found))
            if len(found) > PAGE:
                break
        return found

    def _through(self, stretch: Stretch, place: Place | None, *, is_falling: bool, most: int) -> list[Place]:
        if stretch.steps:
            return self._by_steps(stretch, place, is_falling=is_falling, most=most)
        here = self.rows.filter(stretch.where if place is None or is_falling or stretch.behind is None else stretch.behind)
        if place is not None:
            here = here.filter(beyond(self.order, stretch.keys, place.keys, is_falling=is_falling))
        return [Place(stretch.name, None, list(keys)) for keys in self._first(here, stretch.keys, is_falling=is_falling, most=most)]

    def _by_steps(self, stretch: Stretch, place: Place | None, *, is_falling: bool, most: int) -> list[Place]:
        steps = stretch.steps[::-1] if is_falling else stretch.steps
        # A step of another table may have very many rows there and none here: no index leads past it.
        if self.are_few or "__" in self.order.stepped:
            return self._in_steps(stretch, place, is_falling=is_falling, most=most)
        found: list[Place] = []
        if place is not None:
            here = self.rows.filter(**{self.order.stepped: place.step}).filter(beyond(self.order, stretch.keys, place.keys, is_falling=is_falling))
            found = [Place(stretch.name, place.step, list(keys)) for keys in self._first(here, stretch.keys, is_falling=is_falling, most=most)]
            steps = steps[steps.index(place.step) + 1 :]
        if len(found) < most and steps:
            found += [Place(stretch.name, step, keys) for step, *keys in self._step_by_step(stretch, steps, is_falling=is_falling, most=most - len(found))]
        return found

    def _in_steps(self, stretch: Stretch, place: Place | None, *, is_falling: bool, most: int) -> list[Place]:
        """All steps at once, put in order by their positions."""
        keys = (position(self.order), *stretch.keys)
        here = self.rows.filter(stretch.where)
        if place is not None:
            values = [self.order.steps.index(place.step) + 1, *place.keys]
            here = here.filter(beyond(self.order, keys, values, is_falling=is_falling))
        found = self._first(here, keys, is_falling=is_falling, most=most)
        return [Place(stretch.name, self.order.steps[at - 1], list(own)) for at, *own in found]

    def _first(self, rows: QuerySet[Any], keys: Sequence[Any], *, is_falling: bool, most: int) -> list[Sequence[Any]]:
        """The keys of the first rows in the order of the keys."""
        asked = _keys_of(rows, keys)
        if not self.are_few:
            return list(asked.order_by(*_by(keys, is_falling=is_falling))[:most])
        # Not in one: to save the sorting of few rows, PostgreSQL would walk an index through all the others.
        turned = ", ".join(f"{nth + 1} {'DESC' if is_falling else 'ASC'}" for nth in range(len(keys)))
        return _fetched(asked.order_by(), "WITH found AS MATERIALIZED ({rows}) SELECT * FROM found ORDER BY {turned} LIMIT {most}", turned=turned, most=most)

    def _step_by_step(self, stretch: Stretch, steps: Sequence[Any], *, is_falling: bool, most: int) -> list[Sequence[Any]]:
        """The first rows of each step after the other; the walk ends with the step that fills the page."""
        stepped = F(self.order.stepped)
        here = self.rows.filter(Exact(stepped, AtStep(output_field=_field_at(self.rows, self.order.stepped))))
        asked = _keys_of(here, stretch.keys).order_by(*_by(stretch.keys, is_falling=is_falling))[:most]
        statement = "SELECT step.value, hit.* FROM unnest(%s::{kind}[]) WITH ORDINALITY AS step(value, nth) CROSS JOIN LATERAL ({rows}) AS hit LIMIT {most}"
        return _fetched(asked, statement, [list(steps)], kind="bigint" if isinstance(steps[0], int) else "text", most=most)


def _keys_of(rows: QuerySet[Any], keys: Sequence[Any]) -> QuerySet[Any]:
    named = {f"key_{nth}": key(one) for nth, one in enumerate(keys)}
    return rows.values_list(*named.values())


def _by(keys: Sequence[Any], *, is_falling: bool) -> list[Any]:
    expressions = [key(one) for one in keys]
    return [one.desc() if is_falling else one.asc() for one in expressions]


def _fetched(rows: QuerySet[Any], statement: str, first: Sequence[Any] = (), **parts: object) -> list[Sequence[Any]]:
    """What the statement around the question for these rows answers."""
    try:
        question, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement.format(rows=question, **parts), [*first, *values])
        return list(cursor.fetchall())


def _field_at(rows: QuerySet[Any], path: str) -> Any:
    return rows.query.resolve_ref(path, True, None, False).output_field


def _signed(order: Order, place: Place) -> str:
    return signing.dumps([place.stretch, place.step, [_plain(value) for value in place.keys]], salt=_SALT + order.path, compress=True)


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _read(place: str, order: Order) -> Place:
    """A place is signed for its order: nobody can make one up, or read what a column hides by moving one about."""
    try:
        stretch, step, keys = signing.loads(place, salt=_SALT + order.path)
    except (signing.BadSignature, ValueError, TypeError):
        raise _unknown_place() from None
    return Place(stretch, step, keys)


def _unknown_place() -> BadRequest:
    return BadRequest(_("This place in the list is not known any more; begin at its start."))
