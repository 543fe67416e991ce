"""Tasks: what somebody promised to do about an account, a contact or a lead, and by when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit, bus
from tasuki.core.audit import By
from tasuki.core.errors import Gone, Refused
from tasuki.core.meanwhile import held
from tasuki.crm import barred, notifications
from tasuki.crm.following import About
from tasuki.crm.notifications import Happening
from tasuki.crm.timeline import Kind, TimelineEntry

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.crm.leads import Lead


LONGEST, LONGEST_DETAILS = 200, 5_000

# What `change` may write; the team follows the owner.
CHANGEABLE = ("subject", "kind", "details", "due_on", "owner")


class TaskKind(models.TextChoices):
    """What is to be done, as far as a reader needs it at a glance."""

    CALL = "call", _("call")
    MAIL = "mail", _("mail")
    MEETING = "meeting", _("meeting")
    OTHER = "other", _("other")


class TaskRefused(Refused):
    code = "task_refused"


class TaskDone(Refused):
    code = "task_done"

    def __init__(self) -> None:
        super().__init__(_("This task is done. Open it again to change it."))


class Tasks(models.QuerySet["Task"]):
    """Questions about tasks."""

    def visible_to(self, user: User) -> Tasks:
        return self.filter(abilities.owned_by_scope(abilities.standing_of(user), "task"))

    def to_do(self) -> Tasks:
        return self.filter(done_at__isnull=True)

    def next_of(self, leads: Iterable[Lead]) -> dict[int, Task]:
        """The open task that is due first, by lead, with its subject and day; one query for a whole list."""
        rows = self.to_do().filter(lead__in=[lead.pk for lead in leads]).order_by("lead_id", F("due_on").asc(nulls_last=True), "pk").distinct("lead_id")
        return {task.lead_id: task for task in rows.only("lead", "subject", "due_on") if task.lead_id}

    def for_listing(self) -> Tasks:
        # Joined: what a task is about is mostly another record for each, and read apart its people and accounts were read twice.
        return self.select_related("lead", "lead__contact", "lead__account", "account", "contact").prefetch_related("owner")

    def for_page(self) -> Tasks:
        return self.select_related("owner", "team", "lead", "lead__contact", "lead__account", "account", "contact", "created_by", "done_by")


class Task(models.Model):
    noun: ClassVar[str] = "task"

    subject = models.CharField(_("what"), max_length=LONGEST)
    kind = models.CharField(_("kind"), max_length=8, choices=TaskKind.choices, default=TaskKind.OTHER, db_default=TaskKind.OTHER.value)
    details = models.TextField(_("details"), blank=True, default="", db_default="")
    due_on = models.DateField(_("due"), null=True, blank=True)
    owner = models.ForeignKey("core.User", models.PROTECT, related_name="tasks", verbose_name=_("who"))
    team = models.ForeignKey("core.Team", models.PROTECT, null=True, related_name="+", verbose_name=_("team"))
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, blank=True, related_name="tasks")
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, blank=True, related_name="tasks")
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, blank=True, related_name="tasks")
    created_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(_("done"), null=True)
    done_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)

    objects = Tasks.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [
            models.Index(fields=["owner", "due_on", "id"], name="task_to_do", condition=Q(done_at__isnull=True)),
            # What is to do is the newest of very many tasks, and would be looked for through all others.
            models.Index(fields=["due_on", "id"], name="task_to_do_by_day", condition=Q(done_at__isnull=True)),
            models.Index(fields=["created_at", "id"], name="task_to_do_by_start", condition=Q(done_at__isnull=True)),
            # Whether a record has something to do is asked of very many leads.
            models.Index(fields=["lead", "due_on"], name="task_to_do_of_lead", condition=Q(done_at__isnull=True)),
            # Leads are ordered by the first of them, as far as somebody sees them.
            models.Index(
                fields=["due_on", "lead"], name="task_to_do_by_day_of_lead", include=["owner", "team"], condition=Q(done_at__isnull=True, lead__isnull=False)
            ),
            models.Index(fields=["due_on", "id"], name="task_by_day", include=["done_at"]),
            models.Index(fields=["subject", "id"], name="task_by_subject"),
            models.Index(fields=["kind", "id"], name="task_by_kind"),
            models.Index(fields=["created_at", "id"], name="task_by_start"),
            models.Index(fields=["done_at", "id"], name="task_by_end", condition=Q(done_at__isnull=False)),
        ]
        constraints = [models.CheckConstraint(condition=Q(done_at__isnull=True) | Q(done_by__isnull=False), name="task_done_by_somebody")]

    def __str__(self) -> str:
        return self.subject


@dataclass(frozen=True)
class Reopened:
    """Said on the bus: the task was done, and is to be done again."""

    task: Task
    by: By
    at: datetime


@dataclass(frozen=True)
class Closed:
    """Said on the bus: the task was finished, or is about to be taken away undone."""

    task: Task
    is_done: bool
    by: By
    at: datetime


def locked(task: Task) -> Task:
    """The task as it is now, held until the end of the transaction. Raises Gone."""
    return held(task)


@transaction.atomic
def add(task: Task, *, by: By, at: datetime) -> Task:
    """Write a task that is not in the database yet; its team is its owner's. Raises TaskRefused, Gone for a record of its, ErasedPerson."""
    _check(task)
    _hold_records(task)
    barred.refuse_erased(task.lead or task.contact)
    task.team = task.owner.team
    task.created_by, task.created_at = by.actor, at
    Task.objects.bulk_create([task])
    told = {"subject": ("", task.subject), "due_on": (None, task.due_on), "owner": (None, task.owner)}
    cause = audit.record(task, action="add", by=by, at=at, changes=told)
    notifications.tell([task.owner_id], happening=Happening.TASK, noun=task.noun, cause=cause, by=by, at=at, task=task)
    return task


