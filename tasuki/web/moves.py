"""The forms by which a lead or an opportunity is moved, and what each of them calls."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.crm.stages import Stage
from tasuki.sales.opportunities import LostBecause

DAY = forms.DateInput(attrs={"type": "date"})


class AdvanceForm(forms.Form):
    to = forms.ChoiceField(label=_("To the stage"))

    def __init__(self, *args: object, present: str | None, allowed: tuple[str, ...] = stages.ORDER, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        names = {stage.pk: stage.name for stage in Stage.objects.all()}
        later = stages.ORDER[stages.ORDER.index(present) + 1 :] if present else ()
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - says which field it is to the type checker
        field.choices = [(key, names[key]) for key in later if key in allowed]


class RecycleForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)
    wake_on = forms.DateField(label=_("Wakes on"), required=False, widget=DAY)
    wake_when = forms.CharField(label=_("or when this happens"), max_length=200, required=False)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class LoseForm(forms.Form):
    because = forms.ChoiceField(label=_("Lost because"), choices=LostBecause.choices)
    lost_to = forms.CharField(label=_("Lost to"), max_length=120, required=False)


class GiveForm(forms.Form):
    owner = forms.ModelChoiceField(User.objects.get_queryset().none(), label=_("Owner"), required=False, empty_label=_("the team's queue"))
    team = forms.ModelChoiceField(Team.objects.none(), label=_("Team"))
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, *args: object, reader: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        owner, team = self.fields["owner"], self.fields["team"]
        assert isinstance(owner, forms.ModelChoiceField)  # noqa: S101 - says which field it is to the type checker
        assert isinstance(team, forms.ModelChoiceField)  # noqa: S101 - says which field it is to the type checker
        owner.queryset = User.objects.visible_to(reader).active().order_by("family_name", "given_name")
        team.queryset = Team.objects.visible_to(reader).order_by("name")


class MergeForm(forms.Form):
    into = forms.IntegerField(label=_("Number of the lead that stays"), min_value=1, max_value=2**31)

    def survivor(self, reader: User) -> Lead | None:
        return Lead.objects.visible_to(reader).filter(pk=self.cleaned_data["into"]).first()


class NoteForm(forms.Form):
    text = forms.CharField(label=_("Note"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 3}))


class TaskForm(forms.Form):
    subject = forms.CharField(label=_("What"), max_length=200)
    due_on = forms.DateField(label=_("Due"), required=False, widget=DAY)


class OpportunityForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    amount = forms.DecimalField(label=_("Amount"), max_digits=16, decimal_places=2, min_value=0, required=False)
    currency = forms.RegexField(r"^[A-Z]{3}$", label=_("Currency"), required=False)
    close_on = forms.DateField(label=_("Expected close date"), required=False, widget=DAY)
