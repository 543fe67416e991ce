"""What somebody says of a plan: its months and its target, and where too few were counted, what they assume instead."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from tasuki.core.money import Money
from tasuki.core.organisation import the_organisation
from tasuki.relay import plan_targets
from tasuki.relay.plan_rows import LONGEST_DAYS, LONGEST_NAME, MOST_MONTHS, PASSED, Plan, Step
from tasuki.relay.plans import Assumption, Wanted
from tasuki.web import formats, nouns
from tasuki.web.custom_forms import NumberField


def way_label(step: Step) -> str:
    labels = {
        Step.LEADS: _("leads that become a meeting"),
        Step.BOOKED: _("meetings that are held"),
        Step.HELD: _("held meetings that become an opportunity"),
        Step.OPPORTUNITIES: _("opportunities that are won"),
    }
    return labels[step]


def _amount(name: str, *, required: bool = False) -> forms.Field:
    return NumberField(label=nouns.field_label("plan", name), max_digits=18, decimal_places=2, min_value=0, required=required)


def _percent(label: str, **options: Any) -> forms.Field:
    return NumberField(label=label, min_value=0, max_value=100, max_digits=6, decimal_places=3, required=False, **options)


class PlanForm(forms.Form):
    """A new plan says its months and its target; a draft also what is assumed, beside what was measured."""

    def __init__(self, *args: Any, plan: Plan | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = the_organisation().currency
        self.fields["name"] = forms.CharField(label=nouns.field_label("plan", "name"), max_length=LONGEST_NAME)
        self.fields["first_on"] = forms.DateField(label=nouns.field_label("plan", "first_on"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
        self.fields["n_months"] = forms.IntegerField(label=_("number of months"), min_value=1, max_value=MOST_MONTHS)
        self.fields["target"] = _amount("target", required=True)
        self.fields["expansion"] = _amount("expansion")
        self.fields["target"].help_text = _("In %(currency)s, all orders of these months together.") % {"currency": self.currency}
        self.fields["expansion"].help_text = _("What customers you have will buy on top; no leads are planned for it.")
        if plan is not None:
            self._assume(plan)
            self.initial = {**initial(plan), **self.initial}

    def _assume(self, plan: Plan) -> None:
        rates = plan_targets.rates_of(plan)
        self.fields["order"] = _amount("assumed_order")
        self.fields["order"].help_text = _measured_order(plan)
        for step in PASSED:
            self.fields[f"{step.value}_rate"] = _percent(_("%(way)s, assumed, in percent") % {"way": way_label(step)})
            self.fields[f"{step.value}_rate"].help_text = _measured_rate(rates[step])
            days = NumberField(label=_("days until then, assumed"), min_value=0, max_value=LONGEST_DAYS, max_digits=6, decimal_places=1, required=False)
            self.fields[f"{step.value}_days"] = days
        self.fields["recycled"] = _percent(_("leads that come round again, assumed, in percent"))
        self.fields["leads_a_day"] = NumberField(label=nouns.field_label("plan", "leads_a_day"), min_value=0, max_value=500, max_digits=6, decimal_places=1)
        self.fields["meetings_a_day"] = NumberField(
            label=nouns.field_label("plan", "meetings_a_day"), min_value=0, max_value=50, max_digits=6, decimal_places=1
        )
        self.fields["weights"] = forms.CharField(label=nouns.field_label("plan", "weights"), max_length=120, required=False)
        self.fields["weights"].help_text = _("One number for each month, with spaces between; nothing for months that are alike.")

    def clean_weights(self) -> tuple[int, ...]:
        words = re.split(r"[\s,;、]+", self.cleaned_data["weights"].strip())
        if words == [""]:
            return ()
        if not all(word.isdecimal() and len(word) <= 4 for word in words):
            raise ValidationError(_("Write whole numbers with spaces between, one for each month."))
        return tuple(int(word) for word in words)

    def wanted(self) -> Wanted:
        """As the verbs take it."""
        said = self.cleaned_data
        first: date = said["first_on"]
        more: dict[str, Any] = {name: float(said[name]) for name in ("leads_a_day", "meetings_a_day") if said.get(name) is not None}
        return Wanted(
            name=said["name"],
            first_on=first,
            n_months=said["n_months"],
            target=Money(said["target"], self.currency),
            weights=said.get("weights", ()),
            expansion=self._money("expansion"),
            order=self._money("order"),
            recycled=_share(said.get("recycled")),
            rates={step: Assumption(_share(said.get(f"{step.value}_rate")), _float(said.get(f"{step.value}_days"))) for step in PASSED},
            **more,
        )

    def _money(self, name: str) -> Money | None:
        amount = self.cleaned_data.get(name)
        return None if amount is None else Money(amount, self.currency)


def initial(plan: Plan) -> dict[str, Any]:
    """A plan as its form shows it."""
    said: dict[str, Any] = {
        "name": plan.name,
        "first_on": plan.first_on,
        "n_months": len(plan.months),
        "target": _plain(plan.target),
        "expansion": _plain(plan.expansion) if plan.expansion else None,
        "order": _plain(plan.assumed_order),
        "recycled": _percents(plan.assumed_recycled),
        "leads_a_day": _plain(Decimal(str(plan.leads_a_day))),
        "meetings_a_day": _plain(Decimal(str(plan.meetings_a_day))),
        "weights": "" if len(set(plan.weights)) == 1 else " ".join(map(str, plan.weights)),
    }
    for step, rate in plan_targets.rates_of(plan).items():
        said[f"{step.value}_rate"] = _percents(rate.assumed_rate)
        said[f"{step.value}_days"] = None if rate.assumed_days is None else _plain(Decimal(str(rate.assumed_days)))
    return said


def _measured_rate(rate: Any) -> str:
    if not rate.n:
        return _("Nobody has come that far yet, so somebody has to assume something.")
    if not rate.is_enough:
        return _("Only %(n)s came, too few to count with; so somebody has to assume something.") % {"n": formats.number(rate.n)}
    return _("Measured %(rate)s of %(n)s, half of them within %(days)s; %(decided)s are decided.") % {
        "rate": formats.percent(rate.rate),
        "n": formats.number(rate.n),
        "days": formats.days(rate.days),
        "decided": formats.percent(rate.maturity, 0),
    }


def _measured_order(plan: Plan) -> str:
    if plan.mean_order is None or not plan.order:
        return _("Only %(n)s orders were counted, too few for an average; so somebody has to assume something.") % {"n": formats.number(plan.n_orders)}
    return _("Measured %(amount)s, the average of %(n)s orders.") % {
        "amount": formats.money(plan.mean_order, plan.currency),
        "n": formats.number(plan.n_orders),
    }


def _share(percent: Decimal | None) -> float | None:
    return None if percent is None else float(percent / 100)


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _percents(share: float | None) -> Decimal | None:
    return None if share is None else _plain((Decimal(str(share)) * 100).quantize(Decimal("0.001")))


def _plain(amount: Decimal | None) -> Decimal | None:
    """Without zeros behind the point."""
    return None if amount is None else Decimal(f"{amount:f}".rstrip("0").rstrip(".") if amount % 1 else f"{amount:.0f}")


class CostForm(forms.Form):
    """What one new lead of each source costs, in the currency of the plan."""

    def __init__(self, *args: Any, plan: Plan, sources: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = plan.currency
        # A source may be called anything, so a field is named by its place.
        self.sources = {f"cost_{nth}": source for nth, source in enumerate(sources)}
        for name, source in self.sources.items():
            self.fields[name] = NumberField(label=source or _("(blank)"), max_digits=18, decimal_places=2, min_value=0, required=False)
            self.initial[name] = _plain(plan.cost_of(source))

    def costs(self) -> dict[str, Money]:
        """As the verb takes it."""
        return {source: Money(amount, self.currency) for name, source in self.sources.items() if (amount := self.cleaned_data.get(name)) is not None}


class TrialForm(forms.Form):
    """What if: the target, the average order and the rates, as they are in the plan, to be tried out. Nothing of it is kept."""

    def __init__(self, *args: Any, sees_money: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if sees_money:
            self.fields["target"] = NumberField(label=nouns.field_label("plan", "target"), min_value=1, max_digits=18, decimal_places=2)
            self.fields["order"] = NumberField(label=_("average order"), min_value=1, max_digits=18, decimal_places=2)
        for step in PASSED:
            self.fields[step.value] = NumberField(
                label=_("%(way)s, in percent") % {"way": way_label(step)}, min_value=Decimal("0.001"), max_value=100, max_digits=6, decimal_places=3
            )


def trial_initial(plan: Plan) -> dict[str, Any]:
    rates = plan_targets.rates_of(plan)
    order = plan.order
    return {"target": _plain(plan.target), "order": _plain(order.amount) if order else None} | {
        step.value: _percents(rate.used) for step, rate in rates.items() if rate.used
    }
