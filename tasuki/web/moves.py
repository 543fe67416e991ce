"""The forms by which a lead or an opportunity is moved, and what each of them calls."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.money import Money
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm import notes, stages, tasks
from tasuki.crm.contacts import Channel
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.crm.stages import Stage
from tasuki.crm.tasks import Task, TaskKind
from tasuki.engage.touches import LONGEST_WORDS
from tasuki.sales.opportunities import LostBecause, Terms
from tasuki.web.custom_forms import MoneyField
from tasuki.web.person_field import PersonField, offer_people
from tasuki.web.record_form import RecordForm
from tasuki.web.typed_fields import typed

_MOST_OTHERS = 50
DAY = forms.DateInput(attrs={"type": "date"})


class Move(forms.Form):
    """One of several forms on a page: its fields are told from the others' by its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = f"{type(self).__name__.lower()}-%s"


class AdvanceForm(Move):
    to = forms.ChoiceField(label=_("To the stage"))

    def __init__(self, *args: Any, present: str | None, allowed: tuple[str, ...] = stages.ORDER, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = {stage.pk: stage.name for stage in Stage.objects.all()}
        later = stages.ORDER[stages.ORDER.index(present) + 1 :] if present else ()
        field = typed(self.fields["to"], forms.ChoiceField)
        field.choices = [(key, names[key]) for key in later if key in allowed]


class Press(Move):
    """A move that asks nothing, and says why when it is refused."""


class LoseLeadForm(Move):
    because = forms.ChoiceField(label=_("Lost because"), choices=LostBecause.choices)


class LoseForm(LoseLeadForm):
    lost_to = forms.CharField(label=_("Lost to"), max_length=120, required=False)


class GiveForm(RecordForm):
    """Who carries a record from now on; of a record, it also says who did when the person looked."""

    beside: ClassVar = frozenset({"reason"})

    owner = PersonField(label=_("Owner"), required=False, empty_label=_("the team's queue"))
    team = forms.ModelChoiceField(Team.objects.none(), label=_("Team"), empty_label="–")
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def complete(self) -> None:
        self.auto_id = "giveform-%s"
        offer_people(self.fields["owner"], "colleagues", reader=self.reader)
        typed(self.fields["team"], forms.ModelChoiceField).queryset = Team.objects.visible_to(self.reader).order_by("name")

    def present(self, name: str) -> Any:
        return getattr(self.record, f"{name}_id")

    def given(self) -> dict[str, Any]:
        """What the verbs that give take."""
        said = self.cleaned_data
        return {"to": said["owner"], "team": said["team"], "reason": said["reason"], "seen": self.seen}


class LeadChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for the type checker only
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.title} · {obj.stage.name} · #{obj.pk}"


class MergeForm(Move):
    into = LeadChoice(Lead.objects.none(), label=_("Lead that stays"), empty_label="–")

    def __init__(self, *args: Any, reader: User, lead: Lead, **kwargs: Any) -> None:
        """Offers what may be the same as `lead`: leads in process of the same person, or of people at the same account."""
        super().__init__(*args, **kwargs)
        same = Q(pk__in=[])
        if lead.contact_id:
            same |= Q(contact=lead.contact_id)
        if lead.account_id:
            same |= Q(account=lead.account_id)
        field = typed(self.fields["into"], forms.ModelChoiceField)
        others = Lead.objects.visible_to(reader).in_process().exclude(pk=lead.pk).filter(same).newest_first().values_list("pk", flat=True)
        field.queryset = Lead.objects.visible_to(reader).filter(pk__in=list(others[:_MOST_OTHERS])).for_listing().newest_first()


class NoteForm(Move):
    text = forms.CharField(label=_("Note"), max_length=notes.LONGEST, widget=forms.Textarea(attrs={"rows": 3}))


