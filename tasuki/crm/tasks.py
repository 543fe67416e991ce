"""Tasks: what somebody promised to do about an account, a contact or a lead, and by when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.crm.timeline import Kind, TimelineEntry

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.crm.leads import Lead


class Tasks(models.QuerySet["Task"]):
    """Questions about tasks."""

    def visible_to(self, user: User) -> Tasks:
        return self.filter(abilities.owned_by_scope(abilities.standing_of(user), "task"))

    def to_do(self) -> Tasks:
        return self.filter(done_at__isnull=True)

    def next_of(self, leads: Iterable[Lead]) -> dict[int, Task]:
        """The open task that is due first, by lead; one query for a whole list."""
        rows = self.to_do().filter(lead__in=[lead.pk for lead in leads]).order_by("lead_id", F("due_on").asc(nulls_last=True), "pk").distinct("lead_id")
        return {task.lead_id: task for task in rows if task.lead_id}

    def for_listing(self) -> Tasks:
        return self.select_related("owner", "team", "lead", "lead__contact", "lead__account", "account", "contact")


class Task(models.Model):
    noun: ClassVar[str] = "task"

    subject = models.CharField(_("what"), max_length=200)
    due_on = models.DateField(_("due"), null=True, blank=True)
    owner = models.ForeignKey("core.User", models.PROTECT, related_name="tasks", verbose_name=_("who"))
    team = models.ForeignKey("core.Team", models.PROTECT, null=True, related_name="+", verbose_name=_("team"))
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, blank=True, related_name="tasks")
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, blank=True, related_name="tasks")
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, blank=True, related_name="tasks")
    created_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(_("done"), null=True)
    done_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")

    objects = Tasks.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [models.Index(fields=["owner", "due_on", "id"], name="task_to_do", condition=Q(done_at__isnull=True))]
        constraints = [models.CheckConstraint(condition=Q(done_at__isnull=True) | Q(done_by__isnull=False), name="task_done_by_somebody")]

    def __str__(self) -> str:
        return self.subject


@transaction.atomic
def add(task: Task, *, by: By, at: datetime) -> Task:
    """Write a task that is not in the database yet; its team is its owner's."""
    task.team = task.owner.team
    task.created_by, task.created_at = by.actor, at
    Task.objects.bulk_create([task])
    audit.record(task, action="add", by=by, at=at, changes={"subject": ("", task.subject), "due_on": (None, task.due_on)})
    return task


@transaction.atomic
def finish(task: Task, *, by: By, at: datetime) -> Task:
    """Mark the task as done and say so on the timeline. Doing it twice changes nothing."""
    task = Task.objects.select_for_update().get(pk=task.pk)
    if task.done_at is not None:
        return task
    Task.objects.filter(pk=task.pk).update(done_at=at, done_by=by.actor)
    if task.lead_id or task.contact_id or task.account_id:
        TimelineEntry.objects.create(
            at=at, kind=Kind.TASK, lead_id=task.lead_id, contact_id=task.contact_id, account_id=task.account_id, actor=by.actor, text=task.subject
        )
    audit.record(task, action="finish", by=by, at=at, changes={"done_at": (None, at)})
    task.refresh_from_db()
    return task
