"""The passes of a company on its page: who carried each through which leg and how long, counted from leads to orders, and only what the reader sees."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.crm import leads, passes, records, stages
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Arrival, Lead
from tests.cast import MONDAY, SET_UP, Cast
from tests.web.office import lead_of, signed_in
from tests.web.test_tour import won_deal

pytestmark = pytest.mark.django_db


def another(cast: Cast, account: Account, nth: int, *, stage: str = stages.CAPTURED) -> Lead:
    """One more pass of the company: of somebody else who works there."""
    contact = records.add_contact(records.Person("문", f"지호{nth}", account=account), by=SET_UP, at=MONDAY)
    arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=account)
    return leads.capture(arrival, by=By(cast.ivo, Door.WEB), at=MONDAY + timedelta(minutes=nth), stage=stage)


def company(cast: Cast) -> Account:
    """One that bought once."""
    account = won_deal(cast).lead.account
    assert account
    return account


def test_each_pass_says_who_carried_it_through_which_leg_and_how_long(cast: Cast) -> None:
    account = company(cast)
    lead = Lead.objects.get(account=account)
    legs = passes.legs_of([lead])[lead.pk]
    assert [(leg.stage.leg, leg.carriers) for leg in legs] == [
        ("inside_sales", (cast.ivo.display_name,)),
        ("sales", (cast.saori.display_name,)),
        ("success", (cast.saori.display_name,)),
    ]
    assert [leg.left_at for leg in legs[:2]] == [leg.entered_at for leg in legs[1:]], "the next leg begins where the one before ends"
    assert [leg.took is None for leg in legs] == [False, False, True]
    text = re.sub(r"<[^>]+>|\s+", " ", signed_in(cast.ada).get(reverse("account", args=[account.pk])).content.decode())
    assert re.search(r"Inside sales: +Ivo Horvat +\d+ \w+ +Sales: +西野 沙織 +\d+ \w+ +Customer success: +西野 沙織 +now", text)


def test_they_are_counted_from_leads_to_orders(cast: Cast) -> None:
    account = company(cast)
    another(cast, account, 1, stage=stages.BOOKED)
    lost = another(cast, account, 2)
    leads.lose(lost, reason="no budget", by=By(cast.ivo, Door.WEB), at=MONDAY + timedelta(hours=1))
    lead_of(cast, 5, stage=stages.BOOKED)  # another company's
    assert passes.chain_of(Lead.objects.filter(account=account)) == passes.Chain(n_leads=3, n_meetings=2, n_orders=1)
    text = signed_in(cast.ada).get(reverse("account", args=[account.pk])).content.decode()
    assert all(said in text for said in ("3 leads", "2 with a meeting", "1 order"))


def test_what_the_reader_does_not_see_is_neither_shown_nor_counted(cast: Cast) -> None:
    account = company(cast)
    hidden = another(cast, account, 1)
    Account.objects.filter(pk=account.pk).update(owner=cast.chika, team=cast.success)
    Lead.objects.filter(pk=Lead.objects.exclude(pk=hidden.pk).get().pk).update(owner=cast.chika)
    User.objects.filter(pk=cast.chika.pk).update(language="en")
    text = signed_in(cast.chika).get(reverse("account", args=[account.pk])).content.decode()
    assert "1 lead<" in text
    assert reverse("lead", args=[hidden.pk]) not in text.split('class="pass-sums"')[1].split("</section>")[0]


def test_a_company_without_any_says_so(cast: Cast) -> None:
    account = records.add_account(records.Company("Gaon"), owner=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY)
    text = signed_in(cast.ivo).get(reverse("account", args=[account.pk])).content.decode()
    assert "No leads." in text
    assert "pass-sums" not in text


def test_many_passes_cost_the_same_queries_as_two(cast: Cast) -> None:
    account, client = company(cast), signed_in(cast.ada)
    another(cast, account, 1)
    address = reverse("account", args=[account.pk])

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    asked()
    two = asked()
    for nth in range(2, 26):
        another(cast, account, nth)
    assert asked() == two
    text = client.get(address).content.decode()
    assert "26 leads" in text
    assert "These are the 20 newest." in text
