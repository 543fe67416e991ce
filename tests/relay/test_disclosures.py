"""What the law lets a person ask for, first: everything that is held about them, for whoever may answer, behind a link that ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Forbidden
from tasuki.engage.message_rows import Message
from tasuki.relay.personal_data import disclosures, reach, telling
from tasuki.relay.personal_data.disclosures import DisclosureOver, WhyMissing
from tests.cast import MONDAY, Cast
from tests.relay.whole_life import ADDRESS, MARK, lived

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(days=1)


def test_everything_of_a_person_is_found_by_walking_the_models(cast: Cast) -> None:
    life = lived(cast)
    found = reach.of(life.contact)
    kinds = {model._meta.label for model in found.rows}
    wanted = (
        "crm.Lead crm.ContactEmail crm.ContactPhone crm.Consent crm.TimelineEntry crm.File crm.Task crm.Passage crm.Ownership crm.Follow engage.Call"
        " engage.Recording engage.Hearing engage.Message engage.Enclosure engage.Meeting engage.CalendarEntry engage.Enrolment engage.Deed engage.BookingLink"
        " engage.NextCall inside_sales.LearnedFact inside_sales.CallComment relay.Handoff relay.HandoffWord relay.Clock"
    )
    assert set(wanted.split()) <= kinds
    assert "inside_sales.Review" not in kinds, "how Ivo spoke is about Ivo"


def test_a_letter_to_a_colleague_of_theirs_is_the_colleagues(cast: Cast) -> None:
    life = lived(cast)
    to_colleague = Message.objects.get(contact=life.colleague)
    assert to_colleague.lead == life.lead
    assert to_colleague.pk not in reach.of(life.contact).ids(Message)
    assert reach.of(life.colleague).ids(Message) == {to_colleague.pk}


def test_what_is_said_of_them_says_it_in_words_and_keeps_no_door_open(cast: Cast) -> None:
    life = lived(cast)
    sections = {section.key: list(section.rows) for section in telling.sections(reach.of(life.contact))}
    everything = str([row.plain for rows in sections.values() for row in rows])
    assert everything.count(MARK) > 30
    assert ADDRESS in everything
    assert {"Badge": f"{MARK} badge"} == sections["crm.contact"][0].plain["custom"]
    assert {"trail", "openings", "engage.consenttext"} <= sections.keys()
    assert not {"nonce", "stored_as"} & {name for rows in sections.values() for row in rows for name in row.plain}


def test_ada_makes_a_link_that_is_good_for_a_day_and_the_log_says_why(cast: Cast) -> None:
    life, ada = lived(cast), By(cast.ada, Door.WEB)
    token = disclosures.make(life.contact, reason="Her letter of Monday; called back", by=ada, at=MONDAY)
    assert disclosures.opened(token, by=ada, at=LATER).contact == life.contact
    trail = AuditEntry.objects.of(life.contact).filter(action__in=["disclose", "fetch_disclosure"]).order_by("pk")
    assert [(one.action, one.actor) for one in trail] == [("disclose", cast.ada), ("fetch_disclosure", cast.ada)]
    assert trail[0].changes == {"reason": ["", "Her letter of Monday; called back"]}
    with pytest.raises(DisclosureOver):
        disclosures.opened(token, by=ada, at=LATER + timedelta(seconds=1))
    with pytest.raises(DisclosureOver):
        disclosures.opened(token[:-2] + "xx", by=ada, at=MONDAY)


def test_nobody_else_does_and_nobody_without_a_reason(cast: Cast) -> None:
    life = lived(cast)
    token = disclosures.make(life.contact, reason="asked", by=By(cast.ada, Door.WEB), at=MONDAY)
    for person in (cast.ivo, cast.ruth, cast.tomas):
        with pytest.raises(Forbidden):
            disclosures.make(life.contact, reason="asked", by=By(person, Door.WEB), at=MONDAY)
        with pytest.raises(Forbidden):
            disclosures.opened(token, by=By(person, Door.WEB), at=MONDAY)
    with pytest.raises(WhyMissing):
        disclosures.make(life.contact, reason="  ", by=By(cast.ada, Door.WEB), at=MONDAY)


def test_each_model_in_which_something_of_a_person_stands_has_a_name_in_words() -> None:
    for model in reach.reachable():
        has_words = "verbose_name_plural" in model._meta.original_attrs
        assert has_words or model._meta.label in telling.TITLES, f"{model._meta.label}: give it a verbose_name_plural"
    assert set(telling.TITLES) <= {model._meta.label for model in reach.reachable()}
