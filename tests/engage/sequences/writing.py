"""What the tests of sequences set up: a sequence of some steps in force, people in it, and the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tasuki.core.audit import By, Door
from tasuki.crm import leads, records, stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, ConsentState
from tasuki.crm.leads import Arrival, Lead
from tasuki.engage.message_rows import Message
from tasuki.engage.sequences import enrolling, sweeping, writing
from tasuki.engage.sequences.definitions import Sequence
from tasuki.engage.sequences.enrolments import Deed, Enrolment
from tasuki.engage.sequences.writing import Settings, Wording
from tests.cast import MONDAY, SET_UP, Cast

SEOUL = ZoneInfo("Asia/Seoul")
# Tuesday, 3 March 2026, ten o'clock in Seoul.
TEN = datetime(2026, 3, 3, 10, tzinfo=SEOUL)
CALL, LETTER, WAIT = Wording("call", n_days=1), Wording("letter", n_days=1, words="Write about the night session"), Wording("wait", n_days=2)
MAIL = Wording("mail", n_days=0)
SOCIAL = Wording("social", n_days=0, words="Ask to be connected")
AGAIN = Wording("mail", n_days=2)
BY_HAND = Wording("mail", n_days=0, is_by_hand=True)


def sequence_of(*wordings: Wording, name: str = "Night session", texts: dict[int, list[tuple[str, str]]] | None = None, **terms: Any) -> Sequence:
    """Published. `texts` has (subject, text) of the variants of a mail by its place; others say something."""
    sequence = writing.add(Settings(name, **terms), by=SET_UP, at=MONDAY)
    version = writing.draft(sequence, by=SET_UP, at=MONDAY)
    for place, wording in enumerate(wordings, start=1):
        step = writing.add_step(version, wording=wording, by=SET_UP, at=MONDAY)
        if wording.kind == "mail":
            said = (texts or {}).get(place, [(f"Mail {place}", "Hello {name}")])
            for letter, (subject, text) in zip("ABCD", said, strict=False):
                writing.write_variant(step, letter=letter, subject=subject, text=text, by=SET_UP, at=MONDAY)
    writing.publish(version, by=SET_UP, at=MONDAY)
    return sequence


def company(cast: Cast, nth: int = 1) -> Account:
    named = records.Company(f"가온증권 {nth}", country="KR")
    return records.add_account(named, owner=cast.ivo, team=cast.inside_sales, another="one more", by=SET_UP, at=MONDAY)


def person(cast: Cast, nth: int = 1, *, account: Account | None = None, agreed: bool = True, email: str | None = None, stage: str = stages.READY) -> Lead:
    """A lead of Ivo's, of somebody in Seoul who has agreed to be written to."""
    email = f"seoyun{nth}@gaon{nth}.example" if email is None else email
    named = records.Person("한", f"서윤{nth}", account=account or company(cast, nth), email=email, phone=f"+82 2 555 {nth:04}")
    contact = records.add_contact(named, another="one more", by=SET_UP, at=MONDAY)
    if agreed:
        for channel in (Channel.MAIL, Channel.PHONE):
            records.record_consent(contact, channel=channel, state=ConsentState.GIVEN, how="form", by=SET_UP, at=MONDAY)
    arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=contact.account, source="webinar")
    return leads.capture(arrival, by=SET_UP, at=MONDAY, stage=stage)


def ivo(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def enrolled(cast: Cast, lead: Lead, sequence: Sequence, *, at: datetime = TEN) -> Enrolment:
    return enrolling.enrol(lead, into=sequence, by=ivo(cast), at=at)


def tick(at: datetime = TEN) -> int:
    return sweeping.sweep(at=at)


def days(n: float, at: datetime = TEN) -> datetime:
    return at + timedelta(days=n)


def fresh(enrolment: Enrolment) -> Enrolment:
    return Enrolment.objects.select_related("next_step", "lead").get(pk=enrolment.pk)


def done(enrolment: Enrolment) -> list[str]:
    """The kinds of the steps that happened, in order."""
    return list(enrolment.deeds.exclude(state="waiting").order_by("begun_at", "pk").values_list("step__kind", flat=True))


def to_do(enrolment: Enrolment) -> Deed:
    return Deed.objects.to_do().select_related("step", "task", "enrolment__lead").get(enrolment=enrolment)


def letters(enrolment: Enrolment) -> list[Message]:
    return list(Message.objects.filter(contact=enrolment.contact_id, direction="out").order_by("pk"))
