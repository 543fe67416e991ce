"""How hand-offs fare: for senders, receivers and pairs, by period; and what became of them. Every number leads to its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.relay import handoff_rates, handoff_rules, handoff_weeks
from tasuki.relay.handoff_rates import SMALLEST, Row
from tasuki.relay.handoff_rows import Handoff, HandoffState
from tasuki.relay.handoff_weeks import N_WEEKS, Pair
from tasuki.web.relay_filter import quarter_start
from tasuki.web.requests import UserRequest

# What was offered, whatever became of it but that it was withdrawn.
_OFFERED = [state.value for state in HandoffState if state != HandoffState.WITHDRAWN]


@dataclass(frozen=True)
class Span:
    """The days that are counted, the last one included, in the reader's time zone: as a filter of the list would ask."""

    key: str
    label: str
    first: date | None
    last: date

    @property
    def start(self) -> datetime | None:
        return timezone.make_aware(datetime.combine(self.first, time())) if self.first else None

    @property
    def end(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.last + timedelta(days=1), time()))

    @property
    def clause(self) -> str:
        """The same days as a clause on when a hand-off was answered."""
        return f"answered:{self.between}"

    @property
    def between(self) -> str:
        return f"between({self.first or date(1970, 1, 1)}, {self.last})"


def spans(today: date, *, fiscal_start: int) -> list[Span]:
    quarter = quarter_start(today, fiscal_start=fiscal_start)
    last_quarter = quarter_start(quarter - timedelta(days=1), fiscal_start=fiscal_start)
    return [
        Span("weeks", _("last 13 weeks"), today - timedelta(weeks=N_WEEKS, days=-1), today),
        Span("month", _("this month"), today.replace(day=1), today),
        Span("quarter", _("this quarter"), quarter, today),
        Span("last_quarter", _("last quarter"), last_quarter, quarter - timedelta(days=1)),
        Span("all", _("all time"), None, today),
    ]


class Links:
    """The addresses of the rows behind the numbers."""

    def __init__(self, span: Span) -> None:
        self._span, self._list = span, reverse("handoffs")
        self._weeks: dict[date, Links] = {}

    def decided(self, row: Any, *states: str) -> str:
        """What was answered in the period, of the people of a row."""
        return self._rows([f"state:is({', '.join(states)})", self._span.clause, *self._who(row), "own:no", "struck:empty"])

    def returned(self, row: Any, reason: str) -> str:
        """What was given back in the period for a reason."""
        return self._rows(["state:is(returned)", f"reason:is({reason})", self._span.clause, *self._who(row), "own:no", "struck:empty"])

    def offered(self, pair: Pair) -> str:
        """What was offered in the period by one to the other."""
        to = f"to:is({pair.receiver_id})" if pair.receiver_id else "to:empty"
        return self._rows([f"state:is({', '.join(_OFFERED)})", f"offered:{self._span.between}", *self._credited(pair), to, "own:no", "struck:empty"])

    def of_week(self, monday: date) -> Links:
        """To the rows of one week; every pair asks for the same thirteen."""
        if monday not in self._weeks:
            self._weeks[monday] = Links(Span("", "", monday, monday + timedelta(days=6)))
        return self._weeks[monday]

    def pending(self, row: Any) -> str:
        to = [f"to:is({row.receiver_id})"] if row.receiver_id else []
        return self._rows(["state:is(offered)", *self._credited(row), *to])

    def became(self, row: Any, *more: str) -> str:
        """What was accepted in the period of a sender's hand-offs, and what became of it."""
        return self._rows(["state:is(accepted)", self._span.clause, *self._credited(row), *more])

    def _who(self, row: Any) -> list[str]:
        return [*self._credited(row), *([f"answered_by:is({row.receiver_id})"] if row.receiver_id else [])]

    def _credited(self, row: Any) -> list[str]:
        return [f"credited:is({row.sender_id})"] if row.sender_id else []

    def _rows(self, clauses: list[str]) -> str:
        return f"{self._list}?view=all&filter={quote_plus(', ').join(map(_quoted, clauses))}"


@lru_cache(maxsize=4_096)
def _quoted(clause: str) -> str:
    """A clause as a part of an address: a page has two thousand addresses of the same few hundred clauses."""
    return quote_plus(clause)


def _of_weeks(pairs: list[Pair]) -> Links | None:
    """To the rows of all weeks together."""
    if not pairs:
        return None
    first, last = pairs[0].weeks[0].monday, pairs[0].weeks[-1].monday + timedelta(days=6)
    return Links(Span("", "", first, last))


@require_GET
def page(request: UserRequest) -> HttpResponse:
    offered = spans(localdate(now()), fiscal_start=the_organisation().fiscal_year_starts_in)
    key = request.GET.get("period", "weeks")
    span = next((one for one in offered if one.key == key), None)
    if span is None:
        raise BadRequest(_("There is no such period."))
    rows = Handoff.objects.visible_to(request.user)
    rates = handoff_rates.rates(rows, start=span.start, end=span.end)
    became = handoff_rates.outcomes(rows, start=span.start, end=span.end)
    pairs = handoff_weeks.by_pair(rows, today=localdate(now()), zone=timezone.get_current_timezone())
    context = {
        "span": span,
        "spans": [(one.label, f"?period={one.key}", one is span) for one in offered],
        "rates": rates,
        "total": Row(rates.total),
        "reasons": handoff_rates.reasons(rows, start=span.start, end=span.end),
        "became": became,
        "pairs": pairs,
        "most": max((max(week.accepted, week.returned) for pair in pairs for week in pair.weeks), default=0) or 1,
        "of_weeks": _of_weeks(pairs),
        "mine": next((one for one in became if one.sender_id == request.user.pk), None),
        "links": Links(span),
        "band": handoff_rules.in_force().band,
        "smallest": SMALLEST,
        "currency": the_organisation().currency,
        "sees_money": abilities.can(request.user, Ability.SEE_AMOUNTS),
        "me": request.user.pk,
    }
    return render(request, "handoffs/rates.jinja", context)
