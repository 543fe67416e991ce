"""Adding a record with its custom fields, in one form and one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from tasuki.core.custom_fields import definitions, writing
from tasuki.core.custom_fields.definitions import CustomField
from tasuki.crm.stages import Stage
from tasuki.web.custom_forms import CustomForm
from tasuki.web.requests import UserRequest, by


def form_of(request: UserRequest, noun: str) -> CustomForm:
    """The custom fields that the reader sees; where one is required from a stage on, it says so."""
    fields = definitions.seen_by(request.user, noun)
    form = CustomForm(request.POST or None, fields=fields, reader=request.user)
    stages = {stage.pk: stage for stage in Stage.objects.all()} if any(field.required_from for field in fields) else {}
    for field in fields:
        form.fields[field.key].help_text = _help(field, stages)
    return form


@transaction.atomic
def added(request: UserRequest, more: CustomForm, verb: Callable[[], Any]) -> Any:
    """The record that the verb adds, with what the form of its custom fields says."""
    record, filled = verb(), more.filled()
    return writing.write(record, said=filled, by=by(request), at=now()) if filled else record


@transaction.atomic
def supplemented(request: UserRequest, more: CustomForm, verb: Callable[[], Any]) -> Any:
    """The record that the verb fills in, with what the form says of custom fields in which nothing stands yet."""
    record = verb()
    known = {field.pk for field in more.custom.values() if field.slot in record.custom}
    fresh = {pk: value for pk, value in more.filled().items() if pk not in known}
    return writing.write(record, said=fresh, by=by(request), at=now()) if fresh else record


def _help(field: CustomField, stages: dict[str, Stage]) -> str:
    if field.required_from not in stages:
        return field.help_text
    needed = _("Required from %(stage)s on.") % {"stage": stages[field.required_from].name}
    return f"{field.help_text} {needed}".strip()
