"""A record at a glance: what its page says in short, to those who may open the page, and nothing they may not read."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.audit import By, Door
from tasuki.crm import notes, records, tasks
from tasuki.crm.tasks import Task
from tests.cast import Cast
from tests.web.office import MONDAY, deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db


def test_a_lead_says_where_it_stands_and_what_is_next(cast: Cast) -> None:
    lead, by = lead_of(cast), By(cast.ivo, Door.WEB)
    tasks.add(Task(subject="Send the paper", due_on=date(2026, 4, 1), owner=cast.ivo, lead=lead), by=by, at=MONDAY)
    text = signed_in(cast.ivo).get(reverse("lead_peek", args=[lead.pk])).content.decode()
    for words in ("한서윤", "Firm 1 Ltd.", "Working", "To move on:", "Send the paper", "webinar"):
        assert words in text, words
    assert "<html" not in text


@pytest.mark.parametrize("noun", ["lead", "opportunity", "account", "contact"])
def test_nobody_glances_at_what_is_not_theirs(cast: Cast, noun: str) -> None:
    deal = deal_of(cast)
    pk = {"lead": deal.lead_id, "opportunity": deal.pk, "account": deal.lead.account_id, "contact": deal.lead.contact_id}[noun]
    assert signed_in(cast.ada).get(reverse(f"{noun}_peek", args=[pk])).status_code == 200
    assert signed_in(cast.chika).get(reverse(f"{noun}_peek", args=[pk])).status_code == 404
    assert signed_in(cast.tomas).get(reverse(f"{noun}_peek", args=[pk])).status_code == 403


def test_what_is_hidden_is_not_glanced_at(cast: Cast) -> None:
    deal = deal_of(cast)
    assert "77.7" not in signed_in(cast.mina).get(reverse("opportunity_peek", args=[deal.pk])).content.decode()
    assert "₩" not in signed_in(cast.mina).get(reverse("opportunity_peek", args=[deal.pk])).content.decode()
    assert "77.7万" in signed_in(cast.saori).get(reverse("opportunity_peek", args=[deal.pk])).content.decode()


def test_a_glance_costs_the_same_whatever_has_happened(cast: Cast) -> None:
    lead, by, client = lead_of(cast), By(cast.ivo, Door.WEB), signed_in(cast.ivo)
    records.add_contact(records.Person("문", "지민", account=lead.account, email="m@firm.example"), by=by, at=MONDAY)

    def n_queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(reverse("lead_peek", args=[lead.pk])).status_code == 200
        return len(queries)

    n_queries()
    before = n_queries()
    for nth in range(12):
        notes.write(f"note {nth}", by=by, at=MONDAY + timedelta(days=nth), lead=lead)
        tasks.add(Task(subject=f"task {nth}", owner=cast.ivo, lead=lead), by=by, at=MONDAY)
    assert n_queries() == before
