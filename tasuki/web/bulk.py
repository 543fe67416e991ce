"""One verb for the rows that were chosen in a list, or for all that fit it. What becomes of it then: see `bulk_runs`."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import models
from django.db.models import QuerySet
from django.forms import Form
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities, saved_views
from tasuki.core.audit import Door
from tasuki.core.bulk import running
from tasuki.core.bulk.runs import BulkRun
from tasuki.core.bulk.verbs import BulkVerb, verbs, verbs_of
from tasuki.core.edits.nouns import editables
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.people import User
from tasuki.web import bulk_fields, toasts
from tasuki.web.bulk_forms import form_of
from tasuki.web.lists import counting, state
from tasuki.web.lists import page as lists
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.nouns import SPECS
from tasuki.web.lists.spec import Column
from tasuki.web.records import next_page
from tasuki.web.requests import UserRequest, record_id
from tasuki.web.toasts import Act

CHANGE = "change"
# A page has fifty rows to tick; whoever wants more takes all that fit.
_MOST_TICKED = 10_000
# The ids of rows that were ticked, or the question that all of them answer: it may be a million.
Chosen = list[int] | QuerySet[Any]


@require_GET
def menus(request: UserRequest, noun: str) -> HttpResponse:
    """The verbs of the bar below a list, each with the form of what it needs: drawn when the first row is ticked."""
    if not any(verb.noun == noun for verb in verbs().values()):
        raise Http404
    allowed = verbs_of(noun, abilities=abilities.standing_of(request.user).abilities)
    if not allowed:
        raise Forbidden(_("You may not change many of these at once. Ask an administrator."))
    offered = [(verb, form_of(verb, reader=request.user), _of_many(verb, request.user)) for verb in allowed]
    return render(request, "bulk/menus.jinja", {"offered": offered})


@require_http_methods(["GET", "POST"])
def start(request: UserRequest, noun: str, verb: str) -> HttpResponse:
    """One verb for the rows that were chosen: the page that asks what it needs, then the run. A hundred rows are done while one waits; more
    than that are done by a worker, and a page tells how far it is."""
    asked = verbs().get((noun, verb))
    if asked is None or (asked.key == CHANGE and request.method == "POST"):
        raise Http404
    abilities.require(request.user, asked.ability)
    chosen = _chosen(request, noun)
    if not _are_any(chosen):
        return _none_chosen(request)
    form = form_of(asked, reader=request.user, said=request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        return _begun(request, asked, chosen=chosen, said=_plain(form.cleaned_data))
    return _asking(request, "bulk/verb.jinja", form, chosen=chosen, noun=noun, verb=asked, columns=_of_many(asked, request.user))


@require_POST
def field(request: UserRequest, noun: str, key: str) -> HttpResponse:
    """One field of the rows that were chosen: first the form that asks for its value, then the run that writes it, or empties the field."""
    verb = verbs().get((noun, CHANGE))
    if verb is None or key not in bulk_fields.keys(noun, request.user):
        raise Http404
    abilities.require(request.user, verb.ability)
    chosen, said = _chosen(request, noun), request.POST
    if not _are_any(chosen):
        return _none_chosen(request)
    form = bulk_fields.form_of(noun, key, reader=request.user, said=said if "set" in said else None)
    if "empty" in said or ("set" in said and form.is_valid()):
        value = bulk_fields.plain(form, key) if "set" in said else None
        return _begun(request, verb, chosen=chosen, said={"field": key, "value": value})
    return _asking(request, "bulk/field.jinja", form, chosen=chosen, noun=noun, label=form.fields[key].label)


def _asking(request: UserRequest, template: str, form: Form, *, chosen: Chosen, noun: str, **more: Any) -> HttpResponse:
    """The page that asks what is to be done to the rows, which it keeps; 422 with what was wrong."""
    said = _said(request)
    kept = [("id", pk) for pk in said.getlist("id")[:_MOST_TICKED]] + [(name, said[name]) for name in ("everything", "state", "next") if name in said]
    n_rows, is_about = counting.counted(chosen) if isinstance(chosen, QuerySet) else (len(chosen), False)
    context = {"form": form, "n_rows": n_rows, "is_about": is_about, "kept": kept, "back": _list_of(request), "list_name": SPECS[noun].name, **more}
    return render(request, template, context, status=422 if form.errors else 200)


def _none_chosen(request: UserRequest) -> HttpResponse:
    messages.error(request, str(running.NothingChosen()))
    return redirect(_list_of(request))


def _of_many(verb: BulkVerb, reader: User) -> list[Column]:
    """The columns whose field the verb can change of many rows at once."""
    if verb.key != CHANGE:
        return []
    fields = editables()[verb.noun].of_many
    return [column for column in spec_of(SPECS[verb.noun], reader).columns if column.custom or column.edit in fields]


def _begun(request: UserRequest, verb: BulkVerb, *, chosen: Chosen, said: dict[str, Any]) -> HttpResponse:
    """The run: done at once, or left to a worker."""
    back = _list_of(request)
    try:
        run = running.start(verb, chosen, said=said, person=request.user, at=now())
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


def _are_any(chosen: Chosen) -> bool:
    return chosen.exists() if isinstance(chosen, QuerySet) else bool(chosen)


def _chosen(request: UserRequest, noun: str) -> Chosen:
    """The rows that were ticked, or all that fit the list as it stood; only what the person sees."""
    spec, said = spec_of(SPECS[noun], request.user), _said(request)
    if said.get("everything"):
        saved = saved_views.seen_by(request.user, noun)
        listed = state.read_from(QueryDict(said.get("state", "")), spec, saved)
        return lists.narrowed(spec, listed, reader=request.user, at=now())
    ids = [pk for text in said.getlist("id")[:_MOST_TICKED] if (pk := record_id(text))]
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


def _said(request: UserRequest) -> QueryDict:
    """What the bar of the list sends: in the address when it asks for a page, in the body when something is to be done."""
    return request.POST if request.method == "POST" else request.GET


def _list_of(request: UserRequest) -> str:
    """The list that the rows were chosen in, as it stood."""
    return next_page(_said(request).get("next", "")) or reverse("home")
