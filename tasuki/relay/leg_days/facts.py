"""Of what is counted, in SQL: the rows of each noun in a span of time, whose they are, and which numbers they make.

The same statements count a day to be kept and the hours that are not kept yet. They say what `leg_rows` says of the same rows for a reader
who sees part of them; a test compares the two on random histories.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tasuki.analytics import reverse_plan
from tasuki.crm import stages
from tasuki.crm.ledger import MOVED_ON
from tasuki.engage.dispositions import CONNECTS, CONVERSATIONS, DIALS, PROGRESS, REACHES, Disposition
from tasuki.engage.meeting_rows import REBOOK_UNTIL
from tasuki.relay import leg_rows
from tasuki.relay.handoff_rows import ANSWERS
from tasuki.relay.leg_days.rows import Noun, Told
from tasuki.relay.leg_rows import GAVE_UP, MOST_TRIES, NOT_REACHED
from tasuki.relay.response_times import BINS, REACHED

STAGES = leg_rows.STAGES
# Where a pass comes from that begins in the stage, and where one goes that has not arrived.
NOWHERE = ""
EDGES = (NOWHERE, *stages.ORDER)
# Between these seconds a median is looked for among the values themselves.
BOUNDS = (
    5, 10, 15, 20, 25, 30, 40, 50, 60, 90, 120, 150, 180, 240, 300, 420, 540, 660, 780, 900, 1_080, 1_260, 1_500, 1_800, 2_400, 3_000, 3_600, 5_400,
    7_200, 9_000, 10_800, 14_400, 18_000, 21_600, 28_800, 43_200, 86_400, 172_800, 345_600, 691_200, 1_382_400,
)  # fmt: skip
_HOUR, _DAY = 3_600, 86_400
# The same for stays in a stage, which take days.
STAY_BOUNDS = (
    *(hours * _HOUR for hours in (1, 3, 6, 12, 18)),
    *(days * _DAY for days in (*range(1, 17), *range(18, 33, 2), *range(36, 65, 4), 72, 80, 96, 112, 128, 160, 192, 256, 384)),
)


def _among(column: str, values: Iterable[str]) -> str:
    """Of our own words only."""
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


def _is_counted(call: str) -> str:
    """As `call_metrics.COUNTED` says."""
    return f"({call}.direction = 'out' OR {_among(f'{call}.disposition', CONVERSATIONS)})"


_CALLS = f"""
SELECT call.caller_id AS person, caller.team_id AS team, {{of_lead}}, call.lead_id AS lead, call.disposition AS result, call.direction = 'out' AS is_out,
       call.n_seconds_over > 0 AS is_over, call.ended_at, call.answered_at, call.started_at, (call.started_at AT TIME ZONE %(zone)s)::date AS day
FROM engage_call call LEFT JOIN core_user caller ON caller.id = call.caller_id {{lead}}
WHERE {_is_counted("call")} AND call.started_at >= span.since_at AND call.started_at < span.until_at"""
_MEETINGS = f"""
SELECT meeting.booked_by_id AS person, booker.team_id AS team, {{of_lead}}, meeting.held_by_id AS holder, meeting.state,
       meeting.state = 'missed' AND NOT EXISTS (SELECT FROM engage_meeting again WHERE again.previous_id = meeting.id
           AND again.booked_at <= coalesce(meeting.rebook_until_at, meeting.starts_at + make_interval(secs => {REBOOK_UNTIL.total_seconds():.0f}))) AS is_missed
FROM engage_meeting meeting LEFT JOIN core_user booker ON booker.id = meeting.booked_by_id {{lead}}
WHERE meeting.state IN ('held', 'missed') AND meeting.starts_at >= span.since_at AND meeting.starts_at < span.until_at"""
_HANDOFFS = f"""
SELECT handoff.credited_to_id AS person, handoff.from_team_id AS team, {{of_lead}}, handoff.state FROM relay_handoff handoff {{lead}}
WHERE {_among("handoff.state", ANSWERS)} AND NOT handoff.is_own AND handoff.struck_at IS NULL
      AND handoff.answered_at >= span.since_at AND handoff.answered_at < span.until_at"""
_PROMISES = f"""
SELECT clock.owner_id AS person, clock.team_id AS team, {{of_lead}}, clock.breached_at IS NULL AS is_kept, clock.is_answered,
       CASE clock.counts WHEN 'wall' THEN clock.wall_seconds ELSE clock.business_seconds END AS seconds, clock.wall_seconds,
       width_bucket(clock.business_seconds - 1, ARRAY[{", ".join(map(str, BINS))}]) AS bin,
       clock.is_answered AND EXISTS (SELECT FROM crm_passage later
           WHERE later.lead_id = clock.lead_id AND {_among("later.stage_id", REACHED)} AND later.entered_at >= clock.since_at) AS was_reached
