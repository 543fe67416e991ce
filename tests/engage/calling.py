"""What tests of calls set up: a lead of Ivo's with a number, and a call about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tasuki.core.audit import By, Door
from tasuki.crm import leads, records, stages
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.leads import Arrival, Lead
from tasuki.engage import calls
from tasuki.engage.call_types import CallType
from tasuki.engage.calls import Call, Outcome
from tasuki.engage.contact_rules import ContactRule
from tasuki.engage.dispositions import Disposition
from tests.cast import MONDAY, Cast

NUMBER = "+8225550187"
# What each result asks for, beside itself.
SAID: dict[Disposition, dict[str, Any]] = {
    Disposition.CALL_BACK: {"again_at": MONDAY + timedelta(days=1)},
    Disposition.MEETING: {"meeting_at": MONDAY + timedelta(days=4)},
    Disposition.NOT_NOW: {"because": "no_budget"},
    Disposition.NOT_INTERESTED: {"because": "no_value"},
    Disposition.DISQUALIFIED: {"because": "student"},
}


def open_day_and_night() -> None:
    """Whom one may call when is tested elsewhere: here nobody sleeps, and everybody is called who has not said no."""
    ContactRule.objects.get_queryset().update(phone="no_refusal", calls_from=0, calls_until=24 * 60, quiet_from=0, quiet_until=0)


def callable_lead(cast: Cast, nth: int = 1, *, number: str = NUMBER, country: str = "KR", stage: str = stages.READY, name: str = "한") -> Lead:
    open_day_and_night()
    by, at = By(cast.ivo, Door.WEB), MONDAY - timedelta(days=3) + timedelta(minutes=nth)
    company = records.Company(f"Exchange {nth}", country=country)
    account = records.add_account(company, owner=cast.ivo, team=cast.inside_sales, another="one more", by=by, at=at)
    person = records.Person(name, f"서윤{nth}", account=account, phone=number, country=country)
    contact = records.add_contact(person, another="one more", by=by, at=at)
    arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=account, source="webinar")
    return leads.capture(arrival, by=by, at=at, stage=stage)


def type_of(key: str = "first") -> CallType:
    return CallType.objects.get(key=key)


def call_of(cast: Cast, lead: Lead, *, at: datetime = MONDAY, minutes: float = 0, number: str = NUMBER) -> Call:
    """A call of Ivo's; with `minutes` it was answered at once and lasted so long, without it goes on."""
    call = calls.begin(lead, call_type=type_of(), number=number, by=By(cast.ivo, Door.WEB), at=at)
    if minutes:
        calls.answer(call, at=at)
        call = calls.end(call, at=at + timedelta(minutes=minutes))
    return call


def outcome(what: Disposition, **said: Any) -> Outcome:
    """What came of a call, with what it asks for; a reason by its key."""
    named = {**SAID.get(what, {}), **said}
    because = ExitReason.objects.get(key=named["because"]) if named.get("because") else None
    return Outcome(what, **{**named, "because": because})
