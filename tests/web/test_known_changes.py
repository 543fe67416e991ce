"""A change that makes a record look like another: one is shown it, and chooses the way on."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tasuki.core.abilities import ABILITIES, Ability, Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm import records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.duplicate_groups import DuplicateGroup
from tasuki.crm.duplicates import AlreadyKnown, Key
from tasuki.crm.tasks import Task
from tests.cast import MONDAY, Cast
from tests.web.office import signed_in
from tests.web.test_known_records import firm, hinted, someone

pytestmark = pytest.mark.django_db


def change(client: Client, record: Account | Contact, **said: str) -> tuple[int, str]:
    """Sends the whole form of the record, with what is said in it."""
    if isinstance(record, Account):
        stands = {"name": record.name, "domain": record.domain, "industry": record.industry}
    else:
        mails, numbers = (", ".join(str(one) for one in rows.all()) for rows in (record.emails, record.phones))
        account = str(record.account or "")
        stands = {"family_name": record.family_name, "given_name": record.given_name, "account": account, "emails": mails, "phones": numbers}
    answer = client.post(reverse(f"{record.noun}_change", args=[record.pk]), stands | said)
    return answer.status_code, answer.content.decode() if answer.status_code == 422 else answer.get("Location", "")


def edit(client: Client, record: Account | Contact, field: str, **said: str) -> tuple[int, str]:
    answer = client.post(reverse("edit", args=[record.noun, record.pk, field]), said)
    return answer.status_code, answer.content.decode()


def test_a_mail_address_of_somebody_else_brings_the_form_back_with_them(cast: Cast) -> None:
    gaon = firm(cast, "Gaon")
    there, other = someone(cast, gaon, email="ahn@gaon.example", title="buyer"), someone(cast, gaon, family_name="Bae", email="bae@gaon.example")
    status, text = change(signed_in(cast.ivo), other, emails="bae@gaon.example, AHN@gaon.example")
    assert status == 422
    for word in ("Another record is probably the same", "same mail address", "buyer", reverse("contact", args=[there.pk]), "It is another one", "Save it all"):
        assert word in text
    assert "add:" not in text, "nothing is added by a change"
    assert [str(mail) for mail in other.emails.all()] == ["bae@gaon.example"]


@pytest.mark.parametrize(
    ("said", "why"),
    [({"phones": "02-555-0142, 010-4321-0001"}, "same telephone number"), ({"family_name": "ahn"}, "same name at the same company")],
)
def test_a_person_is_known_by_a_changed_number_and_a_changed_name(cast: Cast, said: dict[str, str], why: str) -> None:
    gaon = firm(cast, "Gaon", country="KR")
    someone(cast, gaon, phone="+82 2 555 0142")
    other = someone(cast, gaon, family_name="Bae", phone="+82 10 4321 0001")
    said = {name: text.replace("02-", "+82 2 ").replace("010-", "+82 10 ") for name, text in said.items()}
    status, text = change(signed_in(cast.ivo), other, **said)
    assert status == 422
    assert why in text


def test_a_company_is_known_by_a_changed_name_and_a_changed_domain(cast: Cast) -> None:
    firm(cast, "Gaon", domain="gaon.example")
    other = firm(cast, "Norwick")
    ivo = signed_in(cast.ivo)
    for said, why in (({"name": "㈜Gaon"}, "same name"), ({"domain": "www.gaon.example"}, "same domain")):
        status, text = change(ivo, other, **said)
        assert status == 422
        assert why in text
    other.refresh_from_db()
    assert (other.name, other.domain) == ("Norwick", "")


def test_with_a_reason_it_is_saved_and_nobody_is_asked_again(cast: Cast) -> None:
    gaon, norwick = firm(cast, "Gaon"), firm(cast, "Norwick")
    ivo = signed_in(cast.ivo)
    assert "Say why it is another one." in change(ivo, norwick, name="Gaon", way="another")[1]
    assert change(ivo, norwick, name="Gaon", way="another", another="the branch")[0] == 302
    norwick.refresh_from_db()
    assert norwick.name == "Gaon"
    assert AuditEntry.objects.of(norwick).get(action="change").changes["reason"] == ["", "the branch"]
    group = DuplicateGroup.objects.get()
    assert (group.state, group.record_ids, group.reason) == ("apart", [gaon.pk, norwick.pk], "the branch")
    assert change(ivo, norwick, name="㈜ Gaon ")[0] == 302
    assert change(ivo, norwick, name="Norwick")[0] == 302
    assert change(ivo, norwick, name="Gaon")[0] == 302, "it was said already that these are two"


def test_what_was_alike_before_is_no_question_of_another_change(cast: Cast) -> None:
    gaon = firm(cast, "Gaon", domain="gaon.example")
    two = records.add_account(records.Company("Gaon"), owner=None, team=gaon.team, another="x", by=By(cast.ivo, Door.WEB), at=MONDAY)
    DuplicateGroup.objects.all().delete()
    assert change(signed_in(cast.ivo), two, industry="banks")[0] == 302


def test_the_form_of_one_field_says_it_too(cast: Cast) -> None:
    gaon = firm(cast, "Gaon")
    there, other = someone(cast, gaon, email="ahn@gaon.example"), someone(cast, gaon, family_name="Bae")
    ivo = signed_in(cast.ivo)
    status, text = edit(ivo, other, "emails", emails="ahn@gaon.example")
    assert status == 422
    assert "same mail address" in text
    assert reverse("contact", args=[there.pk]) in text
    assert edit(ivo, other, "emails", emails="ahn@gaon.example", way="another", another="a shared box")[0] == 302
    assert other.emails.get().key == "ahn@gaon.example"
    assert edit(ivo, gaon, "name", name="Gaon Securities")[0] == 302


def test_whoever_may_merge_is_led_to_both_side_by_side(cast: Cast) -> None:
    gaon, norwick = firm(cast, "Gaon"), firm(cast, "Norwick")
    assert Role.ADMINISTRATOR in ABILITIES[Ability.MERGE_RECORDS]
    assert f"/merges/new?of=account&amp;id={norwick.pk}&amp;id={gaon.pk}" in change(signed_in(cast.ada), norwick, name="Gaon")[1]
    asked = change(signed_in(cast.ivo), norwick, name="Gaon")[1]
    assert ("/merges/new" in asked) == (Role.INSIDE_SELLER in ABILITIES[Ability.MERGE_RECORDS])


def test_of_what_one_must_not_see_only_its_carrier_is_told_and_can_be_asked(cast: Cast) -> None:
    theirs = firm(cast, "Gaon", owner="saori", domain="gaon.example", industry="secret business")
    mine, ivo = firm(cast, "Norwick"), signed_in(cast.ivo)
    for status, text in (change(ivo, mine, domain="gaon.example"), edit(ivo, mine, "domain", domain="gaon.example")):
        assert status == 422
        assert "Field sales" in text
        assert "secret" not in text
        assert f'"/accounts/{theirs.pk}"' not in text
    assert change(ivo, mine, domain="gaon.example", way=f"ask:{mine.pk}")[0] == 422
    assert not Task.objects.exists()
    assert change(ivo, mine, domain="gaon.example", way=f"ask:{theirs.pk}")[0] == 302
    assert (Task.objects.get().owner, Task.objects.get().account) == (cast.saori, theirs)


def test_a_number_of_another_company_is_not_taken_by_any_reason(cast: Cast) -> None:
    firm(cast, "Gaon", country="KR", corporate_number="1248100998")
    other = firm(cast, "Norwick", country="KR")
    ivo = signed_in(cast.ivo)
    status, text = change(ivo, other, country="KR", corporate_number="124-81-00998")
    assert status == 422
    assert "same corporate number" in text
    assert "It is another one" not in text
    assert change(ivo, other, country="KR", corporate_number="124-81-00998", way="another", another="x")[0] == 422


def test_the_verb_asks_only_where_somebody_can_answer(cast: Cast) -> None:
    gaon = firm(cast, "Gaon")
    there, other = someone(cast, gaon, email="ahn@gaon.example"), someone(cast, gaon, family_name="Bae")
    terms = {"by": By(cast.ivo, Door.WEB), "at": MONDAY}
    with pytest.raises(AlreadyKnown) as refusal:
        records.change_contact(other, said={"emails": ["ahn@gaon.example"]}, another="", **terms)  # type: ignore[arg-type]  # by and at
    assert [(match.pk, match.keys) for match in refusal.value.matches] == [(there.pk, (Key.MAIL,))]
    records.change_contact(other, said={"emails": ["ahn@gaon.example"]}, **terms)  # type: ignore[arg-type]  # likewise
    assert other.emails.count() == 1


def test_while_one_types_the_form_of_a_change_tells_of_others_only(cast: Cast) -> None:
    gaon = firm(cast, "Gaon")
    someone(cast, gaon, email="ahn@gaon.example")
    other, ivo = someone(cast, gaon, family_name="Bae", email="bae@gaon.example"), signed_in(cast.ivo)
    page = ivo.get(reverse("contact_change", args=[other.pk])).content.decode()
    assert f'data-address="/known/contact?but={other.pk}"' in page
    assert "same mail address" in hinted(ivo, "contact", emails="bae@gaon.example, AHN@gaon.example")
    answer = ivo.post(f"{reverse('known_hint', args=['contact'])}?but={other.pk}", {"emails": "bae@gaon.example"})
    assert answer.content.decode().strip() == ""
