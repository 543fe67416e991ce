"""How the page of a filter is looked for: by walking the order until enough rows fit, or by finding all rows that fit and putting them in order.

The fewer rows fit, the longer the walk. So the two are weighed, and a walk that was chosen against finding ends when it has gone too far:
the rows that fit may all stand at the other end of the order, as names in one script do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Index, Model, Q

from tasuki.core.filters import apart
from tasuki.core.filters.binding import Condition
from tasuki.core.filters.fields import Kind, Operator
from tasuki.core.filters.sentences import Of
from tasuki.web.lists import counting

if TYPE_CHECKING:
    from tasuki.core.filters.binding import Meaning
    from tasuki.web.lists.orders import Order

# So few are found at once, without weighing; of so many the order is always walked, to its end if need be.
_FEW, _MANY = 500, 30_000
# A page, and one row that says there is another.
_PAGE = 51
# A walk goes no further than so many times what it is expected to take.
PATIENCE = 3
# So far goes a walk of which nothing is expected.
_TRIED = 3_000
# Of an order by another record, a row that is walked past takes as long as so many that are found; a row that is found, as so many records that are
# passed by the index of their names alone.
_DEARER, _CHEAPER = 5, 25
# To pass all is said with a limit nevertheless: behind one, PostgreSQL keeps them in their order.
ALL = 10**9
_ONE_OF = (Kind.CHOICE, Kind.PERSON, Kind.TEAM, Kind.RECORD)


@dataclass(frozen=True)
class Effort:
    """`tried` rows are walked first, `along` one value whose rows an index has in the order; then few rows are all found, of many the order is walked on.

    Of an order by a record to which each row points, so many of those records are `passed` before the rows are found.
    """

    tried: int = 0
    are_few: bool = False
    passed: int = 0
    along: Q = field(default_factory=Q)


def of_search(order: Order, n_fitting: int, *, is_often: bool) -> Effort:
    """The same for rows that hold some words. How many hold a word that very many records hold, the planner cannot tell."""
    if is_often:
        return Effort(tried=_TRIED if n_rows(order.model) > _TRIED else 0)
    return Effort(are_few=n_fitting <= _MANY)


def weighed(order: Order, n_fitting: int, meaning: Meaning | None = None, *, is_looked_up: bool = False) -> Effort:
    """What takes least where about so many rows fit what is meant; `is_looked_up`: who sees a row is asked of other records."""
    if n_fitting <= _FEW:
        return Effort(are_few=True)
    along = _along(order, meaning)
    if n_fitting > _MANY:
        if along and not is_looked_up:  # nothing but rows of that value is passed
            return Effort()
        # What is asked of another record may hold of none for very long: names in one script, and the country that writes it.
        if not is_looked_up and (meaning is None or not apart.of(meaning, order.model)):
            return Effort()
        return Effort(PATIENCE * _expected(_n_along(order, along, meaning=meaning, n_fitting=n_fitting), n_fitting), along=along)
    n_along = _n_along(order, along, meaning=meaning, n_fitting=n_fitting)
    expected = _expected(n_along, n_fitting)
    if order.relation and not along and not is_looked_up:
        return _by_another(order, n_fitting, expected=expected)
    return Effort(PATIENCE * expected, are_few=True, along=along) if 2 * expected < n_fitting else Effort(are_few=True)


def _by_another(order: Order, n_fitting: int, *, expected: int) -> Effort:
    """The same for an order by another record, whose name is looked up for each row, whether it is walked past or found."""
    # Of so many as were counted at most there may be far more than the planner expects, and then the page is full soon.
    tried = n_fitting // _DEARER if expected * _DEARER < n_fitting or n_fitting == counting.COUNTED + 1 else 0
    if order.named_by is None:
        return Effort(tried, are_few=True)
    n_there, instead = n_rows(order.named_by), n_fitting * _CHEAPER
    if _expected(n_there, n_fitting) * 2 > instead:
        return Effort(tried, are_few=True)
    # What is found in vain costs half as much again at most; to pass the last half is no longer than to find all rows.
    return Effort(tried, are_few=True, passed=instead // 2 if instead * 2 < n_there else ALL)


def _n_along(order: Order, along: Q, *, meaning: Meaning | None, n_fitting: int) -> int:
    """How many rows there are to be walked."""
    if along and meaning and len(meaning.parts) == 1:
        return n_fitting
    return counting.estimated(order.model._default_manager.filter(along)) if along else n_rows(order.model)


def _expected(n_walked: int, n_fitting: int) -> int:
    """How many rows a walk for a page takes, where those that fit stand evenly among them."""
    return _PAGE * max(n_walked, n_fitting) // n_fitting


def _along(order: Order, meaning: Meaning | None) -> Q:
    """A condition on one value that the rows must have, or the record by whose value they are ordered, if an index has those of each value
    in the order; else none."""
    asked = [part for part in meaning.parts if isinstance(part, Condition)] if meaning and meaning.of is Of.ALL else []
    for one in asked:
        is_one = one.operator is Operator.IS and not one.is_negated and len(one.value) == 1 and one.field.kind in _ONE_OF
        way, _, name = one.field.path.removesuffix("_id").rpartition("__")
        by = order.path.removeprefix(f"{way}__" if way else "")
        if is_one and way == order.relation and _has_index(_at(order.model, way), name, by, value=one.value[0]):
            return Q(**{one.field.path: one.value[0]})
    return Q()


def _at(model: Any, way: str) -> Any:
    """The model to which a way leads."""
    for step in way.split("__") if way else ():
        model = model._meta.get_field(step).related_model
    return model


def _has_index(model: Any, name: str, by: str, *, value: Any) -> bool:
    """Whether an index has the rows of a value in that order: one of all rows, or one that lacks only rows with no value to order by or with others."""

    def has_all(index: Index) -> bool:
        asked = index.condition.children if index.condition else []
        return all(isinstance(one, tuple) and (one == (f"{by}__isnull", False) or (one[0] == f"{name}__in" and value in one[1])) for one in asked)

    return any([one.lstrip("-") for one in index.fields[:2]] == [name, by] and has_all(index) for index in model._meta.indexes)


def n_rows(model: type[Model]) -> int:
    """How many rows of a noun there are, as the planner knows it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
        return int(cursor.fetchone()[0])
