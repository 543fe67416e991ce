"""What an answer is, on the page of the letter, on timelines and at the desk: confirmed or changed by one press, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
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
from tasuki.web import toasts
from tasuki.web.exit_forms import DisqualifyForm, RecycleForm
from tasuki.web.records import back
from tasuki.web.requests import UserRequest, by

_LEFT = "left_company"


@dataclass(frozen=True)
class SomebodyNamed:
    """`who` is how the button calls them, `href` the form that adds them."""

    who: str
    href: str


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


@require_POST
def say(request: UserRequest, pk: int) -> HttpResponse:
    message = get_object_or_404(Message.objects.visible_to(request.user), pk=pk)
    row = get_object_or_404(ReplyTriage.objects.visible_to(request.user).for_page(), message=message)
    said = deciding.say(row, reply_class=request.POST.get("as", ""), by=by(request), at=now())
    toasts.say(request, told(said))
    return back(request, reverse(viewname="message", args=[pk]))


def told(said: ReplyTriage) -> str:
    """The sentence for what somebody has just said."""
    if said.reply_class == ReplyClass.UNSUBSCRIBE:
        return _("The consent for mail is withdrawn, and every sequence is stopped.")
    return _("The answer counts as: %(class)s.") % {"class": said.get_reply_class_display()}


def of_message(request: UserRequest, message: Message) -> Told | None:
    """None for what is no answer."""
    row = ReplyTriage.objects.visible_to(request.user).for_page().filter(message=message).first()
    return of(request, row) if row else None


def of(request: UserRequest, row: ReplyTriage) -> Told:
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
    )


def _named(message: Message) -> list[Named]:
    """Whom the words name; somebody without a name, where they name nobody."""
    return named.somebody(message.words, but=(message.address, message.mailbox.address)) or [Named()]


def _to_add(one: Named, *, message: Message) -> SomebodyNamed:
    here = reverse("lead", args=[message.lead_id]) if message.lead_id else reverse(viewname="message", args=[message.pk])
    known = {"from": here, "name": one.name, "email": one.address}
    return SomebodyNamed(one.name or one.address or _("the person"), f"{reverse('quick_add', args=['contact'])}?{urlencode(known)}")
