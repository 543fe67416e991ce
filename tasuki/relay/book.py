"""Questions that the daybook answers, so that a page costs the same whether a quarter holds a thousand passages or a million.

Days come as the daybook's sums. Of a day in which an edge of the question falls, such as today, the passages on the far side of that edge are
taken off again one by one, or put on the other side: of today these are those of the future, so hardly any, however many leads came in today.
Only a day in which several edges fall comes passage by passage. So every count is exact for any moment, and in one statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from tasuki.crm import stages
from tasuki.crm.daybook import Kind
from tasuki.relay import questions

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from tasuki.relay.questions import Question

_KEYS = {Kind.ALL: "''", Kind.SOURCE: "{0}.source", Kind.SEGMENT: "{0}.segment", Kind.OWNER: "coalesce({0}.owner_id::text, '')", Kind.TEAM: "{0}.team_id::text"}
# How a condition on leads says which keys it means.
_HOWS: dict[str, Callable[[Any], tuple[str, ...]]] = {
    "": lambda value: (str(value),),
    "isnull": lambda _value: ("",),
    "in": lambda values: tuple(map(str, values)),
}
_TOTALS = """
    SELECT {kind} AS kind, {key} AS key, counted_on AS day, NULL::timestamptz AS at, stage_id, outcome, n_entered, n_left, amount_entered, amount_left
    FROM {table} WHERE kind = ANY({kinds}) AND {of_key} AND {whole}"""
_NOTES = """
    SELECT said.kind, said.key, counted_on AS day, NULL, stage_id, outcome, n_entered, n_left, amount_entered, amount_left
    FROM crm_daybooknote note CROSS JOIN LATERAL (VALUES {of_note}) AS said(kind, key) WHERE {whole} AND {whose}"""
# Each passage as the `lines` that it makes: one that counts when it happened, one that takes it off a day's sums, or both.
_LIVE = """
    SELECT said.kind, said.key, told.day, told.at, stay.stage_id, stay.outcome, {entered} AS n_entered, {left} AS n_left,
           {entered_amount} AS amount_entered, {left_amount} AS amount_left
    FROM crm_passage stay {join} CROSS JOIN LATERAL (VALUES {of_lead}) AS said(kind, key) CROSS JOIN LATERAL (VALUES {lines}) AS told(sign, day, at)
    WHERE stay.stage_id = ANY(%(every_stage)s) AND stay.{moment} >= {since} AND stay.{moment} < {until} AND {whose}"""
# Leads looked up one by one, and their passages by them. Since a lead came to where it stands, or ended, nothing else happened to it.
_OF_LEADS = """
    SELECT said.kind, said.key, NULL::date AS day, moves.at, stay.stage_id, stay.outcome, moves.n_entered, moves.n_left, moves.amount_entered, moves.amount_left
    FROM (SELECT lead.* FROM crm_lead lead WHERE lead.stage_since >= {since} AND {whose} OFFSET 0) lead
    CROSS JOIN LATERAL (SELECT * FROM crm_passage passage WHERE passage.lead_id = lead.id OFFSET 0) stay
    CROSS JOIN LATERAL (VALUES (stay.entered_at, 1, 0, {worth}, NULL::numeric), (stay.left_at, 0, 1, NULL, {worth}))
        AS moves(at, n_entered, n_left, amount_entered, amount_left)
    CROSS JOIN LATERAL (VALUES {of_lead}) AS said(kind, key)
    WHERE moves.at >= {since} AND moves.at < {until}"""
# What a passage counts for: the moment it happened, or off the sums of its day.
_THEN, _OFF = "(1, NULL::date, {at})", "(-1, {day}, NULL::timestamptz)"
_SOUGHT = """unnest(%(stages)s::text[], %(moments)s::timestamptz[], %(days)s::date[], %(opens)s::timestamptz[])
    AS sought(stage_id, moment, day, opens)"""
_STANDING = "outcome = '' AND stage_id = ANY(%(stages)s)"
# Of each stage those that came in the day of its moment: OFFSET has them looked up, where the planner would read all that stand anywhere.
_STANDS = f"""
    SELECT sought.stage_id, 1 FROM {_SOUGHT} CROSS JOIN LATERAL (
        SELECT lead_id FROM crm_passage passage WHERE passage.stage_id = sought.stage_id AND passage.left_at IS NULL
            AND passage.entered_at >= sought.opens AND passage.entered_at < sought.moment OFFSET 0) stay {{lead}}
    WHERE {{whose}}"""
_STANDS_AMONG = f"""
    SELECT sought.stage_id, 1 FROM {_SOUGHT} JOIN crm_passage stay ON stay.stage_id = sought.stage_id
    WHERE stay.left_at IS NULL AND stay.entered_at < sought.moment AND AMONG(stay.lead_id)"""
_LEAD = "JOIN crm_lead lead ON lead.id = stay.lead_id"
_STOOD = f"""
    SELECT sought.stage_id, 1 FROM {_SOUGHT} JOIN crm_passage stay ON stay.stage_id = sought.stage_id
    WHERE stay.left_at >= %(finish)s AND stay.entered_at < sought.moment AND AMONG(stay.lead_id)"""
_OWN_STANDS = f"""
    SELECT sought.stage_id, 1 FROM {_SOUGHT} JOIN crm_lead lead ON lead.stage_id = sought.stage_id
    JOIN crm_passage stay ON stay.lead_id = lead.id AND stay.left_at IS NULL
    WHERE lead.owner_id = %(own)s AND stay.entered_at < sought.moment AND {{whose}}"""
_WORTH = "CASE WHEN stay.outcome = 'won' THEN stay.amount END"


@dataclass(frozen=True)
class Narrowed:
    """The leads of some keys of one kind: all, or those of a source, segment or owner; where `teams` are named, of those of these teams alone.

    `own` is a viewer whose own leads count too, where they are of none of the teams `seen`, and of those `asked` for.
    """

    kind: Kind
    keys: tuple[str, ...]
    teams: tuple[int, ...] | None = None
    own: int | None = None
    seen: tuple[int, ...] = ()
    asked: tuple[int, ...] | None = None

    def of_key(self, table: str) -> str:
        return "true" if self.kind is Kind.ALL else f"{_KEYS[self.kind].format(table)} = ANY(%(keys)s)"

    def of_teams(self, table: str) -> str:
        """The condition on a row that says source, segment, owner and team."""
        return self.of_key(table) if self.teams is None else f"{self.of_key(table)} AND {table}.team_id = ANY(%(teams)s)"

    def of_own(self, table: str) -> str:
        asked = "" if self.asked is None else f" AND {table}.team_id = ANY(%(asked)s)"
        return f"{self.of_key(table)} AND {table}.team_id <> ALL(%(seen)s::bigint[]){asked}"

    def simplest(self) -> Narrowed:
        """The same leads; of whoever sees none but their own, as those of one owner, whom sums tell apart."""
        is_alone = self.own is not None and not self.seen and self.kind is Kind.ALL
        return Narrowed(Kind.OWNER, (str(self.own),), self.asked) if is_alone else self

    @property
    def names_of_own(self) -> dict[str, Any]:
        return {"own": self.own, "seen": list(self.seen), "asked": list(self.asked or ())}


def narrowed(question: Question) -> Narrowed | None:
    """Whose leads are asked for, in the daybook's words; None when it does not tell those apart."""
    kind, asked = Kind.ALL, None
    keys: tuple[str, ...] = ("",)
    for name, value in question.only.items():
        of, _, how = name.partition("__")
        if of not in Kind.values or how not in _HOWS:
            return None
        if of == Kind.TEAM and asked is None:
            asked = tuple(sorted(int(key) for key in _HOWS[how](value) if key))
        elif of != Kind.TEAM and kind is Kind.ALL:
            kind, keys = Kind(of), _HOWS[how](value)
        else:
            return None
    seen = question.teams_seen
    if seen is None:
        return Narrowed(kind, keys, asked)
    teams = tuple(sorted(seen if asked is None else seen.intersection(asked)))
    own = question.viewer.pk if question.viewer and question.sees_own_beside else None
    return Narrowed(kind, keys, teams, own, tuple(sorted(seen)), asked)


