"""Retention: whom the house proposes to erase, with the reason; nobody is erased by it, and without a rule nobody is proposed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Forbidden
from tasuki.crm import leads, notes, records, stages
from tasuki.crm.contacts import Channel, ConsentState, Contact
from tasuki.crm.leads import Arrival
from tasuki.relay.personal_data import retention
from tasuki.relay.personal_data.erasure_rows import Erasure, ErasureState
from tasuki.relay.personal_data.retention import RetentionWrong
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db
YEARS_LATER = MONDAY + timedelta(days=800)


def person(name: str) -> Contact:
    return records.add_contact(records.Person(name), another="one more", by=SET_UP, at=MONDAY)


def proposed(cast: Cast) -> dict[str, str]:
    return {one.contact.family_name: one.because for one in retention.proposed(cast.ada, at=YEARS_LATER)}


def test_nobody_is_proposed_until_somebody_makes_a_rule(cast: Cast) -> None:
    person("Quiet")
    assert proposed(cast) == {}
    retention.change(24, by=By(cast.ada, Door.WEB), at=MONDAY)
    assert proposed(cast) == {"Quiet": "nothing is in process, and no consent was ever given"}
    assert AuditEntry.objects.filter(noun="retentionrules", action="change", changes={"n_months": [None, 24]}).count() == 1
    retention.change(None, by=By(cast.ada, Door.WEB), at=MONDAY)
    assert proposed(cast) == {}


def test_whoever_anything_keeps_is_not_proposed(cast: Cast) -> None:
    retention.change(24, by=SET_UP, at=MONDAY)
    person("Quiet")
    agreed, refused, expired, again = person("Agreed"), person("Refused"), person("Expired"), person("Again")
    notes.write("called", contact=person("Active"), by=By(cast.ivo, Door.WEB), at=YEARS_LATER - timedelta(days=30))
    leads.capture(Arrival(team=cast.marketing, contact=person("InProcess")), by=SET_UP, at=MONDAY)
    won = leads.capture(Arrival(team=cast.marketing, contact=person("Customer")), by=SET_UP, at=MONDAY)
    leads.advance(won, to=stages.ONBOARDING, by=SET_UP, at=MONDAY)
    for contact, state, more in (
        (agreed, ConsentState.GIVEN, {}),
        (refused, ConsentState.GIVEN, {}),
        (refused, ConsentState.WITHDRAWN, {}),
        (expired, ConsentState.GIVEN, {"until_on": MONDAY.date() + timedelta(days=30)}),
        (again, ConsentState.WITHDRAWN, {}),
        (again, ConsentState.GIVEN, {}),
    ):
        records.record_consent(contact, channel=Channel.MAIL, state=state, how="card", more=more, by=SET_UP, at=MONDAY)
    assert proposed(cast) == {
        "Quiet": "nothing is in process, and no consent was ever given",
        "Refused": "nothing is in process, and they refused or took their consent back",
        "Expired": "nothing is in process, and their consent has expired",
    }


def test_whom_one_asks_for_still_waits_for_a_second_person(cast: Cast) -> None:
    retention.change(24, by=SET_UP, at=MONDAY)
    quiet, active = person("Quiet"), person("Active")
    notes.write("called", contact=active, by=By(cast.ivo, Door.WEB), at=YEARS_LATER)
    assert retention.ask_for([quiet, active], by=By(cast.ada, Door.WEB), at=YEARS_LATER) == 1
    erasure = Erasure.objects.get()
    assert (erasure.contact, erasure.ground, erasure.state) == (quiet, "over", ErasureState.ASKED)
    assert proposed(cast) == {}


def test_only_who_may_makes_the_rule_or_asks(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        retention.change(24, by=By(cast.ruth, Door.WEB), at=MONDAY)
    with pytest.raises(Forbidden):
        retention.ask_for([person("Quiet")], by=By(cast.ivo, Door.WEB), at=YEARS_LATER)
    for wrong in (0, 2, 241):
        with pytest.raises(RetentionWrong):
            retention.change(wrong, by=SET_UP, at=MONDAY)
