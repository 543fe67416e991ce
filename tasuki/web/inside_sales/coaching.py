"""Coaching: what a coach should look at, exceptions first; each person's own page; skill cards; and praise."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities, team_trees
from tasuki.core.abilities import Ability
from tasuki.core.errors import Forbidden
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm import notifications
from tasuki.crm.leads import Lead
from tasuki.engage.recording_rows import Recording
from tasuki.inside_sales.coaching import cards, listening, overview, praises, reviews, whom
from tasuki.inside_sales.coaching.cards import SkillCard, Step
from tasuki.inside_sales.coaching.praises import Praise
from tasuki.inside_sales.coaching.reviews import Review
from tasuki.inside_sales.coaching.samples import Sample
from tasuki.relay import chains
from tasuki.web import toasts
from tasuki.web.inside_sales.coaching_forms import CardForm, PraiseForm, StepForm
from tasuki.web.person_field import PersonField, offer_people
from tasuki.web.records import back, carried_out
from tasuki.web.requests import UserRequest, by, record_id

_MOST_SAMPLES, _MOST_MODELS, _MOST_REVIEWS, _MOST_PRAISES, PAGE = 60, 40, 30, 12, 40


@require_GET
def home(request: UserRequest) -> HttpResponse:
    """What stands out, what is to be heard, and everybody by name. Whoever coaches nobody sees their own page."""
    user, at = request.user, now()
    if not abilities.can(user, Ability.REVIEW_CALLS):
        return _person_page(request, user)
    lines = overview.lines(user, at=at)
    waiting = Sample.objects.visible_to(user).waiting()
    context = {
        "lines": lines,
        "findings": overview.findings(lines, at=at),
        "samples": list(waiting.oldest_first().for_listing()[:_MOST_SAMPLES]),
        "listening": overview.listening(user, at=at),
        "listeners": listening.by_week(user, at=at),
        "agreement": reviews.agreement(Review.objects.visible_to(user)),
        "fewest": reviews.FEWEST_PAIRS,
        "models": list(Recording.objects.visible_to(user).model_calls().for_listing()[:_MOST_MODELS]),
        "today": localdate(),
        "may_edit": abilities.can(user, Ability.EDIT_PROCESS),
    }
    return render(request, "inside_sales/coaching/home.jinja", context)


@require_GET
def person(request: UserRequest, pk: int) -> HttpResponse:
    return _person_page(request, _seen(request, pk))


def _seen(request: UserRequest, pk: int) -> User:
    """Oneself, or somebody whom one coaches. Raises Forbidden."""
    found = get_object_or_404(User.objects.visible_to(request.user).select_related("team"), pk=pk)
    if found.pk != request.user.pk and not whom.coaches(found, user=request.user):
        raise Forbidden(_("This page is for the person and their coaches."))
    return found


def _person_page(request: UserRequest, found: User, **sent: forms.Form) -> HttpResponse:
    """Everything about one person's calls; with a form that was refused, in its place."""
    user, is_coach = request.user, whom.coaches(found, user=request.user)
    practised = list(SkillCard.objects.visible_to(user).filter(person=found).for_listing().order_by("finished_at", "next_on", "pk"))
    context: dict[str, Any] = {
        "person": found,
        "is_me": found.pk == user.pk,
        "is_coach": is_coach,
        "reviews": list(Review.objects.visible_to(user).filter(person=found).for_listing().newest_first()[:_MOST_REVIEWS]),
        "cards": [(card, _step_form(card, user, sent, is_coach=is_coach)) for card in practised],
        "steps": list(Step),
        "praises": list(Praise.objects.visible_to(user).filter(receiver=found).for_listing().newest_first()[:_MOST_PRAISES]),
        "sees_leads": _sees(request, Praise.objects.visible_to(user).filter(receiver=found)),
        "recordings": list(Recording.objects.visible_to(user).kept().filter(call__caller=found).for_listing().order_by("-call__started_at")[:_MOST_PRAISES]),
        "models": list(Recording.objects.visible_to(user).model_calls().for_listing()[:_MOST_MODELS]),
        "part": chains.followed(found, reader=user),
        "card_form": CardForm(initial={"next_on": localdate()}),
        "today": localdate(),
        **{name: form for name, form in sent.items() if not name.startswith("step_")},
    }
    return render(request, "inside_sales/coaching/person.jinja", context, status=422 if sent else 200)


def _step_form(card: SkillCard, user: User, sent: dict[str, forms.Form], *, is_coach: bool) -> forms.Form | None:
    if not cards.may_step(card, user=user, is_coach=is_coach):
        return None
    return sent.get(f"step_{card.pk}") or StepForm(card=card, initial={"next_on": localdate()})


