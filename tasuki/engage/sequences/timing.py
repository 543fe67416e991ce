"""When a step is due: business days of the member's calendar, by the member's clock, within the window of the step."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tasuki.core import business_days
from tasuki.engage import recipients

if TYPE_CHECKING:
    from tasuki.core.working_time import Hours
    from tasuki.crm.leads import Lead
    from tasuki.engage.sequences.definitions import Step


def hours_of(lead: Lead) -> Hours:
    """The calendar of the person: the days on which they work, and where their clock hangs. Loads the account and the contact's numbers."""
    number = lead.contact.main_phone if lead.contact else ""
    return recipients.hours_of(lead, zone=recipients.zone_of(lead, number=number))


def due(step: Step, *, after: datetime, hours: Hours) -> datetime:
    """In UTC: the first moment of the window, `n_days` business days after the day of `after`; at once where that is now."""
    return _days_on(step, step.n_days, after=after, hours=hours)


def listens_until(step: Step, *, since: datetime, hours: Hours) -> datetime:
    """In UTC: when a branch that came to be heard then stops listening; at once for one that only looks back."""
    return _days_on(step, step.n_days_to_listen, after=since, hours=hours) if step.n_days_to_listen else since


def _days_on(step: Step, n_days: int, *, after: datetime, hours: Hours) -> datetime:
    zone = ZoneInfo(str(hours.zone))
    local = after.astimezone(zone)
    day = local.date()
    for _nth in range(n_days):
        day = business_days.next_business_day(day, hours=hours)
    day = business_days.on_or_after(day, hours=hours)
    minute = local.hour * 60 + local.minute
    if day == local.date() and minute >= step.from_minute:
        if minute < step.until_minute:
            return after
        day = business_days.next_business_day(day, hours=hours)
    return _moment(step, day=day, zone=zone)


def in_window(step: Step, *, at: datetime, hours: Hours) -> datetime:
    """The moment itself when it is a business day and the window is open, else when it opens next."""
    zone = ZoneInfo(str(hours.zone))
    local = at.astimezone(zone)
    day = business_days.on_or_after(local.date(), hours=hours)
    minute = local.hour * 60 + local.minute
    if day == local.date() and step.from_minute <= minute < step.until_minute:
        return at
    if day == local.date() and minute >= step.until_minute:
        day = business_days.next_business_day(day, hours=hours)
    return _moment(step, day=day, zone=zone)


def next_day(step: Step, *, at: datetime, hours: Hours) -> datetime:
    """When the window opens on the next business day."""
    zone = ZoneInfo(str(hours.zone))
    return _moment(step, day=business_days.next_business_day(at.astimezone(zone).date(), hours=hours), zone=zone)


def _moment(step: Step, *, day: date, zone: ZoneInfo) -> datetime:
    return recipients.moment(day, time(*divmod(step.from_minute, 60)), zone=zone)
