"""Notes: writing one about whatever is open, settling whom it names, changing it, pinning it, and the colleagues that can be named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.people import User
from tasuki.crm import mentions, notes
from tasuki.crm.notes import MentionUnsettled
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.web.files import attached
from tasuki.web.moves import NoteForm
from tasuki.web.records import back, record_of, valid
from tasuki.web.requests import UserRequest, by, record_id

_OFFERED = 8


@require_POST
def add(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    record, form = record_of(request, noun, pk), NoteForm(request.POST)
    if not valid(request, form):
        return back(request, reverse(noun, args=[pk]))
    try:
        notes.write(form.cleaned_data["text"], by=by(request), at=now(), files=attached(request), **_settled(request), **{noun: record})
    except MentionUnsettled as question:
        return _ask(request, question, action=reverse("note_add", args=[noun, pk]), cancel=reverse(noun, args=[pk]))
    messages.success(request, _("The note is kept."))
    return back(request, reverse(noun, args=[pk]))


@require_http_methods(["GET", "POST"])
def change(request: UserRequest, pk: int) -> HttpResponse:
    """The page on which one's own note is written anew, or taken away."""
    note = _found(request, pk)
    if note.actor_id != request.user.pk:
        raise notes.NotYourNote
    form = NoteForm(request.POST or None, initial={"text": note.text})
    form.fields["text"].widget.attrs["rows"] = 8
    home = _home(note)
    if request.method == "POST" and form.is_valid():
        try:
            notes.change(note, text=form.cleaned_data["text"], by=by(request), at=now(), **_settled(request))
        except MentionUnsettled as question:
            return _ask(request, question, action=reverse("note_change", args=[pk]), cancel=home)
        except Forbidden:
            raise
        except Refused as refusal:
            form.add_error("text", str(refusal))
        else:
            messages.success(request, _("The note is changed."))
            return redirect(home)
    context = {"note": note, "form": form, "home": home, "offers": _offers(note), "about": notes.subject(note)}
    return render(request, "notes/change.jinja", context, status=422 if form.errors else 200)


@require_POST
def removal(request: UserRequest, pk: int) -> HttpResponse:
    note = _found(request, pk)
    home = _home(note)
    notes.remove(note, by=by(request), at=now())
    messages.success(request, _("The note is removed."))
    return redirect(home)


@require_POST
def pin(request: UserRequest, pk: int) -> HttpResponse:
    return _pinned(request, pk, verb=notes.pin, sentence=_("The note stands at the top now."))


@require_POST
def unpin(request: UserRequest, pk: int) -> HttpResponse:
    return _pinned(request, pk, verb=notes.unpin, sentence=_("The note stands where its day is."))


def _pinned(request: UserRequest, pk: int, *, verb: Callable[..., None], sentence: str) -> HttpResponse:
    note = _found(request, pk)
    try:
        verb(note, by=by(request), at=now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, sentence)
    return back(request, _home(note))


@require_GET
def colleagues(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    """Options for a name that is being typed after an “@”: who could be meant, and who of them could not see the record."""
    record, typed = record_of(request, noun, pk), request.GET.get("q", "").strip()[:80]
    people = User.objects.visible_to(request.user).active().select_related("team").order_by("family_name", "given_name")
    for word in typed.split()[:3]:
        people = people.filter(_called(word))
    offered = list(people[:_OFFERED])
    blind = {person.pk for person in mentions.who_cannot_see(offered, record)}
    return render(request, "notes/colleagues.jinja", {"people": offered, "blind": blind})


def _called(word: str) -> Q:
    """Part of a name; a name that is written in one piece, 한서윤, is found from any part of it too."""
    found = Q(family_name__icontains=word) | Q(given_name__icontains=word) | Q(email__istartswith=word)
    for cut in range(1, min(len(word), 4)):
        found |= Q(family_name__iendswith=word[:cut], given_name__istartswith=word[cut:])
    return found


def _settled(request: UserRequest) -> dict[str, Any]:
    """Who was meant by a name, and whether the writer was asked about names already."""
    meant = [pk for text in request.POST.getlist("meant")[: 2 * mentions.MOST] if (pk := record_id(text))]
    return {"meant": meant, "is_settled": bool(request.POST.get("settled"))}


def _ask(request: UserRequest, question: MentionUnsettled, *, action: str, cancel: str) -> HttpResponse:
    """Before the note is kept: which of several people is meant, and who named here could not read it."""
    context = {
        "question": question,
        "action": action,
        "cancel": cancel,
        "text": request.POST.get("text", ""),
        "meant": request.POST.getlist("meant"),
        "next": request.POST.get("next", ""),
        "had_files": bool(request.FILES),
    }
    return render(request, "notes/names.jinja", context, status=422)


def _found(request: UserRequest, pk: int) -> TimelineEntry:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    rows = (
        TimelineEntry.objects.visible_to(request.user)
        .filter(kind=Kind.NOTE)
        .select_related("actor", "lead", "contact", "account", "lead__contact", "lead__account")
    )
    return get_object_or_404(rows, pk=pk)


def _home(note: TimelineEntry) -> str:
    record = notes.subject(note)
    return reverse(record.noun, args=[record.pk]) + f"#entry-{note.pk}"


def _offers(note: TimelineEntry) -> str:
    record = notes.subject(note)
    return reverse("colleagues", args=[record.noun, record.pk])
