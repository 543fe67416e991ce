"""The rows from which the numbers of inside sales are counted: calls, meetings, hand-offs, promises, what was given up, and lists; of a period,
and of a person, a team or a source. Every number is the count of rows that this page names, so it leads to them. docs/inside-sales-numbers.md
defines each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, Count, DateField, Exists, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, TruncDate, TruncWeek
from django.utils.translation import gettext_lazy as _

from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Outcome, Passage
from tasuki.engage.call_metrics import COUNTED, PERSISTENT
from tasuki.engage.calls import Call, Direction
from tasuki.engage.dispositions import CONNECTS, CONVERSATIONS, DIALS, PROGRESS, REACHES, Disposition
from tasuki.engage.meeting_rows import Meeting, MeetingState
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.relay.agreements import Owed
from tasuki.relay.clocks import Clock
from tasuki.relay.handoff_rows import Handoff, HandoffState
from tasuki.relay.response_times import BINS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from tasuki.core.people import User

STAGES = (stages.READY, stages.WORKING, stages.CONNECTED, stages.BOOKED)
# Who leaves from here was never spoken to.
NOT_REACHED = (stages.READY, stages.WORKING)
# So many tries are told apart; who was tried more often stands with the last.
MOST_TRIES = PERSISTENT + 2
GAVE_UP = (Outcome.RECYCLED, Outcome.LOST, Outcome.DISQUALIFIED)


class Each(models.TextChoices):
    """By what the numbers are told apart."""

    PERSON = "person", _("person")
    TEAM = "team", _("team")
    SOURCE = "source", _("source")
    WEEK = "week", _("week")


@dataclass(frozen=True)
class Asked:
    """The half-open period [start, end), for what `viewer` may see; without a start, all time. Days and weeks are those of the `zone` of the
    house. Narrowed to a person, a team, a source of leads.
    """

    viewer: User
    start: datetime | None
    end: datetime
    zone: ZoneInfo
    person: int | None = None
    team: int | None = None
    source: str | None = None

    @property
    def before(self) -> Asked | None:
        """The period of the same length that lies directly before."""
        return replace(self, start=self.start - (self.end - self.start), end=self.start) if self.start else None

    @property
    def with_before(self) -> Asked:
        return replace(self, start=self.before.start) if self.before else self


@dataclass(frozen=True)
class Noun:
    """When a row counts, and whose it is: names of its columns."""

    moment: str
    person: str
    team: str
    source: str = "lead__source"


CALL = Noun("started_at", "caller_id", "caller__team_id")
MEETING = Noun("starts_at", "booked_by_id", "booked_by__team_id")
HANDOFF = Noun("answered_at", "credited_to_id", "from_team_id")
PROMISE = Noun("settled_at", "owner_id", "team_id")
GIVEN_UP = Noun("left_at", "owner_id", "team_id")
LIST = Noun("call_list__for_on", "call_list__owner_id", "call_list__owner__team_id")


def sees_part(rows: Any) -> bool:
    """Whether somebody's rows of a noun are not all there are."""
    return bool(rows.query.where)


def of(rows: Any, asked: Asked, noun: Noun) -> Any:
    """Those of the period, of whom and whence is asked."""
    rows = rows.filter(**{f"{noun.moment}__lt": asked.end})
    rows = rows.filter(**{f"{noun.moment}__gte": asked.start}) if asked.start else rows
    rows = rows.filter(**{noun.source: asked.source}) if asked.source is not None else rows
    return rows.filter(**narrowed({noun.person: asked.person, noun.team: asked.team})).order_by()


def narrowed(ids: Mapping[str, int | None]) -> dict[str, Any]:
    """As conditions: None asks for everybody, 0 for what is nobody's."""
    return {(column if value else f"{column}__isnull"): value or True for column, value in ids.items() if value is not None}


def key(noun: Noun, *, each: Each, asked: Asked) -> Any:
    """By what rows of the noun are told apart, as an expression."""
    if each is Each.WEEK and noun is LIST:
        return TruncWeek(noun.moment)
    if each is Each.WEEK:
        return TruncWeek(TruncDate(noun.moment, tzinfo=asked.zone), output_field=DateField())
    return F({Each.PERSON: noun.person, Each.TEAM: noun.team, Each.SOURCE: noun.source}[each])


def is_now(noun: Noun, asked: Asked) -> Any:
    """Whether a row is of the period, or of the one before it."""
    if asked.start is None:
        return Value(1, output_field=IntegerField())
    if noun is LIST:
        return Case(When(**{f"{noun.moment}__gte": asked.start.astimezone(asked.zone).date()}, then=Value(1)), default=Value(0), output_field=IntegerField())
    return Case(When(**{f"{noun.moment}__gte": asked.start}, then=Value(1)), default=Value(0), output_field=IntegerField())


def calls(asked: Asked) -> Any:
    """Calls that count and began in the period; of whoever called, or spoke with whoever called us."""
    return of(Call.objects.visible_to(asked.viewer).filter(COUNTED), asked, CALL)


def dialled(asked: Asked) -> Any:
    """The outgoing ones."""
    return calls(asked).filter(direction=Direction.OUT)


def meetings(asked: Asked) -> Any:
    """Meetings that inside sales booked, by the day on which they were to be; of whoever booked them."""
    return of(Meeting.objects.visible_to(asked.viewer), asked, MEETING)


def handoffs(asked: Asked) -> Any:
    """Hand-offs answered in the period that rates count; of the one credited."""
    return of(Handoff.objects.visible_to(asked.viewer).counted().exclude(state=HandoffState.WITHDRAWN), asked, HANDOFF)


