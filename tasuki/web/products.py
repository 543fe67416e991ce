"""Products: the list of what is sold, adding and changing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.crm import records
from tasuki.crm.products import Product
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import PRODUCTS
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by


class ProductForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("name"), max_length=200)
    line = forms.CharField(label=gettext_lazy("product line"), max_length=80, required=False)
    price = forms.DecimalField(label=gettext_lazy("price"), max_digits=16, decimal_places=2, min_value=0, required=False)
    currency = forms.RegexField(r"^[A-Z]{3}$", label=gettext_lazy("currency"), required=False)

    def sold(self) -> dict[str, Any]:
        """What the verbs ask for; a price without a currency is in the organisation's."""
        said = self.cleaned_data
        return {"line": said["line"], "price": said["price"], "currency": said["currency"] or the_organisation().currency}


class ChangeForm(ProductForm):
    is_active = forms.BooleanField(label=gettext_lazy("on sale"), required=False)


@require_http_methods(["GET", "POST"])
def listing(request: UserRequest) -> HttpResponse:
    form = ProductForm(request.POST or None)
    if request.method == "POST":
        abilities.require(request.user, Ability.EDIT_PRODUCTS)
        if carried_out(form, lambda said: records.add_product(said["name"], by=by(request), at=now(), **form.sold())) is not None:
            return redirect("products")
    found = lists.answer(request, PRODUCTS, at=now())
    if isinstance(found, HttpResponse):
        return found
    return lists.shown(request, "products/list.jinja", found, form=form, may_add=abilities.can(request.user, Ability.EDIT_PRODUCTS))


@require_http_methods(["GET", "POST"])
def change(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PRODUCTS)
    product = get_object_or_404(Product.objects.visible_to(request.user), pk=pk)
    form = ChangeForm(request.POST or None, initial={name: getattr(product, name) for name in ChangeForm.base_fields})
    if request.method == "POST" and carried_out(form, lambda said: _changed(request, product, said | form.sold())) is not None:
        return redirect("products")
    return render(request, "products/form.jinja", {"form": form, "product": product}, status=422 if form.errors else 200)


def _changed(request: UserRequest, product: Product, said: dict[str, Any]) -> Product:
    return records.change_product(product, by=by(request), at=now(), **said)
