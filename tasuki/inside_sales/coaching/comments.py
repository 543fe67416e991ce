"""Comments on the time line of a recording: somebody's words at a second, and what others say to them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.meanwhile import held
from tasuki.crm import notifications
from tasuki.crm.notifications import Happening
from tasuki.engage.recording_rows import Recording

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST, MOST = 2_000, 500
LAST_SECOND = 24 * 3600


class CommentRefused(Refused):
    code = "comment_refused"


class CallComments(models.QuerySet["CallComment"]):
    """Questions about comments."""

    def visible_to(self, user: User) -> CallComments:
        """Whoever may hear a call reads what is said about it."""
        return self.filter(recording__in=Recording.objects.visible_to(user))

    def in_order(self) -> CallComments:
        return self.select_related("said_by").order_by("second", "pk")


class CallComment(models.Model):
    """Words at a second of a recording; an answer stands at the second of what it answers."""

    noun: ClassVar[str] = "callcomment"

    recording = models.ForeignKey(Recording, models.CASCADE, related_name="comments", db_index=False, verbose_name=_("recording"))
    second = models.PositiveIntegerField(_("at second"))
    text = models.TextField(_("words"))
    said_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("who"))
    said_at = models.DateTimeField(_("said"))
    answers = models.ForeignKey("self", models.CASCADE, null=True, related_name="replies", verbose_name=_("answers"))

    objects = CallComments.as_manager()

    class Meta:
        verbose_name = _("comment on a call")
        verbose_name_plural = _("comments on calls")
        indexes = [models.Index(fields=["recording", "second", "id"], name="comments_of_recording")]
        constraints = [
            models.CheckConstraint(condition=Q(second__lte=LAST_SECOND), name="comment_within_a_day"),
            models.CheckConstraint(condition=~Q(text=""), name="comment_says_something"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


@transaction.atomic
def say(recording: Recording, *, second: int, text: str, by: By, at: datetime, answers: CallComment | None = None) -> CallComment:
    """Say something at a second, or to what somebody said. Whoever called hears of it, and whoever is answered. Raises CommentRefused, Forbidden."""
    recording, text = held(recording), text.strip()
    if by.actor and not Recording.objects.visible_to(by.actor).filter(pk=recording.pk).exists():
        raise Forbidden(_("Only whoever may hear a call says something about it."))
    if not text or len(text) > LONGEST:
        raise CommentRefused(_("Say something, in at most %(n)s characters.") % {"n": LONGEST})
    if recording.comments.count() >= MOST:
        raise CommentRefused(_("Enough was said about this call. Talk with each other."))
    if answers:
        if answers.recording_id != recording.pk:
            raise CommentRefused(_("What is answered stands on another call."))
        answers, second = answers.answers or answers, answers.second
    elif not 0 <= second <= (LAST_SECOND if recording.n_seconds is None else recording.n_seconds):
        raise CommentRefused(_("The recording has no such second."))
    comment = CallComment.objects.create(recording=recording, second=second, text=text, said_by=by.actor, said_at=at, answers=answers)
    cause = audit.record(comment, action="comment", by=by, at=at, changes={"second": (None, second)})
    people = {recording.call.caller_id, answers.said_by_id if answers else None}
    told = [pk for pk in people if pk is not None]
    notifications.tell(told, happening=Happening.COACHING, noun=comment.noun, cause=cause, by=by, at=at)
    return comment


@transaction.atomic
def take_back(comment: CallComment, *, by: By, at: datetime) -> None:
    """Take one's own words back, with what was said to them; the trail keeps them. Raises Forbidden."""
    comment = held(comment)
    if by.actor is None or comment.said_by_id != by.actor.pk:
        raise Forbidden(_("Only whoever said it takes it back."))
    audit.record(comment, action="remove", by=by, at=at, changes={"text": (comment.text, None)})
    comment.delete()
