"""Invitations by mail: the link itself is made by the worker that posts the letter."""

from __future__ import annotations

from django.utils.timezone import now

from tasuki.core import people
from tasuki.core.people import User
from tasuki.web import letters
from tasuki.web.requests import UserRequest, by, site


def mail_invitation(request: UserRequest, whom: User) -> None:
    """Write down that the person is invited, and have the letter posted. Raises HasLeft."""
    at = now()
    people.invite(whom, by=by(request), at=at)
    until = int((at + people.INVITATION_LASTS).timestamp())
    letters.mail_password_link.defer(user_id=whom.pk, until=until, site=site(request), was_forgotten=False)
