"""Pages by keyset: a page begins at a signed place in the order, and no row is ever skipped by counting.

The ids are walked first, with nothing joined but what the order needs; then the rows of one page are read with all that they show.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property, partial
from itertools import groupby
from typing import Any

from django.core import signing
from django.core.exceptions import BadRequest, EmptyResultSet
from django.db import connection, transaction
from django.db.models import BigIntegerField, BooleanField, Case, ExpressionWrapper, F, Q, QuerySet, When
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _

from tasuki.core.search import arrays
from tasuki.core.search.narrowing import Parts, Sieve, Ways
from tasuki.web.lists.efforts import Effort
from tasuki.web.lists.orders import AtStep, Order, Stretch, beyond, key, position, value_at

PAGE = 50
# Each row that is passed on the way to those with some words is looked up among the words. So a part of the walk is tried first; where that part holds
# a little, the walk may be so many times longer.
_PARTS, _LUCK = 6, 3
# So many are passed first where numbers alone say which of them have to be looked up, and at most so many then.
_SIFTED, _FARTHEST = 5_000, 30_000
# By so few records a sieve may name its rows that all of them are looked up, one after the other.
_PUT_IN_ORDER = 2_000
# So many of those are looked up that a fine sieve lets through, however many rows are passed, or one that names them by more records.
_LET_THROUGH, _ALL = 1_000, 10**9
# So many rows are looked up one by one at most where all rows would have to be walked otherwise.
_LOOKED_UP = 15_000
# So many are looked up one by one on the way from step to step, before all that others lead to are found.
_ON_STEPS = 5_000
# Among so many those without a value are looked for before all of them are found.
_LOOKED_THROUGH = 5_000
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


def window(
    rows: QuerySet[Any], order: Order, *, before: str, after: str, by: Effort | None = None, ways: Ways | None = None, reads: Sequence[str] = ()
) -> Window:
    """The page after or before a place, or the first. Raises BadRequest for a place that was not signed here, in this order.

    `ways` are other ways to ask for the same rows, where there are any; `reads` are the paths of what is read with them beside what every list shows.
    """
    walk = _Walk(order.named(rows), order, by or Effort(), ways or Ways(rows))
    if before:
        found = walk.page(_read(before, order), backwards=True)
        if len(found) > PAGE:
            shown = found[PAGE - 1 :: -1]
            return Window(_loaded(rows, shown, reads), _signed(order, shown[0]), _signed(order, shown[-1]))
        # The start of a list is always a full page.
        after = ""
    found = walk.page(_read(after, order) if after else None, backwards=False)
    shown = found[:PAGE]
    is_more = len(found) > PAGE
    return Window(_loaded(rows, shown, reads), _signed(order, shown[0]) if shown and after else "", _signed(order, shown[-1]) if is_more else "")


def last_place(rows: QuerySet[Any], order: Order) -> str:
    """Where the last full page begins; "" when there is no more than that."""
    found = _Walk(order.named(rows), order, Effort(), Ways(rows)).page(None, backwards=True)
    return _signed(order, found[-1]) if len(found) > PAGE else ""


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


@dataclass(frozen=True)
class _Walk:
    rows: QuerySet[Any]
    order: Order
    by: Effort
    ways: Ways

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
        if stretch.walked is not None:
            return self._by_others(stretch, stretch.walked, place, is_falling=is_falling, most=most)
        here = Q(stretch.where if place is None or is_falling or stretch.behind is None else stretch.behind)
        farther = Q() if place is None else beyond(stretch.keys, place.keys, is_falling=is_falling)
        if stretch.is_rest:
            return self._rest(stretch, farther, is_falling=is_falling, most=most)
        here &= farther
        walk = self._everything.filter(here, self.by.along)
        found, is_all = self._walked(walk, stretch.keys, is_falling=is_falling, most=most, sieve=self._sieve) if self.by.tried else ([], False)
        if len(found) < most and not is_all:
            found = self._found_farther(walk, here, stretch=stretch, found=found, is_falling=is_falling, most=most)
        return [Place(stretch.name, None, list(keys)) for keys in found]

    def _found_farther(self, walk: QuerySet[Any], here: Q, *, stretch: Stretch, found: list[Sequence[Any]], is_falling: bool, most: int) -> list[Sequence[Any]]:
        """The same where the walk has found too few and was not at its end."""
        if self._parts:
            return self._merged(self._parts, here, stretch.keys, is_falling=is_falling, most=most)
        if self._soon is None and self._sieve:
            found = self._sifted(walk, stretch.keys, is_falling=is_falling, most=most)
        if len(found) < most and self._in_order:
            found = self._tried(walk, stretch.keys, is_falling=is_falling, most=most, among=_ALL, sieve=self._in_order)
        if len(found) < most and not self._names_few:
            rows, are_few = self._left
            return self._first(rows.filter(here), stretch.keys, is_falling=is_falling, most=most, are_few=are_few, led_by=stretch.led_by)
        return found

    def _by_others(self, stretch: Stretch, others: QuerySet[Any], place: Place | None, *, is_falling: bool, most: int) -> list[Place]:
        """The same where rows of another table are walked, each of which leads to one of the list: no sieve knows those."""
        keys = stretch.walked_by
        walk = others if place is None else others.filter(beyond(keys, place.keys, is_falling=is_falling))
        found, is_all = self._walked(walk, keys, is_falling=is_falling, most=most, sieve=None) if self.by.tried else ([], False)
        if len(found) < most and not is_all:
            rows, are_few = self._left
            if self._sieve and self._sieve.n_named is not None:
                rows, are_few = self._sieve.fitting.filter(self._sieve.lets_through), True
            is_one = Q(**{f"{keys[-1]}__in": rows.order_by().values("pk")})
            # Of whom very many rows tell little, all that they see are found once: written so, PostgreSQL does not look each up again.
            led_to = walk.filter(Case(When(is_one, then=True), default=False) if self.by.tried and not are_few else is_one)
            found = self._first(led_to, keys, is_falling=is_falling, most=most, are_few=are_few)
        return [Place(stretch.name, None, list(keys)) for keys in found]

    def _rest(self, stretch: Stretch, farther: Q, *, is_falling: bool, most: int) -> list[Place]:
        """Those to which no row of another table leads. They may be none among very many: a part of all is looked through, and then they are found at once."""
        (rows, are_few), keys = self._left, stretch.keys
        here, everything = rows.filter(stretch.where, farther), self.order.model._default_manager.filter(farther)
        if are_few:
            found = self._first(here, keys, is_falling=is_falling, most=most, are_few=True)
            return [Place(stretch.name, None, list(own)) for own in found]
        part = everything.order_by(*_by(keys, is_falling=is_falling)).values("pk")[:_LOOKED_THROUGH]
        found = self._first(here.filter(pk__in=part), keys, is_falling=is_falling, most=most, are_few=False)
        if len(found) < most:
            # Of whoever does not see all it is asked last who sees a row.
            missing = _found_alone(_keys_of(everything.filter(stretch.where), keys).order_by(*keys), is_falling=is_falling, most=_LOOKED_UP)
            here = rows.filter(arrays.among("pk", arrays.written(pk for (pk,) in missing))) if len(missing) < _LOOKED_UP else here
            found = self._first(here, keys, is_falling=is_falling, most=most, are_few=True)
        return [Place(stretch.name, None, list(keys)) for keys in found]

    @property
    def _everything(self) -> QuerySet[Any]:
        return self.order.named(self.order.model._default_manager.all())

    @cached_property
    def _parts(self) -> Parts | None:
        return self.ways.parts() if self.by.tried and not self.by.are_few else None

    def _merged(self, parts: Parts, here: Q, keys: Sequence[Any], *, is_falling: bool, most: int) -> list[Sequence[Any]]:
        """The first of the first rows of each part."""
        walked, others = ([_keys_of(self.order.named(part).filter(here), keys).order_by() for part in some] for some in parts)
        ordered = [part.order_by(*_by(keys, is_falling=is_falling))[:most] for part in walked]
        found, turned, values = list[str](), _turned(keys, is_falling=is_falling), list[Any]()
        for part in (*ordered, *others):
            with suppress(EmptyResultSet):
                question, more = part.query.sql_with_params()
                found.append(f"(SELECT * FROM ({question} OFFSET 0) AS found ORDER BY {turned} LIMIT {most})")
                values += more
        return _answered(f"{' UNION '.join(found)} ORDER BY {turned} LIMIT {most}", values) if found else []

    @cached_property
    def _sieve(self) -> Sieve | None:
        return self.ways.sieve() if self.by.tried and not self.by.are_few else None

    @cached_property
    def _in_order(self) -> Sieve | None:
        return self.ways.in_order() if self.by.tried and not self.by.are_few else None

    @property
    def _names_few(self) -> bool:
        """Whether the sieve names so few that all are looked up, so that nothing is left behind them."""
        return self._sieve is not None and self._sieve.n_named is not None and self._sieve.n_named <= _PUT_IN_ORDER

    @cached_property
    def _soon(self) -> QuerySet[Any] | None:
        """All rows, where they are few and soon found."""
        return self.ways.few() if self.by.tried and not self.by.are_few and self.ways.finds_soon() else None

    @cached_property
    def _left(self) -> tuple[QuerySet[Any], bool]:
        """The rows where the walk has gone too far without finding enough: by numbers, of their own or of other records, if there are such; and whether
        all are found then, as those that hold some words are, or the walk goes on."""
        if not self.by.tried or self.by.are_few:
            return self.rows, self.by.are_few
        few = self.ways.few() if self._soon is None else self._soon
        rows = self.ways.counted_out() if few is None else few
        return (self.rows, False) if rows is None else (self.order.named(rows), few is not None or self.ways.fitting is not None)

    def _by_steps(self, stretch: Stretch, place: Place | None, *, is_falling: bool, most: int) -> list[Place]:
        steps = stretch.steps[::-1] if is_falling else stretch.steps
        # A step of another table may have very many rows there and none here: no index leads past it.
        if self.by.are_few or "__" in self.order.stepped:
            return self._in_steps(stretch, place, is_falling=is_falling, most=most)
        found: list[Place] = []
        if place is not None:
            found = [Place(stretch.name, place.step, list(keys)) for keys in self._on_step(stretch, place, is_falling=is_falling, most=most)]
            steps = steps[steps.index(place.step) + 1 :]
        for has_own_alone, some in groupby(steps, key=self._has_own_alone):
            if len(found) < most:
                walk = self._own_in_steps if has_own_alone else self._step_by_step
                found += walk(stretch, list(some), is_falling=is_falling, most=most - len(found))
        return found

    def _has_own_alone(self, step: Any) -> bool:
        """Whether only their own rows on a step are seen: those of a team that is none of theirs."""
        return bool(self.ways.teams) and self.order.stepped == "team_id" and step not in self.ways.teams

    def _own_in_steps(self, stretch: Stretch, steps: Sequence[Any], *, is_falling: bool, most: int) -> list[Place]:
        """The first of the reader's own rows on some steps: all of them are found, where no row of anybody else is passed."""
        own = self.rows.filter(self.ways.own, **{f"{self.order.stepped}__in": steps})
        return self._at_once(stretch, own, is_falling=is_falling, most=most, are_few=True)

    def _on_step(self, stretch: Stretch, place: Place, *, is_falling: bool, most: int) -> list[Sequence[Any]]:
        """The rows on the step of a place, from there on."""
        rows = self.rows.filter(self.ways.own) if self._has_own_alone(place.step) else self.rows
        here = Q(stretch.where, beyond(stretch.keys, place.keys, is_falling=is_falling), **{self.order.stepped: place.step})
        if self._looks_up_steps:
            walk = self._everything.filter(here)
            found = self._tried(walk, stretch.keys, is_falling=is_falling, most=most, among=_ON_STEPS)
            if len(found) == most or _are_fewer(walk, _ON_STEPS):
                return found
        return self._first(rows.filter(here), stretch.keys, is_falling=is_falling, most=most)

    @property
    def _looks_up_steps(self) -> bool:
        """Whether who sees a row is asked of one after the other first: asked of all on a step at once, PostgreSQL reads whatever leads to any row."""
        return bool(self.by.tried) and self.ways.fitting is None

    def _in_steps(self, stretch: Stretch, place: Place | None, *, is_falling: bool, most: int) -> list[Place]:
        """All steps at once."""
        here = self.rows
        if place is not None:
            values = [self.order.steps.index(place.step) + 1, *place.keys]
            here = here.filter(beyond((position(self.order), *stretch.keys), values, is_falling=is_falling))
        return self._at_once(stretch, here, is_falling=is_falling, most=most, are_few=self.by.are_few)

    def _at_once(self, stretch: Stretch, rows: QuerySet[Any], *, is_falling: bool, most: int, are_few: bool) -> list[Place]:
        """The first of rows on several steps, put in order by the positions of these."""
        found = self._first(rows.filter(stretch.where), (position(self.order), *stretch.keys), is_falling=is_falling, most=most, are_few=are_few)
        return [Place(stretch.name, self.order.steps[at - 1], list(own)) for at, *own in found]

    def _first(
        self, rows: QuerySet[Any], keys: Sequence[Any], *, is_falling: bool, most: int, are_few: bool | None = None, led_by: str = ""
    ) -> list[Sequence[Any]]:
        """The keys of the first rows in the order of the keys."""
        asked = _keys_of(rows, keys)
        if not (self.by.are_few if are_few is None else are_few):
            led = _by([led_by.removeprefix("-")], is_falling=is_falling is not led_by.startswith("-")) if led_by else []
            return list(asked.order_by(*led, *_by(keys, is_falling=is_falling))[:most])
        # Not in one: to save the sorting of few rows, PostgreSQL would walk an index through all the others.
        turned, split = _turned(keys, is_falling=is_falling), () if self.order.apart else self.ways.split
        # Where the order has them apart, its stretches are of one each.
        parts = [asked.filter(one).order_by() for one in split] or [asked.order_by()]
        return _fetched(parts, "SELECT * FROM ({rows} OFFSET 0) found ORDER BY {turned} LIMIT {most}", turned=turned, most=most)

    def _walked(self, walk: QuerySet[Any], keys: Sequence[Any], *, is_falling: bool, most: int, sieve: Sieve | None) -> tuple[list[Sequence[Any]], bool]:
        """What a walk as long as it may be finds, and whether it came to its end, so that there is no more; of words only its first part, if that holds too
        little or there is a sieve, and else more, as far as luck would have it."""
        part = self.by.tried // _PARTS
        if self.ways.fitting is None or not part:
            return self._walked_on(walk, keys, is_falling=is_falling, most=most, sieve=sieve)
        found = self._tried(walk, keys, is_falling=is_falling, most=most, among=part)
        if len(found) == most or len(found) * _PARTS * _LUCK < most or sieve:
            return found, False
        return self._tried(walk, keys, is_falling=is_falling, most=most, among=self.by.tried * _LUCK), False

    def _walked_on(self, walk: QuerySet[Any], keys: Sequence[Any], *, is_falling: bool, most: int, sieve: Sieve | None) -> tuple[list[Sequence[Any]], bool]:
        """What a walk finds, which goes as far as its rows so far let expect where otherwise all rows would be walked."""
        among = self.by.tried
        found = self._tried(walk, keys, is_falling=is_falling, most=most, among=among)
        # The last page lacks the row that would say there is another, however far the walk may go.
        is_all = len(found) < most and not self._goes_beyond(walk, keys, among, is_falling=is_falling)
        while len(found) < most and not (is_all or self.by.are_few or sieve or self._parts) and self._soon is None:
            among = among * most * 4 // (3 * len(found)) if found else among * 10
            if among > _LOOKED_UP:
                break
            found = self._tried(walk, keys, is_falling=is_falling, most=most, among=among)
            is_all = len(found) < most and not self._goes_beyond(walk, keys, among, is_falling=is_falling)
        return found, is_all

    @staticmethod
    def _goes_beyond(walk: QuerySet[Any], keys: Sequence[Any], among: int, *, is_falling: bool) -> bool:
        """Whether there are more rows to be walked than so many."""
        return bool(_keys_of(walk, keys).order_by(*_by(keys, is_falling=is_falling))[among : among + 1])

    def _sifted(self, walk: QuerySet[Any], keys: Sequence[Any], *, is_falling: bool, most: int) -> list[Sequence[Any]]:
        """The same for a walk that looks up only what the sieve lets through: a part, and then as far as that part lets expect; through a fine one as far
        as it takes. What it lets through by numbers of few records is put in order and looked up, with no other row between."""
        if self._sieve and (self._sieve.is_fine or self._sieve.n_named is not None):
            return self._tried(walk, keys, is_falling=is_falling, most=most, among=_ALL, sieve=self._sieve)
        found = self._tried(walk, keys, is_falling=is_falling, most=most, among=_SIFTED, sieve=self._sieve)
        wanted = _SIFTED * most * 4 // (3 * len(found)) if found else _FARTHEST + 1
        if len(found) == most or wanted > _FARTHEST:
            return found
        return self._tried(walk, keys, is_falling=is_falling, most=most, among=wanted, sieve=self._sieve)

    def _tried(self, walk: QuerySet[Any], keys: Sequence[Any], *, is_falling: bool, most: int, among: int, sieve: Sieve | None = None) -> list[Sequence[Any]]:
        """The first rows that fit among the first of all, in the order of the keys; less than asked for may mean that the walk ended too early."""
        walked = _keys_of(walk, keys, sieve).order_by(*_by(keys, is_falling=is_falling))[:among]
        looked_up = self.ways.rows if self.ways.fitting is None else self.ways.fitting
        one_by_one = self.order.named(sieve.fitting if sieve else looked_up)
        fitting = one_by_one.filter(Exact(F("pk"), AtStep(output_field=BigIntegerField()))).values_list("pk")
        names = [*(f"key_{nth}" for nth in range(len(keys) - 1)), "value"]
        try:
            (steps, values), (fit, more) = walked.query.sql_with_params(), fitting.query.sql_with_params()
        except EmptyResultSet:
            return []
        turned = ", ".join(f"step.{name} {'DESC' if is_falling else 'ASC'}" for name in names)
        shown = ", ".join(f"step.{name}" for name in names)
        source = f"({steps}) AS step({', '.join(names)})"
        if sieve and sieve.n_named is not None:
            # Found before they are put in order, and looked up then until there are enough.
            steps, values = _keys_of(walk.filter(sieve.lets_through), keys).order_by().query.sql_with_params()
            through = f"SELECT * FROM ({steps} OFFSET 0) AS step({', '.join(names)}) ORDER BY {turned}"
            source = f"({through} LIMIT {_ALL if self._names_few else _LET_THROUGH}) AS step"
        elif sieve:
            through = f"SELECT * FROM ({steps}) AS step({', '.join(names)}, is_let_through) WHERE is_let_through ORDER BY {turned}"
            source = f"({through} LIMIT {_LET_THROUGH if sieve.is_fine else _ALL}) AS step"
        statement = f"SELECT {shown} FROM {source} CROSS JOIN LATERAL ({fit}) AS hit ORDER BY {turned} LIMIT {most}"
        return _answered(statement, [*values, *more])

    def _step_by_step(self, stretch: Stretch, steps: Sequence[Any], *, is_falling: bool, most: int) -> list[Place]:
        """The first rows of each step after the other; the walk ends with the step that fills the page."""

        def placed(found: list[Sequence[Any]]) -> list[Place]:
            return [Place(stretch.name, step, list(keys)) for step, *keys in found]

        asked = partial(self._step, stretch, is_falling=is_falling)
        kind = "bigint" if isinstance(steps[0], int) else "text"
        if self._looks_up_steps:
            fits = self.ways.rows.filter(Exact(F("pk"), AtStep(output_field=BigIntegerField()))).values_list("pk")
            found = _looked_up_on(asked(self._everything, among=_ON_STEPS), steps, fits, n_keys=len(stretch.keys), kind=kind, most=most)
            everything = self._everything.filter(stretch.where, **{f"{self.order.stepped}__in": steps})
            if len(found) == most or _are_fewer(everything, _ON_STEPS):
                return placed(found)
        statement = "SELECT step.value, hit.* FROM unnest(%s::{kind}[]) WITH ORDINALITY AS step(value, nth) CROSS JOIN LATERAL ({rows}) AS hit LIMIT {most}"
        return placed(_fetched([asked(self.rows, among=most)], statement, [list(steps)], kind=kind, most=most))

    def _step(self, stretch: Stretch, rows: QuerySet[Any], *, is_falling: bool, among: int) -> QuerySet[Any]:
        """The keys of the first of the rows that stand on a step."""
        here = rows.filter(stretch.where, Exact(F(self.order.stepped), AtStep(output_field=_field_at(self.rows, self.order.stepped))))
        return _keys_of(here, stretch.keys).order_by(*_by(stretch.keys, is_falling=is_falling))[:among]


