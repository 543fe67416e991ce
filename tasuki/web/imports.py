"""Imports: what ran, how far it is, what it had to say; starting one, and taking one back."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Refused
from tasuki.core.imports import errors, mapping, running, sets
from tasuki.core.imports import stopping as stopping_
from tasuki.core.imports import undoing as undoing_
from tasuki.core.imports.nouns import noun_named
from tasuki.core.imports.runs import ImportRun, RunState
from tasuki.web import import_forms
from tasuki.web.requests import UserRequest, by, record_id
from tasuki.web.typed_fields import typed

LARGEST = 500 * 1024 * 1024
PAGE, _SHOWN = 50, 100


class Upload(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFiles(forms.FileField):
    """One file or several."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[bytes]]:
        files = [super(ManyFiles, self).clean(one, initial) for one in data] if data else [super().clean(None, initial)]
        if any((file.size or 0) > LARGEST for file in files):
            raise forms.ValidationError(_("The file is larger than 500 MB."))
        return files


class ImportForm(forms.Form):
    file = ManyFiles(
        label=gettext_lazy("Files (CSV, XLSX, XLS, vCard)"),
        max_length=255,
        widget=Upload(attrs={"multiple": True}),
        help_text=gettext_lazy("Up to 500 MB each. Several files that belong together, such as accounts and contacts, come in at once."),
    )
    noun = forms.ChoiceField(
        label=gettext_lazy("What the rows are"), required=False, help_text=gettext_lazy("Needed only with a mapping; else it is seen from the columns.")
    )
    mapping = forms.CharField(
        label=gettext_lazy("Mapping"),
        required=False,
        max_length=mapping.LARGEST,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=gettext_lazy("Leave it empty and one is proposed. Or YAML: which column fills which field. The handbook has examples."),
    )
    dry = forms.BooleanField(label=gettext_lazy("Only say what would happen"), required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        field = typed(self.fields["noun"], forms.ChoiceField)
        field.choices = [("", "–"), *import_forms.nouns()]


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.IMPORT_DATA)
    rows, before = ImportRun.objects.visible_to(request.user).for_listing(), record_id(request.GET.get("before", ""))
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    context = {
        "runs": found[:PAGE],
        "names": import_forms.NOUNS,
        "newer": reverse("imports") if before else "",
        "older": f"?before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
    }
    return render(request, "imports/list.jinja", context)


@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """Keep the files and propose mappings; with a mapping, hand the run to the workers. What is wrong with file or mapping is said here."""
    abilities.require(request.user, Ability.IMPORT_DATA)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _with_mapping(request, form.cleaned_data) if form.cleaned_data["mapping"].strip() else _brought(request, form.cleaned_data["file"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
    nouns = [(label, name, noun_named(name)) for name, label in import_forms.nouns()]
    return render(request, "imports/new.jinja", {"form": form, "nouns": nouns}, status=422 if form.errors else 200)


def _with_mapping(request: UserRequest, said: dict[str, Any]) -> HttpResponse:
    """A file with its mapping goes straight to the workers."""
    file = said["file"][0]
    read = mapping.read(said["mapping"])
    run = running.start(file, name=file.name or "", mapping=replace(read, noun=said["noun"] or read.noun), by=by(request), at=now(), dry=said["dry"])
    running.run_import.defer(run_id=run.pk)
    messages.success(request, _("The import is on its way."))
    return redirect("import", run.pk)


def _brought(request: UserRequest, files: list[UploadedFile[bytes]]) -> HttpResponse:
    made = sets.bring([(file, file.name or "") for file in files], by=by(request), at=now())
    first = made.files.order_by("pk")[0]
    return redirect("import_file", first.pk) if made.files.count() == 1 else redirect("import_set", made.pk)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.IMPORT_DATA)
    run = get_object_or_404(ImportRun.objects.visible_to(request.user).select_related("started_by"), pk=pk)
    said = list(run.rows.filter(messages__isnull=False).order_by("row_no")[: _SHOWN + 1])
    is_stuck = undoing_.is_stuck([run])
    context = {
        "run": run,
        "promises": import_forms.promises(run.target, run.mapping),
        "rows": said[:_SHOWN],
        "are_more": len(said) > _SHOWN,
        "is_over": is_stuck or run.state not in (RunState.WAITING, RunState.RUNNING, RunState.UNDOING),
        "can_undo": is_stuck or (run.state in (RunState.DONE, RunState.FAILED, RunState.STOPPED) and not run.is_dry),
        "can_stop": run.state in (RunState.WAITING, RunState.RUNNING),
        "can_go_on": run.state == RunState.STOPPED and not run.is_dry,
    }
    return render(request, "imports/page.jinja", context)


@require_GET
def error_file(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.IMPORT_DATA)
    run = get_object_or_404(ImportRun.objects.visible_to(request.user), pk=pk)
    out = io.StringIO()
    errors.write(run, out)
    # The mark tells spreadsheets that this is UTF-8.
    return HttpResponse(
        "\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="import-{run.pk}-errors.csv"'}
    )


@require_POST
def stopping(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.IMPORT_DATA)
    run = get_object_or_404(ImportRun.objects.visible_to(request.user), pk=pk)
    stopping_.stop(run, by=by(request), at=now())
    messages.success(request, _("The dry run is stopped. Nothing was written.") if run.is_dry else _("The import is stopped. What is written stays."))
    rehearsed = sets.ImportFile.objects.visible_to(request.user).filter(rehearsal=run).first()
    return redirect("import_set", rehearsed.of_id) if rehearsed else redirect("import", pk)


@require_POST
def resuming(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.IMPORT_DATA)
    run = get_object_or_404(ImportRun.objects.visible_to(request.user), pk=pk)
    with transaction.atomic():
        stopping_.go_on(run, by=by(request), at=now())
        sets.go_on_later(run)
    messages.success(request, _("The import goes on."))
    return redirect("import", pk)


@require_POST
def undoing(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.IMPORT_DATA)
    run = get_object_or_404(ImportRun.objects.visible_to(request.user), pk=pk)
    is_later = undoing_.ask([run], by=by(request), at=now())
    messages.success(request, _("The import is being undone.") if is_later else _("The import is undone."))
    return redirect("import", pk)
