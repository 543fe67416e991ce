"""Disclosures: everything that we hold about a person, handed to whoever answers them, behind a link that is signed and expires.

Nothing is written to a disk: the file is made as it is fetched, so that no copy of a life lies about. That it was made, why, and each time
that it was fetched is in the audit log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.core import signing
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import held
from tasuki.crm.contacts import Contact

if TYPE_CHECKING:
    from tasuki.core.people import User

GOOD_FOR = timedelta(hours=24)
LONGEST_REASON = 300
_SALT = "tasuki.relay.personal_data.disclosures"


class WhyMissing(Refused):
    code = "why_missing"

    def __init__(self) -> None:
        super().__init__(_("Say what they asked for, and how you know that it is them."))


class DisclosureOver(Refused):
    code = "disclosure_over"
    status = 410

    def __init__(self) -> None:
        super().__init__(_("This link is over, or was never one of ours. Make the file again from the page of the person."))


@dataclass(frozen=True)
class Disclosure:
    """What a link opens: whose file, and until when."""

    contact: Contact
    until: datetime


@transaction.atomic
def make(contact: Contact, *, reason: str, by: By, at: datetime) -> str:
    """The token of a link to the file, good for a day. Raises Forbidden, WhyMissing, Gone."""
    if by.actor:
        abilities.require(by.actor, Ability.DISCLOSE_PEOPLE)
    if not reason.strip():
        raise WhyMissing
    contact = held(contact)
    until = at + GOOD_FOR
    audit.record(contact, action="disclose", by=by, at=at, changes={"reason": ("", reason.strip()[:LONGEST_REASON])})
    return signing.dumps({"contact": contact.pk, "until": int(until.timestamp())}, salt=_SALT)


@transaction.atomic
def opened(token: str, *, by: By, at: datetime) -> Disclosure:
    """What the token opens for this person, and a word in the audit log that they fetched it. Raises Forbidden, DisclosureOver."""
    if by.actor:
        abilities.require(by.actor, Ability.DISCLOSE_PEOPLE)
    try:
        claim = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        raise DisclosureOver from None
    until = datetime.fromtimestamp(claim["until"], UTC)
    contact = _seen_by(by.actor).filter(pk=claim["contact"]).first() if at <= until else None
    if contact is None:
        raise DisclosureOver
    audit.record(contact, action="fetch_disclosure", by=by, at=at)
    return Disclosure(contact, until)


def _seen_by(user: User | None) -> models.QuerySet[Contact]:
    return Contact.objects.visible_to(user) if user else Contact.objects.all()
