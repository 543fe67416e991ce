"""What is open to people outside: the page on which a lead books a meeting, and the calendar at a secret address."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import time_zones
from tasuki.core.errors import Refused
from tasuki.core.organisation import the_organisation
from tasuki.engage import booking_links, invitations, meeting_feeds, recipients
from tasuki.engage.booking_links import BookingLink
from tasuki.web.meeting_times import by_day, read, zone_named
from tasuki.web.outside import asks_too_often, private


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Times to choose from, or the meeting there is. Opening it changes nothing: programs look at every address of a letter."""
    if asks_too_often(request, what="booking"):
        return _closed(request, status=429)
    link = booking_links.found(token, at=now())
    if link is None:
        return _closed(request, status=410)
    zone = _zone(request, link)
    if request.method == "GET":
        return _shown(request, link, zone=zone)
    slot = read(request.POST.get("slot", ""))
    if slot is None:
        return _shown(request, link, zone=zone, problem=_("Choose a time."), status=422)
    try:
        booking_links.book(link, starts_at=slot, zone=str(zone), at=now())
    except Refused as refusal:
        return _shown(request, link, zone=zone, problem=str(refusal), status=refusal.status)
    return redirect(f"{request.path}?zone={zone}")


@require_POST
def cancellation(request: HttpRequest, token: str) -> HttpResponse:
    if asks_too_often(request, what="booking"):
        return _closed(request, status=429)
    link = booking_links.found(token, at=now())
    if link is None:
        return _closed(request, status=410)
    zone = _zone(request, link)
    try:
        booking_links.cancel(link, at=now())
    except Refused as refusal:
        return _shown(request, link, zone=zone, problem=str(refusal), status=refusal.status)
    return _shown(request, link, zone=zone, is_cancelled=True)


@require_GET
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """One person's meetings for their calendar program. A wrong address is as silent as any other."""
    person = None if asks_too_often(request, what="booking") else meeting_feeds.reader(token)
    if person is None:
        return private(HttpResponse(status=404))
    with translation.override(person.language):
        name = _("Meetings of %(name)s") % {"name": person.display_name}
        content = invitations.feed(meeting_feeds.meetings_of(person, at=now()), name=name, at=now())
    return private(HttpResponse(content, content_type="text/calendar; charset=utf-8", headers={"Content-Disposition": 'inline; filename="meetings.ics"'}))


def _shown(request: HttpRequest, link: BookingLink, *, zone: ZoneInfo, problem: str = "", is_cancelled: bool = False, status: int = 200) -> HttpResponse:
    at = now()
    meeting = booking_links.meeting_of(link, at=at)
    is_choosing = meeting is None or "other" in request.GET or bool(problem)
    context: dict[str, Any] = {
        "seller": link.held_by.display_name,
        "organisation": the_organisation().name,
        "token": link.token,
        "meeting": meeting,
        "days": by_day(booking_links.offered(link, at=at, but=meeting), zone=zone) if is_choosing and not is_cancelled else [],
        "is_choosing": is_choosing,
        "is_cancelled": is_cancelled,
        "zone": str(zone),
        "zones": time_zones.of_places(),
        "problem": problem,
    }
    with timezone.override(zone):
        return private(render(request, "meetings/booking.jinja", context, status=status))


def _closed(request: HttpRequest, *, status: int) -> HttpResponse:
    return private(render(request, "meetings/booking_closed.jinja", {"is_too_often": status == 429}, status=status))


def _zone(request: HttpRequest, link: BookingLink) -> ZoneInfo:
    said = request.POST.get("zone", "") or request.GET.get("zone", "")
    return zone_named(said, otherwise=recipients.zone_of(link.lead))
