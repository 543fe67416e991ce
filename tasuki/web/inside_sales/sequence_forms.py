"""The forms of sequences: their terms, their steps, the wordings of a mail, and who is enrolled."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tasuki.core.people import User
from tasuki.engage.message_rows import LONGEST_SUBJECT as LONGEST_LINE
from tasuki.engage.sequences.definitions import ANSWERS, LONGEST_NAME, LONGEST_SUBJECT, LONGEST_TEXT, MOST_DAYS, Hears, OnReply, Step, StepKind
from tasuki.engage.sequences.writing import Settings, Wording
from tasuki.web import nouns
from tasuki.web.moves import DAY, Move
from tasuki.web.typed_fields import typed

_CLOCK = forms.TimeInput({"type": "time"}, format="%H:%M")


class TermsForm(forms.Form):
    """What holds for all versions; labels are those of the model."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label = {field.name: nouns.field_label("sequence", field.name) for field in fields(Settings)}
        self.fields["name"] = forms.CharField(label=label["name"], max_length=LONGEST_NAME)
        self.fields["about"] = forms.CharField(label=label["about"], max_length=300, required=False)
        self.fields["language"] = forms.ChoiceField(label=label["language"], choices=settings.LANGUAGES)
        for name, least, most in (("n_people_a_day", 1, 1_000), ("n_mails_a_day", 1, 1_000), ("n_days_apart", 0, 365), ("n_days_to_answer", 0, 365)):
            self.fields[name] = forms.IntegerField(label=label[name], min_value=least, max_value=most)
        self.fields["on_reply"] = forms.ChoiceField(label=label["on_reply"], choices=OnReply.choices)
        self.fields["stops_on_talk"] = forms.BooleanField(label=label["stops_on_talk"], required=False)

    def terms(self) -> Settings:
        return Settings(**self.cleaned_data)


class NewSequenceForm(forms.Form):
    """Only what a sequence cannot be without: the rest has good values, and a page of its own."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)
    about = forms.CharField(label=_("Whom it is for, and what for"), max_length=300, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    def terms(self) -> Settings:
        return Settings(**self.cleaned_data)


# Of these the words are the text itself.
_TEXTS: dict[str, Any] = {StepKind.LETTER: _("Text of the letter"), StepKind.SOCIAL: _("Text of the message")}


class StepForm(forms.Form):
    """A step of one kind: only what such a step can say."""

    n_days = forms.IntegerField(label=_("Business days after the step before"), min_value=0, max_value=MOST_DAYS, initial=1)
    from_clock = forms.TimeField(label=_("Not before"), widget=_CLOCK, initial=time(9))
    until_clock = forms.TimeField(label=_("Not after"), widget=_CLOCK, initial=time(18))
    is_by_hand = forms.BooleanField(label=_("Written by hand from the template"), required=False)
    words = forms.CharField(label=_("What to do"), max_length=LONGEST_TEXT, required=False, widget=forms.Textarea({"rows": 3}))
    hears = forms.ChoiceField(label=_("If"), choices=Hears.choices)
    classes = forms.MultipleChoiceField(
        label=_("Of answers, these"), choices=[(one.value, one.label) for one in ANSWERS], required=False,
        widget=forms.CheckboxSelectMultiple({"class": "check"}), help_text=_("None ticked: any answer. Only for answers by mail."),
    )  # fmt: skip
    n_days_to_listen = forms.IntegerField(
        label=_("Business days to listen"), min_value=0, max_value=MOST_DAYS, initial=0, required=False,
        help_text=_("When they are over, it goes on with the next step. 0 looks back once and does not wait."),
    )  # fmt: skip
    goes_to = forms.ChoiceField(label=_("Go on at"), required=False)

    def __init__(self, *args: Any, kind: str, later: list[Step], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        unused = {"hears", "classes", "n_days_to_listen", "goes_to"} if kind != StepKind.BRANCH else {"words"}
        unused |= {"is_by_hand"} if kind != StepKind.MAIL else set()
        unused |= {"words"} if kind == StepKind.WAIT else set()
        for name in unused:
            del self.fields[name]
        if kind in _TEXTS:
            self.fields["words"].label, self.fields["words"].widget.attrs["rows"] = _TEXTS[kind], 12
        if kind == StepKind.BRANCH:
            field = typed(self.fields["goes_to"], forms.ChoiceField)
            field.choices = [("", gettext("the end of the sequence")), *((str(one.position), f"{one.position} {one.get_kind_display()}") for one in later)]

    def wording(self) -> Wording:
        said = self.cleaned_data
        return Wording(
            kind=self.kind, n_days=said["n_days"], words=said.get("words", ""), is_by_hand=said.get("is_by_hand", False), hears=said.get("hears", ""),
            classes=tuple(said.get("classes", ())), n_days_to_listen=said.get("n_days_to_listen") or 0, from_minute=_minute(said["from_clock"]),
            until_minute=_minute(said["until_clock"]), goes_to=int(said["goes_to"]) if said.get("goes_to") else None,
        )  # fmt: skip

    @staticmethod
    def of(step: Step) -> dict[str, Any]:
        """What a step says, as the form shows it. A window until midnight is shown as its last minute."""
        return {
            "n_days": step.n_days, "words": step.words, "is_by_hand": step.is_by_hand, "hears": step.hears,
            "classes": step.classes, "n_days_to_listen": step.n_days_to_listen,
            "from_clock": time(*divmod(step.from_minute, 60)), "until_clock": time(*divmod(min(step.until_minute, 24 * 60 - 1), 60)),
            "goes_to": str(step.goes_to.position) if step.goes_to else "",
        }  # fmt: skip


def _minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute


class NewStepForm(forms.Form):
    kind = forms.ChoiceField(label=_("Add a step"), choices=StepKind.choices)


class VariantForm(forms.Form):
    """One wording of a mail; without a text it is taken away."""

    subject = forms.CharField(label=_("Subject"), max_length=LONGEST_SUBJECT, required=False)
    text = forms.CharField(label=_("Text"), max_length=LONGEST_TEXT, required=False, widget=forms.Textarea({"rows": 9}))


class LetterForm(forms.Form):
    """A mail that somebody makes of the template."""

    subject = forms.CharField(label=_("Subject"), max_length=LONGEST_LINE)
    text = forms.CharField(label=_("Text"), max_length=LONGEST_TEXT, widget=forms.Textarea({"rows": 14}))


class PlaceForm(forms.Form):
    to = forms.IntegerField(min_value=1, max_value=99)


class PauseForm(Move):
    until_on = forms.DateField(label=_("Until"), required=False, widget=DAY, help_text=_("Without a day, until somebody lets it go on."))

    def until(self, reader: User) -> datetime | None:
        """Midnight of that day, by the clock of whoever says so."""
        day = self.cleaned_data["until_on"]
        return datetime.combine(day, time(0), ZoneInfo(reader.time_zone)) if day else None
