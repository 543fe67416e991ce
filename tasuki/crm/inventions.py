"""The invented company that an empty house can be filled with, to look round in: asked for, loaded by a worker, and taken away again.

The simulator stands above us, so its jobs are deferred by their names. Whether a house is invented is what the audit trail says of it
(`set_up.invention`); the one row here says only how far a worker is.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app as jobs

from tasuki.core import abilities, audit, set_up
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.imports.sets import ImportSet
from tasuki.core.organisation import Organisation
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task

if TYPE_CHECKING:
    from tasuki.core.people import User

LOAD, LEAVE = "load_invention", "leave_invention"
N_LEADS = 6_000


class InventionState(models.TextChoices):
    LOADING = "loading", _("loading")
    LOADED = "loaded", _("loaded")
    LEAVING = "leaving", _("being taken away")
    FAILED = "failed", _("failed")


class HoldsRecords(Refused):
    code = "holds_records"

    def __init__(self) -> None:
        super().__init__(_("This house holds records already. An invented company goes into an empty house only."))


class StillUnderWay(Refused):
    code = "invention_under_way"

    def __init__(self) -> None:
        super().__init__(_("A worker is at it still."))


class NotInvented(Refused):
    code = "not_invented"

    def __init__(self) -> None:
        super().__init__(_("This house is not an invented one. Nothing is taken away."))


class Inventions(models.QuerySet["Invention"]):
    """Questions about the invented company."""

    def visible_to(self, user: User) -> Inventions:
        return self if abilities.can(user, abilities.Ability.MANAGE_SETTINGS) else self.none()


class Invention(models.Model):
    """How far a worker is with it: at most one row."""

    noun: ClassVar[str] = "invention"

    id = models.SmallIntegerField(primary_key=True, default=1)
    state = models.CharField(_("state"), max_length=8, choices=InventionState.choices)
    n_leads = models.PositiveIntegerField(_("leads"))
    n_done = models.PositiveIntegerField(default=0)
    asked_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("asked for by"))
    asked_at = models.DateTimeField()

    objects = Inventions.as_manager()

    class Meta:
        verbose_name = _("invented company")
        verbose_name_plural = _("invented companies")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_invention")]

    def __str__(self) -> str:
        return self.state

    @property
    def is_under_way(self) -> bool:
        return self.state in (InventionState.LOADING, InventionState.LEAVING)


def is_empty() -> bool:
    """Whether nobody has written or brought in a record yet. People, teams and settings do not count."""
    return not any(model._default_manager.exists() for model in (Account, Contact, Lead, Product, Task, ImportSet))


@transaction.atomic
def ask(*, by: By, at: datetime, n_leads: int = N_LEADS) -> Invention:
    """Have a worker load it. Raises HoldsRecords, StillUnderWay."""
    _refuse_while_under_way()
    if set_up.invention() or not is_empty():
        raise HoldsRecords
    return _asked(LOAD, state=InventionState.LOADING, n_leads=n_leads, by=by, at=at)


@transaction.atomic
def ask_to_leave(*, by: By, at: datetime) -> Invention:
    """Have a worker take it away, with all that was done in it. Raises NotInvented, StillUnderWay."""
    _refuse_while_under_way()
    present = set_up.invention()
    if present is None:
        raise NotInvented
    return _asked(LEAVE, state=InventionState.LEAVING, n_leads=present.changes["leads"][1], by=by, at=at)


def stand(state: InventionState) -> None:
    """For the worker: what became of it."""
    Invention.objects.filter(pk=1).update(state=state)


def _refuse_while_under_way() -> None:
    # Of two who ask at once the second waits here, and then finds what the first asked for.
    Organisation.objects.select_for_update().get(pk=1)
    if any(row.is_under_way for row in Invention.objects.all()):
        raise StillUnderWay


def _asked(job: str, *, state: InventionState, n_leads: int, by: By, at: datetime) -> Invention:
    told = {"state": state, "n_leads": n_leads, "n_done": 0, "asked_by": by.actor, "asked_at": at}
    row, _is_new = Invention.objects.update_or_create(pk=1, defaults=told)
    audit.record(
        row, action="undo" if state is InventionState.LEAVING else "add", by=by, at=at, changes={"state": ("", state.value), "n_leads": (None, n_leads)}
    )
    jobs.configure_task(job, allow_unknown=True).defer()
    return row
