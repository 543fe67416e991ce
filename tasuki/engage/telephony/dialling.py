"""Dialling: a call that is written is handed to the telephone system, and what the system says of it is written into the call."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tasuki.core.audit import By, Door
from tasuki.engage import calls, recordings, talk_figures
from tasuki.engage.calls import Call, Direction
from tasuki.engage.telephony import ringing, systems

if TYPE_CHECKING:
    from tasuki.crm.attachments import Attachment
    from tasuki.engage.recording_rows import Recording
    from tasuki.engage.telephony.webhooks import Event

# The system is nobody who signs in.
_BY = By(None, Door.API)


def dial(call: Call, *, seat: str) -> Call:
    """Let the system ring. The call stands in the database before: outside of a transaction, so that nothing waits for a line.

    Raises TelephoneFailed; the call goes on, and is dialled by hand.
    """
    system = systems.current()
    external_id = system.dial(call.pk, number=call.number, seat=seat)
    if external_id:
        Call.objects.filter(pk=call.pk, external_id="").update(external_id=external_id)
        call.external_id = external_id
    return call


def hang_up(call: Call) -> None:
    """Close the line of a call that the system made. Raises TelephoneFailed."""
    system = systems.current()
    if call.external_id and call.adapter == system.key:
        system.hang_up(call.external_id)


def heard(event: Event, *, adapter: str, at: datetime) -> Call | None:
    """What the system says: “incoming”, “answered”, “ended”, or how the call was talked. Saying it twice, or of a call that is not ours, changes
    nothing; → the call. Raises FiguresRefused.
    """
    if event.event == "incoming":
        return ringing.rang(event, adapter=adapter)
    call = of_system(event.external_id, adapter=adapter)
    if call is None:
        return None
    if event.figures:
        talk_figures.note(call, figures=event.figures, adapter=adapter, by=_BY, at=at)
        return call
    if call.direction == Direction.IN:
        return ringing.answered(call, event) if event.event == "answered" else ringing.ended(call, at=event.at)
    return calls.answer(call, at=event.at) if event.event == "answered" else calls.end(call, at=event.at)


def recorded(call: Call, *, attachment: Attachment, notice: str, at: datetime) -> Recording:
    """The system brings the recording of a call of its own. Raises what `recordings.keep` raises."""
    return recordings.keep(call, attachment=attachment, notice=notice, adapter=call.adapter, by=_BY, at=at)


def of_system(external_id: str, *, adapter: str) -> Call | None:
    """The call as the system names it."""
    return Call.objects.filter(adapter=adapter, external_id=external_id).exclude(external_id="").first()
