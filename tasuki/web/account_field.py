"""A field of a form that names an account, in whatever spelling: the words of the reader, not a number."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from tasuki.core.people import User
from tasuki.crm.accounts import Account
from tasuki.web.name_widget import NameInput
from tasuki.web.typed_fields import typed


class AccountField(forms.CharField):
    """Cleans to the one visible account of that name; the account of the page itself is written by its name.

    The name that stands there already means the account that stands there, also when there are others of that name.
    """

    reader: User | None = None
    stands: Account | None = None

    def __init__(self, **options: Any) -> None:
        # Script offers names that fit what is typed; its address is asked for when the form is shown.
        super().__init__(max_length=200, widget=NameInput(reverse_lazy("account_names")), **options)

    def prepare_value(self, value: Any) -> Any:
        return value.name if isinstance(value, Account) else value

    def clean(self, value: Any) -> Account | None:
        name = super().clean(value)
        if not name:
            return None
        if self.stands is not None and name == self.stands.name:
            return self.stands
        assert self.reader is not None  # noqa: S101 - a form that forgot `of_reader` is a bug
        # Two are enough to know that the name is not clear.
        found = list(Account.objects.visible_to(self.reader).called(name)[:2])
        if len(found) > 1:
            found = [account for account in found if account.name == name][:1]
        if not found:
            raise ValidationError(_("There is no account “%(name)s” that you can see. Add it first, or write its name as it stands there.") % {"name": name})
        return found[0]


def of_reader(field: forms.Field, reader: User, *, stands: Account | None = None) -> None:
    """Say whose accounts the field may find, and which stands there."""
    field = typed(field, AccountField)
    field.reader, field.stands = reader, stands
