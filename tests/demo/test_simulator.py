"""The simulator: the same seed is the same company, it has as many leads as asked, and one neck at every moment.

What the company itself is like stands in test_company.py."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import connection

from tasuki.core.people import User
from tasuki.crm import stages
from tasuki.crm.leads import Lead, Origin
from tasuki.demo import load, process
from tasuki.demo.invented import Names
from tasuki.demo.journeys import Pass, Person, Stay
from tasuki.demo.load import HoldsRealData
from tasuki.demo.market import Market
from tasuki.demo.rows import COLUMNS
from tasuki.relay import bottleneck, groups, kpis
from tasuki.relay.bottleneck import Against, Bottleneck
from tasuki.relay.questions import Form, Question
from tests.cast import Cast

UNTIL = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
TABLES = (*COLUMNS, "core_user", "core_team", "core_rolegrant", "core_absence", "crm_product", "core_exchangerate", "core_organisation")

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def digests() -> dict[str, str]:
    """One checksum for each table."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            sha = hashlib.sha256()
            with cursor.copy(f"COPY (SELECT * FROM {table} ORDER BY 1) TO STDOUT") as rows:
                for block in rows:
                    sha.update(block)
            found[table] = sha.hexdigest()
    return found


def test_the_same_seed_and_last_day_give_the_same_rows() -> None:
    load.load(n_leads=250, seed=3, until=UNTIL)
    once = digests()
    load.load(n_leads=250, seed=3, until=UNTIL, fresh=True)
    assert digests() == once
    load.load(n_leads=250, seed=4, until=UNTIL, fresh=True)
    assert digests()["crm_passage"] != once["crm_passage"]


@pytest.mark.parametrize("n_leads", [1, 77, 700])
def test_it_has_exactly_as_many_leads_as_asked(n_leads: int) -> None:
    load.load(n_leads=n_leads, until=UNTIL)
    assert Lead.objects.count() == n_leads


def test_a_pass_follows_the_very_one_before_it_or_none() -> None:
    """A customer since the summer: what grew out of that order ended before there were records, and came round again."""
    random = Random(1)
    names = Names(random)
    person = Person(1, names.person("KR"), Market(random=random, names=names).company(), process.SOURCES[0], 0)
    passes = [
        Pass(nth, person, (1, "Sash", "sash", Decimal(1)), nth, Origin.INBOUND, "form", "", stays=[Stay(stages.LIVE, 10 * nth, [], None, left=left)])
        for nth, left in ((1, None), (2, 25), (3, None), (4, None))
    ]
    known = list(load.known_passes(passes, recorded=30))
    assert [(one.seq_no, one.previous and one.previous.seq_no) for one in known] == [(1, None), (3, None), (4, 3)]
    assert person.company.passes == passes[:1]


def test_it_is_never_loaded_over_data_of_somebodys_own(cast: Cast) -> None:
    for fresh in (False, True):
        with pytest.raises(HoldsRealData):
            load.load(n_leads=10, until=UNTIL, fresh=fresh)
    assert User.objects.get_queryset().filter(pk=cast.mina.pk).exists()


@pytest.mark.parametrize("until", [UNTIL, datetime(2026, 8, 20, 9, 30, tzinfo=UTC), datetime(2026, 11, 24, 9, 30, tzinfo=UTC)])
def test_the_last_thirteen_weeks_have_one_neck_between_connected_and_booked(until: datetime) -> None:
    load.load(n_leads=load.N_LEADS, until=until)
    question = Question(Form.PERIOD, until - timedelta(weeks=13), until)
    neck = bottleneck.find(kpis.by_stage(question), groups.cross(question), mean_order=kpis.mean_order(question))
    assert isinstance(neck, Bottleneck)
    assert (neck.stage, neck.against) == (stages.CONNECTED, Against.USUAL)
    assert (neck.rate, neck.aim) == (pytest.approx(0.29, abs=0.05), pytest.approx(0.41, abs=0.02))
    others = kpis.by_stage(replace(question, only={"segment": "Mid-size securities"}))[stages.CONNECTED]
    assert others.moved / others.inflow > 0.36, "Whoever is no small firm books as before."


def test_the_usual_of_the_last_thirteen_weeks_is_that_of_a_settled_company() -> None:
    load.load(n_leads=load.N_LEADS, until=UNTIL)
    counts = kpis.by_stage(Question(Form.PERIOD, UNTIL - timedelta(weeks=13), UNTIL))
    for stage in (stages.CAPTURED, stages.NURTURING, stages.READY, stages.BOOKED, stages.P1):
        usual = counts[stage].usual
        assert usual is not None
        assert usual.n_periods == 4
        assert counts[stage].inflow / usual.inflow == pytest.approx(1.0, abs=0.3), stage
