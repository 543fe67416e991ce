"""Routing: every lead that becomes ready gets an owner, or a queue that says why; nothing is ever lost between two people.

In order: nobody is to have it · its company has an open deal · is a customer · is worked by name · is being worked · the rules, of which
the first that it meets decides · the queue that catches what is left, with an alert to whoever answers for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from tasuki.core import audit, bus, roles
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm import following, lead_companies, leads, notifications, stages
from tasuki.crm.conditions import Conditions
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Happening
from tasuki.crm.ownership import Ownership
from tasuki.inside_sales import routing_claims, routing_decisions, routing_rules, routing_staff
from tasuki.inside_sales.routing_claims import Claim, Step
from tasuki.inside_sales.routing_decisions import Cause, RoutingDecision, RoutingWait
from tasuki.inside_sales.routing_pools import RoutingPool
from tasuki.inside_sales.routing_rules import RoutingRule, RoutingVersion
from tasuki.inside_sales.routing_staff import Answer, Candidate, Loads, Staff

if TYPE_CHECKING:
    from tasuki.core.teams import Team

# A lead whose time was over so often stays where it is: by then it needs a manager, not another pair of hands.
MOST_REASSIGNMENTS = 3
_CLAIMS = {Step.OPEN_DEAL, Step.CUSTOMER, Step.NAMED_ACCOUNT, Step.SAME_COMPANY}


@dataclass(frozen=True)
class Routed:
    """Said on the bus, within the transaction in which a lead found its owner or its queue."""

    lead: Lead
    decision: RoutingDecision
    by: By
    at: datetime


@dataclass(frozen=True)
class Found:
    """What the steps came to. Without `owner_id` the queue of the `team` has it, until `opens_at` if somebody will be there then."""

    step: Step
    team: Team
    owner_id: int | None = None
    rule: RoutingRule | None = None
    claim: Claim | None = None
    opens_at: datetime | None = None
    candidates: list[Candidate] = field(default_factory=list)


@transaction.atomic
def route(lead: Lead, *, by: By, at: datetime, cause: Cause = Cause.ARRIVAL) -> RoutingDecision:
    """Give the lead to whom it belongs, and write down why. One without a company gets that of its mail's domain first. Raises NotInProcess, Gone."""
    # Tasuki looks, not whoever made the lead ready: they may not see the company.
    held = lead_companies.place(lead, by=By(None, Door.JOB, as_one=by.as_one), at=at)
    version = RoutingVersion.objects.in_force()
    found = _find(held, version, at=at)
    decision = _decide(held, found, version=version, cause=cause, by=by, at=at)
    # Whoever called goes on with what it holds.
    lead.owner_id, lead.team_id, lead.account_id = held.owner_id, held.team_id, held.account_id
    bus.say(Routed(held, decision, by=by, at=at))
    return decision


@transaction.atomic
def reassign(lead: Lead, *, breach: int, by: By, at: datetime) -> RoutingDecision | None:
    """The time of its owner is over: give the lead to somebody who never had it. `breach` is the number of the promise.

    None for a lead that is not given on: its time was over MOST_REASSIGNMENTS times, it was asked for this promise already, or its owner
    has it because of the company. With nobody else to have it, it stays, and the decision says why.
    """
    held = leads.locked(lead)
    mine = RoutingDecision.objects.filter(lead=held)
    last = mine.exclude(cause=Cause.BREACH).newest_first().first()
    n_before = mine.filter(cause=Cause.BREACH, at__gte=held.stage_since).count()
    if n_before >= MOST_REASSIGNMENTS or mine.filter(breach_of=breach).exists() or held.stage_id != stages.READY or (last and last.step in _CLAIMS):
        return None
    version = RoutingVersion.objects.in_force()
    had = Ownership.objects.filter(lead=held, owner__isnull=False).values_list("owner_id", flat=True)
    found = _by_rules(held, version, at=at, had=[owner for owner in had if owner is not None])
    if found.owner_id is None:
        found = replace(found, team=held.team, owner_id=held.owner_id, opens_at=None)
    decision = _decide(held, found, version=version, cause=Cause.BREACH, by=by, at=at, breach=breach)
    lead.owner_id, lead.team_id = held.owner_id, held.team_id
    bus.say(Routed(held, decision, by=by, at=at))
    return decision


