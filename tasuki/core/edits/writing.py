"""The verb that changes some fields of any record, built-in and custom ones, and the way back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from tasuki.core import abilities
from tasuki.core.audit import By
from tasuki.core.custom_fields import definitions, values
from tasuki.core.custom_fields import writing as custom
from tasuki.core.custom_fields.definitions import CustomField
from tasuki.core.custom_fields.writing import NoSuchField
from tasuki.core.edits.nouns import Editable, editables
from tasuki.core.meanwhile import Said, Seen
from tasuki.core.people import User


@transaction.atomic
def write(record: Any, *, said: Said, by: By, at: datetime, seen: Seen | None = None) -> Any:
    """Change the fields that are said: built-in ones by their names, custom ones by their keys, with the values their verbs take.

    Raises NoSuchField for a field that the noun has not or the person must not see, ChangedMeanwhile, and what the noun's verb refuses.
    The caller has asked whether the person may change the record.
    """
    noun = editables()[record.noun]
    own = {field: value for field, value in said.items() if not field.startswith("custom.")}
    more = {custom_id(field): value for field, value in said.items() if field not in own}
    if not set(own) <= set(own_fields(noun, by.actor)):
        raise NoSuchField
    if own:
        record = noun.change(record, said=own, seen=seen, by=by, at=at)
    return custom.write(record, said=more, seen=seen, by=by, at=at) if more else record


def own_fields(noun: Editable, person: User | None) -> Iterable[str]:
    """The built-in fields that the person may change, as far as seeing them goes."""
    hidden = abilities.standing_of(person).hides(noun.noun) if person else frozenset()
    return [field for field in noun.fields if noun.sensitive.get(field) not in hidden]


def read(noun: Editable, field: str, stands: Any, *, person: User | None) -> Any:
    """What stood in a field, as JSON, back as `write` takes it. Raises NoSuchField."""
    if not field.startswith("custom."):
        if field not in noun.fields:
            raise NoSuchField
        return noun.fields[field](stands)
    return values.decoded(custom_field(noun.noun, field, person=person), stands)


def custom_field(noun: str, key: str, *, person: User | None) -> CustomField:
    """The field with this key, for somebody who sees it. Raises NoSuchField."""
    seen = definitions.seen_by(person, noun) if person else definitions.in_use(noun)
    found = next((one for one in seen if one.key == key), None)
    if found is None:
        raise NoSuchField
    return found


def custom_id(key: str) -> int:
    """The number in `custom.f12`. Raises NoSuchField for what is no such key."""
    digits = key.removeprefix("custom.f")
    if not digits.isdecimal() or not digits.isascii() or len(digits) > 18:
        raise NoSuchField
    return int(digits)
