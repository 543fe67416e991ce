"""One's own calendar: connecting it, choosing one of several, and saying what holds where it and Tasuki have different times for a meeting."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.errors import Forbidden
from tasuki.engage.own_calendars import connections, writing
from tasuki.engage.own_calendars.connections import LONGEST_LOGIN, CalendarWrong, OwnCalendar, Said
from tasuki.engage.own_calendars.dav import LONGEST_ADDRESS
from tasuki.engage.own_calendars.rows import Answer, BusyEvent, BusySpan, CalendarEntry
from tasuki.web.requests import UserRequest, by

_SHOWN = 50


class CalendarForm(forms.Form):
    """What the server wants to know. The password is typed, and never shown again."""

    address = forms.CharField(
        label=gettext_lazy("address of the calendar"), max_length=LONGEST_ADDRESS, widget=forms.URLInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("The CalDAV address of your calendar or of your account. It begins with https://."),
    )  # fmt: skip
    login = forms.CharField(label=gettext_lazy("user name"), max_length=LONGEST_LOGIN, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    password = forms.CharField(
        label=gettext_lazy("password"), max_length=500, required=False, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Many providers want an app password here. It is kept encrypted. Leave it empty to keep the one that is set."),
    )  # fmt: skip
    is_written = forms.BooleanField(label=gettext_lazy("my meetings are written into it"), required=False, initial=True)

    def said(self) -> Said:
        return Said(**self.cleaned_data)

    def explain(self, refusal: CalendarWrong) -> None:
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal))


@require_http_methods(["GET", "POST"])
def own(request: UserRequest) -> HttpResponse:
    """The reader's calendar: what is set, whether it works, and where it says something else than we do."""
    _require_a_role(request)
    calendar = connections.of(request.user)
    form = CalendarForm(request.POST or None, initial=_set(calendar, request))
    if request.method == "POST" and form.is_valid():
        try:
            connections.connect(request.user, said=form.said(), by=by(request), at=now())
        except CalendarWrong as refusal:
            form.explain(refusal)
        else:
            messages.success(request, _("Kept. The calendar is read within a minute."))
            return redirect("own_calendar")
    entries = CalendarEntry.objects.visible_to(request.user)
    context = {
        "calendar": calendar,
        "form": form,
        "n_busy": BusySpan.objects.visible_to(request.user).filter(ends_at__gt=now()).count() if calendar else 0,
        "n_not_understood": BusyEvent.objects.visible_to(request.user).not_understood().count() if calendar else 0,
        "n_written": entries.filter(ends_at__gt=now(), differs_since__isnull=True).count() if calendar else 0,
        "differing": list(entries.differing().select_related("meeting__lead__contact", "meeting__lead__account", "meeting__account")[:_SHOWN]),
    }
    return render(request, "meetings/calendar.jinja", context, status=422 if form.errors else 200)


@require_POST
def choice(request: UserRequest) -> HttpResponse:
    """Of several calendars at the address, this one."""
    connections.choose(_mine(request), path=request.POST.get("path", ""), by=by(request), at=now())
    messages.success(request, _("Kept. The calendar is read within a minute."))
    return redirect("own_calendar")


@require_POST
def removal(request: UserRequest) -> HttpResponse:
    connections.disconnect(_mine(request), by=by(request), at=now())
    messages.success(request, _("The calendar is disconnected, and its password is forgotten. What stands in it stays."))
    return redirect("own_calendar")


@require_POST
def answer(request: UserRequest, pk: int) -> HttpResponse:
    """What holds for one meeting: the time here, or what the calendar says."""
    _require_a_role(request)
    entry = get_object_or_404(CalendarEntry.objects.visible_to(request.user), pk=pk)
    said = request.POST.get("answer", "")
    if said in Answer.values:
        writing.answer(entry, said=Answer(said), by=by(request), at=now())
    return redirect("own_calendar")


def _mine(request: UserRequest) -> OwnCalendar:
    _require_a_role(request)
    return get_object_or_404(OwnCalendar.objects.visible_to(request.user).connected())


def _require_a_role(request: UserRequest) -> None:
    if not abilities.standing_of(request.user).roles:
        raise Forbidden(_("You have no role here yet. Ask an administrator for one."))


def _set(calendar: OwnCalendar | None, request: UserRequest) -> dict[str, object]:
    if calendar is None:
        return {"login": request.user.email or ""}
    return {"address": calendar.address, "login": calendar.login, "is_written": calendar.is_written}
