"""The do-not-contact list: what nobody reaches any more, who said so, and how a block is lifted."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.engage import blocks
from tasuki.engage.blocks import LONGEST_REASON, Block
from tasuki.web import toasts
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by, record_id

PAGE = 50


class NewBlockForm(forms.Form):
    value = forms.CharField(label=gettext_lazy("Number, mail address or domain"), max_length=320)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=LONGEST_REASON, required=False)


class LiftForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=LONGEST_REASON)


class KeepingForm(forms.Form):
    keeps = forms.BooleanField(label=gettext_lazy("Keep the number or address itself, not only its end"), required=False)


@require_http_methods(["GET", "POST"])
def listing(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.SEE_CONTACT_DETAILS)
    form = NewBlockForm(request.POST or None)
    if request.method == "POST":
        abilities.require(request.user, Ability.WORK_ACCOUNTS)
        if carried_out(form, lambda said: blocks.block(said["value"], reason=said["reason"], by=by(request), at=now())):
            toasts.say(request, _("Blocked, at once and for every import to come."))
            return redirect("do_not_contact")
    rows = Block.objects.visible_to(request.user).newest_first()
    before = record_id(request.GET.get("before", ""))
    window = list((rows.filter(pk__lt=before) if before else rows).order_by("-pk")[: PAGE + 1])
    context = {
        "rows": window[:PAGE],
        "n_standing": Block.objects.visible_to(request.user).standing().count(),
        "older": f"{reverse('do_not_contact')}?before={window[PAGE - 1].pk}" if len(window) > PAGE else "",
        "form": form if abilities.can(request.user, Ability.WORK_ACCOUNTS) else None,
        "lift_form": LiftForm(auto_id=False),
        "may_lift": abilities.can(request.user, Ability.EDIT_PROCESS),
        "keeps": blocks.keeps_values(),
    }
    return render(request, "do_not_contact/list.jinja", context, status=422 if form.errors else 200)


@require_POST
def lifting(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    row, form = get_object_or_404(Block.objects.visible_to(request.user), pk=pk), LiftForm(request.POST)
    if carried_out(form, lambda said: blocks.unblock(row, reason=said["reason"], by=by(request), at=now())):
        toasts.say(request, _("The block is lifted."))
    else:
        toasts.say(request, " ".join(str(error) for errors in form.errors.values() for error in errors), warns=True)
    return redirect("do_not_contact")


@require_POST
def keeping(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    form = KeepingForm(request.POST)
    if form.is_valid():
        blocks.keep_values(keeps=form.cleaned_data["keeps"], by=by(request), at=now())
        toasts.say(request, _("Saved."))
    return redirect("do_not_contact")
