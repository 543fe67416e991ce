"""Leads, wins and days to the order, by source, month, owner, team or segment; and the stages crossed with a group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm import stages
from tasuki.crm.daybook import Kind
from tasuki.relay import book
from tasuki.relay.questions import Form, Grouping, Question, ask

BLANK = "(blank)"
BEFORE_THE_ORDER = (*stages.BEFORE_SALES, *stages.IN_SALES)

# The group of a lead that came or stands, and of a win. SQL over `lead` and `won`, the passage that won it if one did.
_KEYS = {
    Grouping.SOURCE: "nullif(lead.source, '')",
    Grouping.SEGMENT: "nullif(lead.segment, '')",
    Grouping.OWNER: "coalesce(won.owner_id, lead.owner_id)::text",
    Grouping.TEAM: "coalesce(won.team_id, lead.team_id)::text",
    Grouping.MONTH: "to_char(lead.opened_at AT TIME ZONE %(zone)s, 'YYYY-MM')",
}
_MONTH_WON = "to_char(won.left_at AT TIME ZONE %(zone)s, 'YYYY-MM')"


@dataclass(frozen=True)
class GroupCount:
    """One row. Days run from opened to won; amounts are in the organisation's currency; `balance` is before the order, at the end.

    `resolved` counts those of `leads` that are won or ended by now.
    """

    key: str
    leads: int = 0
    won: int = 0
    balance: int = 0
    median_days_to_won: float | None = None
    mean_days_to_won: float | None = None
    p90_days_to_won: float | None = None
    won_amount: Decimal | None = None
    resolved: int = 0

    @property
    def conversion(self) -> float | None:
        return self.won / self.leads if self.leads else None

    @property
    def maturity(self) -> float | None:
        return self.resolved / self.leads if self.leads else None


def count(question: Question) -> tuple[list[GroupCount], GroupCount]:
    """The rows, the largest first (months in order), and the same counts over everything; in one statement."""
    key, won_key, when_won = _keys(question)
    found = ask(
        question,
        f"""SELECT coalesce(key, ''), grouping(key) = 1, coalesce(sum(came), 0)::int, coalesce(sum(is_won), 0)::int, coalesce(sum(stands), 0)::int,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY days), avg(days), percentile_cont(0.9) WITHIN GROUP (ORDER BY days),
                sum(amount), coalesce(sum(resolved), 0)::int
            FROM (
                SELECT {key} AS key, 1 AS came, 0 AS is_won, 0 AS stands, NULL::float AS days, NULL::numeric AS amount,
                       (won.id IS NOT NULL OR lead.ended_at IS NOT NULL)::int AS resolved
                FROM crm_lead lead LEFT JOIN crm_passage won ON won.lead_id = lead.id AND won.outcome = 'won'
                WHERE lead.opened_at >= %(start)s AND lead.opened_at < %(finish)s AND AMONG(lead.id)
                UNION ALL
                SELECT {won_key}, 0, 1, 0, date_part('epoch', won.left_at - lead.opened_at) / 86400, won.amount, 0
                FROM crm_passage won JOIN crm_lead lead ON lead.id = won.lead_id
                WHERE won.outcome = 'won' AND {when_won} >= %(start)s AND {when_won} < %(finish)s AND AMONG(lead.id)
                UNION ALL
                SELECT {key}, 0, 0, 1, NULL, NULL, 0
                FROM crm_passage stay JOIN crm_lead lead ON lead.id = stay.lead_id LEFT JOIN crm_passage won ON won.lead_id = lead.id AND won.outcome = 'won'
                WHERE stay.stage_id = ANY(%(stages)s) AND stay.entered_at < %(finish)s AND (stay.left_at IS NULL OR stay.left_at >= %(finish)s)
                      AND AMONG(lead.id)
            ) events
            GROUP BY GROUPING SETS ((key), ())""",
        stages=list(BEFORE_THE_ORDER),
    )
    rows = [GroupCount(key, *counts) for key, is_total, *counts in found if not is_total]
    total = next(GroupCount("total", *counts) for _key, is_total, *counts in found if is_total)
    return _sorted([replace(row, key=name) for row, name in zip(rows, names(question.by, [row.key for row in rows]), strict=True)], question.by), total


def names(by: Grouping, keys: list[str]) -> list[str]:
    """What people call the groups; owners and teams come as ids."""
    known: dict[str, str] = {}
    if by is Grouping.OWNER:
        known = {str(user.pk): user.reference or user.display_name for user in User.objects.filter(pk__in=filter(None, keys))}
    elif by is Grouping.TEAM:
        known = {str(pk): name for pk, name in Team.objects.filter(pk__in=filter(None, keys)).values_list("pk", "name")}
    return [known.get(key, key) or BLANK for key in keys]


def _keys(question: Question) -> tuple[str, str, str]:
    """The group of a lead, the group of a win, and the moment by which a win is placed in the period."""
    key = _KEYS[question.by]
    if question.form is Form.COHORT:
        return key, key, "lead.opened_at"
    return key, _MONTH_WON if question.by is Grouping.MONTH else key, "won.left_at"


def _sorted(rows: list[GroupCount], by: Grouping) -> list[GroupCount]:
    return sorted(rows, key=lambda row: row.key if by is Grouping.MONTH else (-row.leads, -row.won, row.key))


@dataclass(frozen=True)
class Crossed:
    """One stage within one group: what came in, what moved on, what of that was won, and for how much."""

    n: int
    moved: int
    won: int
    amount: Decimal | None


@dataclass(frozen=True)
class Crossing:
    """The stages by the group asked for, and by segment: (group key, stage) → counts. Keys of owners and teams are ids."""

    groups: dict[tuple[str, str], Crossed]
    segments: dict[tuple[str, str], Crossed]


def cross(question: Question) -> Crossing:
    """Inflow and moves of every stage by group, in the form asked for; leads count for the group they are in now."""
    by = Kind.ALL if question.by is Grouping.MONTH else Kind(question.by.value)
    key = "to_char(coalesce(day, at AT TIME ZONE %(zone)s), 'YYYY-MM')" if by is Kind.ALL else "key"
    gone, amount = ("n_entered", "amount_entered") if question.form is Form.COHORT else ("n_left", "amount_left")
    start, finish = question.bounds()
    rows = book.ask(
        question,
        f"""SELECT kind, CASE kind WHEN %(group)s THEN {key} ELSE key END AS named, stage_id, sum(n_entered)::int,
               coalesce(sum({gone}) FILTER (WHERE outcome = ANY(%(moved)s)), 0)::int, coalesce(sum({gone}) FILTER (WHERE outcome = 'won'), 0)::int,
               nullif(sum({amount}), 0)
            FROM LINES WHERE NOT BEFORE(start) AND BEFORE(finish) GROUP BY kind, named, stage_id
            HAVING sum(n_entered) <> 0 OR sum({gone}) FILTER (WHERE outcome = ANY(%(moved)s)) <> 0""",
        edges={"start": start, "finish": finish},
        by=tuple(dict.fromkeys((by, Kind.SEGMENT))),
        group=by.value,
    )
    cells = {kind: {(name, stage): Crossed(*counts) for of, name, stage, *counts in rows if of == kind} for kind in (by.value, Kind.SEGMENT.value)}
    return Crossing(cells[by.value], cells[Kind.SEGMENT.value])
