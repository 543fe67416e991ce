"""What counts as an opportunity: both definitions on the same facts, counted by hand; who changes it; and the pages that say which one holds."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core import house_rows
from tasuki.core.audit import AuditEntry
from tasuki.core.errors import Forbidden
from tasuki.core.organisation import the_day
from tasuki.crm import leads, opportunity_rules, stages
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.leads import Lead
from tasuki.crm.opportunity_rules import Counted, CountedWrong, OpportunityRules
from tasuki.inside_sales import recycle_board, recycling
from tasuki.inside_sales.recycle_board import Question, Yielding
from tasuki.relay import handoffs, leg_cohort
from tasuki.relay.leg_cohort import Cohort
from tasuki.relay.leg_rows import Asked, Each
from tasuki.sales import opportunities
from tasuki.sales.opportunities import LostBecause, Opportunity
from tests.cast import MONDAY, SET_UP, Cast
from tests.relay.handing import by, offered
from tests.web.office import lead_of, signed_in

pytestmark = pytest.mark.django_db

LATER = MONDAY + timedelta(days=100)
ACCEPTED, BEYOND = Counted.ACCEPTED, Counted.BEYOND_P1


def asked(cast: Cast) -> Asked:
    return Asked(cast.ada, MONDAY - timedelta(days=30), LATER, ZoneInfo("Asia/Seoul"))


def cohort(cast: Cast, counted: Counted, *, within: int = 30) -> Cohort:
    return leg_cohort.count(asked(cast), each=Each.PERSON, within=within, at=LATER, counted=counted)[0]


def taken_over(cast: Cast, nth: int) -> Opportunity:
    offer = offered(cast, nth)
    return handoffs.accept(offer, by=by(cast.saori), at=MONDAY + timedelta(days=5))


@pytest.fixture
def facts(cast: Cast) -> None:
    """Seven leads came to inside sales. Sales took four over on the fifth day: one went on to P2 on the tenth, one on the fiftieth, one was lost in P1, one
    still stands there. A fifth came to P2 without P1, as in an imported history. One waits for an answer, and one only had a meeting booked.
    """
    early, late, lost, _standing = (taken_over(cast, nth) for nth in range(1, 5))
    opportunities.advance(early, to=stages.P2, by=by(cast.saori), at=MONDAY + timedelta(days=10))
    opportunities.advance(early, to=stages.P3, by=by(cast.saori), at=MONDAY + timedelta(days=11))
    opportunities.advance(late, to=stages.P2, by=by(cast.saori), at=MONDAY + timedelta(days=50))
    opportunities.lose(lost, because=LostBecause.NO_DECISION, by=by(cast.saori), at=MONDAY + timedelta(days=20))
    leads.advance(lead_of(cast, 5, stage=stages.READY), to=stages.P2, by=SET_UP, at=MONDAY + timedelta(days=15))
    offered(cast, 6)
    lead_of(cast, 7, stage=stages.BOOKED)


@pytest.mark.usefixtures("facts")
def test_each_definition_counts_the_same_leads_by_hand(cast: Cast) -> None:
    taken, beyond = cohort(cast, ACCEPTED), cohort(cast, BEYOND)
    assert (taken.n, beyond.n) == (7, 7), "who came is the same"
    assert (taken.reached["opportunity"].n, beyond.reached["opportunity"].n) == (5, 3)
    assert (taken.reached["opportunity"].n_within, beyond.reached["opportunity"].n_within) == (5, 2), "in thirty days"
    assert cohort(cast, BEYOND, within=90).reached["opportunity"].n_within == 3
    assert {key: one for key, one in taken.reached.items() if key != "opportunity"} == {key: one for key, one in beyond.reached.items() if key != "opportunity"}


@pytest.mark.usefixtures("facts")
def test_each_number_leads_to_as_many_leads_by_either(cast: Cast) -> None:
    for counted in Counted:
        for name, step in leg_cohort.steps_by_name(counted).items():
            n = cohort(cast, counted).reached[step.key].n if step else 7
            assert leg_cohort.rows(asked(cast), step).count() == n, (counted, name)


@pytest.mark.usefixtures("facts")
def test_an_opportunity_counts_from_its_first_stay_on(cast: Cast) -> None:
    lead = Lead.objects.get(opportunity__isnull=False, passages__stage=stages.P3)
    for counted, days in ((ACCEPTED, 5), (BEYOND, 10)):
        assert opportunity_rules.stays(counted).filter(lead=lead).earliest("entered_at").entered_at == MONDAY + timedelta(days=days)


def test_recycling_yields_what_became_an_opportunity_in_time(cast: Cast) -> None:
    lead = lead_of(cast)
    recycling.recycle(lead, reason=ExitReason.objects.get(key="no_budget"), by=by(cast.ivo), at=now() - timedelta(days=60))
    again = recycling.wake(Lead.objects.get(pk=lead.pk), by=by(cast.ivo), at=now() - timedelta(days=50))
    leads.advance(again, to=stages.P1, by=SET_UP, at=now() - timedelta(days=45))
    assert yields(cast, ACCEPTED) == (1, 1)
    assert yields(cast, BEYOND) == (0, 0), "in P1 nothing is known yet"
    leads.advance(again, to=stages.P2, by=SET_UP, at=now() - timedelta(days=5))
    assert yields(cast, BEYOND) == (1, 1)
    assert yields(cast, BEYOND, within=30) == (0, 1), "too late, which is known"
    assert yields(cast, ACCEPTED, within=30) == (1, 1)


def yields(cast: Cast, counted: Counted, *, within: int = 90) -> tuple[int, int]:
    """How many became one in time, and of how many it is known; the rows are as many."""
    yielding, today = Yielding(counted, within), the_day(now())
    found = recycle_board.board(cast.ada, today=today, at=now(), yielding=yielding).yield_of_all
    rows = recycle_board.rows(Question("opportunities"), cast.ada, today=today, at=now(), yielding=yielding)
    assert rows.count() == found.n_opportunities
    return found.n_opportunities, found.n_known


def test_the_house_counts_acceptances_until_somebody_who_edits_the_process_says_otherwise(cast: Cast) -> None:
    assert opportunity_rules.in_force() is ACCEPTED
    for person in (cast.ivo, cast.ruth, cast.tomas):
        with pytest.raises(Forbidden):
            opportunity_rules.change(BEYOND, by=by(person), at=MONDAY)
    with pytest.raises(CountedWrong):
        opportunity_rules.change("booked", by=by(cast.ada), at=MONDAY)
    assert opportunity_rules.in_force() is ACCEPTED
    for _time in range(2):
        assert opportunity_rules.change(BEYOND, by=by(cast.ada), at=MONDAY) is BEYOND
    (entry,) = AuditEntry.objects.filter(noun="opportunityrules")
    assert (entry.actor, entry.at, entry.changes) == (cast.ada, MONDAY, {"counted": ["accepted", "beyond_p1"]})


def test_the_database_knows_two_definitions_and_one_row(cast: Cast) -> None:
    for columns in ({"id": 1, "counted": "booked"}, {"id": 2, "counted": "accepted"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            OpportunityRules.objects.create(**columns)


def test_who_sees_nothing_sees_no_rule(cast: Cast) -> None:
    opportunity_rules.change(BEYOND, by=SET_UP, at=MONDAY)
    assert OpportunityRules.objects.visible_to(cast.ivo).exists()
    assert not OpportunityRules.objects.visible_to(cast.tomas).exists()


SAYS = {ACCEPTED: "sales took the lead over: it came to P1", BEYOND: "it left P1: it came to P2 or later"}


@pytest.mark.usefixtures("facts")
def test_every_page_that_counts_opportunities_says_by_which_definition(cast: Cast) -> None:
    pages = [(reverse("numbers_cohort"), {"period": "all"}), (reverse("recycling"), {})]
    recycling.recycle(lead_of(cast, 9), reason=ExitReason.objects.get(key="no_budget"), by=by(cast.ivo), at=now())
    for counted, other in ((ACCEPTED, BEYOND), (BEYOND, ACCEPTED)):
        house_rows.change(OpportunityRules, said={"counted": counted.value}, by=SET_UP, at=MONDAY)
        for address, query in pages:
            for person in (cast.ada, cast.ivo):
                text = signed_in(person).get(address, query).content.decode()
                assert f"A lead counts as an opportunity when {SAYS[counted]}" in text, address
                assert SAYS[other] not in text
                assert (reverse("handoff_rules") in text) == (person == cast.ada), "and leads whoever may to where it is changed"


@pytest.mark.usefixtures("facts")
def test_the_page_shows_the_figures_of_the_definition_in_force(cast: Cast) -> None:
    for counted, n in ((ACCEPTED, 5), (BEYOND, 3)):
        opportunity_rules.change(counted, by=SET_UP, at=MONDAY)
        text = signed_in(cast.ada).get(reverse("numbers_rows"), {"period": "all", "what": "came_opportunity"}).content.decode()
        assert text.count('class="sheet-name" href="/leads/') == n
