"""The call desk: one screen with the queue, the brief, the seven facts, what to say, and the bar of the call. Plain forms without script."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from itertools import count
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm import exit_reasons
from tasuki.crm.leads import Lead
from tasuki.crm.scoring import scores
from tasuki.engage import callability, calls, next_calls, recipients, telephony
from tasuki.engage.calls import Call, OutcomeIncomplete
from tasuki.engage.dispositions import MEANINGS, Disposition
from tasuki.engage.meetings import TooClose
from tasuki.engage.next_types import type_of_next
from tasuki.engage.triage import deciding
from tasuki.engage.triage.rows import ReplyTriage, latest_answer
from tasuki.inside_sales import briefs, call_desk, desk_booking, leases, objections, qualification, scripts
from tasuki.inside_sales.call_desk import Waiting
from tasuki.inside_sales.desk_booking import Offer
from tasuki.inside_sales.objections import Objection
from tasuki.inside_sales.qualification import Facts
from tasuki.web import toasts, triage
from tasuki.web.exit_forms import RecycleForm
from tasuki.web.inside_sales import call_marks, desk_forms
from tasuki.web.inside_sales.desk_forms import DialForm, OutcomeForm, SkipForm
from tasuki.web.meeting_times import by_day
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by, is_htmx, record_id

_SHOWN_OBJECTIONS = 4


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """The first who waits; or that nobody does."""
    _require(request)
    at = now()
    waiting = call_desk.queue(request.user, at=at)
    here = call_desk.following(waiting, but=0, at=at)
    if here is None:
        return render(request, "inside_sales/desk/empty.jinja", _queue(request, waiting, at=at))
    return redirect("desk_lead", here.lead.pk)


@require_GET
def lead(request: UserRequest, pk: int) -> HttpResponse:
    """One lead at the desk; a fragment of it for the desk that loads the next one ahead."""
    return _shown(request, _found(request, pk))


@require_POST
def call(request: UserRequest, pk: int) -> HttpResponse:
    """Dial: the call begins, and the telephone rings if there is a system that does it."""
    here, form, at = _found(request, pk), DialForm(request.POST), now()
    number = form.cleaned_data["number"] if form.is_valid() else "?"
    system = telephony.current()
    going = call_desk.dial(here, call_type=type_of_next(here), number=number, adapter=system.key, by=by(request), at=at)
    if number:
        telephony.dial(going, seat=request.user.email or "")
    return _after(request, here)


@require_POST
def end(request: UserRequest, pk: int) -> HttpResponse:
    """Hang up; what came of it is said next."""
    here, at = _found(request, pk), now()
    going = call_desk.at_hand(here, user=request.user)
    if going:
        telephony.hang_up(calls.end(going, at=at))
    return _after(request, here)


@require_POST
def outcome(request: UserRequest, pk: int) -> HttpResponse:
    """What came of the call, and what was learned in it; then the next lead."""
    here, at = _found(request, pk), now()
    form = _sent_outcome(request, here)
    typed = desk_forms.learned(request.POST, qualification.of(here))

    def said(_said: dict[str, Any]) -> calls.Written | None:
        said_of_it = form.outcome(at=at)
        if said_of_it.disposition == Disposition.MEETING and said_of_it.held_by is None:
            holder = desk_booking.holder_of(here, caller=request.user, at=at)
            said_of_it = replace(said_of_it, held_by=holder, is_close_knowingly=form.knows(said_of_it.meeting_at, holder))
        try:
            return call_desk.conclude(here, outcome=said_of_it, learned=typed, call_type=type_of_next(here), by=by(request), at=at)
        except OutcomeIncomplete as refusal:
            form.explain(refusal)
            return None
        except TooClose as refusal:
            form.warn(refusal)
            return None

    written = carried_out(form, said)
    if written is None:
        return _shown(request, here, outcome_form=form, **_offer(request, here, form, at=at))
    for sentence in written.held_back:
        toasts.say(request, sentence, warns=True)
    return _on(request, here, _told(written, here))


@require_POST
def slots(request: UserRequest, pk: int) -> HttpResponse:
    """Free times of whoever is to hold the meeting. They are asked for when a meeting is the result, and not before; what is typed comes along."""
    here, at = _found(request, pk), now()
    form = _sent_outcome(request, here)
    offered = _offer(request, here, form, at=at)
    if is_htmx(request):
        return render(request, "inside_sales/desk/slots.jinja", {"lead": here, "outcome_form": form, **offered})
    return _shown(request, here, status=200, outcome_form=form, **offered)


@require_POST
def facts(request: UserRequest, pk: int) -> HttpResponse:
    """Keep what was typed so far; the desk sends it by itself whenever a field is left."""
    here = _found(request, pk)
    call_desk.learn(here, learned=desk_forms.learned(request.POST, qualification.of(here)), by=by(request), at=now())
    if not is_htmx(request):
        messages.success(request, _("It is written down."))
        return redirect("desk_lead", pk)
    return render(request, "inside_sales/desk/facts.jinja", {"lead": here, "facts": qualification.of(here), "shown": desk_forms.shown})


@require_POST
def skip(request: UserRequest, pk: int) -> HttpResponse:
    here, form = _found(request, pk), SkipForm(request.POST)
    if carried_out(form, lambda said: call_desk.skip(here, reason=said["reason"], by=by(request), at=now()) or True) is None:
        return _shown(request, here, skip_form=form)
    return _on(request, here, _("%(name)s waits until tomorrow.") % {"name": here.title})


@require_POST
def recycling(request: UserRequest, pk: int) -> HttpResponse:
    here, at = _found(request, pk), now()
    form = RecycleForm(request.POST, stage=here.stage_id)
    written = carried_out(form, lambda said: (call_desk.recycle(here, by=by(request), at=at, **exit_reasons.recycled_as(said, at=at)),))
    if written is None:
        return _shown(request, here, recycle_form=form)
    for sentence in written[0].held_back if written[0] else ():
        toasts.say(request, sentence, warns=True)
    return _on(request, here, _("The lead is recycled. It wakes by its rule."))


@require_POST
def answer(request: UserRequest, pk: int) -> HttpResponse:
    """Say what the person's answer is, without leaving the desk."""
    here = _found(request, pk)
    rows = ReplyTriage.objects.visible_to(request.user).for_page().filter(message__lead=here)
    row = get_object_or_404(rows, message=record_id(request.POST.get("message", "")))
    said = deciding.say(row, reply_class=request.POST.get("as", ""), by=by(request), at=now())
    triage.tell(request, said, before=row)
    if not is_htmx(request):
        return redirect("desk_lead", pk)
    return render(request, "inside_sales/desk/answered.jinja", {"lead": here, **_answered(request, here, at=now())})