def ask(question: Question, statement: str, *, edges: dict[str, Any], by: tuple[Kind, ...] = (), **parameters: Any) -> list[tuple[Any, ...]]:
    """Answer a SELECT about lines: what entered and left, summed by day or, where the daybook cannot tell, one by one.

    It writes LINES for the rows (kind, key, day or at, stage_id, outcome, n_entered, n_left, amount_entered, amount_left) from
    the first to the last of the `edges` (moments, or "infinity" with its sign), and BEFORE(edge) for “this happened before
    that edge”. With `by`, each line comes once for every kind named there.
    """
    zone, whose = question.zone, narrowed(question)
    first, *_between, last = edges
    if whose and not by:
        whose = whose.simplest()
    if whose and (not by or whose.kind is Kind.ALL):
        lines, known = _from_the_book(whose, edges=edges, kinds=by or (whose.kind,), zone=zone)
    else:
        # Told apart by what leads are, each lead is looked up but once.
        span = {"since": f"%({first})s", "until": f"%({last})s"}
        lines, known = _of_leads(by, whose="AMONG(lead.id)", **span) if by else _live((Kind.ALL,), whose="AMONG(stay.lead_id)", **span), {}
    known |= {"every_stage": list(stages.ORDER), **edges, **{f"{name}_day": _day(at, zone) for name, at in edges.items()}, **parameters}
    # No line lies outside the first and the last edge. Saying so again would only mislead the planner's guesses.
    said = statement.replace(f"BEFORE({first})", "false").replace(f"BEFORE({last})", "true")
    said = re.sub(r"BEFORE\((\w+)\)", r"(CASE WHEN at IS NULL THEN day < %(\1_day)s::date ELSE at < %(\1)s::timestamptz END)", said)
    return questions.ask(question, said.replace("LINES", f"({lines}) lines"), **known)


