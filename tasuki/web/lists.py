"""The list, one for every noun: views, a filter that reads as a sentence, search, order, and pages by keyset.

It never counts a big table exactly, and never skips rows: a page begins at a signed place in the order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.core.exceptions import BadRequest
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core.people import User
from tasuki.crm.stages import Stage
from tasuki.web import formats
from tasuki.web.requests import UserRequest, record_id

PAGE = 50
_COUNTED = 10_000
_SAMPLED, _OFFERED = 2_000, 30
_SALT = "tasuki.web.lists"

# What a clause can be changed to: (value in the address, what people call it).
Values = Callable[[UserRequest, "QuerySet[Any]"], list[tuple[str, str]]]


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
class Filter:
    """A field that the sentence can narrow. `sentence` is a translated “from %(name)s”; `every` is the name of all of them."""

    key: str
    field: str
    every: Any
    sentence: Any
    values: Values
    is_id: bool = False


@dataclass(frozen=True)
class Spec:
    """How one noun is listed."""

    sorts: Sequence[Sort]
    tabs: Sequence[Tab]
    searched: Sequence[str]
    filters: Sequence[Filter] = ()


@dataclass(frozen=True)
class Clause:
    """One clause of the sentence: the words around what it says now, and (label, address, is it so now) of all it could say."""

    before: str
    label: str
    after: str
    options: list[tuple[Any, str, bool]]


@dataclass(frozen=True)
class Page:
    """One page of a list, and the addresses of what a reader can do with it."""

    rows: list[Any]
    count: int
    is_more: bool
    q: str
    tabs: list[tuple[Any, str, bool, None]]
    sorts: list[tuple[Any, str, bool]]
    clauses: list[Clause]
    newer: str
    older: str
    everything: str
    hidden: list[tuple[str, str]]


def values_of(field: str) -> Values:
    """What stands in a text field of the newest rows, the commonest first: enough to choose from, at a bounded cost."""

    def values(request: UserRequest, rows: QuerySet[Any]) -> list[tuple[str, str]]:  # noqa: ARG001 - one of several ways to know
        met = Counter(value for value in rows.order_by("-pk").values_list(field, flat=True)[:_SAMPLED] if value)
        return [(value, value) for value, _n in met.most_common(_OFFERED)]

    return values


def countries_of(field: str) -> Values:
    """As `values_of`, with the names of countries in the reader's language."""

    def values(request: UserRequest, rows: QuerySet[Any]) -> list[tuple[str, str]]:
        names = formats.locale().territories
        return sorted(((code, names.get(code, code)) for code, _code in values_of(field)(request, rows)), key=lambda pair: pair[1])

    return values


def colleagues(request: UserRequest, rows: QuerySet[Any]) -> list[tuple[str, str]]:  # noqa: ARG001 - one of several ways to know
    """Everybody who works here now; the reader first."""
    people = User.objects.visible_to(request.user).active().order_by("family_name", "given_name", "pk")
    others = [(str(one.pk), one.display_name) for one in people[:200] if one.pk != request.user.pk]
    return [(str(request.user.pk), _("me")), *others]


def stages_in_order(request: UserRequest, rows: QuerySet[Any]) -> list[tuple[str, str]]:  # noqa: ARG001 - one of several ways to know
    return [(stage.pk, stage.name) for stage in Stage.objects.visible_to(request.user)]


def by_owner(field: str = "owner") -> Filter:
    return Filter("owner", field, gettext_lazy("everybody"), gettext_lazy("carried by %(name)s"), colleagues, is_id=True)


