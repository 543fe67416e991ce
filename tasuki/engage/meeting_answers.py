"""Answers to invitations: what somebody's calendar says to ours (iCalendar REPLY, RFC 5546).

Believed is whoever was invited, about the meeting as it stands: an answer to a time that has been moved since says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from icalendar import Calendar

from tasuki.core.audit import By
from tasuki.crm import emails
from tasuki.crm.emails import EmailInvalid
from tasuki.engage import invitations, meetings
from tasuki.engage.meeting_rows import Meeting, MeetingState

_MOST = 20


def hear(calendars: Iterable[str], *, sender: str, by: By, at: datetime) -> list[Meeting]:
    """The meetings to which somebody answers: accepted they are confirmed, declined by the person themselves they are cancelled, and whoever booked
    them is asked to book again; “maybe” by the person themselves stands on the meeting, which is to be confirmed. → those that were changed.
    """
    changed = []
    for text in calendars:
        for meeting, partstat in _answers(text, sender=sender):
            if meeting.state not in {MeetingState.BOOKED, MeetingState.CONFIRMED} or meeting.starts_at <= at:
                continue
            if partstat == "ACCEPTED":
                changed.append(meetings.confirm(meeting, by=by, at=at))
            elif partstat == "TENTATIVE" and _is_the_persons(meeting, sender):
                changed.append(meetings.doubt(meeting, by=by, at=at))
            elif partstat == "DECLINED" and _is_the_persons(meeting, sender):
                changed.append(meetings.cancel(meeting, by=by, at=at))
    return changed


def _answers(text: str, *, sender: str) -> Iterable[tuple[Meeting, str]]:
    """Each meeting of ours that the sender, who was invited to it, answers as it stands now, with what they say."""
    try:
        calendar = Calendar.from_ical(text)
    except (ValueError, IndexError, KeyError, TypeError):
        return
    if str(calendar.get("METHOD", "")).upper() != "REPLY":
        return
    for event in calendar.walk("VEVENT")[:_MOST]:
        uid = invitations.uid_of(str(event.get("UID", "")))
        meeting = Meeting.objects.for_page().filter(uid=uid).order_by("-sequence").first() if uid else None
        if meeting is None or _sequence(event.get("SEQUENCE")) != meeting.sequence or not _was_invited(meeting, sender):
            continue
        attendees = event.get("ATTENDEE", [])
        for attendee in attendees if isinstance(attendees, list) else [attendees]:
            if _same(str(attendee).partition(":")[2] or str(attendee), sender):
                yield meeting, str(getattr(attendee, "params", {}).get("PARTSTAT", "")).upper()


def _was_invited(meeting: Meeting, sender: str) -> bool:
    return _is_the_persons(meeting, sender) or any(_same(guest.address, sender) for guest in meeting.guests if guest.address)


def _is_the_persons(meeting: Meeting, sender: str) -> bool:
    return meeting.contact is not None and any(_same(one.address, sender) for one in meeting.contact.emails.all())


def _same(address: str, other: str) -> bool:
    try:
        return emails.normalise(address)[1] == emails.normalise(other)[1]
    except EmailInvalid:
        return False


def _sequence(said: object) -> int:
    try:
        return int(str(said or 0))
    except ValueError:
        return -1
