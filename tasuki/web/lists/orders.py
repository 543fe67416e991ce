"""How a list is ordered: by stretches, in each of which the rows stand as one index has them, so that a page is walked and nothing is sorted.

Rows without a value come last, in both directions: they are stretches of their own. So are the rows of each person, team or stage, which
are few: to be in the order of their names, the rows of one are walked after those of the other. What belongs to a row and not to it alone (its tasks,
its addresses) is walked in its own table, and leads to the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db.models import BigIntegerField, Case, CharField, Expression, F, Field, Func, IntegerField, Model, Q, QuerySet, TextField, Value, When
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleGreaterThanOrEqual, TupleLessThan, TupleLessThanOrEqual

from tasuki.core.people import User
from tasuki.web.lists.firsts import Firsts

_VALUE, _STEP, _BLANK, _NONE, _APART, _ELSE = "value", "step", "blank", "none", "apart", "else"


@dataclass(frozen=True)
class Stretch:
    """Rows that stand together: which, and by which keys; the last is the row's id. `steps`: one of these values after the other.

    `behind` says which to whoever begins at a place in it: a lower bound beside that of the place would have the index walked from there.
    `led_by` is a value that they all lack, and with which the index begins that has them in order ("-" where it runs against them): unless it is named
    first, PostgreSQL does not know that the index has them so, and walks another one through everything else.
    `walked` are rows of another table that lead to them, each to one, and stand in their order by the keys `walked_by`; `at_teams` says of them,
    team by team, which lead to most of what the reader sees; `is_rest`: none of those does.
    `leaders` are the records to which they point and by which they stand in order, where an index has these in it. `is_looked_up`: that they lack a record
    stands in another table alone, where each row that is passed is looked up.
    """

    name: str
    where: Q
    keys: tuple[str, ...]
    steps: tuple[Any, ...] = ()
    behind: Q | None = None
    walked: QuerySet[Any] | None = None
    walked_by: tuple[str, ...] = ()
    at_teams: Sequence[Q] = ()
    is_rest: bool = False
    led_by: str = ""
    leaders: Q | None = None
    is_looked_up: bool = False


@dataclass(frozen=True)
class Order:
    """By the value at `path`, falling or rising, then by those at the paths of `then`; the id decides between equals.

    `computed` is what the rows are ordered by where `path` is only a name for it. `steps` are the values at `stepped` in their order,
    where they are few and their order is not that of an index. `firsts` are rows of another table, of which the first of each row says the value.
    What has the value of `apart` at its path stands behind all others, by its id: of what comes by the million no index is kept but that.
    Rows that lead to no record by `path` come after those that do, by the value at the first of the paths `or_else` that leads to one, and so on.
    """

    model: type[Model]
    path: str
    is_falling: bool
    computed: Any = None
    then: tuple[str, ...] = ()
    stepped: str = ""
    steps: tuple[Any, ...] = ()
    firsts: Firsts | None = None
    apart: tuple[str, Any] | None = None
    or_else: tuple[tuple[str, ...], ...] = ()

    def named(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows with the value at `path`."""
        if self.computed is None and self.firsts is None:
            return rows
        said = {self.path: self.firsts.value, self._has_one: self.firsts.is_there} if self.firsts else {self.path: self.computed}
        named: QuerySet[Any] = rows.annotate(**said)
        return named

    def applied(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """All rows in this order, to be read to their end."""
        if self.firsts:
            # The same as by stretches, with each first looked for once.
            return self.named(rows).order_by(
                _turned(F(self.path), is_falling=self.is_falling), F(self._has_one).desc(), _turned_as_indexed(F("pk"), is_falling=self.is_falling)
            )
        ordered: list[Any] = []
        if len(self.stretches) > 1:
            ordered.append(Case(*(When(one.where, then=Value(nth)) for nth, one in enumerate(self.stretches)), default=Value(len(self.stretches))))
        if self.steps:
            ordered.append(_turned(self._unless_apart(position(self)), is_falling=self.is_falling))
        # Where no value is missing, nothing is said of missing values: an index has them in this order, and none in that of NULLS LAST.
        turned = _turned if ordered else _turned_as_indexed
        *first, pk = self.stretches[0].keys
        keys = [self._unless_apart(key(one)) for one in first]
        keys += [Case(When(one.where, then=key(path))) for one in self.stretches if one.name.startswith(_ELSE) for path in one.keys[:-1]]
        return self.named(rows).order_by(*ordered, *(turned(one, is_falling=self.is_falling) for one in (*keys, key(pk))))

    def _unless_apart(self, expression: Any) -> Any:
        """What orders all rows but those that stand apart."""
        return Case(When(Q(self.apart), then=None), default=expression) if self.apart else expression

    @cached_property
    def stretches(self) -> list[Stretch]:
        """In the order of the list, which begins with the rows that have a value."""
        if self.apart is None:
            return self._together
        is_apart = Q(self.apart)
        return [*(replace(one, where=one.where & ~is_apart) for one in self._together), Stretch(_APART, is_apart, ("pk",))]

    @property
    def _together(self) -> list[Stretch]:
        if self.steps:
            is_missing = Q(**{f"{self.stepped}__isnull": True})
            if self.computed is not None:
                # No foreign key says that a person whom a custom field names is still there.
                is_missing |= ~Q(**{f"{self.stepped}__in": self.steps})
            return [Stretch(_STEP, ~is_missing, (*self.then, "pk"), self.steps), Stretch(_NONE, is_missing, (*self.then, "pk"), led_by=self._led_by)]
        if self.firsts:
            return self._by_firsts(self.firsts)
        if self.or_else:
            return self._by_ways()
        keys = (self.path, *self.then, *([self.related_id] if self.relation else []), "pk")
        nullable, is_text = _gaps(self.model, self.path) if self.computed is None else ([self.path], False)
        is_there = Q(**{f"{self.path}__isnull": False}) if nullable or self.relation else Q()
        own = self.path.rpartition("__")[2]
        leaders = (Q(**{f"{own}__gt": ""}) if is_text else Q(**{f"{own}__isnull": False})) if self.named_by else None
        found = [Stretch(_VALUE, is_there, keys, leaders=leaders)]
        if is_text:
            found = [Stretch(_VALUE, Q(**{f"{self.path}__gt": ""}), keys, behind=is_there if self.relation else ~Q(**{self.path: ""}), leaders=leaders)]
            found.append(Stretch(_BLANK, Q(**{self.path: ""}), keys[1:]))
        if nullable:
            is_missing = Q(*((f"{one}__isnull", True) for one in nullable), _connector=Q.OR)
            found.append(Stretch(_NONE, is_missing, ("pk",), is_looked_up=bool(self.relation) and self.named_by is None))
        return found

    @property
    def _led_by(self) -> str:
        if self.computed is None:
            keys = [*self.then, "id"]
            for fields in (one.fields for one in self.model._meta.indexes if one.condition is None):
                turned = {one.startswith("-") is not fields[0].startswith("-") for one in fields[1:]}
                if [one.lstrip("-") for one in fields] == [self.stepped.removesuffix("_id"), *keys] and len(turned) == 1:
                    return f"-{self.stepped}" if turned.pop() else self.stepped
        return ""

    def _by_ways(self) -> list[Stretch]:
        """Those that lead to a record by the first way, those that do by the second and not by the first, and so on; then those that lead to none.

        What leads to a record that itself leads no further, such as a lead of nobody's, is asked for no other way.
        """
        found, none, outside = list[Stretch](), list[Stretch](), Q()
        for root, ways in groupby(self._ways, key=_root):
            inside, is_missing = Q(), Q(**{f"{root}__isnull": True})
            for way in ways:
                relation = way[0].rpartition("__")[0]
                here = outside & inside & Q(**{f"{relation}__isnull": False})
                found.append(Stretch(f"{_ELSE}{len(found)}" if found else _VALUE, here, (*way, f"{relation}__id", "pk")))
                inside &= Q(**{f"{relation}__isnull": True})
            if relation != root:
                none.append(Stretch(f"{_NONE} {root}", outside & ~is_missing & inside, ("pk",)))
            outside &= is_missing
        return [*found, *none, Stretch(_NONE, outside, ("pk",))]

    @property
    def _ways(self) -> list[tuple[str, ...]]:
        return [(self.path, *self.then), *self.or_else]

    def _way_of(self, row: Any) -> Stretch:
        root = next((_root(way) for way in self._ways if value_at(row, _root(way)) is not None), "")
        by = (one for one in self.stretches if len(one.keys) > 1 and _root(one.keys) == root and value_at(row, one.keys[-2]) is not None)
        return next(by, None) or next(one for one in self.stretches if one.name == f"{_NONE} {root}".strip())

    def _by_firsts(self, firsts: Firsts) -> list[Stretch]:
        """Those whose first says a value, those whose first says none (a task without a day), and those that have no first."""
        is_valued = Q(**{f"{self.path}__isnull": False})
        by = (firsts.path, firsts.to)
        found = [Stretch(_VALUE, is_valued, (self.path, "pk"), walked=firsts.valued, walked_by=by, at_teams=firsts.at_teams)]
        if firsts.may_be_blank:
            found.append(Stretch(_BLANK, ~is_valued & Q(firsts.is_there), ("pk",), walked=firsts.blank, walked_by=(firsts.to,)))
        return [*found, Stretch(_NONE, firsts.is_missing, ("pk",), is_rest=True)]

    @property
    def _has_one(self) -> str:
        return f"{self.path}_is_there"

    def stretch_of(self, row: Any) -> Stretch:
        """Where a row stands that was read with all that the order goes by."""
        if self.apart and value_at(row, self.apart[0]) == self.apart[1]:
            return self.stretches[-1]
        if self.or_else:
            return self._way_of(row)
        value = value_at(row, self.stepped if self.steps else self.path)
        value = None if self.steps and value not in self.steps else value
        is_blank = value == "" or (value is None and self.firsts is not None and getattr(row, self._has_one))
        name = _BLANK if is_blank else _NONE if value is None else self.stretches[0].name
        return next((one for one in self.stretches if one.name == name), self.stretches[0])

    @property
    def relation(self) -> str:
        """The path of the record whose value it is, "" for the row itself."""
        return "" if self.computed is not None or self.steps or self.firsts else self.path.rpartition("__")[0]

    @cached_property
    def named_by(self) -> type[Model] | None:
        """The table of the record to which each row points, and by whose value it is; None where rows do not point to it themselves."""
        if not self.relation or "__" in self.relation:
            return None
        way: Any = self.model._meta.get_field(self.relation)
        return way.related_model if way.concrete else None

    @property
    def related_id(self) -> str:
        return f"{self.relation}__id"


class OfRelated(F):
    """The id of a related record, read from its own table and not from the key that points there: so that its index is walked to its end."""

    name: str

    def resolve_expression(self, query: Any = None, allow_joins: bool = True, reuse: Any = None, summarize: bool = False, for_save: bool = False) -> Any:  # noqa: ARG002, PLR0917 - Django's own signature
        joined = query.setup_joins(self.name.split("__"), query.get_meta(), query.get_initial_alias(), can_reuse=reuse)
        return joined.transform_function(joined.targets[0], joined.joins[-1])


class AtStep(Expression):
    """The value of the step that is being walked."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:  # noqa: ARG002 - Django's own signature
        return "step.value", ()


def key(path: Any) -> Any:
    """What is compared and ordered by: the value at a path, or an expression as it is."""
    if not isinstance(path, str):
        return path
    return OfRelated(path) if path.endswith("__id") else F(path)


def _root(way: tuple[str, ...]) -> str:
    """The record of the row itself at which a way begins."""
    return way[0].partition("__")[0]


def value_at(row: Any, path: str) -> Any:
    for step in path.split("__"):
        # The other end of a one-to-one relation, such as the score of a lead, may not be there.
        row = None if row is None else getattr(row, step, None)
    return row


def position(order: Order) -> Any:
    """Which step a row stands on, from 1."""
    of: Field[Any, Any] = BigIntegerField() if isinstance(order.steps[0], int) else TextField()
    return Func(Value(list(order.steps), output_field=ArrayField(of)), F(order.stepped), function="array_position", output_field=IntegerField())


def beyond(keys: tuple[Any, ...], values: list[Any], *, is_falling: bool) -> Any:
    """Everything behind a place, as one comparison of a row of values, which an index begins at; an OR of several would be walked from its start."""
    related = keys[-2] if len(keys) > 1 and isinstance(keys[-2], str) and keys[-2].endswith("__id") else ""
    if related:
        # The same for the table whose index is walked, and then not those rows of the record at the place that came before.
        *outer, _own = keys
        compared = (TupleLessThanOrEqual if is_falling else TupleGreaterThanOrEqual)(Tuple(*map(key, outer)), tuple(values[:-1]))
        return Q(compared) & ~Q(**{related.removesuffix("__id"): values[-2], f"pk__{'gte' if is_falling else 'lte'}": values[-1]})
    return Q((TupleLessThan if is_falling else TupleGreaterThan)(Tuple(*map(key, keys)), tuple(values)))


def _turned(expression: Any, *, is_falling: bool) -> Any:
    return expression.desc(nulls_last=True) if is_falling else expression.asc(nulls_last=True)


def _turned_as_indexed(expression: Any, *, is_falling: bool) -> Any:
    return expression.desc() if is_falling else expression.asc()


def _gaps(model: Any, path: str) -> tuple[list[str], bool]:
    """The paths on the way to a value, and of it, that may be null; and whether the value may be an empty text."""
    nullable: list[str] = []
    way, here, field = "", model, None
    for step in path.split("__"):
        try:
            field = here._meta.get_field(step)
        except FieldDoesNotExist:
            return nullable, False
        way = f"{way}__{step}" if way else step
        if field.null:
            nullable.append(way)
        here = field.related_model
    return nullable, isinstance(field, (CharField, TextField)) and field.blank


def people() -> tuple[int, ...]:
    """All who were ever here, in the order of their names."""
    return tuple(User._default_manager.order_by("family_name", "pk").values_list("pk", flat=True))


def steps_of(model: type[Model], stepped: str, path: str) -> tuple[Any, ...]:
    """The ids of the few records at `stepped`, in the order of their value at `path`."""
    *way, name = path.split("__")
    here: Any = model
    for step in way:
        here = here._meta.get_field(step).related_model
    assert stepped.rpartition("__")[2] == f"{way[-1]}_id"  # noqa: S101 - both name the same relation
    return tuple(here._default_manager.order_by(name, "pk").values_list("pk", flat=True))
