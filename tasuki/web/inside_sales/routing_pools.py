"""Pools in the settings: who takes leads, in which way they go round, and how much each takes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.calendars import Calendar
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.inside_sales import routing_pools
from tasuki.inside_sales.routing_methods import Method
from tasuki.inside_sales.routing_pools import LONGEST_NAME, MOST_CAP, MOST_WEIGHT, OffHours, PoolMember, RoutingPool, Seat
from tasuki.web import formats, toasts
from tasuki.web.person_field import PersonField, offer_people
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by
from tasuki.web.typed_fields import typed

_WORDS = 500
# What a select offers: values with their labels.
Choices = list[tuple[Any, str]]


class PoolForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("name"), max_length=LONGEST_NAME)
    team = forms.ModelChoiceField(Team.objects.none(), label=gettext_lazy("queue of the team"), empty_label=None)
    method = forms.ChoiceField(label=gettext_lazy("how leads go round"), choices=Method.choices)
    off_hours = forms.ChoiceField(label=gettext_lazy("outside business hours"), choices=OffHours.choices)

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "team", Team.objects.visible_to(reader).order_by("name"))

    def said(self) -> dict[str, Any]:
        """As the verb takes it."""
        data = self.cleaned_data
        return {"name": data["name"], "team": data["team"], "method": Method(data["method"]), "off_hours": OffHours(data["off_hours"])}


class SeatForm(forms.Form):
    """What one person takes; the person is chosen for a new seat only."""

    weight = forms.IntegerField(label=gettext_lazy("weight"), min_value=1, max_value=MOST_WEIGHT, initial=1)
    n_open_cap = forms.IntegerField(label=gettext_lazy("open leads at most"), min_value=0, max_value=MOST_CAP, required=False)
    n_day_cap = forms.IntegerField(label=gettext_lazy("leads a day at most"), min_value=0, max_value=MOST_CAP, required=False)
    languages = forms.CharField(
        label=gettext_lazy("languages"), max_length=_WORDS, required=False, help_text=gettext_lazy("Codes with commas between: ko, ja, en. Nothing for all.")
    )
    skills = forms.CharField(
        label=gettext_lazy("knows about"), max_length=_WORDS, required=False, help_text=gettext_lazy("Product lines, industries, countries or segments.")
    )
    calendar = forms.ModelChoiceField(Calendar.objects.none(), label=gettext_lazy("calendar"), required=False, empty_label=gettext_lazy("that of the team"))

    def __init__(self, *args: Any, reader: User, pool: RoutingPool | None = None, calendars: Choices | None = None, **kwargs: Any) -> None:
        """`calendars`: as `_calendars` answers, where there are many such forms on one page."""
        super().__init__(*args, **kwargs)
        _choose(self, "calendar", Calendar.objects.visible_to(reader).order_by("name"), choices=calendars)
        if pool is not None:
            person = PersonField(label=_("person"))
            offer_people(person, "seats", reader=reader, about=pool.pk)
            self.fields = {"user": person} | self.fields

    def terms(self) -> Seat:
        """Raises PoolRefused."""
        data = self.cleaned_data
        said = {name: data[name] for name in ("weight", "n_open_cap", "n_day_cap", "calendar")}
        return Seat(**said, languages=routing_pools.words(data["languages"]), skills=routing_pools.words(data["skills"]))


def _choose(form: forms.Form, name: str, rows: Any, *, choices: Choices | None = None) -> None:
    field = typed(form.fields[name], forms.ModelChoiceField)
    field.queryset = rows
    if choices is not None:
        field.choices = choices


def _calendars(reader: User) -> Choices:
    """What the forms of all seats offer, asked once."""
    return [("", _("that of the team")), *((calendar.pk, str(calendar)) for calendar in Calendar.objects.visible_to(reader).order_by("name"))]


@require_http_methods(["GET", "POST"])
def listing(request: UserRequest) -> HttpResponse:
    form = PoolForm(request.POST or None, reader=request.user)
    if request.method == "POST":
        abilities.require(request.user, Ability.EDIT_PROCESS)
        if made := carried_out(form, lambda _said: routing_pools.keep(None, by=by(request), at=now(), **form.said())):
            toasts.say(request, _("The pool is there. Now say who is in it."))
            return redirect("routing_pool", made.pk)
    context = {
        "pools": list(RoutingPool.objects.visible_to(request.user).for_listing()),
        "form": form if abilities.can(request.user, Ability.EDIT_PROCESS) else None,
    }
    return render(request, "inside_sales/routing/pools.jinja", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def page(request: UserRequest, pk: int) -> HttpResponse:
    pool = _found(request, pk)
    initial = {"name": pool.name, "team": pool.team_id, "method": pool.method, "off_hours": pool.off_hours}
    form = PoolForm(request.POST or None, reader=request.user, initial=initial)
    if request.method == "POST":
        abilities.require(request.user, Ability.EDIT_PROCESS)
        if carried_out(form, lambda _said: routing_pools.keep(pool, by=by(request), at=now(), **form.said())):
            toasts.say(request, _("Saved."))
            return redirect("routing_pool", pk)
    return _shown(request, pool, form=form)


def _shown(request: UserRequest, pool: RoutingPool, *, form: PoolForm, seat_form: SeatForm | None = None, of: int = 0) -> HttpResponse:
    """The page; with the form of a seat that was refused, in its place: of the member `of`, or of a new one."""
    members = list(PoolMember.objects.visible_to(request.user).filter(pool=pool).select_related("user__team", "calendar").order_by("pk"))
    calendars = _calendars(request.user)
    refused = form.errors or (seat_form is not None and seat_form.errors)
    context = {
        "pool": pool,
        "form": form,
        "seats": [(member, seat_form if of == member.pk and seat_form else _form_of(request, member, calendars)) for member in members],
        "seat_form": seat_form if seat_form and not of else SeatForm(reader=request.user, pool=pool, auto_id="id_new_%s"),
        "may_edit": abilities.can(request.user, Ability.EDIT_PROCESS),
        "languages": formats.locale().languages,
    }
    return render(request, "inside_sales/routing/pool.jinja", context, status=422 if refused else 200)


def _form_of(request: UserRequest, member: PoolMember, calendars: Choices) -> SeatForm:
    initial = {name: getattr(member, name) for name in ("weight", "n_open_cap", "n_day_cap", "calendar")}
    words = {"languages": ", ".join(member.languages), "skills": ", ".join(member.skills)}
    return SeatForm(reader=request.user, initial=initial | words, calendars=calendars, auto_id=f"id_{member.pk}_%s")


@require_POST
def seats(request: UserRequest, pk: int) -> HttpResponse:
    """Let somebody take part."""
    abilities.require(request.user, Ability.EDIT_PROCESS)
    pool = _found(request, pk)
    form = SeatForm(request.POST, reader=request.user, pool=pool, auto_id="id_new_%s")
    if not carried_out(form, lambda said: routing_pools.seat(pool, user=said["user"], terms=form.terms(), by=by(request), at=now())):
        return _shown(request, pool, form=_unsent(request, pool), seat_form=form)
    return redirect("routing_pool", pk)


@require_POST
def seat(request: UserRequest, pk: int, member: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    pool = _found(request, pk)
    one = get_object_or_404(pool.members.select_related("user"), pk=member)
    form = SeatForm(request.POST, reader=request.user, auto_id=f"id_{member}_%s")
    if not carried_out(form, lambda _said: routing_pools.seat(pool, user=one.user, terms=form.terms(), by=by(request), at=now())):
        return _shown(request, pool, form=_unsent(request, pool), seat_form=form, of=member)
    toasts.say(request, _("Saved."))
    return redirect("routing_pool", pk)


@require_POST
def seat_removal(request: UserRequest, pk: int, member: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    routing_pools.unseat(get_object_or_404(_found(request, pk).members, pk=member), by=by(request), at=now())
    return redirect("routing_pool", pk)


@require_POST
def removal(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    pool = _found(request, pk)
    routing_pools.remove(pool, by=by(request), at=now())
    toasts.say(request, _("“%(name)s” is removed.") % {"name": pool.name})
    return redirect("routing_pools")


def _found(request: UserRequest, pk: int) -> RoutingPool:
    return get_object_or_404(RoutingPool.objects.visible_to(request.user).select_related("team"), pk=pk)


def _unsent(request: UserRequest, pool: RoutingPool) -> PoolForm:
    return PoolForm(reader=request.user, initial={"name": pool.name, "team": pool.team_id, "method": pool.method, "off_hours": pool.off_hours})
