"""One page of a list, with all that a reader can do with it as addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _

from tasuki.core import abilities, saved_views
from tasuki.core.abilities import Ability
from tasuki.core.bulk.verbs import BulkVerb, verbs_of
from tasuki.core.filters import apart, binding, compiling, sentences
from tasuki.core.filters.apart import Apart
from tasuki.core.filters.askers import asker
from tasuki.core.filters.binding import Condition, Meaning
from tasuki.core.filters.errors import FilterWrong
from tasuki.core.filters.fields import UNITS, Field, Fields
from tasuki.core.filters.sentences import Clause, Group, Of
from tasuki.core.filters.ways import asks_others, joins_others
from tasuki.core.people import User
from tasuki.core.saved_views import Reach, SavedView
from tasuki.core.search import narrowing
from tasuki.core.search.arrays import among, written
from tasuki.core.search.narrowing import Parts, Sieve, Ways
from tasuki.crm.merges.rows import MergeNoun
from tasuki.crm.tasks import Task
from tasuki.relay.clocks import Clock
from tasuki.web import custom_values
from tasuki.web.allowed_edits import Allowed, allowed
from tasuki.web.custom_values import Names, Said
from tasuki.web.lists import counting, editing, efforts, orders, paging, renderings
from tasuki.web.lists import state as states
from tasuki.web.lists.brackets import Place
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.efforts import Effort
from tasuki.web.lists.grouped import Reading
from tasuki.web.lists.named import LONGEST_NAME
from tasuki.web.lists.orders import Order
from tasuki.web.lists.rendered import Rendered, rendered
from tasuki.web.lists.sentence import Bracket, Chip, Sentence
from tasuki.web.lists.spec import Column, Spec
from tasuki.web.lists.state import State
from tasuki.web.requests import UserRequest

# So many numbers PostgreSQL keeps at hand in the memory that it has for a question by default.
_MOST_APART = 200_000
# So few rows that are seen in one way are all found.
_MOST_FEW = 10_000
# So much it may cost, as the planner counts, to find them before the order is walked: some 16,000 leads and all accounts of a team.
_SOON = 150_000.0


@dataclass(frozen=True)
class Heading:
    """A column as it stands now: `sort` is the address that orders by it ("" where it has no order), `order` is ascending, descending or ""."""

    column: Column
    sort: str
    order: str

    @cached_property
    def change(self) -> str:
        """What the pencil in a cell of it says, but for the %(name)s of the row. A list says it in hundreds of cells."""
        return _("Change “%(field)s” of %(name)s") % {"field": self.column.label, "name": "%(name)s"}


@dataclass(frozen=True)
class Page:
    """What the template shows."""

    spec: Spec
    state: State
    rows: list[Any]
    count: int
    is_about: bool
    headings: list[Heading]
    views: list[tuple[str, str, bool, None]]
    chips: list[Chip | Bracket]
    newer: str
    older: str
    bulk: list[BulkVerb]
    may_merge: bool
    names: Names
    other: Rendered | None
    edits: Allowed
    _narrowed: dict[tuple[str, str], str] = dataclass_field(default_factory=dict)

    @property
    def has_verbs(self) -> bool:
        """Whether there is something to do with rows that are ticked."""
        return bool(self.bulk) or self.may_merge

    @cached_property
    def select(self) -> str:
        """What the box before a row says, but for its %(name)s."""
        return _("Select %(name)s")

    @property
    def fields(self) -> Fields:
        return self.spec.fields

    def said(self, column: Column, row: Any) -> Said:
        """The value of a custom field in a cell, in words."""
        assert column.custom is not None  # noqa: S101 - the template asks only about such columns
        return custom_values.said(column.custom, row, self.names)

    @property
    def filter_text(self) -> str:
        return sentences.written(self.state.filter)

    @property
    def is_narrowed(self) -> bool:
        """Whether less is shown than the view shows."""
        return bool(self.state.q) or self.state.filter != self.state.view.filter

    @property
    def everything(self) -> str:
        """The address of the view as it was."""
        return self.state.with_(filter=self.state.view.filter, q="").address()

    def adding(self, field: Field, place: Place = "") -> str:
        """The address where a clause of the field can be filled in, in the group at the place."""
        return self.state.address(add=field.key, to=place)

    def narrowed(self, field: str, value: str) -> str:
        """The address of the rows that have this value too; what was asked of the field before goes."""
        if (field, value) not in self._narrowed:  # the rows of a page share few values
            others = tuple(part for part in self.state.filter.parts if not (isinstance(part, Clause) and part.field == field))
            self._narrowed[field, value] = self.state.with_(filter=Group(Of.ALL, (*others, Clause(field, "is", (value,))))).address()
        return self._narrowed[field, value]

    def export(self, form: str) -> str:
        """The address of the rows as a file."""
        return reverse("export", args=[self.spec.noun]) + self.state.address(form=form)

    def grouping_choices(self) -> list[Field]:
        return renderings.groupings(self.spec, self.state.rendering)

    @property
    def renderings(self) -> list[tuple[str, str, bool]]:
        """The ways to show the list: what each is called, its address, and whether it is this one."""
        now = renderings.MONTH if self.state.rendering in renderings.BY_DAY else self.state.rendering
        ways = {one: renderings.label(one) for one in ("", *renderings.offered(self.spec))}
        ways |= {renderings.MONTH: _("Calendar")} if renderings.MONTH in ways else {}
        return [(label, self.state.with_(rendering=one, grouping="", on="").address(), one == now) for one, label in ways.items()]

    def hidden(self, *but: str) -> list[tuple[str, str]]:
        """What a form has to say to stay in this state."""
        return [(name, value) for name, value in self.state.said() if name not in but]


def answer(request: UserRequest, spec: Spec, *, at: datetime) -> Page | HttpResponse:
    """The page that the address asks for, or, when a clause was sent, the way to the address of the changed filter.

    Raises BadRequest for views, orders, columns and places that do not exist, FilterWrong for a filter that cannot be read.
    """
    spec = spec_of(spec, request.user)
    saved = saved_views.seen_by(request.user, spec.noun)
    state = states.read(request, spec, saved)
    if editing.is_sent(request):
        try:
            return HttpResponseRedirect(editing.applied(request, state, spec, at=at).address())
        except FilterWrong as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(state.address(**editing.asked_again(refusal, said=request.GET, state=state, spec=spec)))
    return _page(request, spec, state=state, saved=saved, at=at)


def shown(request: UserRequest, page: Page, *, form: Any = None, **more: Any) -> HttpResponse:
    """The list with what its cells and menus need; 422 with a form that was refused."""
    context = {"units": UNITS, "reaches": Reach.choices, "form": form, **_for_cells(page, request.user), **more}
    return render(request, f"{page.spec.name}/list.jinja", context, status=422 if form is not None and form.errors else 200)


def row_shown(request: UserRequest, page: Page) -> HttpResponse:
    """The only row of a page, with what its cells need."""
    return render(request, f"{page.spec.name}/row.jinja", _for_cells(page, request.user))


def _for_cells(page: Page, reader: User) -> dict[str, Any]:
    """What the cells show beside the rows themselves."""
    known: dict[str, Any] = {"page": page, "now": now(), "today": localdate()}
    shown = {one.column.key for one in page.headings}
    if page.spec.noun in ("lead", "opportunity") and ("next_task" in shown or page.state.rendering):
        known["next_tasks"] = Task.objects.visible_to(reader).next_of([row if page.spec.noun == "lead" else row.lead for row in page.rows])
    if "clock" in shown:
        known["clocks"] = Clock.objects.visible_to(reader).of_leads([row.pk for row in page.rows])
    if page.spec.noun == "product":
        known["may_add"] = abilities.can(reader, Ability.EDIT_PRODUCTS)
    return known


def _page(request: UserRequest, spec: Spec, *, state: State, saved: list[SavedView], at: datetime) -> Page:
    said = request.GET
    meaning = _meaning(spec, state, reader=request.user, at=at)
    ways = _among_few(spec, state, meaning, reader=request.user) or _narrowed(spec, state, meaning, reader=request.user)
    rows = ways.rows
    count, is_about = counting.counted(rows)
    order = order_of(state, spec, request.user)
    other = rendered(rows, Reading(state, spec, order, request.user, at, is_about, ways.parts), said)
    before, after = said.get("before", ""), said.get("after", "")
    by = _effort(spec, order, ways, state=state, n_fitting=count, meaning=meaning, reader=request.user)
    window = paging.Window(other.rows, "", "") if other else paging.window(rows, order, before=before, after=after, by=by, ways=ways, reads=_reads(state, spec))
    adding = said.get("add", "")
    headings = [heading(column, state) for key in state.columns if (column := spec.column(key))]
    return Page(
        spec=spec,
        state=state,
        rows=window.rows,
        count=count,
        is_about=is_about,
        other=other,
        edits=allowed(spec.noun, request.user),
        headings=headings,
        names=custom_values.names_of(window.rows, [one.column.custom for one in headings if one.column.custom], request.user),
        views=_views(state, spec, saved),
        chips=Sentence(state, spec, request.user).chips(
            adding=adding if adding in spec.fields else "", to=said.get("to", ""), opened=said.get("open", ""), typed=said.get("who", "")[:LONGEST_NAME]
        ),
        bulk=verbs_of(spec.noun, abilities=abilities.standing_of(request.user).abilities),
        may_merge=may_merge(spec, request.user),
        newer=state.address(before=window.before) if window.before else "",
        older=state.address(after=window.after) if window.after else "",
    )


def _effort(spec: Spec, order: Order, ways: Ways, *, state: State, n_fitting: int, meaning: Meaning | None, reader: User) -> Effort:
    if ways.are_few:
        return Effort(are_few=True)
    if state.q:
        return efforts.of_search(order, n_fitting, is_often=ways.fitting is not None)
    is_looked_up = asks_others(ways.rows) and not (spec.seen_at_hand and spec.seen_at_hand(reader))
    return efforts.weighed(order, n_fitting, meaning, is_looked_up=is_looked_up)


def may_merge(spec: Spec, reader: User) -> bool:
    return spec.noun in MergeNoun.values and Ability.MERGE_RECORDS in abilities.standing_of(reader).abilities


def narrowed(spec: Spec, state: State, *, reader: User, at: datetime) -> QuerySet[Any]:
    """The rows that the state means, in no order."""
    return _narrowed(spec, state, _meaning(spec, state, reader=reader, at=at), reader=reader).rows


def _meaning(spec: Spec, state: State, *, reader: User, at: datetime) -> Meaning | None:
    return binding.bind(state.filter, spec.fields, asker=asker(reader, at=at)) if state.filter.parts else None


def _among_few(spec: Spec, state: State, meaning: Meaning | None, *, reader: User) -> Ways | None:
    """The rows among all that somebody sees, where these are few among very many; else None. To walk the order would take longest for whoever sees none."""
    if not spec.seen_by_ways or spec.found or efforts.n_rows(spec.fields.model) <= _MOST_FEW:
        return None
    parts = spec.seen_by_ways(reader)
    if not parts or not all(counting.estimated(part) <= _MOST_FEW for part in parts) or not _are_found_soon(parts) or (seen := _few(parts)) is None:
        return None
    fitting = seen if meaning is None else compiling.narrowed(seen, meaning)
    if not state.q:
        return Ways(fitting, are_few=True)
    found = narrowing.ways(fitting, state.q, noun=spec.noun, reader=reader)
    return Ways(found.rows if found.fitting is None else found.fitting, are_few=True)


def _narrowed(spec: Spec, state: State, meaning: Meaning | None, *, reader: User) -> Ways:
    ways = _found(spec, state, meaning, reader=reader)
    if spec.seen_of_teams is None:
        return ways
    teams, own = spec.seen_of_teams(reader), Q(owner=reader.pk)
    return replace(ways, teams=teams, own=own, by_numbers=partial(_by_numbers, spec, meaning, teams=teams, own=own, reader=reader))


def _by_numbers(spec: Spec, meaning: Meaning | None, *, teams: frozenset[int], own: Q, reader: User) -> list[QuerySet[Any]]:
    """What is asked of other records is asked by the numbers of these, and the rows of teams apart from the reader's own, as an index has either with the
    records that they point to, where that costs less."""
    rows = spec.fields.model._default_manager.all()
    whole = _fitting_by_numbers(spec.rows(reader).select_related(None), meaning)
    if joins_others(whole):
        return []
    parts = [_fitting_by_numbers(some, meaning) for some in (rows.filter(team__in=teams), rows.filter(own).exclude(team__in=teams))] if teams else []
    return parts if parts and sum(map(counting.cost, parts)) < counting.cost(whole) else [whole]


def _fitting_by_numbers(rows: QuerySet[Any], meaning: Meaning | None) -> QuerySet[Any]:
    if meaning is None:
        return rows
    found = _asked_apart(rows, meaning)
    return apart.narrowed(rows, meaning, found) if found else compiling.narrowed(rows, meaning)


def _found(spec: Spec, state: State, meaning: Meaning | None, *, reader: User) -> Ways:
    rows = spec.rows(reader).prefetch_related(*_reads(state, spec))
    fitting = rows if meaning is None else compiling.narrowed(rows, meaning)
    if state.q and spec.found:
        return Ways(spec.found(fitting, state.q, reader), split=spec.split)
    if state.q:
        return narrowing.ways(fitting, state.q, noun=spec.noun, reader=reader)
    if meaning is None:
        return Ways(fitting, parts=partial(_in_order, spec, state, reader=reader))
    counted_out = partial(_apart, rows, meaning)
    seen = spec.seen_by_ways(reader) if spec.seen_by_ways and asks_others(rows) else []
    if not seen:
        return Ways(fitting, counted_out=counted_out, split=spec.split)
    parts = [compiling.narrowed(some, meaning).order_by() for some in seen]
    sieve = partial(_sieve, rows, meaning)
    few, finds_soon = partial(_few, parts), partial(_are_found_soon, parts)
    if not apart.of(meaning, rows.model):  # they are not passed by numbers, and to find very many takes longer than to walk on
        own = partial(_sieve_of_what_belongs, rows, meaning)
        in_order = partial(_in_order, spec, state, reader=reader, meaning=meaning)
        return Ways(fitting, sieve=own, few=lambda: few() if finds_soon() else None, finds_soon=finds_soon, parts=in_order)
    return Ways(fitting, sieve=sieve, few=few, finds_soon=finds_soon, counted_out=counted_out)


def _in_order(spec: Spec, state: State, *, reader: User, meaning: Meaning | None = None) -> Parts | None:
    """All rows that somebody sees, or those that are meant, in parts, where they have an index in the order of the list, and those that have none are soon
    found."""
    column = spec.column(state.sort.removeprefix("-"))
    # What is walked in another table is not asked what is meant: a walk in parts goes through all rows that are seen.
    seen = spec.seen_in_order.get(column.sort) if column and not (column.firsts and meaning) else None
    parts = seen(reader) if seen else None
    if parts and meaning:
        of_teams, others = ([compiling.narrowed(part, meaning) for part in some] for some in parts)
        parts = of_teams, others
    if parts is None or not _are_found_soon(parts[1]):
        return None
    # Where hardly anything stands in an index, the others would be all.
    return parts if sum(map(counting.estimated, parts[0])) > counting.estimated(parts[1][-1]) else None


def _sieve(rows: QuerySet[Any], meaning: Meaning) -> Sieve | None:
    """For rows that are seen by way of others: what is asked of other records lets through, and who sees a row is looked up for those alone."""
    found = _asked_apart(rows, meaning)
    return Sieve(Q(*map(apart.among, found)), compiling.narrowed(rows, meaning), is_fine=True) if found else None


def _sieve_of_what_belongs(rows: QuerySet[Any], meaning: Meaning) -> Sieve | None:
    """The same where something is asked of what belongs to each row, such as addresses: it is looked up for all that are passed, and only for those of
    which it holds who sees them."""
    is_looked_up = any(isinstance(part, Condition) and part.field.through for part in meaning.parts)
    if not is_looked_up or compiling.computed(meaning):
        return None
    return Sieve(compiling.condition(meaning, rows.model), compiling.narrowed(rows, meaning), is_fine=True)


def _are_found_soon(parts: Sequence[QuerySet[Any]]) -> bool:
    """Whether it takes less to find all rows of the parts than to walk along very many. How many are seen by leads, the last part, the planner can tell;
    not that who owns accounts of one country owns none of another."""
    return counting.estimated(parts[-1]) <= _MOST_FEW and sum(counting.cost(part) for part in parts) <= _SOON


def _few(parts: Sequence[QuerySet[Any]]) -> QuerySet[Any] | None:
    """The rows of all parts by their numbers; None where one of them has too many."""
    found: set[int] = set()
    for part in parts:
        found |= (some := set(part.values_list("pk", flat=True)[:_MOST_FEW]))
        if len(some) == _MOST_FEW:
            return None
    rows: QuerySet[Any] = parts[0].model._default_manager.filter(among("pk", written(found)))
    return rows


def _apart(rows: QuerySet[Any], meaning: Meaning) -> QuerySet[Any] | None:
    """The rows by the numbers of the other records that they are asked about; None where nothing is asked of others, or too many others fit."""
    found = _asked_apart(rows, meaning)
    return apart.narrowed(rows, meaning, found) if found else None


def _asked_apart(rows: QuerySet[Any], meaning: Meaning) -> list[Apart]:
    """What is asked of other records, where it holds of so few that their numbers are kept at hand; else nothing."""
    found = apart.of(meaning, rows.model)
    return found if all(counting.estimated(one.records) <= _MOST_APART for one in found) else []


def _reads(state: State, spec: Spec) -> list[str]:
    """What is read with the rows for the columns that are shown."""
    return [column.reads for key in state.columns if (column := spec.column(key)) and column.reads]


def order_of(state: State, spec: Spec, reader: User) -> Order:
    column = spec.column(state.sort.removeprefix("-"))
    assert column is not None  # noqa: S101 - a state is read with the columns of the noun
    if column.firsts:
        return Order(spec.fields.model, column.sort, state.sort.startswith("-"), firsts=column.firsts(reader))
    steps = column.steps
    if column.stepped and not steps:
        steps = orders.people() if column.custom else orders.steps_of(spec.fields.model, column.stepped, column.sort)
    return Order(
        spec.fields.model,
        column.sort,
        state.sort.startswith("-"),
        column.computed,
        column.then,
        column.stepped if steps else "",
        steps,
        apart=column.apart,
        or_else=column.or_else,
    )


def heading(column: Column, state: State) -> Heading:
    """The head of a column in this state of the list."""
    if not column.sort:
        return Heading(column, "", "")
    orders = {column.key: "ascending", f"-{column.key}": "descending"}
    now = orders.get(state.sort, "")
    return Heading(column, state.with_(sort=f"-{column.key}" if now == "ascending" else column.key).address(), now)


def _views(state: State, spec: Spec, saved: list[SavedView]) -> list[tuple[str, str, bool, None]]:
    chosen = [states.built_in(view, spec) for view in spec.views] + [states.of_saved(one, spec) for one in saved]
    return [(view.label, f"?view={view.key}" if view.key else "?", view.key == state.view.key, None) for view in chosen]
