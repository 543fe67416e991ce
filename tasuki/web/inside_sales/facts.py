"""The seven facts of a lead: each is written where it stands on the page of the lead, or on a page of its own without script."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Refused
from tasuki.crm import barred
from tasuki.crm.leads import Lead
from tasuki.inside_sales import qualification
from tasuki.inside_sales.qualification import LONGEST, Fact, FactState, LearnedMeanwhile, Standing
from tasuki.web.edits.page import came_from
from tasuki.web.records import next_page
from tasuki.web.requests import UserRequest, by, is_htmx


class FactForm(forms.Form):
    """What was said, or that it was asked in vain. Nothing at all makes the fact open again."""

    words = forms.CharField(label=gettext_lazy("What was said"), max_length=LONGEST, required=False)
    asked = forms.BooleanField(label=gettext_lazy("Asked, not known"), required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**62)

    # As a form of a field that somebody else may have written meanwhile: see edits/parts.jinja.
    overtaken: tuple[str, ...] = ()
    is_alone = True

    def __init__(self, data: Any = None, *, standing: Standing) -> None:
        said = {"words": standing.words, "asked": standing.state is FactState.ASKED, "seen": standing.seen}
        super().__init__(data, initial=said, auto_id="edit-%s")
        self.fact = standing.fact
        self.fields["words"].label = standing.fact.label
        self.fields["words"].widget.attrs["placeholder"] = str(standing.question)

    @property
    def state(self) -> FactState:
        if self.cleaned_data["asked"]:
            return FactState.ASKED
        return FactState.KNOWN if self.cleaned_data["words"] else FactState.OPEN

    def explain(self, refusal: Refused) -> None:
        """Say why at the words; from now on the form knows what the other has written, and writes over it when it is sent again."""
        self.add_error("words", str(refusal))
        if isinstance(refusal, LearnedMeanwhile):
            data: dict[str, Any] = self.data.copy()  # type: ignore[attr-defined]  # what was sent is a QueryDict
            data["seen"] = str(refusal.row.pk)
            self.data, self.overtaken = data, ("words",)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    """The seven, and all that was ever learned of them."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk)
    context = {
        "lead": lead,
        "facts": qualification.of(lead),
        "history": qualification.history(lead)[:200],
        "may_learn": may_learn(request, lead),
    }
    return render(request, "inside_sales/facts/page.jinja", context)


@require_http_methods(["GET", "POST"])
def fact(request: UserRequest, pk: int, fact: str) -> HttpResponse:
    if fact not in Fact.values:
        raise Http404
    abilities.require(request.user, Ability.WORK_LEADS)
    lead = get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk)
    standing = qualification.of(lead)[fact]
    back = next_page(request.POST.get("next", "")) or came_from(request, "lead", pk)
    form = FactForm(request.POST if request.method == "POST" else None, standing=standing)
    if request.method == "POST" and ("theirs" in request.POST or _learned(request, form, lead=lead)):
        return redirect(back)
    status = 200 if request.method == "GET" else 409 if form.overtaken else 422
    # Nobody else is known by a fact.
    context = {"form": form, "record": lead, "label": standing.fact.label, "back": back, "place": "", "known": None}
    return render(request, "edits/form.jinja" if is_htmx(request) else "edits/page.jinja", context, status=status)


def _learned(request: UserRequest, form: FactForm, *, lead: Lead) -> bool:
    if not form.is_valid():
        return False
    said = form.cleaned_data
    try:
        qualification.learn(lead, fact=form.fact, words=said["words"], state=form.state, seen=said["seen"], by=by(request), at=now())
    except Refused as refusal:
        form.explain(refusal)
        return False
    if not is_htmx(request):
        messages.success(request, _("It is written down."))
    return True


def may_learn(request: UserRequest, lead: Lead) -> bool:
    return lead.stage_id is not None and not barred.is_erased(lead) and abilities.can(request.user, Ability.WORK_LEADS)
