"""Of which kind the next call about a lead is: by how often it was called, and by what was promised or booked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasuki.crm import stages
from tasuki.engage.call_types import CallType, of_next
from tasuki.engage.calls import Call, Direction
from tasuki.engage.next_calls import NextCall

if TYPE_CHECKING:
    from tasuki.crm.leads import Lead


def type_of_next(lead: Lead) -> CallType:
    """Three queries. Whoever calls us is called on with what was to be our next call."""
    n_calls = Call.objects.filter(lead=lead, direction=Direction.OUT).exclude(disposition="").count()
    is_promised = NextCall.objects.filter(lead=lead, is_promised=True).exists()
    return CallType.objects.get(key=of_next(n_calls=n_calls, is_promised=is_promised, is_booked=lead.stage_id == stages.BOOKED))
