"""Settings of consent: what each country asks before a person is reached, and the texts that people agree to."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.engage import consent_texts
from tasuki.engage import contact_rules as rules
from tasuki.engage.consent_texts import LONGEST_NAME, LONGEST_TEXT, TEXTS, ConsentText
from tasuki.engage.contact_rules import ContactRule, Need
from tasuki.web import formats, nouns, toasts
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by

_NEEDS = ("mail", "message", "phone", "post")
_CLOCKS = ("quiet_from", "quiet_until", "calls_from", "calls_until", "lunch_from", "lunch_until")


class RuleForm(forms.Form):
    """Labels are those of the model; clocks are typed as clocks."""

    mail = forms.ChoiceField(choices=Need.choices)
    message = forms.ChoiceField(choices=Need.choices)
    phone = forms.ChoiceField(choices=Need.choices)
    post = forms.ChoiceField(choices=Need.choices)
    basis_days = forms.IntegerField(min_value=0, max_value=3_660)
    subject_mark = forms.CharField(max_length=12, required=False)
    source = forms.CharField(max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in _CLOCKS:
            self.fields[name] = forms.TimeField(required=not name.startswith("lunch"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
        self.order_fields([*_NEEDS, *_CLOCKS, "basis_days", "subject_mark", "source"])
        for name, field in self.fields.items():
            field.label = nouns.field_label("contactrule", name)
        # Not the source of a lead, which is the same word in English alone.
        self.fields["source"].label = _("Where the law is written")

    def said(self) -> dict[str, Any]:
        clocks = {name: _minute(self.cleaned_data[name]) for name in _CLOCKS}
        if clocks["calls_until"] == 0:
            clocks["calls_until"] = 24 * 60  # midnight ends a day
        return {**self.cleaned_data, **clocks}


class TextForm(forms.Form):
    name = forms.CharField(max_length=LONGEST_NAME)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TEXTS:
            self.fields[name] = forms.CharField(max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 3, "lang": name[-2:]}))
        for name, field in self.fields.items():
            field.label = nouns.field_label("consenttext", name)


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    return _listed(request, TextForm())


def _listed(request: UserRequest, form: TextForm) -> HttpResponse:
    house = the_organisation()
    named = [(rule, str(name_of(rule))) for rule in ContactRule.objects.visible_to(request.user)]
    # Ours first, and what holds for all others next.
    rows = sorted(named, key=lambda one: (one[0].country != house.country, one[0].country != "", one[1]))
    texts = list(ConsentText.objects.visible_to(request.user).order_by("name", "-version"))
    context = {"rows": rows, "texts": texts, "form": form, "has_address": bool(house.postal_address)}
    return render(request, "contact_rules/list.jinja", context, status=422 if form.errors else 200)


@require_POST
def texts(request: UserRequest) -> HttpResponse:
    """Write the next version of a text, or the first of a new one."""
    abilities.require(request.user, Ability.EDIT_PROCESS)
    form = TextForm(request.POST)
    if carried_out(form, lambda said: consent_texts.write(said["name"], texts=said, by=by(request), at=now())):
        toasts.say(request, _("The text is in force."))
        return redirect("contact_rules")
    return _listed(request, form)


@require_http_methods(["GET", "POST"])
def page(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    rule = get_object_or_404(ContactRule.objects.visible_to(request.user), pk=pk)
    typed = (*_NEEDS, "basis_days", "subject_mark", "source")
    present = {name: getattr(rule, name) for name in typed} | {name: _clock(getattr(rule, name)) for name in _CLOCKS}
    form = RuleForm(request.POST or None, initial=present)
    if request.method == "POST" and _changed(request, rule, form):
        toasts.say(request, _("Saved."))
        return redirect("contact_rules")
    return render(request, "contact_rules/page.jinja", {"form": form, "rule": rule, "name": name_of(rule)}, status=422 if form.errors else 200)


def _changed(request: UserRequest, rule: ContactRule, form: RuleForm) -> bool:
    return carried_out(form, lambda _said: rules.change(rule, said=form.said(), by=by(request), at=now())) is not None


def name_of(rule: ContactRule) -> Any:
    return formats.country(rule.country) if rule.country else _("All other countries")


def _minute(clock: time | None) -> int | None:
    return clock.hour * 60 + clock.minute if clock else None


def _clock(minute: int | None) -> time | None:
    return None if minute is None else time(minute // 60 % 24, minute % 60)
