"""Settings of mail tracking: whether opens and clicks are counted, with what that asks of the house."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.engage.tracking import rows
from tasuki.web import toasts
from tasuki.web.requests import UserRequest, by


class TrackingForm(forms.Form):
    opens = forms.BooleanField(
        label=gettext_lazy("Count which mails are opened"), required=False,
        help_text=gettext_lazy("A picture of one dot stands in the letter. Unreliable: many programs load no pictures, or load them without anybody reading."),
    )  # fmt: skip
    clicks = forms.BooleanField(
        label=gettext_lazy("Count which links are followed"), required=False,
        help_text=gettext_lazy("Links lead by way of this installation to where they led before; those that take a consent back never do."),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def page(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    stands = rows.in_force()
    form = TrackingForm(request.POST or None, initial={"opens": stands.opens, "clicks": stands.clicks})
    if request.method == "POST":
        form = TrackingForm(request.POST)
        if form.is_valid():
            rows.change(**form.cleaned_data, by=by(request), at=now())
            toasts.say(request, _("Saved. It holds for letters that go out from now on."))
            return redirect("mail_tracking")
    return render(request, "mail/tracking.jinja", {"form": form}, status=422 if form.errors else 200)
