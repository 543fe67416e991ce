"""Which fields of a record can be changed where they stand, and the form of each: the noun's own form with only that field in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.custom_fields.definitions import FieldNoun
from tasuki.core.custom_fields.writing import NoSuchField
from tasuki.core.edits import writing
from tasuki.core.edits.nouns import Editable, editables
from tasuki.crm import accounts as accounts_
from tasuki.crm import leads as leads_
from tasuki.crm import records
from tasuki.sales import opportunities as opportunities_
from tasuki.web.accounts import CompanyForm
from tasuki.web.allowed_edits import TOGETHER
from tasuki.web.contacts import PersonForm
from tasuki.web.custom_forms import CustomForm
from tasuki.web.moves import DealForm, GiveForm, LeadForm, PromiseForm
from tasuki.web.products import ProductForm
from tasuki.web.record_form import RecordForm
from tasuki.web.requests import UserRequest, by

if TYPE_CHECKING:
    from datetime import datetime

    from tasuki.core.people import User

FORMS: Mapping[str, type[RecordForm]] = {
    "account": CompanyForm,
    "contact": PersonForm,
    "lead": LeadForm,
    "opportunity": DealForm,
    "product": ProductForm,
    "task": PromiseForm,
}
# The verbs that give: an owner is never only overwritten.
GIVE: Mapping[str, Callable[..., Any]] = {"account": accounts_.give, "lead": leads_.give, "opportunity": opportunities_.hand_over}

# The verbs that look whether another record is that already, and take why it is not.
LOOK: Mapping[str, Callable[..., Any]] = {"account": records.change_account, "contact": records.change_contact}


@dataclass(frozen=True)
class Field:
    """One thing that can be pressed: its name in addresses, and the form that asks for it."""

    noun: Editable
    key: str
    form: Any
    ability: Ability

    @property
    def is_owner(self) -> bool:
        return self.form is GiveForm

    def written(self, form: RecordForm, *, request: UserRequest, another: str, at: datetime) -> Any:
        """The record with what the form says; `another` is why it is not one that it looks like now. Raises what the verbs refuse."""
        if self.is_owner:
            assert isinstance(form, GiveForm)  # noqa: S101 - says which form it is to the type checker
            return GIVE[self.noun.noun](form.record, by=by(request), at=at, **form.given())
        if self.noun.noun in LOOK and not self.key.startswith("custom."):
            return LOOK[self.noun.noun](form.record, said=form.said(), seen=form.seen, another=another, by=by(request), at=at)
        return writing.write(form.record, said=form.said(), seen=form.seen, by=by(request), at=at)


def field_of(noun: str, key: str, *, reader: User) -> Field:
    """The field, for somebody who sees it. Raises NoSuchField."""
    editable = editables().get(noun)
    if editable is None:
        raise NoSuchField
    if key == "owner" and noun in GIVE:
        return Field(editable, key, GiveForm, Ability.ASSIGN_OWNERS)
    if key.startswith("custom.") and noun in FieldNoun.values:
        field = writing.custom_field(noun, key, person=reader)
        return Field(editable, key, partial(CustomForm, fields=[field]), editable.ability)
    only = TOGETHER.get(noun, {}).get(key, (key,))
    if not set(only) <= set(writing.own_fields(editable, reader)):
        raise NoSuchField
    return Field(editable, key, partial(FORMS[noun], only=only), editable.ability)


def may(user: User, field: Field) -> None:
    """Raises Forbidden."""
    abilities.require(user, field.ability)
