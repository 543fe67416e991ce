"""The editor of a sequence: the draft of its next version, step by step, and what a real lead would get."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.crm.leads import Lead
from tasuki.engage import variables
from tasuki.engage.sequences import sending, timing, writing
from tasuki.engage.sequences.definitions import MOST_VARIANTS, SequenceVersion, Step, StepKind
from tasuki.engage.sequences.writing import CannotPublish, SequenceRefused, Wording
from tasuki.web import toasts
from tasuki.web.inside_sales.sequence_forms import NewStepForm, PlaceForm, StepForm, VariantForm
from tasuki.web.inside_sales.sequences import found, require_may_edit
from tasuki.web.records import valid
from tasuki.web.requests import UserRequest, by, record_id

_LETTERS = "ABCDEFGH"[:MOST_VARIANTS]


@require_http_methods(["GET", "POST"])
def draft(request: UserRequest, pk: int) -> HttpResponse:
    """The steps of the draft in their order. POST begins it, where there is none yet."""
    require_may_edit(request)
    sequence = found(request, pk)
    if request.method == "POST":
        writing.draft(sequence, by=by(request), at=now())
        return redirect("sequence_draft", pk)
    version = sequence.versions.filter(published_at__isnull=True).first()
    if version is None:
        return redirect("sequence", pk)
    context = {
        "sequence": sequence,
        "version": version,
        "steps": list(version.steps.select_related("goes_to").prefetch_related("variants").order_by("position")),
        "problems": writing.problems(version),
        "form": NewStepForm(),
        "in_force": writing.version_in_force(sequence),
    }
    return render(request, "inside_sales/sequences/draft.jinja", context)


@require_POST
def publication(request: UserRequest, pk: int) -> HttpResponse:
    version = _draft_of(request, pk)
    try:
        writing.publish(version, by=by(request), at=now())
    except CannotPublish as refusal:
        for problem in refusal.problems:
            messages.error(request, problem)
        return redirect("sequence_draft", pk)
    toasts.say(request, _("Published. Who is in an older version finishes that one."))
    return redirect("sequence", pk)


@require_POST
def removal(request: UserRequest, pk: int) -> HttpResponse:
    writing.discard(_draft_of(request, pk), by=by(request), at=now())
    toasts.say(request, _("The draft is thrown away."))
    return redirect("sequence", pk)


@require_POST
def steps(request: UserRequest, pk: int) -> HttpResponse:
    """Add a step at the end, and go to it."""
    version, form = _draft_of(request, pk), NewStepForm(request.POST)
    if not valid(request, form):
        return redirect("sequence_draft", pk)
    kind = form.cleaned_data["kind"]
    hears = "unanswered" if kind == StepKind.BRANCH else ""
    is_first = not version.steps.exists()
    step = writing.add_step(version, wording=Wording(kind, n_days=0 if is_first else 1, hears=hears), by=by(request), at=now())
    return redirect("sequence_step", step.pk)


@require_http_methods(["GET", "POST"])
def step(request: UserRequest, pk: int) -> HttpResponse:
    """One step of a draft: what it is, and the wordings of a mail. Both are one form, so that nothing typed is lost."""
    one = _step(request, pk)
    version = one.version
    later = list(version.steps.filter(position__gt=one.position).order_by("position"))
    sent = request.POST or None
    form = StepForm(sent, kind=one.kind, later=later, initial=StepForm.of(one))
    wordings = _wordings(one, sent)
    is_whole = sent is not None and all([form.is_valid(), *(each.is_valid() for _letter, each in wordings)])
    if is_whole and _written(request, one, form=form, wordings=wordings):
        toasts.say(request, _("Step %(n)s is saved.") % {"n": one.position})
        return redirect("sequence_draft", version.sequence_id)
    has_errors = bool(form.errors) or any(each.errors for _letter, each in wordings)
    context = {"step": one, "sequence": version.sequence, "form": form, "wordings": wordings, "variables": variables.VARIABLES}
    return render(request, "inside_sales/sequences/step.jinja", context, status=422 if has_errors else 200)


def _wordings(one: Step, sent: Any) -> list[tuple[str, VariantForm]]:
    """A form for each wording that there is, and one for another."""
    if one.kind != StepKind.MAIL:
        return []
    there = {each.letter: each for each in one.variants.all()}
    n = min(len(there) + 1, MOST_VARIANTS)
    letters = sorted({*there, *[letter for letter in _LETTERS if letter not in there][: max(n - len(there), 0)]})
    initial = {letter: {"subject": there[letter].subject, "text": there[letter].text} if letter in there else {} for letter in letters}
    return [(letter, VariantForm(sent, prefix=letter, initial=initial[letter])) for letter in letters]


def _written(request: UserRequest, one: Step, *, form: StepForm, wordings: list[tuple[str, VariantForm]]) -> bool:
    """All or nothing; what is refused stands where it was typed."""
    where: forms.Form = form
    try:
        with transaction.atomic():
            writing.change_step(one, wording=form.wording(), by=by(request), at=now())
            for letter, each in wordings:
                where = each
                writing.write_variant(one, letter=letter, by=by(request), at=now(), **each.cleaned_data)
    except SequenceRefused as refusal:
        where.add_error(refusal.field if refusal.field in where.fields else None, str(refusal))
        return False
    return True


@require_POST
def place(request: UserRequest, pk: int) -> HttpResponse:
    one, form = _step(request, pk), PlaceForm(request.POST)
    if form.is_valid():
        writing.move_step(one, to=form.cleaned_data["to"], by=by(request), at=now())
    return redirect("sequence_draft", one.version.sequence_id)


@require_POST
def step_removal(request: UserRequest, pk: int) -> HttpResponse:
    one = _step(request, pk)
    writing.remove_step(one, by=by(request), at=now())
    toasts.say(request, _("The step is taken away."))
    return redirect("sequence_draft", one.version.sequence_id)


@require_GET
def preview(request: UserRequest, pk: int) -> HttpResponse:
    """What one lead of the reader's would get, and when; of the draft if there is one and they may edit it, else of what is in force."""
    sequence = found(request, pk)
    version = sequence.versions.order_by("-number").first()
    candidates = _candidates(request)
    lead = candidates.filter(pk=record_id(request.GET.get("lead", "")) or 0).first() or candidates.first()
    context = {
        "sequence": sequence,
        "version": version,
        "lead": lead,
        "leads": list(candidates[:20]),
        "steps": _previewed(request, version, lead) if version and lead else [],
    }
    return render(request, "inside_sales/sequences/preview.jinja", context)


