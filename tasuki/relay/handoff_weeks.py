"""How two people work together from week to week: for each pair what was offered, accepted and returned, for which reasons, and how long an answer took.

Counted as `handoff_rates` counts: accepted and returned by the day of the answer, of whoever answered; and what was offered by its own day, of whoever
it was offered to. What was withdrawn, struck or taken by oneself is no part. docs/numbers.md says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import Count, DateField
from django.db.models.functions import TruncDate, TruncWeek

from tasuki.core.people import User
from tasuki.core.percentiles import Percentile
from tasuki.relay.agreements import Owed
from tasuki.relay.clocks import Clock
from tasuki.relay.handoff_rates import Tally
from tasuki.relay.handoff_reasons import Reason
from tasuki.relay.handoff_rows import HandoffState

if TYPE_CHECKING:
    from tasuki.relay.handoff_rows import Handoffs

N_WEEKS = 13
_DECIDED = (HandoffState.ACCEPTED, HandoffState.RETURNED)
# (the one credited, the receiver; 0 for the queue of a team)
_People = tuple[int, int]


@dataclass
class Week:
    """What happened in the week of a Monday."""

    monday: date
    offered: int = 0
    accepted: int = 0
    returned: int = 0

    @property
    def tally(self) -> Tally:
        return Tally(accepted=self.accepted, returned=self.returned)


@dataclass
class Pair:
    """One sender and one receiver, whose id is 0 for the queue of a team. `reasons` are those of the returns, the commonest first; `median` is half
    of the answers at most: seconds of business time from the meeting, None where none was owed by an agreement.
    """

    sender_id: int
    receiver_id: int
    weeks: list[Week]
    sender: str = ""
    receiver: str = ""
    reasons: dict[Reason, int] = field(default_factory=dict)
    median: float | None = None

    @property
    def offered(self) -> int:
        return sum(week.offered for week in self.weeks)

    @property
    def tally(self) -> Tally:
        return sum((week.tally for week in self.weeks), Tally())


def mondays(day: date) -> list[date]:
    """Of the last weeks, the one of this day last."""
    running = day - timedelta(days=day.weekday())
    return [running - timedelta(weeks=nth) for nth in reversed(range(N_WEEKS))]


def by_pair(rows: Handoffs, *, today: date, zone: ZoneInfo) -> list[Pair]:
    """The last weeks of each pair among rows that somebody may see, by name and in no rank: four queries. Days are those of the zone."""
    weeks = mondays(today)
    start = datetime.combine(weeks[0], time(), zone)
    end = datetime.combine(weeks[-1] + timedelta(weeks=1), time(), zone)
    counted = rows.counted().exclude(state=HandoffState.WITHDRAWN)
    decided = counted.filter(state__in=_DECIDED, answered_at__gte=start, answered_at__lt=end)
    found: dict[_People, Pair] = {}

    def of(sender: int, receiver: int | None) -> Pair:
        who = sender, receiver or 0
        return found.setdefault(who, Pair(*who, [Week(monday) for monday in weeks]))

    offered = counted.filter(offered_at__gte=start, offered_at__lt=end)
    for sender, monday, receiver, n in _by_week(offered, "offered_at", "to_owner", zone=zone):
        of(sender, receiver).weeks[weeks.index(monday)].offered = n
    for sender, monday, receiver, state, reason, n in _by_week(decided, "answered_at", "answered_by", "state", "reason", zone=zone):
        pair = of(sender, receiver)
        week = pair.weeks[weeks.index(monday)]
        if state == HandoffState.ACCEPTED:
            week.accepted += n
        else:
            week.returned += n
            pair.reasons[Reason(reason)] = pair.reasons.get(Reason(reason), 0) + n
    for sender, receiver, median in _medians(decided):
        of(sender, receiver).median = median
    return _named(found.values())


def _by_week(rows: Handoffs, moment: str, *told: str, zone: ZoneInfo) -> Iterable[tuple[Any, ...]]:
    week = TruncWeek(TruncDate(moment, tzinfo=zone), output_field=DateField())
    return rows.annotate(week=week).values_list("credited_to", "week", *told).annotate(n=Count("pk")).order_by()


def _medians(decided: Handoffs) -> Iterable[tuple[int, int, float]]:
    answers = Clock.objects.filter(handoff__in=decided.values("pk"), owed=Owed.ACCEPTANCE, is_answered=True, business_seconds__isnull=False)
    half = Percentile("business_seconds", share=0.5)
    return answers.values_list("handoff__credited_to", "handoff__answered_by").annotate(half=half).order_by()


def _named(pairs: Iterable[Pair]) -> list[Pair]:
    pairs = list(pairs)
    ids = {pk for pair in pairs for pk in (pair.sender_id, pair.receiver_id)}
    names: Mapping[int, str] = {user.pk: user.display_name for user in User.objects.filter(pk__in=ids - {0})}
    for pair in pairs:
        pair.sender, pair.receiver = names.get(pair.sender_id, ""), names.get(pair.receiver_id, "")
        pair.reasons = dict(sorted(pair.reasons.items(), key=lambda one: (-one[1], list(Reason).index(one[0]))))
    return sorted(pairs, key=lambda pair: (pair.sender, pair.receiver, pair.sender_id, pair.receiver_id))