def sweep(*, at: datetime, most: int = 200) -> int:
    """Route what came without a word (an import) and what waited until now; → how many. Two who sweep at once take different leads."""
    waiting = RoutingWait.objects.filter(opens_at__lte=at).order_by("opens_at").values_list("lead_id", flat=True)[:most]
    n_routed = sum(_swept(lead_id, cause=Cause.OPENING, at=at) for lead_id in list(waiting))
    return n_routed + sum(_swept(lead_id, cause=Cause.SWEEP, at=at) for lead_id in unrouted(most))


def unrouted(most: int) -> list[int]:
    """Ready leads that nobody has and that nothing was decided about."""
    rows = Lead.objects.filter(stage=stages.READY, owner__isnull=True, routing__isnull=True)
    return list(rows.order_by("-opened_at", "-pk").values_list("pk", flat=True)[:most])


@transaction.atomic
def _swept(lead_id: int, *, cause: Cause, at: datetime) -> bool:
    # Who holds it writes something about it just now: the next sweep will see what.
    lead = Lead.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=lead_id).first()
    if lead is None:
        return False
    is_wanted = lead.stage_id == stages.READY and lead.owner_id is None
    if cause == Cause.SWEEP and is_wanted:
        is_wanted = not RoutingDecision.objects.filter(lead=lead).exists()
    elif cause == Cause.OPENING:
        is_wanted = RoutingWait.objects.filter(lead=lead, opens_at__lte=at).delete()[0] > 0 and is_wanted
    if is_wanted:
        route(lead, by=By(None, Door.JOB), at=at, cause=cause)
    return is_wanted


def _find(lead: Lead, version: RoutingVersion | None, *, at: datetime) -> Found:
    """All steps, one after the other."""
    asked = {lead.pk: at}
    queue = _queue(lead, version)
    if routing_claims.blocked(asked) or (version and version.blocked and Conditions(at=at).holds(version.blocked, lead)):
        return Found(Step.BLOCKED, queue)
    claims = routing_claims.of_leads(asked)[lead.pk] if lead.account_id else []
    claimed, looked_at = _by_claims(claims, lead, at=at)
    if claimed:
        return claimed
    found = _by_rules(lead, version, at=at)
    return replace(found, candidates=[*looked_at, *found.candidates])


def _by_claims(claims: list[Claim], lead: Lead, *, at: datetime) -> tuple[Found | None, list[Candidate]]:
    """The first who has a claim and is here, or their deputy."""
    if not claims:
        return None, []
    staff = Staff([], first=at, last=at, others=[claim.user_id for claim in claims])
    return first_here(claims, lead, staff, at=at)


def first_here(claims: Iterable[Claim], lead: Lead, staff: Staff, *, at: datetime) -> tuple[Found | None, list[Candidate]]:
    """The first of those who have a claim that is here, or their deputy; and who was looked at. The staff has them all."""
    looked_at: list[Candidate] = []
    for claim in claims:
        one = staff.stands(claim.user_id, at)
        looked_at.append(one)
        if not one.why:
            team = staff.team_of(one.user_id) or lead.team
            return Found(claim.step, team, owner_id=one.user_id, claim=claim, candidates=looked_at), looked_at
    return None, looked_at


def _by_rules(lead: Lead, version: RoutingVersion | None, *, at: datetime, had: Iterable[int] = ()) -> Found:
    queue = _queue(lead, version)
    rule = _first_rule(lead, version, at=at)
    if rule is None:
        return Found(Step.CATCH_ALL, queue)
    # One lead of a pool is given out at a time: the round and the caps are those that the one before left.
    pool = RoutingPool.objects.select_for_update(of=("self",)).select_related("team").get(pk=rule.pool_id)
    staff = Staff([pool], first=at, last=at)
    answer = staff.ask(pool, needs=routing_staff.needs_of(lead, had=had), at=at, loads=loads_now(staff, [pool], at=at))
    if answer.user_id is not None:
        routing_staff.save_round(staff.members[pool.pk])
    return answered(answer, staff, pool, rule=rule, queue=queue)


