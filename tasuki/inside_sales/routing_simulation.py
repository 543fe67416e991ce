"""Simulation: where would the last leads have gone by these rules? Asked of the database for all of them at once; nothing is written.

The company of each lead, who was away and whether anybody was at work are looked at as they were at its moment, and day caps are counted
as the leads come. How many leads people carry is counted from today on: nobody kept what it was then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tasuki.core.people import User
from tasuki.crm import stages
from tasuki.crm.conditions import Conditions
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.inside_sales import routing_claims, routing_rules, routing_staff
from tasuki.inside_sales.routing_claims import Claim, Step
from tasuki.inside_sales.routing_pools import RoutingPool
from tasuki.inside_sales.routing_rules import RoutingRule, RoutingVersion
from tasuki.inside_sales.routing_staff import Loads, Staff

MOST = 500
# A lead that waits is asked about again when somebody is at work, at most so often.
_MOST_WAITS = 5


@dataclass(frozen=True)
class Simulated:
    """One lead: by which step and rule it would have gone to whom (None: to the queue), and who had it in truth."""

    lead: Lead
    at: datetime
    step: Step
    rule: RoutingRule | None
    owner: User | None
    actual: User | None

    @property
    def is_other(self) -> bool:
        return self.owner != self.actual


@dataclass(frozen=True)
class Simulation:
    """What became of the leads, newest first. `by_rule` counts those of each rule by its number, `by_step` those of each step."""

    rows: list[Simulated]
    by_rule: Mapping[int, int]
    by_step: Mapping[str, int]

    @property
    def n_other(self) -> int:
        return sum(row.is_other for row in self.rows)

    def by_person(self) -> list[tuple[User | None, int, int]]:
        """(person, leads in truth, leads by these rules), those with most first; None is the queue."""
        actual, then = Counter(row.actual for row in self.rows), Counter(row.owner for row in self.rows)
        people = dict.fromkeys([*actual, *then])
        return sorted(((one, actual[one], then[one]) for one in people), key=lambda row: (-row[2], -row[1], row[0].pk if row[0] else 0))


def simulate(version: RoutingVersion, *, at: datetime, most: int = MOST) -> Simulation:
    """`version` is a draft or one that was published; the last `most` leads that became ready go by it in the order in which they came."""
    arrived = list(_arrived(most))
    asked = {passage.lead_id: passage.entered_at for passage in reversed(arrived)}
    leads = {lead.pk: lead for lead in Lead.objects.for_page().filter(pk__in=list(asked))}
    rules = list(version.rules.select_related("pool__team"))
    conditions = Conditions(at=at)
    refused = conditions.among(version.blocked, Lead.objects.filter(pk__in=set(asked))).values_list("pk", flat=True) if version.blocked else ()
    blocked = routing_claims.blocked(asked) | set(refused)
    claims = routing_claims.of_leads({pk: moment for pk, moment in asked.items() if pk not in blocked})
    ruled = routing_rules.first_met(rules, set(asked) - blocked, conditions)
    pools = list({rule.pool_id: rule.pool for rule in rules}.values())
    claimants = [claim.user_id for of_one in claims.values() for claim in of_one]
    staff = Staff(pools, first=min(asked.values(), default=at), last=max(asked.values(), default=at), others=claimants)
    going = _Going(staff, staff.loads(pools))
    for members in staff.members.values():
        for member in members:
            member.current = 0
    found: dict[int, Place] = {}
    for pk, moment in asked.items():
        if pk in blocked:
            found[pk] = Place(Step.BLOCKED)
        else:
            found[pk] = going.by_claim(claims.get(pk, []), moment) or going.by_rule(leads[pk], ruled.get(pk), moment)
    actual = _who_had_them(arrived, leads)
    rows = [_row(passage, leads[passage.lead_id], found[passage.lead_id], staff=staff, actual=actual) for passage in arrived]
    by_rule = Counter(row.rule.pk for row in rows if row.rule and row.step == Step.RULE)
    return Simulation(rows, by_rule, Counter(row.step.value for row in rows))


@dataclass(frozen=True)
class Place:
    """Where one lead would have gone; without `user_id` the queue."""

    step: Step
    rule: RoutingRule | None = None
    user_id: int | None = None


@dataclass
class _Going:
    """The staff as it fills while the leads come, one after the other."""

    staff: Staff
    loads: Loads

    def by_claim(self, claims: Sequence[Claim], at: datetime) -> Place | None:
        for claim in claims:
            one = self.staff.stands(claim.user_id, at)
            if not one.why:
                return Place(claim.step, user_id=one.user_id)
        return None

    def by_rule(self, lead: Lead, rule: RoutingRule | None, at: datetime) -> Place:
        if rule is None:
            return Place(Step.CATCH_ALL)
        pool: RoutingPool = rule.pool
        needs = routing_staff.needs_of(lead)
        for _ in range(_MOST_WAITS):
            answer = self.staff.ask(pool, needs=needs, at=at, loads=self.loads)
            if answer.user_id is not None:
                self.loads.n_open[answer.user_id] += 1
                self.loads.n_today[answer.user_id, self.staff.day_of(answer.user_id, at)] += 1
                return Place(Step.RULE, rule, answer.user_id)
            if answer.opens_at is None:
                break
            at = answer.opens_at
        return Place(Step.CATCH_ALL, rule)


def _row(passage: Passage, lead: Lead, place: Place, *, staff: Staff, actual: Mapping[int, User | None]) -> Simulated:
    owner = staff.people[place.user_id] if place.user_id else None
    return Simulated(lead, passage.entered_at, place.step, place.rule, owner, actual[lead.pk])


def _who_had_them(arrived: Sequence[Passage], leads: Mapping[int, Lead]) -> dict[int, User | None]:
    """Whoever worked the lead first; of one that nobody has worked yet, who carried it out of this stage or has it now."""
    worked = Passage.objects.filter(lead__in=list(leads), stage=stages.WORKING).select_related("owner")
    first = {passage.lead_id: passage.owner for passage in worked}
    return {one.lead_id: first.get(one.lead_id) or (one.owner if one.left_at else leads[one.lead_id].owner) for one in arrived}


def meeting(condition: str, *, at: datetime, most: int = MOST) -> tuple[int, int]:
    """(how many of the last leads that became ready meet a condition, how many there are); one that cannot be read is met by none."""
    ids = set(Passage.objects.filter(stage=stages.READY).order_by("-entered_at", "-pk").values_list("lead_id", flat=True)[:most])
    return Conditions(at=at).among(condition, Lead.objects.filter(pk__in=ids)).values("pk").distinct().count(), len(ids)


def _arrived(most: int) -> Sequence[Passage]:
    rows = Passage.objects.filter(stage=stages.READY).order_by("-entered_at", "-pk").select_related("owner")
    return list(rows[:most])
