"""What all record pages share: the timeline, open tasks, and what happens after a form was sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from tasuki.core.people import User
from tasuki.crm import barred, exit_reasons, following, notes, notifications
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.files import File
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Outcome
from tasuki.crm.ownership import Ownership
from tasuki.crm.stages import Stage
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage.triage import deciding
from tasuki.engage.triage.rows import ReplyTriage
from tasuki.inside_sales.coaching import praises
from tasuki.inside_sales.coaching.praises import Praise
from tasuki.relay import handoff_reasons
from tasuki.sales.opportunities import LostBecause
from tasuki.web import audit, panes, toasts
from tasuki.web.moves import NoteForm, TaskForm
from tasuki.web.panes import Pane
from tasuki.web.record_form import RecordForm
from tasuki.web.requests import UserRequest, is_htmx, record_id
from tasuki.web.toasts import Act

Answer = TypeVar("Answer")

PAGE = 40
# The page of a company also shows what is pinned on its people and leads.
_WIDER = 3
_OWNERS = 10
# What somebody looks for on a timeline, what is looked for most first.
_ASKED_FOR = (
    Kind.NOTE, Kind.CALL, Kind.MAIL, Kind.MEETING, Kind.VISIT, Kind.MOVE, Kind.TASK, Kind.HANDOFF, Kind.SEQUENCE, Kind.PRAISE, Kind.OWNER, Kind.FILE,
)  # fmt: skip
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
    because: dict[str, str]
    happened: Mapping[str, Any]
    answers: dict[int, ReplyTriage]
    praised: dict[int, Praise]
    may_triage: bool
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
    praised = praises.on_timeline(found[:PAGE], reader=request.user)
    return Timeline(
        entries=[entry for entry in found[:PAGE] if entry.kind != Kind.PRAISE or entry.pk in praised],
        pinned=pinned,
        kinds=[(_("All"), "?", not kind), *((one.label, f"?kind={one.value}", kind == one) for one in _ASKED_FOR)],
        older=f"?kind={kind}&before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        stages={stage.pk: stage for stage in Stage.objects.all()},
        outcomes={**dict(Outcome.choices), "archived": _("archived"), "new_rule": _("another wake rule")},
        reasons={**handoff_reasons.IN_WORDS, **dict(LostBecause.choices)},
        happened=audit.ACTIONS,
        because=exit_reasons.names(),
        answers=_answers(request, found[:PAGE]),
        praised=praised,
        may_triage=deciding.may_say(request.user),
        may_merge=abilities.can(request.user, Ability.MERGE_RECORDS),
    )


def _answers(request: UserRequest, entries: list[TimelineEntry]) -> dict[int, ReplyTriage]:
    """What the answers among the entries are, by entry."""
    mails = [entry.pk for entry in entries if entry.kind == Kind.MAIL]
    rows = ReplyTriage.objects.visible_to(request.user).for_page().filter(message__entry__in=mails) if mails else ()
    return {row.message.entry_id: row for row in rows if row.message.entry_id}


def open_tasks(request: UserRequest, **of: Any) -> Pane[Task]:
    ((noun, record),) = of.items()
    rows: QuerySet[Task] = Task.objects.visible_to(request.user).to_do().filter(**of).select_related("owner")
    return panes.first_of(rows.order_by("due_on", "pk"), href=panes.list_of("tasks", f"done:empty, {noun}:is({record.pk})"))


def about_of(request: UserRequest, task: Task) -> dict[str, Any]:
    """The record that the task is about, by its noun, if the reader sees it."""
    for noun, model in SUBJECTS.items():
        if about := getattr(task, f"{noun}_id"):
            found = model.objects.visible_to(request.user).for_page().filter(pk=about).first()
            return {noun: found} if found else {}
    return {}


def files_on(request: UserRequest, **of: Any) -> Pane[File]:
    """The newest files that hang on a record."""
    ((noun, record),) = of.items()
    rows = File.objects.visible_to(request.user).of_records().filter(**of)
    return panes.first_of(rows, href=reverse("files", args=[noun, record.pk]))


def owners_of(record: Account | Lead) -> Pane[Ownership]:
    """Who owned a lead or an account last; its timeline tells of all."""
    rows = record.ownerships.select_related("owner", "team").order_by("-from_at", "-pk")
    return panes.first_of(rows, href=f"?kind={Kind.OWNER.value}", most=_OWNERS)


def common(request: UserRequest, **of: Any) -> dict[str, Any]:
    """What every record page shows beside its own facts. Whoever looks at a record has read what they were told about it."""
    (record,) = of.values()
    notifications.read_about(request.user, at=now(), **of)
    return {
        "is_followed": following.is_followed(record, person=request.user),
        "timeline": timeline(request, **of),
        "tasks": open_tasks(request, **of),
        "files": files_on(request, **of),
        "note_form": NoteForm(),
        "task_form": TaskForm(reader=request.user),
        "is_erased": barred.is_erased(record),
        "may_write": may_write_about(request.user, record),
    }


def may_write_about(user: User, record: Any) -> bool:
    """Whether notes, tasks and files of this person's go to the record: nothing is written about whoever is erased."""
    return abilities.can(user, Ability.WORK_ACCOUNTS) and not barred.is_erased(record)


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
    return seen(request, noun, pk)


def seen(request: UserRequest, noun: str, pk: int) -> Any:
    """The lead, contact or account that the words of an address mean. Raises Http404 where there is none for this reader."""
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
