"""One field of many records at once: set to one value, or emptied; and the way back for those that nobody has changed since."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy

from tasuki.core import meanwhile
from tasuki.core.audit import By
from tasuki.core.bulk.verbs import BulkVerb, Said
from tasuki.core.edits import writing
from tasuki.core.edits.nouns import Editable, editables


def _change(record: Any, said: Said, *, by: By, at: datetime) -> dict[str, Any]:
    field, noun = said["field"], editables()[record.noun]
    before = meanwhile.stands(record, field)
    value = writing.read(noun, field, said["value"], person=by.actor)
    # The record was read with a hundred others: what `before` says must still be so when it is written.
    changed = writing.write(record, said={field: value}, seen={field: meanwhile.mark(before)}, by=by, at=at)
    return {"before": before, "left": meanwhile.mark(meanwhile.stands(changed, field))}


def _change_back(record: Any, said: Said, *, by: By, at: datetime) -> None:
    field, noun = said["field"], editables()[record.noun]
    value = writing.read(noun, field, said["before"], person=by.actor)
    writing.write(record, said={field: value}, seen={field: said["left"]}, by=by, at=at)


def change_field_of(noun: Editable) -> BulkVerb:
    """`said` is {"field": …, "value": its value as JSON, None to empty it}."""
    return BulkVerb(noun.noun, "change", gettext_lazy("Change a field"), "pencil", noun.ability, noun.rows, _change, _change_back)
