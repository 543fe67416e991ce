"""Claims: who has a lead already before any rule is asked, because of what the company is to us.

The same questions are asked of one lead that arrives and of five hundred that arrived before: each lead is asked about at its own moment,
and the ledger, the owners and the timeline say how things were then. A company that buys is sales' and customer success's; this module
knows them only by the ledger and by who carried what, as departments do not know each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from tasuki.core.teams import Department
from tasuki.crm import stages
from tasuki.crm.timeline import Kind

# Who has done nothing with a company for longer has no claim on it (R23).
ACTIVE = timedelta(days=30)
_HUMAN = [Kind.CALL.value, Kind.MAIL.value, Kind.MEETING.value, Kind.NOTE.value, Kind.MOVE.value, Kind.TASK.value]
_OURS = [stages.WORKING, stages.CONNECTED, stages.BOOKED]
_MOST = 5


class Step(models.TextChoices):
    """The steps of routing, in their order; the first that finds somebody decides."""

    BLOCKED = "blocked", _("given to nobody")
    OPEN_DEAL = "open_deal", _("the company has an open deal")
    CUSTOMER = "customer", _("the company is a customer")
    NAMED_ACCOUNT = "named_account", _("the account is worked by name")
    SAME_COMPANY = "same_company", _("the company is being worked")
    RULE = "rule", _("by a rule")
    CATCH_ALL = "catch_all", _("no rule found anybody")


@dataclass(frozen=True)
class Claim:
    """A person who has the lead, by which step, and because of which other lead (None: of the account itself)."""

    step: Step
    user_id: int
    lead_id: int | None


# asked: (lead, moment); who carried a lead or an account then is its ownership of that moment.
_ASKED = """
WITH asked AS (
    SELECT lead.id AS lead_id, lead.account_id, lead.contact_id, lead.origin, said.at
    FROM unnest(%(ids)s::bigint[], %(ats)s::timestamptz[]) AS said(id, at) JOIN crm_lead lead ON lead.id = said.id)
"""
_THEN = "{0}.from_at <= asked.at AND ({0}.until_at IS NULL OR {0}.until_at > asked.at)"
_STAYED = "stay.entered_at <= asked.at AND (stay.left_at IS NULL OR stay.left_at > asked.at)"

_BY_STAGE = f"""
SELECT asked.lead_id, other.owner_id, other.id FROM asked CROSS JOIN LATERAL (
    SELECT own.owner_id, lead.id FROM crm_lead lead
    JOIN crm_passage stay ON stay.lead_id = lead.id AND stay.stage_id = ANY(%(stages)s) AND {_STAYED}
    JOIN crm_ownership own ON own.lead_id = lead.id AND {_THEN.format("own")}
    JOIN crm_stage stage ON stage.key = stay.stage_id
    WHERE lead.account_id = asked.account_id AND lead.id <> asked.lead_id AND own.owner_id IS NOT NULL
    ORDER BY stage.position DESC, stay.entered_at, lead.id LIMIT {_MOST}) other
"""
_OF_CUSTOMER = f"""
SELECT asked.lead_id, own.owner_id, NULL::bigint FROM asked
JOIN crm_ownership own ON own.account_id = asked.account_id AND {_THEN.format("own")} AND own.owner_id IS NOT NULL
WHERE EXISTS (SELECT FROM crm_lead lead JOIN crm_passage stay ON stay.lead_id = lead.id AND stay.stage_id = ANY(%(stages)s) AND {_STAYED}
              WHERE lead.account_id = asked.account_id)
