"""A text field that offers names while somebody types: what script needs stands around it, hidden until there is script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tasuki.web import pieces
from tasuki.web.assets import asset

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class NameInput(forms.TextInput):
    """`address` answers a `q` with what fits it (see templates/ui/names.jinja). Without script the name is simply written."""

    def __init__(self, address: Any = "", attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "off", **(attrs or {})})
        self.address = address

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:  # noqa: PLR0917 - Django's
        return around(super().render(name, value, attrs, renderer), address=self.address)


def around(field: SafeString, *, address: Any, key: str | None = None) -> SafeString:
    """The field with what script shows beside it. `key`: what stands for the name that is there; None where the name itself is sent."""
    return format_html(
        '<name-field data-href="{}" data-script="{}" data-look="{}"{}>{}<button class="tool" type="button" aria-label="{}" hidden>{}</button>'
        '<div class="name-list" role="listbox" hidden></div><p class="sr" role="status"></p></name-field>',
        address,
        asset("name_field.js"),
        asset("names.css"),
        "" if key is None else format_html(' data-key="{}"', key),
        field,
        _("Clear"),
        pieces.icon("x", "s"),
    )


def alone(name: str, *, address: str, label: _StrOrPromise, id_: str) -> SafeString:
    """An empty field outside of any form of Django's; what is chosen is sent by its key."""
    attributes = {"class": "field", "id": id_, "aria-label": label, "placeholder": label, "maxlength": 254}
    return around(forms.TextInput({"autocomplete": "off"}).render(name, "", attributes), address=address, key="")


def offered(request: HttpRequest, names: Sequence[tuple[str, str, str]], *, n: int) -> HttpResponse:
    """The answer to what is typed: keys (or ""), names and what tells them apart; `n` is how many fit, when these are the first of them."""
    some = _("%(some)s of %(n)s are shown. Type more of the name.") % {"some": len(names), "n": n}
    said = some if n > len(names) else ngettext("%(n)s found", "%(n)s found", n) % {"n": n} if n else _("Nothing of that name is found.")
    return render(request, "ui/names.jinja", {"names": names, "said": said})