def promises(asked: Asked) -> Any:
    """First answers owed to leads, by the moment from which it is known whether they came in time; of whoever owed them then."""
    return of(Clock.objects.visible_to(asked.viewer).filter(owed=Owed.ANSWER), asked, PROMISE)


def given_up(asked: Asked) -> Any:
    """Passes that ended in the period without anybody having been reached, by our calls or by theirs, each with its `n_dials`; of whoever carried them."""
    called = Call.objects.filter(lead=OuterRef("lead"))
    dials = called.filter(direction=Direction.OUT, disposition__in=DIALS).order_by().values("lead").annotate(n=Count("pk")).values("n")
    rows = Passage.objects.visible_to(asked.viewer).filter(stage__in=NOT_REACHED, outcome__in=GAVE_UP)
    rows = rows.filter(~Exists(called.filter(disposition__in=REACHES))).annotate(n_dials=Coalesce(Subquery(dials), 0))
    return of(rows, asked, GIVEN_UP)


def lists(asked: Asked) -> Any:
    """What was planned on lists of the days that are over; of whoever they were for. Lists are of all sources: narrowed to one, there are none."""
    first, last = (moment.astimezone(asked.zone).date() if moment else None for moment in (asked.start, asked.end))
    seen = CallList.objects.visible_to(asked.viewer)
    rows = CallListEntry.objects.filter(call_list__for_on__lt=last, inserted_at__isnull=True, **({"call_list__for_on__gte": first} if first else {}))
    rows = rows.filter(call_list__in=seen.values("pk")) if seen.query.where else rows
    rows = rows.filter(**narrowed({"call_list__owner": asked.person, "call_list__owner__team": asked.team})).order_by()
    return rows if asked.source is None else rows.none()


def skips(asked: Asked) -> Any:
    """Planned entries that somebody left out, each with a reason."""
    return lists(asked).filter(skipped_at__isnull=False)


def _people(asked: Asked, which: list[str]) -> Any:
    return Lead.objects.visible_to(asked.viewer).filter(pk__in=calls(asked).filter(disposition__in=which).values("lead"))


def _answered_within(asked: Asked, nth: int) -> Any:
    """First answers of the nth span of the curve."""
    bounds = {"business_seconds__gt": BINS[nth - 1] if nth else None, "business_seconds__lte": BINS[nth] if nth < len(BINS) else None}
    return promises(asked).filter(is_answered=True, **{column: value for column, value in bounds.items() if value is not None})


def _with_result(result: Disposition) -> Callable[[Asked], Any]:
    return lambda asked: calls(asked).filter(disposition=result)


def _over(asked: Asked) -> Any:
    """Conversations beyond the limit of their type."""
    return calls(asked).filter(disposition__in=CONVERSATIONS, n_seconds_over__gt=0)


def _over_with_result(result: Disposition) -> Callable[[Asked], Any]:
    return lambda asked: calls(asked).filter(disposition=result, n_seconds_over__gt=0)


def _after_tries(n: int) -> Callable[[Asked], Any]:
    return lambda asked: given_up(asked).filter(**({"n_dials": n} if n < MOST_TRIES else {"n_dials__gte": n}))


def _in_span(nth: int) -> Callable[[Asked], Any]:
    return lambda asked: _answered_within(asked, nth)


# The name of a number → the rows that it counts.
ROWS: Mapping[str, Callable[[Asked], Any]] = {
    "dials": lambda asked: dialled(asked).filter(disposition__in=DIALS),
    "connects": lambda asked: dialled(asked).filter(disposition__in=CONNECTS),
    "conversations": lambda asked: calls(asked).filter(disposition__in=CONVERSATIONS),
    "dialled_talks": lambda asked: dialled(asked).filter(disposition__in=CONVERSATIONS),
    "incoming_talks": lambda asked: calls(asked).filter(direction=Direction.IN),
    "booked": lambda asked: calls(asked).filter(disposition=Disposition.MEETING),
    "overrun": _over,
    "overrun_in_vain": lambda asked: _over(asked).exclude(disposition__in=PROGRESS),
    "without_result": lambda asked: calls(asked).filter(disposition="", ended_at__isnull=False),
    "attempted": lambda asked: _people(asked, DIALS),
    "reached": lambda asked: _people(asked, REACHES),
    "held": lambda asked: meetings(asked).filter(state=MeetingState.HELD),
    "went": lambda asked: meetings(asked).filter(Q(state=MeetingState.HELD) | Q(pk__in=meetings(asked).missed().values("pk"))),
    "accepted": lambda asked: handoffs(asked).filter(state=HandoffState.ACCEPTED),
    "decided": lambda asked: handoffs(asked).filter(state__in=[HandoffState.ACCEPTED, HandoffState.RETURNED]),
    "promised": promises,
    "in_time": lambda asked: promises(asked).filter(breached_at__isnull=True),
    "given_up": given_up,
    "tried_enough": lambda asked: given_up(asked).filter(n_dials__gte=PERSISTENT),
    "never_tried": lambda asked: given_up(asked).filter(n_dials=0),
    "planned": lists,
    "worked": lambda asked: lists(asked).filter(worked_at__isnull=False),
    "skipped": skips,
    **{f"over_{one.value}": _over_with_result(one) for one in Disposition},
    **{f"result_{one.value}": _with_result(one) for one in Disposition},
    **{f"tries_{n}": _after_tries(n) for n in range(MOST_TRIES + 1)},
    **{f"span_{n}": _in_span(n) for n in range(len(BINS) + 1)},
}
