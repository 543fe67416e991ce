"""Who asks: the standpoint from which a filter is read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from tasuki.core import abilities
from tasuki.core.filters.fields import Asker
from tasuki.core.money import ExchangeRate
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User


def today_of(user: User, *, at: datetime) -> date:
    """The day that it is for a person."""
    return at.astimezone(ZoneInfo(user.time_zone)).date()


def asker(user: User, *, at: datetime) -> Asker:
    """The standpoint of a person at a moment, in the time zone of the person."""
    organisation, today = the_organisation(), today_of(user, at=at)

    @cache
    def rates() -> Mapping[str, Decimal]:
        known = ExchangeRate.objects.filter(from_on__lte=today).order_by("currency", "-from_on").distinct("currency")
        return dict(known.values_list("currency", "rate")) | {organisation.currency: Decimal(1)}

    return Asker(user.pk, abilities.standing_of(user).tree, today, ZoneInfo(user.time_zone), organisation.fiscal_year_starts_in, rates)