def _looked_up_on(walk: QuerySet[Any], steps: Sequence[Any], fits: QuerySet[Any], *, n_keys: int, kind: str, most: int) -> list[Sequence[Any]]:
    """The first rows that fit among the first of all on some steps, one step after the other."""
    try:
        (rows, values), (fit, more) = walk.query.sql_with_params(), fits.query.sql_with_params()
    except EmptyResultSet:
        return []
    names = ", ".join([*(f"key_{nth}" for nth in range(n_keys - 1)), "value"])
    on_each = f"SELECT step.value, hit.* FROM unnest(%s::{kind}[]) WITH ORDINALITY AS step(value, nth) CROSS JOIN LATERAL ({rows}) AS hit LIMIT {_ON_STEPS}"
    # One after the other: joined otherwise, they would not stay in their order.
    statement = f"SELECT step.on_step, {names} FROM ({on_each}) AS step(on_step, {names}) CROSS JOIN LATERAL ({fit} OFFSET 0) AS fit(found) LIMIT {most}"
    return _answered(statement, [list(steps), *values, *more])


def _are_fewer(rows: QuerySet[Any], most: int) -> bool:
    return rows.order_by().values("pk")[:most].count() < most


def _keys_of(rows: QuerySet[Any], keys: Sequence[Any], sieve: Sieve | None = None) -> QuerySet[Any]:
    """The keys of each row, and whether the sieve lets it through, if there is one."""
    said = [ExpressionWrapper(sieve.lets_through, output_field=BooleanField())] if sieve else []
    return rows.values_list(*map(key, keys), *said)


