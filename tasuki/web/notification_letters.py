"""Mail of what people should know: at once for what is addressed to them, in the morning for what they chose to read then."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.template import loader
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tasuki.core import people
from tasuki.core.business_days import NeverOpen
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.outgoing_mail import Letter, MailServer
from tasuki.core.people import User
from tasuki.crm import notification_mail, notifications
from tasuki.crm.notifications import Happening, Notification, Way
from tasuki.web.notifications import Group, grouped

_SILENCE = "tasuki.web.notification_letters.silence"
SILENCE_LASTS = timedelta(days=60)
# A mail server that refuses so many letters one after the other is left alone until the next time.
_PATIENCE = 3
_LONGEST_SUBJECT = 150

logger = logging.getLogger(__name__)


def post_what_waits(*, at: datetime) -> int:
    """Post every letter whose time has come; → how many. One that the server does not take waits; one that it refuses is given up."""
    notification_mail.give_up(at=at)
    if settings.MAIL is None:
        return 0
    hours, posted, failures = hours_of_the_house(), 0, 0
    for way in (Way.MAIL, Way.DIGEST):
        for person in notification_mail.waiting(way):
            try:
                before = at if way == Way.MAIL else notification_mail.last_morning(person, at=at, hours=hours)
                posted, failures = posted + _post(settings.MAIL, person=person, way=way, before=before, at=at), 0
            except NeverOpen as refusal:
                logger.warning("No morning comes: %s", refusal)
                return posted
            except OSError as error:
                logger.warning("No mail for person %s: %s", person.pk, error)
                failures += 1
                if failures >= _PATIENCE:
                    return posted
    return posted


@transaction.atomic
def _post(server: MailServer, *, person: User, way: Way, before: datetime, at: datetime) -> int:
    rows = notification_mail.take(person, way=way, before=before, at=at)
    if not rows:
        return 0
    try:
        server.post(letter_for(person, rows, way=way, at=at))
    except smtplib.SMTPRecipientsRefused as refusal:
        # It will refuse the address the next time too.
        logger.warning("The mail server refuses the address of person %s: %s", person.pk, refusal)
        return 0
    return 1


def letter_for(person: User, rows: Sequence[Notification], *, way: Way, at: datetime) -> Letter:
    """The letter that tells these notifications, in the person's language, with times in their zone."""
    with translation.override(person.language), timezone.override(person.time_zone):
        groups = grouped(rows, reader=person)
        token = silence_token(person, [Happening(row.happening) for row in rows], until=at + SILENCE_LASTS)
        site = settings.SITE.rstrip("/")
        words: dict[str, Any] = {
            "language": person.language,
            "subject": _subject(groups, n=len(rows), way=way),
            "greeting": _("Hello %(name)s,") % {"name": person.display_name},
            "groups": groups,
            "site": site,
            "all_label": _("All notifications"),
            "all": site + reverse("notifications"),
            "ways_label": _("Choose what is mailed to you"),
            "ways": site + reverse("notification_ways"),
            "silence_label": _("No more mail about these"),
            "silence": site + reverse("notification_silence", args=[token]),
        }
        html = loader.render_to_string("letters/notifications.jinja", words)
    return Letter(to=person.email or "", subject=words["subject"], text=_text(words), html=html, unsubscribe=words["silence"])


def _text(words: Mapping[str, Any]) -> str:
    """The same as plain text."""
    parts = [words["greeting"]]
    for group in words["groups"]:
        parts.append(group.title)
        parts += [f"- {line.sentence}{': ' if line.excerpt else ''}{line.excerpt}\n  {words['site']}{line.href}" for line in group.lines]
    links = [f"{words[f'{name}_label']}: {words[name]}" for name in ("all", "ways", "silence")]
    return "\n\n".join([*parts, "\n".join(["--", *links])]) + "\n"


def _subject(groups: Sequence[Group], *, n: int, way: Way) -> str:
    if way == Way.DIGEST:
        subject = ngettext("What happened: %(n)s notification", "What happened: %(n)s notifications", n) % {"n": n}
    elif n == 1:
        subject = f"{groups[0].lines[0].sentence}: {groups[0].title}"
    else:
        subject = ngettext("%(n)s notification for you", "%(n)s notifications for you", n) % {"n": n}
    return " ".join(subject.split())[:_LONGEST_SUBJECT]


def silence_token(person: User, happenings: Sequence[Happening], *, until: datetime) -> str:
    """With it the person ends the mails about these happenings without signing in, until that moment."""
    named = sorted({happening.value for happening in happenings})
    return signing.dumps({"user": person.pk, "about": named, "until": int(until.timestamp())}, salt=_SILENCE)


def silenced(token: str, *, at: datetime) -> tuple[User, list[Happening]] | None:
    """Whose mails a token ends, and about what; None for one that is forged or too old, or when the person has left."""
    try:
        claim = signing.loads(token, salt=_SILENCE)
    except signing.BadSignature:
        return None
    person = people.still_here(claim["user"])
    if person is None or at > datetime.fromtimestamp(claim["until"], UTC):
        return None
    return person, [Happening(one) for one in claim["about"]]


def silence(person: User, happenings: Sequence[Happening]) -> None:
    """No more mail about these: they stay on the page."""
    ways = notifications.ways_of(person)
    notifications.choose(person, ways={one: Way.PAGE for one in happenings if ways[one] in (Way.MAIL, Way.DIGEST)})
