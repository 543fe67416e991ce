"""The forms of a hand-off: the package that is offered, and the answers to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm.leads import Lead
from tasuki.engage.calls import Call
from tasuki.engage.meeting_rows import Meeting
from tasuki.relay import handoff_recordings
from tasuki.relay.handoff_reasons import Destination, Reason, grouped_choices
from tasuki.relay.handoff_rows import LONGEST_TEXT, Handoff
from tasuki.relay.handoffs import Package, Return
from tasuki.web import formats
from tasuki.web.moves import DAY, Move, OpportunityForm
from tasuki.web.offered_people import receivers_of
from tasuki.web.person_field import PersonField, offer
from tasuki.web.typed_fields import typed

_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def _moment() -> forms.DateTimeField:
    """Far off enough for any meeting, and near enough to count business days to."""
    return forms.DateTimeField(label=gettext_lazy("Meeting"), widget=_MOMENT, validators=[_refuse_another_age])


def _refuse_another_age(said: datetime) -> None:
    if not _FIRST_YEAR <= said.year <= _LAST_YEAR:
        raise ValidationError(_("A meeting lies between the years %(first)s and %(last)s.") % {"first": _FIRST_YEAR, "last": _LAST_YEAR})


def _words(label: Any, *, rows: int = 2, required: bool = True, help_text: Any = "") -> forms.CharField:
    return forms.CharField(label=label, max_length=LONGEST_TEXT, required=required, help_text=help_text, widget=forms.Textarea(attrs={"rows": rows}))


class RecordedCallField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for the type checker only
    """One of the recorded calls of a lead: who called, when, how long they talked."""

    def label_from_instance(self, obj: Call) -> str:
        return formats.call_told(obj)


class OfferForm(Move):
    """The package, and to whom it goes: a person (u1) or the queue of a team (t1)."""

    to = PersonField(label=gettext_lazy("Offer to"))
    meeting_at = _moment()
    attendees = _words(gettext_lazy("Attendees"), help_text=gettext_lazy("Who comes, from both sides, and what each wants."))
    agenda = _words(gettext_lazy("Agreed agenda"), help_text=gettext_lazy("What the customer expects to talk about."))
    summary = _words(gettext_lazy("Summary"), rows=3, help_text=gettext_lazy("What you know beyond the seven facts, so that nobody asks again."))
    why = _words(gettext_lazy("Why now"), required=False)
    call = RecordedCallField(Call.objects.get_queryset().none(), label=gettext_lazy("Recorded call"), required=False, empty_label="–")
    recording = forms.URLField(
        label=gettext_lazy("Recorded elsewhere"),
        max_length=500,
        required=False,
        assume_scheme="https",
        help_text=gettext_lazy("The address of a recording that another system keeps."),
    )

    def __init__(
        self, *args: Any, reader: User, lead: Lead, credited_to: User | None, before: Handoff | None = None, meeting: Meeting | None = None, **kwargs: Any
    ) -> None:
        if before:
            kept = {name: getattr(before, name) for name in ("attendees", "agenda", "summary", "why", "recording", "call")}
            kwargs["initial"] = {**kept, "to": f"u{before.to_owner_id}" if before.to_owner_id else f"t{before.to_team_id}"}
        if meeting:
            kwargs["initial"] = {**kwargs.get("initial", {}), **_of(meeting, credited_to)}
        super().__init__(*args, **kwargs)
        offer(self.fields["to"], receivers_of(credited_to, reader=reader, lead=lead.pk))
        calls = typed(self.fields["call"], RecordedCallField)
        calls.queryset = handoff_recordings.recorded_calls(lead, user=reader)

    def clean_recording(self) -> str:
        address: str = self.cleaned_data["recording"]
        if address and not address.startswith(("https://", "http://")):
            raise ValidationError(_("An address of a page begins with https://."))
        return address

    @property
    def receiver(self) -> User | Team:
        said: User | Team = self.cleaned_data["to"]
        return said

    @property
    def package(self) -> Package:
        said = self.cleaned_data
        return Package(**{name: said[name] for name in ("meeting_at", "summary", "agenda", "attendees", "why", "call", "recording")})


def _of(meeting: Meeting, credited_to: User | None) -> dict[str, Any]:
    """What was agreed when the meeting was booked; of who comes the names, not the addresses, which not everybody sees."""
    names = "\n".join(guest.name for guest in meeting.guests if guest.name != guest.address)
    said = {"meeting_at": meeting.starts_at, "agenda": meeting.agenda, "attendees": names}
    to = "" if meeting.held_by == credited_to else f"u{meeting.held_by_id}"
    return {name: value for name, value in {**said, "to": to}.items() if value}


class AcceptForm(OpportunityForm):
    """The terms that the deal opens with."""


class NeedsForm(Move):
    plan = _words(gettext_lazy("What inside sales finds out"), rows=3)
    plan_on = forms.DateField(label=gettext_lazy("By when"), widget=DAY)


class ReturnForm(Move):
    reason = forms.ChoiceField(label=gettext_lazy("Reason"))
    words = _words(gettext_lazy("What was missing"), rows=3, help_text=gettext_lazy("The sender reads this and learns from it."))
    would_change = _words(gettext_lazy("What would change it"), required=False)
    destination = forms.ChoiceField(label=gettext_lazy("Where the lead goes"), required=False)
    wake_on = forms.DateField(label=gettext_lazy("If recycled, wakes on"), required=False, widget=DAY)
    wake_when = forms.CharField(label=gettext_lazy("or when this happens"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason, destination = typed(self.fields["reason"], forms.ChoiceField), typed(self.fields["destination"], forms.ChoiceField)
        reason.choices = [("", "–"), *grouped_choices()]
        destination.choices = [("", _("where this reason usually leads")), *Destination.choices]

    @property
    def said(self) -> Return:
        said = self.cleaned_data
        return Return(
            reason=Reason(said["reason"]),
            words=said["words"],
            would_change=said["would_change"],
            destination=Destination(said["destination"]) if said["destination"] else None,
            wake_on=said["wake_on"],
            wake_when=said["wake_when"],
        )


class MeetingForm(Move):
    meeting_at = _moment()


class WithdrawForm(Move):
    words = _words(gettext_lazy("Why"), required=False)


class WordForm(Move):
    text = _words(gettext_lazy("Say something about it"))


class DisputeForm(Move):
    text = _words(gettext_lazy("Why the return is wrong"), rows=3, help_text=gettext_lazy("The managers of both sides hear the recording and decide."))


class VerdictForm(Move):
    stands = forms.ChoiceField(label=gettext_lazy("The return"), choices=[("yes", gettext_lazy("stands")), ("no", gettext_lazy("does not stand"))])
    text = _words(gettext_lazy("Why"), required=False)


class GiveUpForm(Move):
    words = _words(gettext_lazy("What was missing"))
    wake_on = forms.DateField(label=gettext_lazy("Wakes on"), widget=DAY)
