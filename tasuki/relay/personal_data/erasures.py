"""Erasing a person: one asks for it and says why, a second one confirms it, or the first after some days; then everything that names them goes.

Rows that numbers are counted from stay, without what they said. It cannot be undone, and nothing brings the person back: see `erasing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app as jobs

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By, Door
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import held
from tasuki.crm.contacts import Contact
from tasuki.relay.personal_data import erasing
from tasuki.relay.personal_data.erasure_rows import LONGEST_WORDS, Erasure, ErasureState, Ground
from tasuki.sales.opportunities import Opportunity

if TYPE_CHECKING:
    from tasuki.crm.files import File
    from tasuki.sales.opportunities import Opportunities

# So long whoever asked has to wait who has nobody to confirm it: nobody erases somebody in one careless minute.
ALONE_AFTER = timedelta(days=3)
# A lost connection comes back.
_PASSING = {OperationalError, InterfaceError, OSError}


class ErasureRefused(Refused):
    code = "erasure_refused"


class NeedsASecondPerson(Refused):
    code = "needs_a_second_person"

    def __init__(self, until: datetime) -> None:
        super().__init__(
            _("A second person confirms it. If there is nobody, you can do so yourself from %(day)s on.") % {"day": until.date().isoformat()},
        )


@transaction.atomic
def ask(contact: Contact, *, ground: str, words: str, by: By, at: datetime, kept: Sequence[File] = (), kept_because: str = "") -> Erasure:
    """Ask for the erasure of a person. Raises Forbidden, ErasureRefused, Gone.

    `kept` are files that the law wants kept, such as signed orders: they stay with the company, and `kept_because` says by which law.
    """
    if by.actor:
        abilities.require(by.actor, Ability.ERASE_PEOPLE)
    contact = held(contact)
    if ground not in Ground.values or not words.strip():
        raise ErasureRefused(_("Say why, and how you know that it is right."))
    if kept and not kept_because.strip():
        raise ErasureRefused(_("Say by which law the files are kept."))
    if kept and contact.account_id is None:
        raise ErasureRefused(_("What is kept stays with the company, and this person has none."))
    _refuse_hindered(contact)
    erasure = Erasure.objects.create(
        contact=contact, ground=ground, words=words.strip()[:LONGEST_WORDS], kept_ids=[file.pk for file in kept],
        kept_because=kept_because.strip()[:LONGEST_WORDS], asked_by=by.actor, asked_at=at,
    )  # fmt: skip
    audit.record(erasure, action="ask_erasure", by=by, at=at, changes={"contact": (None, contact), "ground": (None, ground)})
    return erasure


@transaction.atomic
def withdraw(erasure: Erasure, *, by: By, at: datetime) -> Erasure:
    """It is not to be. Raises Forbidden, ErasureRefused once it was confirmed."""
    if by.actor:
        abilities.require(by.actor, Ability.ERASE_PEOPLE)
    erasure = held(erasure)
    if erasure.state != ErasureState.ASKED:
        raise ErasureRefused(_("It is confirmed, withdrawn or done already."))
    Erasure.objects.filter(pk=erasure.pk).update(state=ErasureState.WITHDRAWN)
    audit.record(erasure, action="withdraw_erasure", by=by, at=at, changes={"state": (erasure.state, ErasureState.WITHDRAWN.value)})
    erasure.refresh_from_db()
    return erasure


@transaction.atomic
def confirm(erasure: Erasure, *, by: By, at: datetime) -> Erasure:
    """A second person says so too; whoever asked may after some days. It begins at once. Raises Forbidden, NeedsASecondPerson, ErasureRefused."""
    if by.actor:
        abilities.require(by.actor, Ability.ERASE_PEOPLE)
    erasure = held(erasure)
    if erasure.state != ErasureState.ASKED:
        raise ErasureRefused(_("It is confirmed, withdrawn or done already."))
    if by.actor and by.actor.pk == erasure.asked_by_id and at < erasure.asked_at + ALONE_AFTER:
        raise NeedsASecondPerson(erasure.asked_at + ALONE_AFTER)
    _refuse_hindered(held(erasure.contact), but=erasure)
    Erasure.objects.filter(pk=erasure.pk).update(state=ErasureState.CONFIRMED, confirmed_by=by.actor, confirmed_at=at)
    audit.record(erasure, action="confirm_erasure", by=by, at=at, changes={"state": (erasure.state, ErasureState.CONFIRMED.value)})
    erase_person.defer(erasure_id=erasure.pk)
    erasure.refresh_from_db()
    return erasure


def hindering(contact: Contact) -> Opportunities:
    """The opportunities that have to be closed before the person can be erased."""
    return Opportunity.objects.filter(lead__contact=contact, closed_at__isnull=True)


def _refuse_hindered(contact: Contact, *, but: Erasure | None = None) -> None:
    if contact.erased_at is not None:
        raise ErasureRefused(_("This person is erased already."))
    if Erasure.objects.open().filter(contact=contact).exclude(pk=but.pk if but else 0).exists():
        raise ErasureRefused(_("Somebody asked for it already."))
    if hindering(contact).exists():
        raise ErasureRefused(_("An opportunity of this person is open. Close it first: a negotiation needs a person."))


@jobs.task(name="erase_person", retry=RetryStrategy(max_attempts=10, exponential_wait=4, retry_exceptions=_PASSING))
def erase_person(erasure_id: int) -> None:
    """The erasure as a job: whatever is killed, the next attempt goes on."""
    close_old_connections()  # the connection may be one that the attempt before lost
    carry_out(erasure_id, at=timezone.now())  # the clock of a job


def carry_out(erasure_id: int, *, at: datetime) -> None:
    """Erase what was confirmed: all rows in one transaction, which also notes the bytes that have to go; then the bytes. Safe to call twice."""
    with transaction.atomic():
        erasure = Erasure.objects.select_for_update(of=("self",), no_key=True).select_related("contact", "confirmed_by").get(pk=erasure_id)
        if erasure.state == ErasureState.CONFIRMED and erasure.done_at is None:
            by = By(erasure.confirmed_by, Door.JOB)
            erasing.erase(erasure, by=by, at=at)
    finish(erasure_id)


def finish(erasure_id: int) -> None:
    """Let the bytes go that the transaction noted; killed on the way, it goes on with what is left."""
    erasure = Erasure.objects.get(pk=erasure_id)
    for stored_as in erasure.stored:
        with suppress(FileNotFoundError):
            default_storage.delete(stored_as)
    Erasure.objects.filter(pk=erasure_id, done_at__isnull=False).update(stored=[])


def resume(*, at: datetime) -> int:
    """Go on with what was confirmed and is not done, or whose bytes are still there, whatever became of its job; → how many."""
    unfinished = Erasure.objects.filter(state=ErasureState.CONFIRMED) | Erasure.objects.filter(state=ErasureState.DONE).exclude(stored=[])
    ids = list(unfinished.values_list("pk", flat=True))
    for pk in ids:
        carry_out(pk, at=at)
    return len(ids)
