"""Tasks and notes: adding them to whatever is open, finishing a task, and the list of what is to be done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm import notes, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import TASKS
from tasuki.web.moves import NoteForm, TaskForm
from tasuki.web.records import carried_out, valid
from tasuki.web.requests import UserRequest, by

_KINDS = {"lead": Lead, "contact": Contact, "account": Account}


@require_http_methods(["GET", "POST"])
def listing(request: UserRequest) -> HttpResponse:
    form = TaskForm(request.POST or None, reader=request.user)
    if request.method == "POST":
        abilities.require(request.user, Ability.WORK_ACCOUNTS)
        if carried_out(form, lambda _said: tasks.add(form.task(request.user), by=by(request), at=now())):
            messages.success(request, _("The task is added."))
            return redirect("tasks")
    found = lists.answer(request, TASKS, at=now())
    if isinstance(found, HttpResponse):
        return found
    return lists.shown(request, "tasks/list.jinja", found, form=form, may_add=abilities.can(request.user, Ability.WORK_ACCOUNTS))


@require_POST
def add_note(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    record, form = _record(request, noun, pk), NoteForm(request.POST)
    if valid(request, form):
        notes.write(form.cleaned_data["text"], by=by(request), at=now(), **{noun: record})
        messages.success(request, _("The note is kept."))
    return _back(request, reverse(noun, args=[pk]))


@require_POST
def add_task(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    record, form = _record(request, noun, pk), TaskForm(request.POST, reader=request.user)
    if valid(request, form):
        tasks.add(form.task(request.user, **{noun: record}), by=by(request), at=now())
        messages.success(request, _("The task is added."))
    return _back(request, reverse(noun, args=[pk]))


@require_POST
def finish(request: UserRequest, pk: int) -> HttpResponse:
    task = get_object_or_404(Task.objects.visible_to(request.user), pk=pk)
    tasks.finish(task, by=by(request), at=now())
    messages.success(request, _("Done: %(task)s") % {"task": task.subject})
    return _back(request, reverse("tasks"))


def _record(request: UserRequest, noun: str, pk: int) -> Any:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    if noun not in _KINDS:
        raise Http404
    return get_object_or_404(_KINDS[noun].objects.visible_to(request.user), pk=pk)  # type: ignore[attr-defined]  # each of the three has it


def _back(request: UserRequest, address: str) -> HttpResponse:
    """To the page that the form stood on, if it is one of ours."""
    wanted = request.POST.get("next", "")
    return redirect(wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else address)
