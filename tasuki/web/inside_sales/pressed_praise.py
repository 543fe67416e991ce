"""Praise with one press: on a win, an accepted hand-off, a call that was heard, the last step of a skill card; undone, or put into words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.engage import recordings
from tasuki.inside_sales.coaching import cards, praises
from tasuki.inside_sales.coaching.cards import SkillCard
from tasuki.inside_sales.coaching.praises import For, Praise
from tasuki.relay import chains
from tasuki.relay.handoff_rows import Handoff, HandoffState
from tasuki.web import toasts
from tasuki.web.inside_sales.coaching_forms import PraiseForm
from tasuki.web.records import back, carried_out
from tasuki.web.requests import UserRequest, by, record_id

if TYPE_CHECKING:
    from tasuki.core.people import User


@dataclass(frozen=True)
class Pressing:
    """What a page shows where somebody may be praised: for what, on which record, whom, and whether that was done already."""

    what: For
    record: int
    person: User
    is_done: bool


def of_call(user: User, *, call: int, person: User) -> Pressing:
    return Pressing(For.CALL, call, person, (call, person.pk) in praises.pressed(user, what=For.CALL, calls=[call]))


def of_handoff(user: User, handoff: Handoff) -> Pressing | None:
    """For whoever is credited with what was accepted; None where there is nobody to praise."""
    person = handoff.credited_to
    if handoff.state != HandoffState.ACCEPTED or handoff.is_own or person.pk == user.pk or not person.is_active or not praises.may_praise(user):
        return None
    return Pressing(For.HANDOFF, handoff.pk, person, (handoff.lead_id, person.pk) in praises.pressed(user, what=For.HANDOFF, leads=[handoff.lead_id]))


@require_POST
def press(request: UserRequest) -> HttpResponse:
    """`what` the praise is for, the `record` that shows it, and on a win the `person`."""
    said, record = request.POST.get("what", ""), record_id(request.POST.get("record", "")) or 0
    if said not in For.values:
        raise BadRequest(_("This address does not say what the praise is for."))
    praise, is_new = _pressed(request, For(said), record)
    who = praise.receiver.display_name
    if is_new:
        toasts.say(request, _("%(who)s is praised, and told.") % {"who": who}, undo=reverse("praise_removal", args=[praise.pk]))
    else:
        toasts.say(request, _("You have praised %(who)s for this already.") % {"who": who})
    return back(request, reverse("praises"))


def _pressed(request: UserRequest, what: For, record: int) -> tuple[Praise, bool]:
    user, acting, at = request.user, by(request), now()
    if what is For.WIN:
        lead = get_object_or_404(chains.wins(user), pk=record)
        wanted = record_id(request.POST.get("person", ""))
        person = next((one for one in chains.chains([lead])[lead.pk].people if one.pk == wanted), None)
        if person is None:
            raise Http404
        return praises.press(person, what=what, lead=lead, by=acting, at=at)
    if what is For.HANDOFF:
        handoff = get_object_or_404(Handoff.objects.visible_to(user).for_page().filter(state=HandoffState.ACCEPTED, is_own=False), pk=record)
        return praises.press(handoff.credited_to, what=what, lead=handoff.lead, by=acting, at=at)
    if what is For.CALL:
        call = get_object_or_404(recordings.calls_for(user).filter(caller__isnull=False).select_related("caller"), pk=record)
        assert call.caller is not None  # noqa: S101 - as it was asked for
        return praises.press(call.caller, what=what, call=call, by=acting, at=at)
    card = get_object_or_404(SkillCard.objects.visible_to(user).for_listing(), pk=record)
    return cards.press_praise(card, by=acting, at=at)


@require_POST
def removal(request: UserRequest, pk: int) -> HttpResponse:
    """Undo the press."""
    praise = get_object_or_404(Praise.objects.visible_to(request.user).for_listing(), pk=pk)
    verb = cards.take_back_praise if praise.card_id else praises.take_back
    verb(praise, by=by(request), at=now())
    toasts.say(request, _("The praise is taken back."))
    return back(request, reverse("praises"))


@require_http_methods(["GET", "POST"])
def words(request: UserRequest, pk: int) -> HttpResponse:
    """Whoever pressed puts words to it afterwards."""
    praise = get_object_or_404(Praise.objects.visible_to(request.user).filter(giver=request.user).for_listing(), pk=pk)
    form = PraiseForm(request.POST or None)
    if request.method == "POST" and carried_out(form, lambda said: praises.say_more(praise, deed=said["deed"], by=by(request), at=now()) or True):
        toasts.say(request, _("The praise has its words."))
        return redirect("praise", pk)
    return render(request, "inside_sales/coaching/praise_words.jinja", {"praise": praise, "form": form}, status=422 if form.errors else 200)
