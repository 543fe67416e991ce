"""What the law lets a person ask for: the page on which somebody answers them, and the file with all that is held about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm.contacts import Contact
from tasuki.relay.personal_data import disclosures, erasures, reach, telling
from tasuki.relay.personal_data.disclosures import GOOD_FOR, LONGEST_REASON
from tasuki.relay.personal_data.erasure_rows import Erasure
from tasuki.sales.opportunities import Opportunity
from tasuki.web.disclosure_archive import Asked, pieces
from tasuki.web.erasure_forms import ErasureForm
from tasuki.web.outside import private
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by


class DisclosureForm(forms.Form):
    reason = forms.CharField(
        label=_("What they asked for, and how you know that it is them"), max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 2, "class": "field"})
    )


@dataclass(frozen=True)
class Ready:
    href: str
    until: datetime


@require_http_methods(["GET", "POST"])
def page(request: UserRequest, pk: int) -> HttpResponse:
    """How much there is of what, and a link to the file once it was said why."""
    abilities.require(request.user, Ability.DISCLOSE_PEOPLE)
    contact = get_object_or_404(Contact.objects.visible_to(request.user).for_page(), pk=pk)
    form, at, ready = DisclosureForm(request.POST or None), now(), None
    if request.method == "POST" and (token := carried_out(form, lambda said: disclosures.make(contact, reason=said["reason"], by=by(request), at=at))):
        ready, form = Ready(reverse("disclosure", args=[token]), at + GOOD_FOR), DisclosureForm()
    return shown(request, contact, form=form, ready=ready, status=422 if form.errors else 200)


def shown(
    request: UserRequest,
    contact: Contact,
    *,
    form: DisclosureForm | None = None,
    ready: Ready | None = None,
    erasure_form: ErasureForm | None = None,
    status: int = 200,
) -> HttpResponse:
    found, erasure = reach.of(contact), Erasure.objects.visible_to(request.user).open().filter(contact=contact).select_related("asked_by").first()
    context: dict[str, Any] = {
        "contact": contact,
        "form": form or DisclosureForm(),
        "ready": ready,
        "sections": list(telling.sections(found)),
        "erasure": erasure,
        "hindering": list(erasures.hindering(contact).filter(pk__in=Opportunity.objects.visible_to(request.user)).for_page()),
        "erasure_form": erasure_form or ErasureForm(contact=contact, reader=request.user, auto_id="erasure_%s"),
    }
    return private(render(request, "disclosures/page.jinja", context, status=status))


@require_GET
def fetched(request: UserRequest, token: str) -> StreamingHttpResponse:
    """The file, made as it leaves: it is kept nowhere. It is a download and never shown."""
    at = now()
    opened = disclosures.opened(token, by=by(request), at=at)
    asked = Asked(opened.contact, reach.of(opened.contact), request.user, at)
    answer = StreamingHttpResponse(pieces(asked), content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="person-{opened.contact.pk}-{at:%Y-%m-%d}.zip"'
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = "private, no-store"
    answer["Referrer-Policy"] = "no-referrer"
    return answer
