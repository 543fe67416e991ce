"""The fields that can be changed of many records at once, and the form that asks for the value of one."""

from __future__ import annotations

from typing import Any

from tasuki.core import meanwhile
from tasuki.core.custom_fields import values
from tasuki.core.custom_fields.definitions import FieldNoun, seen_by
from tasuki.core.edits import writing
from tasuki.core.edits.nouns import editables
from tasuki.core.people import User
from tasuki.web.custom_forms import CustomForm
from tasuki.web.edits.fields import FORMS
from tasuki.web.record_form import RecordForm


def keys(noun: str, reader: User) -> list[str]:
    """Those that make sense for many, and every custom field that the reader sees."""
    editable = editables()[noun]
    own = [key for key in writing.own_fields(editable, reader) if key in editable.of_many]
    return [*own, *(field.key for field in (seen_by(reader, noun) if noun in FieldNoun.values else []))]


def form_of(noun: str, key: str, *, reader: User, said: Any = None) -> RecordForm:
    """The noun's own form with only that field in it."""
    if key.startswith("custom."):
        form: RecordForm = CustomForm(said, fields=[writing.custom_field(noun, key, person=reader)], reader=reader)
    else:
        form = FORMS[noun](said, reader=reader, only=(key,))
    # A field that a record can be without is emptied by its own button, so that nobody empties a thousand by leaving one line blank.
    form.fields[key].required = True
    return form


def plain(form: RecordForm, key: str) -> Any:
    """What the form says, as JSON."""
    if isinstance(form, CustomForm):
        return values.encoded(form.custom[key], form.value(key))
    return meanwhile.plain(form.value(key))
