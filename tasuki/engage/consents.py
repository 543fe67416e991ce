"""Consents: what a person agreed to, refused or took back, by channel, with when, how, by which words of ours, and what shows it.

A ledger: rows are added and never changed. The latest row of a channel is what holds; a consent for the night stands apart from that for the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.crm import records
from tasuki.crm.contacts import Basis, Channel, Consent, ConsentState, ConsentWay, Contact
from tasuki.engage import contact_rules, permission

if TYPE_CHECKING:
    from tasuki.crm.files import File
    from tasuki.engage.consent_texts import ConsentText


class ConsentIncomplete(Refused):
    code = "consent_incomplete"


@dataclass(frozen=True)
class Word:
    """What is to be written. `how` is in words; `purpose` is what it is given for: advertising holds for talk from person to person too, and a no for
    all; `text` is what of ours the person read; `until_on` the last day on which it holds.
    """

    channel: Channel
    state: ConsentState
    how: str
    way: ConsentWay = ConsentWay.SPOKEN
    basis: Basis = Basis.CONSENT
    purpose: permission.Purpose = permission.Purpose.MARKETING
    covers_night: bool = False
    text: ConsentText | None = None
    evidence: str = ""
    file: File | None = None
    until_on: date | None = None


def record(contact: Contact, *, word: Word, by: By, at: datetime) -> Consent:
    """Add what the person said. Existing business holds for as long as the country of the person lets it, unless a day is given.

    Raises ConsentIncomplete, Gone.
    """
    if word.state is not ConsentState.GIVEN and (word.covers_night or word.basis is not Basis.CONSENT):
        raise ConsentIncomplete(_("Only what is given has a basis, or covers the night."))
    if word.covers_night and word.basis is not Basis.CONSENT:
        raise ConsentIncomplete(_("The night needs a consent of its own; another basis does not do."))
    if not word.how.strip():
        raise ConsentIncomplete(_("Say how it was given."))
    if word.until_on is not None and word.until_on < at.date():
        raise ConsentIncomplete(_("It would be over before it begins."))
    until = word.until_on
    if word.basis is Basis.EXISTING_BUSINESS and until is None:
        until = at.date() + timedelta(days=contact_rules.of(permission.country_of(contact)).basis_days)
    more = {
        "way": word.way.value,
        "basis": word.basis.value,
        "purpose": word.purpose.value,
        "covers_night": word.covers_night,
        "text_version": str(word.text) if word.text else "",
        "evidence": word.evidence.strip()[:500],
        "file": word.file,
        "until_on": until,
    }
    return records.record_consent(contact, channel=word.channel, state=word.state, how=word.how, more=more, by=by, at=at)
