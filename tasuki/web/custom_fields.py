"""Settings of custom fields: the fields of each noun, making and changing one, its choices, and taking it out of use."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import ABILITIES, Ability, Role
from tasuki.core.custom_fields import defining
from tasuki.core.custom_fields.defining import LONGEST_HELP, LONGEST_LABEL, Wording
from tasuki.core.custom_fields.definitions import WITH_CHOICES, CustomField, FieldKind, FieldNoun
from tasuki.core.errors import Forbidden, Refused
from tasuki.crm import requirements
from tasuki.crm.stages import Stage
from tasuki.web import nouns
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by
from tasuki.web.typed_fields import typed


class FieldForm(forms.Form):
    """What a field is called, who sees it, and from which stage it is required."""

    label = forms.CharField(label=gettext_lazy("name"), max_length=LONGEST_LABEL)
    label_en = forms.CharField(label=gettext_lazy("name in English"), max_length=LONGEST_LABEL, required=False)
    label_ko = forms.CharField(label=gettext_lazy("name in Korean"), max_length=LONGEST_LABEL, required=False)
    label_ja = forms.CharField(label=gettext_lazy("name in Japanese"), max_length=LONGEST_LABEL, required=False)
    help_text = forms.CharField(label=gettext_lazy("help"), max_length=LONGEST_HELP, required=False, help_text=gettext_lazy("Stands beside the field."))
    required_from = forms.ChoiceField(
        label=gettext_lazy("required from"),
        required=False,
        help_text=gettext_lazy("Nothing enters this stage, or a later one, without the field."),
    )
    hidden_from = forms.MultipleChoiceField(
        label=gettext_lazy("hidden from"),
        required=False,
        widget=forms.CheckboxSelectMultiple({"class": "check"}),
        choices=[(role.value, role.label) for role in Role if role not in ABILITIES[Ability.EDIT_FIELDS]],
        help_text=gettext_lazy("Who has only these roles finds the field nowhere."),
    )

    def __init__(self, *args: Any, noun: str, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reachable = requirements.STAGES.get(noun, ())
        if not reachable:
            del self.fields["required_from"]
            return
        names = {stage.pk: stage.name for stage in Stage.objects.visible_to(reader)}
        field = typed(self.fields["required_from"], forms.ChoiceField)
        field.choices = [("", pgettext_lazy("required from", "no stage")), *((key, names[key]) for key in reachable)]

    def wording(self) -> Wording:
        said = self.cleaned_data
        return Wording(**{name: said[name] for name in ("label", "label_en", "label_ko", "label_ja", "help_text", "hidden_from")})


class NewFieldForm(FieldForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("kind"), choices=FieldKind.choices, help_text=gettext_lazy("The kind never changes: values would mean something else.")
    )
    choices = forms.CharField(
        label=gettext_lazy("choices"),
        required=False,
        widget=forms.Textarea({"rows": 5}),
        help_text=gettext_lazy("For a choice, or several choices: each on its own line."),
    )
    field_order = ["label", "kind", "choices", "help_text", "required_from", "hidden_from", "label_en", "label_ko", "label_ja"]


@require_GET
def listing(request: UserRequest, noun: str = FieldNoun.LEAD.value) -> HttpResponse:
    """The fields of one noun, those in use in their order, then the archived ones."""
    abilities.require(request.user, Ability.EDIT_FIELDS)
    which = _noun(noun)
    rows = list(CustomField.objects.visible_to(request.user).of_noun(which).described())
    context = {
        "noun": which,
        "tabs": [(capfirst(nouns.plural(one.value)), reverse("custom_fields", args=[one.value]), one is which, None) for one in FieldNoun],
        "in_use": [row for row in rows if row.archived_at is None],
        "archived": [row for row in rows if row.archived_at is not None],
        "roles": dict(Role.choices),
        "stages": {stage.pk: stage.name for stage in Stage.objects.visible_to(request.user)},
    }
    return render(request, "custom_fields/list.jinja", context)


@require_http_methods(["GET", "POST"])
def new(request: UserRequest, noun: str) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_FIELDS)
    which = _noun(noun)
    form = NewFieldForm(request.POST or None, noun=which.value, reader=request.user)
    if request.method == "POST" and carried_out(form, lambda _said: _defined(request, form, which)) is not None:
        messages.success(request, _("The field is there, on every page of its noun."))
        return redirect("custom_fields", which.value)
    return render(request, "custom_fields/new.jinja", {"form": form, "noun": which}, status=422 if form.errors else 200)


def _defined(request: UserRequest, form: NewFieldForm, noun: FieldNoun) -> CustomField:
    said, at = form.cleaned_data, now()
    field = defining.define(noun, kind=FieldKind(said["kind"]), wording=form.wording(), choices=said["choices"].splitlines(), by=by(request), at=at)
    return requirements.require_from(field, stage=said["required_from"], by=by(request), at=at) if said.get("required_from") else field


@require_http_methods(["GET", "POST"])
def page(request: UserRequest, pk: int) -> HttpResponse:
    field = _found(request, pk)
    initial = {name: getattr(field, name) for name in FieldForm.base_fields}
    form = FieldForm(request.POST or None, noun=field.noun, reader=request.user, initial=initial)
    if request.method == "POST" and carried_out(form, lambda _said: _changed(request, field, form)) is not None:
        messages.success(request, _("The field is changed."))
        return redirect("custom_field", pk)
    context = {"field": field, "form": form, "choices": field.choices(), "has_choices": field.kind in WITH_CHOICES}
    return render(request, "custom_fields/page.jinja", context, status=422 if form.errors else 200)


def _changed(request: UserRequest, field: CustomField, form: FieldForm) -> CustomField:
    at = now()
    changed = defining.change(field, wording=form.wording(), by=by(request), at=at)
    return requirements.require_from(changed, stage=form.cleaned_data.get("required_from", ""), by=by(request), at=at)


@require_POST
def place(request: UserRequest, pk: int) -> HttpResponse:
    """One place up or down."""
    field = _found(request, pk)
    defining.move(field, up=request.POST.get("to") == "up", by=by(request), at=now())
    return redirect("custom_fields", field.noun)


@require_POST
def archiving(request: UserRequest, pk: int) -> HttpResponse:
    field = defining.archive(_found(request, pk), by=by(request), at=now())
    messages.success(request, _("“%(name)s” is archived. Its values stay, and come back with it.") % {"name": field.name})
    return redirect("custom_fields", field.noun)


@require_POST
def restoring(request: UserRequest, pk: int) -> HttpResponse:
    field = _found(request, pk)
    try:
        defining.restore(field, by=by(request), at=now())
        messages.success(request, _("“%(name)s” is back, with its values.") % {"name": field.name})
    except Forbidden:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("custom_fields", field.noun)


@require_POST
def choices(request: UserRequest, pk: int) -> HttpResponse:
    """More choices, each on its own line."""
    field = _found(request, pk)
    return _about_choices(request, field, lambda: defining.add_choices(field, labels=request.POST.get("labels", "").splitlines(), by=by(request), at=now()))


@require_POST
def choice(request: UserRequest, pk: int, choice: int) -> HttpResponse:
    """Rename a choice, move it, retire it or offer it again, as the pressed button says."""
    field = _found(request, pk)
    one, who, at = get_object_or_404(field.choice_set, pk=choice), by(request), now()
    acts = {
        "up": lambda: defining.move_choice(one, up=True, by=who, at=at),
        "down": lambda: defining.move_choice(one, up=False, by=who, at=at),
        "retire": lambda: defining.retire_choice(one, by=who, at=at),
        "offer": lambda: defining.offer_choice(one, by=who, at=at),
    }
    rename = lambda: defining.rename_choice(one, label=request.POST.get("label", ""), by=who, at=at)  # noqa: E731 - one of the acts
    return _about_choices(request, field, acts.get(request.POST.get("do", ""), rename))


def _about_choices(request: UserRequest, field: CustomField, act: Any) -> HttpResponse:
    try:
        act()
    except Forbidden:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(reverse("custom_field", args=[field.pk]) + "#choices")


def _noun(name: str) -> FieldNoun:
    if name not in FieldNoun.values:
        raise Http404
    return FieldNoun(name)


def _found(request: UserRequest, pk: int) -> CustomField:
    abilities.require(request.user, Ability.EDIT_FIELDS)
    return get_object_or_404(CustomField.objects.visible_to(request.user).described(), pk=pk)
