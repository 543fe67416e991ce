"""A field can be required from a stage on: nothing enters it without, and the refusal names what is missing."""

from __future__ import annotations

import pytest

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.custom_fields import defining, writing
from tasuki.core.custom_fields.defining import Wording
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, FieldNoun
from tasuki.core.errors import Forbidden
from tasuki.crm import leads, requirements, stages
from tasuki.crm.requirements import CannotBeRequired, FieldsMissing
from tasuki.sales import opportunities
from tests.cast import MONDAY, SET_UP, Cast
from tests.web.office import deal_of, lead_of

pytestmark = pytest.mark.django_db


def required(noun: FieldNoun, label: str, stage: str, *, hidden_from: tuple[str, ...] = ()) -> CustomField:
    field = defining.define(noun, kind=FieldKind.TEXT, wording=Wording(label, hidden_from=hidden_from), by=SET_UP, at=MONDAY)
    return requirements.require_from(field, stage=stage, by=SET_UP, at=MONDAY)


def test_a_lead_does_not_enter_the_stage_nor_a_later_one_without_the_field(cast: Cast) -> None:
    lead, by = lead_of(cast, stage=stages.READY), By(cast.ivo, Door.WEB)
    need = required(FieldNoun.LEAD, "Need", stages.CONNECTED)
    required(FieldNoun.LEAD, "Minutes", stages.ADOPTION)
    leads.advance(lead, to=stages.WORKING, by=by, at=MONDAY.replace(hour=12))
    for stage in (stages.CONNECTED, stages.BOOKED):
        with pytest.raises(FieldsMissing, match="fill in: Need\\."):
            leads.advance(lead, to=stage, by=by, at=MONDAY.replace(hour=13))
    writing.write(lead, said={need.pk: "a new exchange"}, by=by, at=MONDAY.replace(hour=13))
    leads.advance(lead, to=stages.CONNECTED, by=by, at=MONDAY.replace(hour=14))


def test_a_deal_moves_and_is_won_only_with_what_its_stages_require(cast: Cast) -> None:
    deal, by = deal_of(cast), By(cast.saori, Door.WEB)
    buyer, paper = required(FieldNoun.OPPORTUNITY, "Economic buyer", stages.P2), required(FieldNoun.OPPORTUNITY, "Paper process", stages.ONBOARDING)
    with pytest.raises(FieldsMissing, match="Economic buyer"):
        opportunities.advance(deal, to=stages.P3, by=by, at=MONDAY.replace(day=5))
    writing.write(deal, said={buyer.pk: "the CFO"}, by=by, at=MONDAY)
    opportunities.advance(deal, to=stages.P3, by=by, at=MONDAY.replace(day=5))
    with pytest.raises(FieldsMissing, match="Paper process"):
        opportunities.win(deal, by=by, at=MONDAY.replace(day=6))
    writing.write(deal, said={paper.pk: "ringi"}, by=by, at=MONDAY)
    opportunities.win(deal, by=by, at=MONDAY.replace(day=6))


def test_what_a_person_does_not_see_is_missing_without_a_name(cast: Cast) -> None:
    lead = lead_of(cast, stage=stages.READY)
    required(FieldNoun.LEAD, "Credit score", stages.WORKING, hidden_from=(Role.INSIDE_SELLER,))
    with pytest.raises(FieldsMissing) as refusal:
        leads.advance(lead, to=stages.WORKING, by=By(cast.ivo, Door.WEB), at=MONDAY.replace(hour=12))
    assert str(refusal.value) == "1 field that you do not see is missing; ask a colleague."


def test_what_is_known_of_a_lead_is_known_of_its_next_pass(cast: Cast) -> None:
    lead, by, need = lead_of(cast), By(cast.ivo, Door.WEB), required(FieldNoun.LEAD, "Need", stages.CONNECTED)
    writing.write(lead, said={need.pk: "a new exchange"}, by=by, at=MONDAY)
    leads.recycle(lead, reason="no budget", wake_when="the budget is there", by=by, at=MONDAY.replace(hour=12))
    following = leads.wake(lead, by=by, at=MONDAY.replace(hour=13))
    assert following.custom == {need.slot: "a new exchange"}
    leads.advance(following, to=stages.CONNECTED, by=by, at=MONDAY.replace(hour=14))


def test_an_archived_field_is_required_of_nobody(cast: Cast) -> None:
    lead = lead_of(cast, stage=stages.READY)
    defining.archive(required(FieldNoun.LEAD, "Need", stages.WORKING), by=SET_UP, at=MONDAY)
    leads.advance(lead, to=stages.WORKING, by=By(cast.ivo, Door.WEB), at=MONDAY.replace(hour=12))


@pytest.mark.parametrize(
    ("noun", "stage"),
    [(FieldNoun.LEAD, stages.CAPTURED), (FieldNoun.OPPORTUNITY, stages.P1), (FieldNoun.OPPORTUNITY, stages.READY), (FieldNoun.ACCOUNT, stages.READY)],
)
def test_a_field_is_required_only_where_somebody_can_have_filled_it_in(cast: Cast, noun: FieldNoun, stage: str) -> None:
    with pytest.raises(CannotBeRequired):
        required(noun, "Need", stage)


def test_only_who_edits_fields_requires_one(cast: Cast) -> None:
    field = required(FieldNoun.LEAD, "Need", stages.WORKING)
    with pytest.raises(Forbidden):
        requirements.require_from(field, stage="", by=By(cast.ruth, Door.WEB), at=MONDAY)
    assert requirements.require_from(field, stage="", by=By(cast.ada, Door.WEB), at=MONDAY).required_from == ""
