"""The form piece of each kind of custom field: `form_field` makes one, and its cleaned value is what `custom_fields.writing` takes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from tasuki.core.custom_fields import values
from tasuki.core.custom_fields.definitions import CustomField, FieldKind
from tasuki.core.custom_fields.values import CustomValueWrong
from tasuki.core.imports import amounts
from tasuki.core.money import Money
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.crm.accounts import Account
from tasuki.web.account_field import AccountField, of_reader


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
        return [f"{value.amount:f}", value.currency] if isinstance(value, Money) else [None, None]


class MoneyField(forms.MultiValueField):
    """Cleans to Money; an amount without a currency is in the organisation's."""

    def __init__(self, *, label: str, **options: Any) -> None:
        amount = NumberField(max_digits=18, decimal_places=3, required=False)
        currency = forms.RegexField(r"^[A-Za-z]{3}$", required=False, error_messages={"invalid": _("A currency has three letters, such as KRW.")})
        super().__init__(fields=[amount, currency], require_all_fields=False, widget=MoneyInput(label), label=label, **options)

    def compress(self, data_list: list[Any]) -> Money | None:
        amount, currency = data_list or [None, ""]
        return None if amount is None else Money(amount, currency.upper() if currency else the_organisation().currency)


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for the type checker only
    """Cleans to the id of somebody who works here, or who stands in the field already."""

    def clean(self, value: Any) -> Any:
        person = super().clean(value)
        return person.pk if person else None


class AccountIdField(AccountField):
    """Cleans to the id of an account that the reader sees; one that they do not see stays, as long as nobody writes another name."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def clean(self, value: Any) -> Any:
        account: Any = super().clean(value)
        return account.pk if account else None


def form_field(field: CustomField, *, reader: User, stands: Any = None) -> forms.Field:
    """The piece of a form that asks for a value; `stands` is the value that is there, as `values.of_record` gives it."""
    made = _made(field, reader=reader, stands=stands)
    made.initial = stands
    if isinstance(made, AccountIdField):
        of_reader(made, reader)
        made.initial = Account.objects.visible_to(reader).filter(pk=stands).first() if stands else None
    elif not isinstance(made, PersonField):
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


def _person(reader: User, stands: Any, options: dict[str, Any]) -> PersonField:
    people = User.objects.visible_to(reader).active()
    if stands:
        people |= User.objects.visible_to(reader).filter(pk=stands)
    return PersonField(people.order_by("family_name", "given_name", "pk"), empty_label="–", **options)


def _check(field: CustomField, value: Any) -> None:
    try:
        values.encoded(field, value)
    except CustomValueWrong as refusal:
        raise ValidationError(str(refusal.reason)) from None


class CustomForm(forms.Form):
    """All fields of one record, by their keys."""

    def __init__(self, *args: Any, fields: Sequence[CustomField], record: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fields = {field.key: field for field in fields}
        for field in fields:
            self.fields[field.key] = form_field(field, reader=reader, stands=values.of_record(field, record))

    def said(self) -> dict[int, Any]:
        """What was changed in the form: what somebody else changed meanwhile, and this form did not, stays theirs."""
        return {self._fields[name].pk: self.cleaned_data[name] for name in self.changed_data}
