"""The audit log: who changed what, when, from what to what, through which door."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.audit import AuditEntries, AuditEntry, Door
from tasuki.core.people import User
from tasuki.web import nouns
from tasuki.web.changes import Change, in_words
from tasuki.web.person_field import WhoForm
from tasuki.web.requests import UserRequest, record_id

PAGE = 100

ACTIONS: dict[str, Any] = {
    "add": _("added"),
    "hire": _("hired"),
    "invite": _("invited"),
    "forget_password": _("asked for a new password"),
    "set_password": _("set a password"),
    "sign_in": _("signed in"),
    "add_totp": _("added an authenticator app"),
    "remove_totp": _("removed the authenticator app"),
    "make_recovery_codes": _("made new recovery codes"),
    "add_passkey": _("added a passkey"),
    "remove_passkey": _("removed a passkey"),
    "change": _("changed"),
    "skip": _("skipped"),
    "connect": _("connected"),
    "disconnect": _("disconnected"),
    "sent": _("sent"),
    "in_doubt": _("in doubt"),
    "refused": _("not sent"),
    "bounced": _("came back"),
    "withdrawn": _("withdrew it"),
    "receive": _("received"),
    "classify": _("said what an answer is"),
    "wait_for_class": _("waits for the class of the answer"),
    "send_again": _("sent again"),
    "dispose": _("said what came of it"),
    "correct": _("corrected"),
    "leave": pgettext_lazy("person", "left"),
    "grant_role": _("granted a role"),
    "revoke_role": _("took back a role"),
    "rename": _("renamed"),
    "move": _("moved"),
    "mark": _("marked"),
    "cancel": _("cancelled"),
    "capture": _("captured"),
    "advance": _("advanced"),
    "win": _("won"),
    "won": _("won"),
    "recycle": _("recycled"),
    "recycled": _("recycled"),
    "lose": _("lost"),
    "lost": _("lost"),
    "disqualified": _("disqualified"),
    "merge": _("took in by a merge"),
    "set_apart": _("said to be another"),
    "merged": _("merged"),
    "give": _("handed over"),
    "learn": _("learned a fact"),
    "offer": _("offered to sales"),
    "move_meeting": _("moved the meeting"),
    "withdraw": _("withdrew the offer"),
    "leave_to_team": _("left it to the team"),
    "need_more": _("needs more"),
    "give_back": _("gave it back"),
    "miss": _("no-show"),
    "keep": _("kept a recording"),
    "hear": _("heard a recording"),
    "lend": _("lent a call to be heard"),
    "end_loan": _("took back a call that was lent"),
    "forget": _("let a recording go"),
    "show": _("said whether it is a model"),
    "measure": _("measured a call"),
    "draft": _("drafted"),
    "recount": _("counted the rates anew"),
    "agree": pgettext_lazy("plan", "agreed"),
    "supersede": _("superseded by another"),
    "comment": _("commented on a call"),
    "review": _("reviewed a call"),
    "answer": _("answered a review"),
    "step": _("took a step of a card"),
    "praise": _("praised"),
    "name_chain": _("named the chain of a win"),
    "escalate": _("escalated: no answer in time"),
    "soon_acceptance": _("reminded of the word that is due"),
    "soon_plan": _("reminded of the plan"),
    "soon_take_up": _("reminded to go on"),
    "soon_reading": _("reminded to read the feedback"),
    "late_plan": _("the plan is over"),
    "late_take_up": _("nobody went on in time"),
    "late_reading": _("the feedback was not read in time"),
    "ask_next_step": _("asked for a next step"),
    "lapse": _("given back after acceptance"),
    "ask_rebooking": _("asked to book again"),
    "write": _("wrote about it"),
    "dispute": _("disputed the return"),
    "differ": _("the managers differ"),
    "doubt": _("they come perhaps"),
    "calendar_differs": _("found another time in a calendar"),
    "settle_calendar": _("said what holds"),
    "uphold": _("the return stands"),
    "strike": _("the return is struck"),
    "take_up": _("took it up themselves"),
    "accept": _("accepted"),
    "note": _("wrote a note"),
    "finish": _("finished"),
    "reopen": _("opened again"),
    "remove": _("removed"),
    "attach": _("attached"),
    "define": _("defined"),
    "archive": _("archived"),
    "restore": _("brought back"),
    "retire_choice": _("retired a choice"),
    "offer_choice": _("offered a choice again"),
    "import": _("imported"),
    "begin": _("began"),
    "bring": _("brought files"),
    "consent": _("wrote down consent"),
    "choose": _("chose for single rows"),
    "decide": _("decided on the mapping"),
    "rule": _("said what becomes of the rows"),
    "fail": _("failed"),
    "export": _("exported"),
    "ask_erasure": _("asked for an erasure"),
    "confirm_erasure": _("confirmed an erasure"),
    "withdraw_erasure": _("withdrew an erasure"),
    "erase": _("erased"),
    "disclose": _("made the file with all that is held"),
    "fetch_disclosure": _("fetched the file with all that is held"),
    "read_anew": _("read the file anew"),
    "remove_file": _("took a file out"),
    "save": _("saved"),
    "simulate": _("invented"),
    "start": _("started"),
    "backup": _("made a backup"),
    "set_up": _("took a step of the set-up"),
    "make_default": _("made it the organisation's"),
    "mark_day": _("marked a day"),
    "unmark_day": _("unmarked a day"),
    "undo": _("undone"),
    "ask_undo": _("asked to undo it"),
    "pin": _("pinned to the top"),
    "unpin": _("no longer pinned"),
    "refuse": _("refused by the virus scanner"),
    "book": _("booked"),
    "reschedule": _("moved to another time"),
    "confirm": _("confirmed"),
    "hold": _("held"),
    "make": _("made"),
    "revoke": _("taken back"),
    "renew": _("made anew"),
    "close": _("closed"),
    "touch": _("tried to reach the person"),
    "ring": _("called us"),
    "route": _("routed"),
    "breach": _("not kept in time"),
    "warn": _("reminded"),
    "seat": _("took into the pool"),
    "unseat": _("took out of the pool"),
    "publish": _("published"),
    "discard": _("thrown away"),
    "add_rule": _("added a rule"),
    "change_rule": _("changed a rule"),
    "move_rule": _("moved a rule"),
    "remove_rule": _("removed a rule"),
    "work_by": _("works by another calendar"),
    "block": _("blocked"),
    "unblock": _("lifted the block"),
    "freeze": _("froze the list"),
    "arrange": _("moved a call within the list"),
    "take_back": _("put a skipped call back"),
    "take_praise_back": _("took praise back"),
    "enrol": _("enrolled in a sequence"),
    "pause": _("paused"),
    "resume": _("let it go on"),
    "stop": _("stopped"),
    "add_step": _("added a step"),
    "change_step": _("changed a step"),
    "move_step": _("moved a step"),
    "remove_step": _("removed a step"),
    "insert": _("put a call on the list"),
    "take_off": _("took a call off the list"),
}


@dataclass(frozen=True)
class Line:
    """One entry, in words. An action without words of its own is shown by its name."""

    entry: AuditEntry
    action: Any
    noun: Any
    href: str
    door: Any
    changes: list[Change]


def lines(entries: Iterable[AuditEntry], *, reader: User) -> list[Line]:
    entries = list(entries)
    changes = in_words(entries, reader=reader)
    return [
        Line(
            entry=entry,
            action=ACTIONS.get(entry.action, entry.action),
            noun=nouns.label(entry.noun),
            href=nouns.address(entry.noun, entry.record_id),
            door=Door(entry.door).label,
            changes=changes[entry.pk],
        )
        for entry in entries
    ]


@require_GET
def audit(request: UserRequest) -> HttpResponse:
    """Filters: `noun`, `record`, `person` (who acted), `day`; `before` is the last entry of the page before."""
    abilities.require(request.user, Ability.READ_AUDIT_LOG)
    asked = {name: request.GET.get(name, "").strip() for name in ("noun", "record", "person", "day")}
    who = WhoForm({"person": asked["person"]}, of="ever", reader=request.user, label=_("Who"), empty_label=_("everybody"))
    person = who.cleaned_data["person"] if who.is_valid() else None
    asked["person"] = str(person.pk) if person else ""
    entries = _asked_for(AuditEntry.objects.visible_to(request.user), asked)
    before = record_id(request.GET.get("before", ""))
    if before is not None and (last := AuditEntry.objects.visible_to(request.user).filter(pk=before).first()):
        entries = entries.before(last.at, last.pk)
    page = list(entries.newest_first().for_listing()[: PAGE + 1])
    query = request.GET.copy()
    query["before"] = str(page[PAGE - 1].pk) if len(page) > PAGE else ""
    context = {
        "lines": lines(page[:PAGE], reader=request.user),
        "asked": asked,
        "nouns": sorted(((name, str(model._meta.verbose_name)) for name, model in nouns.spoken_of().items()), key=lambda pair: pair[1]),
        "who": who,
        "older": f"?{query.urlencode()}" if query["before"] else "",
    }
    return render(request, "audit/list.jinja", context)


def _asked_for(entries: AuditEntries, asked: dict[str, str]) -> AuditEntries:
    if asked["noun"]:
        entries = entries.filter(noun=asked["noun"])
    if (record := record_id(asked["record"])) is not None:
        entries = entries.filter(record_id=record)
    if (actor := record_id(asked["person"])) is not None:
        entries = entries.filter(actor_id=actor)
    if day := _day(asked["day"]):
        start = timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001 - made aware in the reader's zone
        entries = entries.filter(at__gte=start, at__lt=start + timedelta(days=1))
    return entries


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
