"""How coaching is set: how many calls are drawn and heard, how long recordings are kept, and the scorecard in versions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.people import User
from tasuki.engage import recordings
from tasuki.inside_sales.coaching import rules, scorecards, whom
from tasuki.inside_sales.coaching.scorecards import Criterion, Scorecard
from tasuki.web import toasts
from tasuki.web.inside_sales.coaching_forms import CriterionForm, QuotaForm, RulesForm
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by


@require_GET
def page(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    return _shown(request)


@require_POST
def change(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    form = RulesForm(request.POST)
    if carried_out(form, lambda said: _changed(request, **said)) is None:
        return _shown(request, rules_form=form)
    toasts.say(request, _("Saved. What was drawn already stays, and weeks that are over keep what was asked in them."))
    return redirect("coaching_settings")


@transaction.atomic
def _changed(request: UserRequest, *, keep_days: int, **said: int) -> bool:
    rules.change(by=by(request), at=now(), **said)
    recordings.keep_for(keep_days, by=by(request), at=now())
    return True


@require_POST
def quota(request: UserRequest, pk: int) -> HttpResponse:
    """How many calls one coach hears a week; nothing for as the house asks."""
    abilities.require(request.user, Ability.EDIT_PROCESS)
    coach, form = get_object_or_404(User.objects.visible_to(request.user).active(), pk=pk), QuotaForm(request.POST)
    if carried_out(form, lambda said: (rules.set_quota(coach, by=by(request), at=now(), **said), True)) is None:
        return _shown(request, **{f"quota_{pk}": form})
    toasts.say(request, _("Saved. It holds from this week on."))
    return redirect("coaching_settings")


def _shown(request: UserRequest, **sent: forms.Form) -> HttpResponse:
    current, coaches = rules.in_force(), list(whom.everyone_who_reviews())
    week = rules.week_of(now())
    asked, heard = rules.quotas(coaches, weeks=[week]), rules.heard(coaches, week=week)
    told = {"n_samples": current.n_samples, "n_to_hear": current.n_to_hear, "keep_days": recordings.rules().keep_days}
    context: dict[str, Any] = {
        "rules_form": sent.get("rules_form") or RulesForm(initial=told),
        "coaches": [(one, _quota_form(one, asked[one.pk, week], sent), heard.get(one.pk, 0), asked[one.pk, week]) for one in coaches],
        "card": scorecards.in_force(),
        "draft": scorecards.draft(),
        "versions": list(Scorecard.objects.visible_to(request.user).published().order_by("-version")),
    }
    return render(request, "inside_sales/coaching/settings.jinja", context, status=422 if sent else 200)


def _quota_form(coach: User, asked: int, sent: dict[str, forms.Form]) -> forms.Form:
    form = sent.get(f"quota_{coach.pk}") or QuotaForm(initial={"n_to_hear": asked})
    form.auto_id = f"quota-{coach.pk}-%s"
    return form


@require_http_methods(["GET", "POST"])
def card(request: UserRequest) -> HttpResponse:
    """The draft of the next scorecard, begun as a copy of the one in force by a POST."""
    abilities.require(request.user, Ability.EDIT_PROCESS)
    if request.method == "POST":
        scorecards.begin(by=by(request), at=now())
        return redirect("scorecard_draft")
    return _card_shown(request)


@require_POST
def publication(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    published = scorecards.publish(_draft(request), by=by(request), at=now())
    toasts.say(request, _("Version %(n)s is in force. Reviews that were given keep theirs.") % {"n": published.version})
    return redirect("coaching_settings")


@require_POST
def removal(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    scorecards.discard(_draft(request), by=by(request), at=now())
    toasts.say(request, _("The draft is thrown away."))
    return redirect("coaching_settings")


@require_POST
def criterion_add(request: UserRequest) -> HttpResponse:
    return _written(request, None)


@require_POST
def criterion(request: UserRequest, pk: int) -> HttpResponse:
    return _written(request, _criterion(request, pk))


@require_POST
def criterion_removal(request: UserRequest, pk: int) -> HttpResponse:
    scorecards.leave_out(_criterion(request, pk), by=by(request), at=now())
    return redirect("scorecard_draft")


def _written(request: UserRequest, found: Criterion | None) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    draft, form = _draft(request), CriterionForm(request.POST)
    if not carried_out(form, lambda _said: scorecards.write(found, scorecard=draft, skill=form.skill(), by=by(request), at=now())):
        return _card_shown(request, **{f"criterion_{found.pk}" if found else "new": form})
    toasts.say(request, _("Kept in the draft."))
    return redirect("scorecard_draft")


def _criterion(request: UserRequest, pk: int) -> Criterion:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    rows = Criterion.objects.visible_to(request.user).filter(scorecard__published_at__isnull=True).select_related("scorecard")
    return get_object_or_404(rows, pk=pk)


def _draft(request: UserRequest) -> Scorecard:
    return get_object_or_404(Scorecard.objects.visible_to(request.user), published_at__isnull=True)


def _card_shown(request: UserRequest, **sent: CriterionForm) -> HttpResponse:
    draft = scorecards.draft()
    rows = []
    for one in draft.criteria.all() if draft else ():
        form = sent.get(f"criterion_{one.pk}") or CriterionForm(initial={name: getattr(one, name) for name in CriterionForm.base_fields})
        form.auto_id = f"criterion-{one.pk}-%s"
        rows.append((one, form))
    new = sent.get("new") or CriterionForm()
    new.auto_id = "criterion-new-%s"
    context = {"draft": draft, "rows": rows, "new": new, "card": scorecards.in_force()}
    return render(request, "inside_sales/coaching/scorecard.jinja", context, status=422 if sent else 200)
