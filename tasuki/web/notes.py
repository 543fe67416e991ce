"""Notes: writing one about whatever is open."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tasuki.crm import notes
from tasuki.web.moves import NoteForm
from tasuki.web.records import back, record_of, valid
from tasuki.web.requests import UserRequest, by


@require_POST
def add(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    record, form = record_of(request, noun, pk), NoteForm(request.POST)
    if valid(request, form):
        notes.write(form.cleaned_data["text"], by=by(request), at=now(), **{noun: record})
        messages.success(request, _("The note is kept."))
    return back(request, reverse(noun, args=[pk]))
