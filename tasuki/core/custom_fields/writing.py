"""Writing values of custom fields into a record: checked, under a lock, into the trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.custom_fields import definitions, values
from tasuki.core.custom_fields.definitions import CustomField, FieldKind
from tasuki.core.custom_fields.values import CustomValueWrong
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import Seen, held, refuse_overtaken

if TYPE_CHECKING:
    from django.db.models import Model

Record = TypeVar("Record", bound="Model")


class NoSuchField(Refused):
    """The field is another noun's, archived, or hidden from the person: all in the same words."""

    code = "no_such_custom_field"

    def __init__(self) -> None:
        super().__init__(_("This field is not there any more."))


@transaction.atomic
def write(record: Record, *, said: Mapping[int, Any], by: By, at: datetime, seen: Seen | None = None) -> Record:
    """Give the record values in the fields with these ids, typed as `values` has them; None takes one away. What is not said stays.

    `seen`, by the fields' keys, is what the person saw. Raises NoSuchField, CustomValueWrong, ChangedMeanwhile, Gone, and whatever a record raises by
    `refuse_words` of which nothing is written any more. The caller has asked whether the person may change the record.
    """
    model: Any = type(record)
    fresh: Any = held(record)
    if refuse := getattr(fresh, "refuse_words", None):
        refuse()
    noun = fresh.noun
    known = {field.pk: field for field in (definitions.seen_by(by.actor, noun) if by.actor else definitions.in_use(noun))}
    wanted = {_known(known, pk): value for pk, value in said.items()}
    encoded = {field: values.encoded(field, value) for field, value in wanted.items()}
    refuse_overtaken(fresh, said={field.key: after for field, after in encoded.items()}, seen=seen)
    custom, changes = dict(fresh.custom), {}
    for field, after in encoded.items():
        before = custom.get(field.slot)
        if before == after:
            continue
        _refuse_unless_there(field, after, before=before, by=by)
        custom.pop(field.slot, None)
        if after is not None:
            custom[field.slot] = after
        changes[field.key] = (values.plain(field, before), values.plain(field, after))
    if changes:
        model._default_manager.filter(pk=fresh.pk).update(custom=custom, updated_at=at)
        audit.record(fresh, action="change", by=by, at=at, changes=changes)
        fresh.refresh_from_db(fields=["custom", "updated_at"])
    return fresh  # type: ignore[no-any-return]  # of the type of the record that came in


def _known(known: Mapping[int, CustomField], pk: int) -> CustomField:
    if pk not in known:
        raise NoSuchField
    return known[pk]


def _refuse_unless_there(field: CustomField, after: Any, *, before: Any, by: By) -> None:
    """A person works here, an account is seen by whoever names it, and a retired choice is not chosen anew."""
    if after is None:
        return
    if field.kind == FieldKind.PERSON and not apps.get_model("core", "User")._default_manager.filter(pk=after).exists():
        raise CustomValueWrong(field, _("there is no such person."))
    if field.kind == FieldKind.ACCOUNT:
        accounts: Any = apps.get_model("crm", "Account")._default_manager
        if not (accounts.visible_to(by.actor) if by.actor else accounts).filter(pk=after).exists():
            raise CustomValueWrong(field, _("there is no such account."))
    if field.kind in definitions.WITH_CHOICES:
        retired = {choice.key for choice in field.choices() if choice.is_retired}
        fresh = set([after] if isinstance(after, str) else after) - set([before] if isinstance(before, str) else before or [])
        if fresh & retired:
            raise CustomValueWrong(field, _("this choice is not offered any more."))