FROM relay_clock clock {{lead}}
WHERE clock.owed = 'answer' AND clock.settled_at >= span.since_at AND clock.settled_at < span.until_at"""
_GIVEN_UP = f"""
SELECT stay.owner_id AS person, stay.team_id AS team, {{of_lead}}, dials.n, least(dials.n, {MOST_TRIES}) AS tries
FROM crm_passage stay CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE direction = 'out' AND {_among("disposition", DIALS)}) AS n, bool_or({_among("disposition", REACHES)}) AS was_reached
    FROM engage_call WHERE lead_id = stay.lead_id) dials {{lead}}
WHERE {_among("stay.stage_id", NOT_REACHED)} AND {_among("stay.outcome", GAVE_UP)} AND dials.was_reached IS NOT TRUE
      AND stay.left_at >= span.since_at AND stay.left_at < span.until_at"""
_LISTS = """
SELECT list.owner_id AS person, owner.team_id AS team, NULL::text AS source, NULL::bigint AS seen, NULL::bigint AS owner,
       entry.worked_at, entry.skipped_at, entry.n_before, entry.n_in_order
FROM inside_sales_calllist list JOIN core_user owner ON owner.id = list.owner_id
JOIN inside_sales_calllistentry entry ON entry.call_list_id = list.id AND entry.inserted_at IS NULL
WHERE list.for_on >= (span.since_at AT TIME ZONE %(zone)s)::date AND list.for_on < (span.until_at AT TIME ZONE %(zone)s)::date"""
# Many, and few kinds of them: they are told apart by all that is asked before they are told apart by less. Most passes that come begin there, so that
# nothing is looked up before the first passage.
_EDGES = f"""
SELECT person, team, source, NULL::bigint AS seen, NULL::bigint AS owner, stage, way, edge, count(*) AS n FROM (
SELECT {{of_lead}}, stay.stage_id AS stage, 'came' AS way, coalesce(beside.stage_id, '') AS edge
FROM crm_passage stay {{lead}} LEFT JOIN LATERAL (
    SELECT stage_id FROM crm_passage before WHERE stay.seq > 1 AND before.lead_id = stay.lead_id AND before.seq = stay.seq - 1 OFFSET 0) beside ON true
WHERE {_among("stay.stage_id", STAGES)} AND stay.entered_at >= span.since_at AND stay.entered_at < span.until_at
UNION ALL
SELECT {{of_lead}}, stay.stage_id, 'went', coalesce(beside.stage_id, '')
FROM crm_passage stay {{lead}} LEFT JOIN crm_passage beside ON beside.lead_id = stay.lead_id AND beside.seq = stay.seq + 1
WHERE {_among("stay.stage_id", STAGES)} AND {_among("stay.outcome", MOVED_ON)} AND stay.left_at >= span.since_at AND stay.left_at < span.until_at
) AS moved GROUP BY person, team, source, stage, way, edge"""
# Those that moved on, as the relay tells how long that takes; of all stages.
_STAYS = f"""
SELECT {{of_lead}}, NULL::bigint AS seen, NULL::bigint AS owner, stay.stage_id AS stage,
       round(extract(epoch FROM stay.left_at - stay.entered_at))::int AS seconds
FROM crm_passage stay {{lead}}
WHERE {_among("stay.stage_id", stages.ORDER)} AND {_among("stay.outcome", MOVED_ON)} AND stay.left_at >= span.since_at AND stay.left_at < span.until_at"""
# Leads that came to a step of the plan, each the first time, and whoever carried them last in inside sales, whose no lead is that merely came; `plan_ways`
# says which steps there are, and counts the same for all leads at once. Whose moments a span may hold is found by index, and the rest of each looked up.
_IN_SPAN = "{0} >= span.since_at AND {0} < span.until_at"
_STEPS = f"""
SELECT CASE WHEN one.step <> 'leads' THEN carried.owner_id END AS person, CASE WHEN one.step <> 'leads' THEN carried.team_id END AS team, lead.source,
       NULL::bigint AS seen, NULL::bigint AS owner, one.step,
       lead.won_at IS NULL AND lead.ended_at IS NULL AND one.went IS NULL AS is_in_hand
