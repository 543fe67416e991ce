"""The eight buckets of a list, strictly in this order, and the sources from which their rows come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.utils.translation import gettext_lazy as _

from tasuki.core.custom_fields import definitions, filtering
from tasuki.core.custom_fields.definitions import FieldNoun
from tasuki.core.filters import binding, compiling, sentences
from tasuki.core.filters.fields import Asker
from tasuki.core.organisation import the_organisation
from tasuki.crm import stages
from tasuki.crm.filter_fields import LEAD
from tasuki.crm.leads import Lead


class Bucket(models.IntegerChoices):
    """Why a lead is on a list; the number is the order."""

    CALL_BACK = 1, _("call-backs promised")
    RAISED = 2, _("hand-raises and replies")
    LATE = 3, _("about to be late")
    CONFIRM = 4, _("meetings to confirm")
    STEP = 5, _("next steps due")
    WOKEN = 6, _("recycled, awake again")
    READY = 7, _("ready, by expected value")
    BACKLOG = 8, _("backlog")


# A reply that nobody has answered for so long is answered by nobody any more.
REPLIES_DAYS = 14
# Nor is called as newly awake who woke so long ago.
WOKEN_DAYS = 7
# What was promised to somebody is on the list whether or not it fits into the day.
PROMISED = 4


@dataclass(frozen=True)
class Asked:
    """For whom and which day rows are looked for. `rules` are the conditions of the house."""

    day: date
    at: datetime
    rules: Any


# A statement that gives (owner_id, lead_id, key, why) of everybody, and its values by name; it may name %(day)s and %(owners)s, and join
# `asked` (owner_id, begins_at, ends_at, zone): the moments between which that day lies where each of them is, and their time zone.
# `key` orders the rows within the bucket, the largest first; `why` is a JSON list of reasons, [[code, value …], …].
Rows = tuple[str, dict[str, Any]]
Source = Callable[[Asked], Rows | None]

_sources: list[tuple[Bucket, Source]] = []


def add_source(bucket: Bucket, source: Source) -> None:
    """Let a layer above fill a bucket too: one function, named once where all are loaded. Naming it twice is once."""
    if (bucket, source) not in _sources:
        _sources.append((bucket, source))


def sources() -> Sequence[tuple[Bucket, Source]]:
    return (*_OWN, *_sources)


# So many days after the midnight of UTC with which it begins, a day is over everywhere. It bounds what an index has to give.
_FURTHEST = 2
_IN_HAND = ", ".join(f"'{stage}'" for stage in stages.BEFORE_SALES)


def _days_before(n: int) -> str:
    """The first moment of the day so many days before, where the owner of the list is: midnights are theirs, however long their days were."""
    return f"((%(day)s::date - {n})::timestamp AT TIME ZONE asked.zone)"


def call_backs(_asked: Asked) -> Rows:
    """Calls that somebody promised, due on the day or before, the oldest first. What was promised for a time there is due when it is that time here."""
    return (
        f"""SELECT promise.owner_id, promise.lead_id, -extract(epoch FROM min(promise.due_at))::float8 AS key,
                   jsonb_build_array(jsonb_build_array('call_back', min(promise.due_on), min(promise.subject))) AS why
            FROM (SELECT task.owner_id, task.lead_id, task.due_on, task.subject, asked.ends_at,
                         coalesce(planned.due_at, asked.begins_at + (task.due_on - %(day)s::date) * interval '1 day') AS due_at
                  FROM crm_task task JOIN crm_lead lead ON lead.id = task.lead_id JOIN asked ON asked.owner_id = task.owner_id
                  -- Who put the task off to another day has put off the time.
                  LEFT JOIN engage_nextcall planned
                      ON planned.task_id = task.id AND planned.is_promised AND (planned.due_at AT TIME ZONE planned.zone)::date = task.due_on
                  WHERE task.done_at IS NULL AND task.kind = 'call' AND task.due_on <= %(day)s::date + {_FURTHEST} AND task.owner_id = ANY(%(owners)s)
                    AND lead.stage_id IN ({_IN_HAND})) promise
            WHERE promise.due_at < promise.ends_at
            GROUP BY promise.owner_id, promise.lead_id""",
        {},
    )


def raised(asked: Asked) -> Rows | None:
    """Who has just raised a hand and nobody has called yet, the newest first."""
    return _meant_rows(asked.rules.when_raised, "raised", asked, key="extract(epoch FROM lead.stage_since)", why="'raised', lead.stage_since, lead.source")


def replied(_asked: Asked) -> Rows:
    """Who has written to us lately and whom nobody has called or answered since, the newest first."""
    return (
        f"""SELECT lead.owner_id, lead.id AS lead_id, extract(epoch FROM max(message.at))::float8 AS key,
                   jsonb_build_array(jsonb_build_array('replied', max(message.at))) AS why
            FROM engage_message message JOIN crm_lead lead ON lead.id = message.lead_id JOIN asked ON asked.owner_id = lead.owner_id
            WHERE message.kind = 'reply' AND message.at >= {_days_before(REPLIES_DAYS)} AND message.at > %(day)s::date - {REPLIES_DAYS + _FURTHEST}
              AND lead.owner_id = ANY(%(owners)s) AND lead.stage_id IN ({_IN_HAND})
              AND NOT EXISTS (SELECT FROM engage_call call WHERE call.lead_id = lead.id AND call.started_at > message.at)
              AND NOT EXISTS (SELECT FROM engage_message ours WHERE ours.lead_id = lead.id AND ours.direction = 'out' AND ours.at > message.at
                  AND ours.state IN ('waiting', 'sending', 'sent'))
            GROUP BY lead.owner_id, lead.id""",
        {},
    )


def meetings_to_confirm(_asked: Asked) -> Rows:
    """Meetings of the day that nobody has confirmed, for whoever booked them, the earliest first. Where it is another day here than on the other side,
    on the earlier of the two: on the later one it would be over."""
    return (
        f"""SELECT coalesce(meeting.booked_by_id, lead.owner_id) AS owner_id, lead.id AS lead_id, -extract(epoch FROM min(meeting.starts_at))::float8 AS key,
                   jsonb_build_array(jsonb_build_array('confirm', to_char(min(meeting.starts_at AT TIME ZONE meeting.zone), 'HH24:MI'))) AS why
            FROM engage_meeting meeting JOIN crm_lead lead ON lead.id = meeting.lead_id
                JOIN asked ON asked.owner_id = coalesce(meeting.booked_by_id, lead.owner_id)
            WHERE meeting.state = 'booked' AND meeting.starts_at > %(day)s::date - 1 AND meeting.starts_at < %(day)s::date + {_FURTHEST}
              AND meeting.starts_at >= asked.begins_at AND lead.stage_id IN ({_IN_HAND})
              AND ((meeting.starts_at AT TIME ZONE meeting.zone)::date = %(day)s
                   OR (meeting.starts_at AT TIME ZONE meeting.zone)::date > %(day)s AND meeting.starts_at < asked.ends_at)
            GROUP BY 1, 2""",
        {},
    )


def next_calls(_asked: Asked) -> Rows:
    """Who was not reached and is tried again on the day, the oldest first."""
    return (
        f"""SELECT lead.owner_id, lead.id AS lead_id, -extract(epoch FROM planned.due_at)::float8 AS key,
                   jsonb_build_array(jsonb_build_array('try_again', planned.due_at)) AS why
            FROM engage_nextcall planned JOIN crm_lead lead ON lead.id = planned.lead_id JOIN asked ON asked.owner_id = lead.owner_id
            WHERE NOT planned.is_promised AND planned.due_at < %(day)s::date + {_FURTHEST} AND planned.due_at < asked.ends_at
              AND lead.owner_id = ANY(%(owners)s) AND lead.stage_id IN ({_IN_HAND})""",
        {},
    )


def sequence_calls(_asked: Asked) -> Rows:
    """Calls of sequences: those that wait, and those that come due in the course of the day, the oldest first."""
    return (
        f"""SELECT due.owner_id, due.lead_id, due.key, due.why FROM (
                SELECT coalesce(lead.owner_id, deed.owner_id) AS owner_id, lead.id AS lead_id, -extract(epoch FROM deed.begun_at)::float8 AS key,
                       jsonb_build_array(jsonb_build_array('step', sequence.name, step.position)) AS why, lead.stage_id
                FROM engage_deed deed JOIN engage_step step ON step.id = deed.step_id JOIN engage_enrolment member ON member.id = deed.enrolment_id
                JOIN engage_sequence sequence ON sequence.id = member.sequence_id JOIN crm_lead lead ON lead.id = member.lead_id
                WHERE deed.state = 'waiting' AND step.kind = 'call' AND deed.due_on <= %(day)s
                UNION ALL
                SELECT coalesce(lead.owner_id, member.owner_id), lead.id, -extract(epoch FROM member.due_at)::float8,
                       jsonb_build_array(jsonb_build_array('step', sequence.name, step.position)), lead.stage_id
                FROM engage_enrolment member JOIN engage_step step ON step.id = member.next_step_id AND step.kind = 'call'
                JOIN engage_sequence sequence ON sequence.id = member.sequence_id JOIN crm_lead lead ON lead.id = member.lead_id
                JOIN asked ON asked.owner_id = coalesce(lead.owner_id, member.owner_id)
                WHERE member.due_at < %(day)s::date + {_FURTHEST} AND member.due_at < asked.ends_at AND member.state = 'active') due
            WHERE due.owner_id = ANY(%(owners)s) AND due.stage_id IN ({_IN_HAND})""",
        {},
    )


def woken(_asked: Asked) -> Rows:
    """Passes whose day has come: awake by now and not called since, or held until the day, for whoever had them."""
    return (
        f"""SELECT lead.owner_id, lead.id AS lead_id, coalesce(score.rank, -1e6) AS key,
                   jsonb_build_array(jsonb_build_array(
                       'woken', coalesce(stay.wake_on, (lead.opened_at AT TIME ZONE asked.zone)::date), coalesce(stay.reason, ''))) AS why
            FROM crm_lead lead LEFT JOIN crm_leadscore score ON score.lead_id = lead.id
            LEFT JOIN LATERAL (SELECT wake_on, reason FROM crm_passage WHERE lead_id = lead.previous_id AND outcome = 'recycled' LIMIT 1) stay ON true
            JOIN asked ON asked.owner_id = lead.owner_id
            WHERE lead.origin = 'recycled' AND lead.opened_at >= {_days_before(WOKEN_DAYS)} AND lead.opened_at >= %(day)s::date - {WOKEN_DAYS + _FURTHEST}
              AND lead.owner_id = ANY(%(owners)s) AND lead.stage_id IN ({_IN_HAND})
              AND NOT EXISTS (SELECT FROM crm_timelineentry entry WHERE entry.lead_id = lead.id AND entry.kind = 'call')
            UNION ALL
            SELECT holding.former_owner_id, lead.id, coalesce(score.rank, -1e6), jsonb_build_array(jsonb_build_array('woken', holding.wake_on, holding.reason))
            FROM inside_sales_holding holding JOIN crm_lead lead ON lead.id = holding.lead_id LEFT JOIN crm_leadscore score ON score.lead_id = lead.id
            WHERE holding.state = 'waiting' AND holding.ended_as = 'recycled' AND holding.wake_on BETWEEN %(day)s::date - 4 AND %(day)s
              AND holding.former_owner_id = ANY(%(owners)s)""",
        {},
    )


def ready(asked: Asked) -> Rows | None:
    """Who is ready, by expected value."""
    return _meant_rows(asked.rules.when_ready, "ready", asked, why="'ready', lead.stage_since")


def backlog(asked: Asked) -> Rows | None:
    """What lies long and has no next step, by expected value."""
    return _meant_rows(asked.rules.when_backlog, "backlog", asked, why="'backlog', lead.stage_since", more=_NO_NEXT_STEP)


_NO_NEXT_STEP = "AND NOT EXISTS (SELECT FROM crm_task task WHERE task.lead_id = lead.id AND task.done_at IS NULL AND task.due_on > %(day)s)"

_OWN: tuple[tuple[Bucket, Source], ...] = (
    (Bucket.CALL_BACK, call_backs),
    (Bucket.RAISED, raised),
    (Bucket.RAISED, replied),
    (Bucket.CONFIRM, meetings_to_confirm),
    (Bucket.STEP, next_calls),
    (Bucket.STEP, sequence_calls),
    (Bucket.WOKEN, woken),
    (Bucket.READY, ready),
    (Bucket.BACKLOG, backlog),
)


def meant(condition: str, *, day: date) -> Any:
    """The leads of a saved condition, as a query. It is asked for everybody at once, so `me` is nobody. Raises FilterWrong."""
    custom = [filtering.asked(field) for field in definitions.in_use(FieldNoun.LEAD)]
    organisation = the_organisation()
    nobody = Asker(0, frozenset(), day, ZoneInfo(organisation.time_zone), lambda: organisation.fiscal_year_starts_in)
    return compiling.narrowed(Lead.objects.in_process(), binding.bind(sentences.read(condition), LEAD.with_more(custom), asker=nobody))


def _meant_rows(condition: str, name: str, asked: Asked, *, why: str, key: str = "coalesce(score.rank, -1e6)", more: str = "") -> Rows | None:
    """The rows of a saved condition; None where it cannot mean any."""
    try:
        text, values = meant(condition, day=asked.day).order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return None
    named = text.replace("%%", "%%%%") % tuple(f"%({name}_{nth})s" for nth in range(len(values)))
    statement = f"""SELECT lead.owner_id, lead.id AS lead_id, ({key})::float8 AS key, jsonb_build_array(jsonb_build_array({why})) AS why
        FROM crm_lead lead LEFT JOIN crm_leadscore score ON score.lead_id = lead.id
        WHERE lead.owner_id = ANY(%(owners)s) AND lead.id IN ({named}) {more}"""
    return statement, {f"{name}_{nth}": value for nth, value in enumerate(values)}
