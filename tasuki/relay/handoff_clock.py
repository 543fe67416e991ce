"""The time of a hand-off: when an answer is due where nothing was agreed, who leads the people concerned, and what is told when time runs
out. Time alone accepts nothing. Each step is written down on the hand-off in the transaction that tells it: two workers, or a run after a
killed one, tell nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q

from tasuki.core import abilities, business_days, calendars, roles
from tasuki.core.abilities import Ability, Role, RoleGrant
from tasuki.core.audit import By, Door
from tasuki.core.business_days import NeverOpen
from tasuki.core.meanwhile import held
from tasuki.core.organisation import the_day
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.core.working_time import FURTHEST_DAYS, Hours, is_open
from tasuki.crm import leads, stages
from tasuki.crm.ledger import Passage
from tasuki.crm.tasks import Task
from tasuki.relay import clocks, handoff_news, handoff_promises, handoff_rules
from tasuki.relay.agreements import Owed
from tasuki.relay.clocks import Turn
from tasuki.relay.handoff_reasons import NO_NEXT_STEP
from tasuki.relay.handoff_rows import Handoff, Handoffs, HandoffState
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Opportunity

BATCH = 500
_BY_THE_CLOCK = By(None, Door.JOB)


def answer_due(begins_at: datetime, *, hours: Hours) -> datetime:
    """Where nothing is agreed: 24 hours after the meeting, days on which the house is closed not counted; what falls outside its hours moves to
    when it opens again.

    A calendar that never opens counts as one that never closes.
    """
    local = begins_at.astimezone(hours.zone)
    try:
        day = business_days.next_business_day(local.date(), hours=hours)
    except NeverOpen:
        return begins_at + timedelta(days=1)
    due = datetime.combine(day, local.timetz().replace(tzinfo=None), hours.zone).astimezone(UTC)
    if is_open(due, hours):
        return due
    return next((opens for opens, _closes in hours.spans(due, due + timedelta(days=FURTHEST_DAYS))), due)


def hours_of(team_id: int) -> Hours:
    """The office hours of whoever answers: of their team's calendar."""
    return calendars.hours_of(calendars.of_team(team_id))


def soon(at: datetime, *, hours: Hours) -> date:
    """The next business day; tomorrow where there is none."""
    try:
        return business_days.next_business_day(at.astimezone(hours.zone).date(), hours=hours)
    except NeverOpen:
        return the_day(at) + timedelta(days=1)


def people_of(team: Team) -> list[int]:
    """Who works in a team and may take leads over."""
    people = list(User.objects.active().filter(team=team))
    abilities.load_standings(people)
    return [one.pk for one in people if abilities.can(one, Ability.WORK_OPPORTUNITIES)]


def managers_over(team_id: int) -> list[int]:
    """Who answers for a team, by id."""
    return [user.pk for user in roles.managers_of(Team.objects.get(pk=team_id))]


def above_both(one: int, other: int) -> list[int]:
    """Who leads both teams: the managers of the nearest team above both that has any; administrators where there is none."""
    there, ways = _managers(), set(_upwards(other))
    nearest = next((team for team in _upwards(one) if team in there and team in ways), None)
    return there[nearest] if nearest is not None else administrators()


def _managers() -> dict[int, list[int]]:
    """By team, the managers who stand in it."""
    grants = RoleGrant.objects.filter(role=Role.MANAGER, user__is_active=True, user__team__isnull=False).order_by("user")
    there: dict[int, list[int]] = {}
    for team_id, person in grants.values_list("user__team", "user"):
        there.setdefault(team_id, []).append(person)
    return there


def _upwards(team_id: int) -> list[int]:
    """The team, and those above it up to the top."""
    parents, way = dict(Team.objects.values_list("pk", "parent_id")), [team_id]
    while (above := parents.get(way[-1])) is not None:
        way.append(above)
    return way


def administrators() -> list[int]:
    return sorted(RoleGrant.objects.filter(role=Role.ADMINISTRATOR, user__is_active=True).values_list("user", flat=True))


def watch(*, at: datetime) -> int:
    """Everything whose time has come; → how many steps were taken. A job of every minute, safe to run twice and side by side."""
    grace = handoff_rules.in_force().grace
    return sum(
        _each(rows, step, at=at)
        for rows, step in (
            (Handoff.objects.overdue(at).filter(escalated_at__isnull=True).order_by("due_at"), _escalate),
            (Handoff.objects.filter(next_step_due_at__lte=at, next_step_told_at__isnull=True).order_by("next_step_due_at"), _ask_for_next_step),
            (Handoff.objects.filter(next_step_told_at__lte=at - grace, lapsed_at__isnull=True, next_step_due_at__isnull=False), _lapse),
            (Handoff.objects.filter(rebook_until_at__lte=at, rebook_told_at__isnull=True).order_by("rebook_until_at"), _ask_to_book_again),
        )
    )


def _each(rows: Handoffs, step: Callable[[Handoff, datetime], bool], *, at: datetime) -> int:
    """One transaction for each hand-off, which is held with its lead: what has changed meanwhile is asked again under the lock."""
    ids = list(rows.values_list("pk", flat=True)[:BATCH])
    done = 0
    for pk in ids:
        with transaction.atomic():
            found = Handoff.objects.select_related("lead").get(pk=pk)
            leads.locked(found.lead)
            done += step(held(found), at)
    return done


