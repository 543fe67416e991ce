"""The library of objections: what they say, what answers it, and how far that went. Whoever works leads adds to it, operations keep it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.search.folding import sought
from tasuki.crm import stages
from tasuki.crm.stages import Stage
from tasuki.inside_sales import objections
from tasuki.inside_sales.objections import LONGEST, LONGEST_WORDS, Objection, Response, Wall
from tasuki.web.moves import DAY
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by
from tasuki.web.typed_fields import typed

_MOST_SHOWN = 300
_TEXT = forms.Textarea(attrs={"rows": 2})


class ObjectionForm(forms.Form):
    words = forms.CharField(label=gettext_lazy("What they say, word for word"), max_length=LONGEST_WORDS)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    wall = forms.ChoiceField(label=gettext_lazy("Wall"), choices=Wall.choices)
    stage_id = forms.ChoiceField(label=gettext_lazy("Usually met in"), required=False)
    acknowledge = forms.CharField(label=gettext_lazy("Acknowledge"), max_length=LONGEST, required=False, widget=_TEXT)
    question = forms.CharField(label=gettext_lazy("Ask"), max_length=LONGEST, required=False, widget=_TEXT)
    evidence = forms.CharField(label=gettext_lazy("Show"), max_length=LONGEST, required=False, widget=_TEXT)
    next_step = forms.CharField(label=gettext_lazy("Next step"), max_length=LONGEST, required=False, widget=_TEXT)
    review_on = forms.DateField(label=gettext_lazy("To be reviewed on"), required=False, widget=DAY)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = typed(self.fields["stage_id"], forms.ChoiceField)
        names = {stage.pk: stage.name for stage in Stage.objects.all()}
        field.choices = [("", _("anywhere")), *((key, names[key]) for key in stages.ORDER[:10])]

    def response(self) -> Response:
        return Response(**{**self.cleaned_data, "stage_id": self.cleaned_data["stage_id"] or None})


@require_http_methods(["GET", "POST"])
def listing(request: UserRequest) -> HttpResponse:
    """By wall; `q` narrows it. POST adds one."""
    may_add = abilities.can(request.user, Ability.WORK_LEADS)
    form = ObjectionForm(request.POST or None, initial={"language": request.user.language})
    if request.method == "POST":
        abilities.require(request.user, Ability.WORK_LEADS)
        if carried_out(form, lambda _said: objections.add(form.response(), by=by(request), at=now())):
            messages.success(request, _("It is in the library."))
            return redirect("objections")
    q = " ".join(request.GET.get("q", "").split())[:100]
    rows = Objection.objects.visible_to(request.user).in_use().with_their_record().select_related("stage")
    if what := sought(q):
        for word in what.words:
            rows = rows.filter(folded__contains=word)
    walls = [(wall, [one for one in rows[:_MOST_SHOWN] if one.wall == wall]) for wall in Wall]
    context = {
        "walls": [(wall, found) for wall, found in walls if found],
        "q": q,
        "form": form if may_add else None,
        "may_edit": abilities.can(request.user, Ability.EDIT_PROCESS),
        "today": localdate(),
    }
    return render(request, "inside_sales/library/list.jinja", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def page(request: UserRequest, pk: int) -> HttpResponse:
    """One objection, to be changed."""
    abilities.require(request.user, Ability.EDIT_PROCESS)
    objection = get_object_or_404(Objection.objects.visible_to(request.user).in_use(), pk=pk)
    present = {name: getattr(objection, name) for name in ObjectionForm.base_fields}
    form = ObjectionForm(request.POST or None, initial=present)
    if (
        request.method == "POST"
        and carried_out(form, lambda _said: objections.change(objection, response=form.response(), by=by(request), at=now())) is not None
    ):
        messages.success(request, _("The objection is changed."))
        return redirect("objections")
    return render(request, "inside_sales/library/page.jinja", {"objection": objection, "form": form}, status=422 if form.errors else 200)


@require_POST
def archiving(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    objections.archive(get_object_or_404(Objection.objects.visible_to(request.user), pk=pk), by=by(request), at=now())
    messages.success(request, _("It is offered no more."))
    return redirect("objections")
