"""A plan by source: its leads by the mix that the house had, and how many of them become opportunities, so that no count stands without its worth (R25).

The mix is that of the leads of the year before the plan was measured. Beside it stands how many opportunities came in the same time for each lead that
came: of a source with few leads that says little, so it is drawn to that of all (`reverse_plan.drawn`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

from tasuki.analytics import reverse_plan
from tasuki.core.organisation import the_day, the_organisation
from tasuki.relay import plan_sums
from tasuki.relay.bottleneck import SMALLEST
from tasuki.relay.plan_rows import Plan, Step
from tasuki.relay.plan_standing import Standing

BEFORE = timedelta(days=365)
TOLD = (Step.LEADS, Step.OPPORTUNITIES)
# What is told of each source: how many came to a step.
BySource = Mapping[Step, Mapping[str, int]]


@dataclass(frozen=True)
class OfSource:
    """One source, "" for leads without any: `n` leads of the year before, `share` of all of them, and `rate`, opportunities for each lead as it counts,
    drawn to that of all. `total` is what the whole plan asks of it in leads; `due` and `came` are by now, of leads and of opportunities.
    """

    source: str
    n: int
    share: float
    n_opportunities: int
    rate: float
    total: int
    due: dict[Step, int]
    came: dict[Step, int]


@dataclass(frozen=True)
class Mix:
    """All sources, those with the most leads first, and all together; and the first and the last day of the year before."""

    first: date
    last: date
    sources: list[OfSource]
    whole: OfSource


def names(plan: Plan) -> list[str]:
    """The sources of the mix, those with the most leads first."""
    leads = _before(plan)[Step.LEADS]
    return sorted(leads, key=lambda name: (-leads[name], name))


def mix(plan: Plan, stands: Standing, *, at: datetime) -> Mix | None:
    """By source what the plan asks for and what came, each adding up to the figures of the chain; None where no lead came in the year before."""
    zone = ZoneInfo(the_organisation().time_zone)
    until = the_day(plan.measured_at)
    before = _before(plan)
    if not before[Step.LEADS]:
        return None
    begun, ended = datetime.combine(stands.since, time(), zone), min(at, datetime.combine(plan.until_on, time(), zone))
    came: BySource = plan_sums.by_source(begun, ended) if begun < ended else {step: {} for step in Step}
    sources = _of_sources(stands, before=before, came=came)
    return Mix(until - BEFORE, until - timedelta(days=1), sources, _together(sources))


def _before(plan: Plan) -> BySource:
    zone, until = ZoneInfo(the_organisation().time_zone), the_day(plan.measured_at)
    return plan_sums.by_source(datetime.combine(until - BEFORE, time(), zone), datetime.combine(until, time(), zone))


def _of_sources(stands: Standing, *, before: BySource, came: BySource) -> list[OfSource]:
    leads, opportunities = before[Step.LEADS], before[Step.OPPORTUNITIES]
    names = sorted({*leads, *(name for step in TOLD for name in came[step])})
    n = sum(leads.values())
    of_all = sum(opportunities.values()) / n
    rates = {name: reverse_plan.drawn(opportunities.get(name, 0), leads.get(name, 0), to=of_all, prior=SMALLEST) for name in names}
    asked = {place.step: place for place in stands.places}
    weights = [float(leads.get(name, 0)) for name in names]
    totals = reverse_plan.shared(asked[Step.LEADS].total, weights)
    due = {
        Step.LEADS: reverse_plan.shared(round(asked[Step.LEADS].due), weights),
        # As many as its leads are worth: of the opportunities that are due, by leads × rate.
        Step.OPPORTUNITIES: reverse_plan.shared(
            round(asked[Step.OPPORTUNITIES].due), [weight * rates[name] for weight, name in zip(weights, names, strict=True)]
        ),
    }
    found = [
        OfSource(
            name,
            leads.get(name, 0),
            leads.get(name, 0) / n,
            opportunities.get(name, 0),
            rates[name],
            totals[nth],
            {step: due[step][nth] for step in TOLD},
            {step: came[step].get(name, 0) for step in TOLD},
        )
        for nth, name in enumerate(names)
    ]
    return sorted(found, key=lambda one: (-one.n, -one.came[Step.LEADS], one.source))


def _together(sources: list[OfSource]) -> OfSource:
    n, n_opportunities = sum(one.n for one in sources), sum(one.n_opportunities for one in sources)
    due, came = ({step: sum(told(one)[step] for one in sources) for step in TOLD} for told in (attrgetter("due"), attrgetter("came")))
    return OfSource("", n, 1.0, n_opportunities, min(n_opportunities / n, 1.0), sum(one.total for one in sources), due, came)
