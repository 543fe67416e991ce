"""What all record pages share: the timeline, open tasks, and what happens after a form was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.utils.translation import gettext as _

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Forbidden, Refused
from tasuki.crm import following, notes, notifications
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.files import File
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Outcome
from tasuki.crm.stages import Stage
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.sales.opportunities import LostBecause
from tasuki.web import toasts
from tasuki.web.moves import NoteForm, TaskForm
from tasuki.web.record_form import RecordForm
from tasuki.web.requests import UserRequest, is_htmx, record_id
from tasuki.web.toasts import Act

Answer = TypeVar("Answer")

PAGE = 40
# The page of a company also shows what is pinned on its people and leads.
_WIDER = 3
_OPEN_TASKS = 20
# What notes, tasks and files are about.
SUBJECTS: dict[str, Any] = {"lead": Lead, "contact": Contact, "account": Account}


@dataclass(frozen=True)
class Timeline:
    """One page of a timeline, the kinds it can be narrowed to, and where it goes on."""

    entries: list[TimelineEntry]
    pinned: list[TimelineEntry]
    kinds: list[tuple[Any, str, bool]]
    older: str
    stages: dict[str, Stage]
    outcomes: dict[str, Any]
    reasons: dict[str, Any]
    may_merge: bool


def timeline(request: UserRequest, **of: Any) -> Timeline:
    """The timeline of one record, newest first; `kind` in the address narrows it, `before` goes on from an entry."""
    kind = request.GET.get("kind", "")
    if kind and kind not in Kind.values:
        raise BadRequest(_("The timeline has no entries of that kind."))
    entries = (
        TimelineEntry.objects.visible_to(request.user)
        .filter(**of)
        .select_related("actor")
        .prefetch_related("mentions", Prefetch("files", File.objects.visible_to(request.user).kept()))
        .order_by("-at", "-pk")
    )
    pinned = [] if request.GET.get("before") else list(entries.filter(pinned_at__isnull=False)[: notes.MOST_PINNED * _WIDER])
    if kind:
        entries = entries.filter(kind=kind)
    before = record_id(request.GET.get("before", ""))
    last = entries.filter(pk=before).first() if before else None
    if last:
        entries = entries.filter(at__lte=last.at).exclude(at=last.at, pk__gte=last.pk)
    found = list(entries[: PAGE + 1])
    shown = (Kind.MOVE, Kind.NOTE, Kind.TASK, Kind.OWNER, Kind.FILE)
    return Timeline(
        entries=found[:PAGE],
        pinned=pinned,
        kinds=[(_("All"), "?", not kind), *((one.label, f"?kind={one.value}", kind == one) for one in shown)],
        older=f"?kind={kind}&before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        stages={stage.pk: stage for stage in Stage.objects.all()},
        outcomes=dict(Outcome.choices),
        reasons=dict(LostBecause.choices),
        may_merge=abilities.can(request.user, Ability.MERGE_RECORDS),
    )


def open_tasks(request: UserRequest, **of: Any) -> list[Task]:
    rows: QuerySet[Task] = Task.objects.visible_to(request.user).to_do().filter(**of).select_related("owner")
    return list(rows.order_by("due_on", "pk")[:_OPEN_TASKS])


def common(request: UserRequest, **of: Any) -> dict[str, Any]:
    """What every record page shows beside its own facts. Whoever looks at a record has read what they were told about it."""
    (record,) = of.values()
    notifications.read_about(request.user, at=now(), **of)
    return {
        "is_followed": following.is_followed(record, person=request.user),
        "timeline": timeline(request, **of),
        "tasks": open_tasks(request, **of),
        "note_form": NoteForm(),
        "task_form": TaskForm(reader=request.user),
        "may_write": abilities.can(request.user, Ability.WORK_ACCOUNTS),
    }


def carried_out(form: forms.Form, verb: Callable[[dict[str, Any]], Answer]) -> Answer | None:
    """What the verb answers to the words of a sent form; None when the form or the verb refuses, and the reason stands on the form then."""
    if not form.is_valid():
        return None
    try:
        return verb(form.cleaned_data)
    except Forbidden:
        raise
    except Refused as refusal:
        if isinstance(form, RecordForm):
            form.explain(refusal)
        else:
            form.add_error(None, str(refusal))
        return None


def valid(request: UserRequest, form: forms.Form) -> bool:
    """Whether a form of one field can be used; what is wrong is said on the next page."""
    if form.is_valid():
        return True
    for field, errors in form.errors.items():
        label = form.fields[field].label if field in form.fields else ""
        for error in errors:
            messages.error(request, f"{label}: {error}" if label else str(error))
    return False


def done(request: UserRequest, sentence: str, *, name: str, pk: int) -> HttpResponse:
    """Back to the record, with a word that it is done."""
    if request.POST.get("after"):
        return added(request, sentence, kind=name, href=reverse(name, args=[pk]))
    messages.success(request, sentence)
    return redirect(name, pk)


def record_of(request: UserRequest, noun: str, pk: int) -> Any:
    """The record that somebody writes about, by the words of its address."""
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    if noun not in SUBJECTS:
        raise Http404
    return get_object_or_404(SUBJECTS[noun].objects.visible_to(request.user), pk=pk)


def back(request: UserRequest, address: str) -> HttpResponse:
    """To the page that the form stood on, if it is one of ours."""
    return redirect(next_page(request.POST.get("next", "")) or address)


def added(request: UserRequest, sentence: str, *, kind: str, href: str = "") -> HttpResponse:
    """After a quick add: on with the page it was done from, or with another of the kind; a toast leads to what was added."""
    toasts.say(request, sentence, act=Act(_("Open it"), href, is_link=True) if href else None)
    address = next_page(request.POST.get("next", "")) or reverse("home")
    if request.POST.get("after") == "another":
        return redirect(f"{reverse('quick_add', args=[kind])}?{urlencode({'from': address})}")
    return HttpResponse(headers={"HX-Redirect": address}) if is_htmx(request) else redirect(address)


def next_page(address: str) -> str:
    """The address, if it is one of ours; else nothing."""
    return address if address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None) else ""
