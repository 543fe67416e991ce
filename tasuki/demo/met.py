"""The meetings of the demo company: of the last year whoever stood in “booked” had one, whoever stands there has one to come, and who sells
meets the customers of the deals that are open, day by day around today.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from tasuki.core import business_days
from tasuki.core.calendars import hours_of_the_house
from tasuki.demo.said import AGENDAS, PACKAGES, PLACES

_WORDS = "CREATE TEMP TABLE demo_meeting_word (language text, variant int, first_agenda text, agenda text, attendees text, place text)"

# Each has a time of their own on the day of whoever holds it, so that nobody is in two meetings at once; on the half hours of a day at work.
_HOURS = "(ARRAY['10:00', '14:00', '11:00', '15:30', '09:30', '16:30', '13:30', '11:30', '17:00', '14:30', '10:30', '15:00', '09:00', '16:00'])"
_MET = f"""
INSERT INTO engage_meeting (lead_id, contact_id, account_id, held_by_id, booked_by_id, kind, place, agenda, attendees, starts_at, ends_at, zone, state,
    booked_at, confirmed_at, closed_at, reason, uid, sequence)
SELECT lead_id, contact_id, account_id, held_by_id, booked_by_id, kind,
    CASE kind WHEN 'video' THEN 'https://meet.haneul.example/' || left(md5('room ' || lead_id), 10) WHEN 'visit' THEN word.place ELSE '' END,
    CASE WHEN is_first THEN word.first_agenda ELSE word.agenda END, CASE WHEN lead_id %% 3 = 0 THEN '' ELSE word.attendees END,
    starts_at, starts_at + interval '30 minutes', zone, state, entered_at, CASE WHEN state = 'confirmed' THEN entered_at + interval '1 hour' END,
    CASE WHEN state IN ('held', 'missed') THEN greatest(left_at, starts_at + interval '30 minutes') END,
    '', md5(CASE WHEN is_first THEN 'meeting ' ELSE day || ' deal ' END || lead_id)::uuid, 0
FROM (
    SELECT placed.*, (ARRAY['video', 'phone', 'visit', 'video'])[1 + placed.lead_id %% 4] AS kind,
        CASE WHEN NOT is_over THEN CASE WHEN placed.lead_id %% 3 = 0 THEN 'confirmed' ELSE 'booked' END WHEN is_missed THEN 'missed' ELSE 'held' END AS state
    FROM (
        SELECT asked.*, person.time_zone AS zone, row_number() OVER on_the_day AS nth,
            (day + {_HOURS}[least(row_number() OVER on_the_day, 14)]::interval) AT TIME ZONE person.time_zone AS starts_at
        FROM (
            SELECT booked.lead_id, lead.contact_id, lead.account_id, coalesce(taken.owner_id, offered.to_owner_id, booked.owner_id) AS held_by_id,
                booked.owner_id AS booked_by_id, booked.entered_at, booked.left_at, true AS is_first, booked.left_at IS NOT NULL AS is_over,
                coalesce(booked.left_at::date, CASE WHEN booked.entered_at < %(until)s - interval '6 days' THEN (%(days)s::date[])[3 + lead.id %% 8]
                         ELSE (%(days)s::date[])[6 + lead.id %% 5] END)::timestamp AS day,
                reason.key = 'no_show' OR booked.reason LIKE 'Did not come%%' OR booked.lead_id %% 9 = 0 AND booked.outcome <> 'advanced' AS is_missed
            FROM crm_passage booked JOIN crm_lead lead ON lead.id = booked.lead_id
            LEFT JOIN crm_exitreason reason ON reason.id = booked.because_id
            LEFT JOIN crm_passage taken ON taken.lead_id = booked.lead_id AND taken.stage_id = 'p1'
            LEFT JOIN relay_handoff offered ON offered.lead_id = booked.lead_id AND offered.state = 'offered'
            WHERE booked.stage_id = 'booked' AND booked.owner_id IS NOT NULL AND booked.entered_at > %(since)s
                AND (booked.left_at IS NULL OR booked.outcome IN ('advanced', 'recycled', 'disqualified'))
            UNION ALL
            SELECT sold.lead_id, lead.contact_id, lead.account_id, sold.owner_id, sold.owner_id, greatest(sold.entered_at, %(until)s - interval '9 days'), NULL,
                false, on_day < %(until)s::date, on_day::timestamp, false
            FROM crm_passage sold JOIN crm_lead lead ON lead.id = sold.lead_id
            CROSS JOIN LATERAL (VALUES ((%(days)s::date[])[1 + lead.id %% 5]), ((%(days)s::date[])[6 + lead.id * 3 %% 5])) week (on_day)
            WHERE sold.left_at IS NULL AND sold.stage_id IN ('p1', 'p2', 'p3', 'p4') AND sold.owner_id IS NOT NULL) asked
        JOIN core_user person ON person.id = asked.held_by_id AND person.is_active
        WINDOW on_the_day AS (PARTITION BY person.id, day ORDER BY is_first DESC, asked.lead_id)) placed
    WHERE nth <= 14 AND starts_at > entered_at AND (NOT is_over OR starts_at + interval '30 minutes' <= %(until)s)) meeting
