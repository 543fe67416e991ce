"""The recording that a dispute is about: whoever judges the return, and the two whom it is about, hear that call while it is not decided."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.people import User
from tasuki.crm.leads import Lead
from tasuki.engage import lent_calls
from tasuki.engage.calls import Call, Calls
from tasuki.engage.dispositions import CONVERSATIONS
from tasuki.engage.recording_rows import Recording
from tasuki.relay.handoff_rows import Handoff

_OURS = re.compile(r"/calls/(\d{1,18})/?")


class CallOfAnother(Refused):
    code = "call_of_another"

    def __init__(self) -> None:
        super().__init__(_("Choose a recorded call about this lead."))


def recorded_calls(lead: Lead, *, user: User) -> Calls:
    """The calls about the lead that the person sees and whose recording is there, the newest first."""
    kept = Recording.objects.kept().filter(call=OuterRef("pk"))
    return Call.objects.visible_to(user).filter(Exists(kept), lead=lead).select_related("caller").newest_first()


def require_of(lead: Lead, call: Call | None) -> None:
    """Raise CallOfAnother for a call about another lead."""
    if call is not None and call.lead_id != lead.pk:
        raise CallOfAnother


def call_of(handoff: Handoff) -> Call | None:
    """The call that the package names, by itself or, as it once did, by the address of its page here; else the last conversation about the lead
    before it was offered, a recorded one first.

    Never a call about another lead: who writes the address lends nothing that is not of this hand-off.
    """
    if handoff.call is not None:
        return handoff.call
    calls = Call.objects.filter(lead=handoff.lead_id)
    named = _OURS.fullmatch(urlsplit(handoff.recording).path)
    if named and (call := calls.filter(pk=int(named[1])).first()):
        return call
    kept = Recording.objects.kept().filter(call=OuterRef("pk"))
    talks = calls.filter(started_at__lte=handoff.offered_at, disposition__in=CONVERSATIONS).annotate(is_recorded=Exists(kept))
    return talks.order_by("-is_recorded", "-started_at", "-pk").first()


def lend(handoff: Handoff, *, by: By, at: datetime) -> None:
    """The return is disputed: both parties, and whoever manages either side."""
    call = call_of(handoff)
    if call:
        people = {handoff.credited_to_id, handoff.offered_by_id, handoff.to_owner_id, handoff.answered_by_id}
        teams = {handoff.from_team_id, handoff.to_team_id}
        lent_calls.lend(call, people=[pk for pk in people if pk], teams=teams, about=_about(handoff), by=by, at=at)


def take_back(handoff: Handoff, *, by: By, at: datetime) -> None:
    """It is decided."""
    lent_calls.take_back(_about(handoff), by=by, at=at)


def _about(handoff: Handoff) -> str:
    return f"handoff:{handoff.pk}"
