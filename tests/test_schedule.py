"""Jobs of workers that were killed: another worker does them, once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from procrastinate.contrib.django.models import ProcrastinateJob

from tasuki import schedule

pytestmark = pytest.mark.django_db(transaction=True)


def queued(name: str, status: str, *, lock: str | None = None) -> int:
    """A job in the queue; one that is `doing` has no worker any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, queueing_lock) VALUES ('default', %s, %s, %s) RETURNING id", [name, status, lock]
        )
        return int(cursor.fetchone()[0])


def retried() -> None:
    """As a worker runs it, in a thread of its own: in this one a browser's loop may be running."""

    async def work() -> None:
        await schedule.retry_stalled_jobs(0)
        await sync_to_async(connections.close_all)()

    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, work()).result()


def states() -> dict[int, str]:
    return dict(ProcrastinateJob.objects.values_list("pk", "status"))


def test_a_job_that_its_worker_left_behind_waits_for_another() -> None:
    left = queued("mail_password_link", "doing")
    retried()
    assert states() == {left: "todo"}


def test_a_periodic_job_left_behind_is_over_when_the_next_of_its_kind_waits_and_holds_up_no_other() -> None:
    left = queued("wake_what_is_due", "doing", lock="wake_what_is_due")
    following = queued("wake_what_is_due", "todo", lock="wake_what_is_due")
    other = queued("mail_password_link", "doing")
    retried()
    assert states() == {left: "failed", following: "todo", other: "todo"}
