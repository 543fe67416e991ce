"""The forms by which a pass leaves the relay for now or for good: a reason of the tree, and when what was recycled wakes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from tasuki.crm import exit_reasons, wake_rules
from tasuki.crm.contacts import Channel
from tasuki.crm.exit_reasons import Exit, WakeKind
from tasuki.crm.wake_rules import HEARD, LONGEST_DAYS, LONGEST_WORDS, WakeRule
from tasuki.web.moves import DAY, Move
from tasuki.web.typed_fields import typed
from tasuki.web.wake_words import proposal

# Which fields belong to which kind of rule; the style sheet shows those of the kind that is chosen. What waits for something to happen may
# have a day besides, on which it wakes at the latest.
_OF_KIND = {WakeKind.DAY: ("on",), WakeKind.TRIGGER: ("trigger", "channel", "words", "on"), WakeKind.EVERY: ("every", "until")}
_IN_RULES = ("on", "trigger", "channel", "words", "every", "until")


class RuleFields(Move):
    """A wake rule. Cleans to plain values, of which `exit_reasons.recycled_as` makes what the verbs take."""

    wakes = forms.ChoiceField(label=gettext_lazy("Wakes"), required=False)
    on = forms.DateField(label=gettext_lazy("Wakes on"), required=False, widget=DAY)
    trigger = forms.ChoiceField(label=gettext_lazy("When the person"), choices=[("", "–"), *((one.value, one.label) for one in HEARD)], required=False)
    channel = forms.ChoiceField(label=gettext_lazy("By which channel"), choices=[("", "–"), *Channel.choices], required=False)
    words = forms.CharField(label=gettext_lazy("What must happen"), max_length=LONGEST_WORDS, required=False)
    every = forms.IntegerField(label=gettext_lazy("Every how many days"), min_value=1, max_value=LONGEST_DAYS, required=False)
    until = forms.DateField(label=gettext_lazy("Until"), required=False, widget=DAY)

    proposal: Any = ("", gettext_lazy("as the reason proposes"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wakes = typed(self.fields["wakes"], forms.ChoiceField)
        wakes.choices = [self.proposal, *WakeKind.choices] if self.proposal else WakeKind.choices
        wakes.widget.attrs["data-wakes"] = ""
        for name in _IN_RULES:
            self.fields[name].widget.attrs["data-rule"] = " ".join(kind.value for kind, names in _OF_KIND.items() if name in names)

    def clean(self) -> dict[str, Any]:
        """Of the fields of a rule, those of the kind that was chosen; without a choice, those that were filled in."""
        said = super().clean() or self.cleaned_data
        chosen = said.pop("wakes", "")
        if chosen:
            said |= dict.fromkeys(name for name in _IN_RULES if name not in _OF_KIND[WakeKind(chosen)])
        needed = {WakeKind.DAY: ("on",), WakeKind.TRIGGER: ("trigger",), WakeKind.EVERY: ("every", "until")}.get(chosen, ())
        for name in needed:
            if not said.get(name) and name not in self.errors:
                self.add_error(name, self.fields[name].error_messages["required"])
        return said


class RecycleForm(RuleFields):
    """Offers the reasons that apply in the stage; for many leads at once, all of them: each lead says for itself whether one applies."""

    because = forms.ChoiceField(label=gettext_lazy("Reason"))
    reason = forms.CharField(label=gettext_lazy("What would change it"), max_length=200, required=False)

    field_order = ("because", "wakes", "on", "trigger", "channel", "words", "every", "until", "reason")

    def __init__(self, *args: Any, stage: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["because"], Exit.RECYCLED, stage=stage)


class DisqualifyForm(Move):
    """Why a person will never buy."""

    because = forms.ChoiceField(label=gettext_lazy("Reason"))
    reason = forms.CharField(label=gettext_lazy("In words"), max_length=200, required=False)

    def __init__(self, *args: Any, stage: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["because"], Exit.DISQUALIFIED, stage=stage)


class RuleForm(RuleFields):
    """Another rule for what waits already, or one for what was lost."""

    proposal = None
    note = forms.CharField(label=gettext_lazy("In words"), max_length=200, required=False)

    def rule(self, today: Any) -> WakeRule:
        said = self.cleaned_data
        if said["every"] and said["until"]:
            return wake_rules.every(said["every"], today=today, until=said["until"])
        return WakeRule(on=said["on"], trigger=said["trigger"] or "", channel=said["channel"] or "", words=said["words"] or "")


class HandRaiseForm(Move):
    words = forms.CharField(label=gettext_lazy("How they raised their hand"), max_length=200)


def _offer(field: forms.Field, exit_: Exit, *, stage: str | None) -> None:
    """The reasons by group, each with when it wakes."""
    field = typed(field, forms.ChoiceField)
    groups: dict[str, list[tuple[str, str]]] = {}
    for reason in exit_reasons.offered(exit_, stage=stage):
        rule = proposal(reason)
        group = reason.parent.name if reason.parent else ""
        groups.setdefault(group, []).append((reason.key, f"{reason.name} · {rule}" if rule else reason.name))
    field.choices = [("", "–"), *groups.items()]