@require_POST
def card_add(request: UserRequest, pk: int) -> HttpResponse:
    """Open a skill card for a person."""
    found, form = _seen(request, pk), CardForm(request.POST)
    if not carried_out(form, lambda said: cards.begin(found, by=by(request), at=now(), **said)):
        return _person_page(request, found, card_form=form)
    toasts.say(request, _("The card is open. Show it first."))
    return redirect("coaching_person", pk)


@require_GET
def card(request: UserRequest, pk: int) -> HttpResponse:
    """Leads to where it stands, as notifications do."""
    found = get_object_or_404(SkillCard.objects.visible_to(request.user), pk=pk)
    notifications.read_about(request.user, at=now(), cause__noun="skillcard", cause__record_id=pk)
    return redirect(f"{reverse('coaching_person', args=[found.person_id])}#card-{pk}")


@require_POST
def card_step(request: UserRequest, pk: int) -> HttpResponse:
    """Take the step that comes next."""
    found = get_object_or_404(SkillCard.objects.visible_to(request.user).for_listing(), pk=pk)
    form = StepForm(request.POST, card=found)
    if not carried_out(form, lambda said: cards.step_on(found, by=by(request), at=now(), **said)):
        return _person_page(request, found.person, **{f"step_{pk}": form})
    toasts.say(request, _("The step is taken."))
    return redirect(f"{reverse('coaching_person', args=[found.person_id])}#card-{pk}")


@require_http_methods(["GET", "POST"])
def praise_log(request: UserRequest) -> HttpResponse:
    """Who was praised for what, newest first; of one team with those below it, or of one person. Nobody is counted.

    With a lead in the address the page praises somebody for what they did there.
    """
    lead = _lead(request)
    form = LeadPraiseForm(request.POST or None, reader=request.user, initial={"person": record_id(request.GET.get("person", ""))})
    if request.method == "POST":
        if lead is None or not praises.may_praise(request.user):
            raise Http404
        said = carried_out(form, lambda words: praises.give(words["person"], deed=words["deed"], lead=lead, by=by(request), at=now()))
        if said:
            toasts.say(request, _("The praise is given."))
            return back(request, reverse("praises"))
    rows, team, of = Praise.objects.visible_to(request.user), record_id(request.GET.get("team", "")), record_id(request.GET.get("person", ""))
    if team:
        rows = rows.filter(receiver__team__in=team_trees.tree_ids(team))
    if of and not lead:
        rows = rows.filter(receiver=of)
    if last := rows.filter(pk=record_id(request.GET.get("before", "")) or 0).first():
        rows = rows.older_than(last)
    found = list(rows.for_listing().newest_first()[: PAGE + 1])
    kept = {name: pk for name, pk in (("team", team), ("person", of)) if pk}
    context = {
        "rows": found[:PAGE],
        "older": f"?{urlencode(kept | {'before': found[PAGE - 1].pk})}" if len(found) > PAGE else "",
        "teams": Team.objects.visible_to(request.user).order_by("name"),
        "team": team,
        "lead": lead,
        "form": form if lead else None,
        "sees_leads": _sees(request, rows.filter(pk__in=[one.pk for one in found])),
    }
    return render(request, "inside_sales/coaching/praises.jinja", context, status=422 if form.errors else 200)


class LeadPraiseForm(PraiseForm):
    """Praise for what somebody did with a lead."""

    person = PersonField()
    field_order = ("person", "deed")

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        field.label = _("Whom")
        offer_people(field, "others", reader=reader)


@require_GET
def praise(request: UserRequest, pk: int) -> HttpResponse:
    """Leads to where it stands, as notifications do."""
    found = get_object_or_404(Praise.objects.visible_to(request.user), pk=pk)
    notifications.read_about(request.user, at=now(), cause__noun="praise", cause__record_id=pk)
    return redirect(f"{reverse('praises')}?person={found.receiver_id}#praise-{pk}")


def _lead(request: UserRequest) -> Lead | None:
    pk = record_id(request.GET.get("lead", ""))
    return get_object_or_404(Lead.objects.visible_to(request.user).select_related("contact", "account"), pk=pk) if pk else None


def _sees(request: UserRequest, rows: Any) -> set[int]:
    """The leads of these praises that the reader may open."""
    return set(Lead.objects.visible_to(request.user).filter(pk__in=rows.filter(lead__isnull=False).values("lead")).values_list("pk", flat=True))
