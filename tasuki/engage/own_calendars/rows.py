"""What is known of a calendar: when its owner is busy, and which of our meetings stand in it, as what."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasuki.core.people import User

LONGEST_PATH, LONGEST_ETAG = 1_000, 300


class BusyEvents(models.QuerySet["BusyEvent"]):
    """Questions about events."""

    def visible_to(self, user: User) -> BusyEvents:
        """One's own."""
        return self.filter(calendar__owner=user.pk)

    def not_understood(self) -> BusyEvents:
        return self.filter(is_understood=False)


class BusyEvent(models.Model):
    """One thing that stands in a calendar: where, and in which version. Nothing of what it is about. `expanded_on`: when its times were counted."""

    calendar = models.ForeignKey("engage.OwnCalendar", models.CASCADE, related_name="busy_events", db_index=False)
    path = models.CharField(max_length=LONGEST_PATH)
    etag = models.CharField(max_length=LONGEST_ETAG)
    comes_again = models.BooleanField(default=False)
    is_understood = models.BooleanField(default=True)
    expanded_on = models.DateField()

    objects = BusyEvents.as_manager()

    class Meta:
        verbose_name = _("busy by the own calendar")
        verbose_name_plural = _("busy by the own calendar")
        constraints = [models.UniqueConstraint(fields=["calendar", "path"], name="busy_event_once")]

    def __str__(self) -> str:
        return f"{self.calendar_id} {self.pk}"


class BusySpans(models.QuerySet["BusySpan"]):
    """Questions about busy times."""

    def of(self, person: User) -> BusySpans:
        return self.of_any([person])

    def of_any(self, people: Iterable[User]) -> BusySpans:
        return self.filter(calendar__owner__in=people, calendar__is_active=True)

    def visible_to(self, user: User) -> BusySpans:
        """One's own."""
        return self.filter(calendar__owner=user.pk)

    def between(self, start: datetime, end: datetime) -> BusySpans:
        return self.filter(starts_at__lt=end, ends_at__gt=start)


class BusySpan(models.Model):
    """A time that is taken."""

    calendar = models.ForeignKey("engage.OwnCalendar", models.CASCADE, related_name="+", db_index=False)
    event = models.ForeignKey(BusyEvent, models.CASCADE, related_name="spans")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    objects = BusySpans.as_manager()

    class Meta:
        verbose_name = _("busy time")
        verbose_name_plural = _("busy times")
        indexes = [models.Index(fields=["calendar", "ends_at", "starts_at"], name="busy_span_of_calendar")]
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="busy_span_ends_after_it_begins")]

    def __str__(self) -> str:
        return f"{self.calendar_id} {self.starts_at:%Y-%m-%d %H:%M}"


class Answer(models.TextChoices):
    """What the owner says where their calendar and Tasuki say different times."""

    OURS = "ours", _("as it is here")
    THEIRS = "theirs", _("leave it as it is in the calendar")


class Entries(models.QuerySet["CalendarEntry"]):
    """Questions about what was written."""

    def visible_to(self, user: User) -> Entries:
        """One's own."""
        return self.filter(calendar__owner=user.pk, calendar__is_active=True)

    def differing(self) -> Entries:
        """Those about which the owner has not said anything yet."""
        return self.filter(differs_since__isnull=False, answer="").order_by("starts_at", "pk")


class CalendarEntry(models.Model):
    """One meeting as it stands in its holder's calendar: written as `sequence`, at this time; `etag` is the version of it that was looked at last.
    Where the owner has changed it there, `differs_since` says since when, and `their_*` when it is now by their calendar; without these it was
    taken out.
    """

    calendar = models.ForeignKey("engage.OwnCalendar", models.CASCADE, related_name="entries", db_index=False)
    meeting = models.ForeignKey("engage.Meeting", models.CASCADE, related_name="+")
    uid = models.UUIDField()
    path = models.CharField(max_length=LONGEST_PATH)
    etag = models.CharField(max_length=LONGEST_ETAG, blank=True)
    sequence = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    written_at = models.DateTimeField()
    differs_since = models.DateTimeField(null=True)
    their_starts_at = models.DateTimeField(null=True)
    their_ends_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=6, choices=Answer.choices, blank=True)
    # The person whom it names was erased: it is taken out, whatever its owner did with it.
    is_to_go = models.BooleanField(default=False, db_default=False)

    objects = Entries.as_manager()

    class Meta:
        verbose_name = _("meeting in a calendar")
        verbose_name_plural = _("meetings in calendars")
        constraints = [
            models.UniqueConstraint(fields=["calendar", "uid"], name="calendar_entry_once"),
            models.CheckConstraint(condition=Q(answer="") | Q(differs_since__isnull=False), name="calendar_entry_answered_where_it_differs"),
        ]

    def __str__(self) -> str:
        return f"{self.calendar_id} {self.uid}"
