"""The sample: some calls of each person's week, drawn by lot and written down, so that nobody chooses what is heard, least of all who called.

The lot of a call is a keyed digest of the week, the person and the call: it can be drawn again and gives the same, one more recording does not
shuffle the others, and whoever lacks the key of the house cannot know beforehand which call it will be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from tasuki.engage.recording_rows import Recording
from tasuki.inside_sales.coaching import rules, whom
from tasuki.inside_sales.coaching.reviews import Review

if TYPE_CHECKING:
    from tasuki.core.people import User

# What a week brought is reviewed by the end of the next one.
_REVIEWED_WITHIN = timedelta(days=13)


class Samples(models.QuerySet["Sample"]):
    """Questions about samples."""

    def visible_to(self, user: User) -> Samples:
        """Those of the people one coaches. Who called learns of it by the review."""
        return self.filter(person__in=whom.people_of(user))

    def waiting(self) -> Samples:
        """Without a review, and still to be heard."""
        return self.filter(~Exists(Review.objects.filter(call=OuterRef("call"))), Exists(Recording.objects.kept().filter(call=OuterRef("call"))))

    def overdue(self, today: date) -> Samples:
        return self.waiting().filter(week_on__lt=today - _REVIEWED_WITHIN)

    def oldest_first(self) -> Samples:
        return self.order_by("week_on", "person__family_name", "person__given_name", "person", "place")

    def for_listing(self) -> Samples:
        return self.select_related("person", "call__call_type", "call__lead__contact", "call__lead__account", "call__recording")


class Sample(models.Model):
    """A call that was drawn: the `place`-th of the person's week, by its `lot`."""

    noun: ClassVar[str] = "sample"

    week_on = models.DateField(_("week of"))
    person = models.ForeignKey("core.User", models.CASCADE, related_name="+", db_index=False, verbose_name=_("person"))
    place = models.PositiveSmallIntegerField(_("place"))
    call = models.OneToOneField("engage.Call", models.CASCADE, related_name="sample", verbose_name=_("call"))
    lot = models.CharField(_("lot"), max_length=64)
    drawn_at = models.DateTimeField(_("drawn"))

    objects = Samples.as_manager()

    class Meta:
        verbose_name = _("sample")
        verbose_name_plural = _("samples")
        constraints = [models.UniqueConstraint(fields=["person", "week_on", "place"], name="sample_place_once")]
        indexes = [models.Index(fields=["week_on", "person"], name="sample_of_week")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.week_on} {self.place}"

    @property
    def due_on(self) -> date:
        return self.week_on + _REVIEWED_WITHIN


def lot(week: date, *, person_id: int, call_id: int) -> str:
    return salted_hmac("tasuki.coaching.samples", f"{week.isoformat()} {person_id} {call_id}", algorithm="sha256").hexdigest()


def chosen(week: date, *, person_id: int, calls: Iterable[int], n: int) -> list[tuple[str, int]]:
    """The `n` calls with the lowest lots, in their order, with them."""
    return sorted((lot(week, person_id=person_id, call_id=pk), pk) for pk in calls)[:n]


def draw_last_week(*, at: datetime) -> int:
    """Draw for the week that is over; → how many were drawn. Whoever has been drawn for is not drawn for again, so it may run at any time."""
    return draw(rules.week_of(at) - timedelta(days=7), at=at)


def draw(week: date, *, at: datetime) -> int:
    """Draw some calls of everybody who was recorded in a week. Two who draw at once draw the same."""
    start, end = rules.span(week)
    done = Sample.objects.filter(week_on=week).values("person")
    recorded = Recording.objects.kept().filter(call__started_at__gte=start, call__started_at__lt=end, call__caller__is_active=True)
    calls: dict[int, list[int]] = defaultdict(list)
    for person_id, call_id in recorded.exclude(call__caller__in=done).values_list("call__caller", "call"):
        if person_id:
            calls[person_id].append(call_id)
    n = rules.in_force().n_samples
    rows = [
        Sample(week_on=week, person_id=person_id, place=place, call_id=call_id, lot=drawn, drawn_at=at)
        for person_id, theirs in sorted(calls.items())
        for place, (drawn, call_id) in enumerate(chosen(week, person_id=person_id, calls=theirs, n=n), start=1)
    ]
    Sample.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