class TaskFields(Move):
    """What a task says. `reader` is who chooses among colleagues: see `offer`."""

    subject = forms.CharField(label=_("What"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=TaskKind.choices, initial=TaskKind.OTHER, required=False)
    due_on = forms.DateField(label=_("Due"), required=False, widget=DAY)
    details = forms.CharField(label=_("Details"), max_length=tasks.LONGEST_DETAILS, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    field_order = ("subject", "kind", "due_on", "owner", "details")

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(reader)

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or TaskKind.OTHER.value

    def offer(self, reader: User) -> None:
        """Fill in whom the reader may give it to."""


class TaskForm(TaskFields):
    owner = PersonField(label=_("Who"), required=False, empty_label=_("me"))

    def offer(self, reader: User) -> None:
        offer_people(self.fields["owner"], "others", reader=reader)

    def task(self, writer: User, **about: Any) -> Task:
        said = self.cleaned_data
        return Task(subject=said["subject"], kind=said["kind"], due_on=said["due_on"], details=said["details"], owner=said["owner"] or writer, **about)


class GiveTaskForm(Move):
    owner = PersonField(label=_("Who"))

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_people(self.fields["owner"], "colleagues", reader=reader)


class DueForm(Move):
    """When a task comes back: by a word, or on a day."""

    to = forms.ChoiceField(label=_("Until"), choices=[("", _("a day")), ("tomorrow", _("Next business day")), ("next_week", _("Next week"))], required=False)
    due_on = forms.DateField(label=_("on this day"), required=False, widget=DAY)


class OpportunityForm(Move):
    """The terms of a deal when it is accepted."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    amount = forms.DecimalField(label=_("Amount"), max_digits=16, decimal_places=2, min_value=0, required=False)
    currency = forms.RegexField(r"^[A-Z]{3}$", label=_("Currency"), required=False)
    close_on = forms.DateField(label=_("Expected close date"), required=False, widget=DAY)
    product = forms.ModelChoiceField(Product.objects.none(), label=_("Product"), required=False, empty_label="–")

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_products(self.fields["product"], reader)


class DealForm(RecordForm):
    """What is known of a deal while it is worked; without its amount for whoever must not see it."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    close_on = forms.DateField(label=_("Expected close date"), required=False, widget=DAY)
    product = forms.ModelChoiceField(Product.objects.none(), label=_("Product"), required=False, empty_label="–")

    def complete(self) -> None:
        self.auto_id = "dealform-%s"
        offer_products(self.fields["product"], self.reader)
        if "amount" not in abilities.standing_of(self.reader).hides("opportunity"):
            self.fields["money"] = MoneyField(label=gettext("Amount"), required=False, min_value=0)

    def present(self, name: str) -> Any:
        return self.record.product_id if name == "product" else getattr(self.record, name)


class LeadForm(RecordForm):
    """What can be said anew of a lead; where it came from never changes."""

    at_field: ClassVar = {"other_product_line": "product", "already_in_process": "product"}

    segment = forms.CharField(label=_("Segment"), max_length=80, required=False)
    product = forms.ModelChoiceField(Product.objects.none(), label=_("Product"), required=False, empty_label="–")

    def complete(self) -> None:
        offer_products(self.fields["product"], self.reader, line=self.record.product_line if self.record else "")

    def present(self, name: str) -> Any:
        return self.record.product_id if name == "product" else getattr(self.record, name)


class PromiseForm(RecordForm):
    """What is changed of a task, all of it or one thing where it stands."""

    subject = forms.CharField(label=_("What"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=TaskKind.choices, required=False)
    due_on = forms.DateField(label=_("Due"), required=False, widget=DAY)
    owner = PersonField(label=_("Who"), empty_label=None)
    details = forms.CharField(label=_("Details"), max_length=tasks.LONGEST_DETAILS, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def complete(self) -> None:
        self.auto_id = "promiseform-%s"
        offer_people(self.fields["owner"], "colleagues", reader=self.reader, stands=self.record.owner_id if self.record else None)

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or TaskKind.OTHER.value

    def present(self, name: str) -> Any:
        return self.record.owner_id if name == "owner" else getattr(self.record, name)


def offer_products(field: forms.Field, reader: User, *, line: str = "") -> None:
    """Let the field offer all products, or those of a line."""
    field = typed(field, forms.ModelChoiceField)
    offered = Product.objects.visible_to(reader).order_by("name")
    field.queryset = offered.filter(line=line) if line else offered


def terms_of(said: dict[str, Any]) -> Terms:
    """What the form of a deal says; an amount without a currency is in the organisation's."""
    money = Money(said["amount"], said["currency"] or the_organisation().currency) if said["amount"] is not None else None
    return Terms(name=said["name"], product=said["product"], money=money, close_on=said["close_on"])


class TouchForm(Move):
    """An attempt to reach a person that was made outside of Tasuki."""

    channel = forms.ChoiceField(label=_("By which means"), choices=Channel.choices)
    words = forms.CharField(label=_("What came of it"), max_length=LONGEST_WORDS, required=False, widget=forms.Textarea(attrs={"rows": 2}))
