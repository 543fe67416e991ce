"""Mail about meetings to whoever is invited: in their language, by their clock, with an invitation that their calendar understands."""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.template import loader
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tasuki.core.organisation import the_organisation
from tasuki.core.outgoing_mail import Letter, MailServer
from tasuki.engage import blocks, booking_links, invitations, meeting_letters
from tasuki.engage.meeting_letters import MeetingLetter
from tasuki.engage.meeting_rows import Meeting, MeetingState
from tasuki.web import formats

# As many as one run posts, and refusals of the server after which it is left alone until the next.
_MOST, _PATIENCE = 200, 3

logger = logging.getLogger(__name__)


def post_what_waits(*, at: datetime) -> int:
    """Post the letters that wait, each in a transaction of its own; → how many.

    A letter is marked when the server has taken it. A worker that dies in between leaves it to be posted again, with the same UID and
    SEQUENCE: no calendar shows it twice. One that the server refuses for good is given up, others wait.
    """
    posted, failures = 0, 0
    while settings.MAIL is not None and posted < _MOST and failures < _PATIENCE:
        try:
            if not _post_next(settings.MAIL, at=at):
                break
            posted, failures = posted + 1, 0
        except OSError as error:
            logger.warning("No mail about a meeting: %s", error)
            failures += 1
    return posted


@transaction.atomic
def _post_next(server: MailServer, *, at: datetime) -> bool:
    row = meeting_letters.take(at=at)
    if row is None:
        return False
    if blocks.is_blocked(address=row.to):
        logger.info("The letter %s about a meeting goes to a blocked address.", row.pk)
        meeting_letters.give_up(row, at=at)
        return True
    try:
        server.post(letter_for(row, at=at))
    except (smtplib.SMTPRecipientsRefused, ValueError) as refusal:
        # It will refuse the address the next time too.
        logger.warning("The letter %s about a meeting cannot be posted: %s", row.pk, refusal)
        meeting_letters.give_up(row, at=at)
        return True
    meeting_letters.mark_posted(row, at=at)
    return True


def letter_for(row: MeetingLetter, *, at: datetime) -> Letter:
    """What the row says, with the meeting as it stands."""
    meeting = row.meeting
    with translation.override(row.language), timezone.override(ZoneInfo(meeting.zone)):
        subject, opening = _words(meeting)
        lines = [_("Hello %(name)s,") % {"name": row.name or row.to}, opening, when(meeting)]
        lines += [line for line in (_where(meeting), meeting.agenda.strip()) if line and meeting.state != MeetingState.CANCELLED]
        link = "" if meeting.state == MeetingState.CANCELLED else _link(row, at=at)
        label = _("Choose another time or cancel")
        closing = _("If you have a question, answer this mail: it goes to %(who)s.") % {"who": meeting.held_by.display_name}
        context = {"language": row.language, "subject": subject, "lines": lines, "link": link, "label": label, "closing": closing}
        html = loader.render_to_string("letters/meeting.jinja", context)
        calendar = invitations.invitation(meeting, name=row.name, to=row.to, at=at)
    text = "\n\n".join([*lines, *([f"{label}: {link}"] if link else []), closing]) + "\n"
    return Letter(
        to=row.to, subject=" ".join(subject.split()), text=text, html=html,
        calendar=calendar.decode(), method=invitations.method_of(meeting), answers_to=meeting.held_by.email or "",
    )  # fmt: skip


def when(meeting: Meeting) -> str:
    """The time by the clock of the other side, with the name of the clock."""
    starts, ends = meeting.starts_there, meeting.ends_there
    until = ends.strftime("%H:%M") if ends.date() == starts.date() else formats.moment_in_full(ends)
    return f"{formats.weekday_moment(starts)}–{until} ({meeting.zone})"


def _words(meeting: Meeting) -> tuple[str, str]:
    said = {"who": meeting.held_by.display_name, "organisation": the_organisation().name}
    if meeting.state == MeetingState.CANCELLED:
        return _("Cancelled: meeting with %(who)s, %(organisation)s") % said, _("The meeting with %(who)s of %(organisation)s does not take place.") % said
    if meeting.sequence:
        return _("New time: meeting with %(who)s, %(organisation)s") % said, _("The meeting with %(who)s of %(organisation)s has a new time.") % said
    return invitations.summary_for_guests(meeting), _("You are invited to a meeting with %(who)s of %(organisation)s.") % said


def _where(meeting: Meeting) -> str:
    return f"{meeting.get_kind_display()}: {meeting.place}" if meeting.place else str(meeting.get_kind_display())


def _link(row: MeetingLetter, *, at: datetime) -> str:
    """Where the person themselves, and nobody whom they bring along, moves or cancels the meeting, if there is a link to do so."""
    meeting, contact = row.meeting, row.meeting.contact
    link = booking_links.between(meeting, at=at)
    if link is None or contact is None or contact.main_email != row.to:
        return ""
    return settings.SITE.rstrip("/") + reverse("booking", args=[link.token])
