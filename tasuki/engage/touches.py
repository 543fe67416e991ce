"""Touches: the moments at which one of us tried to reach a person. What answers by itself is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit, bus
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.crm import barred, leads, timeline
from tasuki.crm.contacts import Channel
from tasuki.crm.leads import Lead
from tasuki.crm.timeline import TimelineEntry

LONGEST_WORDS = 2_000

_KINDS = {Channel.PHONE: timeline.Kind.CALL, Channel.MAIL: timeline.Kind.MAIL, Channel.MESSAGE: timeline.Kind.MAIL, Channel.POST: timeline.Kind.MAIL}


class NobodyTouched(Refused):
    code = "nobody_touched"

    def __init__(self) -> None:
        super().__init__(_("Only a person can reach out to a person."))


class OnlyInProcess(Refused):
    code = "only_in_process"

    def __init__(self) -> None:
        super().__init__(_("This lead is not in process any more. Wake it, or open a new one."))


@dataclass(frozen=True)
class Touched:
    """Said on the bus by whatever reaches people: a dial, a personal mail, a chat. It stops the clock of a first answer."""

    lead_id: int
    by: By
    at: datetime
    channel: Channel


@transaction.atomic
def touch(lead: Lead, *, channel: Channel, by: By, at: datetime, words: str = "") -> TimelineEntry:
    """Write down an attempt that was made outside of Tasuki. Raises NobodyTouched, OnlyInProcess, ErasedPerson, Gone."""
    if by.actor is None:
        raise NobodyTouched
    lead = leads.locked(lead)
    if lead.stage_id is None:
        raise OnlyInProcess
    barred.refuse_erased(lead)
    entry = TimelineEntry.objects.create(
        at=at,
        kind=_KINDS[channel],
        lead=lead,
        contact=lead.contact,
        account=lead.account,
        actor=by.actor,
        text=words.strip()[:LONGEST_WORDS],
        detail={"channel": channel.value, "direction": "out"},
    )
    audit.record(lead, action="touch", by=by, at=at)
    bus.say(Touched(lead.pk, by=by, at=at, channel=channel))
    return entry
