"""The do-not-contact list: what nobody reaches any more, who said so, and how a block is lifted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.audit import AuditEntry
from tasuki.engage import blocks
from tasuki.engage.blocks import LONGEST_REASON, Block
from tasuki.web import audit, toasts
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import BLOCKS
from tasuki.web.records import back, carried_out, next_page
from tasuki.web.requests import UserRequest, by

_SHOWN = 50


class NewBlockForm(forms.Form):
    value = forms.CharField(label=gettext_lazy("Number, mail address or domain"), max_length=320)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=LONGEST_REASON, required=False)


class LiftForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=LONGEST_REASON)


class KeepingForm(forms.Form):
    keeps = forms.BooleanField(label=gettext_lazy("Keep the number or address itself, not only its end"), required=False)


@require_http_methods(["GET", "POST"])
def listing(request: UserRequest) -> HttpResponse:
    form = NewBlockForm(request.POST or None)
    if request.method == "POST":
        abilities.require(request.user, Ability.WORK_ACCOUNTS)
        if carried_out(form, lambda said: blocks.block(said["value"], reason=said["reason"], by=by(request), at=now())):
            toasts.say(request, _("Blocked, at once and for every import to come."))
            return redirect("do_not_contact")
    found = lists.answer(request, BLOCKS, at=now())
    if isinstance(found, HttpResponse):
        return found
    return lists.shown(request, found, form=form, keeps=blocks.keeps_values(), **_verbs(request))


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    return _shown(request, get_object_or_404(Block.objects.visible_to(request.user).for_listing(), pk=pk))


def _shown(request: UserRequest, row: Block, *, form: LiftForm | None = None) -> HttpResponse:
    trail = AuditEntry.objects.visible_to(request.user).of(row).newest_first().for_listing()[:_SHOWN]
    context = {
        "row": row,
        "lift_form": form or LiftForm(),
        "next": next_page(request.POST.get("next") or request.GET.get("next", "")),
        "trail": audit.lines(trail, reader=request.user),
        **_verbs(request),
    }
    return render(request, "do_not_contact/page.jinja", context, status=422 if form else 200)


@require_POST
def lifting(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    row, form = get_object_or_404(Block.objects.visible_to(request.user).for_listing(), pk=pk), LiftForm(request.POST)
    if not form.is_valid():
        return _shown(request, row, form=form)
    blocks.unblock(row, reason=form.cleaned_data["reason"], by=by(request), at=now())
    toasts.say(request, _("The block is lifted."))
    return back(request, reverse("block", args=[pk]))


@require_POST
def keeping(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    form = KeepingForm(request.POST)
    if form.is_valid():
        blocks.keep_values(keeps=form.cleaned_data["keeps"], by=by(request), at=now())
        toasts.say(request, _("Saved."))
    return redirect("do_not_contact")


def _verbs(request: UserRequest) -> dict[str, Any]:
    """What this person may do about blocks."""
    return {"may_block": abilities.can(request.user, Ability.WORK_ACCOUNTS), "may_lift": abilities.can(request.user, Ability.EDIT_PROCESS)}