@require_POST
def lease(request: UserRequest, pk: int) -> HttpResponse:
    """Have the lead before oneself: the desk says so as long as it is open. Where it also `looks`, it gets the queue as it is by now."""
    here, at = _found(request, pk), now()
    leases.take(here, by=by(request), at=at)
    if "looks" not in request.POST:
        return HttpResponse(status=204)
    return render(request, "inside_sales/desk/onward.jinja", _queue(request, call_desk.queue(request.user, at=at), at=at, here=pk))


@require_GET
def answers(request: UserRequest, pk: int) -> HttpResponse:
    """The objections that hold the words of `q`; without script they stand on the desk itself."""
    here = _found(request, pk)
    if not is_htmx(request):
        return redirect(f"{reverse('desk_lead', args=[pk])}?{urlencode({'q': _query(request)})}")
    return render(request, "inside_sales/desk/answers.jinja", {"lead": here, "answers": _answers(request, here)})


@require_POST
def use(request: UserRequest, pk: int, objection: int) -> HttpResponse:
    """Mark that an objection was met in the call at hand."""
    here = _found(request, pk)
    met = get_object_or_404(Objection.objects.visible_to(request.user).in_use(), pk=objection)
    going = call_desk.at_hand(here, user=request.user)
    if going:
        objections.use(met, call=going, by=by(request), at=now())
    if is_htmx(request):
        return HttpResponse(status=204)
    messages.success(request, _("It is marked.") if going else _("Nothing is marked before the call begins."))
    return redirect("desk_lead", pk)


