"""Contacts: the list, the page of one, adding, changing, and what they agreed to."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities, meanwhile
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.crm import passes, records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.engage import blocks
from tasuki.engage import consents as consent_verbs
from tasuki.engage.blocks import Block, BlockKind
from tasuki.web import consent_forms, mail, new_record, panes
from tasuki.web.account_field import AccountField, of_reader
from tasuki.web.allowed_edits import allowed
from tasuki.web.consent_forms import BlockForm, ConsentForm
from tasuki.web.custom_values import facts_of
from tasuki.web.known import Ways, answered, changed, tried
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import CONTACTS
from tasuki.web.merges import moved_on
from tasuki.web.record_form import RecordForm
from tasuki.web.records import carried_out, common, done
from tasuki.web.requests import UserRequest, by, record_id


class PersonForm(RecordForm):
    """What is known of a person; how they are reached only for whoever may see it."""

    at_field: ClassVar = {"name_missing": "family_name", "email_invalid": "emails", "phone_invalid": "phones"}

    family_name = forms.CharField(label=gettext_lazy("family name"), max_length=200)
    given_name = forms.CharField(label=gettext_lazy("given name"), max_length=200, required=False)
    title = forms.CharField(label=gettext_lazy("job title"), max_length=120, required=False)
    department = forms.CharField(label=gettext_lazy("department"), max_length=120, required=False)
    roles = forms.CharField(
        label=gettext_lazy("roles in buying"), max_length=200, required=False, help_text=gettext_lazy("For example: decision maker, technical evaluator.")
    )
    account = AccountField(label=gettext_lazy("account"), required=False)

    def complete(self) -> None:
        of_reader(self.fields["account"], self.reader, stands=self.record.account if self.record else None)
        hidden = abilities.standing_of(self.reader).hides("contact")
        for name, label in (("emails", gettext_lazy("mail address")), ("phones", gettext_lazy("telephone"))):
            if self.record and name not in hidden:
                self.fields[name] = SeveralField(label=label, required=False, max_length=1_000)

    def present(self, name: str) -> Any:
        return meanwhile.stands(self.record, name) if name in ("emails", "phones") else super().present(name)


class NewPersonForm(PersonForm):
    at_field: ClassVar = {"email_invalid": "email", "phone_invalid": "phone"}

    email = forms.CharField(label=gettext_lazy("mail address"), max_length=320, required=False)
    phone = forms.CharField(label=gettext_lazy("telephone"), max_length=64, required=False)

    def person(self) -> records.Person:
        return records.Person(**self.cleaned_data, country=the_organisation().country)


class SeveralField(forms.CharField):
    """Cleans to a list of texts; between them stand commas or semicolons. The first is the main one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(help_text=gettext_lazy("Several with commas between them; the first is the main one."), **options)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return separated(super().clean(value))


def separated(text: str) -> list[str]:
    return [one for part in re.split(r"[,;、，\n]", text) if (one := part.strip())]


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    found = lists.answer(request, CONTACTS, at=now())
    return found if isinstance(found, HttpResponse) else lists.shown(request, found)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    contact = Contact.objects.visible_to(request.user).for_page().filter(pk=pk).first()
    return _shown(request, contact) if contact else moved_on(request, "contact", pk)


def _shown(request: UserRequest, contact: Contact, **sent: forms.Form) -> HttpResponse:
    """The page of a person; with a form that was refused, in its place and with the reason."""
    through = Lead.objects.visible_to(request.user).filter(contact=contact)
    latest = list(through.for_listing().newest_first()[: panes.MOST])
    context = {
        "contact": contact,
        "custom": facts_of(request, contact),
        "edits": allowed("contact", request.user),
        "hidden": abilities.standing_of(request.user).hides("contact"),
        "leads": latest,
        "all_leads": panes.list_of("leads", f"contact:is({contact.pk})", view="all"),
        "legs": passes.legs_of(latest),
        "chain": passes.chain_of(through),
        "mail_about": None if contact.erased_at else mail.of_contact(request, latest),
        "bad_mail": mail.bad_among(contact),
        "consent_form": ConsentForm(reader=request.user, contact=contact),
        "block_form": BlockForm(reader=request.user, contact=contact),
        "reach": consent_forms.lines(contact, at=now()),
        **common(request, contact=contact),
        **sent,
    }
    return render(request, "contacts/page.jinja", context, status=422 if sent else 200)


@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    abilities.require(request.user, Ability.SEE_CONTACT_DETAILS)
    known = record_id(request.GET.get("account", ""))
    account = Account.objects.visible_to(request.user).filter(pk=known).first() if known else None
    form = NewPersonForm(request.POST or None, reader=request.user, initial={"account": account})
    more, there = new_record.form_of(request, "contact"), None
    if request.method == "POST" and more.is_valid():
        ways = Ways(add=lambda one: new_record.supplemented(request, more, lambda: _supplemented(request, one, form)))
        added, there = tried(request, form, lambda another: new_record.added(request, more, lambda: _added(request, form, another)), ways=ways, more=more)
        if added:
            return answered(request, added, _("The contact is saved."))
    context = {"form": form, "more": more, "contact": None, "known": there}
    return render(request, "contacts/form.jinja", context, status=422 if form.errors or more.errors or there else 200)


def _added(request: UserRequest, form: NewPersonForm, another: str) -> Contact:
    return records.add_contact(form.person(), another=another, by=by(request), at=now())


def _supplemented(request: UserRequest, contact: Contact, form: NewPersonForm) -> Contact:
    return records.supplement_contact(contact, person=form.person(), by=by(request), at=now())


@require_http_methods(["GET", "POST"])
def change(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    contact = get_object_or_404(Contact.objects.visible_to(request.user).for_page(), pk=pk)
    form = PersonForm(request.POST or None, reader=request.user, record=contact)
    there = None
    if request.method == "POST":
        answer, there = changed(request, form, lambda another: _changed(request, contact, form, another=another))
        if answer:
            return answer if isinstance(answer, HttpResponse) else done(request, _("The contact is saved."), name="contact", pk=pk)
    context = {"form": form, "more": None, "contact": contact, "known": there}
    return render(request, "contacts/form.jinja", context, status=422 if form.errors or there else 200)


def _changed(request: UserRequest, contact: Contact, form: PersonForm, *, another: str) -> Contact:
    return records.change_contact(contact, said=form.said(), seen=form.seen, another=another, by=by(request), at=now())


@require_POST
def consents(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    contact = get_object_or_404(Contact.objects.visible_to(request.user).for_page(), pk=pk)
    form = ConsentForm(request.POST, reader=request.user, contact=contact)
    if not carried_out(form, lambda _said: consent_verbs.record(contact, word=form.word(), by=by(request), at=now())):
        return _shown(request, contact, consent_form=form)
    return done(request, _("The consent is recorded."), name="contact", pk=pk)


@require_POST
def block(request: UserRequest, pk: int) -> HttpResponse:
    """Nobody reaches this number or address of the person any more, whoever has it."""
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    contact = get_object_or_404(Contact.objects.visible_to(request.user).for_page(), pk=pk)
    form = BlockForm(request.POST, reader=request.user, contact=contact)
    if not carried_out(form, lambda said: _blocked(request, said["value"], said["reason"])):
        return _shown(request, contact, block_form=form)
    return done(request, _("Blocked, at once and for every import to come."), name="contact", pk=pk)


def _blocked(request: UserRequest, value: str, reason: str) -> Block:
    if "@" in value:
        return blocks.block(value, reason=reason, by=by(request), at=now())
    return blocks.block_known(value, kind=BlockKind.PHONE, reason=reason, by=by(request), at=now())
