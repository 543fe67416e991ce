"""Importing opportunities with their history: the ledger as if it had been kept then, and as before when it is taken back."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tasuki.cli.check import QUESTIONS, ask
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.imports import changing, errors, mapping, running
from tasuki.core.imports.runs import ImportRow, ImportRun
from tasuki.core.imports.taking_back import CannotUndo
from tasuki.core.people import User
from tasuki.crm import leads
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Opportunity
from tests.cast import Cast
from tests.core.table_contents import contents

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
BY = By(None, Door.COMMAND)
LEADS = "noun: leads\noptions: {stage: ready}\ncolumns: {reference: id, opened_at: day, source: source, full_name: name, account: firm}"
DEALS = """
noun: opportunities
columns:
  reference: deal
  lead: lead
  stage: stage
  opened_at: opened
  won_at: won
  lost_at: lost
  amount: amount
  owner: {column: seller, create_missing: true}
"""
LEAD_HEADER, DEAL_HEADER = "id,day,source,name,firm\n", "deal,lead,stage,opened,won,lost,amount,seller\n"


def imported(text: str, said: str, *, dry: bool = False) -> ImportRun:
    run = running.start(io.BytesIO(text.encode()), name="rows.csv", mapping=mapping.read(said), by=BY, at=AT, dry=dry)
    return running.run(run, at=AT)


def ledger_of(reference: str) -> list[tuple[str, str, str, str]]:
    rows = Passage.objects.filter(lead__reference=reference).order_by("seq")
    return [(row.stage_id, row.entered_at.date().isoformat(), row.left_at.date().isoformat() if row.left_at else "", row.outcome) for row in rows]


def reasons(run: ImportRun) -> list[str]:
    return [message["reason"] for row in ImportRow.objects.filter(run=run).order_by("row_no") for message in row.messages or []]


def test_a_win_from_a_ready_lead_passes_p4_on_its_day() -> None:
    imported(LEAD_HEADER + "L1,2025-01-10,web,Mia Roe,Norwick\n", LEADS)
    run = imported(DEAL_HEADER + "D1,L1,,,2025-02-01,,1200,S7\n", DEALS)
    assert (run.n_created, run.n_warnings) == (1, 0)
    assert ledger_of("L1") == [
        ("ready", "2025-01-10", "2025-02-01", "advanced"),
        ("p4", "2025-02-01", "2025-02-01", "won"),
        ("onboarding", "2025-02-01", "", ""),
    ]
    lead = Lead.objects.get(reference="L1")
    assert (lead.stage_id, lead.won_at.date().isoformat() if lead.won_at else "") == ("onboarding", "2025-02-01")
    assert Passage.objects.get(outcome="won").amount == Decimal(1200)
    seller = User.objects.get(reference="S7")
    assert (seller.is_active, seller.email, Opportunity.objects.get().owner) == (False, None, seller)


def test_what_ivo_carried_stays_his_when_an_import_gives_the_deal_to_a_seller(cast: Cast) -> None:
    imported(LEAD_HEADER + "L1,2025-01-10,web,Mia Roe,Norwick\n", LEADS)
    leads.give(Lead.objects.get(reference="L1"), to=cast.ivo, team=cast.inside_sales, by=BY, at=AT)
    before = contents()
    run = imported(DEAL_HEADER + f"D1,L1,p2,2025-02-01,,,1200,{cast.saori.email}\n", DEALS)
    carried = [(row.stage_id, row.owner) for row in Passage.objects.filter(lead__reference="L1").order_by("seq")]
    assert carried == [("ready", cast.ivo), ("p2", cast.saori)]
    running.undo(run, by=BY, at=AT)
    assert contents() == before


def test_open_and_lost_ones_stand_where_the_row_says() -> None:
    imported(LEAD_HEADER + "L1,2025-01-10,web,Mia,\nL2,2025-01-10,web,Ada,\n", LEADS)
    imported(DEAL_HEADER + "D1,L1,p2,2025-02-01,,,,\nD2,L2,p3,2025-02-01,,2025-03-01,50,\n", DEALS)
    assert ledger_of("L1")[1:] == [("p2", "2025-02-01", "", "")]
    assert ledger_of("L2")[1:] == [("p3", "2025-02-01", "2025-03-01", "lost")]
    assert Lead.objects.get(reference="L2").ended_as == "lost"


def test_a_win_before_the_first_contact_is_kept_and_reported() -> None:
    imported(LEAD_HEADER + "L1,2025-01-10,web,Mia,\n", LEADS)
    run = imported(DEAL_HEADER + "D1,L1,,,2024-12-24,,10,\n", DEALS)
    assert (run.n_created, run.n_rejected, run.n_warnings) == (1, 0, 1)
    assert "2024-12-24" in reasons(run)[0]
    assert "2025-01-10" in reasons(run)[0]
    out = io.StringIO()
    errors.write(run, out)
    assert out.getvalue().splitlines()[1].startswith("2,won,2024-12-24,")
    lead = Lead.objects.get(reference="L1")
    assert lead.won_at == lead.opened_at


def test_a_row_without_a_lead_opens_one() -> None:
    said = "noun: opportunities\ncolumns: {reference: deal, account: firm, stage: stage, opened_at: opened, source: {constant: fair}}"
    imported("deal,firm,stage,opened\nD1,Norwick Inc.,p2,2025-02-01\nD2,,p1,\n", said)
    first, second = (Opportunity.objects.select_related("lead__account").get(reference=reference).lead for reference in ("D1", "D2"))
    assert (first.account.name if first.account else "", first.source, first.stage_id) == ("Norwick Inc.", "fair", "p2")
    assert (second.account, second.stage_id, second.opened_at) == (None, "p1", AT)


def test_what_cannot_be_is_rejected_with_a_sentence_and_makes_nobody() -> None:
    imported(LEAD_HEADER + "L1,2025-01-10,web,Mia,\nL2,2025-01-10,web,Ada,\n", LEADS)
    before = contents()
    run = imported(DEAL_HEADER + "D1,nobody,,,2025-02-01,,,S1\nD2,L1,,,2027-01-01,,,S2\nD3,L2,,,2025-02-01,,-5,S3\n", DEALS)
    assert (run.n_rejected, run.n_created) == (3, 0)
    no_lead, future, negative = reasons(run)
    assert "no lead “nobody”" in no_lead
    assert "2027-01-01 lies in the future" in future
    assert "less than nothing" in negative
    assert contents() == before


def test_without_a_reference_the_lead_is_the_key() -> None:
    said = "noun: opportunities\ncolumns: {lead: lead, won_at: won}"
    imported(LEAD_HEADER + "L1,2025-01-10,web,Mia,\n", LEADS)
    imported("lead,won\nL1,2025-02-01\n", said)
    before = contents()
    again = imported("lead,won\nL1,2025-02-01\n", said)
    assert (again.n_skipped, again.n_rejected) == (1, 0)
    assert contents() == before


def test_an_update_changes_the_open_and_leaves_the_closed_as_the_ledger_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    imported(LEAD_HEADER + "L1,2025-01-10,web,Mia,\nL2,2025-01-10,web,Ada,\n", LEADS)
    imported(DEAL_HEADER + "D1,L1,p2,2025-02-01,,,10,\nD2,L2,,,2025-02-01,,10,\n", DEALS)
    before = contents()
    # Somebody has looked already: how they are is read once.
    monkeypatch.setattr(changing, "as_they_are", None)
    run = imported(DEAL_HEADER + "D1,L1,,,,,70,\nD2,L2,,,,,70,\nD1,L1,,,,,99,\n", DEALS + "on_duplicate: update\n")
    assert (run.n_updated, run.n_skipped, run.n_warnings) == (2, 1, 2)
    assert [one.amount for one in Opportunity.objects.order_by("reference")] == [Decimal(70), Decimal(10)]
    entry = AuditEntry.objects.get(noun="opportunity", action="change", changes__has_key="amount")
    assert entry.changes["amount"] == ["10.00", "70.00"]
    running.undo(run, by=BY, at=AT)
    assert contents() == before


def test_an_unknown_owner_is_told_and_not_made_unless_the_mapping_says_so(cast: Cast) -> None:
    said = "noun: opportunities\ncolumns: {reference: deal, owner: seller, stage: stage}"
    people = User.objects.count()
    run = imported("deal,seller,stage\nD1,Nobody Here,p1\nD2,SAORI@example.com,p1\nD3,西野 沙織,p1\n", said)
    assert (run.n_created, run.n_warnings, User.objects.count()) == (3, 1, people)
    assert [one.owner for one in Opportunity.objects.order_by("reference")] == [None, cast.saori, cast.saori]


def test_an_opportunity_that_somebody_moved_keeps_its_import(cast: Cast) -> None:
    imported(LEAD_HEADER + "L1,2025-01-10,web,Mia,\n", LEADS)
    run = imported(DEAL_HEADER + "D1,L1,p2,2025-02-01,,,10,\n", DEALS)
    opportunities.advance(Opportunity.objects.get(), to="p3", by=By(cast.saori, Door.WEB), at=AT + timedelta(days=1))
    before = contents()
    with pytest.raises(CannotUndo):
        running.undo(run, by=BY, at=AT)
    assert contents() == before


def test_a_lead_that_somebody_handed_over_keeps_the_import_of_its_opportunity(cast: Cast) -> None:
    imported(LEAD_HEADER + "L1,2025-01-10,web,Mia,\n", LEADS)
    run = imported(DEAL_HEADER + "D1,L1,p2,2025-02-01,,,10,S1\n", DEALS)
    leads.give(Lead.objects.get(reference="L1"), to=cast.saori, team=cast.field_sales, by=BY, at=AT)
    with pytest.raises(CannotUndo):
        running.undo(run, by=BY, at=AT)


Leads = list[tuple[int, str, str, str]]
days = st.dates(date(2024, 1, 1), date(2026, 2, 1)).map(lambda day: day.isoformat())
maybe = st.one_of(st.just(""), days)
lead_rows = st.lists(
    st.tuples(st.integers(1, 9), maybe, st.sampled_from(["", "Mia", "Ada"]), st.sampled_from(["", "Norwick", "NORWICK Inc.", "Other"])), max_size=9
)
deal_rows = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.integers(1, 12),
        st.sampled_from(["", "p1", "p2", "p4", "p9"]),
        maybe,
        maybe,
        maybe,
        st.sampled_from(["", "10", "x"]),
        st.sampled_from(["", "S1"]),
    ),
    max_size=9,
)


# Not made smaller when it fails: an example is small, and takes a second.
@pytest.mark.slow
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
@given(first=lead_rows, second=lead_rows, deals=deal_rows, policy=st.sampled_from(["skip", "update", "create"]))
def test_whatever_comes_in_the_ledger_holds_and_undone_every_table_is_as_before(*, first: Leads, second: Leads, deals: list[Any], policy: str) -> None:
    def leads_text(rows: Leads) -> str:
        return LEAD_HEADER + "".join(f"L{n},{day},web,{name},{firm}\n" for n, day, name, firm in rows) + "L99,2024-01-01,web,,\n"

    deals_text = DEAL_HEADER + "".join(f"D{n},L{lead},{','.join(rest)}\n" for n, lead, *rest in deals) + "D99,L99,,,2024-06-01,,,\n"
    with transaction.atomic():
        states, runs = [], []
        for text, columns in ((leads_text(first), LEADS), (deals_text, DEALS), (leads_text(second), LEADS), (deals_text, DEALS)):
            states.append(contents())
            with_policy = f"{columns}\non_duplicate: {policy}\n"
            dry, run = imported(text, with_policy, dry=True), imported(text, with_policy)
            assert all(getattr(dry, name) == getattr(run, name) for name in ("n_created", "n_updated", "n_skipped", "n_rejected", "n_warnings"))
            assert run.n_applied == run.n_rows == run.n_created + run.n_updated + run.n_skipped + run.n_rejected
            runs.append(run)
            assert not [answer for answer in map(ask, QUESTIONS) if answer.n_wrong]
        for before, run in zip(reversed(states), reversed(runs), strict=True):
            running.undo(run, by=BY, at=AT)
            assert contents() == before
        transaction.set_rollback(True)
