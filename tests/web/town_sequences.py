"""The sequences of the town, and whose they are in the addresses about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tasuki.core.audit import By, Door
from tasuki.crm.leads import Lead
from tasuki.engage.sequences import enrolling, sweeping, writing
from tasuki.engage.sequences.definitions import Sequence, Step
from tasuki.engage.sequences.enrolments import Deed, Enrolment
from tasuki.engage.sequences.writing import Settings, Wording
from tests.cast import SET_UP, Cast


def sequenced(cast: Cast, nth: int, *, at: datetime, leads: tuple[Lead, Lead, Lead]) -> None:
    """A sequence in force with the draft of its next version; somebody in it who waits for a mail by hand, another in the first of all, and one to whom a
    letter is to be written."""
    sequence = writing.add(Settings(f"야간 거래 안내 {nth}", language="ko", about="증권사 부장"), by=SET_UP, at=at)
    draft = writing.draft(sequence, by=SET_UP, at=at)
    by_hand = writing.add_step(draft, wording=Wording("mail", n_days=0, is_by_hand=True, until_minute=24 * 60), by=SET_UP, at=at)
    for letter in "AB":
        writing.write_variant(by_hand, letter=letter, subject=f"야간 {letter}", text="{name}님", by=SET_UP, at=at)
    writing.add_step(draft, wording=Wording("call"), by=SET_UP, at=at)
    writing.add_step(draft, wording=Wording("branch", hears="voicemail"), by=SET_UP, at=at)
    writing.publish(draft, by=SET_UP, at=at)
    writing.draft(sequence, by=SET_UP, at=at)
    on_paper = writing.add(Settings(f"야간 거래 편지 {nth}", language="ko"), by=SET_UP, at=at)
    draft = writing.draft(on_paper, by=SET_UP, at=at)
    writing.add_step(draft, wording=Wording("letter", n_days=0, until_minute=24 * 60, words="{name}님\n\n{account}의 야간 거래"), by=SET_UP, at=at)
    writing.publish(draft, by=SET_UP, at=at)
    for lead, into in zip(leads, (sequence, Sequence.objects.order_by("pk")[0], on_paper), strict=True):
        enrolling.enrol(lead, into=into, by=By(cast.ivo, Door.WEB), at=at)
    for n_days in range(1, 11):
        # On each day, as a worker does: what comes late, on a day of rest, waits for the next day of work.
        sweeping.sweep(at=at + timedelta(days=n_days))


_OF: dict[str, Callable[[], Any]] = {
    "sequence sequence_members sequence_terms sequence_archiving sequence_restoring sequence_draft sequence_publication"
    " sequence_draft_removal sequence_steps sequence_preview": lambda: Sequence.objects.order_by("pk")[0],
    "sequence_step sequence_step_place sequence_step_removal": lambda: Step.objects.filter(version__published_at__isnull=True).order_by("pk")[0],
    "enrolment_pausing enrolment_resuming enrolment_stopping": lambda: Enrolment.objects.running().order_by("pk")[0],
    "deed_done deed_skipping deed_letter": lambda: Deed.objects.to_do().filter(step__kind="mail").order_by("pk")[0],
    "deed_print": lambda: Deed.objects.to_do().filter(step__kind="letter").order_by("pk")[0],
}


def _pk_of(found: Callable[[], Any]) -> Callable[[Any], dict[str, Any]]:
    return lambda _town: {"pk": found().pk}


ARGUMENTS = {name: _pk_of(found) for names, found in _OF.items() for name in names.split()}
