"""The form with which somebody asks for the erasure of a person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from tasuki.core.people import User
from tasuki.crm.contacts import Contact
from tasuki.crm.files import File
from tasuki.relay.personal_data import reach
from tasuki.relay.personal_data.erasure_rows import LONGEST_WORDS, Ground


class ErasureForm(forms.Form):
    """Why, and which files the law wants kept."""

    ground = forms.ChoiceField(label=gettext_lazy("Why"), choices=Ground.choices)
    words = forms.CharField(label=gettext_lazy("What they said, and how you know that it is right"), max_length=LONGEST_WORDS)
    kept = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Files that the law wants kept, such as signed orders"),
        queryset=File.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    kept_because = forms.CharField(label=gettext_lazy("By which law they are kept"), max_length=LONGEST_WORDS, required=False)

    def __init__(self, *args: Any, contact: Contact, reader: User, **options: Any) -> None:
        super().__init__(*args, **options)
        files = File.objects.visible_to(reader).of_records().filter(pk__in=reach.of(contact).ids(File))
        self.fields["kept"].queryset = files  # type: ignore[attr-defined]  # the field is made of one
        if not files.exists():
            del self.fields["kept"], self.fields["kept_because"]
