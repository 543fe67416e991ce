"""The rules of tomorrow's list: how many calls fit into a day, whom the list means, and who works at a pace of their own."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.calendars import Calendar
from tasuki.core.people import User
from tasuki.inside_sales.call_lists import keeping, rules
from tasuki.web import nouns, toasts
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by
from tasuki.web.typed_fields import typed


class RulesForm(forms.Form):
    """All that the house can say of its lists; labels are those of the model."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in rules.CHANGEABLE:
            label = nouns.field_label("calllistrules", name)
            if name == "propose_minute":
                self.fields[name] = forms.TimeField(label=label, widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
            elif name.startswith("when_"):
                self.fields[name] = forms.CharField(label=label, max_length=rules.LONGEST_CONDITION, widget=forms.Textarea({"rows": 2, "spellcheck": "false"}))
            else:
                self.fields[name] = forms.IntegerField(label=label, min_value=0, max_value=10_000)

    def said(self) -> dict[str, Any]:
        """As the verb takes it: the time of day as its minute."""
        clock = self.cleaned_data["propose_minute"]
        return self.cleaned_data | {"propose_minute": clock.hour * 60 + clock.minute}


class PaceForm(forms.Form):
    """How one person works; left empty, as the house does."""

    minutes_per_lead = forms.IntegerField(label=gettext_lazy("minutes for each lead"), required=False, min_value=1, max_value=rules.LONGEST_MINUTES)
    calendar = forms.ModelChoiceField(Calendar.objects.none(), label=gettext_lazy("calendar"), required=False)

    def __init__(self, *args: Any, viewer: User, house: rules.CallListRules, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = f"pace-{person.pk}-%s"
        self.fields["minutes_per_lead"].widget.attrs["placeholder"] = house.minutes_per_lead
        calendar = typed(self.fields["calendar"], forms.ModelChoiceField)
        calendar.queryset, calendar.empty_label = Calendar.objects.visible_to(viewer).order_by("name"), _("that of the house")


@require_http_methods(["GET", "POST"])
def page(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    form = RulesForm(request.POST) if request.method == "POST" else None
    if form and carried_out(form, lambda _said: rules.change(by=by(request), at=now(), **form.said())) is not None:
        toasts.say(request, _("Saved. Lists that are there stay as they are."))
        return redirect("call_list_rules")
    return _shown(request, form)


@require_POST
def pace(request: UserRequest, pk: int) -> HttpResponse:
    """How many minutes one person takes for each lead, and by which calendar they work; nothing for as the house does."""
    abilities.require(request.user, Ability.EDIT_PROCESS)
    person = get_object_or_404(keeping.sellers(), pk=pk)
    form = PaceForm(request.POST, viewer=request.user, house=rules.in_force(), person=person)
    if carried_out(form, lambda said: (rules.set_pace(person, by=by(request), at=now(), **said), True)) is None:
        return _shown(request, None, sent={pk: form})
    toasts.say(request, _("Saved. Lists that are there stay as they are."))
    return redirect("call_list_rules")


def _shown(request: UserRequest, form: RulesForm | None, *, sent: dict[int, PaceForm] | None = None) -> HttpResponse:
    """The page, with a form that was refused in its place."""
    current, sent = rules.in_force(), sent or {}
    people = list(keeping.sellers().order_by("family_name", "given_name", "pk").select_related("team"))
    paces = rules.paces(people)
    rows = []
    for person in people:
        own = paces.get(person.pk)
        said = {"minutes_per_lead": own.minutes_per_lead, "calendar": own.calendar_id} if own else {}
        rows.append((person, sent.get(person.pk) or PaceForm(initial=said, viewer=request.user, house=current, person=person)))
    minute = time(*divmod(current.propose_minute, 60))
    form = form or RulesForm(initial={name: getattr(current, name) for name in rules.CHANGEABLE} | {"propose_minute": minute})
    context = {"form": form, "rows": rows}
    return render(request, "inside_sales/call_lists/rules.jinja", context, status=422 if sent or form.errors else 200)
