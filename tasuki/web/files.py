"""Files: attaching one to a record, and giving it back as it came. A file is never shown, only downloaded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm import attachments
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.files import File
from tasuki.crm.leads import Lead
from tasuki.web.records import valid
from tasuki.web.requests import UserRequest, by

_KINDS: dict[str, Any] = {"lead": Lead, "contact": Contact, "account": Account}


class FileForm(forms.Form):
    file = forms.FileField(max_length=255)


@require_POST
def attach(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    if noun not in _KINDS:
        raise Http404
    record = get_object_or_404(_KINDS[noun].objects.visible_to(request.user), pk=pk)
    form = FileForm(request.POST, request.FILES)
    if valid(request, form):
        upload = form.cleaned_data["file"]
        attachments.attach(upload, name=upload.name, n_bytes=upload.size, by=by(request), at=now(), **{noun: record})
        messages.success(request, _("The file is attached."))
    return redirect(noun, pk)


@require_GET
def download(request: UserRequest, pk: int) -> FileResponse:
    file = get_object_or_404(File.objects.visible_to(request.user), pk=pk)
    response = FileResponse(default_storage.open(file.stored_as), as_attachment=True, filename=file.name, content_type="application/octet-stream")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
