"""Stages: what is true of a lead in each, and what must be true for it to move on; every version is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm import stages as stages_
from tasuki.crm.stages import Stage, StageDefinition
from tasuki.web import nouns
from tasuki.web.requests import UserRequest, by


class DefinitionForm(forms.Form):
    """Six texts: the state and the exit condition, in three languages. Labels are those of the model."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in stages_.TEXTS:
            label = nouns.field_label("stagedefinition", name)
            self.fields[name] = forms.CharField(label=label, max_length=4000, widget=forms.Textarea(attrs={"rows": 3, "lang": name[-2:]}))


@dataclass(frozen=True)
class Defined:
    """A stage, its definition in force (if any), and its place among the `of` stages of its leg, from 1."""

    stage: Stage
    definition: StageDefinition | None
    place: int
    of: int


@require_GET
def stages(request: UserRequest) -> HttpResponse:
    return render(request, "stages/list.jinja", {"legs": _legs(request), "may_edit": abilities.can(request.user, Ability.EDIT_STAGES)})


@require_http_methods(["GET", "POST"])
def stage(request: UserRequest, key: str) -> HttpResponse:
    which = get_object_or_404(Stage.objects.visible_to(request.user), pk=key)
    versions = list(StageDefinition.objects.visible_to(request.user).filter(stage=which).newest_first())
    current = versions[0] if versions else None
    may_edit = abilities.can(request.user, Ability.EDIT_STAGES)
    form = DefinitionForm(request.POST or None, initial={name: getattr(current, name) for name in stages_.TEXTS} if current else None)
    if request.method == "POST":
        abilities.require(request.user, Ability.EDIT_STAGES)
        if form.is_valid():
            stages_.define(which, texts=form.cleaned_data, by=by(request), at=now())
            messages.success(request, _("The definition is in force."))
            return redirect("stage", which.pk)
    context = {"stage": which, "current": current, "versions": versions, "form": form if may_edit else None}
    return render(request, "stages/stage.jinja", context, status=422 if form.errors else 200)


def _legs(request: UserRequest) -> list[tuple[str, Any, list[Defined]]]:
    """(leg, its name, its stages) in the order of the relay."""
    definitions = stages_.in_force()
    rows = list(Stage.objects.visible_to(request.user))
    legs = []
    for leg in stages_.LEGS:
        here = [row for row in rows if row.leg == leg.value]
        legs.append((leg.value, leg.label, [Defined(row, definitions.get(row.pk), place, len(here)) for place, row in enumerate(here, start=1)]))
    return legs
