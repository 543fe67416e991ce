"""Quick add: a few fields from wherever one is, through the same doors as the full forms; nothing for those who may not."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.stages import BOOKED, P1
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import TimelineEntry
from tasuki.relay.handoff_rows import Handoff
from tasuki.sales.opportunities import Opportunity
from tasuki.web.quick_kinds import KINDS
from tests.cast import Cast, hired
from tests.relay.handing import offered
from tests.web.office import deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
FIELDS = {kind.key: kind.fields for kind in KINDS}
HOSTILE = ["<script>alert(1)</script>", "'; DROP TABLE core_user; --", "{{ 7 * 7 }}", "\u202egnp", "가" * 5000, "%s%n", "../../etc/passwd"]


def add(client: Client, kind: str, here: str = "/", *, after: str = "stay", htmx: bool = False, **said: object) -> Any:
    address = {"lead": reverse("lead_new"), "contact": reverse("contact_new"), "account": reverse("account_new")}.get(kind) or reverse("quick_add", args=[kind])
    return client.post(address, {"next": here, "after": after, **said}, headers=HTMX if htmx else {})


def kinds_of(text: str) -> list[str]:
    return re.findall(r'href="/add/(\w+)\?from=[^"]*" data-kind', text)


def proposed(client: Client, here: str) -> str:
    text = client.get(f"{reverse('quick_add_first')}?from={quote(here)}", headers=HTMX).content.decode()
    return re.search(r'href="/add/(\w+)\?from=[^"]*" data-kind aria-current', text)[1]  # type: ignore[index]  # there is one


def test_it_proposes_what_one_adds_there(cast: Cast) -> None:
    lead = lead_of(cast)
    ivo = signed_in(cast.ivo)
    at_home = {
        "/": "lead",
        reverse("leads"): "lead",
        reverse("accounts") + "?view=mine": "account",
        reverse("contacts"): "contact",
        reverse("tasks"): "task",
        reverse("opportunities"): "opportunity",
        reverse("account", args=[lead.account_id]): "contact",
        reverse("lead", args=[lead.pk]): "task",
        reverse("contact", args=[lead.contact_id]): "task",
    }
    assert {here: proposed(ivo, here) for here in at_home} == at_home


def test_a_contact_added_at_an_account_is_there(cast: Cast) -> None:
    account = lead_of(cast).account
    ivo, here = signed_in(cast.ivo), reverse("account", args=[account.pk])
    assert f'value="{account.name}"' in ivo.get(f"{reverse('quick_add', args=['contact'])}?from={here}").content.decode()
    answer = add(ivo, "contact", here, family_name="박", given_name="지호", account=account.name)
    assert (answer.status_code, answer["Location"]) == (302, here)
    contact = Contact.objects.get(family_name="박")
    assert contact.account == account
    assert f'href="{reverse("contact", args=[contact.pk])}" data-part="act">Open it' in ivo.get(here).content.decode()


def test_a_lead_takes_five_fields_at_most(cast: Cast) -> None:
    ivo = signed_in(cast.ivo)
    for kind in kinds_of(ivo.get(reverse("quick_add_first")).content.decode()):
        text = ivo.get(reverse("quick_add", args=[kind]), headers=HTMX).content.decode()
        shown = re.findall(r'<(?:input|select|textarea)(?![^>]*type="hidden")[^>]*name="(\w+)"', text)
        assert 0 < len(shown) <= 5, (kind, shown)
    answer = add(ivo, "lead", "/relay", full_name="한서윤", origin="inbound")
    assert answer["Location"] == "/relay"
    assert Lead.objects.get().contact.display_name == "한서윤"


def test_every_field_of_a_kind_is_in_its_form(cast: Cast) -> None:
    lead = lead_of(cast)
    for who in (cast.ivo, cast.saori):
        client = signed_in(who)
        for here in ("/", reverse("account", args=[lead.account_id])):
            for kind in kinds_of(client.get(f"{reverse('quick_add_first')}?from={quote(here)}", headers=HTMX).content.decode()):
                text = client.get(f"{reverse('quick_add', args=[kind])}?from={quote(here)}", headers=HTMX).content.decode()
                shown = re.findall(r'<(?:input|select|textarea)(?![^>]*type="hidden")[^>]*name="(\w+)"', text)
                assert set(shown) == set(FIELDS[kind]), (kind, here)


def test_a_contact_is_added_with_how_they_are_reached(cast: Cast) -> None:
    ivo = signed_in(cast.ivo)
    text = ivo.get(reverse("quick_add", args=["contact"])).content.decode()
    typed = {"family_name": "박", "email": "park@gaon.example", "phone": "+82 2 1234 5678"}
    assert all(f'name="{name}"' in text for name in typed)
    add(ivo, "contact", **typed)
    contact = Contact.objects.get()
    assert ([str(one) for one in contact.emails.all()], contact.phones.count()) == (["park@gaon.example"], 1)


def test_another_goes_on_with_an_empty_form_and_says_what_is_there(cast: Cast) -> None:
    ivo = signed_in(cast.ivo)
    answer = add(ivo, "account", "/leads?view=all", after="another", name="가온증권", country="KR")
    assert answer["Location"] == "/add/account?from=%2Fleads%3Fview%3Dall"
    text = ivo.get(answer["Location"], headers=HTMX).content.decode()
    assert "가온증권" not in text
    assert f'href="{reverse("account", args=[Account.objects.get().pk])}" data-part="act"' in text
    assert 'name="next" value="/leads?view=all"' in text


def test_the_dialog_is_told_where_to_go(cast: Cast) -> None:
    answer = add(signed_in(cast.ivo), "account", "/leads", htmx=True, name="Gaon")
    assert (answer.status_code, answer["HX-Redirect"]) == (200, "/leads")


def test_what_was_typed_is_kept_when_it_is_refused(cast: Cast) -> None:
    ivo = signed_in(cast.ivo)
    answer = add(ivo, "contact", family_name="박", account="Nobody Ltd.", email="no address")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="박"' in text
    assert "no account “Nobody Ltd.”" in text
    assert re.search(r"<form [^>]*data-quick", text)
    answer = add(ivo, "task", reverse("tasks"), htmx=True, subject="x" * 201, due_on="tomorrow")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "x" * 201 in text
    assert "<html" not in text
    assert not Contact.objects.exists()
    assert not Task.objects.exists()


def test_a_task_and_a_note_are_about_the_record_one_looks_at(cast: Cast) -> None:
    lead = lead_of(cast)
    ivo, here = signed_in(cast.ivo), reverse("lead", args=[lead.pk])
    add(ivo, "task", here, subject="Call back", due_on="2026-03-09")
    add(ivo, "note", here, text="Asked for a price.")
    assert (Task.objects.get().lead, Task.objects.get().owner) == (lead, cast.ivo)
    assert TimelineEntry.objects.get(kind="note").lead == lead


def test_a_note_needs_a_record(cast: Cast) -> None:
    ivo = signed_in(cast.ivo)
    assert "note" not in kinds_of(ivo.get(reverse("quick_add_first")).content.decode())
    answer = add(ivo, "note", "/leads", text="about nothing")
    assert answer.status_code == 200
    assert not TimelineEntry.objects.filter(kind="note").exists()


def test_a_deal_that_sales_found_has_a_lead_and_a_ledger(cast: Cast) -> None:
    saori = signed_in(cast.saori)
    answer = add(saori, "opportunity", "/opportunities", account="가온증권", name="Night session", amount="90000000")
    assert answer["Location"] == "/opportunities"
    deal = Opportunity.objects.get()
    assert (deal.owner, deal.amount, deal.currency, deal.lead.origin, deal.lead.account.name) == (cast.saori, 90_000_000, "KRW", "outbound", "가온증권")
    assert list(Passage.objects.order_by("entered_at", "seq").values_list("stage", "outcome")) == [(BOOKED, "advanced"), (P1, "")]


def test_the_deal_of_a_lead_is_that_leads(cast: Cast) -> None:
    lead = offered(cast).lead
    ruth, here = signed_in(cast.ruth), reverse("lead", args=[lead.pk])
    add(ruth, "opportunity", here, name="Night session")
    assert Opportunity.objects.get().lead == lead
    assert Handoff.objects.get().state == "accepted", "what was offered is accepted by it"
    assert Lead.objects.count() == 1
    # From there on, one more is another deal at the same company.
    add(ruth, "opportunity", here, account=lead.account.name)
    assert Opportunity.objects.exclude(lead=lead).get().lead.account == lead.account


def test_a_lead_of_inside_sales_that_is_not_offered_becomes_no_deal(cast: Cast) -> None:
    lead = lead_of(cast, stage=BOOKED)
    answer = add(signed_in(cast.ruth), "opportunity", reverse("lead", args=[lead.pk]), name="Night session")
    assert answer.status_code == 422
    assert "Hand it off first" in answer.content.decode()
    assert not Opportunity.objects.exists()


def test_records_of_others_are_as_if_they_were_not(cast: Cast) -> None:
    deal = deal_of(cast)
    other = signed_in(hired("kai", "Kai", "Lee", role=Role.FIELD_SELLER, team=cast.success))
    here = reverse("lead", args=[deal.lead_id])
    text = other.get(f"{reverse('quick_add_first')}?from={here}").content.decode()
    assert deal.lead.title not in text
    assert "note" not in kinds_of(text)
    add(other, "task", here, subject="Look into it")
    assert Task.objects.get().lead is None


def test_whoever_may_not_add_sees_no_plus_and_is_refused(cast: Cast) -> None:
    observer = signed_in(hired("obi", "Obi", "Ana", role=Role.OBSERVER))
    assert "<quick-add>" not in observer.get("/").content.decode()
    assert observer.get(reverse("quick_add_first")).status_code == 403
    for kind in ("lead", "contact", "account", "task", "note", "opportunity"):
        assert add(observer, kind, subject="x", text="x", name="x", full_name="x", family_name="x", account="x", origin="inbound").status_code == 403, kind
    chika = signed_in(cast.chika)
    assert kinds_of(chika.get(reverse("quick_add_first")).content.decode()) == ["contact", "account", "task"]
    assert add(chika, "lead", full_name="x", origin="inbound").status_code == 403


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", "", "nowhere", "/no/such/page"])
def test_it_never_leads_out_of_the_house(cast: Cast, address: str) -> None:
    ivo = signed_in(cast.ivo)
    answer = add(ivo, "account", address, name="Gaon")
    assert answer["Location"] in {"/", "/no/such/page"}
    assert ivo.get(f"{reverse('quick_add_first')}?from={quote(address)}").status_code == 200


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_are_kept_as_words_or_refused(cast: Cast, hostile: str) -> None:
    lead = lead_of(cast)
    ruth, here = signed_in(cast.ruth), reverse("lead", args=[lead.pk])
    for kind, field in (("task", "subject"), ("note", "text"), ("account", "name"), ("opportunity", "name")):
        answer = add(ruth, kind, here, **{field: hostile, "account": "Gaon"} if kind == "opportunity" else {field: hostile})
        assert answer.status_code in {302, 422}, (kind, answer.status_code)
        assert "<script>alert(1)" not in answer.content.decode()
    assert "<script>alert(1)" not in ruth.get(here).content.decode()


@pytest.mark.parametrize("amount", ["-1", "NaN", "1e400", "9" * 40, "twelve"])
def test_no_amount_that_is_none(cast: Cast, amount: str) -> None:
    assert add(signed_in(cast.saori), "opportunity", account="Gaon", amount=amount).status_code == 422
    assert not Account.objects.exists()
