"""The rules of hand-offs as a page of the settings, beside the agreements."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.relay import handoff_rules
from tasuki.web import nouns, toasts
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by


class RulesForm(forms.Form):
    """Labels are those of the model; what makes sense the verb says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in handoff_rules.CHANGEABLE:
            self.fields[name] = forms.IntegerField(label=nouns.field_label("handoffrules", name), min_value=0, max_value=handoff_rules.LONGEST_DAYS)


@require_http_methods(["GET", "POST"])
def page(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    current = handoff_rules.in_force()
    form = RulesForm(request.POST or None, initial={name: getattr(current, name) for name in handoff_rules.CHANGEABLE})
    if request.method == "POST" and carried_out(form, lambda said: handoff_rules.change(by=by(request), at=now(), **said)) is not None:
        toasts.say(request, _("Saved. A next step that has its day already keeps it."))
        return redirect("handoff_rules")
    return render(request, "agreements/hand_offs.jinja", {"form": form}, status=422 if form.errors else 200)
