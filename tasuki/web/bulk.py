"""One verb for the rows that were chosen in a list, or for all that fit it; how far it came, what was refused, and its undo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import models
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities
from tasuki.core.audit import Door
from tasuki.core.bulk import running
from tasuki.core.bulk.runs import BulkRun
from tasuki.core.bulk.verbs import BulkVerb, verbs
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.saved_views import SavedView
from tasuki.web import bulk_fields, toasts
from tasuki.web.bulk_forms import form_of
from tasuki.web.lists import page as lists
from tasuki.web.lists import state
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.nouns import SPECS
from tasuki.web.records import next_page, valid
from tasuki.web.requests import UserRequest, record_id
from tasuki.web.toasts import Act

_SHOWN = 200
CHANGE = "change"


@require_POST
def start(request: UserRequest, noun: str, verb: str) -> HttpResponse:
    """A hundred rows are done while one waits; more than that are done by a worker, and a page tells how far it is."""
    asked, back = verbs().get((noun, verb)), _list_of(request)
    if asked is None or asked.key == CHANGE:
        raise Http404
    abilities.require(request.user, asked.ability)
    form = form_of(asked, reader=request.user, said=request.POST)
    if not valid(request, form):
        return redirect(back)
    return _begun(request, asked, ids=_chosen(request, noun), said=_plain(form.cleaned_data))


@require_POST
def field(request: UserRequest, noun: str, key: str) -> HttpResponse:
    """One field of the rows that were chosen: first the form that asks for its value, then the run that writes it, or empties the field."""
    verb = verbs().get((noun, CHANGE))
    if verb is None or key not in bulk_fields.keys(noun, request.user):
        raise Http404
    abilities.require(request.user, verb.ability)
    ids, said = _chosen(request, noun), request.POST
    if not ids:
        messages.error(request, str(running.NothingChosen()))
        return redirect(_list_of(request))
    form = bulk_fields.form_of(noun, key, reader=request.user, said=said if "set" in said else None)
    if "empty" in said or ("set" in said and form.is_valid()):
        value = bulk_fields.plain(form, key) if "set" in said else None
        return _begun(request, verb, ids=ids, said={"field": key, "value": value})
    kept = [("id", pk) for pk in said.getlist("id")[: running.MOST]] + [(name, said[name]) for name in ("everything", "state", "next") if name in said]
    context = {
        "form": form,
        "label": form.fields[key].label,
        "n_rows": len(ids),
        "kept": kept,
        "back": _list_of(request),
        "noun": noun,
        "list_name": SPECS[noun].name,
    }
    return render(request, "bulk/field.jinja", context, status=422 if form.errors else 200)


def _begun(request: UserRequest, verb: BulkVerb, *, ids: list[int], said: dict[str, Any]) -> HttpResponse:
    """The run: done at once, or left to a worker."""
    back = _list_of(request)
    try:
        run = running.start(verb, ids, said=said, person=request.user, at=now())
    except Forbidden:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    if run.n_rows > running.AT_ONCE:
        running.run_bulk.defer(run_id=run.pk)
        return redirect("bulk", run.pk)
    run = running.run(run, door=Door.WEB, at=now())
    _tell(request, run)
    return redirect(back)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(BulkRun.objects.visible_to(request.user).select_related("started_by"), pk=pk)
    verb = verbs()[run.of, run.verb]
    refused = run.rows.exclude(reason="").order_by("pk")[:_SHOWN]
    may_undo = run.state == "done" and verb.undo is not None and run.n_done > 0 and verb.ability in abilities.standing_of(request.user).abilities
    return render(request, "bulk/page.jinja", {"run": run, "verb": verb, "refused": refused, "may_undo": may_undo, "list_name": SPECS[run.of].name})


@require_POST
def undoing(request: UserRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(BulkRun.objects.visible_to(request.user), pk=pk)
    run = running.ask_undo(run, person=request.user, at=now())
    if run.n_rows > running.AT_ONCE:
        running.run_bulk.defer(run_id=run.pk)
        return redirect("bulk", pk)
    run = running.undo(run, door=Door.WEB, at=now())
    # Whoever pressed Undo on a list goes on there; what could not be brought back is told on the page of the change.
    if run.n_undone < run.n_done or "next" not in request.POST:
        return redirect("bulk", pk)
    toasts.say(request, ngettext("%(n)s row is as it was before.", "%(n)s rows are as they were before.", run.n_undone) % {"n": run.n_undone})
    return redirect(_list_of(request))


def _chosen(request: UserRequest, noun: str) -> list[int]:
    """The rows that were ticked, or all that fit the list as it stood; only what the person sees."""
    spec = spec_of(SPECS[noun], request.user)
    if request.POST.get("everything"):
        saved = list(SavedView.objects.visible_to(request.user).of_list(noun))
        listed = state.read_from(QueryDict(request.POST.get("state", "")), spec, saved)
        rows = lists.narrowed(spec, listed, reader=request.user, at=now())
        return list(rows.order_by("pk").values_list("pk", flat=True)[: running.MOST + 1])
    ids = [pk for text in request.POST.getlist("id")[: running.MOST] if (pk := record_id(text))]
    return list(spec.rows(request.user).filter(pk__in=ids).values_list("pk", flat=True))


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    """What the form said, as JSON keeps it."""
    return {name: value.pk if isinstance(value, models.Model) else value.isoformat() if hasattr(value, "isoformat") else value for name, value in said.items()}


def _tell(request: UserRequest, run: BulkRun) -> None:
    sentence = ngettext("%(n)s row is changed.", "%(n)s rows are changed.", run.n_done) % {"n": run.n_done}
    if not run.n_refused:
        can_undo = verbs()[run.of, run.verb].undo is not None
        return toasts.say(request, sentence, undo=reverse("bulk_undoing", args=[run.pk]) if can_undo else "")
    refused = ngettext("%(n)s was refused.", "%(n)s were refused.", run.n_refused) % {"n": run.n_refused}
    return toasts.say(request, f"{sentence} {refused}", act=Act(_("See which"), reverse("bulk", args=[run.pk]), is_link=True), warns=True)


def _list_of(request: UserRequest) -> str:
    """The list that the rows were chosen in, as it stood."""
    return next_page(request.POST.get("next", "")) or reverse("home")
