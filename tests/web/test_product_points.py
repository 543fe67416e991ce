"""The page on which it is written what to say of a product, and what of it stands at the desk and in the printed brief."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.crm import product_points, records
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Lead
from tasuki.crm.product_points import ProductPoint, Said
from tasuki.crm.products import Product
from tasuki.inside_sales import qualification
from tests.cast import SET_UP, Cast, hired
from tests.engage.calling import callable_lead
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

HOSTILE = ["", " ", "x" * 5000, "<script>alert(1)</script>", "%s {0}", "-1", "9" * 30, "\U0001f408" * 300]
SAID = {"kind": "say", "language": "ko", "words": "장중에 한도를 바꿉니다", "position": "1"}


def product() -> Product:
    return records.add_product("Gate", line="Pre-trade risk", price=None, currency="", by=SET_UP, at=now())


def about(lead: Lead, gate: Product, *, industry: str = "Bank") -> Lead:
    Account.objects.filter(pk=lead.account_id).update(industry=industry)
    Lead.objects.filter(pk=lead.pk).update(product=gate, product_line=gate.line)
    return lead


def keep(gate: Product, kind: str, words: str, **more: Any) -> ProductPoint:
    return product_points.keep(gate, said=Said(kind, more.pop("language", "ko"), words, **more), by=SET_UP, at=now())


def at_desk(client: Client, lead: Lead, *, name: str = "desk_lead") -> str:
    answer = client.get(reverse(name, args=[lead.pk]))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_points_are_written_changed_and_taken_out_on_a_page_of_the_product(cast: Cast) -> None:
    gate, ada = product(), signed_in(cast.ada)
    address = reverse("product_points", args=[gate.pk])
    assert ada.post(address, SAID).status_code == 302
    [point] = gate.points.all()
    assert ada.post(f"{address}?point={point.pk}", {**SAID, "words": "재시작 없이 바꿉니다"}).status_code == 302
    assert [one.words for one in gate.points.all()] == ["재시작 없이 바꿉니다"]
    assert "재시작 없이 바꿉니다" in ada.get(address).content.decode()
    assert "재시작 없이 바꿉니다" in signed_in(cast.ivo).get(reverse("product", args=[gate.pk])).content.decode()
    assert ada.post(address, {**SAID, "kind": "rival"}).status_code == 422
    assert ada.post(reverse("product_point_removal", args=[point.pk])).status_code == 302
    assert not gate.points.exists()


def test_only_whoever_edits_products_writes_them(cast: Cast) -> None:
    gate = product()
    point, address = keep(gate, "say", "말"), reverse("product_points", args=[gate.pk])
    for who in (cast.ivo, cast.saori, cast.mina, hired("obi", "Obi", "Ana", role=Role.OBSERVER)):
        client = signed_in(who)
        assert [client.get(address).status_code, client.post(address, SAID).status_code] == [403, 403]
        assert client.post(reverse("product_point_removal", args=[point.pk])).status_code == 403
    another = keep(records.add_product("Desk", line="", price=None, currency="", by=SET_UP, at=now()), "say", "말")
    assert signed_in(cast.ada).get(f"{address}?point={another.pk}").status_code == 404, "a point of another product is not changed here"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_point_breaks_the_page_whatever_is_sent(cast: Cast, text: str) -> None:
    gate, ada = product(), signed_in(cast.ada)
    said = dict.fromkeys(("industry", "name", "words", "strong", "weak"), text)
    for sent in (SAID | said, dict.fromkeys(SAID, text)):
        assert ada.post(reverse("product_points", args=[gate.pk]), sent).status_code in {302, 422}
    assert "<script>alert" not in ada.get(reverse("product_points", args=[gate.pk])).content.decode()


def test_the_desk_says_what_to_tell_this_industry_in_the_persons_language(cast: Cast) -> None:
    gate = product()
    lead = about(callable_lead(cast), gate)
    keep(gate, "say", "장중에 바꿉니다")
    keep(gate, "say", "Changed within the session", language="en")
    keep(gate, "pain", "밤에는 누가 봅니까?", industry="Bank")
    keep(gate, "pain", "증권사만", industry="Securities")
    keep(gate, "reference", "반깁니다", name="북쪽은행", industry="Bank")
    keep(gate, "rival", "누가 바꾸는지 묻습니다", name="Corvane", strong="1.9 µs", weak="재시작")
    keep(gate, "rival", "묻습니다", name="Brassgull")
    page, printed = (at_desk(signed_in(cast.ivo), lead, name=name) for name in ("desk_lead", "desk_brief"))
    for shown in (page, printed):
        assert all(words in shown for words in ("장중에 바꿉니다", "밤에는 누가 봅니까?", "북쪽은행", "Corvane", "1.9 µs", "재시작", "Brassgull"))
        assert "Changed within the session" not in shown
        assert "증권사만" not in shown
    qualification.learn(lead, fact="competitors", words="corvane, PoC", by=By(cast.ivo, Door.WEB), at=now())
    page = at_desk(signed_in(cast.ivo), lead)
    assert "누가 바꾸는지 묻습니다" in page
    assert "Brassgull" not in page, "whom they named is answered, and nobody else is brought up"


def test_customers_of_their_industry_are_named_to_whoever_sees_them_and_counted_to_all(cast: Cast) -> None:
    gate = product()
    lead = about(callable_lead(cast), gate)
    ours, theirs, brokers = (about(callable_lead(cast, nth), gate) for nth in (2, 3, 4))
    about(brokers, gate, industry="Securities")
    Lead.objects.filter(pk__in=[ours.pk, theirs.pk, brokers.pk]).update(won_at=now() + timedelta(days=1))
    Account.objects.filter(pk=theirs.account_id).update(owner=cast.saori, team=cast.field_sales)
    Lead.objects.filter(pk=theirs.pk).update(owner=cast.saori, team=cast.field_sales)
    page = at_desk(signed_in(cast.ivo), lead)
    assert "2 customers in Bank" in page
    assert "Exchange 2" in page
    assert "Exchange 3" not in page
    assert "Exchange 3" in at_desk(signed_in(cast.ada), lead)


def test_what_to_say_costs_the_desk_the_same_for_two_points_and_for_forty(cast: Cast) -> None:
    gate, client = product(), signed_in(cast.ivo)
    lead = about(callable_lead(cast), gate)
    keep(gate, "say", "하나")

    def n_queries() -> int:
        at_desk(client, lead)
        with CaptureQueriesContext(connection) as asked:
            at_desk(client, lead)
        return len(asked)

    few = n_queries()
    for nth in range(39):
        keep(gate, "say", f"{nth}")
    assert n_queries() == few
