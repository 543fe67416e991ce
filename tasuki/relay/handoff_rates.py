"""How hand-offs fare: the share that is accepted, for senders, receivers and pairs; and what became of what was accepted.

acceptance rate = accepted ÷ (accepted + returned). What waits, needs more, was withdrawn or missed is shown and not divided by. What one
took oneself, and returns that were struck after a dispute, are not counted. docs/numbers.md says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Case, Count, Exists, OuterRef, Q, Subquery, Sum, When
from django.utils.translation import gettext_lazy as _

from tasuki.core.people import User
from tasuki.crm.ledger import Outcome, Passage
from tasuki.relay import handoff_rules
from tasuki.relay.handoff_fields import REACHED_P2
from tasuki.relay.handoff_reasons import TREE, Branch, Reason
from tasuki.relay.handoff_rows import Handoff, HandoffState
from tasuki.relay.questions import Form, Question, ask, before

if TYPE_CHECKING:
    from tasuki.relay.handoff_rows import Handoffs

# Of fewer, no rate is judged and nobody is ranked (R26).
SMALLEST = 10
# A no-show that was offered again in time is nobody's fault: it is in no rate (R21).
_BOOKED_AGAIN = Q(state=HandoffState.NO_SHOW) & Exists(Handoff.objects.filter(previous=OuterRef("pk"), offered_at__lte=OuterRef("rebook_until_at")))
# A receiver who returns so much more, or less, than all others do is an outlier.
OUTLIER = 0.20


class Judgement(models.TextChoices):
    WITHIN = "within", _("within the band")
    ALIKE = "alike", _("like the others")
    CAUTIOUS = "cautious", _("too cautious: more could be offered")
    LOOSE = "loose", _("too loose: much comes back")
    STRICT = "strict", _("returns far more than the others")
    LENIENT = "lenient", _("returns far less than the others")
    TOO_FEW = "too_few", _("too few to judge")


@dataclass(frozen=True)
class Tally:
    """Hand-offs by their end in a period; `pending` wait now, whenever they were offered."""

    accepted: int = 0
    returned: int = 0
    needs_more: int = 0
    no_show: int = 0
    pending: int = 0

    @property
    def n(self) -> int:
        """Those decided."""
        return self.accepted + self.returned

    @property
    def rate(self) -> float | None:
        return self.accepted / self.n if self.n else None

    @property
    def held(self) -> int:
        """Meetings that took place: all that was answered otherwise than as a no-show that was not booked again (R21)."""
        return self.n + self.needs_more

    @property
    def show_rate(self) -> float | None:
        return self.held / (self.held + self.no_show) if self.held + self.no_show else None

    @property
    def is_judged(self) -> bool:
        return self.n >= SMALLEST

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) + getattr(other, name) for name in ("accepted", "returned", "needs_more", "no_show", "pending")))


@dataclass(frozen=True)
class Row:
    """The tally of a sender, a receiver, or a pair; the ids are 0 for what lies in a team's queue."""

    tally: Tally
    sender_id: int = 0
    receiver_id: int = 0
    sender: str = ""
    receiver: str = ""
    judgement: Judgement = Judgement.TOO_FEW


@dataclass(frozen=True)
class Outcomes:
    """What became of the hand-offs of one sender that were accepted in a period. `amount` is in the organisation's currency."""

    sender_id: int
    sender: str = ""
    accepted: int = 0
    p2: int = 0
    won: int = 0
    lapsed: int = 0
    amount: Decimal | None = None


@dataclass(frozen=True)
class Rates:
    senders: list[Row] = field(default_factory=list)
    receivers: list[Row] = field(default_factory=list)
    pairs: list[Row] = field(default_factory=list)
    total: Tally = Tally()


