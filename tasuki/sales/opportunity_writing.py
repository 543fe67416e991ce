"""The rows that imported opportunities leave in every table, collected and then written at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from tasuki.core.imports.changing import audit_row, write_trail
from tasuki.core.imports.copying import copy_in, execute, look_up
from tasuki.core.imports.nouns import Chunk, Line
from tasuki.crm import stages
from tasuki.crm.import_fields import column_of, mark
from tasuki.crm.leads import Lead, Origin
from tasuki.crm.ledger import Outcome, Passage
from tasuki.crm.ownership import Ownership
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.sales.opportunities import LostBecause, Opportunity

if TYPE_CHECKING:
    from tasuki.sales.opportunity_imports import Pass

_PASSAGE = (
    "lead_id", "seq", "stage_id", "entered_at", "left_at", "outcome", "reason", "wake_when", "owner_id", "team_id", "moved_by_id", "amount",
    "entry_import_id", "exit_import_id",
)  # fmt: skip
_LEAD = (
    "id", "contact_id", "account_id", "product_id", "product_line", "seq_no", "origin", "source", "source_detail", "segment", "reference", "owner_id",
    "team_id",
    "opened_at", "stage_id", "stage_since", "won_at", "ended_at", "ended_as", "updated_at",
)  # fmt: skip
_OPPORTUNITY = (
    "id", "lead_id", "name", "product_id", "amount", "currency", "close_on", "owner_id", "team_id", "reference", "opened_at", "closed_at", "won_at",
    "lost_because", "lost_to", "custom", "updated_at",
)  # fmt: skip


@dataclass(frozen=True)
class Course:
    """What a row says happened: into a phase at a moment, and perhaps out of it."""

    phase: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: Outcome | None


@dataclass
class Writing:
    chunk: Chunk
    leads: list[tuple[Any, ...]] = field(default_factory=list)
    moved: list[tuple[Any, ...]] = field(default_factory=list)
    left: list[tuple[Any, ...]] = field(default_factory=list)
    passages: list[tuple[Any, ...]] = field(default_factory=list)
    opportunities: list[tuple[Any, ...]] = field(default_factory=list)
    ownerships: list[tuple[Any, ...]] = field(default_factory=list)
    timeline: list[tuple[Any, ...]] = field(default_factory=list)
    trail: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def actor(self) -> int | None:
        return self.chunk.by.actor.pk if self.chunk.by.actor else None

    def add(self, line: Line, one: Pass, course: Course) -> None:
        """Add one opportunity with its lead's moves."""
        owner = line.values["owner_id"] or one.owner_id
        team = one.team_id
        self._passages(line, one, course, owner=owner)
        self._lead(line, one, course, owner=owner)
        values = line.values
        won_at = course.closed_at if course.outcome is Outcome.WON else None
        lost = _lost_because(line, course)
        self.opportunities.append((
            line.target_id, one.lead_id, values.get("name", ""), values["product_id"], values.get("amount"),
            values.get("currency", "") if "amount" in values else "",
            values.get("close_on"), owner, team, values.get("reference", ""), course.opened_at, course.closed_at, won_at, lost, "",
            column_of(values), self.chunk.at,
        ))  # fmt: skip
        if one.is_new or owner != one.owner_id:
            self.ownerships.append((one.lead_id, owner, team, course.opened_at, self.actor, mark(self.chunk.run)))
        detail = {"to": course.phase, "outcome": course.outcome, "won": course.outcome is Outcome.WON, "import": self.chunk.run.pk}
        self.timeline.append((course.closed_at or course.opened_at, Kind.MOVE, one.account_id, one.contact_id, one.lead_id, self.actor, "", Jsonb(detail)))
        self.trail.append(audit_row(self.chunk, noun="opportunity", pk=line.target_id or 0, action="accept"))
        moved = {"stage": [one.stage, _stage_after(course)]}
        self.trail.append(audit_row(self.chunk, noun="lead", pk=one.lead_id, action="capture" if one.is_new else "advance", changes=moved))

    def _passages(self, line: Line, one: Pass, course: Course, *, owner: int | None) -> None:
        run, amount = self.chunk.run.pk, line.values["base_amount"]
        seq = one.seq
        if one.passage_id is not None:
            self.left.append((one.passage_id, course.opened_at))
        left_at, outcome = (course.closed_at, course.outcome) if course.outcome else (None, "")
        reason = _lost_because(line, course)
        seq += 1
        self.passages.append(
            (
                one.lead_id,
                seq,
                course.phase,
                course.opened_at,
                left_at,
                outcome,
                reason,
                "",
                owner,
                one.team_id,
                self.actor,
                amount,
                run,
                run if left_at else None,
            )
        )
        if course.outcome is Outcome.WON:
            self.passages.append((one.lead_id, seq + 1, stages.ONBOARDING, left_at, None, "", "", "", owner, one.team_id, self.actor, None, run, None))

    def _lead(self, line: Line, one: Pass, course: Course, *, owner: int | None) -> None:
        values = line.values
        won_at = course.closed_at if course.outcome is Outcome.WON else None
        ended_at = course.closed_at if course.outcome is Outcome.LOST else None
        stage = _stage_after(course)
        since = course.closed_at or course.opened_at
        ended_as = Outcome.LOST.value if ended_at else ""
        segment = values.get("segment") or one.segment
        if one.is_new:
            self.leads.append((
                one.lead_id, None, one.account_id, values["product_id"], "", 1, Origin.INBOUND, values.get("source", ""), "", segment, "", owner, one.team_id,
                one.opened_at, stage, since, won_at, ended_at, ended_as, self.chunk.at,
            ))  # fmt: skip
        else:
            self.moved.append((one.lead_id, stage, since, won_at, ended_at, ended_as, owner, segment))

    def write(self) -> None:
        """Everything, in the order that the foreign keys want."""
        copy_in(Lead, _LEAD, self.leads)
        self._leave()
        copy_in(Passage, _PASSAGE, self.passages)
        self._move()
        copy_in(Opportunity, _OPPORTUNITY, self.opportunities)
        self._hand_over()
        copy_in(TimelineEntry, ("at", "kind", "account_id", "contact_id", "lead_id", "actor_id", "text", "detail"), self.timeline)
        write_trail(self.trail)

    def _leave(self) -> None:
        """Whoever carries the lead until here is who carried it through, as the verb has it: before `_move` gives it to the seller."""
        ids, moments = [row[0] for row in self.left], [row[1] for row in self.left]
        execute(
            """UPDATE crm_passage passage SET left_at = said.at, outcome = %s, exit_import_id = %s, owner_id = lead.owner_id, team_id = lead.team_id
               FROM unnest(%s::bigint[], %s::timestamptz[]) AS said(id, at), crm_lead lead WHERE passage.id = said.id AND lead.id = passage.lead_id""",
            [Outcome.ADVANCED, self.chunk.run.pk, ids, moments],
        )

    def _move(self) -> None:
        columns = [list(column) for column in zip(*self.moved, strict=True)] or [[] for _ in range(8)]
        execute(
            """UPDATE crm_lead lead SET stage_id = said.stage, stage_since = said.since, won_at = said.won, ended_at = said.ended,
                   ended_as = said.ended_as, owner_id = said.owner, segment = said.segment, updated_at = %s
               FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::bigint[], %s::text[])
                   AS said(id, stage, since, won, ended, ended_as, owner, segment) WHERE lead.id = said.id""",
            [self.chunk.at, *columns],
        )

    def _hand_over(self) -> None:
        """End each present ownership where the next begins; one that was given later than the file says is followed at once."""
        rows = {row[0]: row for row in self.ownerships}
        moments = look_up(
            """UPDATE crm_ownership ownership SET until_at = greatest(said.at, ownership.from_at)
               FROM unnest(%s::bigint[], %s::timestamptz[]) AS said(id, at) WHERE ownership.lead_id = said.id AND ownership.until_at IS NULL
               RETURNING ownership.lead_id, ownership.until_at""",
            rows,
            [row[3] for row in rows.values()],
        )
        columns = ("lead_id", "owner_id", "team_id", "from_at", "given_by_id", "reason")
        copy_in(Ownership, columns, ((*row[:3], moments.get(lead, row[3]), *row[4:]) for lead, row in rows.items()))


def _stage_after(course: Course) -> str | None:
    if course.outcome is Outcome.WON:
        return stages.ONBOARDING
    return course.phase if course.outcome is None else None


def _lost_because(line: Line, course: Course) -> str:
    """Which death it was; a file that does not say tells us that nobody decided."""
    return (line.values.get("lost_because") or LostBecause.NO_DECISION.value) if course.outcome is Outcome.LOST else ""
