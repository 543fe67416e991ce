"""Letters about meetings, as rows that wait to be posted: written with what they tell, so that none is lost, and posted after it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.engage import recipients
from tasuki.engage.meeting_rows import Meeting

if TYPE_CHECKING:
    from tasuki.crm.contacts import Contact

# A letter that no server took for so long comes too late.
GIVEN_UP_AFTER = timedelta(days=2)


class MeetingLetters(models.QuerySet["MeetingLetter"]):
    """Questions about letters."""

    def waiting(self) -> MeetingLetters:
        return self.filter(posted_at__isnull=True, given_up_at__isnull=True).order_by("pk")


class MeetingLetter(models.Model):
    """One letter to one address about a meeting as it stands."""

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="letters")
    to = models.CharField(_("mail address"), max_length=320)
    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=5)
    written_at = models.DateTimeField()
    posted_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    objects = MeetingLetters.as_manager()

    class Meta:
        verbose_name = _("letter about a meeting")
        verbose_name_plural = _("letters about meetings")
        indexes = [models.Index(fields=["id"], name="meeting_letter_waiting", condition=Q(posted_at__isnull=True, given_up_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.language}"


def write(meeting: Meeting, *, at: datetime) -> int:
    """Write to the person and to whoever else is invited by an address, each once; → how many. Letters that still wait are overtaken."""
    MeetingLetter.objects.waiting().filter(meeting__uid=meeting.uid).update(given_up_at=at)
    language = language_of(meeting)
    names = {address: name for name, address in _invited(meeting)}
    MeetingLetter.objects.bulk_create(
        MeetingLetter(meeting=meeting, to=address, name=name[:200], language=language, written_at=at) for address, name in names.items()
    )
    return len(names)


def _invited(meeting: Meeting) -> list[tuple[str, str]]:
    """Name and address; the person last, so that their own name stays."""
    contact: Contact | None = meeting.contact
    own = [(contact.display_name, contact.main_email)] if contact and contact.main_email else []
    return [*((guest.name, guest.address) for guest in meeting.guests if guest.address), *own]


def language_of(meeting: Meeting) -> str:
    """The person's, else that of their country, else English."""
    return recipients.language_of(meeting.contact, country=meeting.account.country if meeting.account else "")


def take(*, at: datetime) -> MeetingLetter | None:
    """The next letter to post, held until the end of the transaction; another worker takes another one. The caller is in a transaction."""
    MeetingLetter.objects.waiting().filter(written_at__lt=at - GIVEN_UP_AFTER).update(given_up_at=at)
    return MeetingLetter.objects.waiting().select_for_update(skip_locked=True).first()


def mark_posted(letter: MeetingLetter, *, at: datetime) -> None:
    MeetingLetter.objects.filter(pk=letter.pk).update(posted_at=at)


def give_up(letter: MeetingLetter, *, at: datetime) -> None:
    """It is not posted, now or later."""
    MeetingLetter.objects.filter(pk=letter.pk).update(given_up_at=at)
