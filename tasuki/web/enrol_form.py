"""The form that asks into which sequence: on the page of a lead, and for many in the list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tasuki.core.people import User
from tasuki.engage.sequences.definitions import Sequence
from tasuki.engage.sequences.enrolling import NothingPublished
from tasuki.web.moves import Move
from tasuki.web.typed_fields import typed


class EnrolForm(Move):
    sequence = forms.ModelChoiceField(Sequence.objects.none(), label=_("Sequence"), empty_label=None)

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = typed(self.fields["sequence"], forms.ModelChoiceField)
        field.queryset = Sequence.objects.visible_to(reader).open_to_members().by_name()
        field.error_messages["invalid_choice"] = str(NothingPublished())
