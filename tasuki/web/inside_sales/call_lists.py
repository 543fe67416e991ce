"""Tomorrow's list: whom one calls on a day and why; arranged and frozen in the evening, worked the next day, compared the day after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.business_days import is_business_day, on_or_before
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.people import User
from tasuki.crm.leads import Lead
from tasuki.engage.callability import Callability
from tasuki.inside_sales.call_lists import adherence, barring, building, keeping, lists, reasons, rules
from tasuki.inside_sales.call_lists.buckets import Bucket
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.web import formats, offered_people, toasts
from tasuki.web.inside_sales import call_marks
from tasuki.web.inside_sales.call_marks import Mark
from tasuki.web.person_field import WhoForm, chosen
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by, record_id

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Row:
    """One entry as its reader sees it; `place` is its place in the plan, 0 for one that came late; `planned` that of one that was planned besides;
    `mark` says why they may not be called."""

    entry: CallListEntry
    why: list[str]
    place: int
    is_seen: bool
    planned: int = 0
    mark: Mark | None = None

    @property
    def is_barred(self) -> bool:
        return self.mark is not None and self.mark.is_barred


@dataclass(frozen=True)
class Meter:
    """The places of the day. `n_worked` of `n_planned` are done; `in_week` is what the days of the week hold together. Whom nothing allows to call,
    `n_barred`, takes no place of the day."""

    n_slots: int
    n_planned: int
    n_worked: int
    in_week: int
    of_week: int
    n_barred: int = 0

    @property
    def drawn(self) -> list[tuple[float, str]]:
        """(x, state) of each place, drawn 240 wide: worked, planned, or free."""
        n = max(self.n_slots, self.n_planned, 1)
        return [(nth * 240 / n, "on" if nth < self.n_worked else "planned" if nth < self.n_planned else "free") for nth in range(min(n, 60))]

    @property
    def width(self) -> float:
        return 240 / min(max(self.n_slots, self.n_planned, 1), 60) - 2


class SkipForm(forms.Form):
    reason = forms.CharField(max_length=lists.LONGEST_REASON)


class PlaceForm(forms.Form):
    to = forms.IntegerField(min_value=1, max_value=9_999)


@require_GET
def page(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_LEADS)
    people = offered_people.of_lists(request.user)
    own = people.filter(pk=request.user.pk).first()
    who, person = chosen(request.GET, partial(_who, request), otherwise=own or people.order_by("family_name", "given_name", "pk").first() or request.user)
    person = person or request.user
    return _shown(request, who=who, person=person, day=_day(request, person))


def _who(request: UserRequest, said: Any) -> WhoForm:
    return WhoForm(said, of="lists", reader=request.user, label=_("Person"))


def _day(request: UserRequest, person: User) -> date:
    """The day that the address names; else tomorrow from the moment on at which it is proposed, and today before."""
    try:
        said = date.fromisoformat(request.GET.get("day", ""))
        if abs(said.year - now().year) <= 5:
            return said
    except ValueError:
        pass
    here = rules.local(now(), person)
    hours = hours_of_the_house()
    is_evening = here.hour * 60 + here.minute >= rules.in_force().propose_minute
    return keeping.day_after(here.date(), hours=hours) if is_evening or not is_business_day(here.date(), hours=hours) else here.date()


def _shown(request: UserRequest, *, who: WhoForm, person: User, day: date, refused: Mapping[int, forms.Form] | None = None) -> HttpResponse:
    here, hours = rules.local(now(), person).date(), hours_of_the_house()
    tomorrow = keeping.day_after(here, hours=hours)
    found = CallList.objects.visible_to(request.user).of(person, day=day)
    everything = list(lists.entries_of(found)) if found else []
    entries, raised_from = lists.each_once(everything)
    said = reasons.in_words(entries)
    seen = set(Lead.objects.visible_to(request.user).filter(pk__in=[one.lead_id for one in entries]).values_list("pk", flat=True))
    places = {one.pk: nth for nth, one in enumerate((one for one in everything if one.inserted_at is None), start=1)}
    barred = barring.of_each(entries, call_list=found, at=now()) if found else {}
    marks = {one.pk: call_marks.of(one.lead, barred[one.pk]) for one in entries if one.pk in barred}
    rows = [Row(one, said[one.pk], places.get(one.pk, 0), one.lead_id in seen, places.get(raised_from.get(one.pk, 0), 0), marks.get(one.pk)) for one in entries]
    context = {
        "call_list": found,
        "groups": _grouped(rows),
        "person": person,
        "who": who,
        "day": day,
        "days": [(label, address(person, one), one == day) for label, one in _days(on_or_before(here - _DAY, hours=hours), here, tomorrow, day=day)],
        "tomorrow": tomorrow,
        "result": adherence.of(everything),
        "is_over": found is not None and day < here,
        "meter": meter_of(found, entries, barred) if found else None,
        "may_arrange": found is not None and lists.may_arrange(request.user, whose=found.owner),
        "may_propose": lists.may_arrange(request.user, whose=person),
        "refused": refused or {},
        "n_planned": len(places),
        "now": now(),
    }
    return render(request, "inside_sales/call_lists/page.jinja", context, status=422 if refused else 200)


def _days(before: date, here: date, after: date, *, day: date) -> list[tuple[Any, date]]:
    """The business day before, today and the next one, and the day that is shown; each by its nearest name."""
    days = [(_("Yesterday") if before == here - _DAY else formats.day(before), before), (_("Today"), here)]
    days.append((_("Tomorrow") if after == here + _DAY else formats.day(after), after))
    return days if day in [one for _label, one in days] else [*days, (formats.day(day), day)]


def address(person: User, day: date) -> str:
    """Of the list of a person for a day."""
    return f"{reverse('call_list')}?person={person.pk}&day={day.isoformat()}"


def _grouped(rows: list[Row]) -> list[tuple[Any, list[Row]]]:
    """(the name of a bucket, its rows) in the order of the list; what came late, and what was moved, keeps its place. Last whom nothing allows to call."""
    groups: list[tuple[Any, list[Row]]] = []
    for row in sorted(rows, key=lambda row: row.is_barred):
        name = _("Cannot be called") if row.is_barred else _("Came late") if row.entry.inserted_at else Bucket(row.entry.bucket).label
        if not groups or groups[-1][0] != name:
            groups.append((name, []))
        groups[-1][1].append(row)
    return groups


def meter_of(found: CallList, entries: Sequence[CallListEntry], barred: Mapping[int, Callability]) -> Meter:
    """Of a list with its entries, each lead once, and what `barring` says of them: one query."""
    n_worked, n_barred = sum(one.worked_at is not None for one in entries), sum(one.is_barred for one in barred.values())
    return Meter(found.n_slots, len(entries) - n_barred, n_worked, lists.n_in_week(found), rules.in_force().slots_a_week, n_barred)


@require_POST
def propose(request: UserRequest) -> HttpResponse:
    """Build a list now that the clock has not made yet."""
    abilities.require(request.user, Ability.WORK_LEADS)
    person = get_object_or_404(offered_people.of_lists(request.user), pk=record_id(request.POST.get("person", "")) or 0)
    lists.require_may_arrange(request.user, whose=person)
    here = rules.local(now(), person).date()
    wanted = here if request.POST.get("day") == here.isoformat() else keeping.day_after(here, hours=hours_of_the_house())
    if not building.build(wanted, owners=[person], by=by(request), at=now()):
        toasts.say(request, _("Nothing to propose: the person has no time that day, or has a list already."))
    return redirect(address(person, wanted))


@require_POST
def proposing(request: UserRequest, pk: int) -> HttpResponse:
    """Make a proposal anew."""
    found = _mine(request, pk)
    if not building.propose_again(found, by=by(request), at=now()):
        raise lists.ListFrozen
    toasts.say(request, _("The list is proposed anew."))
    return redirect(address(found.owner, found.for_on))


@require_POST
def freezing(request: UserRequest, pk: int) -> HttpResponse:
    found = lists.freeze(_mine(request, pk), by=by(request), at=now())
    toasts.say(request, _("The list is frozen. Only late hand-raises and replies come on top, and are marked."))
    return redirect(address(found.owner, found.for_on))


@require_POST
def place(request: UserRequest, pk: int) -> HttpResponse:
    entry, form = _entry(request, pk), PlaceForm(request.POST)
    if form.is_valid():
        lists.move(entry, to=form.cleaned_data["to"], by=by(request), at=now())
    return redirect(f"{address(entry.call_list.owner, entry.call_list.for_on)}#entry-{pk}")


@require_POST
def skipping(request: UserRequest, pk: int) -> HttpResponse:
    entry, form = _entry(request, pk), SkipForm(request.POST)
    if not carried_out(form, lambda said: _skipped(request, entry, said["reason"])):
        return _shown(
            request, who=_who(request, {"person": str(entry.call_list.owner_id)}), person=entry.call_list.owner, day=entry.call_list.for_on, refused={pk: form}
        )
    return redirect(f"{address(entry.call_list.owner, entry.call_list.for_on)}#entry-{pk}")


def _skipped(request: UserRequest, entry: CallListEntry, reason: str) -> bool:
    lists.skip(entry, reason=reason, by=by(request), at=now())
    return True


@require_POST
def skipping_removal(request: UserRequest, pk: int) -> HttpResponse:
    entry = _entry(request, pk)
    lists.take_back(entry, by=by(request), at=now())
    return redirect(f"{address(entry.call_list.owner, entry.call_list.for_on)}#entry-{pk}")


def _mine(request: UserRequest, pk: int) -> CallList:
    """A list that the person may arrange."""
    abilities.require(request.user, Ability.WORK_LEADS)
    found = get_object_or_404(CallList.objects.visible_to(request.user).select_related("owner"), pk=pk)
    lists.require_may_arrange(request.user, whose=found.owner)
    return found


def _entry(request: UserRequest, pk: int) -> CallListEntry:
    abilities.require(request.user, Ability.WORK_LEADS)
    found = get_object_or_404(CallList.objects.visible_to(request.user).select_related("owner"), entries=pk)
    lists.require_may_arrange(request.user, whose=found.owner)
    return found.entries.select_related("call_list__owner").get(pk=pk)
