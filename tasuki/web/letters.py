"""What we mail to the people of the house: a link with which they set their password. In their language, as plain text and as HTML."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.template import loader
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.timezone import now
from django.utils.translation import gettext as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app as jobs

from tasuki.core import people
from tasuki.core.audit import By, Door
from tasuki.core.organisation import the_organisation
from tasuki.core.outgoing_mail import Letter
from tasuki.core.people import User
from tasuki.web import formats


# A server that is away for a while finds the letter again after 10, 100 and 1000 seconds.
@jobs.task(name="mail_password_link", retry=RetryStrategy(max_attempts=4, exponential_wait=10, retry_exceptions={OSError}))
def mail_password_link(*, user_id: int | None, until: int, site: str, was_forgotten: bool) -> None:
    """Mail the person a link for setting a password, made only now: no token waits in a table. `until` is in seconds since 1970.

    Without a person nothing is done: it was asked for an address that nobody here has, and asking must take as long as for any other.
    """
    person = people.still_here(user_id) if user_id is not None else None
    expires_at = datetime.fromtimestamp(until, UTC)
    if person is None or settings.MAIL is None or now() > expires_at:
        return
    link = site.rstrip("/") + reverse("password_link", args=[people.password_token(person, until=expires_at)])
    settings.MAIL.post(password_letter(person, link=link, until=expires_at, was_forgotten=was_forgotten))
    if was_forgotten:
        people.forget_password(person, by=By(None, Door.WEB), at=now())


def password_letter(person: User, *, link: str, until: datetime, was_forgotten: bool) -> Letter:
    """The letter around the link, in the person's language, with times in their zone."""
    with translation.override(person.language), timezone.override(person.time_zone):
        words = {"name": person.display_name, "organisation": the_organisation().name, "email": person.email, "moment": formats.moment_in_full(until)}
        if was_forgotten:
            subject = _("Choose a new password for Tasuki")
            opening = _("Somebody asked for a new password for %(email)s in Tasuki at %(organisation)s. If it was you, choose one here.") % words
            closing = _("If it was not you, you need do nothing: your password stays as it is.")
        elif person.has_usable_password():
            subject = _("Choose a new password for Tasuki")
            opening = _("An administrator of Tasuki at %(organisation)s sends you this link, with which you choose a new password.") % words
            closing = _("Until then your password stays as it is. You sign in with %(email)s.") % words
        else:
            subject = _("Your way into Tasuki at %(organisation)s") % words
            opening = _("You have been invited to Tasuki at %(organisation)s. Set your password here; then you sign in with it and with %(email)s.") % words
            closing = _("If you did not expect this, ask your administrator before you open the link.")
        greeting = _("Hello %(name)s,") % words
        expiry = _("The link works once, until %(moment)s.") % words
        context = {
            "language": person.language,
            "subject": subject,
            "greeting": greeting,
            "opening": opening,
            "link": link,
            "label": _("Set the password"),
            "expiry": expiry,
            "closing": closing,
        }
        html = loader.render_to_string("letters/password_link.jinja", context)
    return Letter(to=person.email or "", subject=" ".join(subject.split()), text="\n\n".join((greeting, opening, link, expiry, closing)) + "\n", html=html)


@jobs.task(name="mail_trial", retry=RetryStrategy(max_attempts=2, exponential_wait=10, retry_exceptions={OSError}))
def mail_trial(*, user_id: int) -> None:
    """Mail somebody a letter that says that letters arrive."""
    person = people.still_here(user_id)
    if person is None or settings.MAIL is None:
        return
    with translation.override(person.language):
        subject = _("Letters from Tasuki arrive")
        lines = (_("Hello %(name)s,") % {"name": person.display_name}, _("You asked for this letter on the page Outgoing mail. It arrived, so mail works."))
        context = {"language": person.language, "subject": subject, "lines": lines}
        html = loader.render_to_string("letters/trial.jinja", context)
    settings.MAIL.post(Letter(to=person.email or "", subject=subject, text="\n\n".join(lines) + "\n", html=html))
