"""The seven facts and the hand-offs of the demo company, from the passages that are there: a few statements, however many leads.

Who stood in “booked” was handed off: what moved on was accepted, what came back returned or missed, what still stands there is offered.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from tasuki.demo.said import BACK, FACTS, MORE, PACKAGES

# Older conversations are over; their facts stand in the packages.
_FACTS_OF = timedelta(days=240)

_WORDS = """
CREATE TEMP TABLE demo_word (nth int, fact text, language text, variant int, words text);
CREATE TEMP TABLE demo_package (language text, summary text, agenda text, attendees text, back text, more text);
"""
_SPOKEN = "CASE account.country WHEN 'KR' THEN 'ko' WHEN 'JP' THEN 'ja' ELSE 'en' END"
# Chance that is the same each time: by the lead and the fact.
_DICE = "((lead.id * 7919 + word.nth * 104729) %% 97)"

_LEARNED = f"""
INSERT INTO inside_sales_learnedfact (lead_id, fact, state, words, learned_by_id, learned_at)
SELECT lead.id, word.fact, CASE WHEN {_DICE} %% 8 = 0 THEN 'asked' ELSE 'known' END, CASE WHEN {_DICE} %% 8 = 0 THEN '' ELSE word.words END,
       talked.owner_id, least(talked.entered_at + interval '2 hours', %(until)s)
FROM crm_passage talked JOIN crm_lead lead ON lead.id = talked.lead_id JOIN crm_account account ON account.id = lead.account_id
JOIN demo_word word ON word.language = {_SPOKEN} AND word.variant = (lead.id + word.nth) %% 3
WHERE talked.stage_id = 'connected' AND talked.owner_id IS NOT NULL AND talked.entered_at > %(facts_since)s
  AND ({_DICE} < 58
       OR EXISTS (SELECT FROM crm_passage further WHERE further.lead_id = lead.id AND further.stage_id = 'booked'))
ORDER BY lead.id, word.nth
"""

# Who sells, numbered, so that any lead finds one; nobody receives what they brought.
_SELLERS = """
CREATE TEMP TABLE demo_seller AS
SELECT person.id, person.team_id, row_number() OVER (ORDER BY person.id) - 1 AS nth, count(*) OVER () AS n
FROM core_user person JOIN core_rolegrant role ON role.user_id = person.id AND role.role = 'field_seller' WHERE person.is_active
"""

_BOOKED = f"""
CREATE TEMP TABLE demo_booked AS
SELECT booked.lead_id, booked.owner_id AS credited, booked.team_id AS from_team, booked.entered_at, booked.left_at, {_SPOKEN} AS language,
       CASE WHEN booked.left_at IS NULL THEN 'offered' WHEN booked.outcome = 'advanced' THEN 'accepted'
            WHEN booked.reason LIKE 'Did not come%%' THEN 'no_show' WHEN booked.outcome IN ('recycled', 'disqualified') THEN 'returned' END AS state,
       CASE WHEN booked.outcome = 'disqualified' THEN 'wrong_company' WHEN booked.reason LIKE 'Meeting put off%%' THEN 'no_window'
            ELSE 'no_problem' END AS reason,
       CASE WHEN booked.outcome = 'disqualified' THEN 'disqualify' ELSE 'recycle' END AS destination,
       coalesce(taken.owner_id, seller.id) AS receiver, coalesce(taken.team_id, seller.team_id) AS to_team,
       taken.left_at IS NULL AND taken.id IS NOT NULL AS is_in_p1,
       CASE WHEN booked.left_at IS NOT NULL THEN greatest(booked.entered_at, booked.left_at - interval '5 hours')
            ELSE greatest(booked.entered_at + interval '1 day',
                          date_trunc('hour', %(until)s::timestamptz) + (lead.id %% 13 - 3) * interval '1 day') END AS meeting_at,
       (SELECT jsonb_agg(jsonb_build_object('fact', word.fact, 'state', CASE WHEN {_DICE} %% 8 = 0 THEN 'asked' ELSE 'known' END,
                                            'words', CASE WHEN {_DICE} %% 8 = 0 THEN '' ELSE word.words END) ORDER BY word.nth)
        FROM demo_word word WHERE word.language = {_SPOKEN} AND word.variant = (lead.id + word.nth) %% 3) AS facts
FROM crm_passage booked JOIN crm_lead lead ON lead.id = booked.lead_id JOIN crm_account account ON account.id = lead.account_id
LEFT JOIN crm_passage taken ON taken.lead_id = booked.lead_id AND taken.stage_id = 'p1'
JOIN demo_seller seller ON seller.nth = lead.id %% seller.n
JOIN core_team inside ON inside.id = booked.team_id AND inside.department = 'inside_sales'
WHERE booked.stage_id = 'booked' AND booked.owner_id IS NOT NULL AND (booked.outcome <> 'merged' OR booked.outcome IS NULL)
  AND booked.owner_id <> coalesce(taken.owner_id, seller.id)
