"""Stopping a run in the middle, and going on with it: what is written stays, and the rest waits with the file. Of a dry run nothing stays."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.imports import endings
from tasuki.core.imports.runs import ImportRun, RunState
from tasuki.core.imports.sets import ImportFile


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

    A dry run ends behind the chunk that it is at, and does not go on; those of the other files of its set, which see what it wrote, end with it.
    """
    ids = _together(run) if run.is_dry else [run.pk]
    held = list(ImportRun.objects.select_for_update(of=["self"]).filter(pk__in=ids).order_by("pk"))
    under_way = [one for one in held if one.state in (RunState.WAITING, RunState.RUNNING)]
    if run.pk not in {one.pk for one in under_way}:
        raise CannotStop
    ImportRun.objects.filter(pk__in=[one.pk for one in under_way]).update(state=RunState.STOPPED, finished_at=at)
    for one in under_way:
        endings.say(one, action="stop", by=by, at=at)
    return next(one for one in under_way if one.pk == run.pk)


def _together(run: ImportRun) -> list[int]:
    """The dry runs of the set that this one is of; one that is of none is alone."""
    files = ImportFile.objects.filter(of__files__rehearsal=run, rehearsal__isnull=False)
    return [run.pk, *files.values_list("rehearsal", flat=True).distinct()]


@transaction.atomic
def go_on(run: ImportRun, *, by: By, at: datetime) -> ImportRun:
    """Do the rest of what was stopped; the caller hands it to a worker. Raises CannotGoOn."""
    held = ImportRun.objects.select_for_update(of=["self"]).get(pk=run.pk)
    if held.state != RunState.STOPPED or held.is_dry:
        raise CannotGoOn
    ImportRun.objects.filter(pk=held.pk).update(state=RunState.RUNNING, finished_at=None)
    audit.record(held, action="resume", by=by, at=at, changes={"state": (held.state, RunState.RUNNING.value)})
    held.refresh_from_db()
    return held
