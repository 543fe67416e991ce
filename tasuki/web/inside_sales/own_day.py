"""An inside seller's own list of today in short: how far it is, who is next and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tasuki.core.people import User
from tasuki.inside_sales.call_lists import barring, lists, reasons, rules
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.web.inside_sales.call_lists import Meter, address, meter_of


@dataclass(frozen=True)
class OwnDay:
    """`next` is the first who waits and may be called, None when all is done; `why` are its reasons."""

    call_list: CallList
    meter: Meter
    next: CallListEntry | None
    why: Sequence[str]
    href: str


def own_day(user: User, *, at: datetime) -> OwnDay | None:
    """None where there is no list for today. A few queries, however long it is."""
    found = CallList.objects.visible_to(user).of(user, day=rules.local(at, user).date())
    if found is None:
        return None
    entries, _raised_from = lists.each_once(list(lists.entries_of(found)))
    barred = barring.of_each(entries, call_list=found, at=at)
    left = [one for one in entries if one.worked_at is None and one.skipped_at is None]
    waiting = next((one for one in left if one.pk not in barred or not barred[one.pk].is_barred), None)
    said = reasons.in_words([waiting]) if waiting else {}
    return OwnDay(found, meter_of(found, entries, barred), waiting, said.get(waiting.pk, []) if waiting else [], address(user, found.for_on))
