"""Values of custom fields: what each kind takes, how it stands in the JSON of a record, and how it reads again.

| kind | value | in the JSON |
|---|---|---|
| text, long text, link | text | the text |
| number | Decimal | the number as text, so that no digit is lost: `"12.5"` |
| money | Money | `{"amount": "1200.00", "currency": "USD"}` |
| date | date | `"2026-03-02"` |
| choice | key of a choice | the key |
| several choices | keys of choices | a list of keys, in the order of the choices |
| person, account | id | the number |
| checkbox | bool | `true`; not ticked is nothing |

A field without a value has no place in the JSON.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from tasuki.core.custom_fields.definitions import CustomField, FieldKind
from tasuki.core.errors import Refused
from tasuki.core.money import Money

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

LONGEST = {FieldKind.TEXT: 300, FieldKind.LONG_TEXT: 20_000, FieldKind.URL: 1_000}
LARGEST = Decimal(10) ** 15
N_DIGITS = 6
_LARGEST_ID = 2**63 - 1
_CURRENCY = re.compile(r"[A-Z]{3}")


class CustomValueWrong(Refused):
    """A value does not fit its field; `reason` is the sentence without the field's name."""

    code = "custom_value_wrong"

    def __init__(self, field: CustomField, reason: _StrOrPromise) -> None:
        super().__init__(_("%(field)s: %(reason)s") % {"field": field.name, "reason": reason})
        self.field, self.reason = field, reason


def encoded(field: CustomField, value: Any) -> Any:
    """The value as the JSON holds it; None for nothing. Raises CustomValueWrong. Whether a person or an account exists is asked elsewhere."""
    if value is None or value in ("", []):
        return None
    return _ENCODERS[FieldKind(field.kind)](field, value)


def decoded(field: CustomField, stands: Any) -> Any:
    """The value again, as `encoded` took it; None for nothing."""
    if stands is None:
        return None
    if field.kind == FieldKind.NUMBER:
        return Decimal(stands)
    if field.kind == FieldKind.MONEY:
        return Money(Decimal(stands["amount"]), stands["currency"])
    return date.fromisoformat(stands) if field.kind == FieldKind.DATE else stands


def of_record(field: CustomField, record: Any) -> Any:
    """The value that the record has in the field."""
    return decoded(field, record.custom.get(field.slot))


def plain(field: CustomField, stands: Any) -> Any:
    """What the trail says of a value: choices by their names, money with its currency, else as it stands."""
    if stands is None:
        return None
    if field.kind == FieldKind.MONEY:
        return f"{stands['amount']} {stands['currency']}"
    if field.kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        names = {choice.key: choice.label for choice in field.choices()}
        return names.get(stands, stands) if isinstance(stands, str) else [names.get(key, key) for key in stands]
    return stands


def _text(field: CustomField, value: Any) -> str | None:
    kind = FieldKind(field.kind)
    keeps = "\n\t" if kind is FieldKind.LONG_TEXT else ""
    text = str(value).replace("\r\n", "\n").strip()
    if len(text) > LONGEST[kind]:
        raise CustomValueWrong(field, _("this is longer than %(n)s characters.") % {"n": LONGEST[kind]})
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in keeps for sign in text):
        raise CustomValueWrong(field, _("this has signs that no text has."))
    return text or None


def _url(field: CustomField, value: Any) -> str | None:
    """Only addresses of the web: what a browser would run or open on the reader's machine is none."""
    text = _text(field, value)
    if text is None:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or any(sign.isspace() for sign in text):
        raise CustomValueWrong(field, _("a link begins with https:// or http://."))
    return text


def _decimal(field: CustomField, value: Any) -> Decimal:
    number = value if isinstance(value, Decimal) else Decimal(value)
    if not number.is_finite() or abs(number) >= LARGEST:
        raise CustomValueWrong(field, _("this is not a number that can be kept."))
    return number


def _number(field: CustomField, value: Any) -> str:
    number = _decimal(field, value)
    if number != (number := round(number, N_DIGITS)):
        raise CustomValueWrong(field, _("a number has at most %(n)s digits after the point.") % {"n": N_DIGITS})
    return f"{number.normalize():f}"


def _money(field: CustomField, value: Money) -> dict[str, str]:
    if not _CURRENCY.fullmatch(value.currency):
        raise CustomValueWrong(field, _("a currency has three letters, such as KRW."))
    return {"amount": f"{_decimal(field, value.amount):f}", "currency": value.currency}


def _date(field: CustomField, value: date) -> str:  # noqa: ARG001 - one of several ways to encode
    return value.isoformat()


def _checkbox(field: CustomField, value: Any) -> bool | None:  # noqa: ARG001 - one of several ways to encode
    return True if value else None


def _choice(field: CustomField, value: Any) -> str:
    if str(value) not in {choice.key for choice in field.choices()}:
        raise CustomValueWrong(field, _("this is none of its choices."))
    return str(value)


def _choices(field: CustomField, value: Any) -> list[str]:
    wanted = {_choice(field, one) for one in value}
    return [choice.key for choice in field.choices() if choice.key in wanted]


def _id(field: CustomField, value: Any) -> int:
    number = int(value)
    if not 0 < number <= _LARGEST_ID:
        raise CustomValueWrong(field, _("this is not the number of a record."))
    return number


_ENCODERS: Mapping[FieldKind, Callable[[CustomField, Any], Any]] = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _text,
    FieldKind.URL: _url,
    FieldKind.NUMBER: _number,
    FieldKind.MONEY: _money,
    FieldKind.DATE: _date,
    FieldKind.CHOICE: _choice,
    FieldKind.CHOICES: _choices,
    FieldKind.PERSON: _id,
    FieldKind.ACCOUNT: _id,
    FieldKind.CHECKBOX: _checkbox,
}
