"""Routing of many leads that become ready at one moment: as `routing.route` does it for each, one after the other, with the same few questions for all.

The round of a pool and the caps of its people go on from lead to lead within the set, as they do from one lead to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from tasuki.core import audit, bus, roles
from tasuki.core.audit import By, Door
from tasuki.crm import lead_companies, next_passes, notifications
from tasuki.crm.conditions import Conditions
from tasuki.crm.leads import Lead
from tasuki.crm.next_passes import Gift
from tasuki.crm.notifications import Happening, Told
from tasuki.inside_sales import routing, routing_claims, routing_rules, routing_staff
from tasuki.inside_sales.routing import Found, Routed
from tasuki.inside_sales.routing_claims import Claim, Step
from tasuki.inside_sales.routing_decisions import Cause, RoutingDecision, RoutingWait
from tasuki.inside_sales.routing_pools import RoutingPool
from tasuki.inside_sales.routing_rules import RoutingRule, RoutingVersion
from tasuki.inside_sales.routing_staff import Loads, Staff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasuki.core.audit import AuditEntry
    from tasuki.core.teams import Team


@transaction.atomic
def route_together(begun: Sequence[Lead], *, by: By, at: datetime) -> list[RoutingDecision]:
    """Give those of the leads that nobody has to whom they belong, and write down why; → in their order.

    `begun`: all that became ready at this moment, in the order in which they come; each was written in this transaction, and is loaded with its person,
    company, product and team. Whoever has a lead afterwards stands in it.
    """
    without = [lead for lead in begun if lead.owner_id is None]
    if not without:
        return []
    domains = _place(without, by=by, at=at)
    version = RoutingVersion.objects.in_force()
    going = _asked(begun, without, version, at=at)
    found = [(lead, one) for lead in begun if (one := going.next(lead)) is not None]
    going.save_rounds()
    decisions = RoutingDecision.objects.bulk_create(
        [routing.unwritten(lead, found=one, version=version, cause=Cause.ARRIVAL, by=by, at=at, domain=domains.get(lead.pk, "")) for lead, one in found]
    )
    waits = [RoutingWait(lead=lead, pool=one.rule.pool, opens_at=one.opens_at) for lead, one in found if one.opens_at and one.rule]
    RoutingWait.objects.bulk_create(waits)
    _carry_out(decisions, going.staff, by=By(None, Door.JOB, as_one=by.as_one), at=at)
    for decision in decisions:
        bus.say(Routed(decision.lead, decision, by=by, at=at))
    return decisions


def _place(without: Sequence[Lead], *, by: By, at: datetime) -> dict[int, str]:
    """Few leads have no company: each of those that may get one is asked about by itself. → the domain by which each got it."""
    alone = [lead for lead in without if lead.account_id is None]
    may_be = lead_companies.may_be_placed(alone) if alone else set()
    domains = {}
    for lead in alone:
        if lead.pk in may_be:
            placed = lead_companies.place(lead, by=By(None, Door.JOB, as_one=by.as_one), at=at)
            lead.account = placed.account
            domains[lead.pk] = lead_companies.came_by(placed)
    return domains


def _asked(begun: Sequence[Lead], without: Sequence[Lead], version: RoutingVersion | None, *, at: datetime) -> _Going:
    """All that the database is asked before the first of them is given out."""
    asked, conditions = {lead.pk: at for lead in without}, Conditions(at=at)
    refused = conditions.among(version.blocked, Lead.objects.filter(pk__in=list(asked))).values_list("pk", flat=True) if version and version.blocked else ()
    blocked = routing_claims.blocked(asked) | set(refused)
    free = {pk: moment for pk, moment in asked.items() if pk not in blocked}
    claims = routing_claims.of_leads(free)
    ruled = routing_rules.first_met(list(version.rules.select_related("pool")) if version else [], free, conditions)
    # One set of a pool is given out at a time: the round and the caps are those that whoever came before left.
    wanted = {rule.pool_id for rule in ruled.values()}
    pools = {pool.pk: pool for pool in RoutingPool.objects.select_for_update(of=("self",)).select_related("team").filter(pk__in=wanted).order_by("pk")}
    staff = Staff(list(pools.values()), first=at, last=at, others=[claim.user_id for of_one in claims.values() for claim in of_one])
    loads = routing.loads_now(staff, list(pools.values()), at=at)
    for lead in begun:
        if lead.owner_id is not None:
            # It is counted when its turn comes.
            loads.n_open[lead.owner_id] -= 1
    queue = version.catch_all if version else routing_rules.first_queue()
    return _Going(queue, blocked, claims, ruled, pools, staff, loads, at)


@dataclass
class _Going:
    """What was asked, and the people as they fill while the leads come."""

    queue: Team | None
    blocked: set[int]
    claims: Mapping[int, list[Claim]]
    ruled: Mapping[int, RoutingRule]
    pools: Mapping[int, RoutingPool]
    staff: Staff
    loads: Loads
    at: datetime

    def next(self, lead: Lead) -> Found | None:
        """Where it goes; None for one that somebody has already."""
        if lead.owner_id is not None:
            self.loads.n_open[lead.owner_id] += 1
            return None
        found = self._find(lead)
        if found.owner_id is not None:
            self.loads.n_open[found.owner_id] += 1
            self.loads.n_today[found.owner_id, self.staff.day_of(found.owner_id, self.at)] += 1
        return found

    def _find(self, lead: Lead) -> Found:
        """The steps of `routing`, one after the other."""
        queue = self.queue or lead.team
        if lead.pk in self.blocked:
            return Found(Step.BLOCKED, queue)
        claimed, looked_at = routing.first_here(self.claims.get(lead.pk, ()) if lead.account_id else (), lead, self.staff, at=self.at)
        if claimed:
            return claimed
        rule = self.ruled.get(lead.pk)
        if rule is None:
            return Found(Step.CATCH_ALL, queue, candidates=looked_at)
        pool = self.pools[rule.pool_id]
        answer = self.staff.ask(pool, needs=routing_staff.needs_of(lead), at=self.at, loads=self.loads)
        found = routing.answered(answer, self.staff, pool, rule=rule, queue=queue)
        return replace(found, candidates=[*looked_at, *found.candidates])

    def save_rounds(self) -> None:
        for pk in self.pools:
            routing_staff.save_round(self.staff.members[pk])


def _carry_out(decisions: Sequence[RoutingDecision], staff: Staff, *, by: By, at: datetime) -> None:
    """As `routing` does it: Tasuki gives them, and tells whoever has to know."""
    gifts = [Gift(one.lead, staff.people[one.owner_id] if one.owner_id is not None else None, one.team, one.rule.name if one.rule else "") for one in decisions]
    next_passes.give_together(gifts, by=by, at=at)
    for gift in gifts:
        gift.lead.owner, gift.lead.team = gift.to, gift.team
    causes = audit.record_each([one.lead for one in decisions], action="route", by=by, at=at, changes=[{}] * len(decisions))
    _tell_whose_queue_it_is([(one, cause) for one, cause in zip(decisions, causes, strict=True) if one.step == Step.CATCH_ALL], by=by, at=at)
    for one, cause in zip(decisions, causes, strict=True):
        routing.tell_who_brought_the_deal(one.lead, one, cause=cause, at=at)


def _tell_whose_queue_it_is(caught: Sequence[tuple[RoutingDecision, AuditEntry]], *, by: By, at: datetime) -> None:
    managers = {team: [person.pk for person in roles.managers_of(team)] for team in {one.team for one, _cause in caught}}
    told = [Told(person, one.lead_id, cause) for one, cause in caught for person in managers[one.team]]
    notifications.tell_each(told, happening=Happening.QUEUED, by=by, at=at)
