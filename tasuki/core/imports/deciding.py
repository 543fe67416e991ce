"""Choosing what becomes of rows whose record may be here: one by one, beside the record, or by a rule for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.imports.mapping import UNCLEAR
from tasuki.core.imports.row_decisions import Chosen, RowDecision, Way
from tasuki.core.imports.runs import DuplicatePolicy, ImportRow
from tasuki.core.imports.sets import ImportFile, SetRefused, refuse_if_run, stored_mapping

# Fields of which no two records have the same.
ONLY_ONE = ("reference", "tasuki_id", "corporate_number")


@transaction.atomic
def choose(file: ImportFile, *, choices: Mapping[int, Chosen | None], by: By, at: datetime) -> None:
    """Keep the choices for rows that the dry run showed beside what is here; None takes a choice back.

    Raises SetRefused for a row that was not shown, a record that does not stand beside it, or a file that was imported.
    """
    file = _held(file)
    shown = {row.row_no: (row.trace or {})["match"] for row in shown_rows(file).filter(row_no__in=list(choices))}
    for row_no, chosen in choices.items():
        if row_no not in shown or (chosen and not _fits(chosen, shown[row_no])):
            raise SetRefused(_("Row %(row)s does not stand beside that record any more. Look at the rows again.") % {"row": row_no})
    before = {row.row_no: row.as_chosen for row in file.decisions.filter(row_no__in=list(choices))}
    changed = {row_no: chosen for row_no, chosen in choices.items() if chosen != before.get(row_no)}
    file.decisions.filter(row_no__in=[row_no for row_no, chosen in changed.items() if chosen is None]).delete()
    RowDecision.objects.bulk_create(
        [RowDecision(file=file, row_no=row_no, way=one.way, target_id=one.target_id) for row_no, one in changed.items() if one],
        update_conflicts=True,
        unique_fields=["file", "row_no"],
        update_fields=["way", "target_id"],
    )
    if changed:
        said = {f"{file.file_name} {row_no}": (_words(before.get(row_no)), _words(one)) for row_no, one in changed.items()}
        audit.record(file.of, action="choose", by=by, at=at, changes=said)


@transaction.atomic
def rule(file: ImportFile, *, on_duplicate: str, unclear: str, by: By, at: datetime) -> None:
    """Say what becomes of all rows that nobody chose for one by one. Raises SetRefused."""
    file = _held(file)
    before = stored_mapping(file)
    if on_duplicate not in DuplicatePolicy.values or unclear not in UNCLEAR:
        raise SetRefused(_("Choose what becomes of the rows."))
    ruled = replace(before, on_duplicate=on_duplicate, unclear=unclear)
    ImportFile.objects.filter(pk=file.pk).update(mapping=ruled.as_json())
    said = (f"{before.on_duplicate}, {before.unclear}", f"{on_duplicate}, {unclear}")
    audit.record(file.of, action="rule", by=by, at=at, changes={file.file_name: said})


def shown_rows(file: ImportFile) -> models.QuerySet[ImportRow]:
    """The rows that the file's dry run shows beside what is here, in their order."""
    return ImportRow.objects.filter(run_id=file.rehearsal_id or 0, trace__has_key="match").order_by("row_no")


def _held(file: ImportFile) -> ImportFile:
    held = ImportFile.objects.select_for_update(of=["self"]).select_related("of").get(pk=file.pk)
    refuse_if_run(held)
    return held


def _fits(chosen: Chosen, match: dict[str, Any]) -> bool:
    if chosen.way == Way.SAME:
        return chosen.target_id in match["ids"]
    return chosen.way == Way.LEAVE or match["by"][0] not in ONLY_ONE


def _words(chosen: Chosen | None) -> str:
    return f"{chosen.way} {chosen.target_id or ''}".strip() if chosen else ""
