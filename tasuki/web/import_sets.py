"""The steps of an import: what each file is, which column fills which field, what is asked, a dry run of all together, the runs, and the way back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Refused
from tasuki.core.imports import mapping as mappings
from tasuki.core.imports import sets
from tasuki.core.imports import undoing as undoing_
from tasuki.core.imports.mapping import Mapping
from tasuki.core.imports.runs import ImportRun, RunState
from tasuki.core.imports.sets import ImportFile, ImportSet, SavedMapping, SetRefused
from tasuki.core.imports.tables import Said
from tasuki.web import import_beside, import_forms, import_kinds
from tasuki.web.requests import UserRequest, by

_OVER = (RunState.DONE, RunState.FAILED, RunState.UNDONE, RunState.STOPPED)
_SHOWN = 10
_COLUMNS = 40


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    """The files of a set in their order, what is open, what the dry run said, how far the runs are."""
    made = _set(request, pk)
    files = sets.in_order(made)
    runs = [file.run or file.rehearsal for file in files]
    is_stuck = undoing_.is_stuck([run for run in runs if run])
    said = {
        file.pk: list(run.rows.filter(messages__isnull=False).order_by("row_no")[: _SHOWN + 1])
        for file, run in zip(files, runs, strict=True)
        if run and run.state in _OVER
    }
    return render(
        request,
        "imports/set.jinja",
        {
            "set": made,
            "most_files": sets.MOST_FILES,
            "nouns": import_forms.NOUNS,
            "files": files,
            "promises": {file.pk: import_forms.promises(file.noun, file.mapping) for file in files},
            "said": said,
            "n_shown": _SHOWN,
            "known_words": {file.pk: import_beside.in_words(file.rehearsal) for file in files if file.rehearsal},
            "n_chosen": dict(made.files.annotate(n=Count("decisions")).values_list("pk", "n")),
            "n_undoing": 0 if is_stuck else sum(1 for run in runs if run and run.state == RunState.UNDOING),
            "is_busy": not is_stuck and any(run and run.state not in _OVER for run in runs),
            "is_ready": all(file.is_decided and not file.run for file in files),
            "next": next((file for file in files if not file.is_decided and not file.run), None),
            "can_undo": is_stuck or any(file.run and file.run.state in (RunState.DONE, RunState.FAILED, RunState.STOPPED) for file in files),
            "to_stop": next((run for run in runs if run and run.state in (RunState.WAITING, RunState.RUNNING)), None),
            "is_dry_run_stopped": any(run and run.is_dry and run.state == RunState.STOPPED for run in runs),
            "to_go_on": next((file.run for file in files if file.run and file.run.state == RunState.STOPPED), None),
        },
    )


@require_http_methods(["GET", "POST"])
def file_page(request: UserRequest, pk: int) -> HttpResponse:
    """One file: its first rows, the field for each column, and the questions that are open. POST keeps what was decided."""
    file = file_of(request, pk)
    problem = ""
    if request.method == "POST":
        try:
            return _decided(request, file)
        except Refused as refusal:
            problem = str(refusal)
    seen = sets.look(file)
    context = {
        "file": file,
        "nouns": import_forms.NOUNS,
        "seen": seen,
        "columns": seen.header if request.GET.get("columns") == "all" else seen.header[:_COLUMNS],
        "kinds": import_kinds.of_columns(file, seen),
        "problem": problem,
        "mapping": sets.stored_mapping(file),
        "rows": import_forms.rows(file, seen),
        "questions": import_forms.shown(sets.open_questions(file, seen), file),
        "left_out": [name for name in seen.header if name not in {column.column for column in sets.stored_mapping(file).columns.values()}],
        "saved": SavedMapping.objects.visible_to(request.user).filter(noun=file.noun).order_by("name"),
        "choices": import_forms.choices(file),
    }
    return render(request, "imports/file.jinja", context, status=422 if problem else 200)


def _decided(request: UserRequest, file: ImportFile) -> HttpResponse:
    seen = sets.look(file)
    decided = import_forms.decided(request.POST, file, seen)
    sets.decide(file, mapping=decided, by=by(request), at=now())
    if request.POST.get("save_as", "").strip():
        sets.keep_mapping(file, name=request.POST["save_as"], by=by(request), at=now())
    n_open = len(sets.open_questions(file, seen))
    if n_open and "later" not in request.POST:
        messages.success(request, _("Kept. The mapping leaves something open: see the questions."))
        return redirect("import_file", file.pk)
    return redirect("import_set", file.of_id)


@require_POST
def reading(request: UserRequest, pk: int) -> HttpResponse:
    """Read the file in another way, or take its rows for another noun."""
    file, said = file_of(request, pk), request.POST
    header_row = said.get("header_row", "")
    if header_row and not (header_row.isascii() and header_row.isdecimal() and len(header_row) < 8):
        raise SetRefused(_("The header is the number of a row."))
    read = Said(
        encoding=said.get("encoding", "")[:40],
        delimiter=import_forms.DELIMITERS.get(said.get("delimiter", ""), ""),
        quote=said.get("quote", "")[:1],
        header_row=int(header_row) if header_row else None,
        sheet=said.get("sheet", "")[:200],
        is_one_table="is_one_table" in said,
    )
    sets.read_anew(file, noun=said.get("noun") or file.noun, said=read, by=by(request), at=now())
    return redirect("import_file", pk)


@require_POST
def using(request: UserRequest, pk: int) -> HttpResponse:
    """Take a saved mapping, or one from a file."""
    file = file_of(request, pk)
    upload = request.FILES.get("mapping_file")
    if upload is not None:
        if (upload.size or 0) > mappings.LARGEST:
            raise SetRefused(_("The mapping file is larger than %(n)s characters.") % {"n": mappings.LARGEST})
        read = mappings.read(upload.read().decode("utf-8-sig", errors="replace"))
    else:
        saved = get_object_or_404(SavedMapping.objects.visible_to(request.user), pk=import_forms.number(request.POST.get("saved", "")))
        read, lost = sets.without_lost(mappings.from_json(saved.mapping), noun=saved.noun)
        if lost:
            messages.warning(request, _("These fields are not there any more, and their columns are left out: %(fields)s.") % {"fields": ", ".join(lost)})
    sets.decide(file, mapping=replace(read, noun=read.noun or file.noun), by=by(request), at=now())
    messages.success(request, _("The mapping is taken over."))
    return redirect("import_file", pk)


@require_POST
def removing(request: UserRequest, pk: int) -> HttpResponse:
    file = file_of(request, pk)
    set_id = file.of_id
    sets.remove(file, by=by(request), at=now())
    return redirect("import_set", set_id) if ImportSet.objects.visible_to(request.user).filter(pk=set_id).exists() else redirect("imports")


@require_GET
def mapping_file(request: UserRequest, pk: int) -> HttpResponse:
    """The mapping as YAML, as the command line takes it."""
    file = file_of(request, pk)
    name = PurePath(file.file_name).stem.encode("ascii", "ignore").decode().replace('"', "") or "mapping"
    mapping: Mapping = sets.stored_mapping(file)
    return HttpResponse(
        mappings.write(mapping), content_type="text/yaml; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}.yaml"'}
    )


@require_POST
def rehearsing(request: UserRequest, pk: int) -> HttpResponse:
    made = _set(request, pk)
    with transaction.atomic():
        sets.rehearse(made, by=by(request), at=now())
        sets.rehearse_set.defer(set_id=made.pk)
    return redirect("import_set", pk)


@require_POST
def starting(request: UserRequest, pk: int) -> HttpResponse:
    made = _set(request, pk)
    with transaction.atomic():
        runs: list[ImportRun] = sets.start(made, by=by(request), at=now())
        sets.run_set.defer(set_id=made.pk)
    messages.success(request, _("The import is on its way."))
    return redirect("import", runs[0].pk) if len(runs) == 1 else redirect("import_set", pk)


@require_POST
def undoing(request: UserRequest, pk: int) -> HttpResponse:
    made = _set(request, pk)
    is_later = undoing_.ask([file.run for file in sets.in_order(made) if file.run], by=by(request), at=now())
    messages.success(request, _("The import is being undone.") if is_later else _("The import is undone."))
    return redirect("import_set", pk)


def _set(request: UserRequest, pk: int) -> ImportSet:
    abilities.require(request.user, Ability.IMPORT_DATA)
    return get_object_or_404(ImportSet.objects.visible_to(request.user), pk=pk)


def file_of(request: UserRequest, pk: int) -> ImportFile:
    abilities.require(request.user, Ability.IMPORT_DATA)
    return get_object_or_404(ImportFile.objects.visible_to(request.user).select_related("of", "run", "rehearsal"), pk=pk)
