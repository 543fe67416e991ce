"""New records are asked for their custom fields too: kept with the record or not at all, and only what the person sees."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.custom_fields.definitions import FieldKind, FieldNoun
from tasuki.crm import requirements, stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tests.cast import MONDAY, SET_UP, Cast
from tests.core.test_custom_fields import key_of, made
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db
NEW: dict[FieldNoun, tuple[str, dict[str, Any], type[Any]]] = {
    FieldNoun.ACCOUNT: ("account_new", {"name": "Gaon"}, Account),
    FieldNoun.CONTACT: ("contact_new", {"family_name": "Roe"}, Contact),
    FieldNoun.LEAD: ("lead_new", {"full_name": "Ada Roe", "origin": "inbound"}, Lead),
}


@pytest.mark.parametrize("noun", NEW)
def test_custom_fields_are_asked_for_and_kept(cast: Cast, noun: FieldNoun) -> None:
    address, said, model = NEW[noun]
    tier, sites = made(FieldKind.CHOICE, "Tier", noun=noun), made(FieldKind.NUMBER, "Sites", noun=noun)
    secret = made(FieldKind.TEXT, "Secret", noun=noun, hidden_from=[Role.INSIDE_SELLER])
    ivo = signed_in(cast.ivo)
    page = ivo.get(reverse(address)).content.decode()
    assert "Tier" in page
    assert "Secret" not in page
    wrong = ivo.post(reverse(address), said | {tier.key: key_of(tier, "Gold"), sites.key: "many"})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.content.decode()
    assert not model._default_manager.exists(), "Nothing is half written."
    assert ivo.post(reverse(address), said | {tier.key: key_of(tier, "Gold"), sites.key: "1,200", secret.key: "x"}).status_code == 302
    assert model._default_manager.get().custom == {tier.slot: key_of(tier, "Gold"), sites.slot: "1200"}
    assert ivo.post(reverse(address), said | {"name": "Norwick", "family_name": "Poe", "full_name": "Eva Poe"}).status_code == 302, "None is a must."


def test_a_field_that_a_stage_will_ask_for_says_so(cast: Cast) -> None:
    need = made(FieldKind.TEXT, "Need", noun=FieldNoun.LEAD, help_text="In their words.")
    requirements.require_from(need, stage=stages.ORDER[2], by=SET_UP, at=MONDAY)
    assert "In their words. Required from Ready (MQL) on." in signed_in(cast.ivo).get(reverse("lead_new")).content.decode()
