"""Free times as a page offers them: by days, by the clock of whoever reads them; and the forms in which one is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core import time_zones
from tasuki.core.people import User
from tasuki.engage import meetings, recipients
from tasuki.engage.meeting_rows import LONGEST_PLACE, LONGEST_TEXT, MeetingKind
from tasuki.engage.meetings import Plan, TooClose
from tasuki.web.person_field import WhoForm, chosen

MINUTES = (15, 30, 45, 60, 90, 120)


@dataclass(frozen=True)
class Day:
    """One day of the reader's, with what can be chosen on it: (the moment in UTC as the form sends it, the clock there)."""

    on: date
    slots: list[tuple[str, datetime]]


def by_day(slots: Iterable[datetime], *, zone: ZoneInfo) -> list[Day]:
    found: dict[date, Day] = {}
    for slot in slots:
        there = slot.astimezone(zone)
        found.setdefault(there.date(), Day(there.date(), [])).slots.append((written(slot), there))
    return list(found.values())


def written(slot: datetime) -> str:
    return slot.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def read(text: str) -> datetime | None:
    """As `written` wrote it; None for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def zone_named(text: str, *, otherwise: ZoneInfo) -> ZoneInfo:
    """A zone of the list; whatever else an address says is not looked up."""
    return ZoneInfo(text) if text in time_zones.names() else otherwise


class KnowsClose(forms.Form):
    """A form whose time may turn out to lie close to another meeting: it warns, and is sent again with what it warned of, the time and who holds it."""

    close = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    # What the box says when it is ticked, once there is something to know.
    warned_of = ""

    def warn(self, refusal: TooClose) -> None:
        self.warned_of = _warned_of(refusal.starts_at, refusal.holder)
        self.add_error(None, str(refusal))

    def knows(self, starts_at: datetime | None, holder: User | None) -> bool:
        """Whether the box was ticked for this very time of this person."""
        return starts_at is not None and holder is not None and self.cleaned_data.get("close") == _warned_of(starts_at, holder)


def _warned_of(starts_at: datetime, holder: User) -> str:
    return f"{written(starts_at)} {holder.pk}"


class TimeForm(KnowsClose):
    """A time that is offered, or another: a day and a clock in the zone of the other side."""

    slot = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    on = forms.DateField(label=gettext_lazy("Another day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    clock = forms.TimeField(label=gettext_lazy("at"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))

    # What the domain refuses → the field at which it is said.
    _places = {"starts_at": "on", "held_by": None}

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        chosen = read(said.get("slot") or "")
        if said.get("on") and said.get("clock") and timedelta(days=-366) < said["on"] - date(2026, 1, 1) < timedelta(days=36600):
            chosen = recipients.moment(said["on"], said["clock"], zone=self.zone)
        if chosen is None and not self.errors:
            self.add_error("on", _("Choose a time that is offered, or a day and a time."))
        said["starts_at"] = chosen
        return said

    def explain(self, field: str, sentence: str) -> None:
        place = self._places.get(field, field)
        self.add_error(place if place in self.fields else None, sentence)


class BookForm(TimeForm):
    """A whole meeting."""

    minutes = forms.TypedChoiceField(label=gettext_lazy("How long, in minutes"), choices=[(n, n) for n in MINUTES], coerce=int, initial=30)
    kind = forms.ChoiceField(label=gettext_lazy("kind"), choices=MeetingKind.choices, initial=MeetingKind.VIDEO)
    place = forms.CharField(label=gettext_lazy("place or link"), required=False, max_length=LONGEST_PLACE)
    agenda = forms.CharField(
        label=gettext_lazy("agenda"), required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Whoever is invited reads it."),
    )  # fmt: skip
    attendees = forms.CharField(
        label=gettext_lazy("who else comes"), required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One a line: a name, or a name with a mail address, who is then invited too."),
    )  # fmt: skip

    def plan(self, held_by: Any) -> Plan:
        said = self.cleaned_data
        ends_at = said["starts_at"] + timedelta(minutes=said["minutes"])
        words = {name: said[name] for name in ("place", "agenda", "attendees")}
        knows = self.knows(said["starts_at"], held_by)
        return Plan(held_by, said["starts_at"], ends_at, kind=MeetingKind(said["kind"]), zone=str(self.zone), is_close_knowingly=knows, **words)


class ReasonForm(forms.Form):
    """Why it does not take place: for us, nobody is mailed it."""

    reason = forms.CharField(label=gettext_lazy("reason"), required=False, max_length=200)


def chosen_seller(said: Mapping[str, str], *, reader: User) -> tuple[WhoForm, User | None]:
    """The form that asks who holds it; and who does: named by the address, else the reader, else the first."""
    sellers = meetings.sellers()
    usual = sellers.filter(pk=reader.pk).first() or sellers.first()
    form = partial(WhoForm, of="sellers", reader=reader, name="seller", label=_("Who holds it"))
    return chosen(said, form, otherwise=usual)
