"""Hand-offs: the queue, the page of one with its package, clock, answers and talk, and every step that either side can take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability, Role
from tasuki.core.errors import Forbidden
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.crm import notifications
from tasuki.crm.leads import Lead
from tasuki.engage import recordings
from tasuki.engage.calls import Call
from tasuki.engage.meeting_rows import Meeting
from tasuki.inside_sales import qualification
from tasuki.relay import handoff_clock, handoff_recordings, handoff_rules, handoff_talks, handoffs
from tasuki.relay.clocks import Clock
from tasuki.relay.handoff_rows import Handoff
from tasuki.sales.opportunities import Opportunity
from tasuki.web import formats, handoff_forms, moves
from tasuki.web.inside_sales import pressed_praise
from tasuki.web.inside_sales.facts import may_learn
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import HANDOFFS
from tasuki.web.records import carried_out, done
from tasuki.web.requests import UserRequest, by


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    found = lists.answer(request, HANDOFFS, at=now())
    return found if isinstance(found, HttpResponse) else lists.shown(request, found)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    notifications.read_about(request.user, at=now(), cause__noun="handoff", cause__record_id=pk)
    return _shown(request, _found(request, pk))


def _found(request: UserRequest, pk: int) -> Handoff:
    return get_object_or_404(Handoff.objects.visible_to(request.user).for_page(), pk=pk)


def _shown(request: UserRequest, handoff: Handoff, **sent: forms.Form) -> HttpResponse:
    """The page of a hand-off; with a form that was refused, in its place and with the reason."""
    user, found = request.user, getattr(handoff, "dispute", None)
    context: dict[str, Any] = {
        "handoff": handoff,
        "answer": getattr(handoff, "answer", None),
        "dispute": found,
        "heard": _heard(handoff, user) if found and found.decided_at is None else None,
        "pressing": pressed_praise.of_handoff(user, handoff),
        "call_told": formats.call_told(handoff.call) if handoff.call else "",
        "opens_call": handoff.call_id is not None and recordings.calls_for(user).filter(pk=handoff.call_id).exists(),
        "verdicts": found.verdicts.select_related("judged_by").order_by("pk") if found else [],
        "words": handoff.words.select_related("said_by").order_by("pk"),
        "offers": Handoff.objects.visible_to(user).filter(lead__in=[handoff.lead_id, handoff.lead.previous_id or 0]).for_listing().order_by("pk"),
        "deal": Opportunity.objects.visible_to(user).filter(lead=handoff.lead_id).first(),
        "sees_lead": Lead.objects.visible_to(user).filter(pk=handoff.lead_id).exists(),
        "may_answer": handoff.is_open and handoffs.may_answer(handoff, user),
        "may_send": handoff.is_open and is_sender(handoff, user),
        "may_dispute": handoff_talks.may_dispute(handoff, user),
        "may_judge": handoff_talks.may_judge(handoff, user),
        "may_write": abilities.can(user, Ability.WORK_LEADS),
        "may_give_up": may_give_up(handoff, user),
        "grace": handoff_rules.in_force().grace,
        "owed": Clock.objects.visible_to(user).running().filter(handoff=handoff).select_related("agreement", "owner", "team").order_by("pk"),
        "is_unread": Handoff.objects.visible_to(user).with_unread_feedback(user).filter(pk=handoff.pk).exists(),
        "accept_form": handoff_forms.AcceptForm(reader=user, initial={"currency": the_organisation().currency, "product": handoff.lead.product_id}),
        "needs_form": handoff_forms.NeedsForm(),
        "return_form": handoff_forms.ReturnForm(),
        "miss_form": moves.Press(),
        "withdraw_form": handoff_forms.WithdrawForm(),
        "meeting_form": handoff_forms.MeetingForm(initial={"meeting_at": handoff.meeting_at}),
        "word_form": handoff_forms.WordForm(),
        "dispute_form": handoff_forms.DisputeForm(),
        "verdict_form": handoff_forms.VerdictForm(),
        "give_up_form": handoff_forms.GiveUpForm(),
        "now": now(),
        **sent,
    }
    context["unseen"] = [form for name, form in sent.items() if name not in _forms_shown(context)]
    return render(request, "handoffs/page.jinja", context, status=422 if sent else 200)


def _heard(handoff: Handoff, user: User) -> Call | None:
    """The call that the dispute is about, for whoever may hear it."""
    call = handoff_recordings.call_of(handoff)
    return call if call and recordings.heard_by(user).filter(call=call, file__isnull=False).exists() else None


def _forms_shown(context: dict[str, Any]) -> set[str]:
    """The forms that the page offers this reader; what any other refuses is said above them."""
    is_over = context["handoff"].meeting_at <= context["now"]
    shown = {
        "may_answer": {"accept_form", "needs_form", "return_form", *(["miss_form"] if is_over else [])},
        "may_send": {"withdraw_form", "meeting_form"},
        "may_write": {"word_form"},
        "may_dispute": {"dispute_form"},
        "may_judge": {"verdict_form"},
        "may_give_up": {"give_up_form"},
    }
    return {form for may, forms_ in shown.items() if context[may] for form in forms_}


def is_sender(handoff: Handoff, user: User) -> bool:
    """Whoever is credited or offered it, and whoever leads them."""
    standing = abilities.standing_of(user)
    leads_them = Role.MANAGER in standing.roles and handoff.from_team_id in standing.tree
    return user.pk in (handoff.credited_to_id, handoff.offered_by_id) or leads_them or Role.ADMINISTRATOR in standing.roles


def may_give_up(handoff: Handoff, user: User) -> bool:
    """What was accepted and has no next step can be given back by whoever may have answered it (R22)."""
    return handoff.next_step_told_at is not None and handoff.lapsed_at is None and handoffs.may_answer(handoff, user)


@require_http_methods(["GET", "POST"])
def new(request: UserRequest, pk: int) -> HttpResponse:
    """Offer a lead: what is missing of its facts stands above the form."""
    abilities.require(request.user, Ability.WORK_LEADS)
    lead = get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk)
    credited = lead.owner or request.user
    before = lead.handoffs.order_by("pk").last() or (lead.previous.handoffs.order_by("pk").last() if lead.previous else None)
    meeting = Meeting.objects.visible_to(request.user).ahead().filter(lead=lead).select_related("held_by").in_order().first()
    form = handoff_forms.OfferForm(request.POST or None, reader=request.user, lead=lead, credited_to=credited, before=before, meeting=meeting)
    if request.method == "POST":
        made = carried_out(form, lambda _said: handoffs.offer(lead, package=form.package, to=form.receiver, by=by(request), at=now()))
        if made:
            return done(request, _("Offered to %(who)s.") % {"who": made.receiver}, name="handoff", pk=made.pk)
    facts = qualification.of(lead)
    context = {"lead": lead, "form": form, "facts": facts, "missing": facts.missing, "may_learn": may_learn(request, lead), "credited": credited}
    return render(request, "handoffs/new.jinja", context, status=422 if form.errors else 200)


@require_POST
def acceptance(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_OPPORTUNITIES)
    handoff, form = _found(request, pk), handoff_forms.AcceptForm(request.POST, reader=request.user)
    deal = carried_out(form, lambda said: handoffs.accept(handoff, terms=moves.terms_of(said), by=by(request), at=now()))
    if not deal:
        return _shown(request, _found(request, pk), accept_form=form)
    if not Opportunity.objects.visible_to(request.user).filter(pk=deal.pk).exists():
        return done(request, _("Accepted: the opportunity is open."), name="handoff", pk=pk)
    return done(request, _("Accepted: the opportunity is open."), name="opportunity", pk=deal.pk)


@require_POST
def needs(request: UserRequest, pk: int) -> HttpResponse:
    form = handoff_forms.NeedsForm(request.POST)
    return _answered(request, pk, form=form, name="needs_form", verb=lambda one, said: handoffs.need_more(one, by=by(request), at=now(), **said))


@require_POST
def returning(request: UserRequest, pk: int) -> HttpResponse:
    form = handoff_forms.ReturnForm(request.POST)
    return _answered(request, pk, form=form, name="return_form", verb=lambda one, _said: handoffs.give_back(one, said=form.said, by=by(request), at=now()))


@require_POST
def no_show(request: UserRequest, pk: int) -> HttpResponse:
    return _answered(request, pk, form=moves.Press(request.POST), name="miss_form", verb=lambda one, _said: handoffs.miss(one, by=by(request), at=now()))


def _answered(request: UserRequest, pk: int, *, form: forms.Form, name: str, verb: Callable[[Handoff, dict[str, Any]], Any]) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_OPPORTUNITIES)
    handoff = _found(request, pk)
    if not carried_out(form, lambda said: verb(handoff, said)):
        return _shown(request, _found(request, pk), **{name: form})
    return done(request, _("The sender is told."), name="handoff", pk=pk)


@require_POST
def withdrawal(request: UserRequest, pk: int) -> HttpResponse:
    handoff, form = _sent(request, pk), handoff_forms.WithdrawForm(request.POST)
    if not carried_out(form, lambda said: handoffs.withdraw(handoff, words=said["words"], by=by(request), at=now())):
        return _shown(request, _found(request, pk), withdraw_form=form)
    return done(request, _("The offer is withdrawn."), name="handoff", pk=pk)


@require_POST
def meeting(request: UserRequest, pk: int) -> HttpResponse:
    handoff, form = _sent(request, pk), handoff_forms.MeetingForm(request.POST)
    if not carried_out(form, lambda said: handoffs.move_meeting(handoff, meeting_at=said["meeting_at"], by=by(request), at=now())):
        return _shown(request, _found(request, pk), meeting_form=form)
    return done(request, _("The meeting has another time."), name="handoff", pk=pk)


def _sent(request: UserRequest, pk: int) -> Handoff:
    abilities.require(request.user, Ability.WORK_LEADS)
    handoff = _found(request, pk)
    if not is_sender(handoff, request.user):
        raise Forbidden(_("Only inside sales, whose offer it is, changes it."))
    return handoff


@require_POST
def reading(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_LEADS)
    handoff_talks.read(_found(request, pk), by=by(request), at=now())
    messages.success(request, _("Read."))
    return redirect("handoff", pk)


@require_POST
def words(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_LEADS)
    handoff, form = _found(request, pk), handoff_forms.WordForm(request.POST)
    if not carried_out(form, lambda said: handoff_talks.write(handoff, text=said["text"], by=by(request), at=now())):
        return _shown(request, handoff, word_form=form)
    return done(request, _("The other side is told."), name="handoff", pk=pk)


@require_POST
def dispute(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_LEADS)
    handoff, form = _found(request, pk), handoff_forms.DisputeForm(request.POST)
    if not carried_out(form, lambda said: handoff_talks.dispute(handoff, text=said["text"], by=by(request), at=now())):
        return _shown(request, _found(request, pk), dispute_form=form)
    return done(request, _("The managers of both sides are told."), name="handoff", pk=pk)


@require_POST
def verdict(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_LEADS)
    handoff, form = _found(request, pk), handoff_forms.VerdictForm(request.POST)
    if not carried_out(form, lambda said: _judged(request, handoff, said)):
        return _shown(request, _found(request, pk), verdict_form=form)
    return done(request, _("Your verdict is written down."), name="handoff", pk=pk)


def _judged(request: UserRequest, handoff: Handoff, said: dict[str, Any]) -> Any:
    found = getattr(handoff, "dispute", None)
    if found is None:
        raise handoff_talks.NotYoursToJudge
    return handoff_talks.judge(found, stands=said["stands"] == "yes", text=said["text"], by=by(request), at=now())


@require_POST
def giving_up(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_OPPORTUNITIES)
    handoff, form = _found(request, pk), handoff_forms.GiveUpForm(request.POST)
    if not may_give_up(handoff, request.user):
        raise handoffs.NotTheReceiver
    if not carried_out(form, lambda said: _given_up(request, handoff, said)):
        return _shown(request, _found(request, pk), give_up_form=form)
    return done(request, _("The lead is given back. It wakes by its rule."), name="handoff", pk=pk)


@transaction.atomic
def _given_up(request: UserRequest, handoff: Handoff, said: dict[str, Any]) -> bool:
    handoff_clock.give_up(handoff, words=said["words"], wake_on=said["wake_on"], by=by(request), at=now())
    return True
