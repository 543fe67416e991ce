"""What the tests of call lists set up: leads of Ivo's in every bucket, and a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.crm import leads, records, stages, tasks
from tasuki.crm.leads import Arrival, Lead, Origin
from tasuki.crm.tasks import Task, TaskKind
from tasuki.inside_sales.call_lists import building
from tasuki.inside_sales.call_lists.lists import CallList
from tests.cast import SET_UP, Cast
from tests.engage.calling import open_day_and_night

# A Tuesday evening, and the day whose list is made.
EVENING = datetime(2026, 3, 3, 17, 30, tzinfo=UTC)
WEDNESDAY = date(2026, 3, 4)
MORNING = datetime(2026, 3, 4, 9, tzinfo=UTC)


def lead(
    cast: Cast, *, stage: str = stages.READY, owner: User | None = None, days_ago: float = 10, origin: Origin = Origin.OUTBOUND, source: str = "x"
) -> Lead:
    at = EVENING - timedelta(days=days_ago)
    arrival = Arrival(team=cast.inside_sales, owner=owner or cast.ivo, origin=origin, source=source)
    return leads.capture(arrival, by=SET_UP, at=at, stage=stage)


def promised(cast: Cast, of: Lead, *, due_on: date = WEDNESDAY, owner: User | None = None, kind: TaskKind = TaskKind.CALL) -> Task:
    task = Task(subject="after the board", kind=kind, owner=owner or cast.ivo, lead=of, due_on=due_on)
    return tasks.add(task, by=By(cast.ivo, Door.WEB), at=EVENING)


def reachable(*those: Lead) -> None:
    """Each is of a person whom one may call, by day and night."""
    open_day_and_night()
    for one in those:
        person = records.Person("한", f"서윤{one.pk}", phone=f"+82255{one.pk % 100_000:05}", country="KR")
        contact = records.add_contact(person, another="one more", by=SET_UP, at=one.opened_at)
        Lead.objects.filter(pk=one.pk).update(contact=contact)


def built(*people: User, day: date = WEDNESDAY, at: datetime = EVENING) -> list[CallList]:
    building.build(day, owners=people, by=SET_UP, at=at)
    return [CallList.objects.get(owner=person, for_on=day) for person in people]


def order_of(call_list: CallList) -> list[tuple[int, int]]:
    """(bucket, lead) in the order of the list."""
    return list(call_list.entries.order_by("position", "pk").values_list("bucket", "lead"))
