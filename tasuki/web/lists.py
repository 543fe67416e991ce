"""The list, one for every noun: search, tabs, sort, and pages by keyset. It never counts a big table exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.core.exceptions import BadRequest
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from tasuki.web.requests import UserRequest

PAGE = 50
_COUNTED = 10_000
_SALT = "tasuki.web.lists"


@dataclass(frozen=True)
class Sort:
    """An order that a reader may choose: a field without NULLs, falling or rising; the id decides between equals."""

    key: str
    label: Any
    field: str
    falling: bool = False


@dataclass(frozen=True)
class Tab:
    key: str
    label: Any
    only: Q


@dataclass(frozen=True)
class Spec:
    """How one noun is listed."""

    sorts: Sequence[Sort]
    tabs: Sequence[Tab]
    searched: Sequence[str]
    filters: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    """One page of a list, and the addresses of what a reader can do with it."""

    rows: list[Any]
    count: int
    is_more: bool
    q: str
    tabs: list[tuple[Any, str, bool, None]]
    sorts: list[tuple[Any, str, bool]]
    clauses: list[tuple[str, str]]
    older: str
    newest: str
    hidden: list[tuple[str, str]]


def page(request: UserRequest, rows: QuerySet[Any], spec: Spec) -> Page:
    """The page that the address asks for. Raises BadRequest for a forged place in the list and for unknown orders."""
    said = request.GET
    sort = _chosen(spec.sorts, said.get("sort", ""))
    tab = _chosen(spec.tabs, said.get("view", ""))
    q = " ".join(said.get("q", "").split())[:100]
    rows = rows.filter(tab.only)
    filters = {name: said[name][:80] for name in spec.filters if said.get(name)}
    for name, value in filters.items():
        rows = rows.filter(**{name: value})
    for word in q.split()[:5]:
        rows = rows.filter(_mentions(spec, word))
    count = rows.order_by()[: _COUNTED + 1].count()
    sign = "-" if sort.falling else ""
    window = rows.order_by(f"{sign}{sort.field}", f"{sign}pk")
    if said.get("after"):
        window = window.filter(_behind(sort, said["after"]))
    found = list(window[: PAGE + 1])
    kept = {"view": tab.key if tab is not spec.tabs[0] else "", "sort": sort.key if sort is not spec.sorts[0] else "", "q": q, **filters}

    def address(**changed: str) -> str:
        return "?" + urlencode({name: value for name, value in {**kept, **changed}.items() if value})

    return Page(
        rows=found[:PAGE],
        count=min(count, _COUNTED),
        is_more=count > _COUNTED,
        q=q,
        tabs=[(one.label, address(view=one.key if one is not spec.tabs[0] else ""), one is tab, None) for one in spec.tabs],
        sorts=[(one.label, address(sort=one.key if one is not spec.sorts[0] else ""), one is sort) for one in spec.sorts],
        clauses=[(value, address(**{name: ""})) for name, value in filters.items()],
        older=address(after=_place(sort, found[PAGE - 1])) if len(found) > PAGE else "",
        newest=address() if said.get("after") else "",
        hidden=[(name, value) for name, value in kept.items() if value and name != "q"],
    )


def _chosen(options: Sequence[Any], key: str) -> Any:
    if not key:
        return options[0]
    for option in options:
        if option.key == key:
            return option
    raise BadRequest(_("This list has no order or view of that name."))


def _mentions(spec: Spec, word: str) -> Q:
    condition = Q(pk__in=[])
    for field in spec.searched:
        condition |= Q(**{f"{field}__icontains": word})
    return condition


def _place(sort: Sort, row: Model) -> str:
    value = getattr(row, sort.field)
    return signing.dumps([value.isoformat() if isinstance(value, (date, datetime)) else value, row.pk], salt=_SALT + sort.key, compress=True)


def _behind(sort: Sort, place: str) -> Q:
    """Everything behind a place in the order. The place is signed: nobody can make one up."""
    try:
        value, pk = signing.loads(place, salt=_SALT + sort.key)
    except signing.BadSignature:
        raise BadRequest(_("This place in the list is not known any more; begin at its start.")) from None
    side = "lt" if sort.falling else "gt"
    return Q(**{f"{sort.field}__{side}": value}) | Q(**{sort.field: value, f"pk__{side}": pk})
