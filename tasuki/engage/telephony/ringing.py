"""Ringing: a call that began outside. By its number the person is found, and the pass that is theirs; whoever carries it is told."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Case, Value, When

from tasuki.core import audit
from tasuki.core.audit import By, Door
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.crm import following, leads, notifications, phones
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Happening
from tasuki.crm.phones import PhoneInvalid
from tasuki.engage import calls
from tasuki.engage.calls import Call, Direction, OnACallAlready, Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.engage.next_types import type_of_next

if TYPE_CHECKING:
    from tasuki.engage.telephony.webhooks import Event

# The system is nobody who signs in.
_BY = By(None, Door.API)


@transaction.atomic
def rang(event: Event, *, adapter: str) -> Call | None:
    """Write down that somebody calls us, and tell whoever has their lead; → the call, or None where the number is of nobody in process.

    Of several leads it is one of the person whose telephone rings, else one that somebody has, else the newest. Said twice, it is written once.
    """
    seat, number = _person(event.seat), _e164(event.number)
    lead = _pass_of(number, seat=seat) if number else None
    if lead is None:
        return None
    lead = leads.locked(lead)
    there = Call.objects.filter(adapter=adapter, external_id=event.external_id).first()
    if there or lead.stage_id is None:
        return there
    call = calls.begin(
        lead, call_type=type_of_next(lead), number=number, direction=Direction.IN, adapter=adapter, external_id=event.external_id,
        by=_BY, at=event.at,
    )  # fmt: skip
    cause = audit.record(call, action="ring", by=_BY, at=event.at)
    told = lead.owner_id or (seat.pk if seat else None)
    notifications.tell([told] if told else [], happening=Happening.CALLED, noun=lead.noun, cause=cause, by=_BY, at=event.at, about=following.about(lead))
    return call


@transaction.atomic
def answered(call: Call, event: Event) -> Call:
    """Somebody picked up; where the system says whose telephone it was, the call is that person's."""
    call, person = calls.answer(call, at=event.at), _person(event.seat)
    if person and call.caller_id is None and call.ended_at is None:
        # Whoever is on a call by what stands here forgot to end it: this one is still nobody's, and is taken at the desk.
        with suppress(OnACallAlready):
            call = calls.pick_up(call, by=By(person, Door.API), at=event.at)
    return call


@transaction.atomic
def ended(call: Call, *, at: datetime) -> Call:
    """The line is closed. Where nobody picked up, they were missed: they are called by the rule, like anybody who did not answer."""
    call = calls.end(call, at=at)
    if call.answered_at is None and not call.disposition:
        call = calls.dispose(call, outcome=Outcome(Disposition.NO_ANSWER), by=_BY, at=at).call
    return call


def _e164(number: str) -> str:
    """Nothing for what is no number: whoever calls without showing it is nobody."""
    try:
        return phones.to_e164(number, the_organisation().country)
    except PhoneInvalid:
        return ""


def _person(seat: str) -> User | None:
    return User.objects.filter(email__iexact=seat, is_active=True).first() if seat else None


def _pass_of(number: str, *, seat: User | None) -> Lead | None:
    whose = Case(When(owner=seat.pk if seat else 0, then=Value(0)), When(owner__isnull=False, then=Value(1)), default=Value(2))
    rows = Lead.objects.in_process().filter(contact__phones__e164=number)
    return rows.order_by(whose, "-opened_at", "-pk").first()