JOIN crm_account account ON account.id = meeting.account_id
JOIN demo_meeting_word word ON word.variant = lead_id %% 3
    AND word.language = CASE account.country WHEN 'KR' THEN 'ko' WHEN 'JP' THEN 'ja' ELSE 'en' END
ORDER BY lead_id, is_first DESC
"""
# Now and then one had to be moved: the row before it keeps the old time.
_COUNTED_ON = "UPDATE engage_meeting SET sequence = 1 WHERE state IN ('booked', 'confirmed') AND lead_id %% 6 = 1"
_MOVED = """
INSERT INTO engage_meeting (lead_id, contact_id, account_id, held_by_id, booked_by_id, kind, place, agenda, attendees, starts_at, ends_at, zone, state,
    booked_at, closed_at, reason, uid, sequence)
SELECT lead_id, contact_id, account_id, held_by_id, booked_by_id, kind, place, agenda, attendees, starts_at - interval '7 days', ends_at - interval '7 days',
    zone, 'moved', booked_at, least(greatest(booked_at, starts_at - interval '8 days'), %(until)s), '', uid, 0
FROM engage_meeting WHERE sequence = 1 ORDER BY id
"""
_AFTER_THAT = (
    "UPDATE engage_meeting now SET previous_id = before.id FROM engage_meeting before WHERE before.uid = now.uid AND now.sequence = 1 AND before.sequence = 0"
)
# A hand-off that waits for its answer is about the meeting that is to come, and one that was answered about the one that was.
_HANDED_BEFORE = """
UPDATE relay_handoff SET meeting_at = meeting.starts_at, due_at = meeting.starts_at + interval '1 day',
    rebook_until_at = CASE WHEN relay_handoff.state = 'no_show' THEN meeting.starts_at + interval '90 days' END
FROM engage_meeting meeting
WHERE meeting.lead_id = relay_handoff.lead_id AND relay_handoff.state IN ('accepted', 'returned', 'no_show') AND meeting.state IN ('held', 'missed')
    AND meeting.starts_at BETWEEN relay_handoff.offered_at AND relay_handoff.answered_at
"""
_HANDED = """
UPDATE relay_handoff SET meeting_at = meeting.starts_at, due_at = meeting.starts_at + interval '1 day',
    escalated_at = CASE WHEN meeting.starts_at + interval '1 day' <= %(until)s THEN meeting.starts_at + interval '1 day' END
FROM engage_meeting meeting
WHERE meeting.lead_id = relay_handoff.lead_id AND relay_handoff.state = 'offered' AND meeting.state IN ('booked', 'confirmed')
    AND meeting.held_by_id = relay_handoff.to_owner_id
"""
_TOLD = """
INSERT INTO crm_timelineentry (at, kind, account_id, contact_id, lead_id, actor_id, text, detail)
SELECT told.at, 'meeting', account_id, contact_id, lead_id, told.actor, '',
    jsonb_build_object('meeting', id, 'state', told.state, 'starts_at', starts_at, 'zone', zone, 'kind', kind)
FROM engage_meeting meeting
CROSS JOIN LATERAL (VALUES (booked_at, 'booked', booked_by_id),
                           (coalesce(closed_at, confirmed_at), CASE WHEN state <> 'booked' THEN state END, held_by_id)) told (at, state, actor)
WHERE meeting.starts_at > %(lately)s AND told.state IS NOT NULL AND told.at <= %(until)s ORDER BY told.at, id
"""


def meet(*, until: datetime) -> None:
    """Write them, as of `until`. The same rows give the same meetings."""
    words = [
        (language, variant, package[1], AGENDAS[language][variant], package[2], PLACES[language][variant])
        for language, package in PACKAGES.items()
        for variant in range(3)
    ]
    said: dict[str, Any] = {"until": until, "since": until - timedelta(days=366), "lately": until - timedelta(days=60), "days": _days_around(until)}
    with connection.cursor() as cursor:
        cursor.execute(_WORDS)
        cursor.executemany("INSERT INTO demo_meeting_word VALUES (%s, %s, %s, %s, %s, %s)", words)
        for statement in (_MET, _COUNTED_ON, _MOVED, _AFTER_THAT, _HANDED, _HANDED_BEFORE, _TOLD):
            cursor.execute(statement, said)
        cursor.execute("DROP TABLE demo_meeting_word")


def _days_around(until: datetime) -> list[date]:
    """Ten business days of the house, today or the last one before it the fifth."""
    hours = hours_of_the_house()
    days = [business_days.on_or_before(until.astimezone(hours.zone).date(), hours=hours)]
    for _nth in range(4):
        days.insert(0, business_days.on_or_before(days[0] - timedelta(days=1), hours=hours))
    for _nth in range(5):
        days.append(business_days.next_business_day(days[-1], hours=hours))
    return days
