"""What the page of a person says of reaching them, the do-not-contact list, and the settings of consent."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.crm import records
from tasuki.crm.contacts import Consent, Contact
from tasuki.engage import blocks
from tasuki.engage.blocks import Block
from tasuki.engage.consent_texts import ConsentText
from tasuki.engage.contact_rules import ContactRule
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.web.office import lead_of, signed_in

pytestmark = pytest.mark.django_db

LIST = "/do-not-contact"
SAID = {"channel": "mail", "state": "given", "how": "form"}


def person(cast: Cast, nth: int = 1) -> Contact:
    contact = lead_of(cast, nth).contact
    assert contact is not None
    said = records.Person("", "", email=f"quartz{nth}@gaon.example", phone=f"+82 10 4747 5{nth:03}")
    return records.supplement_contact(contact, person=said, by=SET_UP, at=MONDAY)


def page_of(cast: Cast, contact: Contact, who: str = "ivo") -> str:
    return signed_in(getattr(cast, who)).get(reverse("contact", args=[contact.pk])).content.decode()


def test_the_page_says_whether_the_person_may_be_reached_and_why_not(cast: Cast) -> None:
    contact = person(cast)
    text = page_of(cast, contact)
    assert "May I reach them now?" in text
    assert "Nothing is known of a consent" in text
    blocks.block("+82 10 4747 5001", by=SET_UP, at=MONDAY)
    assert "This number or address is blocked" in page_of(cast, contact)


def test_a_word_is_written_with_its_basis_its_text_and_its_evidence(cast: Cast) -> None:
    contact, ivo = person(cast), signed_in(cast.ivo)
    address = reverse("contact_consents", args=[contact.pk])
    ada = signed_in(cast.ada)
    ada.post(reverse("consent_texts"), {"name": "newsletter", "text_en": "I agree", "text_ko": "동의", "text_ja": "同意"})
    more = {"way": "form", "covers_night": "on", "text": ConsentText.objects.get().pk, "evidence": "ip 10.0.0.1"}
    assert ivo.post(address, {**SAID, **more}).status_code == 302
    row = Consent.objects.get()
    assert (row.way, row.covers_night, row.text_version, row.evidence, row.basis) == ("form", True, "newsletter v1", "ip 10.0.0.1", "consent")
    text = page_of(cast, contact)
    assert "newsletter v1" in text
    assert "night too" in text
    assert ivo.post(address, {**SAID, "basis": "existing_business"}).status_code == 302
    assert Consent.objects.latest("pk").until_on is not None


@pytest.mark.parametrize(
    "said",
    [
        {},
        {**SAID, "how": ""},
        {**SAID, "state": "withdrawn", "covers_night": "on"},
        {**SAID, "basis": "dream"},
        {**SAID, "until_on": "2001-01-01"},
        {**SAID, "until_on": "x"},
        {**SAID, "text": "999"},
        {**SAID, "file": "999"},
        {**SAID, "evidence": "x" * 501},
        {**SAID, "how": "\x00"},
    ],
)
def test_a_word_that_cannot_be_is_not_written(cast: Cast, said: dict[str, str]) -> None:
    contact = person(cast)
    assert signed_in(cast.ivo).post(reverse("contact_consents", args=[contact.pk]), said).status_code in (400, 422)
    assert not Consent.objects.exists()


def test_a_number_is_blocked_from_the_page_of_the_person_and_only_one_of_theirs(cast: Cast) -> None:
    contact, ivo = person(cast), signed_in(cast.ivo)
    address = reverse("contact_block", args=[contact.pk])
    assert ivo.post(address, {"value": "+821047475999"}).status_code == 422
    assert ivo.post(address, {"value": "+821047475001", "reason": "asked"}).status_code == 302
    assert blocks.is_blocked(number="+821047475001")
    assert Block.objects.get().blocked_by == cast.ivo


def test_who_must_not_see_numbers_learns_none_here(cast: Cast) -> None:
    contact = person(cast)
    blocks.keep_values(keeps=True, by=SET_UP, at=MONDAY)
    blocks.block("quartz1@gaon.example", by=SET_UP, at=MONDAY)
    observer = signed_in(hired("obi", "Obi", "Ana", role=Role.OBSERVER))
    text = observer.get(reverse("contact", args=[contact.pk])).content.decode()
    assert "quartz" not in text
    assert "4747" not in text
    assert observer.get(LIST).status_code == 403
    assert observer.post(reverse("contact_block", args=[contact.pk]), {"value": "+821047475001"}).status_code == 403


def test_the_list_takes_and_lifts_blocks(cast: Cast) -> None:
    ivo, ada = signed_in(cast.ivo), signed_in(cast.ada)
    assert ivo.post(LIST, {"value": "nonsense"}).status_code == 422
    assert ivo.post(LIST, {"value": "010-4747-5003", "reason": "<script>alert(1)</script>"}).status_code == 302
    assert ivo.post(LIST, {"value": "gaon.example"}).status_code == 302
    text = ivo.get(LIST).content.decode()
    assert "…5003" in text
    assert "<script>alert" not in text
    row = Block.objects.get(kind="phone")
    address = reverse("do_not_contact_lifting", args=[row.pk])
    assert ivo.post(address, {"reason": "x"}).status_code == 403
    ada.post(address, {"reason": ""})
    assert Block.objects.get(pk=row.pk).lifted_at is None, "not without a reason"
    ada.post(address, {"reason": "a mistake"})
    assert Block.objects.get(pk=row.pk).lifted_by == cast.ada
    assert ivo.post(reverse("do_not_contact_keeping"), {"keeps": "on"}).status_code == 403
    ada.post(reverse("do_not_contact_keeping"), {"keeps": "on"})
    assert blocks.keeps_values()


def test_lists_and_pages_cost_the_same_for_two_and_for_twelve(cast: Cast) -> None:
    contact, ada = person(cast), signed_in(cast.ada)
    costs = []
    for first, n in ((1, 2), (20, 10)):
        for nth in range(first, first + n):
            blocks.block(f"+82 2 555 0{nth:03}", by=By(cast.ivo, Door.WEB), at=MONDAY)
            records.supplement_contact(contact, person=records.Person("", "", phone=f"+82 10 4848 5{nth:03}"), by=SET_UP, at=MONDAY)
        for address in (LIST, reverse("contact", args=[contact.pk]), reverse("contact_rules")):
            ada.get(address)
            with CaptureQueriesContext(connection) as queries:
                ada.get(address)
            costs.append(len(queries))
    assert costs[:3] == costs[3:]


def test_countries_are_set_by_few_and_checked(cast: Cast) -> None:
    rule = ContactRule.objects.get(country="KR")
    address, ada = reverse("contact_rule", args=[rule.pk]), signed_in(cast.ada)
    for method in ("get", "post"):
        assert getattr(signed_in(cast.ruth), method)(address).status_code == 403
        assert getattr(signed_in(cast.ruth), method)(reverse("contact_rules" if method == "get" else "consent_texts")).status_code == 403
    said = {"mail": "consent", "message": "consent", "phone": "basis", "post": "no_refusal", "basis_days": "180", "source": "counsel, 3 March"}
    clocks = {"quiet_from": "21:00", "quiet_until": "08:00", "calls_from": "09:00", "calls_until": "18:00"}
    assert ada.post(address, {**said, **clocks, "calls_until": "08:00"}).status_code == 422
    assert ada.post(address, {**said, **clocks, "lunch_from": "12:00"}).status_code == 422
    assert ada.post(address, {**said, **clocks, "mail": "dream"}).status_code == 422
    assert ada.post(address, {**said, **clocks, "lunch_from": "12:00", "lunch_until": "13:00"}).status_code == 302
    rule.refresh_from_db()
    assert (rule.mail, rule.lunch_from, rule.source) == ("consent", 720, "counsel, 3 March")
    assert "not 12:00–13:00" in ada.get(reverse("contact_rules")).content.decode()
    assert ada.post(reverse("consent_texts"), {"name": "x", "text_en": "a", "text_ko": "", "text_ja": "c"}).status_code == 422
