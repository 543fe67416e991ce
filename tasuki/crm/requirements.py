"""What must be known before a lead or an opportunity enters a stage: the custom fields that are required from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.custom_fields.definitions import CustomField, FieldNoun
from tasuki.core.errors import Refused
from tasuki.crm import stages

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.crm.leads import Lead

# The stages that a field can be required from. A lead is captured, and a deal accepted into P1, before anybody can have filled anything in.
STAGES: Mapping[str, Sequence[str]] = {FieldNoun.LEAD: stages.ORDER[1:], FieldNoun.OPPORTUNITY: (*stages.IN_SALES[1:], stages.ONBOARDING)}


class CannotBeRequired(Refused):
    code = "cannot_be_required"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("A field of this noun cannot be required from that stage."))


class FieldsMissing(Refused):
    """`fields` are those that are not filled in; the sentence names those that the person sees."""

    code = "fields_missing"

    def __init__(self, fields: Sequence[CustomField], *, hidden: int) -> None:
        said = [_("To enter this stage, fill in: %(fields)s.") % {"fields": ", ".join(field.name for field in fields)}] if fields else []
        if hidden:
            unseen = ngettext(
                "%(n)s field that you do not see is missing; ask a colleague.", "%(n)s fields that you do not see are missing; ask a colleague.", hidden
            )
            said.append(unseen % {"n": hidden})
        super().__init__(" ".join(said))
        self.fields = fields


@transaction.atomic
def require_from(field: CustomField, *, stage: str, by: By, at: datetime) -> CustomField:
    """No record of its noun enters the stage, or a later one, without the field; "" requires it nowhere. Raises Forbidden, CannotBeRequired."""
    if by.actor is not None:
        abilities.require(by.actor, Ability.EDIT_FIELDS)
    if stage and stage not in STAGES.get(field.noun, ()):
        raise CannotBeRequired
    field = CustomField.objects.select_for_update().get(pk=field.pk)
    if field.required_from != stage:
        CustomField.objects.filter(pk=field.pk).update(required_from=stage)
        audit.record(field, action="change", by=by, at=at, changes={"required_from": (field.required_from, stage)})
        field.refresh_from_db()
    return field


def missing(record: Any, *, fields: Iterable[CustomField], entering: str) -> list[CustomField]:
    """Those of the fields of the record's noun that it would need to enter the stage, and has not."""
    return lacking(record.custom, fields=fields, entering=entering)


def lacking(custom: Mapping[str, Any], *, fields: Iterable[CustomField], entering: str) -> list[CustomField]:
    """The same, of what is known of a record that is not there yet."""
    reached = stages.ORDER[: stages.ORDER.index(entering) + 1]
    return [field for field in fields if field.required_from in reached and field.slot not in custom]


def refuse_unless_filled(record: Any, *, entering: str, person: User | None) -> None:
    """Raise FieldsMissing, in words for the person who moves it, when the record must not enter the stage yet."""
    needed = list(CustomField.objects.of_noun(record.noun).in_use().exclude(required_from=""))
    unfilled = missing(record, fields=needed, entering=entering)
    if unfilled:
        seen = set(CustomField.objects.visible_to(person).values_list("pk", flat=True)) if person else {field.pk for field in unfilled}
        named = [field for field in unfilled if field.pk in seen]
        raise FieldsMissing(named, hidden=len(unfilled) - len(named))


def stage_after(lead: Lead) -> str | None:
    """The stage that comes next for a lead in process; None at the end of the relay and outside of it."""
    following = stages.ORDER[stages.ORDER.index(lead.stage_id) + 1 :] if lead.stage_id else ()
    return following[0] if following else None