FROM (SELECT id FROM crm_lead WHERE {_IN_SPAN.format("opened_at")}
      UNION SELECT id FROM crm_lead WHERE {_IN_SPAN.format("won_at")}
      UNION SELECT lead_id FROM crm_passage WHERE {_among("stage_id", (stages.BOOKED, *stages.IN_SALES))} AND {_IN_SPAN.format("entered_at")}
      UNION SELECT lead_id FROM engage_meeting WHERE state = 'held' AND {_IN_SPAN.format("starts_at")}) AS touched(id)
CROSS JOIN LATERAL (SELECT opened_at, won_at, ended_at, source FROM crm_lead
    WHERE crm_lead.id = touched.id AND origin <> 'expansion' AND ended_as <> 'merged' OFFSET 0) lead
CROSS JOIN LATERAL (SELECT min(entered_at) AS booked_at, min(entered_at) FILTER (WHERE stage_id <> 'booked') AS taken_at,
        min(entered_at) FILTER (WHERE {_among("stage_id", stages.IN_PIPELINE)}) AS pipeline_at
    FROM crm_passage WHERE lead_id = touched.id AND {_among("stage_id", (stages.BOOKED, *stages.IN_SALES))}) sold
CROSS JOIN LATERAL (SELECT min(starts_at) AS held_at FROM engage_meeting
    WHERE lead_id = touched.id AND state = 'held' AND starts_at >= lead.opened_at) met
CROSS JOIN LATERAL (SELECT least(sold.booked_at, met.held_at, lead.won_at) AS booked, least(met.held_at, sold.taken_at, lead.won_at) AS held,
        least(sold.pipeline_at, lead.won_at) AS opportunities OFFSET 0) way
CROSS JOIN LATERAL (VALUES ('leads', lead.opened_at, way.booked), ('booked', way.booked, way.held), ('held', way.held, way.opportunities),
    ('opportunities', way.opportunities, lead.won_at), ('wins', lead.won_at, lead.won_at)) AS one(step, came, went)
LEFT JOIN LATERAL (SELECT owner_id, team_id FROM crm_passage
    WHERE lead_id = touched.id AND {_among("stage_id", STAGES)} ORDER BY seq DESC LIMIT 1) carried ON true
