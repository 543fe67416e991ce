"""How a run ends, and the word of it: done, stopped or failed, for whoever started it and has long gone to another page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tasuki.core import audit, bus
from tasuki.core.audit import AuditEntry, By
from tasuki.core.imports.runs import ImportRun


@dataclass(frozen=True)
class Ended:
    """Said on the bus: a run is over, for now or for good. `cause` is the entry in the trail that says how: finish, stop or fail, with the figures."""

    run: ImportRun
    cause: AuditEntry
    by: By
    at: datetime


def say(run: ImportRun, *, action: str, by: By, at: datetime) -> None:
    """Note that the run is over, in the caller's transaction. A dry run ends where somebody looks on, and is not told."""
    run.refresh_from_db()
    figures = {name: (None, getattr(run, name)) for name in ("n_rows", "n_applied", "n_created", "n_updated", "n_skipped", "n_rejected")}
    cause = audit.record(run, action=action, by=by, at=at, changes={"state": (None, run.state), "failure": (None, run.failure), **figures})
    if not run.is_dry:
        bus.say(Ended(run, cause, by, at))
