"""The daybook says what the ledger says: whoever writes, in whatever order, folded or not."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction

from tasuki.cli import check
from tasuki.core.imports import running
from tasuki.core.money import Money
from tasuki.core.organisation import Organisation
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm import daybook, leads, ledger, stages
from tasuki.crm.daybook import DaybookNote, DaybookOfTeam, DaybookTotal
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.ledger import Passage
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance
from tests.cast import SET_UP, Cast, assemble
from tests.relay import histories
from tests.relay.histories import START, Teller

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
QUESTIONS = [question for question in check.QUESTIONS if question.key in {"daybook", "daybook_of_teams"}]


def wrong() -> list[str]:
    """Where the daybook and the ledger differ."""
    return [example for question in QUESTIONS for example in check.ask(question).examples]


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_it_agrees_with_the_ledger_after_any_history(cast: Cast, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(3):
        Teller(cast, chance).tell(8)
        for lead in Lead.objects.order_by("?")[:4]:
            to, team = chance.choice([(cast.ivo, cast.inside_sales), (None, cast.marketing), (cast.saori, cast.field_sales)])
            leads.give(lead, to=to, team=team, by=SET_UP, at=AT)
        assert wrong() == []
        if chance.random() < 0.6:
            assert daybook.fold() > 0
            assert not DaybookNote.objects.exists()
            assert wrong() == []
    assert DaybookTotal.objects.exists() or DaybookNote.objects.exists()


@pytest.mark.django_db
def test_what_an_import_brought_is_gone_from_it_when_it_is_undone(cast: Cast) -> None:
    Teller(cast, random.Random(3)).tell(5)
    daybook.fold()
    before = list(DaybookTotal.objects.order_by("kind", "counted_on", "stage", "outcome", "key").values())
    run = histories.imported("id,opened,from\n1,2026-01-20,Fair\n2,2026-02-03,\n", at=AT, team=cast.marketing.name)
    assert daybook.fold() > 0
    assert wrong() == []
    running.undo(run, by=SET_UP, at=AT)
    daybook.fold()
    assert list(DaybookTotal.objects.order_by("kind", "counted_on", "stage", "outcome", "key").values()) == before


@pytest.mark.django_db
def test_what_saori_wins_is_worth_its_amount_on_the_day_it_was_won(cast: Cast) -> None:
    lead = leads.capture(Arrival(team=cast.marketing, source="Fair"), by=SET_UP, at=AT)
    terms = Acceptance(owner=cast.saori, team=cast.field_sales, money=Money(Decimal(700), "KRW"))
    deal = opportunities.accept(lead, terms=terms, by=SET_UP, at=AT)
    opportunities.win(deal, by=SET_UP, at=AT + timedelta(days=9))
    daybook.fold()
    won = DaybookTotal.objects.filter(outcome="won", n_left=1)
    assert {(row.kind, row.key, row.counted_on.isoformat(), row.amount_left) for row in won} == {
        (kind, key, "2026-03-11", Decimal(700))
        for kind, key in (("", ""), ("source", "Fair"), ("segment", ""), ("owner", str(cast.saori.pk)), ("team", str(cast.field_sales.pk)))
    }


@pytest.mark.django_db
def test_a_day_is_a_day_of_the_organisation_and_moves_with_its_time_zone(cast: Cast) -> None:
    leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=datetime(2026, 1, 31, 16, tzinfo=UTC))
    daybook.fold()
    assert {row.counted_on.isoformat() for row in DaybookTotal.objects.all()} == {"2026-02-01"}
    Organisation.objects.update(time_zone="Europe/Berlin")
    assert {row.counted_on.isoformat() for row in DaybookTotal.objects.all()} == {"2026-01-31"}
    assert wrong() == []


@pytest.mark.django_db
def test_an_erased_lead_leaves_nothing_in_it(cast: Cast) -> None:
    lead = leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=START)
    leads.advance(lead, to=stages.READY, by=SET_UP, at=AT)
    daybook.fold()
    # The lead goes last: what the ledger names cannot go before it.
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_lead")
    with transaction.atomic(), ledger.correcting("a test"), connection.cursor() as cursor:
        for statement in ("DELETE FROM crm_passage", "DELETE FROM crm_ownership", "DELETE FROM crm_timelineentry", "DELETE FROM crm_lead"):
            cursor.execute(statement)
    daybook.fold()
    assert not DaybookTotal.objects.exists()
    assert not DaybookOfTeam.objects.exists()


@pytest.mark.django_db
def test_a_sum_of_a_team_that_is_wrong_is_named(cast: Cast) -> None:
    leads.capture(Arrival(team=cast.marketing, source="Fair"), by=SET_UP, at=AT)
    daybook.fold()
    assert wrong() == []
    DaybookOfTeam.objects.filter(kind="source").update(n_entered=2)
    assert wrong() == [f"2026-03-02 captured  source Fair {cast.marketing.pk}"]


@pytest.mark.django_db(transaction=True)
def test_a_lead_that_changes_hands_while_it_moves_is_noted_with_the_new_ones() -> None:
    cast = assemble()
    lead = leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo), by=SET_UP, at=AT)

    def hand_over(to: User, team: Team) -> None:
        Lead.objects.filter(pk=lead.pk).update(owner=to, team=team)
        connection.close()

    with transaction.atomic():
        # Straight into the table, as an import does: without the lock that the verbs take.
        Passage.objects.filter(lead=lead).update(left_at=AT, outcome="advanced")
        Passage.objects.create(lead=lead, seq=2, stage_id=stages.READY, entered_at=AT, owner=cast.ivo, team=cast.inside_sales)
        meanwhile = Thread(target=hand_over, args=(cast.saori, cast.field_sales))
        meanwhile.start()
        meanwhile.join(0.5)
        assert meanwhile.is_alive()
    meanwhile.join()
    Lead.objects.filter(pk=lead.pk).update(stage=stages.READY)
    assert wrong() == []
    daybook.fold()
    assert {row.key for row in DaybookTotal.objects.filter(kind="owner")} == {str(cast.saori.pk)}
