"""Contacts: the list, the page of one, adding, changing, and what they agreed to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Refused
from tasuki.core.organisation import the_organisation
from tasuki.crm import records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, ConsentState, Contact
from tasuki.crm.leads import Lead
from tasuki.web import lists
from tasuki.web.records import common, done, valid
from tasuki.web.requests import UserRequest, by

SORTS = (
    lists.Sort("name", gettext_lazy("by name"), "family_name"),
    lists.Sort("newest", gettext_lazy("newest first"), "created_at", falling=True),
)
_ROWS = 20


class PersonForm(forms.Form):
    family_name = forms.CharField(label=gettext_lazy("family name"), max_length=200)
    given_name = forms.CharField(label=gettext_lazy("given name"), max_length=200, required=False)
    title = forms.CharField(label=gettext_lazy("job title"), max_length=120, required=False)
    department = forms.CharField(label=gettext_lazy("department"), max_length=120, required=False)
    account = forms.IntegerField(label=gettext_lazy("number of the account"), min_value=1, max_value=2**31, required=False)
    email = forms.CharField(label=gettext_lazy("mail address"), max_length=320, required=False)
    phone = forms.CharField(label=gettext_lazy("telephone"), max_length=64, required=False)

    def person(self, request: UserRequest) -> records.Person:
        said = self.cleaned_data
        account = Account.objects.visible_to(request.user).filter(pk=said["account"]).first() if said["account"] else None
        return records.Person(**{**said, "account": account}, country=the_organisation().country)


class ConsentForm(forms.Form):
    channel = forms.ChoiceField(label=gettext_lazy("channel"), choices=Channel.choices)
    state = forms.ChoiceField(label=gettext_lazy("state"), choices=ConsentState.choices)
    how = forms.CharField(label=gettext_lazy("how it was given"), max_length=200)


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    tabs = (lists.Tab("", gettext_lazy("All"), Q()), lists.Tab("mine", gettext_lazy("At my accounts"), Q(account__owner=request.user)))
    hidden = abilities.standing_of(request.user).hides("contact")
    searched = ("family_name", "given_name", "account__name")
    rows = Contact.objects.visible_to(request.user).for_listing()
    return render(request, "contacts/list.jinja", {"page": lists.page(request, rows, lists.Spec(SORTS, tabs, searched)), "hidden": hidden})


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    contact = get_object_or_404(Contact.objects.visible_to(request.user).for_page(), pk=pk)
    context = {
        "contact": contact,
        "hidden": abilities.standing_of(request.user).hides("contact"),
        "leads": Lead.objects.visible_to(request.user).filter(contact=contact).for_listing().newest_first()[:_ROWS],
        "files": contact.files.order_by("-pk")[:_ROWS],
        "consent_form": ConsentForm(),
        **common(request, contact=contact),
    }
    return render(request, "contacts/page.jinja", context)


def _edit(request: UserRequest, contact: Contact | None, initial: dict[str, Any]) -> HttpResponse:
    form = PersonForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            if contact:
                records.change_contact(contact, person=form.person(request), by=by(request), at=now())
            else:
                contact = records.add_contact(form.person(request), by=by(request), at=now())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return done(request, _("The contact is saved."), name="contact", pk=contact.pk)
    return render(request, "contacts/form.jinja", {"form": form, "contact": contact}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    abilities.require(request.user, Ability.SEE_CONTACT_DETAILS)
    return _edit(request, None, {"account": request.GET.get("account", "")[:10]})


@require_http_methods(["GET", "POST"])
def change(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    abilities.require(request.user, Ability.SEE_CONTACT_DETAILS)
    contact = get_object_or_404(Contact.objects.visible_to(request.user).for_page(), pk=pk)
    initial = {name: getattr(contact, name) for name in ("family_name", "given_name", "title", "department")} | {"account": contact.account_id}
    return _edit(request, contact, initial)


@require_POST
def consents(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    contact = get_object_or_404(Contact.objects.visible_to(request.user), pk=pk)
    form = ConsentForm(request.POST)
    if not valid(request, form):
        return redirect("contact", pk)
    said = form.cleaned_data
    records.record_consent(contact, channel=Channel(said["channel"]), state=ConsentState(said["state"]), how=said["how"], by=by(request), at=now())
    return done(request, _("The consent is recorded."), name="contact", pk=pk)
