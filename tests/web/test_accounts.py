"""Accounts, contacts, products and tasks as people type them in, and what they are told when it does not fit."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tasuki.core.audit import AuditEntry
from tasuki.crm import records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Consent, Contact
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task
from tests.cast import MONDAY, SET_UP, Cast
from tests.web.office import lead_of, signed_in

pytestmark = pytest.mark.django_db


def test_a_company_is_added_with_its_parent_by_name(cast: Cast) -> None:
    client = signed_in(cast.ivo)
    client.post(reverse("account_new"), {"name": "하늘금융지주 주식회사", "country": "kr"})
    client.post(reverse("account_new"), {"name": "하늘증권", "parent": "하늘금융지주(주)"})
    daughter = Account.objects.select_related("parent").get(name="하늘증권")
    assert daughter.parent is not None
    assert daughter.parent.name == "하늘금융지주 주식회사"
    assert (daughter.owner, daughter.team, daughter.parent.country) == (cast.ivo, cast.inside_sales, "KR")
    circle = client.post(reverse("account_change", args=[daughter.parent.pk]), {"name": daughter.parent.name, "parent": "하늘증권"})
    assert circle.status_code == 422
    assert "cannot be its parent" in circle.content.decode()
    unknown = client.post(reverse("account_change", args=[daughter.pk]), {"name": "하늘증권", "parent": "<b>Nobody & Co"})
    assert unknown.status_code == 422
    assert "<b>Nobody" not in unknown.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("corporate_number", "123-45-67890"), ("country", "Atlantis"), ("n_employees", "-1"), ("n_employees", "9" * 30), ("name", ""), ("name", "x" * 201)],
)
def test_what_does_not_fit_is_said_at_its_field_and_kept(cast: Cast, field: str, value: str) -> None:
    said = {"name": "Firm", "country": "KR", "domain": "firm.example"} | {field: value}
    answer = signed_in(cast.ivo).post(reverse("account_new"), said)
    assert answer.status_code == 422
    assert 'value="firm.example"' in answer.content.decode()
    assert "form-error" in answer.content.decode() or "form-problems" in answer.content.decode()
    assert not Account.objects.exists()


def test_an_account_is_given_by_a_manager(cast: Cast) -> None:
    account = lead_of(cast).account
    assert account is not None
    said = {"owner": cast.saori.pk, "team": cast.field_sales.pk}
    assert signed_in(cast.ivo).post(reverse("account_owner", args=[account.pk]), said).status_code == 403
    assert signed_in(cast.ruth).post(reverse("account_owner", args=[account.pk]), said).status_code == 302
    assert Account.objects.get(pk=account.pk).owner == cast.saori
    assert signed_in(cast.ruth).post(reverse("account_owner", args=[account.pk]), {"team": "x"}).status_code == 422


def test_a_person_is_added_at_an_account_and_changed(cast: Cast) -> None:
    account, client = lead_of(cast).account, signed_in(cast.ivo)
    assert account is not None
    assert 'value="Firm 1 Ltd."' in client.get(reverse("contact_new") + f"?account={account.pk}").content.decode()
    said = {
        "family_name": "文",
        "given_name": "智子",
        "account": "FIRM 1 LTD",
        "email": "Tomoko@Firm1.example",
        "phone": "+81 3 5550 1234",
        "roles": "decision maker",
    }
    client.post(reverse("contact_new"), said)
    contact = Contact.objects.get(family_name="文")
    assert (contact.account, contact.emails.get().key, contact.phones.get().e164, contact.roles) == (
        account,
        "tomoko@firm1.example",
        "+81355501234",
        "decision maker",
    )
    said |= {"title": "CRO", "emails": "moon@firm1.example; tomoko@firm1.example", "phones": "+81355501234"}
    client.post(reverse("contact_change", args=[contact.pk]), said)
    contact.refresh_from_db()
    assert contact.title == "CRO"
    assert next(one.address for one in contact.emails.all()) == "moon@firm1.example"
    assert contact.emails.count() == 2
    wrong = client.post(reverse("contact_change", args=[contact.pk]), said | {"phones": "call me"})
    assert wrong.status_code == 422
    assert 'value="call me"' in wrong.content.decode()


def test_consent_is_recorded_and_what_was_said_before_stays(cast: Cast) -> None:
    contact, client = lead_of(cast).contact, signed_in(cast.ivo)
    assert contact is not None
    address = reverse("contact_consents", args=[contact.pk])
    client.post(address, {"channel": "mail", "state": "given", "how": "form of 2 March"})
    client.post(address, {"channel": "mail", "state": "withdrawn", "how": "by phone"})
    assert list(Consent.objects.order_by("pk").values_list("state", flat=True)) == ["given", "withdrawn"]
    assert client.post(address, {"channel": "pigeon", "state": "given", "how": "x"}).status_code == 422


def test_products_are_changed_by_operations_only(cast: Cast) -> None:
    client = signed_in(cast.ada)
    client.post(reverse("products"), {"name": "Haneul Gate", "line": "gateways", "money_0": "5", "money_1": "KRW"})
    product = Product.objects.get()
    said = {"name": "Haneul Gate 2", "line": "gateways", "money_0": "", "is_active": ""}
    assert signed_in(cast.ivo).post(reverse("product_change", args=[product.pk]), said).status_code == 403
    client.post(reverse("product_change", args=[product.pk]), said)
    product.refresh_from_db()
    assert (product.name, product.price, product.currency, product.is_active) == ("Haneul Gate 2", None, "", False)
    assert AuditEntry.objects.of(product).filter(action="change").count() == 1
    assert client.post(reverse("products"), {"name": "Haneul Gate 2"}).status_code == 422
    assert "Haneul Gate 2" not in signed_in(cast.ivo).get(reverse("products")).content.decode()


def test_a_task_is_given_to_a_colleague_and_done_once(cast: Cast) -> None:
    client = signed_in(cast.ruth)
    assert client.post(reverse("task_new"), {"subject": "Review the list", "due_on": "2026-04-01", "owner": cast.ivo.pk}).status_code == 302
    task = Task.objects.get()
    assert (task.owner, task.team, task.created_by) == (cast.ivo, cast.inside_sales, cast.ruth)
    assert client.post(reverse("task_new"), {"subject": "", "due_on": "tomorrow"}).status_code == 422
    assert signed_in(cast.saori).post(reverse("task_finish", args=[task.pk])).status_code == 404
    ivo = signed_in(cast.ivo)
    ivo.post(reverse("task_finish", args=[task.pk]))
    done_at = Task.objects.get().done_at
    ivo.post(reverse("task_finish", args=[task.pk]))
    assert done_at is not None
    assert Task.objects.get().done_at == done_at


def test_a_field_that_asks_for_an_account_offers_those_one_sees(cast: Cast) -> None:
    lead_of(cast, 1)
    hidden = records.add_account(records.Company("Firm Hidden"), owner=cast.chika, team=cast.success, by=SET_UP, at=MONDAY)
    ivo = signed_in(cast.ivo)
    offered = ivo.get(reverse("account_names") + "?q=firm").content.decode()
    assert 'data-name="Firm 1 Ltd."' in offered
    assert hidden.name not in offered
    assert hidden.name in signed_in(cast.chika).get(reverse("account_names") + "?q=firm").content.decode()
    assert ivo.get(reverse("account_names") + "?q=" + "x" * 5_000).status_code == 200
    assert 'role="option"' not in ivo.get(reverse("account_names")).content.decode()
    assert f'<name-field data-href="{reverse("account_names")}"' in ivo.get(reverse("contact_new")).content.decode()


@pytest.mark.parametrize("said", ["KR", "kr", "South Korea", "대한민국", "韓国", "Korea, Republic of"])
def test_a_country_is_written_by_its_code_or_by_its_name_in_any_language(cast: Cast, said: str) -> None:
    signed_in(cast.ivo).post(reverse("account_new"), {"name": "하늘증권", "country": said})
    assert Account.objects.get().country == "KR"


def test_the_form_shows_a_country_by_name_and_writes_nothing_when_nothing_was_changed(cast: Cast) -> None:
    mina, account = signed_in(cast.mina), lead_of(cast).account
    assert account is not None
    mina.post(reverse("account_change", args=[account.pk]), {"name": account.name, "country": "jp"})
    text = mina.get(reverse("account_change", args=[account.pk])).content.decode()
    assert 'value="일본"' in text
    n_told = AuditEntry.objects.count()
    mina.post(reverse("account_change", args=[account.pk]), {"name": account.name, "country": "일본"})
    assert AuditEntry.objects.count() == n_told


def test_a_field_for_a_country_offers_those_that_fit_in_the_reader_s_language(cast: Cast) -> None:
    mina = signed_in(cast.mina)
    offered = mina.get(reverse("country_names") + "?q=대한").content.decode()
    assert 'data-name="대한민국"><span class="clip" lang="ko">대한민국</span><span class="quiet clip">KR</span>' in offered
    assert mina.get(reverse("country_names") + "?q=jp").content.decode().count('role="option"') == 1
    assert 'role="option"' not in mina.get(reverse("country_names") + "?q=" + "x" * 5_000).content.decode()
    assert 'role="option"' not in mina.get(reverse("country_names")).content.decode()
