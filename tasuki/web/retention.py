"""Retention: the rule of the house, and whom it proposes to erase, with the reason. Whoever is ticked is asked for, and a second person confirms."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm.contacts import Contact
from tasuki.relay.personal_data import retention
from tasuki.relay.personal_data.retention import LONGEST_MONTHS, MOST_AT_ONCE, SHORTEST_MONTHS
from tasuki.web import toasts
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by, record_id


class RetentionForm(forms.Form):
    n_months = forms.IntegerField(
        label=gettext_lazy("Months without activity and consent"),
        help_text=gettext_lazy("Empty: nobody is proposed."),
        required=False,
        min_value=SHORTEST_MONTHS,
        max_value=LONGEST_MONTHS,
    )


@require_http_methods(["GET", "POST"])
def page(request: UserRequest) -> HttpResponse:
    """Whom the rule proposes now; POST changes the rule."""
    abilities.require(request.user, Ability.ERASE_PEOPLE)
    may_rule = abilities.can(request.user, Ability.MANAGE_SETTINGS)
    form, at = RetentionForm(request.POST or None, initial={"n_months": retention.rule().n_months}), now()
    if request.method == "POST":
        abilities.require(request.user, Ability.MANAGE_SETTINGS)
        if carried_out(form, lambda said: _changed(request, said["n_months"])):
            toasts.say(request, _("Saved."))
            return redirect("retention")
    after = record_id(request.GET.get("after", "")) or 0
    found = retention.proposed(request.user, at=at, after=after, most=MOST_AT_ONCE + 1)
    context = {
        "rows": found[:MOST_AT_ONCE],
        "older": f"{reverse('retention')}?after={found[MOST_AT_ONCE - 1].contact.pk}" if len(found) > MOST_AT_ONCE else "",
        "form": form if may_rule else None,
        "rule": retention.rule(),
    }
    return render(request, "erasures/retention.jinja", context, status=422 if form.errors else 200)


def _changed(request: UserRequest, n_months: int | None) -> bool:
    retention.change(n_months, by=by(request), at=now())
    return True


@require_POST
def asking(request: UserRequest) -> HttpResponse:
    """Ask for the erasure of those who are ticked."""
    abilities.require(request.user, Ability.ERASE_PEOPLE)
    ids = [pk for text in request.POST.getlist("id")[:MOST_AT_ONCE] if (pk := record_id(text))]
    n = retention.ask_for(list(Contact.objects.visible_to(request.user).filter(pk__in=ids)), by=by(request), at=now())
    said = ngettext("%(num)s erasure is asked for. A second person confirms it.", "%(num)s erasures are asked for. A second person confirms each.", n)
    toasts.say(request, said % {"num": n} if n else _("Nobody was ticked whom the rule still proposes."))
    return redirect("retention")