"""

_COLUMNS = """lead_id, previous_id, offered_by_id, credited_to_id, from_team_id, to_owner_id, to_team_id, offered_at, meeting_at, summary, agenda, attendees,
    why, recording, facts, n_settled, due_at, state, answered_by_id, answered_at, reason, is_own, feedback_read_at, escalated_at, next_step_due_at,
    next_step_told_at, rebook_until_at"""

# One in twelve was asked for more before it was accepted.
_FIRST_TRIES = f"""
INSERT INTO relay_handoff ({_COLUMNS})
SELECT booked.lead_id, NULL, credited, credited, from_team, receiver, to_team, entered_at, entered_at + interval '1 day', package.summary, package.agenda,
       package.attendees, '', '', facts, 7, entered_at + interval '2 days', 'needs_more', receiver, entered_at + interval '30 hours', '', false,
       entered_at + interval '31 hours', NULL, NULL, NULL, NULL
FROM demo_booked booked JOIN demo_package package ON package.language = booked.language
WHERE state = 'accepted' AND booked.lead_id %% 12 = 0 AND left_at - entered_at > interval '4 days'
ORDER BY entered_at, booked.lead_id
"""

_OFFERS = f"""
INSERT INTO relay_handoff ({_COLUMNS})
SELECT booked.lead_id, before.id, credited, credited, from_team, receiver, to_team, greatest(entered_at, before.answered_at), booked.meeting_at,
       package.summary, package.agenda, package.attendees, '', '', booked.facts, 7, booked.meeting_at + interval '1 day',
       booked.state, CASE WHEN booked.state <> 'offered' THEN receiver END, left_at, CASE WHEN booked.state = 'returned' THEN booked.reason ELSE '' END, false,
       CASE WHEN booked.state = 'returned' AND left_at < %(until)s - interval '6 days' THEN left_at + interval '20 hours' END,
       CASE WHEN booked.state = 'offered' AND booked.meeting_at + interval '1 day' <= %(until)s THEN booked.meeting_at + interval '1 day' END,
       CASE WHEN booked.state = 'accepted' AND is_in_p1 THEN left_at + interval '60 days' END,
       CASE WHEN booked.state = 'accepted' AND is_in_p1 AND left_at + interval '60 days' <= %(until)s THEN %(until)s::timestamptz END,
       CASE WHEN booked.state = 'no_show' THEN booked.meeting_at + interval '90 days' END
FROM demo_booked booked JOIN demo_package package ON package.language = booked.language
LEFT JOIN relay_handoff before ON before.lead_id = booked.lead_id
WHERE booked.state IS NOT NULL
ORDER BY greatest(entered_at, before.answered_at), booked.lead_id
"""

_ANSWERS = """
INSERT INTO relay_handoffanswer (handoff_id, credited_to_id, answer, answered_by_id, answered_at, is_own, words, reason, destination, would_change, plan_on)
SELECT handoff.id, credited_to_id, handoff.state, answered_by_id, answered_at, false,
       CASE handoff.state WHEN 'returned' THEN package.back WHEN 'needs_more' THEN package.more ELSE '' END, handoff.reason,
       CASE WHEN handoff.state = 'returned' THEN booked.destination ELSE '' END, '',
       CASE WHEN handoff.state = 'needs_more' THEN (answered_at + interval '3 days')::date END
FROM relay_handoff handoff JOIN demo_booked booked ON booked.lead_id = handoff.lead_id JOIN demo_package package ON package.language = booked.language
WHERE handoff.state <> 'offered' ORDER BY handoff.id
"""

_TIMELINE = """
INSERT INTO crm_timelineentry (at, kind, account_id, contact_id, lead_id, actor_id, text, detail)
SELECT told.at, 'handoff', lead.account_id, lead.contact_id, lead.id, told.actor, told.words, jsonb_build_object('handoff', told.handoff, 'action', told.action)
FROM (SELECT lead_id, id AS handoff, offered_at AS at, credited_to_id AS actor, '' AS words, 'offer' AS action FROM relay_handoff
      UNION ALL
      SELECT handoff.lead_id, handoff.id, answer.answered_at, answer.answered_by_id, answer.words,
             CASE answer.answer WHEN 'accepted' THEN 'accept' WHEN 'returned' THEN 'give_back' WHEN 'no_show' THEN 'miss' ELSE 'need_more' END
      FROM relay_handoff handoff JOIN relay_handoffanswer answer ON answer.handoff_id = handoff.id) told
JOIN crm_lead lead ON lead.id = told.lead_id ORDER BY told.at, told.handoff, told.action DESC
"""


def hand_off(*, until: datetime) -> None:
    """Write the facts and the hand-offs of all leads that are there."""
    words = [
        (nth, fact.value, language, variant, text)
        for nth, (fact, spoken) in enumerate(FACTS.items())
        for language, texts in spoken.items()
        for variant, text in enumerate(texts)
    ]
    packages = [(language, *package, BACK[language], MORE[language]) for language, package in PACKAGES.items()]
    said = {"until": until, "facts_since": until - _FACTS_OF}
    with connection.cursor() as cursor:
        cursor.execute(_WORDS)
        cursor.executemany("INSERT INTO demo_word VALUES (%s, %s, %s, %s, %s)", words)
        cursor.executemany("INSERT INTO demo_package VALUES (%s, %s, %s, %s, %s, %s)", packages)
        for statement in (_LEARNED, _SELLERS, _BOOKED, _FIRST_TRIES, _OFFERS, _ANSWERS, _TIMELINE):
            cursor.execute(statement, said)
        # It may be loaded again in the same transaction.
        cursor.execute("DROP TABLE demo_word, demo_package, demo_seller, demo_booked")
