"""What a notification says, in the reader's language: on the page, and in the mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tasuki.core.bulk.runs import BulkRun
from tasuki.core.imports.runs import ImportRun
from tasuki.crm.ledger import Outcome
from tasuki.crm.notifications import Happening, Notification
from tasuki.crm.stages import BEFORE_SALES
from tasuki.inside_sales.coaching.praises import For
from tasuki.web import bulk_words, formats, markup, nouns, win_words
from tasuki.web.lists.nouns import SPECS

LONGEST_EXCERPT = 280

ICONS = {
    Happening.MENTION: "at", Happening.TASK: "checkbox", Happening.GIVEN: "user-share", Happening.NOTE: "note", Happening.MOVE: "arrow-right",
    Happening.CLOSE: "flag", Happening.OWNER: "user", Happening.DONE: "check", Happening.FILE: "paperclip",
    Happening.REFUSED: "virus", Happening.MERGE: "arrows-join",
    Happening.QUEUED: "inbox", Happening.KIN: "building", Happening.DUE: "clock", Happening.BREACH: "alarm", Happening.HANDOFF: "transfer",
    Happening.REPLY: "mail", Happening.CALLED: "phone", Happening.CALENDAR: "calendar",
    Happening.COACHING: "phone", Happening.PRAISE: "sun", Happening.WIN: "trophy", Happening.BULK: "list-check",
    Happening.IMPORT: "table-import",
}  # fmt: skip
_RECORD_ICONS = {"lead": "arrow-right", "account": "building", "contact": "user", "task": "checkbox", "opportunity": "briefcase", "handoff": "transfer"}

# Said of one record, which stands above; %(who)s did it.
_SENTENCES: dict[str, Any] = {
    Happening.MENTION: gettext_lazy("%(who)s mentioned you"),
    Happening.TASK: gettext_lazy("%(who)s gave you this task"),
    Happening.GIVEN: gettext_lazy("%(who)s gave this to you"),
    Happening.NOTE: gettext_lazy("%(who)s wrote a note"),
    Happening.MOVE: gettext_lazy("%(who)s moved it: %(change)s"),
    Happening.CLOSE: gettext_lazy("%(who)s closed it: %(change)s"),
    Happening.OWNER: gettext_lazy("%(who)s gave it to somebody else: %(change)s"),
    Happening.DONE: gettext_lazy("%(who)s finished a task"),
    Happening.FILE: gettext_lazy("%(who)s attached a file"),
    Happening.REFUSED: gettext_lazy("The virus scanner refused a file that you attached here"),
    Happening.MERGE: gettext_lazy("%(who)s merged it with another"),
    Happening.QUEUED: gettext_lazy("Nobody could be given this lead: it waits in the queue"),
    Happening.KIN: gettext_lazy("A new lead of this company went to whoever carries its open deal"),
    Happening.DUE: gettext_lazy("This lead waits for an answer, which is due soon"),
    Happening.BREACH: gettext_lazy("The time that was agreed for this lead is over"),
    Happening.REPLY: gettext_lazy("They answered by mail"),
    Happening.CALLED: gettext_lazy("They call us: at the call desk you take the call and say what came of it"),
    Happening.CALENDAR: gettext_lazy("Your own calendar has another time for the meeting: say which one holds"),
}
# Of a hand-off, by what happened to it.
_OF_HANDOFFS: dict[str, Any] = {
    "offer": gettext_lazy("%(who)s offers you this lead"),
    "move_meeting": gettext_lazy("%(who)s moved the meeting"),
    "withdraw": gettext_lazy("%(who)s took the offer back"),
    "leave_to_team": gettext_lazy("This is offered to your team now"),
    "accept": gettext_lazy("%(who)s accepted your hand-off"),
    "need_more": gettext_lazy("%(who)s needs more about your hand-off"),
    "give_back": gettext_lazy("%(who)s gave your hand-off back"),
    "miss": gettext_lazy("The meeting did not take place; book it again"),
    "escalate": gettext_lazy("Nobody has answered this hand-off in time"),
    "soon_acceptance": gettext_lazy("Your word on this hand-off is due soon"),
    "soon_plan": gettext_lazy("What sales needs for this hand-off is due soon"),
    "soon_take_up": gettext_lazy("The lead that came back waits for somebody to go on, and is due soon"),
    "soon_reading": gettext_lazy("The feedback on this hand-off waits for you to read it"),
    "late_plan": gettext_lazy("The plan is over, and what sales needs was not offered in time"),
    "late_take_up": gettext_lazy("Nobody has gone on in time with the lead that came back"),
    "late_reading": gettext_lazy("The feedback on this hand-off was not read in time"),
    "ask_next_step": gettext_lazy("No next step in time: take one, or give it back"),
    "lapse": gettext_lazy("It was given back after acceptance, without a next step"),
    "ask_rebooking": gettext_lazy("The missed meeting was not booked again in time: book it, or recycle the lead"),
    "write": gettext_lazy("%(who)s wrote about the hand-off"),
    "dispute": gettext_lazy("%(who)s disputes a return"),
    "differ": gettext_lazy("The managers differ about a return; it is yours to decide"),
    "uphold": gettext_lazy("The return stands"),
    "strike": gettext_lazy("The return does not stand, and is struck from the rates"),
}
# Of coaching, by what about and by what happened.
_OF_COACHING: dict[tuple[str, str], Any] = {
    ("review", "review"): gettext_lazy("%(who)s reviewed a call of yours"),
    ("review", "correct"): gettext_lazy("%(who)s corrected the review of a call of yours"),
    ("review", "answer"): gettext_lazy("%(who)s answered your review"),
    ("callcomment", "comment"): gettext_lazy("%(who)s said something about a call"),
    ("skillcard", "begin"): gettext_lazy("%(who)s opened a skill card for you"),
    ("skillcard", "step"): gettext_lazy("%(who)s took the next step of a skill card"),
    ("praise", "praise"): gettext_lazy("%(who)s praised you"),
}
# Of a change of many rows, by what was asked for.
_OF_BULK: dict[str, Any] = {
    "add": gettext_lazy("It is done: see what was refused, or undo it"),
    "undo": gettext_lazy("It is undone"),
}
# Of an import, by how it ended, with the figures of then.
_OF_IMPORT: dict[str, Any] = {
    "finish": gettext_lazy("It is done: %(n_created)s created, %(n_updated)s updated, %(n_skipped)s skipped, %(n_rejected)s rejected"),
    "stop": gettext_lazy("%(who)s stopped it: %(n_applied)s of %(n_rows)s rows are done, and it can go on"),
    "fail": gettext_lazy("It failed after %(n_applied)s of %(n_rows)s rows: %(failure)s"),
}
# What these are about is named by their cause, and no record stands above them.
_BY_CAUSE = (Happening.COACHING, Happening.PRAISE, Happening.WIN, Happening.BULK, Happening.IMPORT)
_MANY: dict[str, Callable[[int], str]] = {
    "lead": lambda n: ngettext("%(who)s gave you %(n)s lead", "%(who)s gave you %(n)s leads", n),
    "account": lambda n: ngettext("%(who)s gave you %(n)s account", "%(who)s gave you %(n)s accounts", n),
    "opportunity": lambda n: ngettext("%(who)s gave you %(n)s opportunity", "%(who)s gave you %(n)s opportunities", n),
    "task": lambda n: ngettext("%(who)s gave you %(n)s task", "%(who)s gave you %(n)s tasks", n),
}


@dataclass(frozen=True)
class Line:
    """One notification in words. `excerpt` are somebody's own words, as they wrote them."""

    pk: int
    sentence: str
    excerpt: str
    href: str
    icon: str
    at: datetime
    is_read: bool