@transaction.atomic
def change(task: Task, *, by: By, at: datetime, **fields: Any) -> Task:
    """Write the `CHANGEABLE` fields given; a new owner brings their team. Raises TaskDone, TaskRefused; TypeError for any other field."""
    if unknown := set(fields) - set(CHANGEABLE):
        raise TypeError(f"tasks.change does not write {', '.join(sorted(unknown))}")
    task = locked(task)
    if task.done_at is not None:
        raise TaskDone
    before = {field: getattr(task, field) for field in fields}
    for field, value in fields.items():
        setattr(task, field, value)
    _check(task)
    changes = {field: (value, getattr(task, field)) for field, value in before.items() if value != getattr(task, field)}
    if changes:
        Task.objects.filter(pk=task.pk).update(team=task.owner.team, **{field: after for field, (_before, after) in changes.items()})
        cause = audit.record(task, action="change", by=by, at=at, changes=changes)
        task.team = task.owner.team
        receivers = [task.owner_id] if "owner" in changes else []
        notifications.tell(receivers, happening=Happening.TASK, noun=task.noun, cause=cause, by=by, at=at, task=task)
    return task


@transaction.atomic
def finish(task: Task, *, by: By, at: datetime) -> Task:
    """Mark the task as done and say so on the timeline. Doing it twice changes nothing."""
    task = locked(task)
    if task.done_at is not None:
        return task
    Task.objects.filter(pk=task.pk).update(done_at=at, done_by=by.actor)
    cause = audit.record(task, action="finish", by=by, at=at, changes={"done_at": (None, at)})
    if any(_about(task).values()):
        entry = TimelineEntry.objects.create(at=at, kind=Kind.TASK, actor=by.actor, text=task.subject, detail={"task": task.pk}, **_about(task))
        givers = [task.created_by_id] if task.created_by_id else []
        about = About(**_about(task))
        notifications.tell(givers, happening=Happening.DONE, noun=task.noun, cause=cause, by=by, at=at, about=about, entry=entry)
        notifications.tell_followers(about, happening=Happening.DONE, noun=task.noun, cause=cause, by=by, at=at, entry=entry, but=givers)
    task.refresh_from_db()
    bus.say(Closed(task, is_done=True, by=by, at=at))
    return task


@transaction.atomic
def reopen(task: Task, *, by: By, at: datetime) -> Task:
    """Take back that the task is done: the timeline does not say so any more, the audit trail does. Doing it twice changes nothing."""
    task = locked(task)
    if task.done_at is None:
        return task
    Task.objects.filter(pk=task.pk).update(done_at=None, done_by=None)
    if any(_about(task).values()):
        TimelineEntry.objects.filter(kind=Kind.TASK, detail__task=task.pk, **_about(task)).delete()
    audit.record(task, action="reopen", by=by, at=at, changes={"done_at": (task.done_at, None)})
    task.refresh_from_db()
    bus.say(Reopened(task, by=by, at=at))
    return task


@transaction.atomic
def remove(task: Task, *, by: By, at: datetime) -> None:
    """Take the task away for good; the audit trail keeps what it said. What the timeline says of a task that was done stays."""
    task = locked(task)
    told = {field: (getattr(task, field), None) for field in (*CHANGEABLE, "lead", "contact", "account") if getattr(task, field)}
    audit.record(task, action="remove", by=by, at=at, changes=told)
    if task.done_at is None:
        bus.say(Closed(task, is_done=False, by=by, at=at))
    Task.objects.filter(pk=task.pk).delete()


def _about(task: Task) -> dict[str, int | None]:
    return {"lead_id": task.lead_id, "contact_id": task.contact_id, "account_id": task.account_id}


def _hold_records(task: Task) -> None:
    """Let nobody merge away what the task is about: its nearest record is held, and carries the others along."""
    records = [record for record in (task.lead, task.contact, task.account) if record]
    for nearest in records[:1]:
        held(nearest)
    if not all(type(one)._default_manager.filter(pk=one.pk).exists() for one in records[1:]):
        raise Gone


def _check(task: Task) -> None:
    task.subject = " ".join(task.subject.split())
    if not task.subject:
        raise TaskRefused(_("Say what is to be done."))
    if len(task.subject) > LONGEST:
        raise TaskRefused(_("Say it in at most %(n)s characters; the rest goes into the details.") % {"n": LONGEST})
    if len(task.details) > LONGEST_DETAILS:
        raise TaskRefused(_("The details are longer than %(n)s characters.") % {"n": LONGEST_DETAILS})
    if task.kind not in TaskKind.values:
        raise TaskRefused(_("There is no such kind of task."))
    if not task.owner.is_active:
        raise TaskRefused(_("%(name)s has left. Choose somebody else.") % {"name": task.owner.display_name})
