"""Tasks: what is to be done, adding one to whatever is open, putting one off, finishing it, and what comes after."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.audit import AuditEntry
from tasuki.crm import editable, notifications, task_bulk_verbs, tasks
from tasuki.crm.tasks import Task
from tasuki.engage.sequences import acting
from tasuki.engage.sequences.enrolments import Deed, DeedState
from tasuki.web import audit, formats, moves, toasts
from tasuki.web.allowed_edits import allowed
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import TASKS
from tasuki.web.moves import TaskForm
from tasuki.web.records import about_of, back, carried_out, files_on, may_write_about, record_of, timeline, valid
from tasuki.web.requests import UserRequest, by
from tasuki.web.toasts import Act

_SHOWN = 50


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    found = lists.answer(request, TASKS, at=now())
    if isinstance(found, HttpResponse):
        return found
    return lists.shown(request, found, may_add=abilities.can(request.user, Ability.WORK_ACCOUNTS))


@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """A task that is about nothing else."""
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    form = TaskForm(request.POST or None, reader=request.user)
    if request.method == "POST" and carried_out(form, lambda _said: tasks.add(form.task(request.user), by=by(request), at=now())) is not None:
        messages.success(request, _("The task is added."))
        return redirect("tasks")
    return render(request, "tasks/new.jinja", {"form": form}, status=422 if form.errors else 200)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    return _shown(request, get_object_or_404(Task.objects.visible_to(request.user).for_page(), pk=pk))


def _shown(request: UserRequest, task: Task, **sent: forms.Form) -> HttpResponse:
    """The page of a task; with a form that was refused, in its place and with the reason."""
    notifications.read_about(request.user, at=now(), task=task)
    trail = AuditEntry.objects.visible_to(request.user).of(task).newest_first().for_listing()[:_SHOWN]
    context = {
        "task": task,
        "edits": allowed("task", request.user),
        "change_form": moves.PromiseForm(reader=request.user, record=task),
        "due_form": moves.DueForm(),
        "trail": audit.lines(trail, reader=request.user),
        "today": localdate(),
        "may_write": may_write_about(request.user, task.lead or task.contact),
        **_around(request, task),
        **sent,
    }
    return render(request, "tasks/page.jinja", context, status=422 if sent else 200)


def _around(request: UserRequest, task: Task) -> dict[str, Any]:
    """What happened around the record that the task is about, and its files, for whoever sees it."""
    of = about_of(request, task)
    if not of:
        return {"about": None}
    (about,) = of.values()
    return {"about": about, "timeline": timeline(request, **of), "files": files_on(request, **of), "note_form": moves.NoteForm()}


@require_POST
def add(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    record, form = record_of(request, noun, pk), TaskForm(request.POST, reader=request.user)
    if valid(request, form):
        tasks.add(form.task(request.user, **{noun: record}), by=by(request), at=now())
        messages.success(request, _("The task is added."))
    return back(request, reverse(noun, args=[pk]))


@require_POST
def change(request: UserRequest, pk: int) -> HttpResponse:
    task = _found(request, pk)
    form = moves.PromiseForm(request.POST, reader=request.user, record=task)
    if not carried_out(form, lambda _said: editable.change_task(task, said=form.said(), seen=form.seen, by=by(request), at=now())):
        return _shown(request, task, change_form=form)
    messages.success(request, _("The task is changed."))
    return redirect("task", pk)


@require_POST
def due(request: UserRequest, pk: int) -> HttpResponse:
    """Put a task off, or bring it forward."""
    task, form = _found(request, pk), moves.DueForm(request.POST)
    if valid(request, form):
        day = task_bulk_verbs.meant_day(form.cleaned_data["to"], form.cleaned_data["due_on"], today=localdate())
        tasks.change(task, due_on=day, by=by(request), at=now())
        messages.success(request, _("The task is due on %(day)s.") % {"day": formats.day(day)} if day else _("The task has no day any more."))
    return back(request, reverse("task", args=[pk]))


@require_POST
def finish(request: UserRequest, pk: int) -> HttpResponse:
    task = _found(request, pk)
    tasks.finish(task, by=by(request), at=now())
    then = Act(_("And then?"), reverse("task_next", args=[pk]), is_link=True)
    toasts.say(request, _("Done: %(task)s") % {"task": task.subject}, act=then)
    return back(request, reverse("tasks"))


@require_http_methods(["GET", "POST"])
def following(request: UserRequest, pk: int) -> HttpResponse:
    """And then? The next step after a task, about the same record."""
    task = _found(request, pk)
    form = TaskForm(request.POST or None, reader=request.user)
    about: dict[str, Any] = {"lead": task.lead, "contact": task.contact, "account": task.account}
    if request.method == "POST" and (added := carried_out(form, lambda _said: tasks.add(form.task(request.user, **about), by=by(request), at=now()))):
        messages.success(request, _("The task is added."))
        return redirect("task", added.pk)
    return render(request, "tasks/next.jinja", {"task": task, "form": form}, status=422 if form.errors else 200)


@require_POST
def reopening(request: UserRequest, pk: int) -> HttpResponse:
    task = tasks.reopen(_found(request, pk), by=by(request), at=now())
    deed = Deed.objects.visible_to(request.user).filter(task=task, state=DeedState.DONE).select_related("enrolment").first()
    why = acting.stays_done(deed) if deed else None
    if why:
        messages.warning(request, _("The task is open again. Its step in the sequence stays done: %(why)s.") % {"why": why.label})
    else:
        messages.success(request, _("The task is open again."))
    return redirect("task", pk)


@require_POST
def removal(request: UserRequest, pk: int) -> HttpResponse:
    tasks.remove(_found(request, pk), by=by(request), at=now())
    messages.success(request, _("The task is removed."))
    return redirect("tasks")


def _found(request: UserRequest, pk: int) -> Task:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    return get_object_or_404(Task.objects.visible_to(request.user).for_page(), pk=pk)
