"""The forms of coaching: bringing a recording, saying something at a moment of it, scoring it, and the steps of a card."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.engage.recording_rows import LONGEST_KEPT_DAYS, LONGEST_SITUATION, LONGEST_WHY, Notice
from tasuki.inside_sales.coaching import cards, comments, praises, reviews, scorecards
from tasuki.inside_sales.coaching.reviews import Given
from tasuki.inside_sales.coaching.rules import MOST_A_WEEK
from tasuki.inside_sales.coaching.scorecards import Criterion, Skill
from tasuki.web import formats
from tasuki.web.moves import DAY, Move

_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})|(\d{1,5})")


class MomentField(forms.CharField):
    """A moment of a recording as a player shows it: “1:12”, or seconds alone; None for nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=9, widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "placeholder": "m:ss"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return formats.clock(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        read = _CLOCK.fullmatch(text.strip())
        if read is None or (read[3] and int(read[3]) > 59):
            raise ValidationError(_("Write a moment as the player shows it: 1:12."))
        if read[4]:
            return int(read[4])
        return int(read[1] or 0) * 3600 + int(read[2]) * 60 + int(read[3])


class RecordingForm(Move):
    file = forms.FileField(label=gettext_lazy("The recording"), widget=forms.FileInput({"accept": "audio/*"}))
    notice = forms.ChoiceField(
        label=gettext_lazy("How the other side knew"),
        choices=[("", gettext_lazy("– say how –")), *Notice.choices],
        help_text=gettext_lazy("Nobody is recorded unknowingly: without this nothing is kept."),
    )


class CommentForm(Move):
    at = MomentField(label=gettext_lazy("At"))
    text = forms.CharField(label=gettext_lazy("Words"), max_length=comments.LONGEST, widget=forms.Textarea({"rows": 2}))


class ReplyForm(Move):
    text = forms.CharField(label=gettext_lazy("Words"), max_length=comments.LONGEST, widget=forms.TextInput)


class ModelCallForm(Move):
    situation = forms.CharField(
        label=gettext_lazy("Situation"), max_length=LONGEST_SITUATION, required=False, help_text=gettext_lazy("Left empty, it is a model no more.")
    )
    why = forms.CharField(label=gettext_lazy("What to listen for"), max_length=LONGEST_WHY, required=False, widget=forms.Textarea({"rows": 2}))


class PraiseForm(Move):
    deed = forms.CharField(label=gettext_lazy("What they did"), max_length=praises.LONGEST, widget=forms.Textarea({"rows": 2}))


class AnswerForm(Move):
    text = forms.CharField(label=gettext_lazy("Your answer"), max_length=reviews.LONGEST, widget=forms.Textarea({"rows": 3}))


class CardForm(Move):
    skill = forms.CharField(label=gettext_lazy("Skill"), max_length=cards.LONGEST_SKILL)
    next_on = forms.DateField(label=gettext_lazy("It is shown on"), widget=DAY)


class StepForm(Move):
    words = forms.CharField(label=gettext_lazy("What was done"), max_length=cards.LONGEST, widget=forms.Textarea({"rows": 2}))
    next_on = forms.DateField(label=gettext_lazy("The next step on"), widget=DAY)

    def __init__(self, *args: Any, card: cards.SkillCard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = f"step-{card.pk}-%s"
        if card.next_step is cards.Step.PRAISE:
            del self.fields["next_on"]
            self.fields["words"].label = _("What they did well")


class ReviewForm(forms.Form):
    """Points, moment and words for each criterion of a scorecard, what was good, and one next action."""

    good = forms.CharField(label=gettext_lazy("What was good"), max_length=reviews.LONGEST, widget=forms.Textarea({"rows": 2}))
    next_action = forms.CharField(label=gettext_lazy("The one next action"), max_length=reviews.LONGEST, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, criteria: list[Criterion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.criteria = criteria
        for one in criteria:
            points = [(number, str(number)) for number in range(1, one.scale + 1)]
            self.fields[f"points-{one.pk}"] = forms.TypedChoiceField(label=one.name, coerce=int, choices=points, widget=forms.RadioSelect)
            self.fields[f"at-{one.pk}"] = MomentField(label=_("At"), required=False)
            self.fields[f"words-{one.pk}"] = forms.CharField(label=_("What one hears there"), max_length=reviews.LONGEST, required=False)

    @property
    def rows(self) -> list[tuple[Criterion, forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [(one, self[f"points-{one.pk}"], self[f"at-{one.pk}"], self[f"words-{one.pk}"]) for one in self.criteria]

    def scores(self) -> dict[int, Given]:
        said = self.cleaned_data
        return {one.pk: Given(said[f"points-{one.pk}"], said[f"at-{one.pk}"], said[f"words-{one.pk}"]) for one in self.criteria}


class CriterionForm(forms.Form):
    """One skill of the scorecard."""

    name_en = forms.CharField(label=gettext_lazy("name in English"), max_length=scorecards.LONGEST_NAME)
    name_ko = forms.CharField(label=gettext_lazy("name in Korean"), max_length=scorecards.LONGEST_NAME)
    name_ja = forms.CharField(label=gettext_lazy("name in Japanese"), max_length=scorecards.LONGEST_NAME)
    weight = forms.IntegerField(label=gettext_lazy("weight"), min_value=1, max_value=scorecards.HEAVIEST, initial=1)
    scale = forms.IntegerField(label=gettext_lazy("highest score"), min_value=2, max_value=scorecards.LONGEST_SCALE, initial=5)
    anchors_en = forms.CharField(label=gettext_lazy("anchors in English"), max_length=scorecards.LONGEST_ANCHORS, widget=forms.Textarea({"rows": 3}))
    anchors_ko = forms.CharField(label=gettext_lazy("anchors in Korean"), max_length=scorecards.LONGEST_ANCHORS, widget=forms.Textarea({"rows": 3}))
    anchors_ja = forms.CharField(label=gettext_lazy("anchors in Japanese"), max_length=scorecards.LONGEST_ANCHORS, widget=forms.Textarea({"rows": 3}))

    def skill(self) -> Skill:
        return Skill(**self.cleaned_data)


class RulesForm(Move):
    n_samples = forms.IntegerField(label=gettext_lazy("calls of each person that are drawn a week"), min_value=0, max_value=MOST_A_WEEK)
    n_to_hear = forms.IntegerField(label=gettext_lazy("calls that each coach hears a week"), min_value=0, max_value=MOST_A_WEEK)
    keep_days = forms.IntegerField(label=gettext_lazy("days a recording is kept"), min_value=1, max_value=LONGEST_KEPT_DAYS)


class QuotaForm(Move):
    n_to_hear = forms.IntegerField(label=gettext_lazy("calls to hear a week"), min_value=0, max_value=MOST_A_WEEK, required=False)
