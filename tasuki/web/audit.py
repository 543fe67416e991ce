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
    "decide": _("decided on the mapping"),
    "export": _("exported"),
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
        "people": User.objects.visible_to(request.user).order_by("family_name", "given_name"),
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
