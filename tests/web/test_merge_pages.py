"""The pages of a merge: side by side, what is chosen, what is refused, the way back, and nothing for those who must not see it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.abilities import ABILITIES, Ability, Role
from tasuki.core.audit import By, Door
from tasuki.crm import merging, records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.duplicate_groups import DuplicateGroup
from tasuki.crm.leads import Lead
from tasuki.crm.merges.rows import Merge
from tasuki.crm.records import Company, Person
from tests.cast import MONDAY, Cast, hired
from tests.crm.test_merging import UNASKED
from tests.web.office import lead_of, signed_in

pytestmark = pytest.mark.django_db


def firm(cast: Cast, name: str, nth: int = 0, **known: object) -> Account:
    said = Company(name, **known)  # type: ignore[arg-type]  # whatever the test says of it
    by, at = By(cast.ivo, Door.WEB), MONDAY + timedelta(hours=nth)
    account = records.add_account(said, owner=cast.ivo, team=cast.inside_sales, another=UNASKED, by=by, at=at)
    DuplicateGroup.objects.filter(reason=UNASKED).delete()
    return account


def someone(cast: Cast, family: str, account: Account, **known: str) -> Contact:
    said = Person(family, account=account, **known)  # type: ignore[arg-type]  # likewise
    return records.add_contact(said, another=UNASKED, by=By(cast.ivo, Door.WEB), at=MONDAY)


def side_by_side(client: Client, *them: Account | Contact | Lead) -> str:
    answer = client.get(reverse("merge_new"), {"of": them[0].noun, "id": [one.pk for one in them]})
    assert answer.status_code == 200
    return answer.content.decode()


def sent(*them: Account | Contact | Lead, survivor: Account | Contact | Lead, **more: object) -> dict[str, object]:
    seen = {f"seen.{one.pk}": one.updated_at.isoformat() for one in them}
    return {"of": them[0].noun, "id": [one.pk for one in them], "survivor": survivor.pk, **seen, **more}


def test_ruth_compares_merges_and_undoes(cast: Cast) -> None:
    a, b = firm(cast, "Gaon", industry="exchange"), firm(cast, "Gaon Securities", 1, industry="securities", domain="gaon.example")
    someone(cast, "Ahn", b)
    ruth = signed_in(cast.ruth)
    text = side_by_side(ruth, a, b)
    assert re.search(rf'name="survivor" value="{b.pk}" checked', text), "the more complete one is proposed"
    assert re.search(rf'name="field.industry" value="{b.pk}"[^>]* checked', text), "and the newer value"
    assert "gaon.example" in text
    assert "contacts" in text
    answer = ruth.post(reverse("merges"), sent(a, b, survivor=a, **{"field.industry": a.pk, "field.name": b.pk}))
    assert answer["Location"] == reverse("account", args=[a.pk])
    account = Account.objects.get()
    assert (account.pk, account.name, account.industry, account.domain) == (a.pk, "Gaon Securities", "exchange", "gaon.example")
    shown = ruth.get(reverse("account", args=[a.pk])).content.decode()
    merge = Merge.objects.get()
    assert reverse("merge_undoing", args=[merge.pk]) in shown, "the toast offers it"
    assert reverse("merge", args=[merge.pk]) in shown, "and the timeline leads to it"
    assert "Undo the merge" in ruth.get(reverse("merge", args=[merge.pk])).content.decode()
    ruth.post(reverse("merge_undoing", args=[merge.pk]))
    assert set(Account.objects.values_list("pk", "name")) == {(a.pk, "Gaon"), (b.pk, "Gaon Securities")}
    assert "Undo the merge" not in ruth.get(reverse("merge", args=[merge.pk])).content.decode()


def test_the_address_of_a_merged_record_leads_to_the_one_it_is_now(cast: Cast) -> None:
    a, b = firm(cast, "A"), firm(cast, "B")
    one, two = someone(cast, "Ahn", a), someone(cast, "Bae", a)
    ruth = By(cast.ruth, Door.WEB)
    merging.merge(a, others=[b], by=ruth, at=MONDAY)
    merging.merge(one, others=[two], by=ruth, at=MONDAY)
    client = signed_in(cast.ivo)
    assert client.get(reverse("account", args=[b.pk]))["Location"] == reverse("account", args=[a.pk])
    assert client.get(reverse("contact", args=[two.pk]))["Location"] == reverse("contact", args=[one.pk])
    assert client.get(reverse("account", args=[999_999])).status_code == 404
    assert signed_in(cast.saori).get(reverse("account", args=[b.pk])).status_code == 404, "nobody learns where it went who must not see it"


def test_what_was_ticked_in_a_list_is_compared(cast: Cast) -> None:
    leads = [lead_of(cast, nth) for nth in range(3)]
    ruth = signed_in(cast.ruth)
    for noun, page in (("lead", "leads"), ("account", "accounts"), ("contact", "contacts")):
        assert reverse("merge_choosing", args=[noun]) in ruth.get(reverse(page)).content.decode()
        assert reverse("merge_choosing", args=[noun]) not in signed_in(cast.ivo).get(reverse(page)).content.decode()
    answer = ruth.get(reverse("merge_choosing", args=["lead"]), {"id": [leads[0].pk, leads[1].pk], "next": "/leads"})
    assert answer["Location"] == f"/merges/new?of=lead&id={leads[0].pk}&id={leads[1].pk}"
    for said in ({"id": leads[0].pk}, {"id": list(range(1, 30))}, {"id": [leads[0].pk, leads[1].pk], "everything": "1"}, {}):
        assert ruth.get(reverse("merge_choosing", args=["lead"]), {**said, "next": "/leads?view=all"})["Location"] == "/leads?view=all"
    assert ruth.get(reverse("merge_choosing", args=["lead"]), {"next": "https://evil.example/"})["Location"] == reverse("leads")
    assert ruth.get(reverse("merge_choosing", args=["task"]), {}).status_code == 404


def test_leads_are_compared_and_merged_into_the_one_that_stays(cast: Cast) -> None:
    one, two = lead_of(cast, 1), lead_of(cast, 2)
    ruth = signed_in(cast.ruth)
    assert "webinar" in side_by_side(ruth, one, two)
    ruth.post(reverse("merges"), sent(one, two, survivor=two))
    assert Lead.objects.get(pk=one.pk).merged_into == two
    ruth.post(reverse("merge_undoing", args=[Merge.objects.get().pk]))
    assert Lead.objects.get(pk=one.pk).state == "open"


def test_of_one_record_the_page_offers_what_is_probably_the_same(cast: Cast) -> None:
    a, b, other = firm(cast, "Gaon Securities"), firm(cast, "㈜Gaon Securities", 1, industry="exchange"), firm(cast, "Norwick Exchange")
    ruth = signed_in(cast.ruth)
    text = side_by_side(ruth, a)
    assert "same name" in text
    assert f'value="{b.pk}"' in text
    assert f'value="{other.pk}"' not in text
    found = ruth.get(reverse("merge_new"), {"of": "account", "id": a.pk, "q": "norwick"}).content.decode()
    assert f'value="{other.pk}"' in found


@pytest.mark.parametrize("said", [{"survivor": ""}, {"survivor": "999999"}, {"survivor": "'; drop"}])
def test_a_form_that_names_no_survivor_comes_back(cast: Cast, said: dict[str, str]) -> None:
    a, b = firm(cast, "A"), firm(cast, "B")
    answer = signed_in(cast.ruth).post(reverse("merges"), {**sent(a, b, survivor=a), **said})
    assert answer.status_code == 422
    assert "Say which of them stays." in answer.content.decode()


def test_a_form_that_is_old_or_forged_comes_back_with_the_reason_and_what_was_chosen(cast: Cast) -> None:
    a, b, c = firm(cast, "A", industry="x"), firm(cast, "B", 1, industry="y"), firm(cast, "C")
    ruth = signed_in(cast.ruth)
    old = {**sent(a, b, survivor=a, **{"field.industry": a.pk}), f"seen.{b.pk}": (b.updated_at - timedelta(hours=1)).isoformat()}
    answer = ruth.post(reverse("merges"), old)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Somebody changed one of them meanwhile" in text
    assert re.search(rf'name="field.industry" value="{a.pk}"[^>]* checked', text)
    for forged in ({"field.name": c.pk}, {"field.name": "x"}, {"field.owner_id": a.pk}, {f"seen.{a.pk}": "yesterday"}):
        assert ruth.post(reverse("merges"), {**sent(a, b, survivor=a), **forged}).status_code == 422
    assert ruth.post(reverse("merges"), {**sent(a, b, survivor=a), "of": "user"}).status_code == 404
    assert not Merge.objects.exists()


def test_more_than_twenty_and_one_alone_are_refused(cast: Cast) -> None:
    firms = [firm(cast, f"F{nth}") for nth in range(21)]
    ruth = signed_in(cast.ruth)
    assert "Choose 2 to 20" in ruth.post(reverse("merges"), sent(*firms, survivor=firms[0])).content.decode()
    assert ruth.post(reverse("merges"), sent(firms[0], survivor=firms[0])).status_code == 422


def test_who_may_not_merge_sees_none_of_it(cast: Cast) -> None:
    a, b = firm(cast, "A"), firm(cast, "B")
    merge = merging.merge(a, others=[b], by=By(cast.ruth, Door.WEB), at=MONDAY)
    for user in (cast.ivo, cast.mina, cast.tomas):
        client = signed_in(user)
        assert client.get(reverse("merge_new"), {"of": "account", "id": a.pk}).status_code == 403
        assert client.post(reverse("merges"), sent(a, b, survivor=a)).status_code == 403
        assert client.get(reverse("merge_choosing", args=["account"])).status_code == 403
        assert client.get(reverse("merge", args=[merge.pk])).status_code in (403, 404)
        assert client.post(reverse("merge_undoing", args=[merge.pk])).status_code in (403, 404)
    assert Merge.objects.get().undone_at is None


def test_what_one_does_not_see_is_not_compared(cast: Cast) -> None:
    marta = hired("marta", "Silva", "Marta", role=Role.MANAGER, team=cast.marketing)
    mine = records.add_account(Company("Mine"), owner=marta, team=cast.marketing, by=By(marta, Door.WEB), at=MONDAY)
    theirs = firm(cast, "Secret Firm")
    text = side_by_side(signed_in(marta), mine, theirs)
    assert "Secret Firm" not in text
    assert signed_in(marta).get(reverse("merge_new"), {"of": "account", "id": theirs.pk}).status_code == 404


def test_who_may_not_see_mail_addresses_does_not_see_them_side_by_side(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    account = firm(cast, "A")
    one, two = someone(cast, "Ahn", account, email="ahn@gaon.example"), someone(cast, "Ahn", account, email="hidden@gaon.example", phone="+82 2 555 0142")
    assert "ahn@gaon.example" in side_by_side(signed_in(cast.ruth), one, two)
    monkeypatch.setitem(ABILITIES, Ability.SEE_CONTACT_DETAILS, frozenset())
    text = side_by_side(signed_in(cast.ruth), one, two)
    for secret in ("gaon.example", "555", "main mail", "field.email"):
        assert secret not in text.replace(account.name, "")
    assert signed_in(cast.ruth).post(reverse("merges"), sent(one, two, survivor=one, **{"field.email": one.pk})).status_code == 422


@pytest.mark.parametrize("noun", ["account", "contact", "lead"])
def test_twelve_records_cost_as_many_queries_as_two(cast: Cast, noun: str) -> None:
    leads = [lead_of(cast, nth) for nth in range(12)]
    them = [{"account": one.account, "contact": one.contact, "lead": one}[noun] for one in leads]
    ruth = signed_in(cast.ruth)

    def n_queries(n: int) -> int:
        with CaptureQueriesContext(connection) as asked:
            side_by_side(ruth, *them[:n])  # type: ignore[arg-type]  # leads of the office have both
        return len(asked)

    n_queries(2)
    assert n_queries(2) == n_queries(12)
