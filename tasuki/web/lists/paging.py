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
from django.db.models import QuerySet

from tasuki.core.search.narrowing import Ways
from tasuki.web.lists import walking
from tasuki.web.lists.efforts import Effort
from tasuki.web.lists.orders import Order, value_at
from tasuki.web.lists.walking import Place, Walk, unknown_place

_SALT = "tasuki.web.lists"


@dataclass(frozen=True)
class Window:
    """The rows of a page, and the places where the pages beside it begin ("" where there is none)."""

    rows: list[Any]
    before: str
    after: str


def window(
    rows: QuerySet[Any], order: Order, *, before: str, after: str, by: Effort | None = None, ways: Ways | None = None, reads: Sequence[str] = ()
) -> Window:
    """The page after or before a place, or the first. Raises BadRequest for a place that was not signed here, in this order.

    `ways` are other ways to ask for the same rows, where there are any; `reads` are the paths of what is read with them beside what every list shows.
    """
    walk = Walk(order.named(rows), order, by or Effort(), ways or Ways(rows))
    if before:
        found = walk.page(_read(before, order), backwards=True)
        if len(found) > walking.PAGE:
            shown = found[walking.PAGE - 1 :: -1]
            return Window(_loaded(rows, shown, reads), _signed(order, shown[0]), _signed(order, shown[-1]))
        # The start of a list is always a full page.
        after = ""
    found = walk.page(_read(after, order) if after else None, backwards=False)
    shown = found[: walking.PAGE]
    is_more = len(found) > walking.PAGE
    return Window(_loaded(rows, shown, reads), _signed(order, shown[0]) if shown and after else "", _signed(order, shown[-1]) if is_more else "")


def last_place(rows: QuerySet[Any], order: Order) -> str:
    """Where the last full page begins; "" when there is no more than that."""
    found = Walk(order.named(rows), order, Effort(), Ways(rows)).page(None, backwards=True)
    return _signed(order, found[-1]) if len(found) > walking.PAGE else ""


def place_of(order: Order, row: Any) -> str:
    """Where a row stands that was read with all that the order goes by."""
    stretch = order.stretch_of(row)
    step = value_at(row, order.stepped) if stretch.steps else None
    return _signed(order, Place(stretch.name, step, [value_at(row, one) for one in stretch.keys]))


def _loaded(rows: QuerySet[Any], places: Sequence[Place], reads: Sequence[str]) -> list[Any]:
    """The rows at these places, with what a list shows of them."""
    listed: Any = rows.model._default_manager
    by_id = {row.pk: row for row in listed.for_listing().prefetch_related(*reads).filter(pk__in=[place.pk for place in places])} if places else {}
    return [by_id[place.pk] for place in places if place.pk in by_id]


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
        raise unknown_place() from None
    return Place(stretch, step, keys)
