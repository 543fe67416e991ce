"""Scoring in the settings: the rules in force, a draft of the next, what it would change, and publishing it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm.opportunity_rules import Counted
from tasuki.crm.scoring import conditions, keeping, suggestions, trials, versions
from tasuki.crm.scoring.happenings import Happening
from tasuki.crm.scoring.versions import LONGEST_CONDITION, LONGEST_WORDS, MEASURES, FitRule, NoDraft, ScoreModel
from tasuki.web import nouns, toasts
from tasuki.web.inside_sales import rule_conditions
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by

_WHOLE = MEASURES[:6]


class RuleForm(forms.Form):
    """What a rule gives, and why; which leads it is about is a sentence above it, and comes along as it is kept."""

    WRITTEN = ("points", "words_en", "words_ko", "words_ja")

    condition = forms.CharField(required=False, max_length=LONGEST_CONDITION, widget=forms.HiddenInput)
    points = forms.IntegerField(label=gettext_lazy("points"), min_value=-100, max_value=100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("words_en", "words_ko", "words_ja"):
            label = nouns.field_label("fitrule", name)
            self.fields[name] = forms.CharField(label=label, max_length=LONGEST_WORDS, widget=forms.TextInput({"lang": name[-2:]}))


class MeasuresForm(forms.Form):
    """The bounds of the grades, how fast all is forgotten, and the points of what people do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in MEASURES:
            label = nouns.field_label("scoremodel", name)
            whole = forms.IntegerField(label=label, min_value=-1_000, max_value=1_000)
            self.fields[name] = whole if name in _WHOLE else forms.FloatField(label=label, min_value=0.5, max_value=8_760)
        for happening in Happening:
            self.fields[f"did_{happening.value}"] = forms.IntegerField(label=happening.label, min_value=0, max_value=100)

    def said(self) -> dict[str, Any]:
        """As the verb takes it."""
        data = self.cleaned_data
        return {"measures": {name: data[name] for name in MEASURES}, "points": {one.value: data[f"did_{one.value}"] for one in Happening}}


@require_GET
def page(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    return _shown(request)


def _shown(request: UserRequest, *, refused: MeasuresForm | None = None) -> HttpResponse:
    """The page; with the form of the measures that was refused in its place."""
    models = ScoreModel.objects.visible_to(request.user)
    draft, current = models.draft(), models.in_force()
    rules, rules_in_force = _rules(draft), _rules(current)
    context = {
        "draft": draft,
        "current": current,
        "counted": Counted(current.rates.get("counted", Counted.ACCEPTED)) if current else None,
        "versions": models.filter(published_at__isnull=False).select_related("published_by").order_by("-version")[:20],
        "points_in_force": [(Happening(one).label, points) for one, points in current.engagement_rules.values_list("happening", "points")] if current else [],
        "rules": rules,
        "rules_in_force": rules_in_force,
        "words": rule_conditions.in_words([rule.condition for rule in (*rules, *rules_in_force)], request.user),
        "measures_form": refused or (_measures_of(draft) if draft else None),
    }
    return render(request, "scoring/page.jinja", context, status=422 if refused else 200)


def _rules(model: ScoreModel | None) -> list[FitRule]:
    return list(model.fit_rules.all()) if model else []


def _measures_of(draft: ScoreModel) -> MeasuresForm:
    points = dict(draft.engagement_rules.values_list("happening", "points"))
    return MeasuresForm(initial={name: getattr(draft, name) for name in MEASURES} | {f"did_{one.value}": points.get(one.value, 0) for one in Happening})


@require_POST
def draft(request: UserRequest) -> HttpResponse:
    """Begin one."""
    abilities.require(request.user, Ability.EDIT_PROCESS)
    versions.begin(by=by(request), at=now())
    return redirect("scoring")


@require_POST
def suggested(request: UserRequest) -> HttpResponse:
    """Rules to begin with, for whoever has none."""
    suggestions.fill(_draft(request), by=by(request), at=now())
    return redirect("scoring")


@require_POST
def measures(request: UserRequest) -> HttpResponse:
    draft, form = _draft(request), MeasuresForm(request.POST)
    if not carried_out(form, lambda _said: versions.measure(draft, by=by(request), at=now(), **form.said())):
        return _shown(request, refused=form)
    toasts.say(request, _("Saved."))
    return redirect("scoring")


@require_http_methods(["GET", "POST"])
def rules(request: UserRequest) -> HttpResponse:
    """A new rule for the draft."""
    return _rule_page(request, FitRule(model=_draft(request)))


@require_http_methods(["GET", "POST"])
def rule(request: UserRequest, pk: int) -> HttpResponse:
    return _rule_page(request, get_object_or_404(_draft(request).fit_rules.select_related("model"), pk=pk))


def _rule_page(request: UserRequest, one: FitRule) -> HttpResponse:
    among, kept = conditions.fields(), one.condition
    form = RuleForm(request.POST or None, initial={name: getattr(one, name) for name in RuleForm.WRITTEN} if one.pk else None)
    if request.method == "POST":
        kept = request.POST.get("condition", "")[:LONGEST_CONDITION]
        if carried_out(form, lambda said: versions.write_rule(FitRule(pk=one.pk, model=one.model, **said), by=by(request), at=now())):
            toasts.say(request, _("Saved in the draft. It is in force when it is published."))
            return redirect("scoring")
    is_readable = conditions.is_readable(kept, among)
    asking = rule_conditions.asking(request, kept if is_readable else "", at=now(), among=among)
    if isinstance(asking, HttpResponse):
        return asking
    context = {
        "rule": one,
        "is_lost": bool(kept) and not is_readable,
        "form": form,
        "page": asking,
        "units": rule_conditions.UNITS,
        "met": trials.meeting(asking.text, person=request.user) if asking.is_narrowed else None,
    }
    return render(request, "scoring/rule.jinja", context, status=422 if form.errors else 200)


@require_POST
def rule_removal(request: UserRequest, pk: int) -> HttpResponse:
    versions.drop_rule(get_object_or_404(_draft(request).fit_rules.select_related("model"), pk=pk), by=by(request), at=now())
    return redirect("scoring")


@require_GET
def trial(request: UserRequest) -> HttpResponse:
    """What the draft would say of the newest leads."""
    abilities.require(request.user, Ability.EDIT_PROCESS)
    draft = ScoreModel.objects.visible_to(request.user).draft()
    found = trials.tried(draft, person=request.user, at=now()) if draft else None
    return render(request, "scoring/trial.jinja", {"draft": draft, "trial": found})


@require_POST
def publication(request: UserRequest) -> HttpResponse:
    published = keeping.publish(_draft(request), by=by(request), at=now())
    toasts.say(request, _("Version %(n)s is in force. All leads are scored by it in the background.") % {"n": published.version})
    return redirect("scoring")


@require_POST
def removal(request: UserRequest) -> HttpResponse:
    """Throw the draft away."""
    versions.discard(_draft(request), by=by(request), at=now())
    toasts.say(request, _("The draft is thrown away."))
    return redirect("scoring")


def _draft(request: UserRequest) -> ScoreModel:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    found = ScoreModel.objects.visible_to(request.user).draft()
    if found is None:
        raise NoDraft
    return found
