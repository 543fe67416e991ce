"""What can be done to many tasks at once, and taken back."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core import business_days, meanwhile
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.bulk.verbs import BulkVerb, Said
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.errors import Refused
from tasuki.core.filters import askers
from tasuki.core.people import User
from tasuki.crm import editable, tasks
from tasuki.crm.tasks import Task

if TYPE_CHECKING:
    from django.db.models import QuerySet


class DoneAlready(Refused):
    code = "done_already"

    def __init__(self) -> None:
        super().__init__(_("This task was done already."))


def _rows(user: User) -> QuerySet[Task]:
    return Task.objects.visible_to(user).for_listing()


def _finish(task: Task, said: Said, *, by: By, at: datetime) -> dict[str, Any]:  # noqa: ARG001 - nothing is asked for
    if task.done_at is not None:
        raise DoneAlready
    tasks.finish(task, by=by, at=at)
    return {}


def _reopen(task: Task, said: Said, *, by: By, at: datetime) -> None:  # noqa: ARG001 - nothing was asked for
    tasks.reopen(task, by=by, at=at)


def _give(task: Task, said: Said, *, by: By, at: datetime) -> dict[str, Any]:
    owner = User.objects.get_queryset().get(pk=said["owner"])
    editable.change_task(task, said={"owner": owner}, seen=meanwhile.marks(task, ["owner"]), by=by, at=at)
    return {"before": task.owner_id}


def _give_back(task: Task, said: Said, *, by: By, at: datetime) -> None:
    owner = User.objects.get_queryset().get(pk=said["before"])
    editable.change_task(task, said={"owner": owner}, seen={"owner": meanwhile.mark(said["owner"])}, by=by, at=at)


def _put_off(task: Task, said: Said, *, by: By, at: datetime) -> dict[str, Any]:
    before, day = task.due_on, meant_day(said["to"], said["due_on"], today=_today(by, at))
    editable.change_task(task, said={"due_on": day}, seen=meanwhile.marks(task, ["due_on"]), by=by, at=at)
    return {"before": before.isoformat() if before else "", "became": day.isoformat() if day else ""}


def _put_back(task: Task, said: Said, *, by: By, at: datetime) -> None:
    day = date.fromisoformat(said["before"]) if said["before"] else None
    editable.change_task(task, said={"due_on": day}, seen={"due_on": meanwhile.mark(said["became"] or None)}, by=by, at=at)


_WORDS = {"tomorrow": business_days.next_business_day, "next_week": business_days.next_week}


def meant_day(word: str, day: str | date | None, *, today: date) -> date | None:
    """The day that “tomorrow” or “next_week” means in business days, else the day that was chosen; None for no day. Raises NeverOpen."""
    if meant := _WORDS.get(word):
        return meant(today, hours=hours_of_the_house())
    if isinstance(day, str):
        return date.fromisoformat(day) if day else None
    return day


def _today(by: By, at: datetime) -> date:
    return askers.today_of(by.actor, at=at) if by.actor else localdate(at)


FINISH_TASKS = BulkVerb("task", "finish", gettext_lazy("Done"), "check", Ability.WORK_ACCOUNTS, _rows, _finish, _reopen)
GIVE_TASKS = BulkVerb("task", "give", gettext_lazy("Give to"), "user-share", Ability.WORK_ACCOUNTS, _rows, _give, _give_back)
PUT_OFF_TASKS = BulkVerb("task", "due", gettext_lazy("Put off"), "clock", Ability.WORK_ACCOUNTS, _rows, _put_off, _put_back)
