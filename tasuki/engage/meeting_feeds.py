"""Meeting feeds: a secret address at which a calendar program reads one person's meetings. Who renews it closes the old one."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core import signing
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.people import User
from tasuki.engage.meeting_rows import TAKING_TIME, Meeting, Meetings

if TYPE_CHECKING:
    from collections.abc import Sequence

_SALT = "tasuki.engage.meeting_feeds"
BACK, AHEAD_FOR = timedelta(days=60), timedelta(days=366)


class MeetingFeeds(models.QuerySet["MeetingFeed"]):
    """Questions about feeds."""

    def visible_to(self, user: User) -> MeetingFeeds:
        """One's own."""
        return self.filter(user=user.pk)


class MeetingFeed(models.Model):
    """Whose meetings, and what makes the address; without a row nobody reads them."""

    user = models.OneToOneField("core.User", models.CASCADE, related_name="meeting_feed")
    nonce = models.CharField(max_length=32)
    renewed_at = models.DateTimeField()

    objects = MeetingFeeds.as_manager()

    class Meta:
        verbose_name = _("address of a calendar")
        verbose_name_plural = _("addresses of calendars")

    def __str__(self) -> str:
        return str(self.user_id)

    @property
    def token(self) -> str:
        return signing.Signer(salt=_SALT).sign_object([self.user_id, self.nonce])


def of(user: User) -> MeetingFeed | None:
    return MeetingFeed.objects.filter(user=user).first()


@transaction.atomic
def renew(user: User, *, by: By, at: datetime) -> MeetingFeed:
    """Make the address, or another one: the one before leads nowhere any more."""
    feed, _is_new = MeetingFeed.objects.update_or_create(user=user, defaults={"nonce": secrets.token_hex(16), "renewed_at": at})
    audit.record(feed, action="renew", by=by, at=at)
    return feed


@transaction.atomic
def close(user: User, *, by: By, at: datetime) -> None:
    """No address any more."""
    if feed := of(user):
        audit.record(feed, action="close", by=by, at=at)
        feed.delete()


def reader(token: str) -> User | None:
    """Whose meetings the token opens; None for one that is forged or renewed, or when the person has left."""
    try:
        pk, nonce = signing.Signer(salt=_SALT).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    feed = MeetingFeed.objects.filter(user=pk, nonce=nonce, user__is_active=True).select_related("user").first()
    return feed.user if feed else None


def meetings_of(user: User, *, at: datetime) -> Sequence[Meeting]:
    """What they hold or held lately."""
    meetings: Meetings = Meeting.objects.filter(held_by=user, state__in=TAKING_TIME).between(at - BACK, at + AHEAD_FOR)
    return list(meetings.for_page().in_order())
