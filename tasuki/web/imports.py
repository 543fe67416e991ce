"""Imports: what ran, how far it is, what it had to say; starting one, and taking one back."""

from __future__ import annotations

import io

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Refused
from tasuki.core.imports import errors, mapping, running
from tasuki.core.imports.nouns import noun_named
from tasuki.core.imports.runs import ImportRun, RunState
from tasuki.web.requests import UserRequest, by

LARGEST = 500 * 1024 * 1024
_ROWS, _SHOWN = 50, 100


class ImportForm(forms.Form):
    noun = forms.ChoiceField(label=gettext_lazy("What the rows are"))
    file = forms.FileField(label=gettext_lazy("File (CSV or XLSX)"), max_length=255)
    mapping = forms.CharField(
        label=gettext_lazy("Mapping"),
        max_length=mapping.LARGEST,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
        help_text=gettext_lazy("YAML: which column fills which field. The handbook has examples."),
    )
    dry = forms.BooleanField(label=gettext_lazy("Only say what would happen"), required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        field = self.fields["noun"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - says which field it is to the type checker
        field.choices = [(name, name) for name in settings.IMPORTABLE_NOUNS]

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(_("The file is larger than 500 MB."))
        return file


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.IMPORT_DATA)
    return render(request, "imports/list.jinja", {"runs": ImportRun.objects.visible_to(request.user).for_listing()[:_ROWS]})


@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """Keep the file and hand the run to the workers; what is wrong with file or mapping is said here."""
    abilities.require(request.user, Ability.IMPORT_DATA)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            read = mapping.from_json({**mapping.read(said["mapping"]).as_json(), "noun": said["noun"]})
            run = running.start(said["file"], name=said["file"].name or "", mapping=read, by=by(request), at=now(), dry=said["dry"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            running.run_import.defer(run_id=run.pk)
            messages.success(request, _("The import is on its way."))
            return redirect("import", run.pk)
    nouns = {name: noun_named(name) for name in settings.IMPORTABLE_NOUNS}
    return render(request, "imports/new.jinja", {"form": form, "nouns": nouns}, status=422 if form.errors else 200)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.IMPORT_DATA)
    run = get_object_or_404(ImportRun.objects.visible_to(request.user).select_related("started_by"), pk=pk)
    said = run.rows.filter(messages__isnull=False).order_by("row_no")[:_SHOWN]
    return render(request, "imports/page.jinja", {"run": run, "rows": said, "is_over": run.state not in (RunState.WAITING, RunState.RUNNING)})


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
def undoing(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.IMPORT_DATA)
    run = get_object_or_404(ImportRun.objects.visible_to(request.user), pk=pk)
    running.undo(run, by=by(request), at=now())
    messages.success(request, _("The import is undone."))
    return redirect("import", pk)
