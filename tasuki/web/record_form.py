"""A form about a record that says what the person saw: only what they changed is written, and nothing that somebody else changed meanwhile."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from tasuki.core import meanwhile
from tasuki.core.custom_fields.values import CustomValueWrong
from tasuki.core.edits.nouns import editables
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import ChangedMeanwhile
from tasuki.crm.duplicates import AlreadyKnown
from tasuki.web import overtaken as words

if TYPE_CHECKING:
    from tasuki.core.people import User

_LONGEST = 20_000


class RecordForm(forms.Form):
    """Named fields are those of the noun's verb. Without a record it asks for a new one.

    Two people who change different fields both have their way. For one and the same field the second is told, sees both values, and says
    at the field whether theirs is kept; what was typed is never lost.
    """

    # Fields of the form that are not of the record.
    beside: ClassVar[frozenset[str]] = frozenset()
    # The code of a refusal → the field at which it is said.
    at_field: ClassVar[Mapping[str, str]] = {}

    def __init__(self, data: Any = None, *, reader: User, record: Any = None, only: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.reader, self.record = reader, record
        self.overtaken: list[str] = []
        # What the change makes the record look like.
        self.met: AlreadyKnown | None = None
        # Of what is changed where it stands, theirs is kept by a button, not field by field.
        self.is_alone = False
        self.complete()
        if only:
            self.fields = {name: field for name, field in self.fields.items() if name in only}
        self.named = [name for name in self.fields if name not in self.beside]
        if record is not None:
            self.initial = {**{name: self.present(name) for name in self.named}, **self.initial}
            seen = json.dumps(meanwhile.marks(record, self.named))
            self.fields["seen"] = forms.CharField(label="", required=False, widget=forms.HiddenInput, max_length=_LONGEST, initial=seen)

    def complete(self) -> None:
        """Add what only the reader and the record can say."""

    def present(self, name: str) -> Any:
        """What stands in the field now, as the form shows it."""
        return getattr(self.record, name)

    def value(self, name: str) -> Any:
        """What the person said in the field, as the noun's verb takes it."""
        return self.cleaned_data[name]

    def marked(self, name: str) -> str:
        """The mark of what the person said."""
        return meanwhile.mark(self.value(name))

    def clean_seen(self) -> str:
        text: str = self.cleaned_data["seen"]
        if text and not _is_seen(text):
            raise ValidationError(_("This page has grown old. Load it again, then change it once more."))
        return text

    @property
    def seen(self) -> dict[str, str]:
        """The marks that the page gave; of a form that says nothing of them, those of now."""
        text = self.cleaned_data.get("seen")
        now = meanwhile.marks(self.record, self.named)
        return now | {name: mark for name, mark in json.loads(text).items() if name in now} if text else now

    def said(self) -> dict[str, Any]:
        """What the person changed, without what they want to keep as another has written it."""
        kept = set(self.data.getlist("theirs")) if hasattr(self.data, "getlist") else set()
        seen = self.seen
        return {name: self.value(name) for name in self.named if name not in kept and self.marked(name) != seen[name]}

    def explain(self, refusal: Refused) -> None:
        """Say why at the field that it is about; of a form with one field, there."""
        if isinstance(refusal, ChangedMeanwhile):
            return self._tell_who_was_faster(refusal)
        if isinstance(refusal, AlreadyKnown):
            self.met = refusal
            return None
        field = refusal.field.key if isinstance(refusal, CustomValueWrong) else self.at_field.get(refusal.code, "")
        field = field if field in self.fields else self.named[0] if len(self.named) == 1 else ""
        self.add_error(field or None, str(refusal))
        return None

    def _tell_who_was_faster(self, refusal: ChangedMeanwhile) -> None:
        """From now on the form knows what the other has written, and writes over it when it is sent again."""
        self.overtaken = [one.field for one in refusal.fields if one.field in self.named]
        fresh = editables()[self.record.noun].rows(self.reader).get(pk=self.record.pk)
        seen = self.seen | meanwhile.marks(fresh, self.overtaken)
        for one in refusal.fields:
            self.add_error(one.field if one.field in self.fields else None, words.overtaken(one, self.record, reader=self.reader))
        data: dict[str, Any] = self.data.copy()  # type: ignore[attr-defined]  # what was sent is a QueryDict
        data[self.add_prefix("seen")] = json.dumps(seen)
        self.data = data


def _is_seen(text: str) -> bool:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, Mapping) and all(isinstance(mark, str) for mark in said.values())
