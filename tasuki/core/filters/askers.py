"""Who asks: the standpoint from which a filter is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from tasuki.core import abilities
from tasuki.core.filters.fields import Asker
from tasuki.core.money import ExchangeRate
from tasuki.core.organisation import Organisation, the_organisation
from tasuki.core.people import User


def today_of(user: User, *, at: datetime) -> date:
    """The day that it is for a person."""
    return at.astimezone(ZoneInfo(user.time_zone)).date()


def asker(user: User, *, at: datetime) -> Asker:
    """The standpoint of a person at a moment, in the time zone of the person."""
    today, house = today_of(user, at=at), cache(the_organisation)
    return Asker(user.pk, abilities.standing_of(user).tree, today, ZoneInfo(user.time_zone), _start(house), _rates(today, house))


def of_the_house(*, at: datetime) -> Asker:
    """The standpoint of the organisation, for rules that nobody in particular asks: `me` and `mine` mean nobody."""
    house = cache(the_organisation)
    zone = ZoneInfo(house().time_zone)
    today = at.astimezone(zone).date()
    return Asker(0, frozenset(), today, zone, _start(house), _rates(today, house))


def _start(house: Callable[[], Organisation]) -> Callable[[], int]:
    return lambda: house().fiscal_year_starts_in


def _rates(today: date, house: Callable[[], Organisation]) -> Callable[[], Mapping[str, Decimal]]:
    @cache
    def rates() -> Mapping[str, Decimal]:
        known = ExchangeRate.objects.filter(from_on__lte=today).order_by("currency", "-from_on").distinct("currency")
        return dict(known.values_list("currency", "rate")) | {house().currency: Decimal(1)}

    return rates
