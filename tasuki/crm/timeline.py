"""The timeline: everything that happened around an account, a contact or a lead, in one list, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities

if TYPE_CHECKING:
    from tasuki.core.people import User


class Kind(models.TextChoices):
    MOVE = "move", _("move")
    NOTE = "note", _("note")
    CALL = "call", _("call")
    MAIL = "mail", _("mail")
    MEETING = "meeting", _("meeting")
    VISIT = "visit", _("web visit")
    OWNER = "owner", _("owner")
    TASK = "task", _("task")
    FILE = "file", _("file")
    IMPORT = "import", _("import")
    MERGE = "merge", _("merge")
    HANDOFF = "handoff", _("hand-off")
    WIN = "win", _("win")
    SEQUENCE = "sequence", _("sequence")
    PRAISE = "praise", _("praise")


def around_visible_records(user: User) -> Q:
    """The condition on `lead`, `contact`, `account` for what happened around records that the person sees.

    What stands on several records is seen by whoever sees one of them.
    """
    standing = abilities.standing_of(user)
    if standing.scope("lead") is abilities.Scope.ALL and standing.scope("account") is abilities.Scope.ALL:
        return Q()
    seen = Q(pk__in=[])
    for field, model in (("lead", "Lead"), ("contact", "Contact"), ("account", "Account")):
        # The models stand above the timeline in the import graph; Django's registry knows them by name.
        rows = apps.get_model("crm", model)._default_manager.get_queryset().visible_to(user)
        # Asked of each row by itself: of all that a person sees there may be hundreds of thousands.
        seen |= Q(Exists(rows.filter(pk=OuterRef(field))))
    return seen


class TimelineEntries(models.QuerySet["TimelineEntry"]):
    """Questions to the timeline."""

    def visible_to(self, user: User) -> TimelineEntries:
        return self.filter(around_visible_records(user))


class TimelineEntry(models.Model):
    """One happening. `text` is somebody's words; `detail` holds what a page needs to say it in the reader's language."""

    at = models.DateTimeField()
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    # The indexes below begin with these. What they name is checked for a whole statement: see core/references.py.
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="timeline", db_index=False, db_constraint=False)
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, related_name="timeline", db_index=False, db_constraint=False)
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, related_name="timeline", db_index=False, db_constraint=False)
    actor = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False)
    text = models.TextField(blank=True)
    detail = models.JSONField(default=dict)
    edited_at = models.DateTimeField(null=True)
    pinned_at = models.DateTimeField(null=True)

    objects = TimelineEntries.as_manager()

    class Meta:
        verbose_name = _("timeline entry")
        verbose_name_plural = _("timeline entries")
        indexes = [
            models.Index(fields=["lead", "-at", "-id"], name="timeline_of_lead", condition=models.Q(lead__isnull=False)),
            models.Index(fields=["contact", "-at", "-id"], name="timeline_of_contact", condition=models.Q(contact__isnull=False)),
            models.Index(fields=["account", "-at", "-id"], name="timeline_of_account", condition=models.Q(account__isnull=False)),
            models.Index(fields=["account", "contact", "lead"], name="timeline_pinned", condition=models.Q(pinned_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"
