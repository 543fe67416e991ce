"""Leads of a file that are new to us: what is promised to those that come with somebody begins with them, for all of a chunk at once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db import transaction

from tasuki.core.imports.copying import copy_in, new_ids
from tasuki.crm.leads import Lead
from tasuki.crm.scoring import keeping
from tasuki.relay import agreements, clocks
from tasuki.relay.agreements import Agreement, Event
from tasuki.relay.clocks import Clock, ClockEvent, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tasuki.core.audit import By
    from tasuki.crm.lead_imports import Arrived


@transaction.atomic
def begin(arrived: Arrived) -> None:
    """Begin what is agreed for whoever comes in Ready by another door, at the moment of the import.

    The leads are written in this transaction: none has a clock yet, and nobody else can begin one.
    """
    if Agreement.objects.in_force().filter(event__in=(Event.RAISED, Event.OTHER)).exclude(condition="").exists():
        keeping.score_together(arrived.lead_ids, at=arrived.at)  # a condition may ask how a lead is scored
    begin_promises(arrived.lead_ids, by=arrived.by, at=arrived.at)


@transaction.atomic
def begin_promises(lead_ids: Sequence[int], *, by: By, at: datetime) -> None:
    """Likewise of any leads that began in this transaction, stand in Ready and are scored, whatever their origin."""
    leads = {lead.pk: lead for lead in Lead.objects.filter(pk__in=lead_ids).only("origin", "owner_id", "team_id")}
    by_event = defaultdict[Event, list[int]](list)
    for lead in leads.values():
        by_event[clocks.event_of_arrival(lead.origin)].append(lead.pk)
    alike = defaultdict[tuple[Agreement, int], list[Lead]](list)
    for event, ids in by_event.items():
        for pk, agreement in agreements.meant_for_each(ids, event=event, at=at).items():
            alike[agreement, leads[pk].team_id].append(leads[pk])
    for (agreement, team_id), those in alike.items():
        _write(clocks.unwritten(agreement, team_id=team_id, at=at, since=at), those, by=by, at=at)


def _write(like: Clock, leads: list[Lead], *, by: By, at: datetime) -> None:
    """COPY a clock like this one for each of the leads, and that it began."""
    ids = new_ids(Clock, len(leads))
    copy_in(
        Clock,
        (
            "id", "lead_id", "owner_id", "agreement_id", "team_id", "calendar_id", "owed", "nth", "counts", "n_seconds", "since_at", "started_at",
            "due_at", "warn_at", "n_paused_wall", "n_paused_business", "stopped_because", "is_answered",
        ),
        (
            (
                pk, lead.pk, lead.owner_id, like.agreement_id, like.team_id, like.calendar_id, str(like.owed), like.nth, str(like.counts), like.n_seconds,
                like.since_at, like.started_at, like.due_at, like.warn_at, 0, 0, "", False,
            )
            for pk, lead in zip(ids, leads, strict=True)
        ),
    )  # fmt: skip
    actor = by.actor.pk if by.actor else None
    copy_in(ClockEvent, ("clock_id", "turn", "at", "actor_id", "reason"), ((pk, Turn.STARTED.value, at, actor, "") for pk in ids))
