"""What a coach should look at: exceptions first, person by person, in no rank. A few queries, however many people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, Exists, Max, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from tasuki.engage.calls import Call
from tasuki.engage.dispositions import CONVERSATIONS
from tasuki.engage.recording_rows import Hearing, Recording
from tasuki.inside_sales.coaching import rules, whom
from tasuki.inside_sales.coaching.cards import SkillCard, Step
from tasuki.inside_sales.coaching.praises import Praise
from tasuki.inside_sales.coaching.reviews import Review
from tasuki.inside_sales.coaching.samples import Sample

if TYPE_CHECKING:
    from tasuki.core.people import User

LATELY = timedelta(weeks=4)
# Below it a draw from what was recorded says little about how somebody calls; of fewer talks nothing is said.
ENOUGH_RECORDED, FEWEST_TALKS = 0.5, 5
UNREAD_AFTER, UNPRAISED_AFTER = timedelta(days=7), timedelta(days=30)


class Kind(models.TextChoices):
    """What may stand out, in the order in which it is told."""

    OVERDUE = "overdue", _("reviews are overdue")
    PRAISE_DUE = "praise_due", _("tried, and not praised yet")
    CARD_LATE = "card_late", _("the next step of a card is late")
    UNHEARD = "unheard", _("nobody has heard a call")
    UNRECORDED = "unrecorded", _("few talks were recorded")
    UNREAD = "unread", _("a review is unread")
    UNPRAISED = "unpraised", _("not praised for long")


@dataclass(frozen=True)
class Finding:
    """One exception about one person: so many, of so many where that says something."""

    kind: Kind
    person: User
    n: int = 0
    of: int = 0


@dataclass(frozen=True)
class Line:
    """One person as their coach sees them. What is counted is of the last four weeks; `last_result` is a share."""

    person: User
    n_talks: int = 0
    n_recorded: int = 0
    n_heard: int = 0
    n_drawn: int = 0
    n_reviewed: int = 0
    n_overdue: int = 0
    n_unread: int = 0
    reviewed_at: datetime | None = None
    last_result: float | None = None
    cards: tuple[SkillCard, ...] = ()
    praised_at: datetime | None = None

    def findings(self, *, at: datetime, today: date) -> Iterable[Finding]:
        late = [card for card in self.cards if card.next_on < today]
        to_praise = [card for card in self.cards if card.next_step is Step.PRAISE]
        joined = self.person.hired_at
        if self.n_overdue:
            yield Finding(Kind.OVERDUE, self.person, self.n_overdue)
        if to_praise:
            yield Finding(Kind.PRAISE_DUE, self.person, len(to_praise))
        if rest := [card for card in late if card not in to_praise]:
            yield Finding(Kind.CARD_LATE, self.person, len(rest))
        if self.n_recorded and not self.n_heard:
            yield Finding(Kind.UNHEARD, self.person, self.n_recorded)
        if self.n_talks >= FEWEST_TALKS and self.n_recorded < self.n_talks * ENOUGH_RECORDED:
            yield Finding(Kind.UNRECORDED, self.person, self.n_recorded, self.n_talks)
        if self.n_unread:
            yield Finding(Kind.UNREAD, self.person, self.n_unread)
        if (self.praised_at or joined) < at - UNPRAISED_AFTER:
            yield Finding(Kind.UNPRAISED, self.person, (at - self.praised_at).days if self.praised_at else 0)


def lines(user: User, *, at: datetime) -> list[Line]:
    """Everybody whom the person coaches, by name."""
    people = list(whom.callers_of(user))
    since, today = at - LATELY, at.date()
    talks = Call.objects.filter(caller__in=people, started_at__gte=since, disposition__in=CONVERSATIONS)
    recorded = Exists(Recording.objects.filter(call=OuterRef("pk")))
    told = talks.values("caller").annotate(n=Count("pk"), n_recorded=Count("pk", filter=Q(recorded))).order_by()
    by_person = {one["caller"]: (one["n"], one["n_recorded"]) for one in told}
    heard = _counted(Hearing.objects.of_colleagues().filter(heard_at__gte=since), "recording__call__caller", people, of="recording")
    samples = Sample.objects.filter(week_on__gte=since.date())
    drawn = _counted(samples, "person", people)
    reviewed = _counted(samples.filter(Exists(Review.objects.filter(call=OuterRef("call")))), "person", people)
    overdue = _counted(Sample.objects.overdue(today), "person", people)
    unread = _counted(Review.objects.filter(read_at__isnull=True, given_at__lt=at - UNREAD_AFTER), "person", people)
    newest = Review.objects.filter(person__in=people).order_by("person", "-given_at", "-pk").distinct("person").prefetch_related("scores__criterion")
    last = {review.person_id: review for review in newest}
    cards: dict[int, list[SkillCard]] = {}
    for card in SkillCard.objects.open().filter(person__in=people).prefetch_related("steps").order_by("next_on", "pk"):
        cards.setdefault(card.person_id, []).append(card)
    praised = dict(Praise.objects.filter(receiver__in=people).values_list("receiver").annotate(last=Max("given_at")).order_by())
    return [
        Line(
            person,
            *by_person.get(person.pk, (0, 0)),
            n_heard=heard.get(person.pk, 0),
            n_drawn=drawn.get(person.pk, 0),
            n_reviewed=reviewed.get(person.pk, 0),
            n_overdue=overdue.get(person.pk, 0),
            n_unread=unread.get(person.pk, 0),
            reviewed_at=last[person.pk].given_at if person.pk in last else None,
            last_result=last[person.pk].result if person.pk in last else None,
            cards=tuple(cards.get(person.pk, ())),
            praised_at=praised.get(person.pk),
        )
        for person in people
    ]


def findings(rows: Iterable[Line], *, at: datetime) -> list[Finding]:
    """What stands out, the most pressing kind first, within a kind by name."""
    order = list(Kind)
    found = [finding for line in rows for finding in line.findings(at=at, today=at.date())]
    return sorted(found, key=lambda one: order.index(one.kind))


@dataclass(frozen=True)
class Listening:
    """What a coach has done this week of what is asked; praise given and corrections (next actions) of the last four weeks."""

    n_heard: int
    n_to_hear: int
    n_praises: int
    n_corrections: int

    @property
    def n_left(self) -> int:
        return max(self.n_to_hear - self.n_heard, 0)


def listening(coach: User, *, at: datetime) -> Listening:
    since, week = at - LATELY, rules.week_of(at)
    return Listening(
        n_heard=rules.heard([coach], week=week).get(coach.pk, 0),
        n_to_hear=rules.quotas([coach], weeks=[week])[coach.pk, week],
        n_praises=Praise.objects.filter(giver=coach, given_at__gte=since).count(),
        n_corrections=Review.objects.filter(reviewer=coach, given_at__gte=since).count(),
    )


def _counted(rows: models.QuerySet[models.Model], by: str, people: list[User], *, of: str = "pk") -> dict[int, int]:
    counted = rows.filter(**{f"{by}__in": people}).values_list(by).annotate(n=Count(of, distinct=True))
    return dict(counted.order_by())
