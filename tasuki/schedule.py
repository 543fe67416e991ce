"""Every periodic job, on one page."""

from __future__ import annotations

from procrastinate import App, RetryStrategy
from procrastinate.contrib.django import app as jobs

RETRY = RetryStrategy(max_attempts=5, exponential_wait=4)


def on_app_ready(app: App) -> None:
    """Called by procrastinate when Django's apps are loaded; the jobs themselves stand under their verbs."""
    app.periodic(cron="* * * * *")(retry_stalled_jobs)


@jobs.task(name="retry_stalled_jobs", queueing_lock="retry_stalled_jobs", pass_context=False)
async def retry_stalled_jobs(timestamp: int) -> None:
    """A worker that was killed leaves its job marked as running for ever: give such jobs to another worker."""
    for job in await jobs.job_manager.get_stalled_jobs(seconds_since_heartbeat=30):
        await jobs.job_manager.retry_job(job)