def _escalate(handoff: Handoff, at: datetime) -> bool:
    """Nobody has answered in time: the receiver, the sender, and whom the agreement names or else both managers. Nothing is accepted by it (R18)."""
    if not handoff.is_open or handoff.escalated_at is not None or handoff.due_at > at:
        return False
    Handoff.objects.filter(pk=handoff.pk).update(escalated_at=at)
    clock = handoff_promises.of_lead(handoff.lead, Owed.ACCEPTANCE)
    heard = _who_hears(handoff, clock.agreement.escalate_to if clock else None)
    if clock and clock.due_at and clock.due_at <= at and clock.breached_at is None:
        clocks.break_now(clock, by=_BY_THE_CLOCK, at=at)
        for person in heard:
            clocks.tell(clock, turn=Turn.ESCALATED, by=_BY_THE_CLOCK, at=at, person=person)
    told = {*receivers_of(handoff), handoff.credited_to_id, *(person.pk for person in heard)}
    handoff_news.say(handoff, action="escalate", to=told, by=_BY_THE_CLOCK, at=at, changes={"escalated_at": (None, at)})
    return True


def receivers_of(handoff: Handoff) -> list[int]:
    """Who can answer first: the one it was offered to, or everybody who could take it from the queue."""
    return [handoff.to_owner_id] if handoff.to_owner_id else people_of(handoff.to_team)


def _who_hears(handoff: Handoff, named: User | None) -> list[User]:
    if named:
        return [named]
    both = [*roles.managers_of(handoff.from_team), *roles.managers_of(handoff.to_team)]
    return list({person.pk: person for person in both}.values())


def last_step(handoff: Handoff) -> datetime | None:
    """When sales last took a step: a task about the lead was made or done, or the deal came to another phase. A mail is none (R12)."""
    said = Task.objects.filter(lead=handoff.lead_id).filter(Q(created_at__gt=handoff.answered_at) | Q(done_at__gt=handoff.answered_at))
    told = said.aggregate(made=Max("created_at"), done=Max("done_at"))
    return max((moment for moment in told.values() if moment), default=None)


def _is_settled(handoff: Handoff) -> bool:
    """Whether the deal has left P1: it went on, or it is closed."""
    return not Passage.objects.filter(lead=handoff.lead_id, stage=stages.P1, left_at__isnull=True).exists()


def _has_stepped(handoff: Handoff, at: datetime) -> bool:
    """Stop or wind the clock where there is a next step; → whether there is."""
    if _is_settled(handoff):
        Handoff.objects.filter(pk=handoff.pk).update(next_step_due_at=None, next_step_told_at=None)
        return True
    step = last_step(handoff)
    within = handoff_rules.in_force().next_step_within
    if step is not None and step + within > at:
        Handoff.objects.filter(pk=handoff.pk).update(next_step_due_at=step + within, next_step_told_at=None)
        return True
    return False


def _ask_for_next_step(handoff: Handoff, at: datetime) -> bool:
    """The time of the house is over without a next step: whoever took it over is told, and their managers; now they take one or give it back (R22)."""
    if handoff.next_step_due_at is None or handoff.next_step_due_at > at or handoff.next_step_told_at or _has_stepped(handoff, at):
        return False
    Handoff.objects.filter(pk=handoff.pk).update(next_step_told_at=at)
    owner = handoff.to_owner_id or handoff.answered_by_id
    told = {*([owner] if owner else []), *managers_over(handoff.to_team_id)}
    handoff_news.say(handoff, action="ask_next_step", to=told, by=_BY_THE_CLOCK, at=at)
    return True


def _lapse(handoff: Handoff, at: datetime) -> bool:
    """Told long enough ago, and still nothing: the deal is recycled for want of progress, and inside sales has it back when it wakes."""
    told_at = handoff.next_step_told_at
    if told_at is None or told_at > at - handoff_rules.in_force().grace or handoff.lapsed_at or _has_stepped(handoff, at):
        return False
    give_up(handoff, words="", by=_BY_THE_CLOCK, at=at)
    return True


def give_up(handoff: Handoff, *, words: str, by: By, at: datetime, wake_on: date | None = None) -> None:
    """Give back what was accepted and never went on: the deal closes, and the lead wakes by its rule. The acceptance stays what it was. Raises Closed."""
    deal = Opportunity.objects.get(lead=handoff.lead_id)
    with transaction.atomic():
        opportunities.recycle(deal, reason=NO_NEXT_STEP, wake_on=wake_on or the_day(at + handoff_rules.in_force().wakes_after), by=by, at=at)
        Handoff.objects.filter(pk=handoff.pk, state=HandoffState.ACCEPTED).update(lapsed_at=at, next_step_due_at=None)
        owner = handoff.to_owner_id or handoff.answered_by_id
        told = {handoff.credited_to_id, *([owner] if owner else [])}
        handoff_news.say(handoff, action="lapse", to=told, by=by, at=at, words=words)


def _ask_to_book_again(handoff: Handoff, at: datetime) -> bool:
    """90 days after a meeting that was missed: book it now, or recycle the lead."""
    if handoff.rebook_told_at is not None or handoff.rebook_until_at is None or handoff.rebook_until_at > at:
        return False
    Handoff.objects.filter(pk=handoff.pk).update(rebook_told_at=at)
    is_waiting = handoff.lead.stage_id == stages.BOOKED and not Handoff.objects.filter(previous=handoff).exists()
    if is_waiting:
        told = {handoff.credited_to_id, *managers_over(handoff.from_team_id)}
        handoff_news.say(handoff, action="ask_rebooking", to=told, by=_BY_THE_CLOCK, at=at)
    return is_waiting
