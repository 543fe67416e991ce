"""How calls go: the limits of each kind, its scripts in each language, and when who was not reached is tried again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.engage import call_types, next_calls
from tasuki.engage.call_types import LONGEST_MINUTES, NAMES, CallType
from tasuki.engage.next_calls import LONGEST_WAIT_MINUTES, RetryRule
from tasuki.inside_sales import scripts
from tasuki.inside_sales.scripts import Script
from tasuki.web.moves import Move
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by


class TypeForm(Move):
    name_en = forms.CharField(label=gettext_lazy("name in English"), max_length=60)
    name_ko = forms.CharField(label=gettext_lazy("name in Korean"), max_length=60)
    name_ja = forms.CharField(label=gettext_lazy("name in Japanese"), max_length=60)
    soft_minutes = forms.IntegerField(label=gettext_lazy("ask what is open after, in minutes"), min_value=1, max_value=LONGEST_MINUTES)
    hard_minutes = forms.IntegerField(label=gettext_lazy("longest, in minutes"), min_value=1, max_value=LONGEST_MINUTES)
    talk_target_percent = forms.IntegerField(label=gettext_lazy("our share of the talking, in percent"), min_value=0, max_value=100)


class ScriptForm(Move):
    opening = forms.CharField(label=gettext_lazy("opening"), max_length=scripts.LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    closing = forms.CharField(label=gettext_lazy("closing question"), max_length=scripts.LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class RuleForm(Move):
    n_minutes = forms.IntegerField(label=gettext_lazy("wait, in minutes"), min_value=1, max_value=LONGEST_WAIT_MINUTES)
    is_other_hour = forms.BooleanField(label=gettext_lazy("then at another hour"), required=False)


@require_GET
def page(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    return _shown(request)


@require_POST
def call_type(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    kind, form = get_object_or_404(CallType.objects.visible_to(request.user), pk=pk), TypeForm(request.POST)

    def said(words: dict[str, Any]) -> CallType:
        names = {name: words[name] for name in NAMES}
        numbers = {name: words[name] for name in ("soft_minutes", "hard_minutes", "talk_target_percent")}
        return call_types.change(kind, names=names, **numbers, by=by(request), at=now())

    if not carried_out(form, said):
        return _shown(request, ("type", pk), form)
    messages.success(request, _("The limits are in force."))
    return redirect("call_settings")


@require_POST
def script(request: UserRequest, pk: int, language: str) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    if language not in dict(settings.LANGUAGES):
        raise Http404
    kind, form = get_object_or_404(CallType.objects.visible_to(request.user), pk=pk), ScriptForm(request.POST)
    if carried_out(form, lambda said: (scripts.write(kind, language=language, by=by(request), at=now(), **said), True)) is None:
        return _shown(request, ("script", (pk, language)), form)
    messages.success(request, _("The script is kept."))
    return redirect("call_settings")


@require_POST
def rule(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    which, form = get_object_or_404(RetryRule.objects.visible_to(request.user), pk=pk), RuleForm(request.POST)
    if not carried_out(form, lambda said: next_calls.change_rule(which, by=by(request), at=now(), **said)):
        return _shown(request, ("rule", pk), form)
    messages.success(request, _("The rule is in force."))
    return redirect("call_settings")


def _shown(request: UserRequest, where: tuple[str, Any] | None = None, sent: Move | None = None) -> HttpResponse:
    """The page; with a form that was refused in its place."""
    written = {(one.call_type_id, one.language): one for one in Script.objects.visible_to(request.user)}

    def form(kind: str, key: Any, made: Move) -> Move:
        shown = sent if sent is not None and where == (kind, key) else made
        shown.auto_id = f"{kind}-{key}-%s".replace("(", "").replace(")", "").replace("'", "").replace(", ", "-")
        return shown

    kinds = [
        (
            one,
            form("type", one.pk, TypeForm(initial={name: getattr(one, name) for name in TypeForm.base_fields})),
            [(language, name, form("script", (one.pk, language), _script_form(written.get((one.pk, language))))) for language, name in settings.LANGUAGES],
        )
        for one in CallType.objects.visible_to(request.user)
    ]
    rules = [
        (one, form("rule", one.pk, RuleForm(initial={name: getattr(one, name) for name in RuleForm.base_fields})))
        for one in RetryRule.objects.visible_to(request.user)
    ]
    return render(request, "inside_sales/library/settings.jinja", {"kinds": kinds, "rules": rules}, status=422 if sent else 200)


def _script_form(there: Script | None) -> ScriptForm:
    return ScriptForm(initial={"opening": there.opening, "closing": there.closing} if there else None)
