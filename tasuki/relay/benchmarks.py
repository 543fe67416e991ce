"""What others report of inside sales: to be read beside one's own numbers, never aimed at. They differ by a factor of two and more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Benchmark:
    """One figure of one source. `measure` is the key of ours that comes nearest; `low` and `high` are shares where that is a rate, else counts.

    `about` says of whom and what it is: seldom quite what we count.
    """

    measure: str
    low: float
    high: float
    about: Any
    source: str

    @property
    def is_share(self) -> bool:
        return self.measure != "dials_a_day"


BENCHMARKS = (
    Benchmark("dials_a_day", 34, 34, _("dials a day for each person, Japan, 2025"), "decisense.co.jp, inside sales white paper"),
    Benchmark("dials_a_day", 40, 50, _("dials a day for each person, agencies in Japan"), "wsf-is.com"),
    Benchmark("dials_a_day", 45, 45, _("calls a day for each person, United States"), "Bridge Group, quoted by vozah.com"),
    Benchmark("connect", 0.048, 0.048, _("answered, of all dials, 2025"), "Cognism, State of Cold Calling"),
    Benchmark("connect", 0.054, 0.133, _("answered, of all dials: average, and the best quarter of teams"), "Gong, quoted by dialfyne.com"),
    Benchmark("connect", 0.099, 0.099, _("answered, of all dials"), "Belkins"),
    Benchmark("reach", 0.245, 0.245, _("reached, of the people called"), "Belkins"),
    Benchmark("conversation", 0.15, 0.20, _("person reached, of all dials, agencies in Japan"), "wsf-is.com"),
    Benchmark("booked", 0.046, 0.048, _("meetings, of conversations"), "Cognism; Belkins"),
    Benchmark("show", 0.70, 0.90, _("meetings that take place, Japan"), "revolver-sales.net"),
    Benchmark("worked", 0.90, 1.0, _("tasks completed and not skipped, asked of inside sellers"), "GitLab handbook, sales development"),
    Benchmark("overdue", 0.0, 0.10, _("tasks that are overdue, at most, asked of inside sellers"), "GitLab handbook, sales development"),
    Benchmark("acceptance", 0.50, 0.70, _("taken over by sales, of qualified leads"), "revwiser.com"),
)


def of(measure: str) -> list[Benchmark]:
    return [one for one in BENCHMARKS if one.measure == measure]


def span(measure: str) -> tuple[float, float] | None:
    """The smallest and the largest of what others report of a measure."""
    found = of(measure)
    return (min(one.low for one in found), max(one.high for one in found)) if found else None
