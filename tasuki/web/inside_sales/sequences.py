"""Sequences: the list with its numbers, one of them with its steps and members, and its terms."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Forbidden
from tasuki.engage.sequences import numbers, writing
from tasuki.engage.sequences.definitions import Sequence, may_edit
from tasuki.engage.sequences.numbers import WHAT, Standing
from tasuki.engage.sequences.writing import Settings
from tasuki.engage.triage.classes import ReplyClass
from tasuki.web import toasts
from tasuki.web.inside_sales.sequence_forms import NewSequenceForm, TermsForm
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by, record_id

PAGE = 50


@require_http_methods(["GET", "POST"])
def listing(request: UserRequest) -> HttpResponse:
    """All that are in use, or those that are archived. POST adds one and leads to its draft."""
    form = NewSequenceForm(request.POST or None, initial={"language": request.user.language})
    if request.method == "POST":
        require_may_edit(request)
        sequence = carried_out(form, lambda _said: writing.add(form.terms(), by=by(request), at=now()))
        if sequence:
            return redirect("sequence_draft", sequence.pk)
    is_archived = request.GET.get("show") == "archived"
    rows = list(Sequence.objects.visible_to(request.user).filter(archived_at__isnull=not is_archived).by_name().prefetch_related("versions"))
    standings = numbers.standings(rows, user=request.user)
    context = {
        "rows": [(one, standings.get(one.pk, Standing()), _in_force(one), any(version.is_draft for version in one.versions.all())) for one in rows],
        "is_archived": is_archived,
        "form": form if may_edit(request.user) else None,
    }
    return render(request, "inside_sales/sequences/list.jinja", context, status=422 if form.errors else 200)


def _in_force(sequence: Sequence) -> Any:
    """Of the loaded versions."""
    return next((one for one in sequence.versions.all() if one.published_at and not one.replaced_at), None)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    """What is in force: step by step with who is where, and the wordings of each mail with what they brought."""
    sequence = found(request, pk)
    version = writing.version_in_force(sequence)
    context = {
        "sequence": sequence,
        "version": version,
        "draft": sequence.versions.filter(published_at__isnull=True).first(),
        "standing": numbers.standings([sequence], user=request.user).get(sequence.pk, Standing()),
        "steps": numbers.by_step(version, user=request.user) if version else [],
        "variants": numbers.by_variant(version, user=request.user) if version else {},
        "answers": numbers.answers(sequence, user=request.user),
        "classes": [*ReplyClass.choices, ("", _("not clear"))],
        "n_in_older": numbers.n_in_older(version, user=request.user) if version else 0,
        "may_edit": may_edit(request.user),
        "may_enrol": abilities.can(request.user, Ability.WORK_LEADS),
    }
    return render(request, "inside_sales/sequences/page.jinja", context)


@require_GET
def members(request: UserRequest, pk: int) -> HttpResponse:
    """The rows behind a number: `what` it counts, or the `step` that they stand at."""
    sequence = found(request, pk)
    what, step = request.GET.get("what", ""), record_id(request.GET.get("step", ""))
    answer = request.GET.get("answer") if request.GET.get("answer") in {*ReplyClass.values, ""} else None
    rows = numbers.members(sequence, user=request.user, what=what, step=step, answer=answer)
    after = record_id(request.GET.get("after", ""))
    window = list((rows.filter(pk__lt=after) if after else rows).for_listing().order_by("-pk")[: PAGE + 1])
    base = f"?answer={answer}" if answer is not None else f"?step={step}" if step else f"?what={what if what in WHAT else ''}"
    context = {
        "sequence": sequence,
        "rows": window[:PAGE],
        "what": what if what in WHAT and not step and answer is None else "",
        "answer": (dict(ReplyClass.choices).get(answer) or _("not clear")) if answer is not None else "",
        "step": next((one for one in _steps(sequence) if one.pk == step), None),
        "n": rows.count(),
        "newer": base if after else "",
        "older": f"{base}&after={window[PAGE - 1].pk}" if len(window) > PAGE else "",
    }
    return render(request, "inside_sales/sequences/members.jinja", context)


def _steps(sequence: Sequence) -> list[Any]:
    return [step for version in sequence.versions.prefetch_related("steps") for step in version.steps.all()]


@require_http_methods(["GET", "POST"])
def terms(request: UserRequest, pk: int) -> HttpResponse:
    require_may_edit(request)
    sequence = found(request, pk)
    form = TermsForm(request.POST or None, initial={field.name: getattr(sequence, field.name) for field in fields(Settings)})
    if request.method == "POST" and carried_out(form, lambda _said: writing.change(sequence, terms=form.terms(), by=by(request), at=now())) is not None:
        toasts.say(request, _("Saved. It holds for all members from now on."))
        return redirect("sequence", pk)
    return render(request, "inside_sales/sequences/terms.jinja", {"sequence": sequence, "form": form}, status=422 if form.errors else 200)


@require_POST
def archiving(request: UserRequest, pk: int) -> HttpResponse:
    require_may_edit(request)
    writing.archive(found(request, pk), by=by(request), at=now())
    toasts.say(request, _("Archived: nobody is enrolled any more, and whoever is in it goes on."))
    return redirect("sequence", pk)


@require_POST
def restoring(request: UserRequest, pk: int) -> HttpResponse:
    require_may_edit(request)
    writing.restore(found(request, pk), by=by(request), at=now())
    return redirect("sequence", pk)


def found(request: UserRequest, pk: int) -> Sequence:
    return get_object_or_404(Sequence.objects.visible_to(request.user), pk=pk)


def require_may_edit(request: UserRequest) -> None:
    """Raises Forbidden: the door comes before the record."""
    if not may_edit(request.user):
        raise Forbidden(_("Sequences are written by operations and managers. You may enrol leads in those that there are."))
