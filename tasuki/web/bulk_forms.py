"""The forms that ask what a bulk verb needs."""

from __future__ import annotations

from typing import Any

from django import forms

from tasuki.core.bulk.verbs import BulkVerb
from tasuki.core.people import User
from tasuki.web import moves
from tasuki.web.enrol_form import EnrolForm
from tasuki.web.exit_forms import RecycleForm


def form_of(verb: BulkVerb, *, reader: User, said: Any = None) -> forms.Form:
    """The form that asks what the verb needs, its fields named apart from those of other verbs on the page."""
    if verb.key == "change":
        return forms.Form()  # asks on a page of its own, when it is known which field: see `tasuki.web.bulk.field`
    form: forms.Form
    match verb.noun, verb.key:
        case "task", "give":
            form = moves.GiveTaskForm(said, reader=reader, prefix=verb.key)
        case "task", "due":
            form = moves.DueForm(said, prefix=verb.key)
        case "task", _:
            form = moves.Press(said, prefix=verb.key)
        case "lead", "enrol":
            form = EnrolForm(said, reader=reader, prefix=verb.key)
        case _, "give":
            form = moves.GiveForm(said, reader=reader, prefix=verb.key)
        case _:
            form = RecycleForm(said, prefix=verb.key)
    form.use_required_attribute = False  # several forms are one on a list; only the one that is sent must be complete
    return form
