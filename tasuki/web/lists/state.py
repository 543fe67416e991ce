"""What an address says about a list, and the address of every other state of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.utils.translation import gettext as _

from tasuki.core.filters import sentences
from tasuki.core.filters.sentences import Group
from tasuki.core.saved_views import SavedView
from tasuki.web.lists import renderings
from tasuki.web.lists.spec import Spec, View
from tasuki.web.requests import UserRequest, record_id

LONGEST_SEARCH = 100


@dataclass(frozen=True)
class Chosen:
    """A view, built in or saved, as the list needs it. `is_cut`: it asks about a field that is not there any more, and that part is left out."""

    key: str
    label: str
    filter: Group
    sort: str
    columns: tuple[str, ...]
    saved: SavedView | None = None
    is_cut: bool = False
    rendering: str = ""
    grouping: str = ""


@dataclass(frozen=True)
class State:
    """One state of a list. What equals the view's own is not written into an address. `on` is the day that a calendar is opened at."""

    view: Chosen
    filter: Group
    sort: str
    columns: tuple[str, ...]
    q: str = ""
    is_cut: bool = False
    rendering: str = ""
    grouping: str = ""
    on: str = ""

    def said(self) -> list[tuple[str, str]]:
        """The pairs of the address, the shortest that say it."""
        pairs = [("view", self.view.key)] if self.view.key else []
        if self.filter != self.view.filter:
            pairs.append(("filter", sentences.written(self.filter)))
        if self.sort != self.view.sort:
            pairs.append(("sort", self.sort))
        if self.columns != self.view.columns:
            pairs.append(("columns", ",".join(self.columns)))
        if self.rendering != self.view.rendering:
            pairs.append(("as", self.rendering or renderings.TABLE))
        if self.grouping != self.view.grouping:
            pairs.append(("group", self.grouping))
        return [*pairs, *((name, value) for name, value in (("q", self.q), ("on", self.on)) if value)]

    @cached_property
    def _encoded(self) -> str:
        return urlencode(self.said())

    def address(self, **more: str) -> str:
        added = urlencode([(name, value) for name, value in more.items() if value])
        return "?" + "&".join(part for part in (self._encoded, added) if part)

    def with_(self, **changes: Any) -> State:
        return replace(self, **changes)


def read(request: UserRequest, spec: Spec, saved: list[SavedView]) -> State:
    """The state that the address of a request says; see `read_from`."""
    return read_from(request.GET, spec, saved)


def read_from(said: QueryDict, spec: Spec, saved: list[SavedView]) -> State:
    """The state that the pairs of an address say. Raises BadRequest for views, orders and columns that do not exist, FilterWrong for a wrong filter."""
    view = _view(said.get("view", ""), spec, saved)
    asked = sentences.read(said.get("filter", "")) if "filter" in said else view.filter
    known = without_lost(asked, spec)
    rendering = renderings.read(said.get("as", ""), spec) if "as" in said else view.rendering
    return State(
        view=view,
        filter=known,
        is_cut=known != asked or ("filter" not in said and view.is_cut),
        sort=_sort(said.get("sort", ""), spec) or view.sort,
        columns=columns_of(",".join(said.getlist("columns")).split(","), spec) if "columns" in said else view.columns,
        q=" ".join(said.get("q", "").split())[:LONGEST_SEARCH],
        rendering=rendering,
        on=renderings.read_day(said.get("on", "")) if rendering in renderings.BY_DAY else "",
        grouping=renderings.read_grouping(said.get("group", ""), rendering, spec) if "group" in said else view.grouping if rendering == view.rendering else "",
    )


def built_in(view: View, spec: Spec) -> Chosen:
    return Chosen(view.key, str(view.label), sentences.read(view.filter), view.sort or spec.sort, shown_first(spec))


def of_saved(saved: SavedView, spec: Spec) -> Chosen:
    """A saved view; columns and orders that the noun has no more, or that the reader must not see, are left out."""
    sort = saved.sort if spec.column(saved.sort.lstrip("-")) else spec.sort
    columns = tuple(key for key in saved.columns if spec.column(key))
    asked = sentences.read(saved.filter)
    known = without_lost(asked, spec)
    rendering, grouping = renderings.known(saved.rendering, saved.grouping, spec)
    return Chosen(str(saved.pk), saved.name, known, sort, columns or shown_first(spec), saved, known != asked, rendering, grouping)


def without_lost(group: Group, spec: Spec) -> Group:
    """The filter without what it asks of custom fields that are archived, or that the reader must not see: what was kept goes on working."""
    parts = [without_lost(part, spec) if isinstance(part, Group) else part for part in group.parts]
    is_lost = [not part.parts if isinstance(part, Group) else part.field.startswith("custom.") and part.field not in spec.fields for part in parts]
    return Group(group.of, tuple(part for part, lost in zip(parts, is_lost, strict=True) if not lost)) if any(is_lost) or parts != list(group.parts) else group


def shown_first(spec: Spec) -> tuple[str, ...]:
    return tuple(column.key for column in spec.columns if column.is_shown)


def columns_of(keys: list[str], spec: Spec) -> tuple[str, ...]:
    """The first column, which names the row, and those asked for, each once. Raises BadRequest for one that does not exist."""
    if any(key and not spec.column(key) for key in keys):
        raise BadRequest(_("This list has no column of that name."))
    return tuple(dict.fromkeys([spec.columns[0].key, *(key for key in keys if key)]))


def _view(key: str, spec: Spec, saved: list[SavedView]) -> Chosen:
    if not key:
        return built_in(spec.views[0], spec)
    for view in spec.views:
        if view.key == key:
            return built_in(view, spec)
    for one in saved:
        if one.pk == record_id(key):
            return of_saved(one, spec)
    raise BadRequest(_("This list has no view of that name. Perhaps whoever saved it has removed it."))


def _sort(key: str, spec: Spec) -> str:
    if not key:
        return ""
    column = spec.column(key.removeprefix("-"))
    if column is None or not column.sort:
        raise BadRequest(_("This list has no order of that name."))
    return key
