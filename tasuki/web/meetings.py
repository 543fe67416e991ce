"""Meetings: one's own by day, booking one about a lead, and the page of one with what can be done to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.errors import Refused
from tasuki.core.people import User
from tasuki.crm import barred
from tasuki.crm.leads import Lead
from tasuki.engage import availability, booking_links, meeting_feeds, meetings, recipients
from tasuki.engage.availability import Asked
from tasuki.engage.booking_links import BookingLink
from tasuki.engage.meeting_feeds import MeetingFeed
from tasuki.engage.meeting_rows import AHEAD, Meeting, MeetingState
from tasuki.engage.meetings import MeetingWrong, SlotTaken, TooClose
from tasuki.web.meeting_times import BookForm, ReasonForm, TimeForm, by_day, chosen_seller
from tasuki.web.records import done
from tasuki.web.requests import UserRequest, by, record_id, site

# Two weeks of times are offered at once; so many rows stand on the page of one's own.
_OFFERED, _ROWS = timedelta(days=14), 100


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    """What the reader holds or has booked: what nobody has said the end of, what is to come, what was."""
    at = now()
    mine = Meeting.objects.visible_to(request.user).filter(Q(held_by=request.user) | Q(booked_by=request.user)).for_page()
    ahead = mine.ahead().in_order()
    context = {
        "unsaid": list(ahead.filter(ends_at__lte=at)[:_ROWS]),
        "coming": _by_day(ahead.filter(ends_at__gt=at)[:_ROWS]),
        "past": list(mine.filter(state__in=[MeetingState.HELD, MeetingState.MISSED, MeetingState.CANCELLED]).order_by("-starts_at", "-pk")[:20]),
        "feed": _feed_address(request),
        "today": timezone.localdate(),
    }
    return render(request, "meetings/list.jinja", context)


def _by_day(coming: Iterable[Meeting]) -> list[tuple[date, list[tuple[datetime, Meeting]]]]:
    """Each day of the reader's, with its meetings and when they begin by the reader's clock."""
    days: dict[date, list[tuple[datetime, Meeting]]] = {}
    for meeting in coming:
        here = timezone.localtime(meeting.starts_at)
        days.setdefault(here.date(), []).append((here, meeting))
    return list(days.items())


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    return _shown(request, _found(request, pk))


def _shown(request: UserRequest, meeting: Meeting, *, status: int = 200, problem: str = "") -> HttpResponse:
    at, hidden = now(), abilities.standing_of(request.user).hides("meeting")
    context = {
        "meeting": meeting,
        "zone_here": request.user.time_zone,
        "has_begun": meeting.starts_at <= at,
        "following": Meeting.objects.visible_to(request.user).filter(previous=meeting).first(),
        "guests": _guests(meeting, is_hidden="attendees" in hidden),
        "letters": [] if "attendees" in hidden else meeting.letters.order_by("-pk")[:20],
        "reason_form": ReasonForm(),
        "may_change": _may_change(request.user),
        "problem": problem,
    }
    return render(request, "meetings/page.jinja", context, status=status)


def _guests(meeting: Meeting, *, is_hidden: bool) -> list[tuple[str, str]]:
    """Names and addresses; without the right to see addresses only names, and a dash for who has none."""
    if not is_hidden:
        return [(guest.name, guest.address) for guest in meeting.guests]
    return [("–" if guest.name == guest.address else guest.name, "") for guest in meeting.guests]


@require_http_methods(["GET", "POST"])
def new(request: UserRequest, pk: int) -> HttpResponse:
    """Times of whom the reader chooses, by the clock of the lead; `again` names the no-show that it makes good."""
    meetings.require_may_change(request.user)
    lead = get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk)
    who, seller = chosen_seller(request.GET, reader=request.user)
    again = _named(request, request.GET.get("again", ""), lead=lead)
    zone = recipients.zone_of(lead)
    form = BookForm(request.POST or None, zone=zone, initial=_as_before(again))
    if request.method == "POST" and seller:
        booked = _tried(form, lambda: meetings.book(lead, plan=form.plan(seller), by=by(request), at=now(), again=again))
        if booked:
            return done(request, _("The meeting is booked. Whoever has a mail address is invited."), name="meeting", pk=booked.pk)
    context = {
        "lead": lead, "who": who, "seller": seller, "form": form, "again": again,
        "link": BookingLink.objects.visible_to(request.user).open(now()).filter(lead=lead, held_by=seller).first(),
        "site": site(request).rstrip("/"),
        **_offered(request, seller=seller, zone=zone, asked=Asked(length=timedelta(minutes=30))),
    }  # fmt: skip
    return render(request, "meetings/new.jinja", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def move(request: UserRequest, pk: int) -> HttpResponse:
    """Another time for a meeting."""
    meetings.require_may_change(request.user)
    meeting = _found(request, pk)
    zone = ZoneInfo(meeting.zone)
    form = TimeForm(request.POST or None, zone=zone)
    if request.method == "POST":
        moved = _tried(form, lambda: _moved(request, meeting, form))
        if moved:
            return done(request, _("The meeting has another time. Whoever was invited is told."), name="meeting", pk=moved.pk)
    asked = Asked(length=meeting.ends_at - meeting.starts_at)
    context = {"meeting": meeting, "form": form, **_offered(request, seller=meeting.held_by, zone=zone, asked=asked, but=meeting)}
    return render(request, "meetings/move.jinja", context, status=422 if form.errors else 200)


def _moved(request: UserRequest, meeting: Meeting, form: TimeForm) -> Meeting:
    starts_at = form.cleaned_data["starts_at"]
    knows = form.knows(starts_at, meeting.held_by)
    return meetings.reschedule(meeting, starts_at=starts_at, is_close_knowingly=knows, by=by(request), at=now())


@require_POST
def confirmation(request: UserRequest, pk: int) -> HttpResponse:
    return _done(request, pk, verb=meetings.confirm, sentence=_("They come: it is confirmed."))


@require_POST
def holding(request: UserRequest, pk: int) -> HttpResponse:
    return _done(request, pk, verb=meetings.hold, sentence=_("The meeting took place."))


@require_POST
def no_show(request: UserRequest, pk: int) -> HttpResponse:
    return _done(request, pk, verb=meetings.miss, sentence=_("They did not come. A task says to book the meeting again."))


@require_POST
def cancellation(request: UserRequest, pk: int) -> HttpResponse:
    reason = request.POST.get("reason", "")[:200]

    def cancel(meeting: Meeting, **who: Any) -> Meeting:
        return meetings.cancel(meeting, reason=reason, **who)

    return _done(request, pk, verb=cancel, sentence=_("The meeting is cancelled. Whoever was invited is told."))


@require_POST
def link_add(request: UserRequest, pk: int) -> HttpResponse:
    """Make the address at which the lead books by itself."""
    meetings.require_may_change(request.user)
    lead = get_object_or_404(Lead.objects.visible_to(request.user), pk=pk)
    seller = meetings.sellers().filter(pk=record_id(request.POST.get("seller", "")) or 0).first()
    if seller:
        booking_links.make(lead, held_by=seller, by=by(request), at=now())
    return redirect(reverse("meeting_new", args=[pk]) + (f"?seller={seller.pk}#link" if seller else ""))


@require_POST
def link_removal(request: UserRequest, pk: int) -> HttpResponse:
    meetings.require_may_change(request.user)
    link = get_object_or_404(BookingLink.objects.visible_to(request.user), pk=pk)
    booking_links.revoke(link, by=by(request), at=now())
    return redirect(reverse("meeting_new", args=[link.lead_id]) + f"?seller={link.held_by_id}#link")


@require_POST
def feed_renewal(request: UserRequest) -> HttpResponse:
    """Make the secret address of one's own calendar, or another one."""
    meeting_feeds.renew(request.user, by=by(request), at=now())
    return redirect(reverse("meetings") + "#feed")