WHERE {_IN_SPAN.format("one.came")}"""

ROWS = {
    Noun.CALL: _CALLS, Noun.MEETING: _MEETINGS, Noun.HANDOFF: _HANDOFFS, Noun.PROMISE: _PROMISES, Noun.GIVEN_UP: _GIVEN_UP, Noun.LIST: _LISTS,
    Noun.EDGE: _EDGES, Noun.STAY: _STAYS, Noun.STEP: _STEPS,
}  # fmt: skip
# How the lead is joined where it is asked for.
_LEAD_OF = {
    Noun.CALL: "call", Noun.MEETING: "meeting", Noun.HANDOFF: "handoff", Noun.PROMISE: "clock", Noun.GIVEN_UP: "stay",
}  # fmt: skip
# Of these, whose the lead is says also of which person and team they are.
PASSES = (Noun.EDGE, Noun.STAY)


# Whoever sees a pass sees its calls and meetings; and everybody their own, whoever has the lead now.
MINE = {Noun.CALL: "{0}.person = %(me)s", Noun.MEETING: "({0}.person = %(me)s OR {0}.holder = %(me)s)"}
_DONE_BY_ME = {Noun.CALL: "call.caller_id = %(me)s", Noun.MEETING: "(meeting.booked_by_id = %(me)s OR meeting.held_by_id = %(me)s)"}


def rows(noun: Noun, *, with_lead: bool) -> str:
    """The rows of a noun within `span`; with the `source` of their lead, who is its `owner` now and the team by which it is `seen`, where that is
    asked for. OFFSET has them looked up for each span: the planner would rather read all there are at once.
    """
    of = "stay" if noun in PASSES else _LEAD_OF.get(noun)
    if of is None:
        return f"{ROWS[noun]} OFFSET 0"
    joined = f"JOIN crm_lead lead ON lead.id = {of}.lead_id" if with_lead else ""
    if noun in PASSES:
        whose = (
            "lead.owner_id AS person, lead.team_id AS team, lead.source" if with_lead else "NULL::bigint AS person, NULL::bigint AS team, NULL::text AS source"
        )
        return f"{ROWS[noun].format(of_lead=whose, lead=joined)} OFFSET 0"
    known = ("lead.source", "lead.team_id", "lead.owner_id") if with_lead else ("NULL::text", "NULL::bigint", "NULL::bigint")
    columns = ", ".join(f"{value} AS {name}" for value, name in zip(known, ("source", "seen", "owner"), strict=True))
    return f"{ROWS[noun].format(of_lead=columns, lead=joined)} OFFSET 0"


def done_by_me(noun: Noun) -> str:
    """Those of them that are of somebody (`me`) for leads that others own, in none of the `teams`."""
    beside = "lead.team_id <> ALL(%(teams)s) AND lead.owner_id IS DISTINCT FROM %(me)s"
    return f"{rows(noun, with_lead=True).removesuffix(' OFFSET 0')} AND {_DONE_BY_ME[noun]} AND {beside} OFFSET 0"


def _n(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


_HOUSE = (Told.ALL, Told.SOURCE, Told.TEAM, Told.PERSON)
_BOTH = (*_HOUSE, Told.TEAM_SOURCE, Told.PERSON_SOURCE)
_SEEN = (Told.SEEN, Told.SEEN_SOURCE, Told.SEEN_TEAM, Told.SEEN_PERSON)
_OWNED = (Told.OWNER, Told.OWNER_SOURCE, Told.OWNER_TEAM, Told.OWNER_PERSON)


@dataclass(frozen=True)
class Part:
    """Numbers of the rows of a noun, each by its name; told apart by `key` where that is not empty. `sets` are those that are kept."""

    noun: Noun
    name: str
    numbers: dict[str, str]
    key: str = "''"
    where: str = "true"
    sets: tuple[Told, ...] = (*_BOTH, *_SEEN, *_OWNED)


@dataclass(frozen=True)
class Times:
    """How often each value of so many whole seconds came, so that medians are exact."""

    noun: Noun
    name: str
    value: str
    where: str
    key: str = "''"
    sets: tuple[Told, ...] = (*_BOTH, *_SEEN, *_OWNED)
    bounds: tuple[int, ...] = BOUNDS


@dataclass(frozen=True)
class People:
    """Leads with one of the results in a call that counts, each once in a period however often it was called."""

    name: str
    results: list[str]
    noun: Noun = Noun.CALL
    sets: tuple[Told, ...] = (*_BOTH, *_SEEN, *_OWNED)


@dataclass(frozen=True)
class Days:
    """On which days each person did it: those for leads of several teams or owners are one day, so they do not add up."""

    noun: Noun
    name: str
    where: str
    sets: tuple[Told, ...] = (Told.SEEN_PERSON, Told.OWNER_PERSON)


AnyPart = Part | Times | People | Days

_DIAL, _TALK = f"is_out AND {_among('result', DIALS)}", _among("result", CONVERSATIONS)
CALLS = Part(
    Noun.CALL, "calls",
    {
        "n_dials": _n(_DIAL),
        "n_connects": _n(f"is_out AND {_among('result', CONNECTS)}"),
        "n_conversations": _n(_TALK),
        "n_dialled_talks": _n(f"is_out AND {_TALK}"),
        "n_meetings": _n(f"result = '{Disposition.MEETING.value}'"),
        "n_overrun": _n(f"is_over AND {_TALK}"),
        "n_overrun_in_vain": _n(f"is_over AND {_TALK} AND NOT {_among('result', PROGRESS)}"),
        "n_without_result": _n("result = '' AND ended_at IS NOT NULL"),
        "n_person_days": f"count(DISTINCT (coalesce(person, 0), day)) FILTER (WHERE {_DIAL})",
    },
)  # fmt: skip
DIALLED = Days(Noun.CALL, "dialled", _DIAL)
ATTEMPTED, SPOKEN_TO = People("attempted", DIALS), People("reached", REACHES)
# Of each result there are many: they are told apart by what they are mostly asked for by.
_FEW = (*_HOUSE, Told.SEEN, Told.SEEN_TEAM, Told.OWNER)
RESULTS = Part(Noun.CALL, "results", {"n": "count(*)", "n_over": _n("is_over")}, key="result", where="result <> ''", sets=_FEW)
LASTED = Times(
    Noun.CALL, "lasted", "round(extract(epoch FROM ended_at - coalesce(answered_at, started_at)))::int", where="result <> ''", key="result", sets=_FEW
)  # fmt: skip
MEETINGS = Part(Noun.MEETING, "meetings", {"n_held": _n("state = 'held'"), "n_missed": _n("is_missed")})
# Who sees a hand-off does not follow from who sees the lead.
HANDOFFS = Part(Noun.HANDOFF, "handoffs", {one.value: _n(f"state = '{one.value}'") for one in ANSWERS}, sets=_BOTH)
PROMISES = Part(
    Noun.PROMISE, "promises",
    {
        "n": "count(*)", "n_within": _n("is_kept"), "n_answered": _n("is_answered"),
        **{f"n_in_{nth}": _n(f"is_answered AND bin = {nth}") for nth in range(len(BINS) + 1)},
        **{f"n_reached_{nth}": _n(f"was_reached AND bin = {nth}") for nth in range(len(BINS) + 1)},
    },
)  # fmt: skip
ANSWERS_TOOK = Times(Noun.PROMISE, "took", "seconds", where="is_answered")
# As whoever asked us has waited: nights and weekends are hours too.
WAITED = Times(Noun.PROMISE, "waited", "wall_seconds", where="is_answered")
GIVEN_UP = Part(Noun.GIVEN_UP, "given_up", {**{f"n_{tries}": _n(f"tries = {tries}") for tries in range(MOST_TRIES + 1)}, "n_dials": "sum(n)"})
# Lists are of leads of all sources, and seen by the team of whoever they are for.
LISTS = Part(
    Noun.LIST, "lists", {"n_planned": "count(*)", "n_worked": "count(worked_at)", "n_pairs": "sum(n_before)", "n_in_order": "sum(n_in_order)",
     "n_skipped": "count(skipped_at)"},
    sets=(Told.ALL, Told.TEAM, Told.PERSON),
)  # fmt: skip
MOVES = Part(
    Noun.EDGE, "edges",
    {f"{way}_{nth}": f"sum(n) FILTER (WHERE way = '{way}' AND edge = '{edge}')" for way in ("came", "went") for nth, edge in enumerate(EDGES)},
    key="stage", sets=_HOUSE,
)  # fmt: skip
STAYED = Times(Noun.STAY, "stayed", "seconds", where="true", key="stage", sets=(Told.ALL, Told.TEAM, Told.PERSON), bounds=STAY_BOUNDS)
# Of the whole house: how many came to each step of the plan, and how many of those stand there still.
STEPS = Part(
    Noun.STEP, "steps",
    {
        **{step: _n(f"step = '{step}'") for step in reverse_plan.STEPS},
        **{f"{step}_in_hand": _n(f"step = '{step}' AND is_in_hand") for step in reverse_plan.STEPS[:-1]},
    },
    sets=(Told.ALL, Told.SOURCE, Told.PERSON),
)  # fmt: skip
PARTS: tuple[AnyPart, ...] = (
    CALLS, DIALLED, ATTEMPTED, SPOKEN_TO, RESULTS, LASTED, MEETINGS, HANDOFFS, PROMISES, ANSWERS_TOOK, WAITED, GIVEN_UP, LISTS, MOVES, STAYED, STEPS,
)  # fmt: skip


def of_noun(noun: Noun) -> list[AnyPart]:
    return [part for part in PARTS if part.noun is noun]


def called(people: People, lead: str, *, since: str, until: str, scope: str) -> str:
    """The calls that count and have one of the results with a lead in that time, by the same person or team where `scope` says so, as FROM … WHERE …."""
    return f"""FROM engage_call other LEFT JOIN core_user colleague ON colleague.id = other.caller_id
        WHERE other.lead_id = {lead} AND {_is_counted("other")} AND {_among("other.disposition", people.results)}
              AND other.started_at >= {since} AND other.started_at < {until} AND {scope}"""


def with_results(people: People) -> str:
    return _among("result", people.results)
