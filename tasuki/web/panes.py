"""The panes of a page that show the first of some rows: how many there are in all, and where all of them stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.db.models import Count, QuerySet, Window
from django.urls import reverse

Row = TypeVar("Row")

MOST = 20


@dataclass(frozen=True)
class Pane(Generic[Row]):
    """The first rows. `n` is how many there are, None where nobody counted; `href` is the address of all of them, `is_cut` whether there are more."""

    rows: list[Row]
    n: int | None
    href: str
    is_cut: bool

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)


def first_of(rows: QuerySet[Any], *, href: str, most: int = MOST) -> Pane[Any]:
    """The first rows in their order, with the count of all; one query."""
    found = list(rows.annotate(n_in_all=Window(Count("pk")))[:most])
    n = found[0].n_in_all if found else 0
    return Pane(found, n, href, n > len(found))


def some_of(rows: QuerySet[Any], *, href: str, most: int = MOST) -> Pane[Any]:
    """The first of rows that may be too many to be counted for a page; one query."""
    found = list(rows[: most + 1])
    return Pane(found[:most], None, href, len(found) > most)


def list_of(name: str, clauses: str, *, view: str = "") -> str:
    """The address of the list of this name that shows what the clauses say, beginning from a view."""
    return f"{reverse(name)}?{urlencode({'view': view, 'filter': clauses} if view else {'filter': clauses})}"
