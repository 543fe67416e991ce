"""Every periodic job on one page, and the modules in which the other jobs stand."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate import App, RetryStrategy
from procrastinate.contrib.django import app as jobs

RETRY = RetryStrategy(max_attempts=5, exponential_wait=4)

# A worker imports these when it starts; elsewhere they are imported by whoever defers one of their jobs.
MODULES_WITH_JOBS = [
    "tasuki.core.bulk.running",
    "tasuki.core.custom_fields.indexing",
    "tasuki.core.imports.running",
    "tasuki.core.imports.sets",
    "tasuki.core.imports.undoing",
    "tasuki.demo.background",
    "tasuki.web.letters",
]

# A worker says every few seconds that it lives; when it has said nothing for longer than this, it is dead.
HEARTBEAT_SECONDS = 5.0
STALLED_AFTER_SECONDS = 20.0


def on_app_ready(app: App) -> None:
    """Called by procrastinate when Django's apps are loaded; the jobs themselves stand under their verbs.

    Periodic jobs are made tasks here and not by a decorator: what decorates before this moment adds to a draft of the app.
    """
    app.import_paths = [*app.import_paths, *MODULES_WITH_JOBS]
    # The sixth field is seconds: a job whose worker was killed waits for a quarter of a minute more, not for a whole one.
    app.periodic(cron="* * * * * */15")(app.task(name="retry_stalled_jobs", queueing_lock="retry_stalled_jobs")(retry_stalled_jobs))
    app.periodic(cron="* * * * *")(app.task(name="fold_the_daybook", queueing_lock="fold_the_daybook")(fold_the_daybook))
    app.periodic(cron="17 * * * *")(app.task(name="find_duplicates", queueing_lock="find_duplicates")(find_duplicates))
    app.periodic(cron="* * * * * */30")(app.task(name="mail_notifications", queueing_lock="mail_notifications")(mail_notifications))
    app.periodic(cron="* * * * * */10")(app.task(name="scan_attachments", queueing_lock="scan_attachments")(scan_attachments))
    app.periodic(cron="20 3 * * *")(app.task(name="forget_what_is_over", queueing_lock="forget_what_is_over")(forget_what_is_over))
    app.periodic(cron="* * * * * */5")(app.task(name="absorb_search_changes", queueing_lock="absorb_search_changes")(absorb_search_changes))


def find_duplicates(timestamp: int) -> None:
    """Look through all records for those that are probably one; see the page of duplicates."""
    from tasuki.crm import duplicate_groups

    duplicate_groups.find(at=datetime.fromtimestamp(timestamp, tz=UTC))


def absorb_search_changes(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Make what imports brought findable. What people type in is found at once: whoever searches reads it in."""
    from tasuki.core.search import indexing

    indexing.absorb_all()


def fold_the_daybook(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Keep the notes of the daybook few, so that pages stay fast; no number depends on it."""
    from tasuki.crm import daybook

    daybook.fold()


def mail_notifications(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Post what people wanted mailed: at once what is addressed to them, in the morning the rest."""
    from django.utils.timezone import now

    from tasuki.web import notification_letters

    notification_letters.post_what_waits(at=now())


def scan_attachments(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Show attached files to the virus scanner, if there is one; what it was away for waits."""
    from django.utils.timezone import now

    from tasuki.crm import scanning

    scanning.scan_what_waits(at=now())


def forget_what_is_over(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """At night: notifications that were read long ago, and files that were removed long ago."""
    from django.utils.timezone import now

    from tasuki.crm import attachments, notifications

    notifications.forget(at=now())
    while attachments.forget_removed(at=now()):
        pass


async def retry_stalled_jobs(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """A worker that was killed leaves its job marked as running for ever: give such jobs to another worker."""
    for job in await jobs.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS):
        await jobs.job_manager.retry_job(job)
