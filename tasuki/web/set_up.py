"""The guided set-up: one page for each step, each of which can be done, skipped, left, and taken up again by any administrator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities, calendars, people, roles, set_up, teams
from tasuki.core.abilities import Ability, Role
from tasuki.core.calendars import Calendar
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.core.set_up import Step
from tasuki.core.teams import Department, Team
from tasuki.crm import inventions
from tasuki.crm.inventions import Invention
from tasuki.web import calendars as calendar_pages
from tasuki.web import organisation, toasts
from tasuki.web.invitations import mail_invitation
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by
from tasuki.web.set_up_forms import Line, PeopleForm, TeamsForm


class NotMeant(Refused):
    code = "not_meant"

    def __init__(self) -> None:
        super().__init__(_("Tick that all of it may go; nothing is taken away before."))


@require_GET
def overview(request: UserRequest) -> HttpResponse:
    """All steps with what became of each."""
    abilities.require(request.user, Ability.MANAGE_SETTINGS)
    return render(request, "set_up/overview.jinja", {"progress": set_up.progress(), "sentences": SENTENCES})


@require_http_methods(["GET", "POST"])
def step(request: UserRequest, key: str) -> HttpResponse:
    abilities.require(request.user, Ability.MANAGE_SETTINGS)
    which = set_up.named(key)
    if request.method == "POST" and "skip" in request.POST:
        set_up.skip(which, by=by(request), at=now())
        return _onward(which)
    context, is_over = _PAGES[which](request)
    if is_over:
        set_up.finish(which, by=by(request), at=now())
        return _onward(which)
    refused = any(isinstance(one, forms.Form) and one.errors for one in context.values())
    context |= {"step": which, "progress": set_up.progress(), "sentence": SENTENCES[which]}
    return render(request, f"set_up/{which.value}.jinja", context, status=422 if refused else 200)


@require_POST
def dismissal(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.MANAGE_SETTINGS)
    set_up.dismiss(by=by(request), at=now())
    toasts.say(request, _("The steps are not shown any more. You find them in the settings."))
    return redirect("home")


@require_POST
def invention(request: UserRequest) -> HttpResponse:
    """Fill the empty house with the invented company."""
    abilities.require(request.user, Ability.MANAGE_SETTINGS)
    with transaction.atomic():
        inventions.ask(by=by(request), at=now())
        set_up.finish(Step.DATA, by=by(request), at=now())
    return redirect("set_up_step", Step.DATA.value)


@require_POST
def invention_removal(request: UserRequest) -> HttpResponse:
    """Take it away with all that was done in it, once the person has said that they know."""
    abilities.require(request.user, Ability.MANAGE_SETTINGS)
    if "known" not in request.POST:
        raise NotMeant
    inventions.ask_to_leave(by=by(request), at=now())
    return redirect("set_up_step", Step.DATA.value)


def _onward(which: Step) -> HttpResponse:
    """The step after this one, as far as it is still to do; else the overview."""
    progress = set_up.progress()
    order = list(Step)
    after = [one for one, row in progress.steps if row is None and order.index(one) > order.index(which)]
    return redirect("set_up_step", after[0].value) if after else redirect("set_up")


Answer = tuple[dict[str, Any], bool]


def _organisation(request: UserRequest) -> Answer:
    house = the_organisation()
    form = organisation.form_of(house, request.POST or None)
    if set_up.is_as_made(house):
        # Begin with what the founder said of themselves.
        form.initial = {**(form.initial or {}), "name": "", "language": request.user.language, "time_zone": request.user.time_zone}
    return {"form": form}, request.method == "POST" and organisation.saved(request, form)


def _hours(request: UserRequest) -> Answer:
    calendar = Calendar.objects.visible_to(request.user).of_the_organisation()
    house = the_organisation()
    form = calendar_pages.form_of(calendar, request.POST or None)
    if set_up.is_as_made(calendar):
        # The step before may just have said where the house stands.
        form.initial = {**(form.initial or {}), "country": house.country, "time_zone": house.time_zone}
    changed = carried_out(form, lambda _said: calendars.change(calendar, by=by(request), at=now(), **form.said())) if request.method == "POST" else None
    return {"form": form, "calendar": calendar}, changed is not None


def _teams(request: UserRequest) -> Answer:
    if request.method == "POST":
        abilities.require(request.user, Ability.MANAGE_PEOPLE)
    present = list(Team.objects.visible_to(request.user).order_by("pk"))
    form = TeamsForm(request.POST or None, present=present)

    @transaction.atomic
    def found(said: dict[str, Any]) -> bool:
        for department in Department:
            if name := said.get(department.value, ""):
                teams.add(name, department=department, by=by(request), at=now())
        return True

    return {"form": form, "present": present}, request.method == "POST" and bool(carried_out(form, found))


def _people(request: UserRequest) -> Answer:
    if request.method == "POST":
        abilities.require(request.user, Ability.MANAGE_PEOPLE)
    form = PeopleForm(request.POST or None, reader=request.user)
    context: dict[str, Any] = {"form": form, "may_mail": settings.MAIL is not None, "hired": [], "refused": []}
    if request.method != "POST" or not form.is_valid():
        return context, False
    for line in form.cleaned_data["addresses"]:
        try:
            newcomer = _hired(request, form, line)
        except Forbidden:
            raise
        except Refused as refusal:
            context["refused"].append((line.text, str(refusal)))
        else:
            context["hired"].append(newcomer)
    if context["hired"] and not context["refused"]:
        return context, True
    # What could not be used stays in the field, to be mended; what could is not asked for again.
    context["form"] = PeopleForm(initial={**form.cleaned_data, "addresses": "\n".join(text for text, _why in context["refused"])}, reader=request.user)
    return context, False


@transaction.atomic
def _hired(request: UserRequest, form: PeopleForm, line: Line) -> User:
    house, said, at = the_organisation(), form.cleaned_data, now()
    newcomer = people.hire(
        line.address,
        family_name=line.family_name,
        given_name=line.given_name,
        language=house.language,
        time_zone=house.time_zone,
        team=said["team"],
        by=by(request),
        at=at,
    )
    roles.grant(newcomer, role=Role(said["role"]), by=by(request), at=at)
    if settings.MAIL is not None:
        mail_invitation(request, newcomer)
    return newcomer


def _mail(request: UserRequest) -> Answer:
    return {"server": settings.MAIL, "me": request.user}, request.method == "POST"


def _data(request: UserRequest) -> Answer:
    present = set_up.invention()
    return {
        "invention": Invention.objects.visible_to(request.user).first(),
        "invented": present,
        "n_changes": set_up.n_changes_since(present) if present else 0,
        "is_empty": inventions.is_empty(),
        "n_leads": inventions.N_LEADS,
    }, request.method == "POST"


def _stages(request: UserRequest) -> Answer:
    return {}, request.method == "POST"


_PAGES: dict[Step, Callable[[UserRequest], Answer]] = {
    Step.ORGANISATION: _organisation,
    Step.HOURS: _hours,
    Step.TEAMS: _teams,
    Step.PEOPLE: _people,
    Step.MAIL: _mail,
    Step.DATA: _data,
    Step.STAGES: _stages,
}
SENTENCES = {
    Step.ORGANISATION: gettext_lazy("Who you are, in which money you count, and when your year begins."),
    Step.HOURS: gettext_lazy("When you work. What is promised in business hours is counted by them."),
    Step.TEAMS: gettext_lazy("One for each leg of the relay, to begin with. Teams stand under teams later, if you like."),
    Step.PEOPLE: gettext_lazy("Paste addresses; each gets an invitation, a role and a team."),
    Step.MAIL: gettext_lazy("Invitations and links for forgotten passwords are mailed, where mail is set."),
    Step.DATA: gettext_lazy("Bring your own in, or start empty."),
    Step.STAGES: gettext_lazy("What each stage of the relay means here. Write your own words where they differ."),
}