def rates(rows: Handoffs, *, start: datetime | None, end: datetime) -> Rates:
    """The tallies of what was answered in [start, end), among rows that somebody may see: four queries."""
    by_pair = _decided(rows, start=start, end=end)
    for credited, receiver, n in rows.open().values_list("credited_to", "to_owner").annotate(n=Count("pk")).order_by():
        _put(by_pair, (credited, receiver or 0), Tally(pending=n))
    names, band = _names(pk for pair in by_pair for pk in pair), handoff_rules.in_force().band
    pairs = [Row(tally, one, other, names.get(one, ""), names.get(other, "")) for (one, other), tally in by_pair.items()]
    total = sum((row.tally for row in pairs), Tally())
    return Rates(
        senders=_ranked([replace(row, judgement=_of_sender(row.tally, band)) for row in _folded(pairs, "sender")]),
        receivers=_ranked([replace(row, judgement=_of_receiver(row.tally, total)) for row in _folded([row for row in pairs if row.receiver_id], "receiver")]),
        pairs=_ranked([replace(row, judgement=_of_sender(row.tally, band)) for row in pairs]),
        total=total,
    )


@dataclass(frozen=True)
class Why:
    """Why the hand-offs of a pair were given back: how many for each reason. The ids are 0 for all together."""

    counts: Mapping[str, int]
    sender_id: int = 0
    receiver_id: int = 0
    sender: str = ""
    receiver: str = ""

    @property
    def n(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Reasons:
    """The pairs with most returns first; `branches` are those of the tree that have any, each with its reasons that have."""

    pairs: list[Why]
    total: Why
    branches: list[tuple[Branch, list[Reason]]]


def reasons(rows: Handoffs, *, start: datetime | None, end: datetime) -> Reasons:
    """Why hand-offs were given back in [start, end), among rows that somebody may see, by sender and receiver: two queries."""
    returned = _between(rows.counted().filter(state=HandoffState.RETURNED), start=start, end=end)
    by_pair: dict[tuple[int, int], dict[str, int]] = {}
    total: dict[str, int] = {}
    for credited, receiver, reason, n in returned.values_list("credited_to", "answered_by", "reason").annotate(n=Count("pk")).order_by():
        by_pair.setdefault((credited, receiver), {})[reason] = n
        total[reason] = total.get(reason, 0) + n
    names = _names(pk for pair in by_pair for pk in pair)
    pairs = [Why(counts, one, other, names.get(one, ""), names.get(other, "")) for (one, other), counts in by_pair.items()]
    branches = [(branch, found) for branch in TREE if (found := [reason for reason in branch.reasons if reason in total])]
    return Reasons(sorted(pairs, key=lambda why: (-why.n, why.sender, why.receiver)), Why(total), branches)


def _decided(rows: Handoffs, *, start: datetime | None, end: datetime) -> dict[tuple[int, int], Tally]:
    counted = rows.counted().exclude(state__in=[HandoffState.OFFERED, HandoffState.WITHDRAWN]).exclude(_BOOKED_AGAIN)
    answered = _between(counted, start=start, end=end)
    found: dict[tuple[int, int], Tally] = {}
    for credited, receiver, state, n in answered.values_list("credited_to", "answered_by", "state").annotate(n=Count("pk")).order_by():
        _put(found, (credited, receiver or 0), Tally(**{state: n}))
    return found


def _between(rows: Handoffs, *, start: datetime | None, end: datetime) -> Handoffs:
    rows = rows.filter(answered_at__lt=end)
    return rows.filter(answered_at__gte=start) if start else rows


def _put(found: dict[tuple[int, int], Tally], pair: tuple[int, int], tally: Tally) -> None:
    found[pair] = found.get(pair, Tally()) + tally


def _folded(pairs: list[Row], side: str) -> list[Row]:
    """The pairs of each person on one side as one row."""
    found: dict[int, Row] = {}
    for row in pairs:
        pk, name = getattr(row, f"{side}_id"), getattr(row, side)
        known = found.get(pk, Row(Tally(), **{f"{side}_id": pk, side: name}))
        found[pk] = replace(known, tally=known.tally + row.tally)
    return list(found.values())


def _ranked(rows: list[Row]) -> list[Row]:
    """Those with enough to be judged by their rate; after them the others by name, in no rank (R26)."""
    judged = sorted((row for row in rows if row.tally.is_judged), key=lambda row: (-(row.tally.rate or 0), row.sender, row.receiver))
    return [*judged, *sorted((row for row in rows if not row.tally.is_judged), key=lambda row: (row.sender, row.receiver))]


def _of_sender(tally: Tally, band: tuple[float, float]) -> Judgement:
    """Above the band of the house inside sales is too cautious and keeps back what sales would take, below it too loose (§1.6)."""
    if not tally.is_judged or tally.rate is None:
        return Judgement.TOO_FEW
    if tally.rate > band[1]:
        return Judgement.CAUTIOUS
    return Judgement.LOOSE if tally.rate < band[0] else Judgement.WITHIN


def _of_receiver(tally: Tally, total: Tally) -> Judgement:
    """Against all others together: of two who differ, each would otherwise be half of what they are measured by."""
    accepted, n = total.accepted - tally.accepted, total.n - tally.n
    if not tally.is_judged or n < SMALLEST or tally.rate is None:
        return Judgement.TOO_FEW
    apart = tally.rate - accepted / n
    if abs(apart) < OUTLIER:
        return Judgement.ALIKE
    return Judgement.LENIENT if apart > 0 else Judgement.STRICT


def outcomes(rows: Handoffs, *, start: datetime | None, end: datetime) -> list[Outcomes]:
    """By sender, what became of what was accepted in the period, up to now: two queries. One's own are counted here: the deals are real."""
    accepted = _between(rows.filter(state=HandoffState.ACCEPTED), start=start, end=end)
    # All orders there are take less to find than the passages of each lead that has none; of those that have, the amount is looked up.
    won = Passage.objects.filter(outcome=Outcome.WON)
    is_won = Q(lead__in=won.values("lead"))
    told = accepted.annotate(reached_p2=REACHED_P2, won_amount=Case(When(is_won, then=Subquery(won.filter(lead=OuterRef("lead")).values("amount")[:1]))))
    counted = (
        told.values("credited_to")
        .annotate(
            n=Count("pk"),
            n_p2=Count("pk", filter=Q(reached_p2=True)),
            n_won=Count("pk", filter=is_won),
            n_lapsed=Count("lapsed_at"),
            amount=Sum("won_amount"),
        )
        .order_by()
    )
    found = list(counted)
    names = _names(one["credited_to"] for one in found)
    made = [
        Outcomes(one["credited_to"], names.get(one["credited_to"], ""), one["n"], one["n_p2"], one["n_won"], one["n_lapsed"], one["amount"]) for one in found
    ]
    return sorted(made, key=lambda one: one.sender)


def _names(ids: Iterable[int]) -> Mapping[int, str]:
    return {user.pk: user.display_name for user in User.objects.filter(pk__in={pk for pk in ids if pk})}


@dataclass(frozen=True)
class TakenOver:
    """The seam between inside sales and sales: of those decided in a period, how many were accepted; and what is usual."""

    accepted: int
    n: int
    usual: float | None


def taken_over(question: Question) -> TakenOver | None:
    """Counted from hand-offs, in the form asked for: by when they were answered, or of those offered in the period what was answered so far.

    None for a house that has had none yet: what it knows of this seam is in the ledger alone.
    """
    if not Handoff.objects.exists():
        return None
    earlier = before(question)
    placed = "answered_at" if question.form is Form.PERIOD else "offered_at"
    ((accepted, n, usual_accepted, usual_n),) = ask(
        question,
        f"""SELECT count(*) FILTER (WHERE state = 'accepted' AND {placed} >= %(start)s), count(*) FILTER (WHERE {placed} >= %(start)s),
               count(*) FILTER (WHERE state = 'accepted' AND {placed} < %(start)s), count(*) FILTER (WHERE {placed} < %(start)s)
            FROM relay_handoff
            WHERE state IN ('accepted', 'returned') AND NOT is_own AND struck_at IS NULL AND {placed} >= %(before)s AND {placed} < %(finish)s
                  AND AMONG(lead_id)""",
        before=earlier.start,
    )
    return TakenOver(accepted, n, usual_accepted / usual_n if usual_n else None)
