"""What is said of a product, for whoever edits products: by language, each point with its industry; adding, changing, taking out; and as a file that
can be imported again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities, audit, tables, workbook
from tasuki.core.abilities import Ability
from tasuki.core.imports import own_exports
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.crm import product_points
from tasuki.crm.product_points import LONGEST, LONGEST_INDUSTRY, LONGEST_NAME, MOST_POSITION, Kind, Points, ProductPoint, Said
from tasuki.crm.products import Product
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by, record_id

_AT_ONCE = 2_000
_TEXT = forms.Textarea(attrs={"rows": 2})


class PointForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("kind"), choices=Kind.choices)
    language = forms.ChoiceField(label=gettext_lazy("language"), choices=settings.LANGUAGES)
    industry = forms.CharField(
        label=gettext_lazy("industry"), max_length=LONGEST_INDUSTRY, required=False,
        help_text=gettext_lazy("As it stands on accounts; empty for any."),
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("name"), max_length=LONGEST_NAME, required=False, help_text=gettext_lazy("Of the customer or of the competitor."))
    words = forms.CharField(
        label=gettext_lazy("what is said"), max_length=LONGEST, widget=_TEXT,
        help_text=gettext_lazy("The point, the question about what hurts, what the customer gained, or what answers the competitor."),
    )  # fmt: skip
    strong = forms.CharField(label=gettext_lazy("where they are strong"), max_length=LONGEST, required=False, widget=_TEXT)
    weak = forms.CharField(label=gettext_lazy("where they are weak"), max_length=LONGEST, required=False, widget=_TEXT)
    position = forms.IntegerField(label=gettext_lazy("position"), min_value=1, max_value=MOST_POSITION, initial=1)


@require_http_methods(["GET", "POST"])
def listing(request: UserRequest, pk: int) -> HttpResponse:
    """All points of a product; `point` in the address is the one that is changed, without it one is added."""
    abilities.require(request.user, Ability.EDIT_PRODUCTS)
    product = get_object_or_404(Product.objects.visible_to(request.user), pk=pk)
    asked = record_id(request.GET.get("point", ""))
    point = get_object_or_404(product.points.all(), pk=asked) if asked else None
    present: dict[str, Any] = {name: getattr(point, name) for name in PointForm.base_fields} if point else {"language": request.user.language}
    form = PointForm(request.POST or None, initial=present)
    if request.method == "POST":
        kept = carried_out(form, lambda said: product_points.keep(product, said=Said(**said), point=point, by=by(request), at=now()))
        if kept:
            messages.success(request, _("It is written down."))
            return redirect(f"{reverse('product_points', args=[pk])}#point-{kept.pk}")
    context = {"product": product, "point": point, "form": form, "points": of_product(product)}
    return render(request, "products/points.jinja", context, status=422 if form.errors else 200)


@require_GET
def place(request: UserRequest, pk: int) -> HttpResponse:
    """Where a point stands among those of its product, for links that know its number only."""
    point = get_object_or_404(ProductPoint.objects.visible_to(request.user), pk=pk)
    page = "product_points" if abilities.can(request.user, Ability.EDIT_PRODUCTS) else "product"
    return redirect(f"{reverse(page, args=[point.product_id])}#point-{point.pk}")


@require_GET
def export(request: UserRequest) -> HttpResponse | StreamingHttpResponse:
    """All points, or those of one product, as CSV or XLSX. That they left is in the audit log. Raises TooManyRows for a workbook of too many."""
    abilities.require(request.user, Ability.EXPORT_DATA)
    form, asked, at = request.GET.get("form", "csv"), request.GET.get("product", ""), now()
    if form not in ("csv", "xlsx"):
        raise BadRequest(_("A list can be exported as csv or xlsx."))
    found = ProductPoint.objects.visible_to(request.user).select_related("product")
    if asked:
        found = found.filter(product=get_object_or_404(Product.objects.visible_to(request.user), pk=record_id(asked)))
    found = found.order_by("product__name", "language", "kind", "position", "pk")
    head = [*own_exports.labels("product_points").values(), own_exports.NUMBERS["productpoint"]]
    audit.record(the_organisation(), action="export", by=by(request), at=at, changes={"list": (None, "productpoint"), "form": (None, form)})
    disposition = {"Content-Disposition": f'attachment; filename="product-points-{at:%Y-%m-%d}.{form}"'}
    if form == "xlsx":
        n_rows = found.count()
        workbook.refuse_too_many(n_rows)
        pieces = workbook.pieces(head, _rows(found, request.user), n_rows=n_rows)
        return StreamingHttpResponse(pieces, content_type=workbook.MEDIA_TYPE, headers=disposition)
    return StreamingHttpResponse(tables.csv_lines(head, _rows(found, request.user)), content_type="text/csv; charset=utf-8", headers=disposition)


def _rows(found: Points, reader: User) -> Iterator[list[Any]]:
    """In the reader's language, also when the answer has long begun; as many cells as `own_exports` has labels, and the number."""
    with translation.override(reader.language):
        for one in found.iterator(chunk_size=_AT_ONCE):
            yield [
                one.product.name, str(one.get_kind_display()), one.get_language_display(), one.industry, one.name, one.words, one.strong, one.weak,
                one.position, one.pk,
            ]  # fmt: skip


@require_POST
def removal(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PRODUCTS)
    point = get_object_or_404(ProductPoint.objects.visible_to(request.user), pk=pk)
    product_points.remove(point, by=by(request), at=now())
    messages.success(request, _("It is said no more."))
    return redirect("product_points", point.product_id)


def of_product(product: Product) -> list[tuple[str, list[ProductPoint]]]:
    """By language, in the order of the house's languages."""
    rows = sorted(product.points.all(), key=lambda one: (Kind.values.index(one.kind), one.position, one.pk))
    by_language = [(key, [row for row in rows if row.language == key]) for key, _name in settings.LANGUAGES]
    return [(key, found) for key, found in by_language if found]