@require_POST
def feed_removal(request: UserRequest) -> HttpResponse:
    meeting_feeds.close(request.user, by=by(request), at=now())
    return redirect(reverse("meetings") + "#feed")


def _feed_address(request: UserRequest) -> str:
    feed = MeetingFeed.objects.visible_to(request.user).first()
    return site(request).rstrip("/") + reverse("meeting_feed", args=[feed.token]) if feed else ""


def _done(request: UserRequest, pk: int, *, verb: Callable[..., Meeting], sentence: str) -> HttpResponse:
    meetings.require_may_change(request.user)
    meeting = _found(request, pk)
    try:
        verb(meeting, by=by(request), at=now())
    except Refused as refusal:
        return _shown(request, _found(request, pk), status=refusal.status, problem=str(refusal))
    return done(request, sentence, name="meeting", pk=pk)


def _tried(form: TimeForm, verb: Callable[[], Meeting]) -> Meeting | None:
    """What the verb made; None when the form says what is wrong."""
    if not form.is_valid():
        return None
    try:
        return verb()
    except MeetingWrong as refusal:
        form.explain(refusal.field, str(refusal))
    except SlotTaken as refusal:
        form.explain("starts_at", str(refusal))
    except TooClose as refusal:
        form.warn(refusal)
    except Refused as refusal:
        form.add_error(None, str(refusal))
    return None


def _offered(request: UserRequest, *, seller: User | None, zone: ZoneInfo, asked: Asked, but: Meeting | None = None) -> dict[str, Any]:
    """Two weeks of times; `from` in the address goes on from there."""
    at = now()
    start = max(at, _day_named(request.GET.get("from", ""), zone=zone) or at)
    start = min(start, at + meetings.FURTHEST)
    slots = availability.slots(seller, start=start, end=start + _OFFERED, asked=asked, but=but) if seller else []
    return {"days": by_day(slots, zone=zone), "zone": str(zone), "later": (start + _OFFERED).astimezone(zone).date().isoformat(), "is_later": start > at}


def _day_named(text: str, *, zone: ZoneInfo) -> datetime | None:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone; its beginning gets one below
    except ValueError:
        return None
    return recipients.moment(day, datetime.min.time(), zone=zone) if 2000 < day.year < 2100 else None


def _named(request: UserRequest, text: str, *, lead: Lead) -> Meeting | None:
    pk = record_id(text)
    return Meeting.objects.visible_to(request.user).filter(pk=pk, state=MeetingState.MISSED, contact=lead.contact_id).first() if pk else None


def _as_before(again: Meeting | None) -> dict[str, Any]:
    return {name: getattr(again, name) for name in ("kind", "place", "agenda", "attendees")} if again else {}


def _found(request: UserRequest, pk: int) -> Meeting:
    return get_object_or_404(Meeting.objects.visible_to(request.user).for_page(), pk=pk)


def _may_change(user: User) -> bool:
    return bool({"work_leads", "work_opportunities"} & {one.value for one in abilities.standing_of(user).abilities})


def of_lead(request: UserRequest, lead: Lead) -> dict[str, Any]:
    """What the page of a lead shows: the meetings to come, and the last ones."""
    rows = Meeting.objects.visible_to(request.user).filter(lead=lead).exclude(state=MeetingState.MOVED).for_page().order_by("-starts_at", "-pk")[:5]
    return {
        "meetings": sorted(rows, key=lambda one: (one.state not in AHEAD, one.starts_at)),
        "may_meet": lead.stage_id is not None and not barred.is_erased(lead) and _may_change(request.user),
    }