def _candidates(request: UserRequest) -> QuerySet[Lead]:
    """The latest leads of the reader's that name a person, else of those that they see."""
    seen = Lead.objects.visible_to(request.user).in_process().filter(contact__isnull=False, won_at__isnull=True).for_page().newest_first()
    mine = seen.filter(owner=request.user)
    return mine if mine.exists() else seen


def _previewed(request: UserRequest, version: SequenceVersion, lead: Lead) -> list[tuple[Step, Any, list[tuple[Any, sending.Letter]], str]]:
    """(step, when it would be due at the earliest, its mails, its words for a person) with nobody answering and every step done at once."""
    hours, at, shown = timing.hours_of(lead), now(), []
    me = lead.owner or request.user
    for one in version.steps.select_related("goes_to").prefetch_related("variants").order_by("position"):
        at = timing.due(one, after=at, hours=hours)
        letters = [(each, sending.shown(each, lead=lead, me=me)) for each in one.variants.all()]
        booking = variables.example_booking(one.words, sender=me) if one.is_worded else ""
        words = sending.worded(one, lead=lead, me=me, booking=booking) if one.is_worded else ""
        shown.append((one, at.astimezone(hours.zone), letters, words))
    return shown


def _draft_of(request: UserRequest, pk: int) -> SequenceVersion:
    require_may_edit(request)
    return get_object_or_404(found(request, pk).versions, published_at__isnull=True)


def _step(request: UserRequest, pk: int) -> Step:
    """A step of a draft: those that are published are shown, and stay as they are."""
    require_may_edit(request)
    rows = Step.objects.visible_to(request.user).select_related("version__sequence", "goes_to").prefetch_related("variants")
    return get_object_or_404(rows, pk=pk, version__published_at__isnull=True)
