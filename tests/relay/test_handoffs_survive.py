"""Two workers that are killed again and again while leads are handed off: nothing is offered, answered or told twice, and no lead is lost."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import connection

from tasuki.core.errors import Refused
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.inside_sales import qualification
from tasuki.relay import handoff_clock, handoffs
from tasuki.relay.handoff_reasons import Destination, Reason
from tasuki.relay.handoff_rows import Handoff
from tasuki.relay.handoffs import Return
from tasuki.sales.opportunities import Opportunity
from tests.cast import Cast, assemble
from tests.killing import N_KILLS, kill_again_and_again
from tests.relay.handing import by, package, qualified
from tests.web.office import lead_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

N = 20
BACK = Return(Reason.NO_PROBLEM, "They only wanted a brochure.")
LATER = Return(Reason.NO_BUDGET, "The next budget has room.", destination=Destination.RECYCLE, wake_when="the new budget")

# Each finds what must never be there, in one look: a pass, a hand-off or a deal.
NEVER = {
    "a lead that nobody carries": """
        SELECT FROM crm_lead lead WHERE (SELECT count(*) FROM crm_ownership carried WHERE carried.lead_id = lead.id AND carried.until_at IS NULL
            AND carried.owner_id IS NOT DISTINCT FROM lead.owner_id AND carried.team_id = lead.team_id) <> 1
            OR (lead.stage_id IS NOT NULL AND lead.owner_id IS NULL)""",
    "a lead in no stage, or in two": """
        SELECT FROM crm_lead lead WHERE (SELECT count(*) FROM crm_passage passage WHERE passage.lead_id = lead.id AND passage.left_at IS NULL)
            <> (lead.stage_id IS NOT NULL)::int""",
    "an offer beside a lead that is not booked, or no offer beside one that is": """
        SELECT FROM crm_lead lead WHERE (SELECT count(*) FROM relay_handoff WHERE lead_id = lead.id AND state = 'offered')
            <> (lead.stage_id IS NOT DISTINCT FROM 'booked')::int""",
    "two offers of one pass": "SELECT FROM relay_handoff GROUP BY lead_id HAVING count(*) > 1",
    "an answer that nobody gave, or that two gave": """
        SELECT FROM relay_handoff handoff WHERE (handoff.state <> 'offered')::int
            <> (SELECT count(*) FROM relay_handoffanswer said WHERE said.handoff_id = handoff.id AND said.answer = handoff.state)""",
    "an acceptance without its deal, or a deal without its acceptance": """
        SELECT FROM (SELECT lead_id FROM relay_handoff WHERE state = 'accepted') accepted
            FULL JOIN (SELECT deal.lead_id FROM sales_opportunity deal JOIN crm_lead lead ON lead.id = deal.lead_id
                AND lead.stage_id = 'p1' AND lead.owner_id = deal.owner_id) opened USING (lead_id)
            WHERE accepted.lead_id IS NULL OR opened.lead_id IS NULL""",
    "a return without the pass that follows, or with two": """
        SELECT FROM relay_handoff JOIN relay_handoffanswer said ON said.handoff_id = relay_handoff.id WHERE state = 'returned' AND
            (SELECT count(*) FROM crm_lead following WHERE following.previous_id = lead_id AND following.origin = 'recycled')
            <> (said.destination = 'working')::int""",
    "a return that no queue holds, or holds although it came round": """
        SELECT FROM relay_handoff JOIN relay_handoffanswer said ON said.handoff_id = relay_handoff.id WHERE state = 'returned' AND NOT EXISTS
            (SELECT FROM inside_sales_holding held WHERE held.lead_id = relay_handoff.lead_id
                AND held.state = CASE said.destination WHEN 'working' THEN 'woken' ELSE 'waiting' END)""",
    "a pass that came round and knows nothing of the one before": """
        SELECT FROM crm_lead lead WHERE lead.previous_id IS NOT NULL AND
            (SELECT count(*) FROM inside_sales_learnedfact fact WHERE fact.lead_id = lead.id AND fact.state = 'before') <> 6""",
    "a step that the trail, the timeline or the receiver heard of other than once": """
        SELECT FROM relay_handoff handoff, LATERAL (VALUES ('offer', true), ('escalate', handoff.escalated_at IS NOT NULL),
            ('accept', handoff.state = 'accepted'), ('give_back', handoff.state = 'returned')) step (action, was_taken),
        LATERAL (SELECT count(*) AS n, count(told.id) AS n_told FROM core_auditentry entry LEFT JOIN crm_notification told ON told.cause_id = entry.id
            AND told.person_id = CASE WHEN step.action IN ('offer', 'escalate') THEN handoff.to_owner_id ELSE handoff.credited_to_id END
            WHERE entry.noun = 'handoff' AND entry.record_id = handoff.id AND entry.action = step.action) trail
        WHERE (trail.n, trail.n_told, (SELECT count(*) FROM crm_timelineentry line WHERE line.lead_id = handoff.lead_id AND line.kind = 'handoff'
            AND line.detail ->> 'action' = step.action)) <> (step.was_taken::int, step.was_taken::int, step.was_taken::int)""",
}
IN_ONE_LOOK = " UNION ALL ".join(f"SELECT '{what}' WHERE EXISTS ({sql})" for what, sql in NEVER.items())


def nothing_is_wrong() -> None:
    with connection.cursor() as cursor:
        cursor.execute(IN_ONE_LOOK)
        assert cursor.fetchall() == []


def n_returns(lead: Lead) -> int:
    """How often sales gives the person back before they decide."""
    return (lead.contact_id or 0) % 4


def is_taken(lead: Lead) -> bool:
    return (lead.contact_id or 0) % 3 > 0


def do_what_comes_next(cast: Cast) -> bool:
    """What somebody, or the clock, has to do at one of the leads: whoever did not hear of an answer presses the button again."""
    at_work = list(Lead.objects.filter(stage__in=[stages.WORKING, stages.CONNECTED, stages.BOOKED]).order_by("stage_since", "pk")[:5])
    if not at_work:
        return False
    lead = random.choice(at_work)
    try:
        if lead.stage_id == stages.BOOKED:
            answer(Handoff.objects.select_related("lead").get(lead=lead), cast=cast)
        else:
            offer(lead, cast=cast)
    except Refused:
        pass  # the other worker was faster
    return True


def offer(lead: Lead, *, cast: Cast) -> None:
    at = lead.stage_since + timedelta(hours=1)
    if qualification.of(lead).missing:
        qualified(lead, user=cast.ivo)
    handoffs.offer(lead, package=package(at + timedelta(days=1)), to=cast.saori, by=by(cast.ivo), at=at)


def answer(handoff: Handoff, *, cast: Cast) -> None:
    """Nobody answers before silence was told of."""
    if handoff.escalated_at is None:
        handoff_clock.watch(at=handoff.due_at)
        return
    at, lead = handoff.due_at + timedelta(hours=1), handoff.lead
    if lead.seq_no <= n_returns(lead):
        handoffs.give_back(handoff, said=BACK, by=by(cast.saori), at=at)
    elif is_taken(lead):
        handoffs.accept(handoff, by=by(cast.saori), at=at)
    else:
        handoffs.give_back(handoff, said=LATER, by=by(cast.saori), at=at)


def test_killed_two_hundred_times_no_lead_is_handed_off_twice_and_none_is_lost(transactional_db: None) -> None:
    cast = assemble()
    people = [qualified(lead_of(cast, nth, stage=stages.CONNECTED), user=cast.ivo) for nth in range(1, N + 1)]
    for _nth in range(30):  # what is read once, words and holidays of the world, no child needs to read again
        do_what_comes_next(cast)
    n_in_the_middle = kill_again_and_again(lambda: do_what_comes_next(cast), within=110, seed=5, seen=nothing_is_wrong)
    assert n_in_the_middle > N_KILLS // 3, "the workers were not killed at their work: the test proves nothing"
    while do_what_comes_next(cast):
        pass
    nothing_is_wrong()
    assert Handoff.objects.count() == sum(n_returns(lead) + 1 for lead in people), "each was offered as often as it came round, and no oftener"
    assert Opportunity.objects.count() == sum(is_taken(lead) for lead in people)
    over = Lead.objects.filter(next__isnull=True)
    assert sorted(over.values_list("contact", "seq_no", "stage", "ended_as")) == sorted(
        (lead.contact_id, n_returns(lead) + 1, *(("p1", "") if is_taken(lead) else (None, "recycled"))) for lead in people
    )