def standing(question: Question, before: dict[str, datetime]) -> dict[str, int]:
    """Those that stood in a stage at the end of the period and entered it before its moment. Of those that stand there still the sums of whole days
    tell, and of the day of the moment the passages. Stages in which nobody stood are not there.
    """
    zone, whose = question.zone, narrowed(question)
    days = [_day(moment, zone) for moment in before.values()]
    known: dict[str, Any] = {"stages": list(before), "moments": list(before.values()), "days": days, "opens": [_midnight(day, zone) for day in days]}
    if whose:
        whose = whose.simplest()
        kinds = (whose.kind,)
        totals, names = _totals(whose, kinds, whole=_STANDING)
        notes = _NOTES.format(whole=_STANDING, of_note=_values(kinds, "note"), whose=whose.of_teams("note"))
        whole = " UNION ALL ".join([*totals, notes])
        lines = [f"SELECT line.stage_id, n_entered FROM ({whole}) line JOIN {_SOUGHT} ON sought.stage_id = line.stage_id WHERE line.day < sought.day"]
        of_teams = whose.of_teams("lead")
        lines.append(_STANDS.format(whose=of_teams, lead=_LEAD if "lead." in of_teams else ""))
        if whose.own is not None:
            lines.append(_OWN_STANDS.format(whose=whose.of_own("lead")))
        known |= {"kinds": [whose.kind.value], "keys": list(whose.keys), **names, **whose.names_of_own}
    else:
        lines = [_STANDS_AMONG]
    lines.append(_STOOD)
    return dict(questions.ask(question, f"SELECT stage_id, sum(n)::int FROM ({' UNION ALL '.join(lines)}) AS standing(stage_id, n) GROUP BY stage_id", **known))


def _from_the_book(whose: Narrowed, *, edges: dict[str, Any], kinds: tuple[Kind, ...], zone: ZoneInfo) -> tuple[str, dict[str, Any]]:
    """The sums of days, put right where an edge falls within one."""
    first, *_between, last = edges
    begun = _begun(edges, zone)
    several = [day for day, names in begun.items() if len({edges[name] for name in names}) > 1 or {first, last} <= set(names)]
    known: dict[str, Any] = {"kinds": [kind.value for kind in kinds], "several": several, "keys": list(whose.keys)}
    # The day in which the last edge falls is among them: what happened after it is taken off.
    before = "<=" if _day(edges[last], zone) in begun else "<"
    whole = f"counted_on >= %({first}_day)s::date AND counted_on {before} %({last}_day)s::date AND counted_on <> ALL(%(several)s::date[])"
    totals, names = _totals(whose, kinds, whole=whole)
    known |= names
    lines = [*totals, _NOTES.format(whole=whole, of_note=_values(kinds, "note"), whose=whose.of_teams("note"))]
    for i, day in enumerate(begun if whose.teams != () else []):
        since, until, told = (first, last, _THEN) if day in several else _far_side(begun[day], first=first, last=last)
        opens, closes = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        known |= {f"opens_{i}": max(opens, _moment(edges.get(since), opens)), f"closes_{i}": min(closes, _moment(edges.get(until), closes)), f"day_{i}": day}
        span = {"since": f"%(opens_{i})s", "until": f"%(closes_{i})s", "day": f"%(day_{i})s::date"}
        lines.append(_live(kinds, whose=whose.of_teams("lead"), lines=told, **span))
    if whose.own is not None:
        # Those of a viewer that are of no team whose leads they all see.
        lines.append(_of_leads(kinds, since=f"%({first})s", until=f"%({last})s", whose=f"lead.owner_id = %(own)s AND {whose.of_own('lead')}"))
        known |= whose.names_of_own
    return " UNION ALL ".join(lines), known