def answered(answer: Answer, staff: Staff, pool: RoutingPool, *, rule: RoutingRule, queue: Team) -> Found:
    """What the answer of the pool of a rule comes to."""
    if answer.user_id is not None:
        return Found(Step.RULE, staff.team_of(answer.user_id) or pool.team, owner_id=answer.user_id, rule=rule, candidates=answer.candidates)
    if answer.opens_at:
        return Found(Step.RULE, pool.team, rule=rule, opens_at=answer.opens_at, candidates=answer.candidates)
    return Found(Step.CATCH_ALL, queue, rule=rule, candidates=answer.candidates)


def _first_rule(lead: Lead, version: RoutingVersion | None, *, at: datetime) -> RoutingRule | None:
    rules = list(version.rules.select_related("pool")) if version else []
    if not rules:
        return None
    asked = Conditions(at=at)
    return next((rule for rule in rules if not rule.condition or asked.holds(rule.condition, lead)), None)


def loads_now(staff: Staff, pools: Sequence[RoutingPool], *, at: datetime) -> Loads:
    """How much everybody carries, and how many leads each got today."""
    loads = staff.loads(pools)
    for user_id, n in routing_decisions.n_given(staff.by_midnight(at), until=at).items():
        loads.n_today[user_id, staff.day_of(user_id, at)] = n
    return loads


def _queue(lead: Lead, version: RoutingVersion | None) -> Team:
    """There is always one."""
    return version.catch_all if version else routing_rules.first_queue() or lead.team


def _decide(lead: Lead, found: Found, *, version: RoutingVersion | None, cause: Cause, by: By, at: datetime, breach: int | None = None) -> RoutingDecision:
    """Write the decision, carry it out, and tell whoever has to know."""
    decision = unwritten(lead, found=found, version=version, cause=cause, by=by, at=at, domain=lead_companies.came_by(lead))
    decision.breach_of = breach
    decision.save(force_insert=True)
    RoutingWait.objects.filter(lead=lead).delete()
    if found.opens_at and found.rule:
        RoutingWait.objects.create(lead=lead, pool=found.rule.pool, opens_at=found.opens_at)
    _carry_out(lead, decision, by=by, at=at)
    return decision


def unwritten(lead: Lead, *, found: Found, version: RoutingVersion | None, cause: Cause, by: By, at: datetime, domain: str) -> RoutingDecision:
    """The decision as a row that is not written yet. `domain`: by which the lead got its company, "" if it came with it."""
    return RoutingDecision(
        lead=lead,
        at=at,
        cause=cause,
        step=found.step,
        version=version,
        rule=found.rule,
        pool=found.rule.pool if found.rule else None,
        because_of=found.claim.lead_id if found.claim else None,
        domain=domain,
        owner_id=found.owner_id,
        team=found.team,
        opens_at=found.opens_at,
        candidates=[one.as_json() for one in found.candidates],
        asked_by=by.actor if cause == Cause.HAND else None,
    )


def _carry_out(lead: Lead, decision: RoutingDecision, *, by: By, at: datetime) -> None:
    # Tasuki decides, not whoever made the lead ready: they hear of it like everybody else.
    us = By(None, Door.JOB, as_one=by.as_one)
    leads.give(lead, to=decision.owner, team=decision.team, by=us, at=at, reason=decision.rule.name if decision.rule else "")
    lead.owner, lead.team = decision.owner, decision.team
    cause = audit.record(lead, action="route", by=us, at=at)
    if decision.step == Step.CATCH_ALL and decision.owner_id is None:
        people = [person.pk for person in roles.managers_of(decision.team)]
        notifications.tell(people, happening=Happening.QUEUED, noun=lead.noun, cause=cause, by=us, at=at, about=following.about(lead))
    else:
        tell_who_brought_the_deal(lead, decision, cause=cause, at=at)


def tell_who_brought_the_deal(lead: Lead, decision: RoutingDecision, *, cause: AuditEntry, at: datetime) -> None:
    """Where a deal decided, whoever of inside sales brought it hears that more comes from its company."""
    if decision.step != Step.OPEN_DEAL or not decision.because_of or not lead.account:
        return
    carrier = routing_claims.carrier_before_sales(decision.because_of)
    if carrier and carrier != decision.owner_id:
        about = following.about(lead.account)
        notifications.tell([carrier], happening=Happening.KIN, noun="account", cause=cause, by=By(None, Door.JOB), at=at, about=about)
