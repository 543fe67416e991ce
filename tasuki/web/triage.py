"""What an answer is, on the page of the letter, on timelines and at the desk: confirmed or changed by one press, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm import stages
from tasuki.engage import mail
from tasuki.engage.message_rows import Message
from tasuki.engage.triage import deciding, named
from tasuki.engage.triage.classes import ReplyClass
from tasuki.engage.triage.named import Named
from tasuki.engage.triage.rows import ReplyTriage
from tasuki.web import formats, toasts
from tasuki.web.exit_forms import DisqualifyForm, RecycleForm
from tasuki.web.moves import DAY
from tasuki.web.records import back
from tasuki.web.requests import UserRequest, by

_LEFT = "left_company"


@dataclass(frozen=True)
class SomebodyNamed:
    """`who` is how the button calls them, `href` the form that adds them."""

    who: str
    href: str


class ReturnForm(forms.Form):
    """When somebody who is away is back."""

    returns_on = forms.DateField(label=gettext_lazy("Back on"), widget=DAY)


@dataclass(frozen=True)
class Told:
    """An answer and all that may follow from what it is, as far as the reader may do it; "" and None for what they may not."""

    triage: ReplyTriage
    may: bool
    classes: list[Any]
    answer: str
    desk: str
    library: str
    named: list[SomebodyNamed]
    recycle_form: RecycleForm | None
    disqualify_form: DisqualifyForm | None
    return_form: ReturnForm
    told_of_return: str


@require_POST
def say(request: UserRequest, pk: int) -> HttpResponse:
    message = get_object_or_404(Message.objects.visible_to(request.user), pk=pk)
    row = get_object_or_404(ReplyTriage.objects.visible_to(request.user).for_page(), message=message)
    wanted = request.POST.get("as") or request.GET.get("as", "")
    tell(request, deciding.say(row, reply_class=wanted, by=by(request), at=now()), before=row)
    return back(request, reverse(viewname="message", args=[pk]))


@require_POST
def undoing(request: UserRequest, pk: int) -> HttpResponse:
    """Nobody has said what the answer is."""
    message = get_object_or_404(Message.objects.visible_to(request.user), pk=pk)
    row = get_object_or_404(ReplyTriage.objects.visible_to(request.user).for_page(), message=message)
    deciding.take_back(row, by=by(request), at=now())
    toasts.say(request, _("The answer counts as what is proposed again."))
    return back(request, reverse(viewname="message", args=[pk]))


def tell(request: UserRequest, said: ReplyTriage, *, before: ReplyTriage) -> None:
    """Say what follows from the word; it can be undone where nothing followed for good."""
    toasts.say(request, told(said), undo=_undo(said, before=before))


def _undo(said: ReplyTriage, *, before: ReplyTriage) -> str:
    """Back to the word that was said before; to none, where none was."""
    if deciding.FOR_GOOD & {said.reply_class, before.reply_class if before.said_at else ""} or said.said_at == before.said_at:
        return ""
    if before.said_at:
        return f"{reverse('message_triage', args=[said.message_id])}?{urlencode({'as': before.reply_class})}"
    return reverse("message_triage_undoing", args=[said.message_id])


def told(said: ReplyTriage) -> str:
    """The sentence for what somebody has just said."""
    if said.reply_class == ReplyClass.OUT_OF_OFFICE:
        return told_of_return(said.message.returns_on)
    if said.reply_class == ReplyClass.UNSUBSCRIBE:
        return _("The consent for mail is withdrawn, and every sequence is stopped.")
    return _("The answer counts as: %(class)s.") % {"class": said.get_reply_class_display()}


def told_of_return(day: date | None) -> str:
    """What sequences do while somebody is away."""
    if day is None:
        return _("No day could be read for certain: sequences wait for a week.")
    if day <= localdate():
        return _("They have been back since %(day)s: sequences go on.") % {"day": formats.day(day)}
    return _("Sequences wait until %(day)s.") % {"day": formats.day(day)}


def of_message(request: UserRequest, message: Message, *, return_form: ReturnForm | None = None) -> Told | None:
    """None for what is no answer."""
    row = ReplyTriage.objects.visible_to(request.user).for_page().filter(message=message).first()
    return of(request, row, return_form=return_form) if row else None


def of(request: UserRequest, row: ReplyTriage, *, return_form: ReturnForm | None = None) -> Told:
    message, lead = row.message, row.message.lead
    may, able = deciding.may_say(request.user), abilities.standing_of(request.user).abilities
    is_ours = lead is not None and lead.stage_id in stages.BEFORE_SALES and Ability.WORK_LEADS in able
    may_mail = lead is not None and lead.stage_id is not None and mail.may_write(request.user)
    later = {"wakes": "day", "on": row.wakes_on} if row.wakes_on else {}
    stage = lead.stage_id if lead else None
    return Told(
        triage=row,
        may=may,
        classes=list(ReplyClass),
        answer=f"{reverse('mail_new', args=[lead.pk])}?answer={message.pk}" if lead and may_mail else "",
        desk=reverse("desk_lead", args=[lead.pk]) if lead and is_ours else "",
        library=f"{reverse('objections')}?{urlencode({'q': row.signs[0][1] if row.signs else ''})}",
        named=[_to_add(one, message=message) for one in _named(message)] if may else [],
        recycle_form=RecycleForm(stage=stage, initial={**later, "reason": " ".join(message.words.split())[:200]}) if is_ours else None,
        disqualify_form=DisqualifyForm(stage=stage, initial={"because": _LEFT}) if is_ours else None,
        return_form=return_form or ReturnForm(initial={"returns_on": message.returns_on}),
        told_of_return=told_of_return(message.returns_on),
    )


def _named(message: Message) -> list[Named]:
    """Whom the words name; somebody without a name, where they name nobody."""
    return named.somebody(message.words, but=(message.address, message.mailbox.address)) or [Named()]


def _to_add(one: Named, *, message: Message) -> SomebodyNamed:
    here = reverse("lead", args=[message.lead_id]) if message.lead_id else reverse(viewname="message", args=[message.pk])
    known = {"from": here, "name": one.name, "email": one.address}
    return SomebodyNamed(one.name or one.address or _("the person"), f"{reverse('quick_add', args=['contact'])}?{urlencode(known)}")
