"""The rules of hand-offs as a page of the settings, beside the agreements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.audit import AuditEntry, By
from tasuki.engage import rebooking
from tasuki.relay import handoff_rules
from tasuki.web import nouns, toasts
from tasuki.web.changes import Change, in_words
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by

_MOST = 40


class RulesForm(forms.Form):
    """Labels are those of the models; what makes sense the verbs say."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in handoff_rules.CHANGEABLE:
            self.fields[name] = forms.IntegerField(label=nouns.field_label("handoffrules", name), min_value=0, max_value=handoff_rules.LONGEST_DAYS)
        for name in rebooking.CHANGEABLE:
            self.fields[name] = forms.IntegerField(label=nouns.field_label("rebookrules", name), min_value=0, max_value=rebooking.LONGEST_DAYS)


@require_http_methods(["GET", "POST"])
def page(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    current, days = handoff_rules.in_force(), rebooking.in_force()
    initial = {name: getattr(current, name) for name in handoff_rules.CHANGEABLE} | {name: getattr(days, name) for name in rebooking.CHANGEABLE}
    form = RulesForm(request.POST or None, initial=initial)
    if request.method == "POST" and carried_out(form, lambda said: _changed(said, by=by(request), at=now())):
        toasts.say(request, _("Saved. A next step that has its day already keeps it."))
        return redirect("handoff_rules")
    context = {"form": form, "history": _history(request)}
    return render(request, "agreements/hand_offs.jinja", context, status=422 if form.errors else 200)


@transaction.atomic
def _changed(said: dict[str, int], *, by: By, at: datetime) -> bool:
    """Both or neither."""
    handoff_rules.change(by=by, at=at, **{name: said[name] for name in handoff_rules.CHANGEABLE})
    rebooking.change(by=by, at=at, **{name: said[name] for name in rebooking.CHANGEABLE})
    return True


def _history(request: UserRequest) -> list[tuple[AuditEntry, list[Change]]]:
    """Who changed which figure when, newest first."""
    entries = list(
        AuditEntry.objects.visible_to(request.user).filter(noun__in=["handoffrules", "rebookrules"]).select_related("actor").order_by("-at", "-pk")[:_MOST]
    )
    words = in_words(entries, reader=request.user)
    return [(entry, words[entry.pk]) for entry in entries]
