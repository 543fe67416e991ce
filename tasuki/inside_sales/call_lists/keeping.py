"""Keeping the lists by the clock of each seller: tomorrow is proposed in the evening, and what nobody has frozen is frozen as the day ends."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef

from tasuki.core import business_days
from tasuki.core.abilities import Role, RoleGrant
from tasuki.core.audit import By, Door
from tasuki.core.business_days import NeverOpen
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.people import User, Users
from tasuki.core.working_time import Hours
from tasuki.inside_sales.call_lists import building, lists, rules
from tasuki.inside_sales.call_lists.lists import CallList

BY_ITSELF = By(None, Door.JOB)
# Whoever had no list for so long is not waited for any more.
LATELY = timedelta(days=21)


def sellers() -> Users:
    """Everybody who has a list: inside sellers who work here now."""
    return User.objects.active().filter(Exists(RoleGrant.objects.filter(user=OuterRef("pk"), role=Role.INSIDE_SELLER)))


def keep(*, at: datetime) -> None:
    """What the clock asks for at a moment; safe to call at any time, twice, or by two at once."""
    propose(at=at)
    freeze_what_is_due(at=at)


def propose(*, at: datetime) -> int:
    """Build the next business day for everybody for whom it is evening; returns how many lists were made.

    Who had lists until lately and lacks the one that an earlier evening should have made gets it now: nothing may have run on that evening.
    """
    hours, minute = hours_of_the_house(), rules.in_force().propose_minute
    by_day, missed = defaultdict[date, list[User]](list), defaultdict[date, list[User]](list)
    for person in sellers():
        here = rules.local(at, person)
        is_open = business_days.is_business_day(here.date(), hours=hours)
        if is_open and here.hour * 60 + here.minute >= minute:
            by_day[day_after(here.date(), hours=hours)].append(person)
        elif is_open and not rules.is_over(at, person=person):
            missed[here.date()].append(person)
        elif (day := _opens_after(here.date(), hours=hours)) is not None:
            missed[day].append(person)
    for day, people in missed.items():
        by_day[day] += _without_theirs(people, day=day)
    return sum(building.build(day, owners=people, by=BY_ITSELF, at=at) for day, people in sorted(by_day.items()) if _lack_one(people, day=day))


def freeze_what_is_due(*, at: datetime) -> int:
    """Freeze the lists whose day has begun where their owners are; returns how many."""
    waiting = CallList.objects.filter(frozen_at__isnull=True, for_on__lte=(at + timedelta(hours=15)).date()).select_related("owner")
    due = [one for one in waiting.order_by("pk") if rules.begins_at(one.for_on, person=one.owner) <= at]
    for one in due:
        lists.freeze(one, by=BY_ITSELF, at=at)
    return len(due)


def day_after(day: date, *, hours: Hours) -> date:
    """The next business day of the house. Raises NeverOpen."""
    return business_days.next_business_day(day, hours=hours)


def _opens_after(day: date, *, hours: Hours) -> date | None:
    """The business day after one that is closed; None in a house that never opens, and for a working day: its evening is still to come."""
    if business_days.is_business_day(day, hours=hours):
        return None
    try:
        return day_after(day, hours=hours)
    except NeverOpen:
        return None


def _without_theirs(people: list[User], *, day: date) -> list[User]:
    """Who had lists in the weeks before, and has none of the day."""
    lists = CallList.objects.filter(owner__in=people, for_on__range=(day - LATELY, day)).values_list("owner", "for_on")
    had, have = {owner for owner, on in lists if on < day}, {owner for owner, on in lists if on == day}
    return [person for person in people if person.pk in had - have]


def _lack_one(people: list[User], *, day: date) -> bool:
    return CallList.objects.filter(owner__in=people, for_on=day).count() < len(people)
