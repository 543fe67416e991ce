"""My workspace, the search of the top bar, products, and the way to all settings."""

from __future__ import annotations

from django import forms
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate, now
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Refused
from tasuki.core.organisation import the_organisation
from tasuki.crm import records
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.crm.stages import Stage
from tasuki.crm.tasks import Task
from tasuki.sales.opportunities import Opportunity
from tasuki.web import lists
from tasuki.web.requests import UserRequest, by

_ROWS, _FOUND = 12, 10


@require_GET
def home(request: UserRequest) -> HttpResponse:
    """What waits for me: tasks, the leads I carry by stage, and my open opportunities."""
    mine = Lead.objects.visible_to(request.user).filter(owner=request.user).in_process()
    counts = dict(mine.order_by().values_list("stage").annotate(n=Count("pk")))
    context = {
        "tasks": Task.objects.visible_to(request.user).to_do().filter(owner=request.user).for_listing().order_by("due_on", "pk")[:_ROWS],
        "leads": mine.filter(won_at__isnull=True).for_listing().order_by("stage_since", "pk")[:_ROWS],
        "opportunities": Opportunity.objects.visible_to(request.user).open().filter(owner=request.user).for_listing().order_by("close_on", "pk")[:_ROWS],
        "by_stage": [(stage, counts[stage.pk]) for stage in Stage.objects.all() if stage.pk in counts],
        "hidden": abilities.standing_of(request.user).hides("opportunity"),
        "today": localdate(),
        "now": now(),
    }
    return render(request, "home/page.jinja", context)


@require_GET
def search(request: UserRequest) -> HttpResponse:
    """People, accounts and leads whose name holds the words."""
    q = " ".join(request.GET.get("q", "").split())[:100]
    contacts = Contact.objects.visible_to(request.user).for_listing().order_by("family_name", "pk")
    accounts = Account.objects.visible_to(request.user).for_listing().order_by("name", "pk")
    leads = Lead.objects.visible_to(request.user).for_listing().newest_first()
    for word in q.split()[:5]:
        named = Q(family_name__icontains=word) | Q(given_name__icontains=word)
        contacts, accounts = contacts.filter(named), accounts.filter(name__icontains=word)
        leads = leads.filter(
            Q(contact__family_name__icontains=word) | Q(contact__given_name__icontains=word) | Q(account__name__icontains=word) | Q(reference=word)
        )
    context = {"q": q, "contacts": contacts[:_FOUND] if q else [], "accounts": accounts[:_FOUND] if q else [], "leads": leads[:_FOUND] if q else []}
    return render(request, "home/search.jinja", context)


@require_GET
def settings_page(request: UserRequest) -> HttpResponse:
    return render(request, "home/settings.jinja", {"organisation": the_organisation()})


class ProductForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("name"), max_length=200)
    line = forms.CharField(label=gettext_lazy("product line"), max_length=80, required=False)
    price = forms.DecimalField(label=gettext_lazy("price"), max_digits=16, decimal_places=2, min_value=0, required=False)
    currency = forms.RegexField(r"^[A-Z]{3}$", label=gettext_lazy("currency"), required=False)


@require_http_methods(["GET", "POST"])
def products(request: UserRequest) -> HttpResponse:
    form = ProductForm(request.POST or None)
    if request.method == "POST":
        abilities.require(request.user, Ability.EDIT_PRODUCTS)
        if form.is_valid():
            said = form.cleaned_data
            try:
                records.add_product(
                    said["name"], line=said["line"], price=said["price"], currency=said["currency"] or the_organisation().currency, by=by(request), at=now()
                )
            except Refused as refusal:
                form.add_error("name", str(refusal))
            else:
                return redirect("products")
    spec = lists.Spec((lists.Sort("name", gettext_lazy("by name"), "name"),), (lists.Tab("", gettext_lazy("All"), Q()),), ("name", "code", "line"))
    context = {
        "page": lists.page(request, Product.objects.visible_to(request.user), spec),
        "form": form,
        "hidden": abilities.standing_of(request.user).hides("product"),
        "may_add": abilities.can(request.user, Ability.EDIT_PRODUCTS),
    }
    return render(request, "products/list.jinja", context, status=422 if form.errors else 200)
