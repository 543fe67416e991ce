"""How the company gives leads out and what its departments promised each other: pools, rules in two versions, and the clocks of the last months.

Whoever carried a lead out of the ready stage is who routing gave it to, and their first attempt is on the timeline when the clock says it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from tasuki.core import calendars
from tasuki.core.audit import By, Door
from tasuki.core.calendars import hours_of
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.core.working_time import Hours, after_business_seconds, business_seconds_between
from tasuki.crm import stages, timeline
from tasuki.crm.leads import Lead, Origin
from tasuki.crm.ledger import Outcome, Passage
from tasuki.crm.timeline import TimelineEntry
from tasuki.demo import haneul
from tasuki.inside_sales import routing_pools, routing_rules
from tasuki.inside_sales.routing_claims import Step
from tasuki.inside_sales.routing_decisions import Cause, RoutingDecision
from tasuki.inside_sales.routing_methods import Method
from tasuki.inside_sales.routing_pools import OffHours, RoutingPool, Seat
from tasuki.inside_sales.routing_rules import RoutingRule, RoutingVersion
from tasuki.relay import agreements
from tasuki.relay.agreements import Agreement, Event
from tasuki.relay.clocks import Because, Clock, ClockEvent, Turn

_SINCE = timedelta(days=120)
# However large the demo, so many of the newest are enough to see.
_MOST = 5_000
_SECONDS = timedelta(seconds=1)

# Pool, team, method, outside the hours, and who takes part.
_POOLS: tuple[tuple[str, str, Method, OffHours, dict[str, Seat]], ...] = (
    ("한국 인바운드", "Inbound", Method.WEIGHTED, OffHours.WAIT,
     {"dohyun": Seat(weight=3, n_day_cap=12, languages=["ko"]), "subin": Seat(weight=2, n_day_cap=12, languages=["ko", "en"])}),
    ("日本インバウンド", "Inbound", Method.LEAST_LOADED, OffHours.WAIT,
     {"yuto": Seat(n_day_cap=10, languages=["ja"]), "rin": Seat(n_open_cap=60, n_day_cap=4, languages=["ja"])}),
    ("Everywhere else", "Inbound", Method.ROUND_ROBIN, OffHours.WAIT,
     {"ivo": Seat(n_day_cap=12, languages=["en", "ko", "ja"]), "priya": Seat(n_day_cap=6, languages=["en"])}),
    ("Outbound", "Outbound", Method.SKILL, OffHours.GIVE,
     {"yujin": Seat(skills=["KR", "Pre-trade risk"]), "geonwoo": Seat(skills=["KR", "Order management"]), "priya": Seat(skills=["SG", "Market data"]),
      "rin": Seat(skills=["JP"])}),
)  # fmt: skip
_RULES = (
    ("Lists and passes that come round again", "origin:is(outbound, recycled)", "Outbound"),
    ("Korea", "account.country:is(KR)", "한국 인바운드"),
    ("Japan", "account.country:is(JP)", "日本インバウンド"),
    ("The rest of the world", "", "Everywhere else"),
)
_REFERRALS = ("Referrals to the most experienced", "source:is(Referral, Partner)", "Everywhere else")


def promised(*, since: datetime, until: datetime, random: Random) -> None:
    """Write all of it, as it would stand at `until`."""
    by = By(User.objects.get_queryset().get(email=f"taekyung@{haneul.HOST}"), Door.WEB)
    pools = _write_pools(by, since)
    published = _write_rules(pools, by, since)
    _write_clocks(published, until=until, random=random)
    draft = routing_rules.draft(by=by, at=until)
    name, condition, pool = _REFERRALS
    rule = routing_rules.add(draft, name=name, condition=condition, pool=pools[pool], by=by, at=until)
    routing_rules.move(rule, to=1, by=by, at=until)


def _write_pools(by: By, at: datetime) -> dict[str, RoutingPool]:
    people = haneul.by_mailbox()
    teams = {team.name: team for team in Team.objects.all()}
    found = {}
    for name, team, method, off_hours, seats in _POOLS:
        pool = routing_pools.keep(None, name=name, team=teams[team], method=method, off_hours=off_hours, by=by, at=at)
        for mailbox, terms in seats.items():
            routing_pools.seat(pool, user=people[mailbox], terms=terms, by=by, at=at)
        found[name] = pool
    return found


def _write_rules(pools: dict[str, RoutingPool], by: By, at: datetime) -> RoutingVersion:
    draft = routing_rules.draft(by=by, at=at)
    for name, condition, pool in _RULES:
        routing_rules.add(draft, name=name, condition=condition, pool=pools[pool], by=by, at=at)
    return routing_rules.publish(draft, by=by, at=at)


@dataclass(frozen=True)
class _Stay:
    """A stay in the ready stage, who carried the lead on, and when."""

    passage: Passage
    lead: Lead
    carrier: User | None
    left_at: datetime | None
    is_moved_on: bool


def _write_clocks(version: RoutingVersion, *, until: datetime, random: Random) -> None:
    stays = _stays(until)
    agreed = {agreement.event: agreement for agreement in Agreement.objects.in_force().order_by("-position")}
    rules = {rule.name: rule for rule in version.rules.select_related("pool").prefetch_related("pool__members")}
    by_team = calendars.of_teams(Team.objects.values_list("pk", flat=True))
    hours = {calendar.pk: hours_of(calendar) for calendar in set(by_team.values())}
    clocks: list[Clock] = []
    decisions: list[RoutingDecision] = []
    entries: list[TimelineEntry] = []
    for stay in stays:
        agreement = agreed[_event_of(stay.lead)]
        team_id = stay.carrier.team_id if stay.carrier and stay.carrier.team_id else stay.lead.team_id
        clock = _clock(stay, agreement=agreement, team_id=team_id, hours=hours[by_team[team_id].pk], until=until, random=random)
        clock.calendar_id = by_team[team_id].pk
        clocks.append(clock)
        decisions.append(_decision(stay, version=version, rules=rules, team_id=team_id))
        if clock.is_answered and clock.stopped_at:
            entries.append(_attempt(stay, clock.stopped_at))
    Clock.objects.bulk_create(clocks, batch_size=1_000)
    ClockEvent.objects.bulk_create((event for clock in clocks for event in happenings(clock)), batch_size=1_000)
    RoutingDecision.objects.bulk_create(decisions, batch_size=1_000)
    TimelineEntry.objects.bulk_create(entries, batch_size=1_000)


def _stays(until: datetime) -> list[_Stay]:
    rows = Passage.objects.filter(stage=stages.READY, entered_at__gte=until - _SINCE).order_by("-entered_at", "-pk")
    passages = list(rows.select_related("lead__contact", "lead__account", "lead__owner__team")[:_MOST])
    after = {row.lead_id: row for row in Passage.objects.filter(lead__in=[one.lead_id for one in passages], stage=stages.WORKING).select_related("owner__team")}
    found = []
    for passage in reversed(passages):
        following = after.get(passage.lead_id)
        carrier = following.owner if following else passage.lead.owner
        found.append(_Stay(passage, passage.lead, carrier, passage.left_at, passage.outcome == Outcome.ADVANCED))
    return found


def _event_of(lead: Lead) -> str:
    if lead.origin not in (Origin.INBOUND, Origin.INBOUND_AGAIN):
        return Event.OTHER
    return Event.RAISED if lead.source in ("Website inquiry", "Referral", "Partner") else Event.READY


def _clock(stay: _Stay, *, agreement: Agreement, team_id: int, hours: Hours, until: datetime, random: Random) -> Clock:
    start = stay.passage.entered_at
    seconds = agreements.promised_seconds(agreement, at=start, hours=hours)
    due_at = agreements.moment_after(start, seconds, counts=agreement.counts, hours=hours)
    clock = Clock(
        lead=stay.lead, agreement=agreement, owed=agreement.owes, counts=agreement.counts, n_seconds=seconds, owner=stay.carrier, team_id=team_id,
        since_at=start, started_at=start, due_at=due_at,
    )  # fmt: skip
    took = min(random.lognormvariate(0, 0.9) * 0.55 * seconds, 40 * 3600)
    answered_at = after_business_seconds(start, took, hours) if stay.carrier and random.random() < 0.95 else None
    if stay.left_at and (answered_at is None or answered_at > stay.left_at):
        answered_at = stay.left_at if stay.is_moved_on and stay.carrier else None
    is_answered = answered_at is not None and answered_at <= until
    ends_at = answered_at if is_answered else stay.left_at
    is_late = due_at is not None and due_at < (ends_at or until)
    clock.breached_at = due_at if is_late else None
    clock.settled_at = due_at if is_late else answered_at if is_answered else None
    if ends_at:
        clock.stopped_at, clock.is_answered = ends_at, is_answered
        clock.stopped_because = Because.TOUCHED if is_answered else Because.ENDED
        clock.stopped_by = stay.carrier if is_answered else None
    if is_answered and answered_at:
        clock.wall_seconds = int((answered_at - start) / _SECONDS)
        clock.business_seconds = int(business_seconds_between(start, answered_at, hours))
    return clock


def _decision(stay: _Stay, *, version: RoutingVersion, rules: dict[str, RoutingRule], team_id: int) -> RoutingDecision:
    country = stay.lead.account.country if stay.lead.account else ""
    is_inbound = stay.lead.origin in (Origin.INBOUND, Origin.INBOUND_AGAIN)
    name = {"KR": "Korea", "JP": "Japan"}.get(country, "The rest of the world") if is_inbound else _RULES[0][0]
    rule, carrier = rules[name], stay.carrier
    looked_at = [member.user_id for member in rule.pool.members.all()]
    if carrier is None:
        candidates = [{"user": user_id, "why": "day_cap", "for": None} for user_id in looked_at]
        step = Step.CATCH_ALL
    else:
        candidates = [{"user": user_id, "why": "", "for": None} for user_id in dict.fromkeys([*looked_at, carrier.pk])]
        step = Step.RULE if carrier.pk in looked_at else Step.SAME_COMPANY
        candidates = candidates if step is Step.RULE else [{"user": carrier.pk, "why": "", "for": None}]
    is_ruled = step is not Step.SAME_COMPANY
    return RoutingDecision(
        lead=stay.lead, at=stay.passage.entered_at, cause=Cause.ARRIVAL, step=step, version=version, rule=rule if is_ruled else None,
        pool=rule.pool if is_ruled else None, owner=carrier, team_id=team_id, candidates=candidates,
    )  # fmt: skip


def _attempt(stay: _Stay, at: datetime) -> TimelineEntry:
    lead = stay.lead
    return TimelineEntry(
        at=at, kind=timeline.Kind.CALL, lead=lead, contact_id=lead.contact_id, account_id=lead.account_id, actor=stay.carrier,
        detail={"channel": "phone", "direction": "out"},
    )  # fmt: skip


def happenings(clock: Clock) -> Sequence[ClockEvent]:
    rows = [ClockEvent(clock=clock, turn=Turn.STARTED, at=clock.started_at)]
    if clock.breached_at:
        rows.append(ClockEvent(clock=clock, turn=Turn.BREACHED, at=clock.breached_at))
    if clock.stopped_at:
        rows.append(ClockEvent(clock=clock, turn=Turn.STOPPED, at=clock.stopped_at, actor=clock.stopped_by, reason=clock.stopped_because))
    return rows