@require_http_methods(["GET"])
def brief(request: UserRequest, pk: int) -> HttpResponse:
    """The brief alone, to be printed."""
    here, at = _found(request, pk), now()
    said = briefs.of(here, reason="", reader=request.user, at=at, languages=_languages(request, here))
    return render(request, "inside_sales/desk/brief_page.jinja", {"lead": here, "brief": said, "now": at})


def _require(request: UserRequest) -> None:
    abilities.require(request.user, Ability.WORK_LEADS)


def _found(request: UserRequest, pk: int) -> Lead:
    _require(request)
    return get_object_or_404(Lead.objects.visible_to(request.user).for_page().select_related("contact__account", "previous__stage"), pk=pk)


def _after(request: UserRequest, here: Lead) -> HttpResponse:
    """The call has begun, or has ended: the desk shows its bar anew and lets all else stand, where somebody may be typing."""
    if not is_htmx(request):
        return redirect("desk_lead", here.pk)
    return render(request, "inside_sales/desk/rung.jinja", _bar(request, here, at=now(), facts=qualification.of(here)))


def _on(request: UserRequest, here: Lead, sentence: str) -> HttpResponse:
    """To the next lead. The desk has it loaded already, says which one it has `shown`, and gets the queue alone."""
    toasts.say(request, sentence)
    at = now()
    waiting = call_desk.queue(request.user, at=at)
    shown = record_id(request.POST.get("shown", ""))
    coming = call_desk.following(waiting, but=here.pk, at=at, shown=shown)
    if not is_htmx(request):
        return redirect("desk_lead", coming.lead.pk) if coming else redirect("desk")
    return render(request, "inside_sales/desk/onward.jinja", _queue(request, waiting, at=at, here=coming.lead.pk if coming else 0))


def _sent_outcome(request: UserRequest, here: Lead) -> OutcomeForm:
    zone = _zone(here, call_desk.at_hand(here, user=request.user))
    return OutcomeForm(request.POST, zone=zone, stage=here.stage_id, reader=request.user)


def _offer(request: UserRequest, here: Lead, form: OutcomeForm, *, at: datetime) -> dict[str, Any]:
    """What `slots.jinja` shows, where the result is a meeting."""
    if form.data.get("disposition") != Disposition.MEETING.value:
        return {}
    form.is_valid()
    offer = desk_booking.offer(here, caller=request.user, holder=form.holder, since=form.from_day, zone=form.zone, at=at)
    return {
        "offer": offer, "days": _numbered(offer, zone=form.zone) if offer else [], "zone": form.zone,
        "is_elsewhere": str(form.zone) != request.user.time_zone,
    }  # fmt: skip


def _numbered(offer: Offer, *, zone: ZoneInfo) -> list[tuple[date, list[tuple[int, str, datetime, datetime]]]]:
    """By day of the lead's: the digit that picks a time, what the form sends, the clock there, and ours."""
    digits = count(1)
    return [(day.on, [(next(digits), sent, there, localtime(there)) for sent, there in day.slots]) for day in by_day(offer.slots, zone=zone)]


def _shown(request: UserRequest, here: Lead, *, status: int = 422, **sent: Any) -> HttpResponse:
    at = now()
    waiting = call_desk.queue(request.user, at=at)
    context = {**_queue(request, waiting, at=at, here=here.pk), **_record(request, here, waiting, at=at), **sent}
    template = "inside_sales/desk/fragment.jinja" if is_htmx(request) else "inside_sales/desk/page.jinja"
    return render(request, template, context, status=status if sent else 200)


def _queue(request: UserRequest, waiting: list[Waiting], *, at: datetime, here: int = 0) -> dict[str, Any]:
    coming = call_desk.following(waiting, but=here, at=at)
    return {
        "groups": call_desk.in_slots(waiting),
        "marks": {one.lead.pk: mark for one in waiting if (mark := call_marks.of(one.lead, one.callability))},
        "slots": call_desk.slots(request.user, at=at),
        "here": here,
        "coming": coming,
    }


