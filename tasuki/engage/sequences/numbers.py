"""The numbers of sequences: who is where, who answered, who booked. Every share stands with its n, and every count has its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from tasuki.core import abilities
from tasuki.core.abilities import Scope
from tasuki.engage.sequences.branches import HEARD_IT
from tasuki.engage.sequences.definitions import Sequence, SequenceVersion, Step, StepKind, Variant
from tasuki.engage.sequences.enrolments import RUNNING, Deed, DeedState, Enrolment, Enrolments, State
from tasuki.engage.triage.classes import OF_KIND
from tasuki.engage.triage.rows import ReplyTriage, Triages

if TYPE_CHECKING:
    from tasuki.core.people import User


@dataclass(frozen=True)
class Standing:
    """Of `n` members ever: how many are active, paused, through to the end, stopped; how many answered and booked at any time."""

    n: int = 0
    n_active: int = 0
    n_paused: int = 0
    n_finished: int = 0
    n_stopped: int = 0
    n_replied: int = 0
    n_booked: int = 0


@dataclass(frozen=True)
class StepCount:
    """`n_here` stand before it or at it now; it was done for `n_done` and left out for `n_skipped`. A branch heard what it listens to `n_heard` times."""

    step: Step
    n_here: int
    n_done: int
    n_skipped: int
    n_heard: int


@dataclass(frozen=True)
class VariantCount:
    """Of `n_sent` mails in this wording, `n_replied` were the last one before an answer. `opened` and `clicked` are (how many, of how many that were
    counted); programs are left out as well as can be.
    """

    variant: Variant
    n_sent: int
    n_replied: int
    opened: tuple[int, int] = (0, 0)
    clicked: tuple[int, int] = (0, 0)

    @property
    def rate(self) -> float | None:
        return self.n_replied / self.n_sent if self.n_sent else None


@dataclass(frozen=True)
class Answers:
    """Of `n` members from whom something came in, how many by the class of the last of it, "" for what nobody knows. Of them, `n_said` a person has
    looked at, or it said so by itself; the others are as the rules propose.
    """

    n: int
    n_said: int
    by_class: dict[str, int]


# What a number of a sequence counts, by its name in an address and in the order of `Standing`; anything else counts all.
WHAT = {
    "active": Q(state=State.ACTIVE),
    "paused": Q(state=State.PAUSED),
    "finished": Q(state=State.FINISHED),
    "stopped": Q(state=State.STOPPED),
    "replied": Q(replied_at__isnull=False),
    "booked": Q(booked_at__isnull=False),
}


def standings(sequences: Iterable[Sequence], *, user: User) -> dict[int, Standing]:
    """By sequence, of the members that the person sees; one query."""
    counts = {f"n_{name}": Count("pk", filter=condition) for name, condition in WHAT.items()}
    seen = Enrolment.objects.visible_to(user).filter(sequence__in=list(sequences)).values_list("sequence").order_by()
    return {pk: Standing(*told) for pk, *told in seen.annotate(n=Count("pk"), **counts)}


def members(sequence: Sequence, *, user: User, what: str = "", step: int | None = None, answer: str | None = None) -> Enrolments:
    """The rows behind a number: of `WHAT`, those that run and stand at the step, or those whose last answer is of a class."""
    found = Enrolment.objects.visible_to(user).filter(sequence=sequence)
    if answer is not None:
        last = ReplyTriage.objects.filter(pk__in=_last_answers(found).values("pk"), reply_class=answer)
        return found.filter(pk__in=last.values("enrolment"))
    if step is not None:
        return found.filter(next_step=step, state__in=RUNNING)
    return found.filter(WHAT[what]) if what in WHAT else found


def by_step(version: SequenceVersion, *, user: User) -> list[StepCount]:
    """In their order; three queries."""
    seen = Enrolment.objects.visible_to(user).filter(version=version)
    here = dict(seen.filter(state__in=RUNNING).values_list("next_step").annotate(n=Count("pk")).order_by())
    deeds = Deed.objects.filter(step__version=version, enrolment__in=seen) if _sees_some(user) else Deed.objects.filter(step__version=version)
    done = Q(state=DeedState.DONE)
    counts = {
        "done": Count("pk", filter=done),
        "skipped": Count("pk", filter=~done & ~Q(state=DeedState.WAITING)),
        "heard": Count("pk", filter=Q(result=HEARD_IT)),
    }
    taken = {pk: told for pk, *told in deeds.values_list("step").annotate(**counts).order_by()}
    steps = version.steps.select_related("goes_to").prefetch_related("variants").order_by("position")
    return [StepCount(step, here.get(step.pk, 0), *taken.get(step.pk, (0, 0, 0))) for step in steps]


def by_variant(version: SequenceVersion, *, user: User) -> dict[int, list[VariantCount]]:
    """Of each mail, by its step; one query. What a step that waits for its person has not sent yet is not counted."""
    sent = Q(deeds__state=DeedState.DONE)
    if _sees_some(user):
        sent &= Q(deeds__enrolment__in=Enrolment.objects.visible_to(user).filter(version=version))
    rows = Variant.objects.filter(step__version=version, step__kind=StepKind.MAIL).order_by("step", "letter")
    found: dict[int, list[VariantCount]] = {}
    opens, clicks = sent & Q(deeds__counts_opens=True), sent & Q(deeds__counts_clicks=True)
    counted = rows.annotate(
        n_sent=Count("deeds", filter=sent),
        n_replied=Count("deeds", filter=sent & Q(deeds__replied_at__isnull=False)),
        n_counting_opens=Count("deeds", filter=opens),
        n_opened=Count("deeds", filter=opens & Q(deeds__opened_at__isnull=False)),
        n_counting_clicks=Count("deeds", filter=clicks),
        n_clicked=Count("deeds", filter=clicks & Q(deeds__clicked_at__isnull=False)),
    )
    for one in counted:
        told = VariantCount(one, one.n_sent, one.n_replied, (one.n_opened, one.n_counting_opens), (one.n_clicked, one.n_counting_clicks))
        found.setdefault(one.step_id, []).append(told)
    return found


def answers(sequence: Sequence, *, user: User) -> dict[int, Answers]:
    """By the number of the version, 0 for all of them together; one query."""
    last = _last_answers(Enrolment.objects.visible_to(user).filter(sequence=sequence))
    said = Count("pk", filter=Q(said_at__isnull=False) | Q(message__kind__in=OF_KIND))
    rows = ReplyTriage.objects.filter(pk__in=last.values("pk")).values_list("enrolment__version__number", "reply_class").order_by()
    found: dict[int, Answers] = {}
    for number, of_class, n, n_said in rows.annotate(n=Count("pk"), n_said=said):
        for of in (0, number):
            before = found.get(of, Answers(0, 0, {}))
            by_class = before.by_class | {of_class: before.by_class.get(of_class, 0) + n}
            found[of] = Answers(before.n + n, before.n_said + n_said, by_class)
    return found


def _last_answers(members: Enrolments) -> Triages:
    """What each of them answered last."""
    rows = ReplyTriage.objects.but_acknowledgements().filter(enrolment__in=members.values("pk"))
    return rows.order_by("enrolment", "-came_at", "-pk").distinct("enrolment")


def n_in_older(version: SequenceVersion, *, user: User) -> int:
    """How many still go through an older version."""
    older = Enrolment.objects.visible_to(user).filter(sequence=version.sequence_id, state__in=RUNNING)
    return older.exclude(version=version).count()


def _sees_some(user: User) -> bool:
    """Whether the person sees some leads and not others."""
    return abilities.standing_of(user).scope("lead") is not Scope.ALL
