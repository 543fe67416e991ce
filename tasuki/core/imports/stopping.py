"""Stopping a run in the middle, and going on with it: what is written stays, and the rest waits with the file."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.imports import endings
from tasuki.core.imports.runs import ImportRun, RunState


class CannotStop(Refused):
    code = "import_cannot_stop"

    def __init__(self) -> None:
        super().__init__(_("There is nothing to stop: it is over already."))


class CannotGoOn(Refused):
    code = "import_cannot_go_on"

    def __init__(self) -> None:
        super().__init__(_("Only what was stopped, and not undone since, goes on."))


@transaction.atomic
def stop(run: ImportRun, *, by: By, at: datetime) -> ImportRun:
    """Write no more chunks of it; waits for the one that is being written, and another may be on its way. Raises CannotStop.

    A dry run is one transaction, of which nothing stays: it cannot be stopped.
    """
    held = ImportRun.objects.select_for_update(of=["self"]).get(pk=run.pk)
    if held.is_dry or held.state not in (RunState.WAITING, RunState.RUNNING):
        raise CannotStop
    ImportRun.objects.filter(pk=held.pk).update(state=RunState.STOPPED, finished_at=at)
    endings.say(held, action="stop", by=by, at=at)
    return held


@transaction.atomic
def go_on(run: ImportRun, *, by: By, at: datetime) -> ImportRun:
    """Do the rest of what was stopped; the caller hands it to a worker. Raises CannotGoOn."""
    held = ImportRun.objects.select_for_update(of=["self"]).get(pk=run.pk)
    if held.state != RunState.STOPPED:
        raise CannotGoOn
    ImportRun.objects.filter(pk=held.pk).update(state=RunState.RUNNING, finished_at=None)
    audit.record(held, action="resume", by=by, at=at, changes={"state": (held.state, RunState.RUNNING.value)})
    held.refresh_from_db()
    return held
