"""What a notification says, in the reader's language: on the page, and in the mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tasuki.crm.ledger import Outcome
from tasuki.crm.notifications import Happening, Notification
from tasuki.web import markup, nouns
from tasuki.web.lists.nouns import SPECS

LONGEST_EXCERPT = 280

ICONS = {
    Happening.MENTION: "at", Happening.TASK: "checkbox", Happening.GIVEN: "user-share", Happening.NOTE: "note", Happening.MOVE: "arrow-right",
    Happening.CLOSE: "flag", Happening.OWNER: "user", Happening.DONE: "check", Happening.FILE: "paperclip",
    Happening.REFUSED: "virus", Happening.MERGE: "arrows-join",
}  # fmt: skip
_RECORD_ICONS = {"lead": "arrow-right", "account": "building", "contact": "user", "task": "checkbox", "opportunity": "briefcase"}

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
}
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
    return "", row.pk


def heading(row: Notification, deal: Model | None) -> tuple[str, str, str]:
    """What the record is called, its page and its icon; for many records the noun and their list."""
    record: Any = deal or row.lead or row.contact or row.account or row.task
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
    if key_of(row)[0]:
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
    if row.entry and row.happening in (Happening.MENTION, Happening.NOTE, Happening.DONE, Happening.FILE):
        text = " ".join(markup.plain(row.entry.text).split())
        return text if len(text) <= LONGEST_EXCERPT else text[:LONGEST_EXCERPT].rstrip() + "…"
    return ""
