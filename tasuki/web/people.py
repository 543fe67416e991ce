"""People: who works here, in which team, with which roles; hiring them, inviting them, and seeing them off."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities, absences, people, roles
from tasuki.core import time_zones as zones
from tasuki.core.abilities import Ability, Role
from tasuki.core.absences import Absence
from tasuki.core.audit import AuditEntry
from tasuki.core.people import AddressTaken, PersonRefused, User
from tasuki.core.teams import Team
from tasuki.crm.leads import Lead
from tasuki.inside_sales.coaching.praises import Praise
from tasuki.relay import departures
from tasuki.web.audit import lines
from tasuki.web.invitations import mail_invitation
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import PEOPLE
from tasuki.web.person_field import PersonField, offer_people
from tasuki.web.requests import UserRequest, by
from tasuki.web.typed_fields import typed

_MOST_PRAISES = 5
_FIELDS = ("family_name", "given_name", "email", "title", "team", "language", "time_zone")


def time_zones() -> list[tuple[str, str]]:
    """The zones named by a place, and UTC."""
    return [(zone, zone) for zone in ("UTC", *zones.of_places())]


class PersonForm(forms.Form):
    family_name = forms.CharField(label=gettext_lazy("family name"), max_length=120)
    given_name = forms.CharField(label=gettext_lazy("given name"), max_length=120, required=False)
    email = forms.EmailField(label=gettext_lazy("e-mail address"))
    title = forms.CharField(label=gettext_lazy("job title"), max_length=120, required=False)
    team = forms.ModelChoiceField(Team.objects.none(), label=gettext_lazy("team"), required=False, empty_label="–")
    language = forms.ChoiceField(label=gettext_lazy("language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=gettext_lazy("time zone"), choices=time_zones)

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = typed(self.fields["team"], forms.ModelChoiceField)
        field.queryset = Team.objects.visible_to(reader).order_by("name")

    def explain(self, refusal: AddressTaken | PersonRefused) -> None:
        """Show a refusal of the verb where the person typed what it is about."""
        if isinstance(refusal, AddressTaken):
            self.add_error("email", str(refusal))
            return
        for field, sentences in refusal.fields.items():
            for sentence in sentences:
                self.add_error(field, sentence)


class AbsenceForm(forms.Form):
    first_on = forms.DateField(label=gettext_lazy("first day"), widget=forms.DateInput(attrs={"type": "date"}))
    last_on = forms.DateField(label=gettext_lazy("last day"), widget=forms.DateInput(attrs={"type": "date"}))
    deputy = PersonField(label=gettext_lazy("deputy"), required=False)
    reason = forms.CharField(label=gettext_lazy("reason"), max_length=absences.LONGEST_REASON, required=False)

    def __init__(self, *args: Any, reader: User, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_people(self.fields["deputy"], "deputies", reader=reader, about=person.pk)


@require_GET
def people_list(request: UserRequest) -> HttpResponse:
    found = lists.answer(request, PEOPLE, at=now())
    if isinstance(found, HttpResponse):
        return found
    return lists.shown(request, found, absent=absences.by_person(found.rows, seen_by=request.user))


@require_GET
def person(request: UserRequest, pk: int) -> HttpResponse:
    return _person_page(request, _person(request, pk))


@require_http_methods(["GET", "POST"])
def hire(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.MANAGE_PEOPLE)
    form = PersonForm(request.POST or None, reader=request.user, initial={"language": request.user.language, "time_zone": request.user.time_zone})
    if request.method == "POST" and form.is_valid():
        try:
            newcomer = people.hire(**_written(form), by=by(request), at=now())
        except (AddressTaken, PersonRefused) as refusal:
            form.explain(refusal)
        else:
            _welcome(request, newcomer)
            return redirect("person", newcomer.pk)
    return render(request, "people/form.jinja", {"form": form, "person": None}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def person_change(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.MANAGE_PEOPLE)
    whom = _person(request, pk)
    form = PersonForm(request.POST or None, reader=request.user, initial={field: getattr(whom, field) for field in _FIELDS})
    if request.method == "POST" and form.is_valid():
        try:
            people.change(whom, by=by(request), at=now(), **_written(form))
        except (AddressTaken, PersonRefused) as refusal:
            form.explain(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("person", whom.pk)
    return render(request, "people/form.jinja", {"form": form, "person": whom}, status=422 if form.errors else 200)


@require_POST
def person_roles(request: UserRequest, pk: int) -> HttpResponse:
    """Grant the role named in the form."""
    abilities.require(request.user, Ability.MANAGE_PEOPLE)
    whom = _person(request, pk)
    roles.grant(whom, role=roles.named(request.POST.get("role", "")), by=by(request), at=now())
    return redirect("person", whom.pk)


@require_POST
def person_role_end(request: UserRequest, pk: int, role: str) -> HttpResponse:
    abilities.require(request.user, Ability.MANAGE_PEOPLE)
    whom = _person(request, pk)
    roles.revoke(whom, role=roles.named(role), by=by(request), at=now())
    return redirect("person", whom.pk)


@require_POST
def person_invitation(request: UserRequest, pk: int) -> HttpResponse:
    """A link for the person to set a password: mailed (`way` is “mail”), or shown once, here, to be handed over."""
    abilities.require(request.user, Ability.MANAGE_PEOPLE)
    whom = _person(request, pk)
    if request.POST.get("way") == "mail" and settings.MAIL is not None:
        mail_invitation(request, whom)
        messages.success(request, _("A link is on its way to %(address)s.") % {"address": whom.email})
        return redirect("person", whom.pk)
    token = people.invite(whom, by=by(request), at=now())
    link = request.build_absolute_uri(reverse("password_link", args=[token]))
    response = render(request, "people/invitation_made.jinja", {"person": whom, "link": link, "until": now() + people.INVITATION_LASTS})
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
def person_departure(request: UserRequest, pk: int) -> HttpResponse:
    """Ask with the consequences counted; then see the person off."""
    abilities.require(request.user, Ability.MANAGE_PEOPLE)
    whom = _person(request, pk)
    if request.method == "POST":
        departures.depart(whom, by=by(request), at=now())
        messages.success(request, _("%(name)s has left. What they carried is in their teams' queues.") % {"name": whom.display_name})
        return redirect("person", whom.pk)
    return render(request, "people/departure.jinja", {"person": whom, "carried": departures.carried_by(whom)})


@require_POST
def person_absences(request: UserRequest, pk: int) -> HttpResponse:
    whom = _person(request, pk)
    absences.require_may_mark(request.user, whom)
    form = AbsenceForm(request.POST, reader=request.user, person=whom)
    if not form.is_valid():
        return _person_page(request, whom, absence_form=form)
    absences.mark(whom, by=by(request), at=now(), **form.cleaned_data)
    return redirect("person", whom.pk)


@require_POST
def absence_end(request: UserRequest, pk: int) -> HttpResponse:
    absence = get_object_or_404(Absence.objects.visible_to(request.user).select_related("user"), pk=pk)
    absences.require_may_mark(request.user, absence.user)
    absences.cancel(absence, by=by(request), at=now())
    return redirect("person", absence.user_id)


def _welcome(request: UserRequest, newcomer: User) -> None:
    """Invite the newcomer at once where mail can be sent, and say what is left to do."""
    said = {"name": newcomer.display_name, "address": newcomer.email}
    if settings.MAIL is None:
        messages.success(request, _("%(name)s is here. Grant a role, then make an invitation link and hand it over.") % said)
        return
    mail_invitation(request, newcomer)
    messages.success(request, _("%(name)s is here, and an invitation is on its way to %(address)s. Grant a role now.") % said)


def _person(request: UserRequest, pk: int) -> User:
    return get_object_or_404(User.objects.visible_to(request.user).select_related("team"), pk=pk)


def _person_page(request: UserRequest, whom: User, *, absence_form: AbsenceForm | None = None) -> HttpResponse:
    reader = abilities.standing_of(request.user)
    held = list(whom.role_grants.select_related("granted_by").order_by("granted_at", "id"))
    is_own = whom.pk == request.user.pk
    praised = list(Praise.objects.visible_to(request.user).filter(receiver=whom).for_listing().newest_first()[:_MOST_PRAISES])
    context = {
        "praises": praised,
        "sees_leads": set(Lead.objects.visible_to(request.user).filter(pk__in=[one.lead_id for one in praised if one.lead_id]).values_list("pk", flat=True)),
        "person": whom,
        "held": held,
        "grantable": [role for role in Role if role.value not in {grant.role for grant in held}],
        "absences": Absence.objects.visible_to(request.user).filter(user=whom).not_over(_today()).for_listing(),
        "hides_reason": "reason" in reader.hides("absence") and not is_own,
        "absence_form": (absence_form or AbsenceForm(reader=request.user, person=whom)) if absences.may_mark(request.user, whom) else None,
        "may_manage": Ability.MANAGE_PEOPLE in reader.abilities,
        "may_mail": settings.MAIL is not None,
        "may_read_audit": Ability.READ_AUDIT_LOG in reader.abilities,
        "trail": lines(AuditEntry.objects.visible_to(request.user).of(whom).newest_first().for_listing()[:20], reader=request.user),
    }
    return render(request, "people/person.jinja", context, status=422 if absence_form and absence_form.errors else 200)


def _written(form: PersonForm) -> dict[str, Any]:
    return {field: form.cleaned_data[field] for field in _FIELDS}


def _today() -> date:
    return timezone.localdate()
