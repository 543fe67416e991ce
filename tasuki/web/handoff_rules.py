"""The rules of hand-offs as a page of the settings, beside the agreements; and what counts as an opportunity."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.audit import AuditEntry, By
from tasuki.crm import opportunity_rules
from tasuki.crm.opportunity_rules import Counted
from tasuki.engage import rebooking
from tasuki.relay import handoff_rules
from tasuki.web import nouns, toasts
from tasuki.web.changes import Change, in_words
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by

_MOST = 40
# Whose history the page shows.
_NOUNS = ("handoffrules", "rebookrules", "opportunityrules")


class RulesForm(forms.Form):
    """Labels are those of the models; what makes sense the verbs say."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["counted"] = forms.ChoiceField(
            label=nouns.field_label("opportunityrules", "counted"),
            choices=Counted.choices,
            help_text=gettext_lazy(
                "One definition for all numbers of the house: by cohort, what recycling yields, and the grades of a score model when it is published. "
                "What lies before the change is counted by it too, so that periods compare. A plan always counts from P2."
            ),
        )
        for name in handoff_rules.CHANGEABLE:
            self.fields[name] = forms.IntegerField(label=nouns.field_label("handoffrules", name), min_value=0, max_value=handoff_rules.LONGEST_DAYS)
        for name in rebooking.CHANGEABLE:
            self.fields[name] = forms.IntegerField(label=nouns.field_label("rebookrules", name), min_value=0, max_value=rebooking.LONGEST_DAYS)


@require_http_methods(["GET", "POST"])
def page(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    current, days = handoff_rules.in_force(), rebooking.in_force()
    initial: dict[str, Any] = {name: getattr(current, name) for name in handoff_rules.CHANGEABLE}
    initial |= {name: getattr(days, name) for name in rebooking.CHANGEABLE} | {"counted": opportunity_rules.in_force().value}
    form = RulesForm(request.POST or None, initial=initial)
    if request.method == "POST" and carried_out(form, lambda said: _changed(said, by=by(request), at=now())):
        toasts.say(request, _("Saved. A next step that has its day already keeps it."))
        return redirect("handoff_rules")
    context = {"form": form, "history": _history(request)}
    return render(request, "agreements/hand_offs.jinja", context, status=422 if form.errors else 200)


@transaction.atomic
def _changed(said: dict[str, Any], *, by: By, at: datetime) -> bool:
    """All or nothing."""
    opportunity_rules.change(said["counted"], by=by, at=at)
    handoff_rules.change(by=by, at=at, **{name: said[name] for name in handoff_rules.CHANGEABLE})
    rebooking.change(by=by, at=at, **{name: said[name] for name in rebooking.CHANGEABLE})
    return True


def _history(request: UserRequest) -> list[tuple[AuditEntry, list[Change]]]:
    """Who changed which figure when, newest first."""
    rows = AuditEntry.objects.visible_to(request.user).filter(noun__in=_NOUNS)
    entries = list(rows.select_related("actor").order_by("-at", "-pk")[:_MOST])
    words = in_words(entries, reader=request.user)
    return [(entry, words[entry.pk]) for entry in entries]
