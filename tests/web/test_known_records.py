"""Adding what is there already: one is shown what is there, beside what one typed, and chooses the way on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm import duplicate_groups, leads, records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.duplicate_groups import DuplicateGroup
from tasuki.crm.duplicates import AlreadyKnown, Key
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.records import Company, Person
from tasuki.crm.tasks import Task
from tests.cast import MONDAY, Cast, hired
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db


def firm(cast: Cast, name: str, *, owner: str = "ivo", **known: str) -> Account:
    user = getattr(cast, owner)
    return records.add_account(Company(name, **known), owner=user, team=user.team, by=By(user, Door.WEB), at=MONDAY)  # type: ignore[arg-type]  # texts


def someone(cast: Cast, account: Account, **known: str) -> Contact:
    said = {"family_name": "Ahn", **known}
    return records.add_contact(Person(account=account, **said), by=By(cast.ivo, Door.WEB), at=MONDAY)  # type: ignore[arg-type]  # likewise


def typed(client: Client, form: str, /, **said: str) -> tuple[int, str]:
    answer = client.post(reverse(form), said)
    return answer.status_code, answer.content.decode() if answer.status_code == 422 else answer.get("Location", "")


def test_a_known_mail_address_brings_the_form_back_with_what_is_there(cast: Cast) -> None:
    there = someone(cast, firm(cast, "Gaon"), email="ahn@gaon.example", title="buyer")
    status, text = typed(signed_in(cast.ivo), "contact_new", family_name="Ahn Jisu", email="AHN@gaon.example", title="head of buying")
    assert status == 422
    for word in ("This is probably here already", "same mail address", "buyer", "head of buying", "differs", f'value="add:{there.pk}"', "It is another one"):
        assert word in text
    assert Contact.objects.count() == 1


def test_what_is_new_is_added_to_the_one_that_is_there(cast: Cast) -> None:
    there = someone(cast, firm(cast, "Gaon"), email="ahn@gaon.example", title="buyer")
    said = {"family_name": "Ahn", "email": "ahn@gaon.example", "phone": "+82 2 555 0142", "title": "head", "department": "Desk", "way": f"add:{there.pk}"}
    status, address = typed(signed_in(cast.ivo), "contact_new", **said)
    assert (status, address) == (302, reverse("contact", args=[there.pk]))
    contact = Contact.objects.get()
    assert (contact.title, contact.department, contact.main_phone) == ("buyer", "Desk", "+8225550142")


def test_another_one_is_kept_with_the_reason_and_not_proposed_as_a_duplicate(cast: Cast) -> None:
    there = someone(cast, firm(cast, "Gaon"), phone="+82 2 555 0142")
    said = {"family_name": "Bae", "phone": "+82-2-555-0142", "way": "another"}
    ivo = signed_in(cast.ivo)
    assert "Say why it is another one." in typed(ivo, "contact_new", **said)[1]
    assert typed(ivo, "contact_new", **said, another="a shared desk")[0] == 302
    new = Contact.objects.get(family_name="Bae")
    assert AuditEntry.objects.of(new).get(action="add").changes["reason"] == ["", "a shared desk"]
    group = DuplicateGroup.objects.get()
    assert (group.state, group.record_ids, group.reason) == ("apart", [there.pk, new.pk], "a shared desk")
    assert duplicate_groups.find(at=now()) == 0


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"name": "㈜Gaon"}, "same name"),
        ({"name": "Gaon", "domain": "gaon.example"}, "same name and domain"),
        ({"name": "Other", "domain": "https://www.gaon.example/about"}, "same domain"),
        ({"name": "Other", "country": "KR", "corporate_number": "124-81-00998"}, "same corporate number"),
    ],
)
def test_a_company_is_known_by_each_of_its_keys(cast: Cast, said: dict[str, str], why: str) -> None:
    firm(cast, "Gaon", domain="gaon.example", country="KR", corporate_number="1248100998")
    status, text = typed(signed_in(cast.ivo), "account_new", **said)
    assert status == 422
    assert why in text
    assert ("It is another one" in text) == (why != "same corporate number"), "a number belongs to one company"


def test_a_company_is_added_all_the_same_or_filled_in(cast: Cast) -> None:
    there = firm(cast, "Gaon")
    ivo = signed_in(cast.ivo)
    assert typed(ivo, "account_new", name="Gaon", industry="exchange", way=f"add:{there.pk}") == (302, reverse("account", args=[there.pk]))
    assert Account.objects.get().industry == "exchange"
    assert typed(ivo, "account_new", name="Gaon", way="another", another="a branch")[0] == 302
    assert Account.objects.count() == 2


def test_of_what_one_must_not_see_only_its_carrier_is_told_and_can_be_asked(cast: Cast) -> None:
    theirs = firm(cast, "Gaon", owner="saori", domain="gaon.example", industry="secret business")
    someone(cast, theirs, email="ahn@gaon.example", title="secret title")
    ivo = signed_in(cast.ivo)
    for status, text in (typed(ivo, "account_new", name="Other", domain="gaon.example"), typed(ivo, "contact_new", family_name="X", email="ahn@gaon.example")):
        assert status == 422
        assert "Somebody else has it:" in text
        assert "Field sales" in text
        assert "secret" not in text
        assert f'"/accounts/{theirs.pk}"' not in text
        assert "add:" not in text
    assert typed(ivo, "account_new", name="Other", domain="gaon.example", way=f"ask:{theirs.pk}")[0] == 302
    task = Task.objects.get()
    assert (task.owner, task.account, task.created_by) == (cast.saori, theirs, cast.ivo)


def test_only_what_has_the_keys_of_the_form_can_be_chosen(cast: Cast) -> None:
    theirs, other = firm(cast, "Gaon", owner="saori"), firm(cast, "Norwick", owner="saori")
    ivo = signed_in(cast.ivo)
    for way in (f"ask:{other.pk}", f"add:{theirs.pk}", f"use:{theirs.pk}", f"add:{other.pk}", "add:x", "drop:1", "ask:" + "9" * 40):
        assert typed(ivo, "account_new", name="Gaon", industry="x", way=way)[0] == 422
    assert not Task.objects.exists()
    assert not Account.objects.exclude(industry="").exists()


def test_a_lead_of_a_known_person_is_captured_for_them(cast: Cast) -> None:
    there = someone(cast, firm(cast, "Gaon"), email="ahn@gaon.example")
    ivo = signed_in(cast.ivo)
    said = {"full_name": "Ahn", "email": "ahn@gaon.example", "origin": "inbound"}
    status, text = typed(ivo, "lead_new", **said)
    assert status == 422
    assert f'value="use:{there.pk}"' in text
    assert not Lead.objects.exists()
    assert typed(ivo, "lead_new", **said, way=f"use:{there.pk}")[0] == 302
    assert Lead.objects.get().contact == there


def test_an_open_lead_of_a_known_person_is_shown_and_no_second_is_opened(cast: Cast) -> None:
    there = someone(cast, firm(cast, "Gaon"), email="ahn@gaon.example")
    lead = leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, contact=there), by=By(cast.ivo, Door.WEB), at=MONDAY)
    said = {"full_name": "Ahn", "email": "ahn@gaon.example", "origin": "inbound", "way": f"use:{there.pk}"}
    status, text = typed(signed_in(cast.ivo), "lead_new", **said)
    assert status == 422
    assert reverse("lead", args=[lead.pk]) in text
    assert "already has an open lead" in text
    assert Lead.objects.count() == 1


def test_the_verbs_refuse_what_is_known_whoever_calls_them(cast: Cast) -> None:
    there = someone(cast, firm(cast, "Gaon"), email="ahn@gaon.example")
    with pytest.raises(AlreadyKnown) as refusal:
        records.add_contact(Person("B", email="Ahn@GAON.example"), by=By(cast.ivo, Door.API), at=MONDAY)
    assert [(match.pk, match.keys) for match in refusal.value.matches] == [(there.pk, (Key.MAIL,))]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("noun", ["contact", "account"])
def test_of_two_who_add_the_same_at_once_one_is_told(cast: Cast, noun: str) -> None:
    start, answers = threading.Barrier(2), []
    by, at = By(cast.ivo, Door.WEB), MONDAY + timedelta(days=1)
    adding: Callable[[], object] = {
        "contact": lambda: records.add_contact(Person("Ahn", email="ahn@gaon.example"), by=by, at=at),
        "account": lambda: records.add_account(Company("Gaon"), owner=cast.ivo, team=cast.inside_sales, by=by, at=at),
    }[noun]

    def add() -> None:
        start.wait()
        try:
            adding()
            answers.append("added")
        except AlreadyKnown:
            answers.append("told")
        finally:
            connection.close()

    both = [threading.Thread(target=add) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    assert sorted(answers) == ["added", "told"]


def hinted(client: Client, noun: str, **said: str) -> str:
    answer = client.post(reverse("known_hint", args=[noun]), said)
    assert answer.status_code == 200
    return answer.content.decode().strip()


def test_while_one_types_the_form_says_what_is_there(cast: Cast) -> None:
    someone(cast, firm(cast, "Gaon", domain="gaon.example"), email="ahn@gaon.example")
    ivo, saori = signed_in(cast.ivo), signed_in(cast.saori)
    assert "same mail address" in hinted(ivo, "contact", email="AHN@gaon.example")
    assert "same name" in hinted(ivo, "account", name="㈜Gaon")
    told = hinted(saori, "account", name="x", domain="gaon.example")
    assert "Inside sales" in told, "who has it, and nothing else"
    assert "Gaon" not in told
    for half in ({"email": "ahn@"}, {"phone": "12"}, {"email": "nobody@gaon.example"}, {}):
        assert hinted(ivo, "contact", **half) == ""
    assert hinted(ivo, "account", name=" ", corporate_number="1") == ""


def test_the_hint_is_for_those_who_may_add(cast: Cast) -> None:
    obi = hired("obi", "Obi", "Ana", role=Role.OBSERVER)
    for user, noun, status in ((obi, "contact", 403), (obi, "account", 403), (cast.tomas, "account", 403), (cast.ivo, "task", 404)):
        assert signed_in(user).post(reverse("known_hint", args=[noun]), {"name": "x"}).status_code == status
    assert signed_in(cast.ivo).get(reverse("known_hint", args=["account"])).status_code == 405


def test_asking_while_one_types_is_a_few_looks_into_indexes(cast: Cast) -> None:
    for nth in range(12):
        firm(cast, f"Gaon {nth}")
    ivo = signed_in(cast.ivo)

    def n_queries(name: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            hinted(ivo, "account", name=name)
        return len(asked)

    n_queries("x")
    assert n_queries("Gaon 1") == n_queries("Gaon 2") <= 10
