"""How numbers, money, dates and durations are written for a reader, in their language and time zone."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_decimal, format_percent, get_currency_symbol
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext

# People say large sums in steps: 만/억/조 in Korean, 万/億/兆 in Japanese, K/M/B elsewhere.
_STEPS = {
    "ko": ((Decimal(10) ** 12, "조"), (Decimal(10) ** 8, "억"), (Decimal(10) ** 4, "만")),
    "ja": ((Decimal(10) ** 12, "兆"), (Decimal(10) ** 8, "億"), (Decimal(10) ** 4, "万")),
    "en": ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K")),
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def language() -> str:
    return (translation.get_language() or "en")[:2]


def locale() -> Locale:
    return Locale.parse(language())


def number(value: float | Decimal | None, digits: int = 0) -> str:
    """1234.5 → “1,235”; None → “–”."""
    if value is None:
        return "–"
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=locale())


def percent(share: float | Decimal | None, digits: int = 1) -> str:
    """0.319 → “31.9%”; None → “–”."""
    if share is None:
        return "–"
    return format_percent(share, format="#,##0" + ("." + "0" * digits if digits else "") + "%", locale=locale())


def money(amount: Decimal | float | None, currency: str) -> str:
    """As people say it: ₩11.4억, ¥9,400만, ₩1.1B. Three figures that matter; all digits are in `money_in_full`."""
    if amount is None:
        return "–"
    value = Decimal(amount)
    symbol = get_currency_symbol(currency, locale="en") if currency else ""
    sign = "−" if value < 0 else ""
    value = abs(value)
    for size, unit in _STEPS[language() if language() in _STEPS else "en"]:
        if value >= size:
            scaled = value / size
            return f"{sign}{symbol}{number(scaled, 1 if scaled < 100 and scaled % 1 >= Decimal('0.05') else 0)}{unit}"
    return f"{sign}{symbol}{number(value)}"


def money_in_full(amount: Decimal | float | None, currency: str) -> str:
    """“₩1,140,000,000”, for hovering and exports."""
    if amount is None:
        return "–"
    value = Decimal(amount)
    digits = 0 if value == value.to_integral_value() else 2
    return f"{get_currency_symbol(currency, locale='en') if currency else ''}{number(value, digits)}"


def day(value: date | datetime | None) -> str:
    """The day in the reader's zone; the year only when it is not this one."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        value = timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    if value.year == timezone.localdate().year:
        return format_skeleton("MMMd", value, locale=locale())
    return format_date(value, format="medium", locale=locale())


def moment(value: datetime | None) -> str:
    """Day and time in the reader's zone."""
    if value is None:
        return "–"
    local = timezone.localtime(value)
    if local.date() == timezone.localdate():
        return format_datetime(local, "HH:mm", locale=locale())
    return f"{day(local)} {format_datetime(local, 'HH:mm', locale=locale())}"


def iso(value: date | datetime | None) -> str:
    """For the `datetime` attribute of <time>."""
    return value.isoformat() if value else ""


def duration(value: timedelta | None) -> str:
    """The largest unit only: 38 min, 4 h, 12 d."""
    if value is None:
        return "–"
    seconds = max(int(value.total_seconds()), 0)
    if seconds < _HOUR:
        return gettext("%(n)s min") % {"n": seconds // _MINUTE}
    if seconds < _DAY:
        return gettext("%(n)s h") % {"n": seconds // _HOUR}
    return gettext("%(n)s d") % {"n": number(seconds // _DAY)}


def days(value: float | None) -> str:
    """A number of days with the unit: “12 d”."""
    return "–" if value is None else gettext("%(n)s d") % {"n": number(value, 1 if value < 1 else 0)}


def about(count: int) -> str:
    """“about 12,480”: a list never counts a big table exactly."""
    return ngettext("about %(n)s", "about %(n)s", count) % {"n": number(count)}


def lang_of(text: str) -> str:
    """The language whose typeface a name needs: 文 is drawn otherwise in Korean than in Japanese."""
    for character in text:
        name = unicodedata.name(character, "")
        if name.startswith("HANGUL"):
            return "ko"
        if name.startswith(("CJK", "HIRAGANA", "KATAKANA")):
            return "ja"
    return "en"
