"""Every periodic job on one page, and the modules in which the other jobs stand."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import wraps

from django.db import close_old_connections
from procrastinate import App, RetryStrategy
from procrastinate.contrib.django import app as jobs
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

RETRY = RetryStrategy(max_attempts=5, exponential_wait=4)

# A worker imports these when it starts; elsewhere they are imported by whoever defers one of their jobs.
MODULES_WITH_JOBS = [
    "tasuki.core.bulk.running",
    "tasuki.core.custom_fields.indexing",
    "tasuki.core.imports.running",
    "tasuki.core.imports.sets",
    "tasuki.core.imports.undoing",
    "tasuki.demo.background",
    "tasuki.relay.personal_data.erasures",
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
    _every(app, "* * * * * */15", retry_stalled_jobs)
    _every(app, "* * * * *", fold_the_daybook, alone=True)
    _every(app, "17 * * * *", find_duplicates, alone=True)
    _every(app, "* * * * * */30", mail_notifications)
    _every(app, "* * * * * */10", mail_invitations)
    _every(app, "* * * * * */5", send_mail)
    _every(app, "* * * * * */15", read_mail)
    _every(app, "* * * * * */15", keep_own_calendars)
    _every(app, "* * * * * */10", scan_attachments)
    _every(app, "* * * * * */10", route_what_waits)
    _every(app, "* * * * * */15", keep_agreements)
    _every(app, "* * * * *", watch_handoffs)
    _every(app, "20 3 * * *", forget_what_is_over)
    _every(app, "*/5 * * * *", wake_what_is_due, alone=True)
    _every(app, "* * * * * */5", absorb_search_changes)
    _every(app, "* * * * * */5", keep_scores, alone=True)
    _every(app, "*/5 * * * *", keep_call_lists)
    _every(app, "* * * * * */30", take_steps_of_sequences)
    _every(app, "* * * * * */10", count_inside_sales, alone=True)
    _every(app, "40 3 * * *", count_reach, alone=True)
    _every(app, "23 * * * *", draw_samples)


def _every(app: App, cron: str, do: Callable[[int], Awaitable[None] | None], *, alone: bool = False) -> None:
    """Have a job done whenever it is due; one more of its kind may wait meanwhile.

    `alone`: those that let nobody else do the same at once, and may have much to do after a pause. Each more that began would only wait for the first,
    and nothing would be done by its thread until then.
    """
    name = do.__name__
    done = do if inspect.iscoroutinefunction(do) else _on_a_young_connection(do)
    app.periodic(cron=cron)(app.task(name=name, lock=name if alone else None, queueing_lock=name)(done))


def _on_a_young_connection(do: Callable[[int], object]) -> Callable[[int], object]:
    """A connection of a thread of the worker ends with the job behind its first minute (CONN_MAX_AGE), and with it what PostgreSQL keeps for it: that grows
    with all that was ever asked, to tens of megabytes. One that was lost is not used again."""

    @wraps(do)
    def done(timestamp: int) -> object:
        close_old_connections()
        try:
            return do(timestamp)
        finally:
            close_old_connections()

    return done


def count_reach(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """At night: count in which hours people are reached."""
    from django.utils.timezone import now

    from tasuki.engage import reach

    reach.count(at=now())


def draw_samples(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Draw which recorded calls of last week are heard; whoever has been drawn for already is left alone."""
    from django.utils.timezone import now

    from tasuki.inside_sales.coaching import samples

    samples.draw_last_week(at=now())


