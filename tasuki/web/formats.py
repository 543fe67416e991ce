"""How numbers, money, dates and durations are written for a reader, in their language and time zone."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_decimal, format_percent, get_currency_symbol
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext

if TYPE_CHECKING:
    from tasuki.engage.calls import Call

# People say large sums in steps: 만/억/조 in Korean, 万/億/兆 in Japanese, K/M/B elsewhere.
_STEPS = {
    "ko": ((Decimal(10) ** 12, "조"), (Decimal(10) ** 8, "억"), (Decimal(10) ** 4, "만")),
    "ja": ((Decimal(10) ** 12, "兆"), (Decimal(10) ** 8, "億"), (Decimal(10) ** 4, "万")),
    "en": ((Decimal(10) ** 12, "T"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K")),
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc]")
_KANA_OR_HAN = re.compile("[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]")


def language() -> str:
    return (translation.get_language() or "en")[:2]


def locale() -> Locale:
    return Locale.parse(language())


def number(value: float | Decimal | None, digits: int = 0) -> str:
    """1234.6 → “1,235”; None → “–”."""
    if value is None:
        return "–"
    return _number(value or 0, digits, language())


@lru_cache(maxsize=8192)
def _number(value: float | Decimal, digits: int, said_in: str) -> str:
    """A page of figures writes the same small numbers hundreds of times, and Babel takes its time for each."""
    return format_decimal(value, format="#,##0" + ("." + "0" * digits if digits else ""), locale=Locale.parse(said_in))


def percent(share: float | Decimal | None, digits: int = 1) -> str:
    """0.319 → “31.9%”; None → “–”."""
    if share is None:
        return "–"
    return format_percent(share, format="#,##0" + ("." + "0" * digits if digits else "") + "%", locale=locale())


def money(amount: Decimal | float | None, currency: str) -> str:
    """As people say it: ₩11.4억, ¥9,400만, ₩1.1B. One decimal below a hundred of a step; all digits are in `money_in_full`."""
    if amount is None:
        return "–"
    value = abs(Decimal(amount))
    steps = _STEPS[language() if language() in _STEPS else "en"]
    for (size, unit), (smaller, _) in zip(steps, (*steps[1:], (Decimal(1), "")), strict=True):
        # 99,999,999 would be written as 10,000만: what rounds to the next step is said in it.
        if value >= size - smaller / 2:
            scaled = value / size
            tenths = scaled.quantize(Decimal("0.1"))
            return f"{_sign(amount)}{_symbol(currency)}{number(scaled, 0 if scaled >= 100 or tenths % 1 == 0 else 1)}{unit}"
    return f"{_sign(amount)}{_symbol(currency)}{number(value)}"


def money_in_full(amount: Decimal | float | None, currency: str) -> str:
    """“₩1,140,000,000”, for hovering and exports."""
    if amount is None:
        return "–"
    value = abs(Decimal(amount))
    return f"{_sign(amount)}{_symbol(currency)}{number(value, 0 if value == value.to_integral_value() else 2)}"


def _sign(amount: Decimal | float) -> str:
    return "−" if amount < 0 else ""


@lru_cache(maxsize=256)
def _symbol(currency: str) -> str:
    # The same sign for every reader: Babel would write ₩ as a word in some languages, and ¥ in full width in Japanese.
    return get_currency_symbol(currency, locale="en") if currency else ""


def day(value: date | datetime | None) -> str:
    """The day in the reader's zone; the year only when it is not this one."""
    if value is None:
        return "–"
    zone = timezone.get_current_timezone()
    if isinstance(value, datetime):
        value = (value.astimezone(zone) if timezone.is_aware(value) else value).date()
    return _day(value, language(), is_this_year=value.year == timezone.now().astimezone(zone).year)


@lru_cache(maxsize=8192)
def _day(value: date, said_in: str, *, is_this_year: bool) -> str:
    locale = Locale.parse(said_in)
    return format_skeleton("MMMd", value, locale=locale) if is_this_year else format_date(value, format="medium", locale=locale)


def long_day(value: date) -> str:
    """As it stands on a letter: 30 November 2026."""
    return format_date(value, format="long", locale=locale())


def month(value: date) -> str:
    """A month and its year: “Mar 2026”."""
    return format_skeleton("yMMM", value, locale=locale())


def moment(value: datetime | None) -> str:
    """Day and time in the reader's zone."""
    if value is None:
        return "–"
    local = timezone.localtime(value)
    if local.date() == timezone.localdate():
        return format_datetime(local, "HH:mm", locale=locale())
    return f"{day(local)} {format_datetime(local, 'HH:mm', locale=locale())}"


def moment_in_full(value: datetime) -> str:
    """Day, year and time in the reader's zone, and which zone that is: for letters, which are read who knows when."""
    local = timezone.localtime(value)
    return f"{format_date(local, format='long', locale=locale())} {format_datetime(local, 'HH:mm (VV)', locale=locale())}"


def weekday(value: date) -> str:
    """A day that is near, with its weekday: Wed, Mar 4."""
    return format_skeleton("MMMEd", value, locale=locale())


def weekday_moment(value: datetime) -> str:
    """Weekday, day and time in the reader's zone."""
    local = timezone.localtime(value)
    return f"{weekday(local.date())} {format_datetime(local, 'HH:mm', locale=locale())}"


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


def clock(seconds: float | None) -> str:
    """As a timer shows it: 402 → “6:42”."""
    return "–" if seconds is None else f"{int(seconds) // _MINUTE}:{int(seconds) % _MINUTE:02}"


def call_told(call: Call) -> str:
    """A call in a line: who called, when, how long they talked."""
    who = call.caller.display_name if call.caller else ""
    return " · ".join(filter(None, (who, weekday_moment(call.started_at), clock(call.talked.total_seconds()) if call.talked else "")))


def days(value: float | None) -> str:
    """A number of days with the unit: “12 d”."""
    return "–" if value is None else gettext("%(n)s d") % {"n": number(value, 1 if value < 1 else 0)}


def country(code: str) -> str:
    """The country's name in the reader's language; a code that is none stays as it is."""
    return _country(code, language())


@lru_cache(maxsize=2048)
def _country(code: str, said_in: str) -> str:
    return str(Locale.parse(said_in).territories.get(code, code))


def about(count: int) -> str:
    """“about 12,480”: a list never counts a big table exactly."""
    return ngettext("about %(n)s", "about %(n)s", count) % {"n": number(count)}


def lang_of(text: str) -> str:
    """The language whose typeface a name needs: 文 is drawn otherwise in Korean than in Japanese. Han alone is read as Japanese."""
    if _HANGUL.search(text):
        return "ko"
    return "ja" if _KANA_OR_HAN.search(text) else "en"
