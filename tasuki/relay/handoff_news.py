"""What a happening on a hand-off leaves behind: an entry in the trail, one on the timeline, notifications, and tasks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils import translation

from tasuki.core import audit
from tasuki.crm import notifications, tasks, timeline
from tasuki.crm.notifications import Happening
from tasuki.crm.tasks import Task, TaskKind
from tasuki.crm.timeline import TimelineEntry

if TYPE_CHECKING:
    from tasuki.core.audit import By, Changes
    from tasuki.relay.handoff_rows import Handoff


def say(handoff: Handoff, *, action: str, to: Iterable[int | None], by: By, at: datetime, words: str = "", changes: Changes | None = None) -> None:
    """Write down what happened, and tell people of it. The trail of the lead names the offer too: what an import brought cannot go any more."""
    lead = handoff.lead
    cause = audit.record(handoff, action=action, by=by, at=at, changes=changes)
    if action == "offer":
        audit.record(lead, action=action, by=by, at=at)
    TimelineEntry.objects.create(
        at=at,
        kind=timeline.Kind.HANDOFF,
        lead=lead,
        contact_id=lead.contact_id,
        account_id=lead.account_id,
        actor=by.actor,
        text=words.strip(),
        detail={"handoff": handoff.pk, "action": action},
    )
    people = {one for one in to if one is not None}
    notifications.tell(people, happening=Happening.HANDOFF, noun=handoff.noun, cause=cause, by=by, at=at)


def remind(handoff: Handoff, *, action: str, to: Iterable[int], by: By, at: datetime) -> None:
    """Tell people what they owe soon. It is no happening of the lead: its timeline says nothing of it."""
    cause = audit.record(handoff, action=action, by=by, at=at)
    notifications.tell(set(to), happening=Happening.HANDOFF, noun=handoff.noun, cause=cause, by=by, at=at)


def give_task(handoff: Handoff, *, subject: Any, details: str, due_on: date, by: By, at: datetime, who: str = "", is_meeting: bool = False) -> Task | None:
    """A task for the one credited, in their language; none for somebody who has left, whose leads are others' by now."""
    owner = handoff.credited_to
    if not owner.is_active:
        return None
    with translation.override(owner.language):
        said = str(subject) % {"lead": handoff.lead.title, "who": who}
    kind = TaskKind.MEETING if is_meeting else TaskKind.OTHER
    lead = handoff.lead
    task = Task(subject=said[: tasks.LONGEST], kind=kind, details=details.strip()[: tasks.LONGEST_DETAILS], due_on=due_on, owner=owner)
    if lead.stage_id is None:
        # The pass has ended; what came of it goes on with the person.
        task.contact_id, task.account_id = lead.contact_id, None if lead.contact_id else lead.account_id
    task.lead_id = lead.pk
    return tasks.add(task, by=by, at=at)
