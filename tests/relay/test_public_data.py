"""Two public data sets, imported with our mapping files, give the numbers that were counted from them by others."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tasuki.core.audit import By, Door
from tasuki.core.imports import mapping, running
from tasuki.core.imports.runs import ImportRun
from tasuki.relay import groups
from tasuki.relay.groups import GroupCount
from tasuki.relay.questions import Grouping, Question
from tasuki.sales.opportunities import Opportunity

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "mappings"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    pytest.mark.skipif(not DATA.exists(), reason="the public data sets (../shared/data) are not on this machine"),
]


def imported(file: str, said: str) -> ImportRun:
    with (DATA / file).open("rb") as rows:
        read = mapping.read((EXAMPLES / said).read_text(encoding="utf-8"))
        run = running.start(rows, name=file, mapping=read, by=By(None, Door.COMMAND), at=AT)
    return running.run(run, at=AT)


def reference(name: str, key: str, *columns: str) -> dict[str, tuple[float, ...]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return {row[key]: tuple(float(row[column]) for column in columns) for row in csv.DictReader(file)}


def by(grouping: str) -> dict[str, GroupCount]:
    rows, _total = groups.count(Question(by=Grouping(grouping)))
    return {row.key: row for row in rows}


def test_olist_gives_the_published_numbers() -> None:
    leads = imported("olist/olist_marketing_qualified_leads_dataset.csv", "olist-leads.yaml")
    deals = imported("olist/olist_closed_deals_dataset.csv", "olist-deals.yaml")
    assert (leads.n_created, deals.n_created, deals.n_rejected, deals.n_warnings) == (8_000, 842, 0, 1)
    whole = groups.count(Question())[1]
    assert (whole.leads, whole.won, whole.balance, round(whole.conversion or 0, 5)) == (8_000, 842, 7_158, 0.10525)
    days = (whole.median_days_to_won, whole.mean_days_to_won, whole.p90_days_to_won)
    assert [round(float(value or 0), 2) for value in days] == [14.65, 49.10, 162.59]
    assert {key: (row.leads, row.won) for key, row in by("source").items()} == reference("olist/reference_own_by_origin.csv", "origin", "leads", "won")
    assert {key: (row.leads, row.won) for key, row in by("month").items()} == reference("olist/reference_own_by_contact_month.csv", "month", "leads", "won")
    by_rep = {key: (row.won, round(row.median_days_to_won or 0, 3)) for key, row in by("owner").items() if row.won}
    assert by_rep == reference("olist/reference_own_by_sr.csv", "sr_id", "deals", "median_days")


def test_maven_gives_the_published_numbers() -> None:
    for file, said in (("products", "maven-products"), ("accounts", "maven-accounts"), ("sales_pipeline", "maven-opportunities")):
        assert imported(f"maven-crm/{file}.csv", f"{said}.yaml").n_rejected == 0
    won, lost = Opportunity.objects.filter(won_at__isnull=False), Opportunity.objects.exclude(lost_because="")
    assert (Opportunity.objects.count(), won.count(), lost.count()) == (8_800, 4_238, 2_473)
    assert round(won.count() / (won.count() + lost.count()), 4) == 0.6315
    assert groups.count(Question())[1].won_amount == Decimal(10_005_534)
    assert Opportunity.objects.filter(lead__account__isnull=True).count() == 1_425
    assert not Opportunity.objects.filter(product__isnull=True).exists()
