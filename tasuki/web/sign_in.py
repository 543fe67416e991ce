"""Signing in: allauth does the work; here stands what this organisation allows, and what is written down of it.

Nobody signs up: people are hired. Every change that a person makes to the ways they sign in passes through
`send_notification_mail`, whichever part of allauth makes it; there it is written to the audit trail.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as request_context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core import abilities, audit, people, sealing
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.people import User

_PURPOSE = "tasuki.web.sign_in.mfa"
_AT_HOME_IN_THE_MODEL = {Role.MANAGER, Role.OPERATIONS, Role.ADMINISTRATOR}

# allauth names what happened by the mail it would send.
_HAPPENED = {
    "mfa/email/totp_activated": "add_totp",
    "mfa/email/totp_deactivated": "remove_totp",
    "mfa/email/recovery_codes_generated": "make_recovery_codes",
    "mfa/email/webauthn_added": "add_passkey",
    "mfa/email/webauthn_removed": "remove_passkey",
}


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """The house rules of signing in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth asks with it
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The Model is home to whoever answers for the whole of it; the others begin with their own work."""
        answers_for_it = isinstance(request.user, User) and abilities.standing_of(request.user).roles & _AT_HOME_IN_THE_MODEL
        return reverse("relay") if answers_for_it else str(super().get_login_redirect_url(request))

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        audit.record(user, action="sign_in", by=By(user, Door.WEB), at=now())

    def add_message(self, request: HttpRequest, level: int, message_template: str | None = None, *context: Any, **more: Any) -> None:
        """Nothing is said of having signed in: the page that opens says it, and the sentence would be in the language of the door."""
        if message_template != "account/messages/logged_in.txt":
            super().add_message(request, level, message_template, *context, **more)

    def set_password(self, user: User, password: str) -> None:
        people.set_password(user, password=password, by=By(user, Door.WEB), at=now())

    def forgive_wrong_guesses(self, request: HttpRequest, user: User) -> None:
        """Open the door again that too many wrong passwords have shut: whoever reads the person's mail may try anew."""
        self._delete_login_attempts_cached_email(request, email=user.email)

    def send_notification_mail(self, template_prefix: str, user: User, *_args: Any, **_kwargs: Any) -> None:
        if action := _HAPPENED.get(template_prefix):
            audit.record(user, action=action, by=By(_who_acts(user), Door.WEB), at=now())


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Second factors are stored encrypted: a copy of the database alone signs nobody in."""

    def encrypt(self, text: str) -> str:
        return sealing.seal(text, purpose=_PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.opened(encrypted_text, purpose=_PURPOSE)

    def _get_site_name(self) -> str:
        return "Tasuki"


def _who_acts(user: User) -> User:
    request = request_context.request
    return request.user if request is not None and isinstance(request.user, User) else user
