"""Answers: the queue of those that wait for a word, the oldest first, with one of them at hand. After a word the next one stands there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Forbidden
from tasuki.engage import mailboxes
from tasuki.engage.triage import deciding, waiting
from tasuki.engage.triage.classes import ReplyClass
from tasuki.engage.triage.rows import ReplyTriage, Triages
from tasuki.engage.triage.waiting import Whose
from tasuki.web import toasts, triage
from tasuki.web.records import back
from tasuki.web.requests import UserRequest, by, record_id

PAGE = 25
# In an address, for what has no class.
_UNCLEAR = "unclear"


@dataclass(frozen=True)
class Asked:
    """What the address asks for: whose, of which class ("" for any), waiting for whom, after which row, and which one is to be at hand."""

    whose: Whose
    of_class: str = ""
    who: int | None = None
    after: int | None = None
    at_hand: int | None = None

    @property
    def address(self) -> str:
        said = {"whose": self.whose.value, "class": self.of_class, "who": self.who, "after": self.after, "at": self.at_hand}
        return f"{reverse('answers')}?{urlencode({key: value for key, value in said.items() if value})}"


@require_GET
def page(request: UserRequest) -> HttpResponse:
    _require(request)
    may = waiting.choices(request.user)
    asked = _asked(request, may)
    everyone = waiting.of(request.user, whose=asked.whose)
    of_them = everyone.waiting_for([asked.who]) if asked.who else everyone
    window = list(_of_class(of_them, asked.of_class).behind(asked.after).oldest_first().for_listing()[: PAGE + 1])
    rows, at = window[:PAGE], now()
    here = next((one for one in rows if one.pk == asked.at_hand), rows[0] if rows else None)
    further = replace(asked, after=rows[-1].pk, at_hand=None).address if len(window) > PAGE else ""
    is_led = asked.whose is not Whose.OWN and abilities.can(request.user, Ability.ASSIGN_OWNERS)
    context = {
        "asked": asked,
        "rows": [(one, replace(asked, at_hand=one.pk).address) for one in rows],
        "here": here,
        "told": triage.of(request, here) if here else None,
        **_beside(asked, rows, here, further=further),
        "whose": [(one.label, Asked(one).address, one is asked.whose) for one in may],
        "classes": _classes(asked, waiting.by_class(of_them)),
        "people": _people(asked, everyone, at=at) if is_led else [],
        "first": replace(asked, after=None, at_hand=None).address if asked.after else "",
        "further": further,
        "anything": Asked(asked.whose).address,
        "has_mailbox": mailboxes.of(request.user) is not None,
        "now": at,
    }
    return render(request, "inside_sales/answers/page.jinja", context)


@require_POST
def say(request: UserRequest, pk: int) -> HttpResponse:
    """A word on one that waits; what a colleague has said in the meantime stays."""
    _require(request)
    row = get_object_or_404(ReplyTriage.objects.visible_to(request.user).for_page(), pk=pk)
    if row.is_open:
        said = deciding.say(row, reply_class=request.POST.get("as", ""), by=by(request), at=now())
        triage.tell(request, said, before=row)
    else:
        words = _("%(name)s has said it in the meantime: %(class)s. That stays.") if row.said_by else _("It was clear by itself: %(class)s.")
        toasts.say(request, words % {"name": row.said_by, "class": row.get_reply_class_display()}, warns=True)
    return back(request, reverse("answers"))


def _require(request: UserRequest) -> None:
    if not deciding.may_say(request.user):
        raise Forbidden(_("You may not say what an answer is. Ask an administrator."))


def _asked(request: UserRequest, may: Any) -> Asked:
    said = request.GET
    whose = next((one for one in may if one.value == said.get("whose", "")), Whose.OWN)
    of_class = said.get("class", "")
    return Asked(
        whose,
        of_class=of_class if of_class in {*ReplyClass.values, _UNCLEAR} else "",
        who=record_id(said.get("who", "")) if whose is not Whose.OWN else None,
        after=record_id(said.get("after", "")),
        at_hand=record_id(said.get("at", "")),
    )


def _of_class(rows: Triages, of_class: str) -> Triages:
    return rows.filter(reply_class="" if of_class == _UNCLEAR else of_class) if of_class else rows


def _beside(asked: Asked, rows: list[ReplyTriage], here: ReplyTriage | None, *, further: str) -> dict[str, str]:
    """Where J and K lead from the one at hand, and where a word on it leads: to the one that then stands in its place."""
    if here is None:
        return {"next": "", "previous": "", "then": ""}
    nth = rows.index(here)
    following = rows[nth + 1] if nth + 1 < len(rows) else None
    before = rows[nth - 1] if nth else None
    to = {one.pk: replace(asked, at_hand=one.pk).address for one in (following, before) if one}
    after_it = to[following.pk] if following else further
    first = replace(asked, after=None, at_hand=None).address
    return {"next": after_it, "previous": to[before.pk] if before else "", "then": after_it or (to[before.pk] if before else first)}


def _classes(asked: Asked, counted: dict[str, int]) -> list[tuple[Any, str, bool, int]]:
    """The tabs: any, and each class of which there are some."""

    def to(of_class: str) -> str:
        return replace(asked, of_class=of_class, after=None, at_hand=None).address

    named = [(one.value, str(one.label), counted.get(one.value, 0)) for one in ReplyClass] + [(_UNCLEAR, _("not clear"), counted.get("", 0))]
    there = [(capfirst(label), to(key), asked.of_class == key, n) for key, label, n in named if n or asked.of_class == key]
    return [(_("Any"), to(""), not asked.of_class, sum(counted.values())), *there]


def _people(asked: Asked, everyone: Triages, *, at: datetime) -> list[tuple[Any, str, bool]]:
    """How many wait for each, and how long: whoever leads them sees it, and looks at one's."""
    found = waiting.by_person(everyone, at=at)
    return [(one, Asked(asked.whose, who=None if one.person.pk == asked.who else one.person.pk).address, one.person.pk == asked.who) for one in found]
