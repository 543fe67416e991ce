"""Calendars: when the house is open. Hours are typed as one writes them; the year's holidays are shown before they surprise anybody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dates import WEEKDAYS
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.core import abilities, calendars
from tasuki.core.abilities import Ability
from tasuki.core.calendars import LONGEST_NAME, Calendar, HoursOverlap, HoursWrong, hours_of, read_hours, written
from tasuki.core.organisation import the_organisation
from tasuki.core.public_holidays import holidays_of
from tasuki.core.working_time import Shift
from tasuki.web import toasts
from tasuki.web.moves import DAY
from tasuki.web.organisation import countries
from tasuki.web.people import time_zones
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by

_EXAMPLE = "09:00–12:00, 13:00–18:00"


class HoursField(forms.CharField):
    """Cleans to the shifts of one day."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=120, required=False, **options)

    def clean(self, value: Any) -> tuple[Shift, ...]:
        try:
            return read_hours(super().clean(value))
        except (HoursWrong, HoursOverlap) as refusal:
            raise ValidationError(str(refusal)) from refusal


def _countries_or_none() -> list[tuple[str, Any]]:
    return [("", _("none")), *countries()]


class CalendarForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("name"), max_length=LONGEST_NAME)
    time_zone = forms.ChoiceField(label=gettext_lazy("time zone"), choices=time_zones)
    country = forms.ChoiceField(label=gettext_lazy("public holidays of"), choices=_countries_or_none, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for weekday, name in WEEKDAYS.items():
            self.fields[f"day_{weekday}"] = HoursField(label=name, widget=forms.TextInput({"placeholder": pgettext("office", "closed")}))
        self.fields["day_0"].help_text = _("For example %(hours)s; nothing for a day that is closed.") % {"hours": _EXAMPLE}

    def said(self) -> dict[str, Any]:
        """As the verbs take it."""
        data = self.cleaned_data
        return {"name": data["name"], "time_zone": data["time_zone"], "country": data["country"], "week": {day: data[f"day_{day}"] for day in range(7)}}


class OwnDayForm(forms.Form):
    falls_on = forms.DateField(label=gettext_lazy("day"), widget=DAY)
    name = forms.CharField(label=gettext_lazy("name"), max_length=LONGEST_NAME)
    hours = forms.CharField(label=gettext_lazy("hours"), max_length=120, required=False, help_text=gettext_lazy("Nothing for a day that is closed."))


def form_of(calendar: Calendar, said: Any = None) -> CalendarForm:
    week = {f"day_{day}": written(shifts) for day, shifts in enumerate(hours_of(calendar).week)}
    return CalendarForm(said, initial={"name": calendar.name, "time_zone": calendar.time_zone, "country": calendar.country, **week})


@require_http_methods(["GET", "POST"])
def listing(request: UserRequest) -> HttpResponse:
    organisation = the_organisation()
    office = {f"day_{day}": "09:00–18:00" for day in range(5)}
    form = CalendarForm(request.POST or None, initial={"time_zone": organisation.time_zone, "country": organisation.country, **office})
    if request.method == "POST":
        abilities.require(request.user, Ability.MANAGE_SETTINGS)
        if made := carried_out(form, lambda _said: calendars.add(by=by(request), at=now(), **form.said())):
            toasts.say(request, _("The calendar is there."))
            return redirect("calendar", made.pk)
    rows = list(Calendar.objects.visible_to(request.user).prefetch_related("shifts").order_by("-is_default", "name"))
    context = {"rows": [(row, _week(row)) for row in rows], "form": form if abilities.can(request.user, Ability.MANAGE_SETTINGS) else None}
    return render(request, "settings/calendars.jinja", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def page(request: UserRequest, pk: int) -> HttpResponse:
    calendar = get_object_or_404(Calendar.objects.visible_to(request.user), pk=pk)
    form = form_of(calendar, request.POST or None)
    if request.method == "POST":
        abilities.require(request.user, Ability.MANAGE_SETTINGS)
        if carried_out(form, lambda _said: calendars.change(calendar, by=by(request), at=now(), **form.said())):
            toasts.say(request, _("Saved."))
            return redirect("calendar", pk)
    return _shown(request, calendar, form=form)


def _shown(request: UserRequest, calendar: Calendar, *, form: CalendarForm, day_form: OwnDayForm | None = None) -> HttpResponse:
    wanted = request.GET.get("year", "")
    this_year = localdate().year
    year = int(wanted) if wanted.isdecimal() and len(wanted) == 4 and 1980 <= int(wanted) <= 2100 else this_year
    own = list(calendar.own_days.order_by("falls_on"))
    held = {day.falls_on for day in own}
    public = [(day, name, day in held) for day, name in holidays_of(year, country=calendar.country).items()] if calendar.country else []
    refused = form.errors or (day_form is not None and day_form.errors)
    context = {
        "calendar": calendar,
        "form": form,
        "day_form": day_form or OwnDayForm(auto_id="id_day_%s"),
        "week": _week(calendar),
        "own": own,
        "public": public,
        "year": year,
        "may_change": abilities.can(request.user, Ability.MANAGE_SETTINGS),
    }
    return render(request, "settings/calendar.jinja", context, status=422 if refused else 200)


@require_POST
def days(request: UserRequest, pk: int) -> HttpResponse:
    """Mark a day of one's own."""
    calendar, form = _mine(request, pk), OwnDayForm(request.POST, auto_id="id_day_%s")
    if not carried_out(form, lambda said: calendars.mark_day(calendar, by=by(request), at=now(), **said)):
        return _shown(request, calendar, form=form_of(calendar), day_form=form)
    return redirect("calendar", pk)


@require_POST
def day_removal(request: UserRequest, pk: int, day: int) -> HttpResponse:
    calendar = _mine(request, pk)
    calendars.unmark_day(get_object_or_404(calendar.own_days, pk=day), by=by(request), at=now())
    return redirect("calendar", pk)


@require_POST
def choosing(request: UserRequest, pk: int) -> HttpResponse:
    """Make it the organisation's."""
    calendar = calendars.make_default(_mine(request, pk), by=by(request), at=now())
    toasts.say(request, _("The organisation works by “%(name)s” from now on.") % {"name": calendar.name})
    return redirect("calendars")


@require_POST
def removal(request: UserRequest, pk: int) -> HttpResponse:
    calendar = _mine(request, pk)
    calendars.remove(calendar, by=by(request), at=now())
    toasts.say(request, _("“%(name)s” is removed.") % {"name": calendar.name})
    return redirect("calendars")


def _mine(request: UserRequest, pk: int) -> Calendar:
    abilities.require(request.user, Ability.MANAGE_SETTINGS)
    return get_object_or_404(Calendar.objects.visible_to(request.user), pk=pk)


def _week(calendar: Calendar) -> list[tuple[Any, str]]:
    """The hours of each weekday in words."""
    shifts: list[list[Shift]] = [[] for _day in range(7)]
    for row in calendar.shifts.all():
        shifts[row.weekday].append(Shift(row.from_minute, row.until_minute))
    return [(WEEKDAYS[day], written(sorted(of_day))) for day, of_day in enumerate(shifts)]
