"""What can be added quickly: each kind with its few fields, and what the page that one adds from says about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, names
from tasuki.core.abilities import Ability
from tasuki.core.errors import Forbidden
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.crm import stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead, Origin
from tasuki.sales.opportunities import Opportunity
from tasuki.web.accounts import CompanyForm
from tasuki.web.contacts import NewPersonForm
from tasuki.web.leads import NewLeadForm
from tasuki.web.moves import DAY, NoteForm, TaskForm
from tasuki.web.records import next_page
from tasuki.web.requests import UserRequest


@dataclass(frozen=True)
class Here:
    """The page that somebody adds from, and the record that it shows, if it is theirs to see."""

    address: str
    name: str = ""
    lead: Lead | None = None
    contact: Contact | None = None
    account: Account | None = None

    @property
    def record(self) -> Lead | Contact | Account | None:
        return self.lead or self.contact or self.account

    @property
    def company(self) -> Account | None:
        return self.account or (self.contact.account if self.contact else None) or (self.lead.account if self.lead else None)

    @property
    def lead_to_accept(self) -> Lead | None:
        """The lead that sales would take over here, if it is not theirs yet."""
        return self.lead if self.name == "lead" and self.lead and self.lead.stage_id in stages.BEFORE_SALES else None

    @property
    def about(self) -> dict[str, Any]:
        """As a task and a note name what they are about."""
        return {self.record.noun: self.record} if self.record else {}


def here_of(user: User, address: str) -> Here:
    """What the page at that address of ours shows. An address that is nobody's, or a record that is not this person's, says nothing."""
    home = Here(reverse("home"), "home")
    address = next_page(address)
    try:
        match = resolve(address.partition("?")[0].partition("#")[0])
    except Resolver404:
        return home
    name, pk = match.url_name or "", int(match.kwargs.get("pk", 0))
    match name:
        case "lead":
            return Here(address, name, lead=_lead(user, pk))
        case "contact":
            return Here(address, name, contact=Contact.objects.visible_to(user).for_page().filter(pk=pk).first())
        case "account":
            return Here(address, name, account=Account.objects.visible_to(user).filter(pk=pk).first())
        case "opportunity":
            deal = Opportunity.objects.visible_to(user).filter(pk=pk).first()
            return Here(address, name, lead=_lead(user, deal.lead_id) if deal else None)
        case "quick_add" | "quick_add_first":
            return home
    return Here(address, name)


def _lead(user: User, pk: int) -> Lead | None:
    return Lead.objects.visible_to(user).for_page().filter(pk=pk).first()


class OpportunityForm(forms.Form):
    """A deal that sales found itself, or the one of the lead that is open."""

    account = forms.CharField(label=_("Account"), max_length=200)
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    amount = forms.DecimalField(label=_("Amount"), max_digits=16, decimal_places=2, min_value=0, required=False)
    close_on = forms.DateField(label=_("Expected close date"), required=False, widget=DAY)


@dataclass(frozen=True)
class Kind:
    """One thing that can be added: what it takes to be allowed to, and its few fields."""

    key: str
    label: Any
    icon: str
    needs: frozenset[Ability]
    form: Callable[[UserRequest, Here], forms.Form]
    fields: tuple[str, ...]
    # The name of its own form's address; a kind without one is written by quick add.
    full: str = ""
    # Pages where this is what one most likely adds, and whether it needs a record to be about.
    at_home_on: tuple[str, ...] = ()
    is_about_a_record: bool = False


def _lead_form(request: UserRequest, here: Here) -> forms.Form:
    return NewLeadForm(reader=request.user, initial={"account": here.company.name if here.company else "", "origin": Origin.INBOUND.value})


def _contact_form(request: UserRequest, here: Here) -> forms.Form:
    """What is known of the person may stand in the address: whom an answer names, for instance."""
    family, given = names.split(request.GET.get("name", "")[:200])
    known = {"email": request.GET.get("email", "")[:320], "family_name": family, "given_name": given}
    return NewPersonForm(reader=request.user, initial={"account": here.company, **known})


def _account_form(request: UserRequest, _here: Here) -> forms.Form:
    return CompanyForm(reader=request.user, initial={"country": the_organisation().country})


def _task_form(request: UserRequest, _here: Here) -> forms.Form:
    return TaskForm(request.POST or None, reader=request.user)


def _note_form(request: UserRequest, _here: Here) -> forms.Form:
    return NoteForm(request.POST or None)


def _opportunity_form(request: UserRequest, here: Here) -> forms.Form:
    form = OpportunityForm(request.POST or None, initial={"account": here.company.name if here.company else ""})
    if here.lead_to_accept:
        # The deal of a lead is at the lead's company; there is nothing to choose.
        del form.fields["account"]
    return form


_CONTACT_NEEDS = frozenset({Ability.WORK_ACCOUNTS, Ability.SEE_CONTACT_DETAILS})
_DEAL_NEEDS = frozenset({Ability.WORK_LEADS, Ability.WORK_OPPORTUNITIES})
_WORK = frozenset({Ability.WORK_ACCOUNTS})
_PERSON = ("full_name", "account", "email", "phone", "source")
_CONTACT = ("family_name", "given_name", "account", "email", "phone")
_DEAL = ("account", "name", "amount", "close_on")

KINDS = (
    Kind("lead", _("Lead"), "arrow-right", frozenset({Ability.WORK_LEADS}), _lead_form, _PERSON, full="lead_new", at_home_on=("leads",)),
    Kind("contact", _("Contact"), "address-book", _CONTACT_NEEDS, _contact_form, _CONTACT, full="contact_new", at_home_on=("contacts", "account")),
    Kind("account", _("Account"), "building", _WORK, _account_form, ("name", "domain", "industry", "country"), full="account_new", at_home_on=("accounts",)),
    Kind("task", _("Task"), "checkbox", _WORK, _task_form, ("subject", "kind", "due_on", "owner"), at_home_on=("tasks", "lead", "contact", "opportunity")),
    Kind("note", _("Note"), "note", _WORK, _note_form, ("text",), is_about_a_record=True),
    Kind("opportunity", _("Opportunity"), "briefcase", _DEAL_NEEDS, _opportunity_form, _DEAL, at_home_on=("opportunities",)),
)


def offered(user: User, here: Here) -> list[Kind]:
    """What this person may add here. Raises Forbidden when that is nothing."""
    may = abilities.standing_of(user).abilities
    kinds = [kind for kind in KINDS if may >= kind.needs and (here.record or not kind.is_about_a_record)]
    if not kinds:
        raise Forbidden(_("Your roles let you read and not add. Ask an administrator."))
    return kinds


def likely(kinds: list[Kind], here: Here) -> Kind:
    """What one most likely adds from there."""
    return next((kind for kind in kinds if here.name in kind.at_home_on), kinds[0])
