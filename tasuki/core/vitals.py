"""Vitals: whether what should run in the background does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

# A worker says every few seconds that it lives.
_ALIVE = timedelta(seconds=60)


@dataclass(frozen=True)
class Vitals:
    """Jobs and their workers at one moment."""

    has_worker: bool
    n_waiting: int
    n_failed: int


def vitals(*, at: datetime) -> Vitals:
    has_worker = ProcrastinateWorker.objects.filter(last_heartbeat__gte=at - _ALIVE).exists()
    jobs = dict(ProcrastinateJob.objects.filter(status__in=("todo", "failed")).values_list("status").annotate(n=Count("pk")))
    return Vitals(has_worker, jobs.get("todo", 0), jobs.get("failed", 0))
