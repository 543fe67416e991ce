"""Following: who wants to hear what happens on a record. Whoever carries a record follows it without a row, until they say that they do not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core.meanwhile import held
from tasuki.crm import barred

if TYPE_CHECKING:
    from tasuki.core.audit import By
    from tasuki.core.people import User


class Because(models.TextChoices):
    """Why somebody follows. Who only wrote or was mentioned hears of that record, who chose a company hears of its leads too."""

    CHOSE = "chose", _("chosen")
    WROTE = "wrote", _("wrote a note")
    MENTIONED = "mentioned", _("was mentioned")


@dataclass(frozen=True)
class About:
    """What something is about: a lead with its contact and account, a contact with its account, or an account alone. Ids."""

    account_id: int | None = None
    contact_id: int | None = None
    lead_id: int | None = None

    @property
    def own(self) -> tuple[str, int]:
        """The column and id of the record itself: the narrowest that there is."""
        for column in ("lead_id", "contact_id", "account_id"):
            if pk := getattr(self, column):
                return column, pk
        raise ValueError("about nothing")

    @property
    def wider(self) -> list[tuple[str, int]]:
        """What the record belongs to, the nearest first."""
        own = self.own[0]
        found = [(column, getattr(self, column)) for column in ("contact_id", "account_id") if column != own]
        return [(column, pk) for column, pk in found if pk]


class Follows(models.QuerySet["Follow"]):
    """Questions about following."""

    def visible_to(self, user: User) -> Follows:
        """One's own: whom a colleague watches is nobody else's business."""
        return self.filter(person=user.pk)

    def of(self, about: About) -> Follows:
        column, pk = about.own
        return self.filter(**{column: pk})


class Follow(models.Model):
    """One person and one record. `stopped_at`: they said that they do not want to hear of it, and that is remembered."""

    person = models.ForeignKey("core.User", models.CASCADE, related_name="+", db_index=False)
    # The database takes these rows away with their record (see the migration): following is no work that an undo must spare.
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="follows", db_constraint=False)
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, related_name="follows", db_constraint=False)
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, related_name="follows", db_constraint=False)
    because = models.CharField(max_length=9, choices=Because.choices)
    followed_since = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)

    objects = Follows.as_manager()

    class Meta:
        verbose_name = _("follower")
        verbose_name_plural = _("followers")
        constraints = [
            models.UniqueConstraint(fields=["person", "account"], name="follow_account_once"),
            models.UniqueConstraint(fields=["person", "contact"], name="follow_contact_once"),
            models.UniqueConstraint(fields=["person", "lead"], name="follow_lead_once"),
            models.CheckConstraint(
                condition=Q(account__isnull=False, contact__isnull=True, lead__isnull=True)
                | Q(account__isnull=True, contact__isnull=False, lead__isnull=True)
                | Q(account__isnull=True, contact__isnull=True, lead__isnull=False),
                name="follow_of_one_record",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.account_id or self.contact_id or self.lead_id}"


def about(record: Any) -> About:
    """What a lead, a contact or an account is about. An opportunity is followed through its lead."""
    match record.noun:
        case "lead":
            return About(record.account_id, record.contact_id, record.pk)
        case "contact":
            return About(record.account_id, record.pk)
        case "account":
            return About(record.pk)
    raise TypeError(f"nobody follows a {record.noun}")


@transaction.atomic
def follow(record: Any, *, by: By, at: datetime) -> None:
    """Follow a record, also after having stopped. Doing it twice changes nothing. Raises Gone, ErasedPerson."""
    record = held(record)
    barred.refuse_erased(record)
    column, pk = about(record).own
    row, _is_new = Follow.objects.get_or_create(person=by.actor, **{column: pk}, defaults={"because": Because.CHOSE, "followed_since": at})
    if row.stopped_at or row.because != Because.CHOSE:
        Follow.objects.filter(pk=row.pk).update(because=Because.CHOSE, followed_since=at, stopped_at=None)


@transaction.atomic
def unfollow(record: Any, *, by: By, at: datetime) -> None:
    """Hear no more of a record; carrying it or writing about it does not bring it back, following it does. Raises Gone."""
    column, pk = about(held(record)).own
    row, _is_new = Follow.objects.get_or_create(person=by.actor, **{column: pk}, defaults={"because": Because.CHOSE, "followed_since": at, "stopped_at": at})
    Follow.objects.filter(pk=row.pk, stopped_at__isnull=True).update(stopped_at=at)


def begin(subject: About, *, people: Iterable[int], because: Because, at: datetime) -> None:
    """Let people follow who had to do with a record, unless they do already or have said that they do not want to."""
    column, pk = subject.own
    rows = [Follow(person_id=person, **{column: pk}, because=because, followed_since=at) for person in sorted(set(people))]
    Follow.objects.bulk_create(rows, ignore_conflicts=True)


def is_followed(record: Any, *, person: User) -> bool:
    """Whether the person hears of what happens on the record itself."""
    row = Follow.objects.of(about(record)).filter(person=person).first()
    return row.stopped_at is None if row else getattr(record, "owner_id", None) == person.pk
