"""Accounts: the list, the page of one, adding and changing."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.search import finding
from tasuki.crm import accounts, passes, postal_addresses, records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.web import moves, new_record, panes
from tasuki.web.account_field import AccountField, of_reader
from tasuki.web.allowed_edits import allowed
from tasuki.web.country_field import CountryField
from tasuki.web.custom_values import facts_of
from tasuki.web.known import Ways, answered, changed, tried
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import ACCOUNTS
from tasuki.web.merges import moved_on
from tasuki.web.name_widget import offered
from tasuki.web.record_form import RecordForm
from tasuki.web.records import carried_out, common, done, owners_of
from tasuki.web.requests import UserRequest, by
from tasuki.web.teams_of import team_for

_ROWS = 20
_LONGEST = 200


class CompanyForm(RecordForm):
    at_field: ClassVar = {
        "name_missing": "name",
        "no_domain": "domain",
        "domain_of_mail_provider": "domain",
        "corporate_number_invalid": "corporate_number",
        "corporate_number_taken": "corporate_number",
        "parent_in_circle": "parent",
    }

    name = forms.CharField(label=gettext_lazy("name"), max_length=200)
    domain = forms.CharField(label=gettext_lazy("domain"), max_length=253, required=False)
    industry = forms.CharField(label=gettext_lazy("industry"), max_length=80, required=False)
    n_employees = forms.IntegerField(label=gettext_lazy("employees"), min_value=0, max_value=100_000_000, required=False)
    country = CountryField(label=gettext_lazy("country"), required=False)
    corporate_number = forms.CharField(label=gettext_lazy("corporate number"), max_length=32, required=False)
    postal_address = forms.CharField(
        label=gettext_lazy("postal address"), max_length=postal_addresses.LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    parent = AccountField(label=gettext_lazy("parent company"), required=False)

    def complete(self) -> None:
        of_reader(self.fields["parent"], self.reader, stands=self.record.parent if self.record else None)

    def company(self) -> records.Company:
        return records.Company(**self.cleaned_data)


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    found = lists.answer(request, ACCOUNTS, at=now())
    return found if isinstance(found, HttpResponse) else lists.shown(request, found)


@require_GET
def names(request: UserRequest) -> HttpResponse:
    """Accounts that fit what is typed, best first, as the options of a field that asks for one."""
    ids = finding.find(request.user, request.GET.get("q", "")[:_LONGEST], most=_ROWS, of="account").ids.get("account", [])
    found = Account.objects.visible_to(request.user).in_bulk(ids)
    rows = [found[pk] for pk in ids if pk in found]
    return offered(request, [(f"#{one.pk}", one.name, one.domain or one.country) for one in rows], n=len(rows))


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    account = Account.objects.visible_to(request.user).for_page().filter(pk=pk).first()
    return _shown(request, account) if account else moved_on(request, "account", pk)


def _shown(request: UserRequest, account: Account, **sent: forms.Form) -> HttpResponse:
    """The page of a company; with a form that was refused, in its place and with the reason."""
    through = Lead.objects.visible_to(request.user).filter(account=account)
    latest = list(through.for_listing().newest_first()[:_ROWS])
    contacts = Contact.objects.visible_to(request.user).filter(account=account).for_listing()
    subsidiaries = Account.objects.visible_to(request.user).filter(parent=account)
    context = {
        "account": account,
        "custom": facts_of(request, account),
        "edits": allowed("account", request.user),
        "contacts": panes.first_of(contacts.order_by("family_name", "pk"), href=panes.list_of("contacts", f"account:is({account.pk})")),
        "leads": latest,
        "all_leads": panes.list_of("leads", f"account:is({account.pk})", view="all"),
        "legs": passes.legs_of(latest),
        "chain": passes.chain_of(through),
        "subsidiaries": panes.first_of(subsidiaries.order_by("name", "pk"), href=panes.list_of("accounts", f"parent:is({account.pk})")),
        "ownerships": owners_of(account),
        "give_form": moves.GiveForm(reader=request.user, record=account),
        **common(request, account=account),
        **sent,
    }
    return render(request, "accounts/page.jinja", context, status=422 if sent else 200)


@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    form = CompanyForm(request.POST or None, reader=request.user)
    more, there = new_record.form_of(request, "account"), None
    if request.method == "POST" and more.is_valid():
        ways = Ways(add=lambda one: new_record.supplemented(request, more, lambda: _supplemented(request, one, form)))
        account, there = tried(request, form, lambda another: new_record.added(request, more, lambda: _added(request, form, another)), ways=ways, more=more)
        if account:
            return answered(request, account, _("The account is added."))
    context = {"form": form, "more": more, "account": None, "known": there}
    return render(request, "accounts/form.jinja", context, status=422 if form.errors or more.errors or there else 200)


def _supplemented(request: UserRequest, account: Account, form: CompanyForm) -> Account:
    return records.supplement_account(account, company=form.company(), by=by(request), at=now())


def _added(request: UserRequest, form: CompanyForm, another: str) -> Account:
    return records.add_account(form.company(), owner=request.user, team=team_for(request.user), another=another, by=by(request), at=now())


@require_http_methods(["GET", "POST"])
def change(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    account = get_object_or_404(Account.objects.visible_to(request.user).for_page(), pk=pk)
    form = CompanyForm(request.POST or None, reader=request.user, record=account)
    there = None
    if request.method == "POST":
        answer, there = changed(request, form, lambda another: _changed(request, account, form, another=another))
        if answer:
            return answer if isinstance(answer, HttpResponse) else done(request, _("The account is changed."), name="account", pk=pk)
    context = {"form": form, "more": None, "account": account, "known": there}
    return render(request, "accounts/form.jinja", context, status=422 if form.errors or there else 200)


def _changed(request: UserRequest, account: Account, form: CompanyForm, *, another: str) -> Account:
    return records.change_account(account, said=form.said(), seen=form.seen, another=another, by=by(request), at=now())


@require_POST
def owner(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.ASSIGN_OWNERS)
    account = get_object_or_404(Account.objects.visible_to(request.user).for_page(), pk=pk)
    form = moves.GiveForm(request.POST, reader=request.user, record=account)
    if not carried_out(form, lambda _said: accounts.give(account, by=by(request), at=now(), **form.given())):
        return _shown(request, account, give_form=form)
    return done(request, _("The account has a new owner."), name="account", pk=pk)
