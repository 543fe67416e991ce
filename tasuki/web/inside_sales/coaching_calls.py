"""The page of a call: who talked with whom and what came of it, its recording with what was said at its moments, its figures and its reviews."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.storage import default_storage
from django.db.models import Prefetch
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Forbidden
from tasuki.core.people import User
from tasuki.crm.attachments import Attachment
from tasuki.crm.leads import Lead
from tasuki.engage import recordings
from tasuki.engage.calls import Call
from tasuki.engage.recording_rows import Hearing, Recording
from tasuki.engage.talk_figures import TalkFigures
from tasuki.inside_sales.coaching import comments, praises, reviews, talk_scores
from tasuki.inside_sales.coaching.comments import CallComment
from tasuki.inside_sales.coaching.praises import Praise
from tasuki.inside_sales.coaching.reviews import Review
from tasuki.web import ranges, toasts
from tasuki.web.files import StillShut
from tasuki.web.inside_sales import pressed_praise
from tasuki.web.inside_sales.coaching_forms import CommentForm, ModelCallForm, PraiseForm, RecordingForm, ReplyForm
from tasuki.web.inside_sales.pressed_praise import Pressing
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by, record_id

# How wide the time line is drawn.
_WIDE = 1000


@dataclass(frozen=True)
class Said:
    """A comment and what was said to it; `x` is its place on the time line."""

    comment: CallComment
    x: float
    replies: list[CallComment]


@dataclass(frozen=True)
class Player:
    """What the page shows of a recording that its reader may hear. `begins` is the second from which it plays."""

    recording: Recording
    n_seconds: int
    begins: int
    said: list[Said]


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    return _shown(request, call_of(request, pk))


def call_of(request: UserRequest, pk: int) -> Call:
    """A call that the person sees, or may hear."""
    joined = ("call_type", "caller", "caller__team", "lead", "lead__contact", "lead__account", "contact", "account")
    return get_object_or_404(recordings.calls_for(request.user).select_related(*joined), pk=pk)


def _shown(request: UserRequest, call: Call, **sent: forms.Form) -> HttpResponse:
    """The page; with a form that was refused, in its place."""
    user = request.user
    kept = recordings.of(call)
    may_hear = kept is not None and recordings.heard_by(user).filter(pk=kept.pk).exists()
    is_lent = may_hear and kept is not None and not Recording.objects.visible_to(user).filter(pk=kept.pk).exists()
    found = list(Review.objects.visible_to(user).filter(call=call).for_listing().order_by("given_at", "pk"))
    may_review = reviews.may_review(call, user=user)
    context: dict[str, Any] = {
        "call": call,
        "recording": kept,
        "may_hear": may_hear,
        "is_lent": is_lent,
        "player": player_of(request, kept, call) if kept and may_hear else None,
        "figures": _figures(call) if (may_hear and not is_lent) or call.caller_id == user.pk else None,
        "score": talk_scores.of(call) if (may_hear and not is_lent) or call.caller_id == user.pk else None,
        # Whoever has yet to score it scores without knowing how others did.
        "reviews": [] if may_review else found,
        "n_hidden": len(found) if may_review else 0,
        "differences": reviews.differences(found[0], other=found[1]) if len(found) > 1 and not may_review else [],
        "may_review": may_review,
        "may_keep": recordings.may_keep(call, user=user, at=now()),
        "may_remove": kept is not None and recordings.may_remove(kept, user),
        "may_show": kept is not None and kept.file_id is not None and may_hear and not is_lent and _may_show(request, call),
        "may_praise": call.caller is not None and call.caller.is_active and call.caller_id != user.pk and praises.may_praise(user),
        "pressing": _pressing(request.user, call),
        "praises": Praise.objects.visible_to(user).filter(call=call).for_listing().newest_first(),
        "sees_lead": Lead.objects.visible_to(user).filter(pk=call.lead_id).exists(),
        "recording_form": RecordingForm(),
        "comment_form": CommentForm(initial={"at": _begins(request)}),
        "reply_form": ReplyForm(),
        "model_form": ModelCallForm(initial={"situation": kept.model_for, "why": kept.model_why} if kept else {}),
        "praise_form": PraiseForm(),
        "keep_days": recordings.rules().keep_days,
        **sent,
    }
    return render(request, "inside_sales/coaching/call.jinja", context, status=422 if sent else 200)


def _pressing(user: User, call: Call) -> Pressing | None:
    """Whoever has heard the call praises with one press."""
    caller = call.caller
    if caller is None or not caller.is_active or caller.pk == user.pk or not praises.may_praise(user):
        return None
    is_heard = Hearing.objects.visible_to(user).filter(recording__call=call, heard_by=user).exists()
    return pressed_praise.of_call(user, call=call.pk, person=caller) if is_heard else None


def _may_show(request: UserRequest, call: Call) -> bool:
    return abilities.can(request.user, Ability.REVIEW_CALLS) and call.caller_id != request.user.pk


def _begins(request: UserRequest) -> int:
    return min(record_id(request.GET.get("at", "")) or 0, comments.LAST_SECOND)


def player_of(request: UserRequest, recording: Recording, call: Call) -> Player:
    """The recording with what was said at its moments."""
    talked = int(call.talked.total_seconds()) if call.talked else 0
    first = CallComment.objects.visible_to(request.user).filter(recording=recording, answers__isnull=True).in_order()
    rows = list(first.prefetch_related(Prefetch("replies", CallComment.objects.visible_to(request.user).select_related("said_by").order_by("pk"))))
    length = recording.n_seconds or max([talked, 1, *(one.second for one in rows)])
    said = [Said(one, min(one.second / length, 1) * _WIDE, list(one.replies.all())) for one in rows]
    return Player(recording, length, _begins(request), said)


def _figures(call: Call) -> TalkFigures | None:
    return getattr(call, "talk", None)


@require_POST
def keeping(request: UserRequest, pk: int) -> HttpResponse:
    """Whoever called brings the recording."""
    call = call_of(request, pk)
    if call.caller_id != request.user.pk:
        raise Forbidden(_("Only whoever called keeps the recording of a call."))
    form = RecordingForm(request.POST, request.FILES)

    def kept(said: dict[str, Any]) -> Recording:
        sent = said["file"]
        return recordings.keep(call, attachment=Attachment(sent, sent.name or "", sent.size or 0), notice=said["notice"], by=by(request), at=now())

    if not carried_out(form, kept):
        return _shown(request, call, recording_form=form)
    toasts.say(request, _("The recording is kept."))
    return redirect("call", pk)


@require_safe
def audio(request: UserRequest, pk: int) -> HttpResponseBase:
    """The bytes of a recording, whole or in part; who hears it stands in the trail before the first byte leaves."""
    recording = get_object_or_404(recordings.heard_by(request.user).filter(file__isnull=False).select_related("file"), pk=pk)
    file = recording.file
    if file is None or not recording.is_open:
        raise StillShut(file) if file else Http404
    try:
        stored = default_storage.open(file.stored_as)
    except FileNotFoundError:
        raise Http404 from None
    if request.method != "HEAD":
        recordings.hear(recording, by=by(request), at=now())
    response = ranges.answer(request, stored, n_bytes=file.n_bytes, media_type=recording.media_type, tag=file.sha256)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Content-Disposition"] = "inline"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def removal(request: UserRequest, pk: int) -> HttpResponse:
    recording = _heard(request, pk)
    recordings.remove(recording, by=by(request), at=now())
    toasts.say(request, _("The recording is gone for good. What was written about it stays."))
    return redirect("call", recording.call_id)


@require_POST
def model(request: UserRequest, pk: int) -> HttpResponse:
    """Say for which situation it is a model, or that it is none."""
    recording, form = _heard(request, pk), ModelCallForm(request.POST)
    if carried_out(form, lambda said: (recordings.show_as_model(recording, by=by(request), at=now(), **said), True)) is None:
        return _shown(request, recording.call, model_form=form)
    toasts.say(request, _("Kept."))
    return redirect("call", recording.call_id)


@require_POST
def comment(request: UserRequest, pk: int) -> HttpResponse:
    """Say something at a moment of a recording."""
    recording, form = _heard(request, pk), CommentForm(request.POST)
    said = carried_out(form, lambda words: comments.say(recording, second=words["at"], text=words["text"], by=by(request), at=now()))
    if said is None:
        return _shown(request, recording.call, comment_form=form)
    return redirect(f"{reverse('call', args=[recording.call_id])}?at={said.second}#comment-{said.pk}")


@require_GET
def one_comment(request: UserRequest, pk: int) -> HttpResponse:
    """Leads to where it stands, as notifications do."""
    found = get_object_or_404(CallComment.objects.visible_to(request.user).select_related("recording"), pk=pk)
    return redirect(f"{reverse('call', args=[found.recording.call_id])}?at={found.second}#comment-{found.pk}")


@require_POST
def reply(request: UserRequest, pk: int) -> HttpResponse:
    found, form = get_object_or_404(CallComment.objects.visible_to(request.user).select_related("recording__call"), pk=pk), ReplyForm(request.POST)
    recording = found.recording
    said = carried_out(form, lambda words: comments.say(recording, second=found.second, text=words["text"], answers=found, by=by(request), at=now()))
    if said is None:
        return _shown(request, call_of(request, recording.call_id), reply_form=form)
    return redirect(f"{reverse('call', args=[recording.call_id])}#comment-{said.pk}")


@require_POST
def comment_removal(request: UserRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(CallComment.objects.visible_to(request.user).select_related("recording"), pk=pk)
    comments.take_back(found, by=by(request), at=now())
    return redirect("call", found.recording.call_id)


@require_POST
def praise(request: UserRequest, pk: int) -> HttpResponse:
    """Praise whoever called for what they did in this call."""
    call, form = call_of(request, pk), PraiseForm(request.POST)
    if call.caller is None or not praises.may_praise(request.user):
        raise Forbidden(_("Whoever works here praises; an observer reads."))
    caller = call.caller
    if not carried_out(form, lambda said: praises.give(caller, deed=said["deed"], call=call, by=by(request), at=now())):
        return _shown(request, call, praise_form=form)
    toasts.say(request, _("The praise is given."))
    return redirect("call", pk)


def _heard(request: UserRequest, pk: int) -> Recording:
    return get_object_or_404(Recording.objects.visible_to(request.user).for_listing(), pk=pk)
