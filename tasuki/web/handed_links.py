"""The hand-offs behind the ring between inside sales and sales: the same leads and days, as a filter of their list."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.timezone import localdate

from tasuki.core.filters import sentences
from tasuki.core.filters.sentences import Clause, Group, Of
from tasuki.relay.groups import BLANK
from tasuki.relay.questions import Form

if TYPE_CHECKING:
    from tasuki.web.relay_filter import Filter

_LONG_AGO = "1970-01-01"
_FIELDS = {"source": "source", "segment": "segment", "country": "account.country", "team": "lead_team", "owner": "lead_owner", "product": "product"}


def links(asked: Filter, start: datetime | None, end: datetime) -> dict[str, str]:
    """The addresses of those decided, and of those accepted."""
    first, last = (localdate(start).isoformat() if start else _LONG_AGO), localdate(end - timedelta(microseconds=1)).isoformat()
    placed = Clause("answered" if asked.form is Form.PERIOD else "offered", "between", (first, last))
    said: dict[str, str | int] = {**asked.texts, **asked.ids}
    narrowed = [_narrowing(name, value) for name, value in said.items()]
    common = (placed, Clause("own", "no", ()), Clause("struck", "empty", ()), *narrowed)
    decided = {"decided": ("accepted", "returned"), "accepted": ("accepted",)}
    return {name: _address((Clause("state", "is", states), *common)) for name, states in decided.items()}


def _narrowing(name: str, value: str | int) -> Clause:
    return Clause(_FIELDS[name], "empty", ()) if value in (BLANK, 0) else Clause(_FIELDS[name], "is", (str(value),))


def _address(clauses: tuple[Clause, ...]) -> str:
    query = urlencode({"view": "all", "filter": sentences.written(Group(Of.ALL, clauses))})
    return f"{reverse('handoffs')}?{query}"
