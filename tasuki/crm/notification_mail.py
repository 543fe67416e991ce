"""Notifications on their way into the mail: who waits for a letter, when a morning has come, and what goes into it.

A row that is taken is marked in the transaction in which its letter is posted: what the mail server does not take waits for the next time.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from tasuki.core import business_days
from tasuki.core.people import User
from tasuki.core.working_time import Hours
from tasuki.crm.notifications import Notification, Way

MORNING = time(7)
# A letter that could not be posted for so long is not posted any more; the page has told it all the while.
GIVEN_UP_AFTER = timedelta(days=1)


def waiting(way: Way) -> list[User]:
    """Who has something to be mailed in that way, whether or not its time has come."""
    rows = Notification.objects.filter(way=way, mailed_at__isnull=True)
    return list(User.objects.active().filter(pk__in=rows.values("person")).order_by("pk"))


def last_morning(person: User, *, at: datetime, hours: Hours) -> datetime:
    """The last seven o'clock of a business day in the person's time zone. Raises NeverOpen."""
    zone = ZoneInfo(person.time_zone)
    day = at.astimezone(zone).date()
    if datetime.combine(day, MORNING, zone) > at:
        day -= timedelta(days=1)
    return datetime.combine(business_days.on_or_before(day, hours=hours), MORNING, zone)


def take(person: User, *, way: Way, before: datetime, at: datetime) -> list[Notification]:
    """Take what waits for the person and came before a moment, newest first; what they have read or may not see any more is not told.

    Inside a transaction: the rows count as mailed when it ends well. Two workers never take the same row.
    """
    rows = Notification.objects.select_for_update(skip_locked=True).filter(person=person, way=way, mailed_at__isnull=True, at__lt=before)
    taken = list(rows.values_list("pk", flat=True))
    if not taken:
        return []
    Notification.objects.filter(pk__in=taken).update(mailed_at=at)
    return list(Notification.objects.visible_to(person).unread().filter(pk__in=taken).newest_first().for_listing())


def give_up(*, at: datetime) -> int:
    """Let go of what waits in vain: there is no mail server, or it takes nothing; → how many."""
    cutoff = at - GIVEN_UP_AFTER
    late = Q(way=Way.MAIL, at__lt=cutoff) | Q(way=Way.DIGEST, at__lt=cutoff - timedelta(days=14))
    return Notification.objects.filter(late, mailed_at__isnull=True).update(way=Way.PAGE)
