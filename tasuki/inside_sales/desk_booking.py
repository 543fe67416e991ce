"""Booking at the desk: who is to hold a lead's first meeting, and the times at which they can, while the person waits on the telephone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from tasuki.core.teams import Department
from tasuki.crm.accounts import Account
from tasuki.engage import availability, meetings, recipients
from tasuki.engage.dispositions import Disposition
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.meetings import SlotTaken
from tasuki.inside_sales import routing_claims
from tasuki.inside_sales.routing_claims import Step
from tasuki.inside_sales.routing_pools import PoolMember

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.core.people import User
    from tasuki.crm.leads import Lead
    from tasuki.engage.calls import Outcome

# As many as there are digits to press: three times on each of three days.
N_DAYS, A_DAY = 3, 3
WITHIN = timedelta(days=14)
# Whoever holds it is told before it begins.
NOTICE = timedelta(minutes=15)
# So many sellers are looked at, those of sales first; so many are named with their next free time. Any other is named by whoever books.
MOST_LOOKED_AT, MOST_NAMED = 60, 12
# Nobody is asked to meet before or after these hours of a business day of their own, unless the seller has no other time.
_EARLIEST, _LATEST = 8, 20


@dataclass(frozen=True)
class Choice:
    """Somebody who can hold the meeting, and the first time at which they can; None where they cannot within WITHIN."""

    seller: User
    next_at: datetime | None


@dataclass(frozen=True)
class Offer:
    """What can be said on the telephone: who holds the meeting and why they do, times by day of the lead's clock, and when later ones begin.

    `others` are those to choose from, the holder among them; `is_all` says that there are no more.
    """

    holder: User
    why: _StrOrPromise
    slots: list[datetime]
    later_on: date | None
    others: list[Choice]
    is_all: bool


def offer(lead: Lead, *, caller: User, zone: ZoneInfo, at: datetime, holder: User | None = None, since: date | None = None) -> Offer | None:
    """Free times of `holder`, else of whoever is to hold the meeting, from the day `since` of the lead's clock on; None where nobody can.

    Some twenty queries, however many sellers there are and however busy they are.
    """
    there = Meeting.objects.ahead().filter(lead=lead, starts_at__gt=at).select_related("held_by").in_order().first()
    sellers = list(meetings.sellers().select_related("team"))
    sellers.sort(key=lambda one: one.team is None or one.team.department != Department.SALES)
    usual, why = _holder(lead, there, sellers, caller=caller, at=at)
    holder, why = (holder, "") if holder and holder != usual else (usual, why)
    if holder is None:
        return None
    start = at + NOTICE
    if since:
        start = max(start, min(recipients.moment(since, datetime.min.time(), zone=zone), at + meetings.FURTHEST))
    looked_at = [one for one in sellers if one != holder][:MOST_LOOKED_AT]
    free = availability.free_times([holder, *looked_at], start=start, end=start + WITHIN, but=there)
    slots = list(free[holder.pk])
    shown, later_on = _spread(_at_work(slots, lead=lead, zone=zone), zone=zone)
    others = [Choice(one, next(free[one.pk], None)) for one in looked_at]
    named = sorted(others, key=lambda one: (one.next_at is None, one.next_at or at))[: MOST_NAMED - 1]
    named.append(Choice(holder, shown[0] if shown else None))
    named.sort(key=lambda one: (one.seller.family_name, one.seller.given_name, one.seller.pk))
    return Offer(holder, why, shown, later_on, named, is_all=len(named) == len(looked_at) + 1 and len(looked_at) < MOST_LOOKED_AT)


def holder_of(lead: Lead, *, caller: User, at: datetime) -> User | None:
    """Who holds the meeting when nobody says who."""
    there = Meeting.objects.ahead().filter(lead=lead, starts_at__gt=at).select_related("held_by").in_order().first()
    return _holder(lead, there, list(meetings.sellers().select_related("team")), caller=caller, at=at)[0]


def refuse_taken(lead: Lead, outcome: Outcome, *, at: datetime) -> None:
    """Whether a time that was offered is free still, by the rules by which it was offered; it stays so until the end of the transaction of whoever
    holds the lead. Raises SlotTaken."""
    if outcome.disposition != Disposition.MEETING or not outcome.is_offered or outcome.held_by is None or outcome.meeting_at is None:
        return
    there = Meeting.objects.ahead().filter(lead=lead, starts_at__gt=at).select_related("held_by").in_order().first()
    meetings.hold_the_time_of(outcome.held_by, *([there.held_by] if there else []))
    # The shift in which it lies is looked at whole: times are counted from its beginning.
    start, end = max(at, outcome.meeting_at - timedelta(hours=12)), outcome.meeting_at + timedelta(hours=12)
    if outcome.meeting_at not in availability.slots(outcome.held_by, start=start, end=end, but=there):
        raise SlotTaken


def _holder(lead: Lead, there: Meeting | None, sellers: list[User], *, caller: User, at: datetime) -> tuple[User | None, _StrOrPromise]:
    """As leads are routed, to the field: the meeting there is · the company's open deal · its customer's owner · its owner in sales · the one
    of sales with the fewest meetings ahead, of those who speak the person's language where somebody does · whoever calls."""
    by_id = {one.pk: one for one in sellers}
    if there and there.held_by_id in by_id:
        return by_id[there.held_by_id], _("holds the meeting that is booked")
    claims = routing_claims.of_leads({lead.pk: at})[lead.pk] if lead.account_id else []
    for claim in claims:
        if claim.step in (Step.OPEN_DEAL, Step.CUSTOMER) and claim.user_id in by_id:
            return by_id[claim.user_id], claim.step.label
    owner = Account.objects.filter(pk=lead.account_id).values_list("owner", flat=True).first() if lead.account_id else None
    of_sales = [one for one in sellers if one.team and one.team.department == Department.SALES]
    if mine := next((one for one in of_sales if one.pk == owner), None):
        return mine, _("owns the account")
    if of_sales:
        return _least_booked(lead, of_sales, at=at), _("has the fewest meetings ahead")
    return by_id.get(caller.pk), ""