def _record(request: UserRequest, here: Lead, waiting: list[Waiting], *, at: datetime) -> dict[str, Any]:
    known = qualification.of(here)
    bar = _bar(request, here, at=at, facts=known)
    reason = next((one.reason for one in waiting if one.lead.pk == here.pk), "")
    languages = _languages(request, here)
    script = scripts.for_call(bar["kind"], languages=languages)
    brief_ = briefs.of(here, reason=reason, reader=request.user, at=at, facts=known, languages=languages)
    closing = scripts.spoken(script.closing, lead=here, me=request.user.display_name) if script and script.closing else brief_.question
    return {
        **bar, "brief": brief_, "closing": closing,
        "opening": scripts.spoken(script.opening, lead=here, me=request.user.display_name) if script else "",
        "answers": _answers(request, here), "q": _query(request), "shown": desk_forms.shown, "score": scores.score_of(here),
        "system": telephony.current().key, **_answered(request, here, at=at),
    }  # fmt: skip


def _answered(request: UserRequest, here: Lead, *, at: datetime) -> dict[str, Any]:
    """The latest answer by mail, where the reader may say what it is."""
    row = latest_answer(here, user=request.user, at=at) if deciding.may_say(request.user) else None
    return {"answered": triage.of(request, row) if row else None}


def _bar(request: UserRequest, here: Lead, *, at: datetime, facts: Facts) -> dict[str, Any]:
    """What the bar of the call shows: the number, the time, what can come of it."""
    going = call_desk.at_hand(here, user=request.user)
    judged, me = callability.of(here, at=at), request.user
    may_dial = "phones" not in abilities.standing_of(me).hides("contact")
    numbers = judged.numbers if may_dial else ()
    number = going.number if going else judged.number if may_dial else ""
    zone = _zone(here, going, number=number)
    return {
        "lead": here, "call": going, "kind": going.call_type if going else type_of_next(here), "facts": facts, "now": at,
        "numbers": numbers, "number": number, "zone": zone, "there": at.astimezone(zone), "is_elsewhere": str(zone) != request.user.time_zone,
        "elapsed": _elapsed(going, at=at), "results": list(MEANINGS.items()),
        "mark": None if going else call_marks.of(here, judged), "forbids_dialling": judged.forbids_dialling,
        "holder": leases.holders([here.pk], at=at, but=request.user).get(here.pk),
        "outcome_form": OutcomeForm(zone=zone, stage=here.stage_id, reader=me, given=call_desk.given_last(me), initial=_offered(here, zone=zone, at=at)),
        "skip_form": SkipForm(), "recycle_form": RecycleForm(stage=here.stage_id),
        "may_dial": may_dial,
    }  # fmt: skip


def _offered(here: Lead, *, zone: ZoneInfo, at: datetime) -> dict[str, Any]:
    """What the forms offer, so that a key and Enter are enough."""
    again = next_calls.suggested(here, at=at, zone=zone).astimezone(zone)
    return {"again_on": again.date(), "again_time": again.time()}


def _elapsed(going: Call | None, *, at: datetime) -> int | None:
    """Seconds since the call was answered, or began where nobody says when it was."""
    if going is None:
        return None
    since = going.answered_at or going.started_at
    return int(((going.ended_at or at) - since).total_seconds())


def _zone(here: Lead, going: Call | None, *, number: str = "") -> ZoneInfo:
    return recipients.zone_of(here, number=(going.number if going else "") or number or (here.contact.main_phone if here.contact else ""))


def _languages(request: UserRequest, here: Lead) -> list[str]:
    """What is probably spoken: the person's language, that of their country, one's own."""
    country = here.account.country if here.account else ""
    spoken = [here.contact.language[:2] if here.contact else "", {"KR": "ko", "JP": "ja"}.get(country, ""), request.user.language]
    return [one for one in dict.fromkeys(spoken) if one]


def _query(request: UserRequest) -> str:
    return " ".join(request.GET.get("q", "").split())[:100]


def _answers(request: UserRequest, here: Lead) -> list[Objection]:
    return objections.search(_query(request), lead=here, languages=_languages(request, here), most=_SHOWN_OBJECTIONS)


def _told(written: calls.Written, here: Lead) -> str:
    """What came of it, and what follows, in one sentence."""
    what = Disposition(written.call.disposition)
    return _("%(name)s: %(result)s. Then: %(follows)s.") % {"name": here.title, "result": what.label, "follows": MEANINGS[what].follows.label}
