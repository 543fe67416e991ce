"""Tasks and notes: adding them to whatever is open, finishing a task, and the list of what is to be done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tasuki.crm import notes, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tasuki.web import lists
from tasuki.web.moves import NoteForm, TaskForm
from tasuki.web.records import valid
from tasuki.web.requests import UserRequest, by

_KINDS = {"lead": Lead, "contact": Contact, "account": Account}
SORTS = (
    lists.Sort("newest", gettext_lazy("newest first"), "created_at", falling=True),
    lists.Sort("oldest", gettext_lazy("oldest first"), "created_at"),
)


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    today = localdate()
    tabs = (
        lists.Tab("", gettext_lazy("To do"), Q(done_at__isnull=True)),
        lists.Tab("mine", gettext_lazy("Mine"), Q(done_at__isnull=True, owner=request.user)),
        lists.Tab("overdue", gettext_lazy("Overdue"), Q(done_at__isnull=True, due_on__lt=today)),
        lists.Tab("done", gettext_lazy("Done"), Q(done_at__isnull=False)),
    )
    rows = Task.objects.visible_to(request.user).for_listing()
    return render(request, "tasks/list.jinja", {"page": lists.page(request, rows, lists.Spec(SORTS, tabs, ("subject",))), "today": today})


@require_POST
def add_note(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    record, form = _record(request, noun, pk), NoteForm(request.POST)
    if valid(request, form):
        notes.write(form.cleaned_data["text"], by=by(request), at=now(), **{noun: record})
        messages.success(request, _("The note is kept."))
    return redirect(noun, pk)


@require_POST
def add_task(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    record, form = _record(request, noun, pk), TaskForm(request.POST)
    if valid(request, form):
        said = form.cleaned_data
        tasks.add(Task(subject=said["subject"], due_on=said["due_on"], owner=request.user, **{noun: record}), by=by(request), at=now())
        messages.success(request, _("The task is added."))
    return redirect(noun, pk)


@require_POST
def finish(request: UserRequest, pk: int) -> HttpResponse:
    task = get_object_or_404(Task.objects.visible_to(request.user), pk=pk)
    tasks.finish(task, by=by(request), at=now())
    messages.success(request, _("Done: %(task)s") % {"task": task.subject})
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else reverse("tasks"))


def _record(request: UserRequest, noun: str, pk: int) -> Any:
    if noun not in _KINDS:
        raise Http404
    return get_object_or_404(_KINDS[noun].objects.visible_to(request.user), pk=pk)  # type: ignore[attr-defined]  # each of the three has it