def count_inside_sales(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Count the days of inside sales that are over, and those in which something changed; no number depends on when."""
    from django.utils.timezone import now

    from tasuki.relay.leg_days import keeping

    keeping.keep(at=now())


def keep_call_lists(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Propose tomorrow's list to everybody for whom it is evening, and freeze those whose day begins."""
    from django.utils.timezone import now

    from tasuki.inside_sales.call_lists import keeping

    keeping.keep(at=now())


def take_steps_of_sequences(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Whatever is due in sequences: mails, waits, branches, what goes onto somebody's day, and who had their time to answer."""
    from django.utils.timezone import now

    from tasuki.engage.sequences import sweeping
    from tasuki.engage.tracking import judging

    judging.judge(at=now())
    sweeping.sweep(at=now())


def keep_scores(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Score all leads by a version that was published, as far as that is left to do, and those about which something changed."""
    from django.utils.timezone import now

    from tasuki.crm.scoring import keeping

    keeping.rescore(at=now())
    keeping.absorb(at=now())


def find_duplicates(timestamp: int) -> None:
    """Look through all records for those that are probably one; see the page of duplicates."""
    from tasuki.crm import duplicate_groups

    duplicate_groups.find(at=datetime.fromtimestamp(timestamp, tz=UTC))


def absorb_search_changes(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Make what imports brought findable. What people type in is found at once: whoever searches reads it in."""
    from tasuki.core.search import indexing

    indexing.absorb_all()


def wake_what_is_due(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Once the queue's day has begun: wake what was recycled until today, and some of what is dead. First hold what came by an import."""
    from django.utils.timezone import now

    from tasuki.inside_sales import waking

    while waking.hold_what_came(at=now()):
        pass
    waking.wake_all(at=now())


def fold_the_daybook(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Keep the notes of the daybook few, so that pages stay fast; no number depends on it."""
    from tasuki.crm import daybook

    daybook.fold()


def mail_notifications(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Post what people wanted mailed: at once what is addressed to them, in the morning the rest."""
    from django.utils.timezone import now

    from tasuki.web import notification_letters

    notification_letters.post_what_waits(at=now())


def mail_invitations(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Post what is to be said about meetings to whoever is invited."""
    from django.utils.timezone import now

    from tasuki.web import meeting_letters

    meeting_letters.post_what_waits(at=now())


def send_mail(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Send what people wrote and what is due of it, each letter once; and the letters by which mailboxes are tried out."""
    from django.utils.timezone import now

    from tasuki.engage import inbox, outbox

    while inbox.try_out(at=now()):
        pass
    outbox.refuse_the_stranded(at=now())
    outbox.doubt_the_lost(at=now())
    for _nth in range(outbox.MOST_A_GO):
        if not outbox.send_next(at=now()):
            break


def read_mail(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Read the mailboxes whose turn it is, and look for letters of which nobody can tell whether they went out."""
    from django.utils.timezone import now

    from tasuki.engage import doubts, inbox

    started = now()
    while inbox.read_next(at=started):
        pass
    doubts.look(at=now())


def keep_own_calendars(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Read when people are busy by their own calendars, and write our meetings into them."""
    from django.utils.timezone import now

    from tasuki.engage.own_calendars import keeping

    for _nth in range(keeping.MOST_A_GO):
        if not keeping.keep_next(at=now()):
            break


def scan_attachments(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Show attached files to the virus scanner, if there is one; what it was away for waits."""
    from django.utils.timezone import now

    from tasuki.crm import scanning

    scanning.scan_what_waits(at=now())


def route_what_waits(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Give out ready leads that came by an import, and those that waited for somebody to be at work."""
    from django.utils.timezone import now

    from tasuki.inside_sales import routing

    routing.sweep(at=now())


def keep_agreements(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Remind of what is soon due between departments, and say what was not kept."""
    from django.utils.timezone import now

    from tasuki.relay import breaches

    breaches.go_on(at=now())
    breaches.warn(at=now())
    breaches.find(at=now())


def watch_handoffs(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """Tell what is late: answers, next steps, meetings to be booked again. Nothing is accepted by it."""
    from django.utils.timezone import now

    from tasuki.relay import handoff_clock

    handoff_clock.watch(at=now())


def forget_what_is_over(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """At night: notifications that were read long ago, files and views that were removed long ago, recordings that were kept long enough,
    and what is left of erasures whose job gave up."""
    from django.utils.timezone import now

    from tasuki.core import saved_views
    from tasuki.crm import attachments, notifications
    from tasuki.engage import recordings
    from tasuki.relay.personal_data import erasures

    notifications.forget(at=now())
    while attachments.forget_removed(at=now()):
        pass
    saved_views.forget_removed(at=now())
    recordings.forget_old(at=now())
    erasures.resume(at=now())


async def retry_stalled_jobs(timestamp: int) -> None:  # noqa: ARG001 (procrastinate says when it was due)
    """A worker that was killed leaves its job marked as running for ever: give such jobs to another worker.

    A periodic job whose like waits already is over: there is one of a kind in the queue, and that one does what it would have done.
    """
    for job in await jobs.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS):
        try:
            await jobs.job_manager.retry_job(job)
        except UniqueViolation:
            await jobs.job_manager.finish_job(job, Status.FAILED, delete_job=False)
