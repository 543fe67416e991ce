"""Business days: those on which a calendar is open. Its own days beat the holidays of its country, and those its week."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused
from tasuki.core.working_time import FURTHEST_DAYS, Hours


class NeverOpen(Refused):
    code = "never_open"

    def __init__(self) -> None:
        super().__init__(_("The calendar of the organisation has no open day. Give it hours in the settings, or choose a day yourself."))


def is_business_day(day: date, *, hours: Hours) -> bool:
    return bool(hours.shifts_on(day))


def next_business_day(day: date, *, hours: Hours) -> date:
    """The first business day after `day`. Raises NeverOpen."""
    return on_or_after(day + timedelta(days=1), hours=hours)


def on_or_after(day: date, *, hours: Hours) -> date:
    """The day itself when it is a business day, else the next that is. Raises NeverOpen."""
    return _nearest(day, hours=hours, step=1)


def on_or_before(day: date, *, hours: Hours) -> date:
    """The day itself when it is a business day, else the last before it that was. Raises NeverOpen."""
    return _nearest(day, hours=hours, step=-1)


def next_week(day: date, *, hours: Hours) -> date:
    """The first business day of the week after. Raises NeverOpen."""
    return on_or_after(day + timedelta(days=7 - day.weekday()), hours=hours)


def _nearest(day: date, *, hours: Hours, step: int) -> date:
    days = (day + timedelta(days=step * n) for n in range(FURTHEST_DAYS))
    found = next((one for one in days if is_business_day(one, hours=hours)), None)
    if found is None:
        raise NeverOpen
    return found