def page(request: UserRequest, rows: QuerySet[Any], spec: Spec) -> Page:
    """The page that the address asks for. Raises BadRequest for a forged place in the list and for unknown orders, views and ids."""
    said = request.GET
    sort, tab = _chosen(spec.sorts, said.get("sort", "")), _chosen(spec.tabs, said.get("view", ""))
    q = " ".join(said.get("q", "").split())[:100]
    narrowed = {one.key: said[one.key][:80] for one in spec.filters if said.get(one.key)}
    kept = {"view": tab.key, "sort": sort.key if sort is not spec.sorts[0] else "", "q": q, **narrowed}

    def address(**changed: str) -> str:
        return "?" + urlencode({name: value for name, value in {**kept, **changed}.items() if value})

    clauses = [_clause(one, one.values(request, rows), now=narrowed.get(one.key), address=address) for one in spec.filters]
    rows = _narrowed(rows.filter(tab.only), spec, narrowed=narrowed, q=q)
    count = rows.order_by()[: _COUNTED + 1].count()
    found, is_begun, is_more = _window(rows, sort, after=said.get("after", ""), before=said.get("before", ""))
    return Page(
        rows=found,
        count=min(count, _COUNTED),
        is_more=count > _COUNTED,
        q=q,
        tabs=[(one.label, address(view=one.key), one is tab, None) for one in spec.tabs],
        sorts=[(one.label, address(sort=one.key if one is not spec.sorts[0] else ""), one is sort) for one in spec.sorts],
        clauses=clauses,
        newer=address(before=_place(sort, found[0])) if found and is_begun else "",
        older=address(after=_place(sort, found[-1])) if found and is_more else "",
        everything=address(q="", **dict.fromkeys(narrowed, "")) if q or narrowed else "",
        hidden=[(name, value) for name, value in kept.items() if value and name != "q"],
    )


def _chosen(options: Sequence[Any], key: str) -> Any:
    if not key:
        return options[0]
    for option in options:
        if option.key == key:
            return option
    raise BadRequest(_("This list has no order or view of that name."))


def _clause(one: Filter, values: list[tuple[str, str]], *, now: str | None, address: Callable[..., str]) -> Clause:
    before, _sign, after = str(one.sentence).partition("%(name)s")
    options = [(one.every, address(**{one.key: ""}), now is None)]
    options += [(label, address(**{one.key: value}), value == now) for value, label in values]
    return Clause(before.strip(), str(dict(values).get(now, now)) if now else str(one.every), after.strip(), options)


def _narrowed(rows: QuerySet[Any], spec: Spec, *, narrowed: dict[str, str], q: str) -> QuerySet[Any]:
    for one in spec.filters:
        if value := narrowed.get(one.key):
            rows = rows.filter(**{one.field: _id(value) if one.is_id else value})
    for word in q.split()[:5]:
        condition = Q(pk__in=[])
        for field in spec.searched:
            condition |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(condition)
    return rows


def _id(text: str) -> int:
    known = record_id(text)
    if known is None:
        raise BadRequest(_("This list knows nobody of that number."))
    return known


def _window(rows: QuerySet[Any], sort: Sort, *, after: str, before: str) -> tuple[list[Any], bool, bool]:
    """The rows of the page, whether there are rows before them, and whether there are rows behind them."""
    if before:
        back = list(_ordered(rows, sort, backwards=True).filter(_beyond(sort, before, backwards=True))[: PAGE + 1])
        if len(back) > PAGE:
            return back[PAGE - 1 :: -1], True, True
        # The start of the list is always a full page.
    rows = _ordered(rows, sort, backwards=False)
    if after:
        rows = rows.filter(_beyond(sort, after, backwards=False))
    found = list(rows[: PAGE + 1])
    return found[:PAGE], bool(after), len(found) > PAGE


def _ordered(rows: QuerySet[Any], sort: Sort, *, backwards: bool) -> QuerySet[Any]:
    sign = "-" if sort.falling is not backwards else ""
    return rows.order_by(f"{sign}{sort.field}", f"{sign}pk")


def _place(sort: Sort, row: Model) -> str:
    value = getattr(row, sort.field)
    return signing.dumps([value.isoformat() if isinstance(value, (date, datetime)) else value, row.pk], salt=_SALT + sort.field, compress=True)


def _beyond(sort: Sort, place: str, *, backwards: bool) -> Q:
    """Everything on one side of a place in the order. The place is signed: nobody can make one up."""
    try:
        value, pk = signing.loads(place, salt=_SALT + sort.field)
    except signing.BadSignature:
        raise BadRequest(_("This place in the list is not known any more; begin at its start.")) from None
    side = "lt" if sort.falling is not backwards else "gt"
    return Q(**{f"{sort.field}__{side}": value}) | Q(**{sort.field: value, f"pk__{side}": pk})
