"""Founding: the first administrator of an installation that belongs to nobody yet.

Whoever reaches the machine over a network must not be able to take it. So a key is needed that only the command line prints; it is
signed with the secret of the installation, lasts a day, and opens nothing once somebody is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import people, roles
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.errors import Refused
from tasuki.core.organisation import Organisation
from tasuki.core.people import User

LASTS = timedelta(days=1)
_SALT = "tasuki.core.founding"


class KeyRefused(Refused):
    code = "founding_key_refused"
    status = 403

    def __init__(self) -> None:
        super().__init__(_("This link is not the one that Tasuki printed, or it is older than a day. Start Tasuki again; it prints a new one."))


class FoundedAlready(Refused):
    code = "founded_already"
    status = 403

    def __init__(self) -> None:
        super().__init__(_("Somebody is here already. Sign in, or ask an administrator for an invitation."))


@dataclass(frozen=True)
class Founder:
    """What the first person says about themselves."""

    email: str
    family_name: str
    given_name: str
    password: str
    language: str = "en"
    time_zone: str = "UTC"


def is_unclaimed() -> bool:
    """Whether nobody can sign in yet."""
    return not User.objects.active().exists()


def key(*, at: datetime) -> str:
    """What lets its holder become the first administrator."""
    return signing.dumps({"until": int((at + LASTS).timestamp())}, salt=_SALT)


def check(key_: str, *, at: datetime) -> None:
    """Raise KeyRefused for a key that is forged or too old, FoundedAlready when somebody is here."""
    try:
        claim = signing.loads(key_, salt=_SALT)
    except signing.BadSignature:
        raise KeyRefused from None
    if at.timestamp() > claim["until"]:
        raise KeyRefused
    if not is_unclaimed():
        raise FoundedAlready


@transaction.atomic
def claim(key_: str, *, founder: Founder, at: datetime) -> User:
    """Make the founder the first administrator. Raises KeyRefused, FoundedAlready, PersonRefused, AddressTaken, PasswordTooWeak."""
    # Two at once: the second waits here, and then finds somebody.
    Organisation.objects.select_for_update().get(pk=1)
    check(key_, at=at)
    by = By(None, Door.WEB)
    user = people.hire(
        founder.email,
        family_name=founder.family_name,
        given_name=founder.given_name,
        language=founder.language,
        time_zone=founder.time_zone,
        by=by,
        at=at,
    )
    roles.grant(user, role=Role.ADMINISTRATOR, by=by, at=at)
    people.set_password(user, password=founder.password, by=By(user, Door.WEB), at=at)
    return user