def _least_booked(lead: Lead, of_sales: list[User], *, at: datetime) -> User:
    """Of those who sit in a pool of sales where there is one, else of all in sales."""
    pool = PoolMember.objects.filter(user__in=of_sales, pool__team__department=Department.SALES)
    spoken = {user: set(languages) for user, languages in pool.values_list("user", "languages")}
    among = [one for one in of_sales if one.pk in spoken] or of_sales
    language = recipients.language_of(lead.contact, country=lead.account.country if lead.account else "")
    n_ahead = dict(Meeting.objects.ahead().filter(held_by__in=among, starts_at__gt=at).values_list("held_by").annotate(n=Count("pk")).order_by())

    def rank(one: User) -> tuple[bool, int, int]:
        return language not in (spoken.get(one.pk) or {one.language}), n_ahead.get(one.pk, 0), one.pk

    return min(among, key=rank)


def _at_work(slots: list[datetime], *, lead: Lead, zone: ZoneInfo) -> list[datetime]:
    """Those on business days of the lead's country, by day; all, where there is none among them."""
    hours = recipients.hours_of(lead, zone=zone)
    there = [(one, one.astimezone(zone)) for one in slots]
    return [one for one, local in there if _EARLIEST <= local.hour < _LATEST and hours.shifts_on(local.date())] or slots


def _spread(slots: list[datetime], *, zone: ZoneInfo) -> tuple[list[datetime], date | None]:
    """The first, the middle and the last time of each of the first days; and the day from which on there are more."""
    days: dict[date, list[datetime]] = {}
    for slot in slots:
        days.setdefault(slot.astimezone(zone).date(), []).append(slot)
    shown = [slot for day in list(days.values())[:N_DAYS] for slot in _some(day)]
    return shown, next(iter(list(days)[N_DAYS:]), None)


def _some(day: list[datetime]) -> list[datetime]:
    if len(day) <= A_DAY:
        return day
    return [day[nth * (len(day) - 1) // (A_DAY - 1)] for nth in range(A_DAY)]
