"""Products: the list of what is sold, the page of one, adding and changing."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localdate, now
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.audit import AuditEntry
from tasuki.core.money import Money
from tasuki.core.people import User
from tasuki.crm import records
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.sales.opportunities import Opportunity
from tasuki.web import audit, panes
from tasuki.web.allowed_edits import allowed
from tasuki.web.custom_forms import MoneyField
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import PRODUCTS
from tasuki.web.panes import Pane
from tasuki.web.product_points import of_product
from tasuki.web.record_form import RecordForm
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by

_SHOWN = 50


class ProductForm(RecordForm):
    """What is sold; without its price for whoever must not see it."""

    at_field: ClassVar = {"product_name_taken": "name", "name_missing": "name"}

    name = forms.CharField(label=gettext_lazy("name"), max_length=200)
    line = forms.CharField(label=gettext_lazy("product line"), max_length=80, required=False)

    def complete(self) -> None:
        if "price" not in abilities.standing_of(self.reader).hides("product"):
            self.fields["money"] = MoneyField(label=gettext("price"), required=False, min_value=0)
        if self.record:
            self.fields["is_active"] = forms.BooleanField(label=gettext("on sale"), required=False)


@require_http_methods(["GET", "POST"])
def listing(request: UserRequest) -> HttpResponse:
    form = ProductForm(request.POST or None, reader=request.user)
    if request.method == "POST":
        abilities.require(request.user, Ability.EDIT_PRODUCTS)
        if carried_out(form, lambda said: _added(request, said)) is not None:
            return redirect("products")
    found = lists.answer(request, PRODUCTS, at=now())
    if isinstance(found, HttpResponse):
        return found
    return lists.shown(request, found, form=form)


def _added(request: UserRequest, said: dict[str, Any]) -> Product:
    price: Money | None = said.get("money")
    amount, currency = (price.amount, price.currency) if price else (None, "")
    return records.add_product(said["name"], line=said["line"], price=amount, currency=currency, by=by(request), at=now())


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    product = get_object_or_404(Product.objects.visible_to(request.user), pk=pk)
    in_process = Lead.objects.visible_to(request.user).in_process().filter(product=product).for_listing().newest_first()
    trail = AuditEntry.objects.visible_to(request.user).of(product).newest_first().for_listing()[:_SHOWN]
    points = of_product(product)
    context = {
        "product": product,
        "edits": allowed("product", request.user),
        "hidden": abilities.standing_of(request.user).hides("product"),
        "hidden_of_deals": abilities.standing_of(request.user).hides("opportunity"),
        "deals": open_deals(request.user, product),
        "leads": panes.some_of(in_process, href=panes.list_of("leads", f"state:is(open), product:is({product.pk})", view="all")),
        "points": [(key, rows) for key, rows in points if key == request.user.language] or points[:1],
        "trail": audit.lines(trail, reader=request.user),
        "today": localdate(),
    }
    return render(request, "products/page.jinja", context)


def open_deals(reader: User, product: Product, *, most: int = panes.MOST) -> Pane[Opportunity]:
    """The newest open opportunities with the product that the reader may see."""
    rows = Opportunity.objects.visible_to(reader).open().filter(product=product).for_listing().order_by("-opened_at", "-pk")
    return panes.some_of(rows, href=panes.list_of("opportunities", f"state:is(open), product:is({product.pk})"), most=most)


@require_http_methods(["GET", "POST"])
def change(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PRODUCTS)
    product = get_object_or_404(Product.objects.visible_to(request.user), pk=pk)
    form = ProductForm(request.POST or None, reader=request.user, record=product)
    if request.method == "POST" and carried_out(form, lambda _said: _changed(request, product, form)) is not None:
        return redirect("product", pk)
    return render(request, "products/form.jinja", {"form": form, "product": product}, status=422 if form.errors else 200)


def _changed(request: UserRequest, product: Product, form: ProductForm) -> Product:
    return records.change_product(product, said=form.said(), seen=form.seen, by=by(request), at=now())
