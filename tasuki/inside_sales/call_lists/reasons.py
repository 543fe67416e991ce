"""Why a lead is on a list, in the reader's words: an entry keeps codes and values, never a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tasuki.crm.scoring import scores
from tasuki.inside_sales.call_lists.lists import CallListEntry

# Code → a sentence that holds a day and nothing else.
_BY_DAY = {
    "replied": gettext_noop("replied by mail on %(day)s"),
    "try_again": gettext_noop("not reached, to be tried again on %(day)s"),
    "owed": gettext_noop("an answer is owed by %(day)s"),
    "given": gettext_noop("given to you on %(day)s"),
    "ready": gettext_noop("ready since %(day)s"),
    "backlog": gettext_noop("lies still since %(day)s"),
}


def in_words(entries: Iterable[CallListEntry]) -> Mapping[int, list[str]]:
    """By the id of the entry; one query for all of them."""
    rows = list(entries)
    rules = scores.rules_of(said for row in rows for said in row.reasons)
    return {row.pk: [words for said in row.reasons if (words := _one(said, rules))] for row in rows}


def to_confirm(time: str) -> str:
    """Of a meeting at that time by the clock of the other side."""
    return _("meeting at %(time)s there, to be confirmed") % {"time": time}


def _one(said: list[Any], rules: Mapping[int, Any]) -> str:
    code, *values = said
    if code in ("fit", "did"):
        reason = scores.in_words(said, rules=rules)
        return reason.words if reason else ""
    if code == "call_back":
        return _("“%(what)s”, promised for %(day)s") % {"what": values[1], "day": _day(values[0])}
    if code == "raised":
        return _("raised a hand on %(day)s: %(source)s") % {"day": _day(values[0]), "source": values[1]} if values[1] else _("raised a hand")
    if code == "confirm":
        return to_confirm(values[0])
    if code == "step":
        return _("step %(n)s of “%(name)s”") % {"n": values[1], "name": values[0]}
    if code == "best_hour":
        hour, n_reached, n = values
        span = {"from": f"{hour}:00", "until": f"{hour + 1}:00", "reached": n_reached, "n": n}
        return _("best reached from %(from)s to %(until)s there: %(reached)s of %(n)s calls") % span
    if code == "woken":
        day, reason = values
        return _("wakes on %(day)s: %(reason)s") % {"day": _day(day), "reason": reason} if reason else _("wakes on %(day)s") % {"day": _day(day)}
    return _(_BY_DAY[code]) % {"day": _day(values[0])} if code in _BY_DAY else ""


def _day(text: str) -> str:
    """As the reader writes a day. A value may be a day or a moment, as JSON has them."""
    value = datetime.fromisoformat(text).date() if "T" in text else date.fromisoformat(text[:10])
    return date_format(value, "MONTH_DAY_FORMAT")
