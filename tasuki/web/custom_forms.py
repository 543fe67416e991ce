"""The form piece of each kind of custom field: `form_field` makes one, and its cleaned value is what `custom_fields.writing` takes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from tasuki.core import meanwhile
from tasuki.core.custom_fields import values
from tasuki.core.custom_fields.definitions import CustomField, FieldKind
from tasuki.core.custom_fields.values import CustomValueWrong
from tasuki.core.imports import amounts
from tasuki.core.money import Money
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.crm.accounts import Account
from tasuki.web.account_field import AccountField, of_reader
from tasuki.web.person_field import PersonIdField, offer_people
from tasuki.web.record_form import RecordForm


class NumberField(forms.DecimalField):
    """Reads a number as people write it: `1,200,000` too."""

    def __init__(self, **options: Any) -> None:
        # A text field: a browser's number field loses what it cannot read, and then nobody can say what was wrong.
        super().__init__(widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}), **options)

    def to_python(self, value: Any) -> Any:
        number = amounts.number(value.strip(), "") if isinstance(value, str) else None
        return super().to_python(value if number is None else number)

    def prepare_value(self, value: Any) -> Any:
        return f"{value:f}" if isinstance(value, Decimal) else value


class MoneyInput(forms.MultiWidget):
    """An amount and its currency, side by side."""

    def __init__(self, label: str) -> None:
        said = _("Currency of “%(field)s”") % {"field": label}
        super().__init__(
            [
                forms.TextInput({"inputmode": "decimal", "autocomplete": "off", "aria-label": label}),
                forms.TextInput({"maxlength": 3, "size": 4, "aria-label": said, "placeholder": the_organisation().currency}),
            ]
        )

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0"

    def decompress(self, value: Any) -> list[Any]:
        return [f"{value.amount.normalize():f}", value.currency] if isinstance(value, Money) else [None, None]


class MoneyField(forms.MultiValueField):
    """Cleans to Money; an amount without a currency is in the organisation's."""

    def __init__(self, *, label: str, min_value: int | None = None, **options: Any) -> None:
        amount = NumberField(max_digits=18, decimal_places=3, min_value=min_value, required=False)
        currency = forms.RegexField(r"^[A-Za-z]{3}$", required=False, error_messages={"invalid": _("A currency has three letters, such as KRW.")})
        super().__init__(fields=[amount, currency], require_all_fields=False, widget=MoneyInput(label), label=label, **options)

    def compress(self, data_list: list[Any]) -> Money | None:
        amount, currency = data_list or [None, ""]
        return None if amount is None else Money(amount, currency.upper() if currency else the_organisation().currency)


class AccountIdField(AccountField):
    """Cleans to the id of an account that the reader sees."""

    def clean(self, value: Any) -> Any:
        account: Any = super().clean(value)
        return account.pk if account else None


def form_field(field: CustomField, *, reader: User, stands: Any = None) -> forms.Field:
    """The piece of a form that asks for a value; `stands` is the value that is there, as `values.of_record` gives it."""
    made = _made(field, reader=reader, stands=stands)
    made.initial = stands
    if isinstance(made, AccountIdField):
        made.initial = Account.objects.visible_to(reader).filter(pk=stands).first() if stands else None
        of_reader(made, reader, stands=made.initial)
    elif not isinstance(made, PersonIdField):
        # What a value must be is said once, by the domain, in the same words for every door.
        made.validators.append(lambda value: _check(field, value))
    return made


def _made(field: CustomField, *, reader: User, stands: Any) -> forms.Field:
    kind = FieldKind(field.kind)
    options: dict[str, Any] = {"label": field.name, "help_text": field.help_text, "required": False}
    if kind is FieldKind.CHOICE:
        return forms.ChoiceField(choices=[("", "–"), *_offered(field, [stands])], **options)
    if kind is FieldKind.CHOICES:
        return forms.MultipleChoiceField(choices=_offered(field, stands or []), widget=forms.CheckboxSelectMultiple({"class": "check"}), **options)
    if kind is FieldKind.PERSON:
        return _person(reader, stands, options)
    if kind is FieldKind.MONEY:
        return MoneyField(**options)
    if kind is FieldKind.NUMBER:
        return NumberField(max_digits=21, decimal_places=values.N_DIGITS, **options)
    if kind is FieldKind.DATE:
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)
    plain: dict[FieldKind, tuple[type[forms.Field], dict[str, Any]]] = {
        FieldKind.TEXT: (forms.CharField, {}),
        FieldKind.LONG_TEXT: (forms.CharField, {"widget": forms.Textarea({"rows": 4})}),
        FieldKind.URL: (forms.CharField, {"widget": forms.URLInput({"placeholder": "https://"})}),
        FieldKind.CHECKBOX: (forms.BooleanField, {}),
        FieldKind.ACCOUNT: (AccountIdField, {}),
    }
    made, more = plain[kind]
    return made(**more, **options)


def _offered(field: CustomField, stands: Sequence[Any]) -> list[tuple[str, str]]:
    """The choices, and retired ones where they were chosen."""
    return [(choice.key, choice.label) for choice in field.choices() if not choice.is_retired or choice.key in stands]


def _person(reader: User, stands: Any, options: dict[str, Any]) -> PersonIdField:
    """Of somebody who works here, or who stands in the field already."""
    made = PersonIdField(**options)
    offer_people(made, "colleagues", reader=reader, stands=stands or None)
    return made


def _check(field: CustomField, value: Any) -> None:
    try:
        values.encoded(field, value)
    except CustomValueWrong as refusal:
        raise ValidationError(str(refusal.reason)) from None


class CustomForm(RecordForm):
    """Custom fields of a record, or of one that is added, by their keys."""

    def __init__(self, data: Any = None, *, fields: Sequence[CustomField], **kwargs: Any) -> None:
        self.custom = {field.key: field for field in fields}
        super().__init__(data, **kwargs)

    def complete(self) -> None:
        for key, field in self.custom.items():
            self.fields[key] = form_field(field, reader=self.reader, stands=values.of_record(field, self.record) if self.record else None)

    def present(self, name: str) -> Any:
        return self.fields[name].initial

    def marked(self, name: str) -> str:
        """An account that the reader does not see stays, as long as nobody writes another name."""
        stands, field = meanwhile.stands(self.record, name), self.fields[name]
        is_unseen = isinstance(field, AccountIdField) and stands is not None and field.stands is None
        said = self.value(name)
        return meanwhile.mark(stands if is_unseen and said is None else values.encoded(self.custom[name], said))

    def filled(self) -> dict[int, Any]:
        """What is said of a record that is added, by the fields' ids."""
        return {self.custom[name].pk: value for name in self.named if (value := self.value(name)) not in (None, "", [], False)}