def key_of(row: Notification) -> tuple[str, int]:
    """What a notification is put together by: its record, else itself."""
    for name in ("lead_id", "contact_id", "account_id", "task_id"):
        if pk := getattr(row, name):
            return name, pk
    if row.happening == Happening.HANDOFF:
        return "handoff", row.cause.record_id
    if row.happening in _BY_CAUSE:
        return "win" if row.happening == Happening.WIN else row.cause.noun, row.cause.record_id
    return "", row.pk


def heading(row: Notification, more: Model | None) -> tuple[str, str, str]:
    """What the record is called, its page and its icon; for many records the noun and their list. `more` is the deal of a lead, a hand-off, or a run."""
    if row.happening == Happening.WIN:
        return str(row.entry.detail.get("title", "") if row.entry else ""), f"{reverse('wins')}?lead={row.cause.record_id}", ICONS[Happening.WIN]
    if isinstance(more, BulkRun):
        return bulk_words.title(more), reverse("bulk", args=[more.pk]), ICONS[Happening.BULK]
    if isinstance(more, ImportRun):
        return more.file_name, reverse("import", args=[more.pk]), ICONS[Happening.IMPORT]
    if row.happening in _BY_CAUSE:
        return capfirst(str(nouns.label(row.cause.noun))), nouns.address(row.cause.noun, row.cause.record_id), ICONS[Happening(row.happening)]
    record: Any = more or row.lead or row.contact or row.account or row.task
    if record is None:
        return (
            str(nouns.plural(row.noun)),
            reverse(SPECS[row.noun].name) + "?view=mine" * (row.happening in (Happening.GIVEN, Happening.TASK)),
            _RECORD_ICONS[row.noun],
        )
    return str(record), reverse(record.noun, args=[record.pk]), _RECORD_ICONS[record.noun]