"""
_ACTED = f"""EXISTS (SELECT FROM crm_timelineentry entry WHERE entry.{{column}} = {{record}} AND entry.actor_id = own.owner_id
    AND entry.kind = ANY(%(human)s) AND entry.at <= asked.at AND entry.at >= asked.at - interval '{ACTIVE.days} days')"""
_BY_NAME = f"""
SELECT asked.lead_id, own.owner_id, NULL::bigint FROM asked
JOIN crm_ownership own ON own.account_id = asked.account_id AND {_THEN.format("own")}
JOIN core_user person ON person.id = own.owner_id JOIN core_team team ON team.id = person.team_id AND team.department = %(department)s
WHERE {_ACTED.format(column="account_id", record="asked.account_id")}
"""
# The earliest owner keeps the company (R23).
_AT_WORK = f"""
SELECT asked.lead_id, other.owner_id, other.id FROM asked CROSS JOIN LATERAL (
    SELECT own.owner_id, lead.id FROM crm_lead lead
    JOIN crm_passage stay ON stay.lead_id = lead.id AND stay.stage_id = ANY(%(stages)s) AND {_STAYED}
    JOIN crm_ownership own ON own.lead_id = lead.id AND {_THEN.format("own")}
    WHERE lead.account_id = asked.account_id AND lead.id <> asked.lead_id AND own.owner_id IS NOT NULL
      AND ({_ACTED.format(column="lead_id", record="lead.id")} OR EXISTS (
          SELECT FROM crm_task task WHERE task.lead_id = lead.id AND task.created_at <= asked.at AND (task.done_at IS NULL OR task.done_at > asked.at)
            AND task.due_on >= asked.at::date))
    ORDER BY lead.opened_at, lead.id LIMIT {_MOST}) other
"""
# Neither to be called nor to be written to; or told once that this is no customer, and now found by us and not by themselves.
_BLOCKED = """
SELECT asked.lead_id FROM asked WHERE asked.contact_id IS NOT NULL AND (
    (SELECT count(*) FROM unnest(ARRAY['phone', 'mail']) AS channel(name) WHERE (
        SELECT word.state FROM crm_consent word WHERE word.contact_id = asked.contact_id AND word.channel = channel.name AND word.at <= asked.at
        ORDER BY word.at DESC, word.id DESC LIMIT 1) IN ('refused', 'withdrawn')) = 2
    OR asked.origin NOT IN ('inbound', 'inbound_again', 'hand_raise') AND (
        SELECT lead.ended_as FROM crm_lead lead WHERE lead.contact_id = asked.contact_id AND lead.id <> asked.lead_id AND lead.ended_at <= asked.at
        ORDER BY lead.ended_at DESC LIMIT 1) = 'disqualified')
"""

_QUESTIONS: tuple[tuple[Step, str, dict[str, Any]], ...] = (
    (Step.OPEN_DEAL, _BY_STAGE, {"stages": list(stages.IN_PIPELINE)}),
    (Step.CUSTOMER, _BY_STAGE, {"stages": list(stages.IN_SUCCESS)}),
    (Step.CUSTOMER, _OF_CUSTOMER, {"stages": list(stages.IN_SUCCESS)}),
    (Step.NAMED_ACCOUNT, _BY_NAME, {"department": Department.INSIDE_SALES.value, "human": _HUMAN}),
    (Step.SAME_COMPANY, _AT_WORK, {"stages": _OURS, "human": _HUMAN}),
)


def blocked(asked: Mapping[int, datetime]) -> set[int]:
    """Of the leads, each at its moment, those that nobody is to have whatever the rules say."""
    return {row[0] for row in _rows(_BLOCKED, asked, {})}


def of_leads(asked: Mapping[int, datetime]) -> dict[int, list[Claim]]:
    """The claims on each lead in the order in which they count: five questions, however many leads."""
    found: dict[int, list[Claim]] = defaultdict(list)
    for step, question, params in _QUESTIONS:
        for lead_id, user_id, other in _rows(question, asked, params):
            if all(claim.user_id != user_id for claim in found[lead_id]):
                found[lead_id].append(Claim(step, user_id, other))
    return found


def carrier_before_sales(lead_id: int) -> int | None:
    """Who of inside sales brought a deal so far: they are told when more comes from its company."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT owner_id FROM crm_passage WHERE lead_id = %s AND stage_id = ANY(%s) AND owner_id IS NOT NULL ORDER BY seq DESC LIMIT 1", [lead_id, _OURS]
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _rows(question: str, asked: Mapping[int, datetime], params: dict[str, Any]) -> list[tuple[int, int, int | None]]:
    with connection.cursor() as cursor:
        cursor.execute(_ASKED + question, {"ids": list(asked), "ats": list(asked.values()), **params})
        return list(cursor.fetchall())
