"""Jobs of workers that were killed: another worker does them, once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from procrastinate.contrib.django import app as jobs
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job

from tasuki import schedule

T = TypeVar("T")

pytestmark = pytest.mark.django_db(transaction=True)


def queued(name: str, status: str, *, lock: str | None = None) -> int:
    """A job in the queue; one that is `doing` has no worker any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, queueing_lock) VALUES ('default', %s, %s, %s) RETURNING id", [name, status, lock]
        )
        return int(cursor.fetchone()[0])


def done(do: Callable[[], Awaitable[T]]) -> T:
    """As a worker does it, in a thread of its own: in this one a browser's loop may be running."""

    async def work() -> T:
        answer = await do()
        await sync_to_async(connections.close_all)()
        return answer

    with ThreadPoolExecutor(1) as other:
        return other.submit(asyncio.run, work()).result()


def retried() -> None:
    done(lambda: schedule.retry_stalled_jobs(0))


def taken() -> str | None:
    """The job that a worker with a free thread begins now."""

    async def take() -> Job | None:
        return await jobs.job_manager.fetch_job(queues=None, worker_id=await jobs.job_manager.register_worker())

    job = done(take)
    return job.task_name if job else None


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


@pytest.mark.parametrize("name", ["count_inside_sales", "count_reach", "find_duplicates", "fold_the_daybook", "keep_scores", "wake_what_is_due"])
def test_what_nobody_else_may_do_meanwhile_takes_one_thread_of_a_worker_and_leaves_the_others_to_mail_and_hand_offs(name: str) -> None:
    due = jobs.tasks[name]
    due.defer(timestamp=0)
    assert taken() == name
    due.defer(timestamp=10)
    assert taken() is None
    jobs.tasks["send_mail"].defer(timestamp=10)
    assert taken() == "send_mail"


def test_a_thread_of_the_worker_ends_a_connection_behind_the_job_that_is_done_when_it_is_old() -> None:
    began: list[bool] = []

    def look(timestamp: int) -> None:
        connection.ensure_connection()
        began.append(connection.connection is not None)
        connection.close_at = was_told

    def is_open() -> bool:
        try:
            schedule._on_a_young_connection(look)(0)
            return connection.connection is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        was_told = time.monotonic() + 60
        assert thread.submit(is_open).result()
        was_told = time.monotonic() - 1
        assert not thread.submit(is_open).result()
    assert began == [True, True]
