"""What the address of the relay asks for: a period, a form, whose leads; and the words and links to ask for something else."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tasuki.core.organisation import Organisation
from tasuki.core.people import User
from tasuki.relay.groups import BLANK
from tasuki.relay.questions import Form, Grouping, Question
from tasuki.web.requests import UserRequest

PERIODS = ("weeks", "quarter", "last_quarter", "month", "year", "all")
# Long enough for a rate to be one, and always of one length: a quarter just begun would be judged by a handful of leads.
_WEEKS = 13
_TEXTS = {"source": "source", "segment": "segment", "country": "account__country"}
_IDS = {"team": "team", "owner": "owner", "product": "product"}


@dataclass(frozen=True)
class Filter:
    """What the address asks for, checked. `texts` and `ids` narrow the leads; a blank value is asked for as “(blank)” or 0."""

    period: str
    first: date | None
    last: date | None
    form: Form
    by: Grouping
    texts: dict[str, str]
    ids: dict[str, int]

    def query(self, **changed: Any) -> str:
        """The query string of the same page with something changed; None takes a word away."""
        said: dict[str, Any] = {"period": self.period, "form": self.form.value, "by": self.by.value, **self.texts, **self.ids}
        if self.period == "custom":
            said |= {"from": self.first, "to": self.last}
        return urlencode({name: value for name, value in (said | changed).items() if value not in ("", None)})

    def only(self) -> dict[str, Any]:
        """The same as conditions on leads."""
        texts = {_TEXTS[name]: "" if value == BLANK else value for name, value in self.texts.items()}
        return texts | {(_IDS[name] if value else f"{_IDS[name]}__isnull"): value or True for name, value in self.ids.items()}

    def question(self, viewer: User, start: datetime | None, end: datetime, *, time_zone: str = "") -> Question:
        return Question(self.form, start, end, self.by, viewer, self.only(), time_zone)


def refused() -> BadRequest:
    return BadRequest(_("This address asks for something the relay does not have."))


def read(request: UserRequest) -> Filter:
    """The filter that the address names. What it does not know is refused, not guessed."""
    said = request.GET
    has_days = bool(said.get("from") or said.get("to"))
    period = said.get("period") or ("custom" if has_days else "weeks")
    try:
        first, last = (date.fromisoformat(said[name]) if said.get(name) else None for name in ("from", "to"))
        form, by = Form(said.get("form") or "period"), Grouping(said.get("by") or "source")
        ids = {name: int(said[name]) for name in _IDS if said.get(name)}
    except ValueError:
        raise refused() from None
    if period not in (*PERIODS, "custom") or (first and last and first > last) or not all(0 <= value < 2**31 for value in ids.values()):
        raise refused()
    if any(day and not 1900 <= day.year <= 9000 for day in (first, last)):
        raise refused()
    return Filter(period, first, last, form, by, {name: said[name][:80] for name in _TEXTS if said.get(name)}, ids)


def bounds(asked: Filter, organisation: Organisation) -> tuple[datetime | None, datetime]:
    """The half-open period in the organisation's zone; it never ends after now."""
    zone = zoneinfo.ZoneInfo(organisation.time_zone)
    now = timezone.now()
    today = now.astimezone(zone).date()
    quarter = quarter_start(today, fiscal_start=organisation.fiscal_year_starts_in)
    first, last = {
        "weeks": (today - timedelta(weeks=_WEEKS, days=-1), None),
        "quarter": (quarter, None),
        "last_quarter": (quarter_start(quarter - timedelta(days=1), fiscal_start=organisation.fiscal_year_starts_in), quarter),
        "month": (today.replace(day=1), None),
        "year": (_a_year_before(today), None),
        "all": (None, None),
        "custom": (asked.first, asked.last + timedelta(days=1) if asked.last else None),
    }[asked.period]
    end = min(datetime.combine(last, time(), zone), now) if last else now
    start = datetime.combine(first, time(), zone) if first else None
    return (min(start, end) if start else None), end


def _a_year_before(day: date) -> date:
    """The same day a year before; 29 February becomes 1 March."""
    return date(day.year - 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def quarter_start(day: date, *, fiscal_start: int) -> date:
    """The first day of the fiscal quarter in which the day lies."""
    month = day.month - (day.month - fiscal_start) % 3
    return date(day.year, month, 1) if month > 0 else date(day.year - 1, month + 12, 1)


def period_name(asked: Filter) -> str:
    names = {
        "weeks": ngettext("the last %(num)s week", "the last %(num)s weeks", _WEEKS) % {"num": _WEEKS},
        "quarter": _("this quarter"),
        "last_quarter": _("last quarter"),
        "month": _("this month"),
        "year": _("the last 12 months"),
        "all": _("all time"),
        "custom": f"{asked.first or '…'} – {asked.last or '…'}",
    }
    return names[asked.period]


@dataclass(frozen=True)
class Option:
    label: str
    href: str
    is_current: bool


@dataclass(frozen=True)
class Clause:
    """One clause of the filter sentence: words before and after it, what it says now, and what it can be changed to."""

    before: str
    label: str
    after: str
    options: list[Option]


def periods(asked: Filter) -> Clause:
    days = {"from": None, "to": None}
    options = [Option(period_name(replace(asked, period=name)), f"?{asked.query(period=name, **days)}", asked.period == name) for name in PERIODS]
    return Clause("", period_name(asked), "", options)


def clause(asked: Filter, name: str, *, every: str, sentence: str, values: list[tuple[Any, str]]) -> Clause:
    """One narrowing clause. `sentence` is a translated “from %(name)s”; `values` are (value, what people call it)."""
    before, _sign, after = sentence.partition("%(name)s")
    now = asked.texts.get(name, asked.ids.get(name))
    called = dict(values)
    options = [Option(every, f"?{asked.query(**{name: None})}", now is None)]
    options += [Option(label, f"?{asked.query(**{name: value})}", now == value) for value, label in values]
    return Clause(before.strip(), every if now is None else called.get(now, str(now)), after.strip(), options)