def line(row: Notification, *, href: str, stages: Mapping[str, str]) -> Line:
    """The notification in words; `stages` are the names of the stages by key, `href` leads to what it is about."""
    words = {"who": row.actor.display_name if row.actor else "Tasuki", "n": row.n_records, "change": _change(row, stages)}
    if row.happening == Happening.HANDOFF:
        sentence, anchor = str(_OF_HANDOFFS[row.cause.action]) % words, ""
    elif row.happening == Happening.WIN:
        sentence, anchor = str(_("Won: %(chain)s") % {"chain": win_words.sentence(row.entry.detail if row.entry else {})}), ""
    elif row.happening == Happening.BULK:
        sentence, anchor = str(_OF_BULK[row.cause.action]), ""
    elif row.happening == Happening.IMPORT:
        figures = {name: formats.number(after) if isinstance(after, int) else after for name, (_before, after) in row.cause.changes.items()}
        sentence, anchor = str(_OF_IMPORT[row.cause.action]) % {**words, **figures}, ""
    elif row.happening in _BY_CAUSE:
        sentence, anchor = str(_OF_COACHING[row.cause.noun, row.cause.action]) % words, ""
    elif row.happening == Happening.CALLED and row.lead and row.lead.stage_id in BEFORE_SALES:
        sentence, href, anchor = str(_SENTENCES[row.happening]), reverse("desk_lead", args=[row.lead.pk]), ""
    elif row.happening == Happening.CALENDAR:
        sentence, href, anchor = str(_SENTENCES[row.happening]), reverse("own_calendar"), "#differing"
    elif key_of(row)[0]:
        sentence, anchor = str(_SENTENCES[row.happening]) % words, f"#entry-{row.entry_id}" if row.entry_id else ""
    elif row.happening in (Happening.GIVEN, Happening.TASK):
        sentence, anchor = _MANY[row.noun](row.n_records) % words, ""
    else:
        many = ngettext("%(who)s changed %(n)s record that you follow", "%(who)s changed %(n)s records that you follow", row.n_records)
        sentence, anchor = many % words, ""
    return Line(row.pk, sentence, _excerpt(row), href + anchor, ICONS[Happening(row.happening)], row.at, row.read_at is not None)


def _change(row: Notification, stages: Mapping[str, str]) -> str:
    """From what to what, for moves and owners."""
    detail = row.entry.detail if row.entry else {}
    if row.happening == Happening.OWNER:
        return f"{detail.get('from', '')} → {detail.get('to', '')}"
    if row.happening == Happening.MOVE:
        return " → ".join(stages.get(detail.get(end) or "", "–") for end in ("from", "to"))
    if row.happening == Happening.CLOSE:
        return str(_("won")) if detail.get("won") else str(Outcome(detail["outcome"]).label) if detail.get("outcome") else ""
    return ""


def _excerpt(row: Notification) -> str:
    if row.task:
        return row.task.details[:LONGEST_EXCERPT]
    if row.happening == Happening.PRAISE:
        changes = row.cause.changes
        return str(changes["deed"][1])[:LONGEST_EXCERPT] if "deed" in changes else str(For(changes["pressed_for"][1]).label)
    if row.entry and row.happening in (Happening.MENTION, Happening.NOTE, Happening.DONE, Happening.FILE, Happening.REPLY):
        text = " ".join(markup.plain(row.entry.text).split())
        return text if len(text) <= LONGEST_EXCERPT else text[:LONGEST_EXCERPT].rstrip() + "…"
    return ""
