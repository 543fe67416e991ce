"""Scanning attached files for viruses: what waits is given to the scanner, and stays shut until that has said that it is clean."""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F

from tasuki.core import audit
from tasuki.core.audit import By, Door
from tasuki.core.virus_scanner import Scanner, ScannerAway, Verdict
from tasuki.crm import notifications
from tasuki.crm.files import File, Scan
from tasuki.crm.following import About
from tasuki.crm.notifications import Happening

_PIECE = 256 * 1024
# A scanner that does not answer for so many files is left alone until the next time.
_PATIENCE = 3

logger = logging.getLogger(__name__)


def scan_what_waits(*, at: datetime) -> int:
    """Scan the files that wait, those too that came before there was a scanner; → how many were. A scanner that is away is asked the next time."""
    if settings.SCANNER is None:
        return 0
    n, failures = 0, 0
    # Those that were tried before come last: one that the scanner cannot take holds up no other.
    waiting = File.objects.unsettled().order_by(F("scanned_at").asc(nulls_first=True), "pk").values_list("pk", flat=True)
    for pk in list(waiting):
        try:
            n += _scan(settings.SCANNER, pk=pk, at=at)
        except OSError as error:  # the scanner is away, or the bytes of this file are
            logger.warning("File %s waits, the virus scanner did not say what it is: %s", pk, error)
            File.objects.unsettled().filter(pk=pk).update(scanned_at=at)
            failures += isinstance(error, ScannerAway)
            if failures >= _PATIENCE:
                break
    return n


def _scan(scanner: Scanner, *, pk: int, at: datetime) -> int:
    """Outside a transaction: a scanner may take a minute, and nothing is held for so long."""
    file = File.objects.unsettled().filter(pk=pk).first()
    if file is None:
        return 0
    with default_storage.open(file.stored_as) as stored:
        verdict = scanner.scan(stored.chunks(_PIECE))
    return _settle(pk, verdict, at=at)


@transaction.atomic
def _settle(pk: int, verdict: Verdict, *, at: datetime) -> int:
    """Open the file, or shut it for good: then its bytes go, and whoever attached it is told. → whether it was not settled yet."""
    file = File.objects.select_for_update().unsettled().filter(pk=pk).first()
    if file is None:  # another worker was faster, or somebody removed it
        return 0
    scan = Scan.CLEAN if verdict.is_clean else Scan.REFUSED
    File.objects.filter(pk=file.pk).update(scan=scan, finding=verdict.finding[:200], scanned_at=at)
    if verdict.is_clean:
        return 1
    by = By(None, Door.JOB)
    cause = audit.record(file, action="refuse", by=by, at=at, changes={"scan": (file.scan, scan.value), "finding": ("", verdict.finding[:200])})
    about = About(file.account_id, file.contact_id, file.lead_id)
    people = [file.added_by_id] if file.added_by_id else []
    notifications.tell(people, happening=Happening.REFUSED, noun=file.noun, cause=cause, by=by, at=at, about=about)
    transaction.on_commit(lambda: default_storage.delete(file.stored_as))
    return 1
