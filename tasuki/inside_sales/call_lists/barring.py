"""Barring: whom on a list nothing allows to call, by the very check that the desk makes before a dial. Asked when somebody looks, never kept: what
is missing in the evening may be there in the morning.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tasuki.engage import callability
from tasuki.engage.callability import Callability
from tasuki.inside_sales.call_lists import rules
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry


def of_each(entries: Iterable[CallListEntry], *, call_list: CallList, at: datetime) -> dict[int, Callability]:
    """By the id of the entry, of those that still wait and may not be called: a few queries however many.

    The hours of a day to come are still to come: there only what no hour heals counts. What is over is judged no more.
    """
    today = rules.local(at, call_list.owner).date()
    if call_list.for_on < today:
        return {}
    waiting = [one for one in entries if one.worked_at is None and one.skipped_at is None and one.lead.stage_id is not None]
    moment = at if call_list.for_on == today else rules.begins_at(call_list.for_on, person=call_list.owner)
    judged = callability.of_each([one.lead for one in waiting], at=moment)
    found = {one.pk: judged[one.lead_id] for one in waiting if judged[one.lead_id].refusal}
    return {pk: one for pk, one in found.items() if one.is_barred or call_list.for_on == today}
