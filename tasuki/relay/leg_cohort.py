"""The cohort form of the numbers of inside sales: of the leads that came to it in a period, how many were tried, reached, met and became opportunities.

A lead comes once: with its first passage in a stage of the leg. Whoever carried it last there has it, so that what sales accepted stays with whom
it came from. A lead that was merged into another is no part: what happened to it counts for the other.
docs/inside-sales-numbers.md defines each number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg, BoolAnd, BoolOr
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import Exists, Func, Min, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.abilities import Scope
from tasuki.crm import opportunity_rules
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Outcome, Passage
from tasuki.crm.opportunity_rules import Counted
from tasuki.engage.calls import Call, Direction
from tasuki.engage.dispositions import CONNECTS, CONVERSATIONS, DIALS
from tasuki.engage.meeting_rows import Meeting, MeetingState
from tasuki.relay.leg_numbers import Key, Share
from tasuki.relay.leg_rows import STAGES, Asked, Each, narrowed

# Days after a lead came, by which its way can be cut off: a cohort that came yesterday has had no time.
WITHIN = (7, 30, 90)


@dataclass(frozen=True)
class Step:
    """Something that can become of a lead: the rows that say so, and their moment. The first one counts."""

    key: str
    label: Any
    formula: Any
    rows: Callable[[], Any]
    moment: str


def _calls(results: list[str], **which: Any) -> Callable[[], Any]:
    return lambda: Call.objects.filter(disposition__in=results, **which)


_BEFORE = (
    Step("tried", _("tried"), _("dialled at least once"), _calls(DIALS, direction=Direction.OUT), "started_at"),
    Step("answered", _("answered"), _("a call was answered by somebody, or they called us"), _calls(CONNECTS), "started_at"),
    Step("spoken", _("spoken with"), _("a conversation with the right person"), _calls(CONVERSATIONS), "started_at"),
    Step("met", _("meeting booked"), _("a meeting was booked, by us or by themselves"), Meeting.objects.all, "booked_at"),
    Step("held", _("meeting held"), _("a meeting was held"), lambda: Meeting.objects.filter(state=MeetingState.HELD), "starts_at"),
)
OPPORTUNITY = "opportunity"
KEYS = (*(one.key for one in _BEFORE), OPPORTUNITY)


def steps(counted: Counted) -> tuple[Step, ...]:
    """One for each of `KEYS`, in their order; the last is the opportunity, as the house counts it."""
    return (*_BEFORE, Step(OPPORTUNITY, _("opportunity"), counted.label, lambda: opportunity_rules.stays(counted), "entered_at"))


def steps_by_name(counted: Counted) -> dict[str, Step | None]:
    """What numbers lead to, by name, as in `leg_rows.ROWS`; None is all that came."""
    return {"came": None, **{f"came_{one.key}": one for one in steps(counted)}}


@dataclass(frozen=True)
class Reached:
    """How many came as far as a step: so far, and of the ripe ones within their days; and after how many days half of those that did."""

    n: int
    n_within: int
    median_days: float | None


@dataclass(frozen=True)
class Cohort:
    """Leads that came. `n_ripe` came so many days ago that all of the days asked for are over; `n_left` have left the leg."""

    n: int
    n_ripe: int
    n_left: int
    reached: Mapping[str, Reached]

    @property
    def maturity(self) -> float | None:
        """The share whose way through the leg has ended: what becomes of the others is not known yet."""
        return self.n_left / self.n if self.n else None

    def so_far(self, step: Step) -> Share:
        return Share(self.reached[step.key].n, self.n)

    def within(self, step: Step) -> Share:
        return Share(self.reached[step.key].n_within, self.n_ripe)


NOBODY = Cohort(0, 0, 0, {key: Reached(0, 0, None) for key in KEYS})


def count(asked: Asked, *, each: Each, within: int, at: datetime, counted: Counted) -> tuple[Cohort, dict[Key, Cohort]]:
    """All that came in the period, and the same by person, team, source or week (its Monday), without medians. `within` is in days; `at` says who
    is ripe, `counted` from when on a lead is an opportunity.
    """
    try:
        statement, values = _statement(asked, steps(counted), each=each, days=timedelta(days=within), at=at)
    except EmptyResultSet:
        return NOBODY, {}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        (_is_whole, _key, *of_whole), *of_groups = cursor.fetchall()
    return _cohort(of_whole), {key: _cohort(numbers) for _is_whole, key, *numbers in of_groups}


def _cohort(numbers: Sequence[Any]) -> Cohort:
    n, n_ripe, n_left, *reached = numbers
    return Cohort(n, n_ripe, n_left, {key: Reached(*reached[3 * nth : 3 * nth + 3]) for nth, key in enumerate(KEYS)})


def _statement(asked: Asked, way: Sequence[Step], *, each: Each, days: timedelta, at: datetime) -> tuple[str, list[Any]]:
    """The moment of each step is looked up for all leads at once: what came in a year is too much to ask lead by lead."""
    key, of_key = {
        Each.PERSON: ("carried_by", []),
        Each.TEAM: ("carried_in", []),
        Each.SOURCE: ("(SELECT source FROM crm_lead WHERE id = lead_id)", []),
        Each.WEEK: ("date_trunc('week', came_at AT TIME ZONE %s)::date", [asked.zone.key]),
    }[each]
    came, values = _came(asked).values_list("lead_id", "came_at", "carried_by", "carried_in", "is_over").query.sql_with_params()
    joins, of_joins = [], []
    for step in way:
        rows, of_rows = _since(step, asked).order_by().values_list("lead_id", step.moment).query.sql_with_params()
        joins.append(f"""LEFT JOIN (SELECT lead_id, min(moment) - min(came_at) AS {step.key} FROM ({rows}) AS told(lead_id, moment) JOIN came USING (lead_id)
            WHERE moment >= came_at GROUP BY lead_id) AS of_{step.key} USING (lead_id)""")
        of_joins += of_rows
    numbers = "count(*), count(*) FILTER (WHERE came_at <= %s), count(*) FILTER (WHERE is_over)"
    of_numbers = [at - days, *[days, at - days] * len(way)]
    counts = [f"count({step.key}), count(*) FILTER (WHERE {step.key} < %s AND came_at <= %s)" for step in way]
    medians = [f"extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY {step.key}))::float / 86400" for step in way]
    whole = ", ".join(f"{count}, {median}" for count, median in zip(counts, medians, strict=True))
    statement = f"""
        WITH came(lead_id, came_at, carried_by, carried_in, is_over) AS MATERIALIZED ({came}),
        way AS MATERIALIZED (SELECT {key} AS key, came.*, {", ".join(step.key for step in way)} FROM came {" ".join(joins)})
        SELECT true, NULL, {numbers}, {whole} FROM way
        UNION ALL SELECT false, key, {numbers}, {", ".join(f"{count}, NULL" for count in counts)} FROM way GROUP BY key
        ORDER BY 1 DESC"""
    return statement, [*values, *of_key, *of_joins, *of_numbers, *of_numbers]


def _since(step: Step, asked: Asked) -> Any:
    """What was before the period began is no step of a lead that came in it."""
    return step.rows().filter(**({f"{step.moment}__gte": asked.start} if asked.start else {}))


class _First(Func):
    """The first of an array."""

    template = "(%(expressions)s)[1]"
    output_field: models.Field[int, int] = models.BigIntegerField()


def _came(asked: Asked) -> Any:
    """Passages in the leg by lead: when it came, who carried it last there, and whether it has left."""
    inside = Passage.objects.filter(stage__in=STAGES)
    rows: Any = inside
    if asked.start:
        # Whoever stood there before came before: in the leg one passage begins where the one before it ends.
        before = inside.filter(lead=OuterRef("lead"), entered_at__lt=asked.start, left_at__gte=asked.start)
        rows = inside.filter(~Exists(before), entered_at__gte=asked.start)
    rows = rows.filter(lead__source=asked.source) if asked.source is not None else rows
    rows = (
        rows.order_by()
        .values("lead_id")
        .annotate(
            came_at=Min("entered_at"),
            carried_by=_First(ArrayAgg("owner", order_by="-seq")),
            carried_in=_First(ArrayAgg("team", order_by="-seq")),
            is_over=BoolAnd(Q(left_at__isnull=False)),
            is_merged=BoolOr(Q(outcome=Outcome.MERGED)),
        )
    )
    rows = rows.filter(_carried(asked), came_at__lt=asked.end, is_merged=False)
    return rows.filter(**narrowed({"carried_by": asked.person, "carried_in": asked.team}))


def _carried(asked: Asked) -> Q:
    """By whom the viewer looks after. Whose the lead is now does not matter: what sales took over would be missing."""
    standing = abilities.standing_of(asked.viewer)
    teams = abilities.teams_of_scope(standing, "lead")
    if standing.scope("lead") is Scope.ALL:
        return Q()
    return Q(carried_by=standing.user_id) | Q(carried_in__in=teams) if standing.scope("lead") is not Scope.NOTHING else Q(pk__in=[])


def rows(asked: Asked, step: Step | None = None) -> Any:
    """The leads that came in the period, or those of them that came as far as a step, as far as the viewer may see them now."""
    return _leads(asked, step).filter(pk__in=Lead.objects.visible_to(asked.viewer).values("pk"))


def n_in_all(asked: Asked, step: Step | None = None) -> int:
    """How many they are with those whom the viewer does not see, because others carry them now."""
    return int(_leads(asked, step).count())


def _leads(asked: Asked, step: Step | None) -> Any:
    leads = Lead.objects.filter(pk__in=_came(asked).values("lead_id")).order_by()
    if step is None:
        return leads
    came_at = Passage.objects.filter(lead=OuterRef("pk"), stage__in=STAGES).order_by("seq").values("entered_at")[:1]
    told = step.rows().filter(**{"lead": OuterRef("pk"), f"{step.moment}__gte": OuterRef("came_at")})
    return leads.annotate(came_at=Subquery(came_at)).filter(Exists(told))
