"""Call metrics: dials, connects, people reached, conversations, meetings; and how long calls lasted. Each counted from the calls.

A dial is ours alone, a conversation is one whoever called (`COUNTED`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, F, Max, Q

from tasuki.engage.calls import Direction
from tasuki.engage.dispositions import CONNECTS, CONVERSATIONS, DIALS, PROGRESS, REACHES, Disposition

if TYPE_CHECKING:
    from tasuki.engage.calls import Calls

# Who was tried so often, or answered before, was not given up too early.
PERSISTENT = 6
# The calls that numbers count: ours, and of those that came in the ones in which somebody spoke with us. That we missed a call says nothing of us.
COUNTED = Q(direction=Direction.OUT) | Q(disposition__in=CONVERSATIONS)


@dataclass(frozen=True)
class CallFunnel:
    """Counts over calls with a result; wrong numbers and people who must not be called count as nothing, and whoever calls us was not dialled.

    Dials and connects are of outgoing calls alone, and `n_dialled_talks` are the conversations among them; all other conversations came in.
    `n_attempted` and `n_reached` are passes, each once however often it was called: who was not dialled and spoke with us is both. A rate without
    anything below it is None.
    """

    n_dials: int
    n_connects: int
    n_conversations: int
    n_dialled_talks: int
    n_meetings: int
    n_attempted: int
    n_reached: int
    n_overrun: int
    n_overrun_in_vain: int
    n_without_result: int

    @property
    def n_incoming_talks(self) -> int:
        """Conversations that they began."""
        return self.n_conversations - self.n_dialled_talks

    @property
    def connect_rate(self) -> float | None:
        """Answered by somebody ÷ dials."""
        return _share(self.n_connects, self.n_dials)

    @property
    def reach_rate(self) -> float | None:
        """Passes reached ÷ passes attempted."""
        return _share(self.n_reached, self.n_attempted)

    @property
    def conversation_rate(self) -> float | None:
        """Conversations of dials ÷ dials."""
        return _share(self.n_dialled_talks, self.n_dials)

    @property
    def booking_rate(self) -> float | None:
        """Meetings booked ÷ conversations."""
        return _share(self.n_meetings, self.n_conversations)

    @property
    def overrun_share(self) -> float | None:
        """Calls beyond the limit of their type ÷ conversations."""
        return _share(self.n_overrun, self.n_conversations)

    @property
    def overrun_in_vain_share(self) -> float | None:
        """Of the calls beyond the limit, those that moved nothing on."""
        return _share(self.n_overrun_in_vain, self.n_overrun)


@dataclass(frozen=True)
class Persistence:
    """Of passes that nobody reached yet, those that were tried often enough."""

    n_not_reached: int
    n_tried_enough: int

    @property
    def share(self) -> float | None:
        return _share(self.n_tried_enough, self.n_not_reached)


def funnel(calls: Calls) -> CallFunnel:
    """Of these calls; one query."""
    return CallFunnel(**calls.order_by().aggregate(**counts()))


def counts() -> dict[str, Count]:
    """What a `CallFunnel` holds, to be counted of calls."""
    out = Q(direction=Direction.OUT)
    talk, over = Q(disposition__in=CONVERSATIONS), Q(disposition__in=CONVERSATIONS, n_seconds_over__gt=0)
    return {
        "n_dials": Count("pk", filter=out & Q(disposition__in=DIALS)),
        "n_connects": Count("pk", filter=out & Q(disposition__in=CONNECTS)),
        "n_conversations": Count("pk", filter=talk),
        "n_dialled_talks": Count("pk", filter=out & talk),
        "n_meetings": Count("pk", filter=Q(disposition=Disposition.MEETING)),
        "n_attempted": Count("lead", filter=COUNTED & Q(disposition__in=DIALS), distinct=True),
        "n_reached": Count("lead", filter=COUNTED & Q(disposition__in=REACHES), distinct=True),
        "n_overrun": Count("pk", filter=over),
        "n_overrun_in_vain": Count("pk", filter=over & ~Q(disposition__in=PROGRESS)),
        "n_without_result": Count("pk", filter=out & Q(disposition="", ended_at__isnull=False)),
    }


def persistence(calls: Calls) -> Persistence:
    """Of the passes of these calls; one query. Who was reached when they called us is reached."""
    dial = Q(direction=Direction.OUT, disposition__in=DIALS)
    told = calls.order_by().filter(dial | Q(disposition__in=REACHES)).values("lead")
    passes = told.annotate(n=Count("pk", filter=dial), reached=Max("pk", filter=Q(disposition__in=REACHES))).filter(n__gt=0, reached__isnull=True)
    totals = passes.aggregate(n_not_reached=Count("lead"), n_tried_enough=Count("lead", filter=Q(n__gte=PERSISTENT)))
    return Persistence(**totals)


def talk_times(calls: Calls) -> list[timedelta]:
    """How long each conversation lasted, shortest first; one query."""
    times = calls.filter(disposition__in=CONVERSATIONS, answered_at__isnull=False, ended_at__isnull=False).annotate(lasted=F("ended_at") - F("answered_at"))
    return list(times.order_by("lasted").values_list("lasted", flat=True))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
