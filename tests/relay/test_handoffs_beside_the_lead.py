"""The person and the company of a lead are kept beside its hand-offs, for lists: by the database, whoever writes either."""

from __future__ import annotations

import pytest

from tasuki.crm import records
from tasuki.crm.leads import Lead
from tasuki.relay.handoff_rows import Handoff
from tests.cast import MONDAY, SET_UP, Cast
from tests.relay.handing import offered

pytestmark = pytest.mark.django_db


def beside(handoff: Handoff) -> tuple[int | None, int | None]:
    return Handoff.objects.values_list("lead_contact_id", "lead_account_id").get(pk=handoff.pk)


def on_the_lead(handoff: Handoff) -> tuple[int | None, int | None]:
    return Lead.objects.values_list("contact_id", "account_id").get(pk=handoff.lead_id)


def test_a_new_hand_off_has_them_though_nobody_said_so(cast: Cast) -> None:
    handoff = offered(cast)
    assert beside(handoff) == on_the_lead(handoff)
    assert None not in beside(handoff)


def test_they_follow_when_the_lead_gets_another_person_or_company(cast: Cast) -> None:
    handoff = offered(cast)
    account = records.add_account(records.Company("Haneul"), owner=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY)
    person = records.add_contact(records.Person("Zhao", account=account), by=SET_UP, at=MONDAY)
    Lead.objects.filter(pk=handoff.lead_id).update(account=account)
    assert beside(handoff)[1] == account.pk
    Lead.objects.filter(pk=handoff.lead_id).update(contact=person)
    assert beside(handoff) == (person.pk, account.pk) == on_the_lead(handoff)


def test_nobody_else_changes_them(cast: Cast) -> None:
    handoff = offered(cast)
    Handoff.objects.filter(pk=handoff.pk).update(lead_contact=None, lead_account=None)
    assert beside(handoff) == on_the_lead(handoff)
