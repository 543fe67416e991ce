"""The forms of the call desk: what came of a call, the seven facts beside it, skipping, recycling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from tasuki.core.people import User
from tasuki.crm import exit_reasons, stages
from tasuki.engage import calls, recipients
from tasuki.engage.calls import Outcome, OutcomeIncomplete
from tasuki.engage.dispositions import Disposition
from tasuki.inside_sales.call_desk import Learned
from tasuki.inside_sales.qualification import LONGEST, Fact, Facts, FactState, Standing
from tasuki.web import meeting_times
from tasuki.web.exit_forms import DisqualifyForm, RecycleForm
from tasuki.web.meeting_times import KnowsClose
from tasuki.web.moves import DAY, Move
from tasuki.web.person_field import PersonField, offer_people

CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
# What is typed for a fact that was asked in vain.
ASKED = "?"
_FURTHEST = date(2100, 1, 1)


class OutcomeForm(KnowsClose, Move):
    """What came of a call. Times are by the recipient's clock; each result reads only the fields that are its own, an ending those of a form
    of its own: a reason of the tree, and when what is recycled wakes.
    """

    disposition = forms.ChoiceField(label=_("Result"), choices=Disposition.choices)
    note = forms.CharField(label=_("Note"), max_length=calls.LONGEST_NOTE, required=False)
    again_on = forms.DateField(label=_("Call back on"), required=False, widget=DAY)
    again_time = forms.TimeField(label=_("at"), required=False, widget=CLOCK)
    held_by = PersonField(label=_("Who holds it"), required=False)
    held_by_name = PersonField(label=_("Somebody else, by name"), required=False)
    slot = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    meeting_on = forms.DateField(label=_("Another day"), required=False, widget=DAY)
    meeting_time = forms.TimeField(label=_("at"), required=False, widget=CLOCK)

    # The field of a result → that of the form.
    _fields = {"again_at": "again_on", "meeting_at": "meeting_on"}

    def __init__(self, data: Any = None, *, zone: ZoneInfo, stage: str | None, reader: User, given: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.zone = zone
        for name in ("held_by", "held_by_name"):
            offer_people(self.fields[name], "sellers", reader=reader)
        # What another result asks for is not asked of this one: the browser requires none of it.
        chosen, last, at = self.data.get("disposition", ""), given or {}, _stage_of_ending(stage)
        self.endings: dict[str, RecycleForm | DisqualifyForm] = {
            what: form(data if what == chosen else None, prefix=what, stage=at, initial={"because": last.get(what, "")}, use_required_attribute=False)
            for what, form in _ENDINGS.items()
        }
        for ending in self.endings.values():
            ending.fields["because"].error_messages["required"] = _("Say why.")

    @property
    def ending(self) -> RecycleForm | DisqualifyForm | None:
        """The form of the ending that was chosen."""
        return self.endings.get(self.data.get("disposition", ""))

    def is_valid(self) -> bool:
        return super().is_valid() and (self.ending is None or self.ending.is_valid())

    def outcome(self, *, at: datetime) -> Outcome:
        """Raises ReasonNotForThis, WakeRuleWrong."""
        said = self.cleaned_data
        what = Disposition(said["disposition"])
        typed, offered = self._moment(said["meeting_on"], said["meeting_time"]), meeting_times.read(said["slot"])
        return Outcome(
            what,
            note=said["note"],
            again_at=self._moment(said["again_on"], said["again_time"]),
            meeting_at=typed or offered,
            held_by=self.holder,
            is_offered=typed is None,
            is_close_knowingly=self.knows(typed or offered, self.holder),
            **self._ended(at=at),
        )

    @property
    def holder(self) -> User | None:
        """Who was chosen to hold the meeting; a name that is written counts before one of those that are offered."""
        said = self.cleaned_data
        return said.get("held_by_name") or said.get("held_by")

    @property
    def from_day(self) -> date | None:
        """The day from which on times are asked for."""
        try:
            day = date.fromisoformat(self.data.get("from", ""))
        except ValueError:
            return None
        return day if date(2000, 1, 1) < day < _FURTHEST else None

    def _ended(self, *, at: datetime) -> dict[str, Any]:
        match self.ending:
            case RecycleForm(cleaned_data=said):
                return exit_reasons.recycled_as(said, at=at)
            case DisqualifyForm(cleaned_data=said):
                return exit_reasons.disqualified_as(said)
        return {}

    def explain(self, refusal: OutcomeIncomplete) -> None:
        """Say at the field what is missing."""
        name = self._fields.get(refusal.field, refusal.field)
        self.add_error(name if name in self.fields else None, str(refusal))

    def _moment(self, day: date | None, clock: time | None) -> datetime | None:
        if day is None or clock is None or day >= _FURTHEST:
            return None
        return recipients.moment(day, clock, zone=self.zone)


_ENDINGS: dict[str, type[RecycleForm] | type[DisqualifyForm]] = {"now": RecycleForm, "ni": RecycleForm, "dq": DisqualifyForm}


def _stage_of_ending(stage: str | None) -> str | None:
    """In which stage a pass ends that ends with a conversation: whoever was spoken to is reached."""
    return stages.CONNECTED if stage in stages.BEFORE_SALES and stages.ORDER.index(stage) < stages.ORDER.index(stages.CONNECTED) else stage


class SkipForm(Move):
    reason = forms.CharField(label=_("Why"), max_length=200)


class DialForm(forms.Form):
    number = forms.CharField(max_length=24, required=False)


def learned(sent: QueryDict, facts: Facts) -> list[Learned]:
    """What was typed for the facts, those alone that are not as they stand. “?” is asked and not known, with words or without."""
    return [one for one in _typed(sent) if _written(facts[one.fact]) != (one.words, one.state)]


def shown(standing: Standing) -> str:
    """What stands in the field of a fact; what is only known of the pass before is offered beside it, to be confirmed."""
    if standing.state is FactState.BEFORE:
        return ""
    return f"{ASKED} {standing.words}".strip() if standing.state is FactState.ASKED else standing.words


def _typed(sent: QueryDict) -> Iterator[Learned]:
    for fact in Fact:
        typed = sent.get(f"fact-{fact.value}")
        if typed is None:
            continue
        words = " ".join(typed.split())
        seen = sent.get(f"seen-{fact.value}", "")
        state = FactState.ASKED if words.startswith(ASKED) else FactState.KNOWN if words else FactState.OPEN
        words = words.removeprefix(ASKED).strip() if state is FactState.ASKED else words
        yield Learned(fact.value, words[: LONGEST + 1], state, seen=int(seen) if seen.isdecimal() and len(seen) < 19 else None)


def _written(standing: Standing) -> tuple[str, FactState]:
    return ("", FactState.OPEN) if standing.state is FactState.BEFORE else (standing.words, standing.state)