def _begun(edges: dict[str, Any], zone: ZoneInfo) -> dict[date, list[str]]:
    """The days within which edges fall, and which; none of them lies outside the first and the last edge."""
    first, *_between, last = (_day(at, zone) for at in edges.values())
    found: dict[date, list[str]] = {}
    for name, at in edges.items():
        day = _day(at, zone)
        if isinstance(at, datetime) and at != _midnight(day, zone) and (first == "-infinity" or first <= day) and (last == "infinity" or day <= last):
            found.setdefault(day, []).append(name)
    return found


def _far_side(names: list[str], *, first: str, last: str) -> tuple[str, str, str]:
    """From which edge to which ("" is the end of the day) passages are not where the sums of their day are, which count as after the edges within it;
    and which lines put that right.
    """
    if last in names:
        return last, "", _OFF
    return "", names[0], _OFF if first in names else f"{_THEN}, {_OFF}"


def _totals(whose: Narrowed, kinds: tuple[Kind, ...], *, whole: str) -> tuple[list[str], dict[str, Any]]:
    """The sums of whole days."""
    of_key = "true" if whose.kind is Kind.ALL else "key = ANY(%(keys)s)"
    if whose.teams is None:
        return [_TOTALS.format(kind="kind", key="key", table="crm_daybooktotal", kinds="%(kinds)s", of_key=of_key, whole=whole)], {}
    said = {"table": "crm_daybookofteam", "of_key": f"team_id = ANY(%(teams)s) AND {of_key}", "whole": whole}
    lines = [_TOTALS.format(kind="kind", key="key", kinds="%(kinds)s", **said)]
    if Kind.TEAM in kinds:
        lines.append(_TOTALS.format(kind="'team'", key="team_id::text", kinds="ARRAY['']", **said))
    return lines, {"teams": list(whose.teams)}


def _of_leads(kinds: tuple[Kind, ...], *, since: str, until: str, whose: str) -> str:
    return _OF_LEADS.format(of_lead=_values(kinds, "lead"), worth=_WORTH, since=since, until=until, whose=whose)


def _live(kinds: tuple[Kind, ...], *, since: str, until: str, whose: str, lines: str = _THEN, day: str = "") -> str:
    said = {
        "join": "" if kinds == (Kind.ALL,) and "lead." not in whose else _LEAD,
        "of_lead": _values(kinds, "lead"),
        "since": since,
        "until": until,
        "whose": whose,
    }
    worth = f"told.sign * {_WORTH}"
    came = {"moment": "entered_at", "entered": "told.sign", "left": 0, "entered_amount": worth, "left_amount": "NULL::numeric"}
    went = {"moment": "left_at", "entered": 0, "left": "told.sign", "entered_amount": "NULL::numeric", "left_amount": worth}
    return " UNION ALL ".join(_LIVE.format(lines=lines.format(at=f"stay.{one['moment']}", day=day), **one, **said) for one in (came, went))


def _values(kinds: tuple[Kind, ...], table: str) -> str:
    return ", ".join(f"('{kind.value}', {_KEYS[kind].format(table)})" for kind in kinds)


def _moment(edge: Any, otherwise: datetime) -> datetime:
    return edge if isinstance(edge, datetime) else otherwise


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _day(at: Any, zone: ZoneInfo) -> Any:
    """The day in which a moment lies; "infinity" stays what it is."""
    return at.astimezone(zone).date() if isinstance(at, datetime) else at
