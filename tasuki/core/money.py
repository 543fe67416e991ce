"""Money: a Decimal and a currency, never a float; and the rates by which one becomes another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused

# ISO 4217 minor units that differ from two; the won and the yen have no coins in an invoice.
_MINOR_UNITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3}


class NoExchangeRate(Refused):
    code = "no_exchange_rate"

    def __init__(self, currency: str, on: date) -> None:
        super().__init__(_("There is no exchange rate for %(currency)s on or before %(on)s.") % {"currency": currency, "on": on.isoformat()})


@dataclass(frozen=True)
class Money:
    """An amount in one currency (ISO 4217 code), rounded to its minor unit."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", rounded(self.amount, self.currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Half to even at the currency's minor unit."""
    return amount.quantize(minor_unit(currency), rounding=ROUND_HALF_EVEN)


def minor_unit(currency: str) -> Decimal:
    """The smallest amount there is in it: 0.01, or 1 for the won and the yen."""
    return Decimal(1).scaleb(-_MINOR_UNITS.get(currency, 2))


class ExchangeRate(models.Model):
    """One unit of `currency` is worth `rate` units of the organisation's currency from this day on."""

    currency = models.CharField(_("currency"), max_length=3)
    from_on = models.DateField(_("from"))
    rate = models.DecimalField(_("rate"), max_digits=18, decimal_places=8)

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = [
            models.UniqueConstraint(fields=["currency", "from_on"], name="one_rate_a_day"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="rate_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.from_on}: {self.rate}"


def convert(money: Money, *, to: str, on: date) -> Money:
    """The money in the organisation's currency `to` at the rate of that day. Raises NoExchangeRate."""
    if money.currency == to:
        return money
    rate = ExchangeRate.objects.filter(currency=money.currency, from_on__lte=on).order_by("-from_on").values_list("rate", flat=True).first()
    if rate is None:
        raise NoExchangeRate(money.currency, on)
    return Money(money.amount * rate, to)
