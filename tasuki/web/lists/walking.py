"""The walk to the rows of a page: along an index from a place, as long as that takes less than to find all rows and put them in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby
from typing import Any

from django.core.exceptions import BadRequest, EmptyResultSet
from django.db.models import BigIntegerField, Case, F, Q, QuerySet, When
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _

from tasuki.core.search import arrays
from tasuki.core.search.narrowing import Parts, Sieve, Ways
from tasuki.web.lists import statements
from tasuki.web.lists.efforts import PATIENCE, Effort
from tasuki.web.lists.leading import led
from tasuki.web.lists.orders import AtStep, Order, Stretch, beyond, position

PAGE = 50
# Each row that is passed on the way to those with some words is looked up among the words. So a part of the walk is tried first; where that part holds
# a little, the walk may be so many times longer.
_PARTS, _LUCK = 15, 3
# So many at most are passed first where parts of all rows can be walked beside each other.
_FIRST = 500
# So many are passed first where numbers alone say which of them have to be looked up, and at most so many then.
_SIFTED, _FARTHEST = 5_000, 30_000
# By so few records a sieve may name its rows that all of them are looked up, one after the other.
_PUT_IN_ORDER = 2_000
# So many of those are looked up that a fine sieve lets through, however many rows are passed, or one that names them by more records.
_LET_THROUGH, _ALL = 1_000, 10**9
# So many rows are looked up one by one at most where all rows would have to be walked otherwise; each walk goes so many times farther than the one before.
_LOOKED_UP, _FARTHER = 15_000, 3
# So many are looked up one by one on the way from step to step, before all that others lead to are found.
_ON_STEPS = 5_000
# Among so many those without a value are looked for before all of them are found.
_LOOKED_THROUGH = 5_000

# The rows of a walk from behind the place with these keys, or from its start.
_From = Callable[[Sequence[Any] | None], QuerySet[Any]]


@dataclass(frozen=True)
class Place:
    """Where a row stands: in which stretch, or on which step, and its keys there."""

    stretch: str
    step: Any
    keys: list[Any]

    @property
    def pk(self) -> int:
        return int(self.keys[-1])


def unknown_place() -> BadRequest:
    return BadRequest(_("This place in the list is not known any more; begin at its start."))


@dataclass(frozen=True)
class Walk:
    """All rows that fit, in an order, with the effort that is worth while and other ways to ask for the same rows."""

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
                raise unknown_place()
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
        start: Sequence[Any] | None = place.keys if place else None
        if stretch.is_rest:
            return self._rest(stretch, statements.behind(stretch.keys, start, is_falling=is_falling), is_falling=is_falling, most=most)

        def here(keys: Sequence[Any] | None) -> Q:
            where = stretch.where if keys is None or is_falling or stretch.behind is None else stretch.behind
            return where & statements.behind(stretch.keys, keys, is_falling=is_falling)

        def walk(keys: Sequence[Any] | None) -> QuerySet[Any]:
            return self._everything.filter(here(keys), self.by.along)

        found, is_all = list[Sequence[Any]](), False
        if not (self.by.are_few and stretch.is_looked_up):
            found, start, is_all = self._walked(walk, stretch.keys, start, is_falling=is_falling, most=most, is_sifted=True)
        if len(found) < most and not is_all and self.by.passed and stretch.leaders is not None and (fitting := self.ways.by_numbers()):
            found += led(self.order, stretch, fitting, place=start, is_falling=is_falling, most=most - len(found), passed=self.by.passed)
        elif len(found) < most and not is_all:
            found += self._found_farther(walk(start), here(start), stretch=stretch, is_falling=is_falling, most=most - len(found))
        return [Place(stretch.name, None, list(keys)) for keys in found]

    def _found_farther(self, walk: QuerySet[Any], here: Q, *, stretch: Stretch, is_falling: bool, most: int) -> list[Sequence[Any]]:
        """The same from where the walk has gone without finding enough."""
        if self._parts:
            in_order, others = ([self.order.named(part).filter(here) for part in some] for some in self._parts)
            return self._merged(in_order, others, stretch.keys, is_falling=is_falling, most=most)
        found: list[Sequence[Any]] = []
        if self._soon is None and self._sieve:
            found = self._sifted(walk, stretch.keys, self._sieve, is_falling=is_falling, most=most)
        if len(found) < most and self._in_order:
            found = self._sifted_on(walk, stretch.keys, is_falling=is_falling, most=most, among=_ALL, sieve=self._in_order)
        if len(found) < most and not self._names_few:
            rows, are_few = self._left
            return self._first(rows.filter(here), stretch.keys, is_falling=is_falling, most=most, are_few=are_few, led_by=stretch.led_by)
        return found

    def _by_others(self, stretch: Stretch, others: QuerySet[Any], place: Place | None, *, is_falling: bool, most: int) -> list[Place]:
        """The same where rows of another table are walked, each of which leads to one of the list: no sieve knows those."""
        keys = stretch.walked_by

        def walk(start: Sequence[Any] | None) -> QuerySet[Any]:
            return others.filter(statements.behind(keys, start, is_falling=is_falling))

        found, start, is_all = self._walked(walk, keys, place.keys if place else None, is_falling=is_falling, most=most, is_sifted=False)
        if len(found) < most and not is_all and self._parts and stretch.at_teams:
            # Found first: joined with those of another table, which the planner takes for few, they are looked for again and again.
            elsewhere = {pk for part in self._parts[1] for pk in part.values_list("pk", flat=True)}
            led_there = walk(start).filter(arrays.among(keys[-1], arrays.written(elsewhere)))
            in_order = [walk(start).filter(of_team) for of_team in stretch.at_teams]
            found += self._merged(in_order, [led_there], keys, is_falling=is_falling, most=most - len(found))
        elif len(found) < most and not is_all:
            rows, are_few = self._left
            if self._sieve and self._sieve.n_named is not None:
                rows, are_few = self._sieve.fitting.filter(self._sieve.lets_through), True
            is_one = Q(**{f"{keys[-1]}__in": rows.order_by().values("pk")})
            # Of whom very many rows tell little, all that they see are found once: written so, PostgreSQL does not look each up again.
            led_to = walk(start).filter(Case(When(is_one, then=True), default=False) if self.by.tried and not are_few else is_one)
            found += self._first(led_to, keys, is_falling=is_falling, most=most - len(found), are_few=are_few)
        return [Place(stretch.name, None, list(keys)) for keys in found]

    def _rest(self, stretch: Stretch, farther: Q, *, is_falling: bool, most: int) -> list[Place]:
        """Those to which no row of another table leads. They may be none among very many: a part of all is looked through, and then they are found at once."""
        (rows, are_few), keys = self._left, stretch.keys
        here, everything = rows.filter(stretch.where, farther), self.order.model._default_manager.filter(farther)
        if are_few:
            found = self._first(here, keys, is_falling=is_falling, most=most, are_few=True)
            return [Place(stretch.name, None, list(own)) for own in found]
        part = everything.order_by(*statements.by(keys, is_falling=is_falling)).values("pk")[:_LOOKED_THROUGH]
        found = self._first(here.filter(pk__in=part), keys, is_falling=is_falling, most=most, are_few=False)
        if len(found) < most:
            # Of whoever does not see all it is asked last who sees a row.
            missing = statements.found_alone(statements.keys_of(everything.filter(stretch.where), keys).order_by(*keys), is_falling=is_falling, most=_LOOKED_UP)
            here = rows.filter(arrays.among("pk", arrays.written(pk for (pk,) in missing))) if len(missing) < _LOOKED_UP else here
            found = self._first(here, keys, is_falling=is_falling, most=most, are_few=True)
        return [Place(stretch.name, None, list(keys)) for keys in found]

    @property
    def _everything(self) -> QuerySet[Any]:
        return self.order.named(self.order.model._default_manager.all())

    @cached_property
    def _parts(self) -> Parts | None:
        return self.ways.parts() if self.by.tried and not self.by.are_few else None

    def _merged(
        self, in_order: Sequence[QuerySet[Any]], others: Sequence[QuerySet[Any]], keys: Sequence[Any], *, is_falling: bool, most: int
    ) -> list[Sequence[Any]]:
        """The first of the first rows of each part."""
        ordered = [statements.keys_of(part, keys).order_by(*statements.by(keys, is_falling=is_falling))[:most] for part in in_order]
        found, turned, values = list[str](), statements.turned(keys, is_falling=is_falling), list[Any]()
        for part in (*ordered, *(statements.keys_of(part, keys).order_by() for part in others)):
            with suppress(EmptyResultSet):
                question, more = part.query.sql_with_params()
                found.append(f"(SELECT * FROM ({question} OFFSET 0) AS found ORDER BY {turned} LIMIT {most})")
                values += more
        return statements.answered(f"{' UNION '.join(found)} ORDER BY {turned} LIMIT {most}", values) if found else []

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
        on_it, found = Q(stretch.where, **{self.order.stepped: place.step}), list[Sequence[Any]]()
        reached: Sequence[Any] = place.keys
        if self._looks_up_steps:
            walk = self._everything.filter(on_it, statements.behind(stretch.keys, reached, is_falling=is_falling))
            found, end = self._tried(walk, stretch.keys, is_falling=is_falling, most=most, among=_ON_STEPS)
            if end is None:
                return found
            reached = end
        here = rows.filter(on_it, statements.behind(stretch.keys, reached, is_falling=is_falling))
        return found + self._first(here, stretch.keys, is_falling=is_falling, most=most - len(found))

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
        asked = statements.keys_of(rows, keys)
        if not (self.by.are_few if are_few is None else are_few):
            led = statements.by([led_by.removeprefix("-")], is_falling=is_falling is not led_by.startswith("-")) if led_by else []
            return list(asked.order_by(*led, *statements.by(keys, is_falling=is_falling))[:most])
        # Not in one: to save the sorting of few rows, PostgreSQL would walk an index through all the others.
        turned, split = statements.turned(keys, is_falling=is_falling), () if self.order.apart else self.ways.split
        # Where the order has them apart, its stretches are of one each.
        parts = [asked.filter(one).order_by() for one in split] or [asked.order_by()]
        return statements.fetched(parts, "SELECT * FROM ({rows} OFFSET 0) found ORDER BY {turned} LIMIT {most}", turned=turned, most=most)

    def _walked(
        self, walk: _From, keys: Sequence[Any], start: Sequence[Any] | None, *, is_falling: bool, most: int, is_sifted: bool
    ) -> tuple[list[Sequence[Any]], Sequence[Any] | None, bool]:
        """What a walk as long as it may be finds from `start` on, where it has come to, and whether there is nothing behind that, as behind the last page,
        which lacks the row that would say there is another."""
        found, passed = list[Sequence[Any]](), 0
        among = self._among_first(is_sifted=is_sifted)
        while among:
            more, reached = self._tried(walk(start), keys, is_falling=is_falling, most=most - len(found), among=among)
            found, passed = found + more, passed + among
            if len(found) == most or reached is None:
                return found, start, True
            start, among = reached, self._among_next(len(found), passed, most=most, is_sifted=is_sifted)
        return found, start, False

    def _among_first(self, *, is_sifted: bool) -> int:
        """Among how many rows it is looked first: of words among a part of all; among no more than are expected to fill a page where a sieve lets the
        walk go on for less, and among few where parts of all rows can be walked beside each other."""
        if self.ways.fitting is not None:
            return self._part
        if self.by.tried > _FIRST and is_sifted and self._parts:
            return _FIRST
        is_fine = self.by.tried > _FIRST and is_sifted and self._sieve is not None and self._sieve.is_fine
        return self.by.tried // PATIENCE if is_fine else self.by.tried

    @property
    def _part(self) -> int:
        return -(-self.by.tried // _PARTS)

    def _among_next(self, n_found: int, passed: int, *, most: int, is_sifted: bool) -> int:
        """Among how many rows more it is looked where so many were found among those that were passed, 0 for none: of words as many as luck would have it,
        if the first part holds a little; otherwise as many as that part lets expect, where all rows would have to be walked else."""
        if self.ways.fitting is not None:
            is_lucky = passed == self._part and n_found * _PARTS * _LUCK >= most and not (is_sifted and self._sieve)
            return self.by.tried * _LUCK - passed if is_lucky else 0
        if self.by.are_few or (is_sifted and self._sieve) or self._parts or self._soon is not None:
            return 0
        if not n_found and self.ways.counted_out() is not None:
            return 0
        expected = passed * (most - n_found) * 4 // (3 * n_found) if n_found else passed * 9
        among = max(expected, passed * (_FARTHER - 1))
        return among if passed + among <= _LOOKED_UP else 0

    def _tried(self, walk: QuerySet[Any], keys: Sequence[Any], *, is_falling: bool, most: int, among: int) -> tuple[list[Sequence[Any]], Sequence[Any] | None]:
        """The first rows that fit among the first of all, in the order of the keys; and if they are less than asked for, the keys of the last row that was
        passed, where there may be more."""
        names, passed = statements.names(keys), statements.keys_of(walk, keys).order_by(*statements.by(keys, is_falling=is_falling))[:among]
        fitting = self._at_a_step(self.ways.rows if self.ways.fitting is None else self.ways.fitting)
        try:
            (steps, values), (fit, more) = passed.query.sql_with_params(), fitting.query.sql_with_params()
        except EmptyResultSet:
            return [], None
        # Told in one statement. The rows that were passed are kept until it is known whether there are enough, and not passed again.
        shown, turned = statements.said(names, is_falling=is_falling)
        step = f"step({', '.join(names)}) AS MATERIALIZED ({steps})"
        found = f"found AS MATERIALIZED (SELECT {shown} FROM step CROSS JOIN LATERAL ({fit}) AS hit ORDER BY {turned} LIMIT {most})"
        last = f"(SELECT {shown}, true FROM step WHERE (SELECT count(*) FROM found) < {most} OFFSET {among - 1})"
        answers = statements.answered(f"WITH {step}, {found} SELECT *, false FROM found UNION ALL {last}", [*values, *more])
        reached = [row[:-1] for row in answers if row[-1]]
        return [row[:-1] for row in answers if not row[-1]], reached[0] if reached else None

    def _sifted(self, walk: QuerySet[Any], keys: Sequence[Any], sieve: Sieve, *, is_falling: bool, most: int) -> list[Sequence[Any]]:
        """The same for a walk that looks up only what the sieve lets through: a part, and then as far as that part lets expect; through a fine one as far
        as it takes. What it lets through by numbers of few records is put in order and looked up, with no other row between."""
        on = partial(self._sifted_on, walk, keys, is_falling=is_falling, most=most, sieve=sieve)
        if sieve.is_fine or sieve.n_named is not None:
            return on(among=_ALL)
        found = on(among=_SIFTED)
        wanted = _SIFTED * most * 4 // (3 * len(found)) if found else _FARTHEST + 1
        if len(found) == most or wanted > _FARTHEST:
            return found
        return on(among=wanted)

    def _sifted_on(self, walk: QuerySet[Any], keys: Sequence[Any], *, is_falling: bool, most: int, among: int, sieve: Sieve) -> list[Sequence[Any]]:
        """The first rows that fit among those of the first that the sieve lets through; less than asked for may mean that there are more behind these."""
        walked = statements.keys_of(walk, keys, sieve).order_by(*statements.by(keys, is_falling=is_falling))[:among]
        names = statements.names(keys)
        try:
            (steps, values), (fit, more) = walked.query.sql_with_params(), self._at_a_step(sieve.fitting).query.sql_with_params()
        except EmptyResultSet:
            return []
        shown, turned = statements.said(names, is_falling=is_falling)
        if sieve.n_named is not None:
            # Found before they are put in order, and looked up then until there are enough.
            steps, values = statements.keys_of(walk.filter(sieve.lets_through), keys).order_by().query.sql_with_params()
            through, limit = f"({steps} OFFSET 0) AS step({', '.join(names)})", _ALL if self._names_few else _LET_THROUGH
        else:
            through, limit = f"({steps}) AS step({', '.join(names)}, is_let_through) WHERE is_let_through", _LET_THROUGH if sieve.is_fine else _ALL
        source = f"(SELECT * FROM {through} ORDER BY {turned} LIMIT {limit}) AS step"
        return statements.answered(f"SELECT {shown} FROM {source} CROSS JOIN LATERAL ({fit}) AS hit ORDER BY {turned} LIMIT {most}", [*values, *more])

    def _at_a_step(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The row that is being passed, if it is among these."""
        return self.order.named(rows).filter(Exact(F("pk"), AtStep(output_field=BigIntegerField()))).values_list("pk")

    def _step_by_step(self, stretch: Stretch, steps: Sequence[Any], *, is_falling: bool, most: int) -> list[Place]:
        """The first rows of each step after the other; the walk ends with the step that fills the page."""

        def placed(found: list[Sequence[Any]]) -> list[Place]:
            return [Place(stretch.name, step, list(keys)) for step, *keys in found]

        asked = partial(self._step, stretch, is_falling=is_falling)
        kind = "bigint" if isinstance(steps[0], int) else "text"
        if self._looks_up_steps:
            fits = self._at_a_step(self.ways.rows)
            found = statements.looked_up_on(asked(self._everything, among=_ON_STEPS), steps, fits, keys=stretch.keys, kind=kind, among=_ON_STEPS, most=most)
            everything = self._everything.filter(stretch.where, **{f"{self.order.stepped}__in": steps})
            if len(found) == most or statements.are_fewer(everything, _ON_STEPS):
                return placed(found)
        statement = "SELECT step.value, hit.* FROM unnest(%s::{kind}[]) WITH ORDINALITY AS step(value, nth) CROSS JOIN LATERAL ({rows}) AS hit LIMIT {most}"
        return placed(statements.fetched([asked(self.rows, among=most)], statement, [list(steps)], kind=kind, most=most))

    def _step(self, stretch: Stretch, rows: QuerySet[Any], *, is_falling: bool, among: int) -> QuerySet[Any]:
        """The keys of the first of the rows that stand on a step."""
        here = rows.filter(stretch.where, Exact(F(self.order.stepped), AtStep(output_field=statements.field_at(self.rows, self.order.stepped))))
        return statements.keys_of(here, stretch.keys).order_by(*statements.by(stretch.keys, is_falling=is_falling))[:among]