def _by(keys: Sequence[Any], *, is_falling: bool) -> list[Any]:
    expressions = [key(one) for one in keys]
    return [one.desc() if is_falling else one.asc() for one in expressions]


def _turned(keys: Sequence[Any], *, is_falling: bool) -> str:
    """The same order of an answer by its columns."""
    return ", ".join(f"{nth + 1} {'DESC' if is_falling else 'ASC'}" for nth in range(len(keys)))


def _fetched(rows: Sequence[QuerySet[Any]], statement: str, first: Sequence[Any] = (), **parts: object) -> list[Sequence[Any]]:
    """What the statement around the questions for these rows, none of which answer two of them, answers."""
    questions, values = list[str](), list(first)
    for some in rows:
        with suppress(EmptyResultSet):
            question, more = some.query.sql_with_params()
            questions.append(question)
            values += more
    return _answered(statement.format(rows=" UNION ALL ".join(questions), **parts), values) if questions else []


def _found_alone(rows: QuerySet[Any], *, is_falling: bool, most: int) -> list[Sequence[Any]]:
    """The first or the last of rows that are found in the order of their numbers, as two indexes are read beside each other. By one process: several
    would read one of the indexes into the memory of each first."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        return _fetched([rows], "SELECT * FROM ({rows} OFFSET 0) found ORDER BY 1 {way} LIMIT {most}", way="DESC" if is_falling else "ASC", most=most)


def _answered(statement: str, values: Sequence[Any]) -> list[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
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
