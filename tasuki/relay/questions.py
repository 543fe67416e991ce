"""What is asked of the ledger: a period, a form, whose leads; and how such a question reaches the database."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.core.exceptions import EmptyResultSet
from django.db import connection, models

from tasuki.core import abilities
from tasuki.core.organisation import the_organisation
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import MOVED_ON, Outcome

if TYPE_CHECKING:
    from tasuki.core.people import User

MOVED = tuple(outcome.value for outcome in MOVED_ON)
USUAL_PERIODS = 4
# Stands for each value in turn.
_THE_VALUE = "\ue000"
_BESIDE = """
SELECT EXISTS (SELECT FROM core_team WHERE id <> ALL(%(teams)s::bigint[])),
       EXISTS (SELECT FROM crm_lead WHERE owner_id = %(me)s AND team_id <> ALL(%(teams)s::bigint[]))
"""
_FIRST_ENDING = """
SELECT least((SELECT counted_on FROM crm_daybooktotal WHERE kind = '' AND outcome = ANY(%(for_good)s) AND n_left > 0 ORDER BY counted_on LIMIT 1),
             (SELECT min(counted_on) FROM crm_daybooknote WHERE outcome = ANY(%(for_good)s) AND n_left > 0))
"""


class Form(models.TextChoices):
    PERIOD = "period"
    COHORT = "cohort"


class Grouping(models.TextChoices):
    SOURCE = "source"
    MONTH = "month"
    OWNER = "owner"
    TEAM = "team"
    SEGMENT = "segment"


@dataclass(frozen=True)
class Question:
    """The half-open period [start, end) and the leads that count.

    Without `viewer` the whole organisation is counted; without bounds, all time. `only` filters leads: {"source": "Webinar"}.
    `time_zone` is the organisation's, from whoever knows it already.
    """

    form: Form = Form.COHORT
    start: datetime | None = None
    end: datetime | None = None
    by: Grouping = Grouping.SOURCE
    viewer: User | None = None
    only: dict[str, Any] = field(default_factory=dict)
    time_zone: str = ""

    @cached_property
    def zone(self) -> ZoneInfo:
        """The organisation's: its days are the days of every number."""
        return ZoneInfo(self.time_zone or the_organisation().time_zone)

    @property
    def teams_seen(self) -> frozenset[int] | None:
        """The teams whose leads the viewer sees, each of them whole; None where all leads are seen, as of whoever leads all teams."""
        return self._sight[0]

    @property
    def sees_own_beside(self) -> bool:
        """Whether the viewer owns leads that are of none of these teams, and sees them too."""
        return self._sight[1]

    @cached_property
    def _sight(self) -> tuple[frozenset[int] | None, bool]:
        """One question for whoever does not see all by their role."""
        if self.viewer is None or not Lead.objects.visible_to(self.viewer).query.where:
            return None, False
        standing = abilities.standing_of(self.viewer)
        if standing.scope("lead") is abilities.Scope.NOTHING:
            return frozenset(), False
        teams = abilities.teams_of_scope(standing, "lead")
        with connection.cursor() as cursor:
            cursor.execute(_BESIDE, {"teams": sorted(teams), "me": self.viewer.pk})
            ((others, own),) = cursor.fetchall()
        return (teams, own) if others else (None, False)

    def bounds(self) -> tuple[Any, Any]:
        return self.start or "-infinity", self.end or "infinity"


@dataclass(frozen=True)
class Before:
    """The whole periods of equal length that lie before the one asked about: at most four, as many as hold complete history."""

    start: Any
    n_periods: int


def before(question: Question) -> Before:
    """Only whole periods count: half a period of history would make the usual look small."""
    if question.start is None or question.end is None or question.end <= question.start:
        return Before("-infinity", 0)
    length = question.end - question.start
    since = _complete_since(question)
    n_periods = max(0, min(USUAL_PERIODS, (question.start - since) // length)) if since else 0
    return Before(question.start - length * n_periods, n_periods)


def _complete_since(question: Question) -> datetime | None:
    """From when on the leads that count are all here: those that ended too, and not only those that were open when records began.

    Whoever moves to Tasuki with the leads in hand has passages from before that day, but none that ended before it.
    """
    first_at = first_opening(question)
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_ENDING, {"for_good": [outcome.value for outcome in Outcome if outcome not in MOVED_ON]})
        ((day,),) = cursor.fetchall()
    return max(first_at, datetime.combine(day, time(), question.zone)) if first_at and day else None


def first_opening(question: Question) -> datetime | None:
    """When the first of the leads that count was opened."""
    return leads(question).order_by("opened_at").values_list("opened_at", flat=True).first()


def values(rows: models.QuerySet[Any], column: str) -> set[str]:
    """What stands in a column of text that an index begins with: one look into the index for each value, not one for each row; and of part of the
    rows, one more, for the first row with it that is seen.
    """
    table = rows.model._meta.db_table
    try:
        seen, parameters = rows.filter(**{column: _THE_VALUE}).order_by().values("pk").query.sql_with_params() if rows.query.where else ("", ())
    except EmptyResultSet:
        return set()
    known = {f"seen_{nth}": value for nth, value in enumerate(parameters) if value != _THE_VALUE}
    names = tuple("found.value" if value == _THE_VALUE else f"%(seen_{nth})s" for nth, value in enumerate(parameters))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH RECURSIVE found AS (
                    SELECT min({column}) AS value FROM {table}
                    UNION ALL SELECT (SELECT min({column}) FROM {table} WHERE {column} > found.value) FROM found WHERE found.value IS NOT NULL)
                SELECT value FROM found WHERE value IS NOT NULL AND {f"EXISTS ({seen % names})" if seen else "true"}""",
            known,
        )
        return {value for (value,) in cursor.fetchall()}


def ask(question: Question, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Answer a SELECT about `question`.

    It writes AMONG(column) for “this lead counts”, and may name %(start)s, %(finish)s, %(zone)s and %(moved)s.
    """
    start, finish = question.bounds()
    seen, names = _seen(question)
    known = {"start": start, "finish": finish, "moved": list(MOVED), **names, **parameters}
    if "%(zone)s" in statement:
        known["zone"] = question.zone.key
    prefix, counts = (f"WITH seen(id) AS ({seen}) ", r"\1 IN (SELECT id FROM seen)") if seen else ("", "true")
    with connection.cursor() as cursor:
        cursor.execute(prefix + re.sub(r"AMONG\(([\w.]+)\)", counts, statement), known)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def leads(question: Question) -> models.QuerySet[Lead]:
    """The leads that count."""
    rows: models.QuerySet[Lead] = Lead.objects.all()
    if question.teams_seen and not question.sees_own_beside:
        # The same as what they see, without an OR that no index answers.
        rows = rows.filter(team__in=question.teams_seen)
    elif question.viewer and question.teams_seen is not None:
        rows = Lead.objects.visible_to(question.viewer)
    return rows.filter(**question.only)


def named(rows: models.QuerySet[Lead], prefix: str) -> tuple[str, dict[str, Any]]:
    """A query for the ids of these leads, with its parameters named."""
    try:
        statement, values = rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT NULL::bigint WHERE false", {}  # somebody who may see no lead at all
    names = {f"{prefix}_{i}": value for i, value in enumerate(values)}
    return statement % tuple(f"%({name})s" for name in names), names


def _seen(question: Question) -> tuple[str, dict[str, Any]]:
    """A query for the ids of the leads that count, with its parameters named; ("", {}) when all do."""
    rows = leads(question)
    return named(rows, "seen") if rows.query.where else ("", {})
