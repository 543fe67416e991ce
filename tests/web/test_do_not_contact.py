"""The do-not-contact list: asked like any list, found by a whole number though only its hash is kept, and shown to nobody who must not see it."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from tasuki.core import abilities
from tasuki.core.abilities import Ability, Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.people import User
from tasuki.core.saved_views import SavedView
from tasuki.engage import blocks
from tasuki.engage.blocks import Block, BlockKind
from tests.cast import MONDAY, Cast, hired
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

LIST = "/do-not-contact"


def blocked(text: str, who: User, reason: str = "") -> Block:
    return blocks.block(text, reason=reason, by=By(who, Door.WEB), at=MONDAY)


def listed(who: User, question: str = "") -> set[int]:
    answer = signed_in(who).get(LIST + question)
    assert answer.status_code == 200, answer.content.decode()
    return {int(pk) for pk in re.findall(r'<tr id="block-(\d+)"', answer.content.decode())}


def exported(who: User, question: str = "") -> str:
    answer = signed_in(who).get(reverse("export", args=["block"]) + f"?form=csv{question}")
    return b"".join(answer).decode("utf-8-sig")


def test_the_list_begins_with_what_stands_and_is_asked_by_kind_by_whom_and_why(cast: Cast) -> None:
    number, domain = blocked("010-4747-5003", cast.ivo, "asked on the telephone"), blocked("gaon.example", cast.mina)
    over = blocks.unblock(blocked("a@b.example", cast.ivo), reason="a mistake", by=By(cast.ada, Door.WEB), at=MONDAY)
    assert listed(cast.ivo) == {number.pk, domain.pk}
    assert listed(cast.ivo, "?view=lifted") == {over.pk}
    assert listed(cast.ivo, "?view=mine") == {number.pk}
    assert listed(cast.ivo, "?view=all") == {number.pk, domain.pk, over.pk}
    assert listed(cast.ivo, "?filter=kind:is(domain)") == {domain.pk}
    assert listed(cast.ivo, "?filter=reason:contains(telephone)") == {number.pk}
    assert listed(cast.ivo, "?filter=lifted_because:contains(mistake)") == {over.pk}


@pytest.mark.parametrize("typed", ["+82 10 4747 5003", "010-4747-5003", "5003", "on the telephone"])
def test_a_whole_number_is_found_though_only_its_end_is_kept(cast: Cast, typed: str) -> None:
    number, _other = blocked("010-4747-5003", cast.ivo, "asked on the telephone"), blocked("010-4747-5004", cast.ivo)
    assert Block.objects.get(pk=number.pk).value == ""
    assert listed(cast.ivo, f"?q={typed.replace('+', '%2B')}") == {number.pk}


def test_an_address_is_found_by_its_domain_too_and_a_stranger_finds_nothing(cast: Cast) -> None:
    domain, address = blocked("gaon.example", cast.ivo), blocked("kim@gaon.example", cast.ivo)
    assert listed(cast.ivo, "?q=kim@gaon.example") == {domain.pk, address.pk}
    assert listed(cast.ivo, "?q=lee@mail.gaon.example") == {domain.pk}
    assert listed(cast.ivo, "?q=lee@elsewhere.example") == set()


def test_of_whoever_is_erased_the_list_says_nothing_but_that_somebody_asked(cast: Cast) -> None:
    row = blocks.block_erased("quartz@gaon.example", kind=BlockKind.MAIL, by=By(cast.ada, Door.WEB), at=MONDAY)
    for text in (signed_in(cast.ada).get(LIST), signed_in(cast.ada).get(reverse("block", args=[row.pk])), signed_in(cast.ada).get(f"{LIST}/{row.pk}/peek")):
        assert "somebody who asked to be erased" in text.content.decode()
        assert "gaon" not in text.content.decode()
    assert "gaon" not in exported(cast.ada)


def test_whoever_must_not_see_numbers_opens_neither_list_nor_block_nor_file_and_saves_no_view(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    row, view = blocked("010-4747-5003", cast.ivo), {"of": "block", "name": "Mine", "reach": "mine", "sort": "-blocked", "columns": "value"}
    for who in (hired("obi", "Obi", "Ana", role=Role.OBSERVER), cast.tomas):
        client = signed_in(who)
        assert client.get(LIST).status_code == 403
        assert client.get(reverse("export", args=["block"]) + "?form=csv").status_code == 403
        assert client.get(reverse("block", args=[row.pk])).status_code in (403, 404)
        assert client.get(reverse("block_peek", args=[row.pk])).status_code in (403, 404)
        assert client.post(reverse("view_add"), view).status_code == 403
    assert not SavedView.objects.exists()
    assert reverse("export", args=["block"]) in signed_in(cast.ada).get(reverse("data_export")).content.decode()
    monkeypatch.setitem(abilities.ABILITIES, Ability.SEE_CONTACT_DETAILS, frozenset())
    assert reverse("export", args=["block"]) not in signed_in(cast.ada).get(reverse("data_export")).content.decode()
    assert signed_in(cast.ada).get(reverse("export", args=["block"]) + "?form=csv").status_code == 403


def test_the_file_holds_what_the_list_shows_and_the_trail_says_that_it_left(cast: Cast) -> None:
    blocked("010-4747-5003", cast.ivo, "asked")
    head, row = exported(cast.ada).strip().splitlines()
    assert head == "Number or address,Kind,Reason,Blocked by,Blocked,Lifted"
    assert row.startswith("…5003,number,asked,Ivo Horvat,2026-03-02")
    assert AuditEntry.objects.filter(action="export", changes__list=[None, "block"]).exists()
    assert signed_in(cast.ivo).get(reverse("export", args=["block"]) + "?form=csv").status_code == 403, "Ivo takes nothing out"


def test_a_block_has_a_page_where_it_is_lifted_with_a_reason_and_the_list_is_gone_back_to_as_it_was(cast: Cast) -> None:
    row = blocked("010-4747-5003", cast.ivo, "asked")
    page = reverse("block", args=[row.pk])
    assert "Lift the block" not in signed_in(cast.ivo).get(page).content.decode()
    ada, lifting = signed_in(cast.ada), reverse("do_not_contact_lifting", args=[row.pk])
    assert "Lift the block" in ada.get(page).content.decode()
    refused = ada.post(lifting, {"reason": ""})
    assert refused.status_code == 422
    assert "Lift the block" in refused.content.decode()
    answer = ada.post(lifting, {"reason": "a mistake", "next": f"{LIST}?view=all"})
    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}?view=all")
    again = ada.post(lifting, {"reason": "once more"})
    assert again.status_code == 422
    assert "lifted already" in again.content.decode()
    text = ada.get(page).content.decode()
    assert "a mistake" in text
    assert "lifted the block" in text, "the page has its history"
    assert f'href="{page}"' in ada.get(reverse("audit")).content.decode()


def test_what_cannot_be_blocked_stays_in_the_form_above_the_list(cast: Cast) -> None:
    blocked("010-4747-5003", cast.ivo)
    answer = signed_in(cast.ivo).post(LIST, {"value": "nonsense", "reason": "they wrote"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'value="nonsense"' in text
    assert 'value="they wrote"' in text
    assert "…5003" in text
