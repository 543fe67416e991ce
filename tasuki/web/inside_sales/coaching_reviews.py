"""Reviewing a call by the scorecard, while it plays; and the review as whoever was reviewed reads it, answers it, and as coaches compare it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Forbidden
from tasuki.crm import notifications
from tasuki.engage import recordings
from tasuki.inside_sales.coaching import reviews, scorecards
from tasuki.inside_sales.coaching.reviews import Review, ReviewIncomplete
from tasuki.web import toasts
from tasuki.web.inside_sales.coaching_calls import call_of, player_of
from tasuki.web.inside_sales.coaching_forms import AnswerForm, ReviewForm
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by


@require_http_methods(["GET", "POST"])
def new(request: UserRequest, pk: int) -> HttpResponse:
    """Score a call."""
    abilities.require(request.user, Ability.REVIEW_CALLS)
    call, card = call_of(request, pk), scorecards.in_force()
    if card is None:
        raise Http404
    if not reviews.may_review(call, user=request.user):
        if request.method == "GET":
            return redirect("call", pk)
        raise Forbidden(_("You do not review this call, or you have already."))
    form = ReviewForm(request.POST or None, criteria=list(card.criteria.all()))
    if request.method == "POST" and (given := _given(request, form, call=call, card=card)):
        toasts.say(request, _("The review is given."))
        return redirect("review", given.pk)
    kept = recordings.of(call)
    context = {"call": call, "card": card, "form": form, "player": player_of(request, kept, call) if kept else None}
    return render(request, "inside_sales/coaching/reviewing.jinja", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def correction(request: UserRequest, pk: int) -> HttpResponse:
    """Say a given review anew: whoever gave it, and nobody else."""
    found = _found(request, pk)
    if found.reviewer_id != request.user.pk:
        if request.method == "GET":
            return redirect("review", pk)
        raise Forbidden(_("Only whoever gave the review corrects it."))
    form = ReviewForm(request.POST or None, criteria=list(found.scorecard.criteria.all()), initial=_as_it_stands(found))
    if request.method == "POST" and _said(form, partial(reviews.correct, found, by=by(request), at=now())):
        toasts.say(request, _("The review is corrected. What stood there before is kept beside it."))
        return redirect("review", pk)
    call, kept = call_of(request, found.call_id), recordings.of(found.call)
    context = {"call": call, "card": found.scorecard, "form": form, "player": player_of(request, kept, call) if kept else None, "review": found}
    return render(request, "inside_sales/coaching/reviewing.jinja", context, status=422 if form.errors else 200)


def _as_it_stands(found: Review) -> dict[str, Any]:
    said: dict[str, Any] = {"good": found.good, "next_action": found.next_action}
    for score in found.scores.all():
        said |= {f"points-{score.criterion_id}": score.points, f"at-{score.criterion_id}": score.second, f"words-{score.criterion_id}": score.words}
    return said


def _given(request: UserRequest, form: ReviewForm, *, call: Any, card: Any) -> Review | None:
    return _said(form, partial(reviews.give, call, scorecard=card, by=by(request), at=now()))


def _said(form: ReviewForm, say: Callable[..., Review]) -> Review | None:
    """What the form says, given or corrected; what lacks something is told where it is missing."""

    def verb(said: dict[str, Any]) -> Review | None:
        words = {name: said[name] for name in ("good", "next_action")}
        try:
            return say(scores=form.scores(), **words)
        except ReviewIncomplete as refusal:
            form.add_error(f"points-{refusal.criterion_id}" if refusal.criterion_id else None, str(refusal))
            return None

    return carried_out(form, verb)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    """One review. Whoever was reviewed has read it from now on."""
    found = _found(request, pk)
    reviews.read(found, by=by(request), at=now())
    notifications.read_about(request.user, at=now(), cause__noun="review", cause__record_id=pk)
    return _shown(request, found)


@require_POST
def answer(request: UserRequest, pk: int) -> HttpResponse:
    found, form = _found(request, pk), AnswerForm(request.POST)
    reviews.refuse_unless_reviewed(found, user=request.user)
    if carried_out(form, lambda said: (reviews.answer(found, text=said["text"], by=by(request), at=now()), True)) is None:
        return _shown(request, found, answer_form=form)
    toasts.say(request, _("Your answer is kept."))
    return redirect("review", pk)


def _found(request: UserRequest, pk: int) -> Review:
    return get_object_or_404(Review.objects.visible_to(request.user).for_listing(), pk=pk)


def _shown(request: UserRequest, found: Review, **sent: forms.Form) -> HttpResponse:
    others = Review.objects.visible_to(request.user).filter(call=found.call_id).exclude(pk=found.pk).for_listing().order_by("given_at", "pk")
    kept, criteria = recordings.of(found.call), list(found.scorecard.criteria.all())
    context = {
        "review": found,
        "others": [(one, reviews.differences(found, other=one)) for one in others],
        "earlier": [(one, one.scored(criteria)) for one in found.earlier.all()],
        "may_correct": found.reviewer_id == request.user.pk,
        "is_mine": found.person_id == request.user.pk,
        "has_recording": kept is not None and kept.file_id is not None,
        "answer_form": AnswerForm(initial={"text": found.answer}),
        **sent,
    }
    return render(request, "inside_sales/coaching/review.jinja", context, status=422 if sent else 200)
