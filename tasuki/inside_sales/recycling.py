"""Recycling: what does not move on leaves with a reason and a wake rule, is held by a queue, and comes round as a new pass (R3–R7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core import meanwhile
from tasuki.core.abilities import Ability, can
from tasuki.core.absences import Absence
from tasuki.core.audit import By, Door
from tasuki.core.errors import Refused
from tasuki.core.organisation import the_day
from tasuki.core.teams import Department
from tasuki.crm import barred, leads, stages, timeline, wake_rules
from tasuki.crm.lead_refusals import AlreadyInProcess
from tasuki.crm.leads import Lead, Receiver
from tasuki.crm.ledger import Outcome, Passage
from tasuki.crm.timeline import TimelineEntry
from tasuki.crm.wake_rules import WakeRule
from tasuki.inside_sales import holding_queue
from tasuki.inside_sales.holding_queue import HoldingQueue
from tasuki.inside_sales.holdings import Holding, HoldingState

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.core.teams import Team
    from tasuki.crm.exit_reasons import ExitReason

# Who was spoken to in a pass was reached in it.
_REACHED = stages.ORDER[stages.ORDER.index(stages.CONNECTED) :]
_LONGEST = 200


class NotHeld(Refused):
    code = "not_held"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("Only a pass that was recycled or lost, and has not come round again, can be given a wake rule."))


class NotAsLeft(Refused):
    code = "not_as_left"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("It has come round again, or was given to somebody or given another wake rule since: it stays as it is."))


class PastInsideSales(Refused):
    code = "past_inside_sales"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("It had gone further than inside sales. Wake it on its own page: it begins again there."))


def recycle(lead: Lead, *, reason: ExitReason, by: By, at: datetime, rule: WakeRule | None = None, words: str = "") -> Passage:
    """End the pass for a reason of the tree; without a rule, the one that the reason proposes holds. The queue holds it from now on.

    Raises what `leads.recycle` raises, and WakeRuleWrong for a day that is over.
    """
    today = the_day(at)
    rule = rule or reason.rule(today)
    wake_rules.refuse_the_past(rule, today=today)
    return leads.recycle(lead, because=reason, rule=rule, reason=words, by=by, at=at)


@transaction.atomic
def hold(lead: Lead, *, by: By, at: datetime) -> Holding | None:
    """Heard when a pass ends: what was recycled is given to the queue with its rule; a dead deal and a lost customer are to be tried again."""
    passage = Passage.objects.filter(lead=lead).select_related("because").order_by("-seq").first()
    if passage is None or passage.left_at is None:
        return None
    queue = holding_queue.rules()
    if passage.outcome == Outcome.RECYCLED:
        rule = passage.wake_rule
    elif passage.outcome == Outcome.LOST and passage.stage_id in (*stages.IN_SALES, *stages.IN_SUCCESS) and queue.digs:
        rule = _digging(queue, today=the_day(at))
    else:
        return None
    holding = _write(lead, passage, rule=rule, team=holding_queue.team_for(lead, queue), at=at)
    if passage.outcome == Outcome.RECYCLED:
        leads.give(lead, to=None, team=holding.team, reason=_("Held until it wakes."), by=by, at=at, is_news=False)
    return holding


@transaction.atomic
def set_rule(lead: Lead, *, rule: WakeRule, by: By, at: datetime, words: str = "") -> Holding:
    """Another rule for a pass that is held, or one for a pass that was lost: to be won back. The ledger keeps the rule that was given first.

    Raises NotHeld, WakeRuleMissing, WakeRuleWrong, ErasedPerson.
    """
    rule = wake_rules.with_a_day(wake_rules.checked(rule), at=at)
    wake_rules.refuse_the_past(rule, today=the_day(at))
    holding = Holding.objects.select_for_update(of=("self",)).filter(lead=lead).first()
    lead = leads.locked(lead)
    if lead.ended_as not in (Outcome.RECYCLED, Outcome.LOST) or Lead.objects.filter(previous=lead).exists():
        raise NotHeld
    barred.refuse_erased(lead)
    if holding is None:
        passage = Passage.objects.filter(lead=lead).select_related("because").latest("seq")
        holding = _write(lead, passage, rule=rule, team=holding_queue.team_for(lead, holding_queue.rules()), at=at)
    Holding.objects.filter(pk=holding.pk).update(state=HoldingState.WAITING, settled_at=None, settled_as="", **rule.columns())
    told = {"wake_on": rule.on.isoformat() if rule.on else None, "wake_when": rule.words.strip()}
    _tell(lead, text=words.strip()[:_LONGEST], detail={"outcome": "new_rule", **told}, by=by, at=at)
    holding.refresh_from_db()
    return holding


@transaction.atomic
def wake(lead: Lead, *, by: By, at: datetime) -> Lead:
    """Wake a pass now, whatever its rule says. Raises NotRecycled, AlreadyInProcess."""
    holding = Holding.objects.select_for_update(of=("self",)).filter(lead=lead).first()
    queue = holding_queue.rules()
    following = leads.wake(lead, stage=queue.stage, receiver=_receiver(lead, holding, queue, at=at), by=by, at=at)
    if holding is not None:
        settle(holding, HoldingState.WOKEN, words=_("woken by hand"), at=at)
    return following


def mark_of(lead: Lead) -> str:
    """A mark of how a pass is held that was just recycled: by whom, and to wake by which rule. Whatever happens to it changes the mark."""
    held = Holding.objects.filter(lead=lead).values_list("state", *WakeRule().columns()).first() or ()
    return meanwhile.mark([*held, *Lead.objects.values_list("owner", "team", "ended_as").get(pk=lead.pk)])


@transaction.atomic
def take_back(lead: Lead, *, left: str, by: By, at: datetime) -> Lead:
    """Undo a recycling that nothing has followed: the next pass begins at once, in the stage that was left and with whoever carried it there.

    The ledger keeps both: nothing that was counted is uncounted. `left` is the `mark_of` it then. Raises NotAsLeft, PastInsideSales,
    AlreadyInProcess.
    """
    holding = Holding.objects.select_for_update(of=("self",)).filter(lead=lead).first()
    lead = leads.locked(lead)
    if mark_of(lead) != left or Lead.objects.filter(previous=lead).exists():
        raise NotAsLeft
    passage = Passage.objects.filter(lead=lead).select_related("owner", "team").latest("seq")
    if passage.stage_id not in stages.BEFORE_SALES:
        raise PastInsideSales
    owner = passage.owner if passage.owner and passage.owner.is_active else None
    following = leads.wake(lead, stage=passage.stage_id, receiver=Receiver(owner, passage.team), by=by, at=at)
    if holding is not None:
        settle(holding, HoldingState.WOKEN, words=_("the recycling was undone"), at=at)
    return following


def wake_held(holding: Holding, *, queue: HoldingQueue, by: By, at: datetime) -> Lead | None:
    """Wake what the caller holds the row of; None when the person came round by another way meanwhile, and that is written down instead."""
    try:
        with transaction.atomic():
            receiver = _receiver(holding.lead, holding, queue, at=at)
            following = leads.wake(holding.lead, stage=queue.stage, receiver=receiver, by=by, at=at)
    except (Refused, IntegrityError) as refusal:
        # Two who open a pass of one person at the same moment are told apart by the database alone.
        words = str(refusal) if isinstance(refusal, Refused) else str(AlreadyInProcess())
        settle(holding, HoldingState.OVERTAKEN, words=words, at=at)
        return None
    settle(holding, HoldingState.WOKEN, words="", at=at)
    return following


@transaction.atomic
def overtake(lead: Lead, *, at: datetime) -> int:
    """Heard when a pass begins: whatever of the same person and product line still waits has come round by another way. How many did.

    What a worker is waking at this moment is left to it: it sees the pass that was opened here.
    """
    return overtake_all([lead], at=at)


@transaction.atomic
def overtake_all(begun: Sequence[Lead], *, at: datetime) -> int:
    """Likewise when many begin, no two of them of one person and product line: one question for all, and one statement for each that was waited for."""
    by_person = {(lead.contact_id, lead.product_line): lead for lead in begun if lead.contact_id is not None}
    people, lines = {contact for contact, _line in by_person}, {line for _contact, line in by_person}
    rows = Holding.objects.waiting().filter(lead__contact__in=people, lead__product_line__in=lines)
    held = rows.select_for_update(skip_locked=True, of=("self",)).values_list("pk", "lead_id", "lead__contact_id", "lead__product_line")
    over = defaultdict[int, list[int]](list)
    for pk, held_lead, contact, line in held:
        lead = by_person.get((contact, line))
        if lead and lead.previous_id != held_lead:
            over[lead.pk].append(pk)
    for lead_id, ids in over.items():
        words = _("another pass began: #%(id)s") % {"id": lead_id}
        Holding.objects.filter(pk__in=ids).update(state=HoldingState.OVERTAKEN, settled_at=at, settled_as=words)
    return sum(map(len, over.values()))


def settle(holding: Holding, state: HoldingState, *, words: str, at: datetime) -> None:
    Holding.objects.filter(pk=holding.pk).update(state=state, settled_at=at, settled_as=words[:_LONGEST])


def settle_all(holdings: Sequence[Holding], state: HoldingState, *, at: datetime) -> None:
    """Likewise many, of whom there is nothing to say."""
    Holding.objects.filter(pk__in=[holding.pk for holding in holdings]).update(state=state, settled_at=at, settled_as="")


def former_owner_of(holding: Holding | None, lead: Lead, *, at: datetime) -> User | None:
    """Who carried the pass and may carry the next: still here, not away today, and one who calls. They are offered it first."""
    person = holding.former_owner if holding else lead.owner
    if person is None or not person.is_active or not can(person, Ability.WORK_LEADS):
        return None
    if person.team is None or person.team.department != Department.INSIDE_SALES:
        return None
    return None if Absence.objects.on(at.astimezone(ZoneInfo(person.time_zone)).date()).filter(user=person).exists() else person


def receivers(holdings: Sequence[Holding], *, at: datetime) -> dict[int, Receiver]:
    """Who gets the next pass of each that is held, by the number of the lead that waits, in their order. Each former owner is asked about once."""
    may: dict[int | None, User | None] = {}
    for holding in holdings:
        if holding.former_owner_id not in may:
            may[holding.former_owner_id] = former_owner_of(holding, holding.lead, at=at)
    owners = ((holding, may[holding.former_owner_id]) for holding in holdings)
    return {holding.lead_id: Receiver(owner, owner.team if owner and owner.team else holding.team) for holding, owner in owners}


def _receiver(lead: Lead, holding: Holding | None, queue: HoldingQueue, *, at: datetime) -> Receiver:
    owner = former_owner_of(holding, lead, at=at)
    team: Team = owner.team if owner and owner.team else (holding.team if holding else holding_queue.team_for(lead, queue))
    return Receiver(owner, team)


def _digging(queue: HoldingQueue, *, today: date) -> WakeRule:
    return wake_rules.every(queue.dig_every_days, today=today, until=today + timedelta(days=queue.dig_for_days))


def _write(lead: Lead, passage: Passage, *, rule: WakeRule, team: Team, at: datetime) -> Holding:
    """What is held, with the horizon that an interval had from the start: whoever was not reached until then is archived."""
    horizon = _horizon(lead) if rule.every else None
    is_over = horizon is not None and rule.on is not None and rule.on > horizon
    if horizon is not None and not is_over and rule.until is not None:
        rule = replace(rule, until=min(rule.until, horizon))
    words = _("not reached until %(day)s, in %(n)s passes") % {"day": horizon, "n": lead.seq_no} if is_over else ""
    holding = Holding.objects.create(
        lead=lead,
        because=passage.because,
        reason=passage.reason,
        ended_as=passage.outcome,
        ended_in=passage.stage_id,
        team=team,
        former_owner=passage.owner,
        amount=passage.amount,
        held_at=at,
        state=HoldingState.ARCHIVED if is_over else HoldingState.WAITING,
        settled_at=at if is_over else None,
        settled_as=words,
        **rule.columns(),
    )
    if is_over:
        _tell(lead, text=words, detail={"outcome": "archived"}, by=By(None, Door.JOB), at=at)
    return holding


def _horizon(lead: Lead) -> date | None:
    """The horizon of the interval that this pass was woken by, as long as nobody was reached in it."""
    before = Holding.objects.filter(lead=lead.previous_id, wake_every__isnull=False).first() if lead.previous_id else None
    if before is None or Passage.objects.filter(lead=lead, stage__in=_REACHED).exists():
        return None
    return before.wake_until_on


def _tell(lead: Lead, *, text: str, detail: dict[str, Any], by: By, at: datetime) -> None:
    TimelineEntry.objects.create(
        at=at, kind=timeline.Kind.MOVE, lead=lead, contact=lead.contact, account=lead.account, actor=by.actor, text=text, detail={"from": None, **detail}
    )
