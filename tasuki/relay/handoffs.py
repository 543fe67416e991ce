"""Hand-offs: inside sales offers a lead with all that it knows, and sales answers: accepted, needs more, given back, or the meeting did not
take place. Whoever is credited never accepts, silence never does, and there is one answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability, Role, RoleGrant, Scope
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import held
from tasuki.core.organisation import the_day
from tasuki.core.people import User, Users
from tasuki.core.teams import Department, Team
from tasuki.crm import exit_reasons, leads, stages, wake_rules
from tasuki.crm.exit_reasons import Exit
from tasuki.crm.ledger import NotInProcess, Passage
from tasuki.crm.wake_rules import WakeRule
from tasuki.engage import meetings, rebooking
from tasuki.engage.calls import Call
from tasuki.engage.meeting_rows import Meeting, MeetingState
from tasuki.inside_sales import qualification, recycling
from tasuki.inside_sales.holdings import Holding, HoldingState
from tasuki.inside_sales.qualification import Facts
from tasuki.relay import handoff_clock, handoff_news, handoff_promises, handoff_recordings, handoff_rules
from tasuki.relay.handoff_reasons import IN_THE_TREE, Destination, Reason, branch_of
from tasuki.relay.handoff_rows import LONGEST_TEXT, Handoff, HandoffAnswer, HandoffState
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, AlreadyOpen, Opportunity, Terms

if TYPE_CHECKING:
    from tasuki.crm.leads import Lead


class PackageIncomplete(Refused):
    code = "package_incomplete"

    def __init__(self, missing: list[str]) -> None:
        super().__init__(
            _("The hand-off is not complete. Missing: %(what)s. What was asked in vain counts as asked, not known.") % {"what": ", ".join(missing)}
        )
        self.missing = missing


class AlreadyOffered(Refused):
    code = "already_offered"

    def __init__(self) -> None:
        super().__init__(_("This lead is offered to sales already, and waits for an answer."))


class OfferedToOneself(Refused):
    code = "offered_to_oneself"

    def __init__(self) -> None:
        super().__init__(_("Whoever is credited does not take the lead over. Offer it to somebody else, or to a team."))


class NoReceiver(Refused):
    code = "no_receiver"

    def __init__(self) -> None:
        super().__init__(_("The receiver must work here and may work opportunities."))


class NobodyCredited(Refused):
    code = "nobody_credited"

    def __init__(self) -> None:
        super().__init__(_("Say whose work this hand-off is: the lead has no owner."))


class OwnAcceptance(Refused):
    code = "own_acceptance"

    def __init__(self) -> None:
        super().__init__(_("You are credited with this hand-off, so somebody else answers it."))


class NotTheReceiver(Refused):
    code = "not_the_receiver"
    status = 403

    def __init__(self) -> None:
        super().__init__(_("This hand-off is offered to somebody else."))


class AlreadyAnswered(Refused):
    code = "already_answered"
    status = 409

    def __init__(self, handoff: Handoff) -> None:
        said = {"who": handoff.answered_by or "Tasuki", "state": handoff.get_state_display()}
        super().__init__(_("%(who)s was faster. The hand-off is closed: %(state)s.") % said)


class OfferFirst(Refused):
    code = "offer_first"

    def __init__(self) -> None:
        super().__init__(_("Inside sales has worked on this lead. Hand it off first; whoever it is offered to accepts it."))


class FeedbackMissing(Refused):
    code = "feedback_missing"

    def __init__(self) -> None:
        super().__init__(_("Say in words what was missing: the sender has to learn from it."))


class PlanMissing(Refused):
    code = "plan_missing"

    def __init__(self) -> None:
        super().__init__(_("Agree on a plan: what inside sales finds out, and by which day from today on."))


class MeetingNotYet(Refused):
    code = "meeting_not_yet"

    def __init__(self) -> None:
        super().__init__(_("The meeting has not begun yet, so nobody has missed it."))


@dataclass(frozen=True)
class Package:
    """What sales needs to begin where the conversation stopped. All but `why`, `call` and `recording` must be there; so must the seven facts."""

    meeting_at: datetime
    summary: str
    agenda: str
    attendees: str
    why: str = ""
    call: Call | None = None
    recording: str = ""

    @property
    def missing(self) -> list[str]:
        named = {"summary": _("summary"), "agenda": _("agreed agenda"), "attendees": _("attendees")}
        return [str(label) for name, label in named.items() if not getattr(self, name).strip()]


def receivers(credited_to: User | None) -> tuple[Users, list[Team]]:
    """To whom a lead of this person can be offered: who sells, by name, and the teams of sales."""
    sellers = RoleGrant.objects.filter(role__in=[Role.FIELD_SELLER, Role.MANAGER]).values("user")
    people = User.objects.active().filter(pk__in=sellers, team__isnull=False)
    people = people.exclude(pk=credited_to.pk) if credited_to else people
    return people.order_by("family_name", "given_name", "pk"), list(Team.objects.filter(department=Department.SALES).order_by("name", "pk"))


def missing(lead: Lead, *, package: Package | None = None, facts: Facts | None = None) -> list[str]:
    """What the hand-off of a lead still lacks, in words: open facts, and empty parts of the package."""
    open_facts = (facts or qualification.of(lead)).missing
    return [*(str(fact.label) for fact in open_facts), *(package.missing if package else [])]


@transaction.atomic
def offer(lead: Lead, *, package: Package, to: User | Team, by: By, at: datetime, credited_to: User | None = None) -> Handoff:
    """Offer the lead to a person in sales or to a team's queue, and carry it into “booked”. Whoever carries the lead is credited.

    Raises PackageIncomplete, AlreadyOffered, OfferedToOneself, NoReceiver, NobodyCredited, AlreadyOpen, NotInProcess, FieldsMissing,
    CallOfAnother.
    """
    lead = leads.locked(lead)
    _refuse_beyond_inside_sales(lead)
    if Handoff.objects.open().filter(lead=lead).exists():
        raise AlreadyOffered
    credited = credited_to or lead.owner or by.actor
    if credited is None:
        raise NobodyCredited
    owner, team = _receiver(to, credited=credited)
    handoff_recordings.require_of(lead, package.call)
    facts = qualification.of(lead)
    if lacking := missing(lead, package=package, facts=facts):
        raise PackageIncomplete(lacking)
    if lead.stage_id != stages.BOOKED:
        leads.advance(lead, to=stages.BOOKED, by=by, at=at)
    handoff = Handoff.objects.create(
        lead=lead,
        previous=_offer_before(lead),
        offered_by=by.actor,
        credited_to=credited,
        from_team=lead.team,
        to_owner=owner,
        to_team=team,
        offered_at=at,
        due_at=handoff_clock.answer_due(max(package.meeting_at, at), hours=handoff_clock.hours_of(team.pk)),
        **_as_columns(package, facts),
    )
    _read_before(handoff, by=by, at=at)
    _due(handoff, handoff_promises.owe_word(handoff, by=by, at=at))
    receivers = [owner.pk] if owner else handoff_clock.people_of(team)
    handoff_news.say(handoff, action="offer", to=receivers, by=by, at=at, changes={"to_owner": (None, owner), "to_team": (None, team)})
    return handoff


def _due(handoff: Handoff, due_at: datetime | None) -> None:
    """As it was agreed; without an agreement it stays by what is usual."""
    if due_at is not None:
        Handoff.objects.filter(pk=handoff.pk).update(due_at=due_at)
        handoff.due_at = due_at


def _read_before(handoff: Handoff, *, by: By, at: datetime) -> None:
    """Whoever offers again what came back has read why."""
    if handoff.previous and by.actor:
        Handoff.objects.with_unread_feedback(by.actor).filter(pk=handoff.previous.pk).update(feedback_read_at=at)
        handoff_promises.read(handoff.previous, by=by, at=at)


def _receiver(to: User | Team, *, credited: User) -> tuple[User | None, Team]:
    if isinstance(to, Team):
        return None, to
    if to == credited:
        raise OfferedToOneself
    if not to.is_active or to.team is None or not abilities.can(to, Ability.WORK_OPPORTUNITIES):
        raise NoReceiver
    return to, to.team


def _as_columns(package: Package, facts: Facts) -> dict[str, object]:
    frozen = [{"fact": one.fact.value, "state": one.state.value, "words": one.words} for one in facts]
    words: dict[str, object] = {name: getattr(package, name).strip()[:LONGEST_TEXT] for name in ("summary", "agenda", "attendees", "why")}
    words |= {"call": package.call}
    return {**words, "meeting_at": package.meeting_at, "recording": package.recording, "facts": frozen, "n_settled": facts.n_known + facts.n_asked}


def _offer_before(lead: Lead) -> Handoff | None:
    """The last offer of this pass, or of the one it came from."""
    passes = [lead.pk, *([lead.previous_id] if lead.previous_id else [])]
    return Handoff.objects.filter(lead__in=passes).order_by("-pk").first()


def _refuse_beyond_inside_sales(lead: Lead) -> None:
    if lead.stage_id is None:
        raise NotInProcess
    if lead.stage_id not in stages.BEFORE_SALES:
        raise AlreadyOpen


@transaction.atomic
def move_meeting(handoff: Handoff, *, meeting_at: datetime, by: By, at: datetime) -> Handoff:
    """The meeting has another time; the answer is due by it, and the clock that had run out runs again. Raises AlreadyAnswered."""
    handoff = _held_open(handoff)
    before = handoff.meeting_at
    due_at = handoff_clock.answer_due(max(meeting_at, at), hours=handoff_clock.hours_of(handoff.to_team_id))
    Handoff.objects.filter(pk=handoff.pk).update(meeting_at=meeting_at, due_at=due_at, escalated_at=None)
    handoff.refresh_from_db()
    _due(handoff, handoff_promises.move(handoff, meeting_at=meeting_at, by=by, at=at))
    handoff_news.say(handoff, action="move_meeting", to=_other_side(handoff, by), by=by, at=at, changes={"meeting_at": (before, meeting_at)})
    return handoff


@transaction.atomic
def withdraw(handoff: Handoff, *, by: By, at: datetime, words: str = "") -> Handoff:
    """Inside sales takes the offer back; the lead stays where it is. Raises AlreadyAnswered."""
    handoff = _held_open(handoff)
    _end(handoff, state=HandoffState.WITHDRAWN, by=by, at=at)
    receivers = [handoff.to_owner_id] if handoff.to_owner_id else handoff_clock.people_of(handoff.to_team)
    handoff_news.say(handoff, action="withdraw", to=receivers, by=by, at=at, words=words)
    return handoff


def withdraw_open(lead: Lead, *, by: By, at: datetime) -> None:
    """The lead went another way: nothing is left to be answered."""
    for handoff in Handoff.objects.open().filter(lead=lead):
        withdraw(handoff, by=by, at=at)


@transaction.atomic
def leave_to_the_team(user: User, *, by: By, at: datetime) -> None:
    """The person leaves: what is offered to them lies in the queue of their team from now on."""
    for handoff in Handoff.objects.open().filter(to_owner=user).select_related("lead", "to_team").order_by("lead_id"):
        leads.locked(handoff.lead)
        if Handoff.objects.open().filter(pk=handoff.pk).update(to_owner=None):
            handoff_promises.leave_to_the_team(handoff)
            told = handoff_clock.people_of(handoff.to_team)
            handoff_news.say(handoff, action="leave_to_team", to=told, by=by, at=at, changes={"to_owner": (user, None)})


def may_answer(handoff: Handoff, user: User) -> bool:
    """The receiver, the people of the team whose queue it lies in, and whoever leads them; never the one credited."""
    standing = abilities.standing_of(user)
    if user.pk == handoff.credited_to_id or Ability.WORK_OPPORTUNITIES not in standing.abilities:
        return False
    is_mine = handoff.to_owner_id == user.pk or (handoff.to_owner_id is None and standing.team_id == handoff.to_team_id)
    leads_them = Role.MANAGER in standing.roles and handoff.to_team_id in standing.tree
    return is_mine or leads_them or standing.scope("handoff") is Scope.ALL


@transaction.atomic
def accept(handoff: Handoff, *, by: By, at: datetime, terms: Terms | None = None) -> Opportunity:
    """Take the lead over: the opportunity opens in P1, and the receiver carries both. Raises AlreadyAnswered, OwnAcceptance, NotTheReceiver."""
    handoff = _held_for_answer(handoff, by=by)
    owner = handoff.to_owner or by.actor
    team = (owner.team if owner else None) or handoff.to_team
    _answer(handoff, HandoffAnswer(answer=HandoffState.ACCEPTED), by=by, at=at)
    Handoff.objects.filter(pk=handoff.pk).update(next_step_due_at=at + handoff_rules.in_force().next_step_within)
    opportunity = opportunities.accept(handoff.lead, terms=_acceptance(terms or Terms(), owner=owner, team=team), by=by, at=at)
    handoff_news.say(handoff, action="accept", to=[handoff.credited_to_id], by=by, at=at)
    return opportunity


def _acceptance(terms: Terms, *, owner: User | None, team: Team) -> Acceptance:
    return Acceptance(owner=owner, team=team, name=terms.name, product=terms.product, money=terms.money, close_on=terms.close_on)


@transaction.atomic
def need_more(handoff: Handoff, *, plan: str, plan_on: date, by: By, at: datetime) -> Handoff:
    """The lead stays with inside sales, and both know what is found out by when. Raises PlanMissing, and as `accept`."""
    if not plan.strip() or plan_on < the_day(at):
        raise PlanMissing
    handoff = _held_for_answer(handoff, by=by)
    _answer(handoff, HandoffAnswer(answer=HandoffState.NEEDS_MORE, words=plan.strip(), plan_on=plan_on), by=by, at=at)
    handoff_news.say(handoff, action="need_more", to=[handoff.credited_to_id], by=by, at=at, words=plan)
    handoff_news.give_task(handoff, subject=_("Find out for the hand-off of %(lead)s"), details=plan, due_on=plan_on, by=by, at=at)
    handoff_promises.owe_more(handoff, plan_on=plan_on, by=by, at=at)
    return handoff


@dataclass(frozen=True)
class Return:
    """Why a hand-off is given back. Without a `destination` the lead goes where the reason usually leads; to recycle it needs a rule."""

    reason: Reason
    words: str
    would_change: str = ""
    destination: Destination | None = None
    wake_on: date | None = None
    wake_when: str = ""
    goes_to: Destination = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "goes_to", self.destination or branch_of(self.reason).destination)


@transaction.atomic
def give_back(handoff: Handoff, *, said: Return, by: By, at: datetime) -> Handoff:
    """Give the lead back with a reason; the sender reads the words, and both talk when it was not qualified (R19).

    Raises FeedbackMissing, WakeRuleMissing, and as `accept`.
    """
    if not said.words.strip():
        raise FeedbackMissing
    handoff = _held_for_answer(handoff, by=by)
    answer = HandoffAnswer(
        answer=HandoffState.RETURNED, reason=said.reason, destination=said.goes_to, words=said.words.strip(), would_change=said.would_change.strip()
    )
    _answer(handoff, answer, by=by, at=at)
    following = _send_on(handoff.lead, said, by=by, at=at)
    handoff_promises.owe_reading(handoff, by=by, at=at)
    if following:
        handoff_promises.owe_taking_up(handoff, following=following, by=by, at=at)
    handoff_news.say(handoff, action="give_back", to=[handoff.credited_to_id], by=by, at=at, words=said.words, changes={"reason": ("", said.reason.value)})
    if branch_of(said.reason).is_unqualified:
        due_on = handoff_clock.soon(at, hours=handoff_clock.hours_of(handoff.from_team_id))
        with_whom = by.actor.display_name if by.actor else ""
        handoff_news.give_task(
            handoff, subject=_("Talk with %(who)s about %(lead)s"), details=said.words, due_on=due_on, by=by, at=at, who=with_whom, is_meeting=True
        )
    return handoff


def _send_on(lead: Lead, said: Return, *, by: By, at: datetime) -> Lead | None:
    """Where the lead goes from here; → the pass with which inside sales goes on at once, if it does."""
    if said.goes_to is Destination.DISQUALIFY:
        leads.disqualify(lead, reason=said.reason.value, by=by, at=at)
        return None
    at_once, owner = said.goes_to is Destination.WORKING, leads.locked(lead).owner
    rule = WakeRule(on=the_day(at)) if at_once else WakeRule(on=said.wake_on, words=said.wake_when)
    wake_rules.refuse_the_past(rule, today=the_day(at))
    because = exit_reasons.offered(Exit.RECYCLED, stage=stages.BOOKED).filter(key=IN_THE_TREE.get(said.reason, "")).first()
    leads.recycle(lead, reason="" if because else said.reason.value, because=because, rule=rule, by=by, at=at)
    if not at_once:
        return None
    # The queue has it for a moment only: it goes back to whoever carried it.
    following = leads.wake(lead, stage=stages.WORKING, receiver=leads.Receiver(owner, lead.team), by=by, at=at)
    for holding in Holding.objects.filter(lead=lead):
        recycling.settle(holding, HoldingState.WOKEN, words=str(_("given back to inside sales")), at=at)
    return following


@transaction.atomic
def miss(handoff: Handoff, *, by: By, at: datetime) -> Handoff:
    """The meeting did not take place: nobody's fault. Inside sales books it again within the days of the house. Raises MeetingNotYet, and as `accept`."""
    handoff = _held_for_answer(handoff, by=by)
    if at < handoff.meeting_at:
        raise MeetingNotYet
    _answer(handoff, HandoffAnswer(answer=HandoffState.NO_SHOW), by=by, at=at)
    same = Meeting.objects.filter(lead=handoff.lead_id, starts_at=handoff.meeting_at).select_related("lead")
    # Where it was said of the meeting first, that asks already to book it again.
    is_asked = same.filter(state=MeetingState.MISSED).exists()
    for meeting in same.ahead():
        meetings.miss(meeting, by=by, at=at, is_asked=False)
    Handoff.objects.filter(pk=handoff.pk).update(rebook_until_at=handoff.meeting_at + rebooking.in_force().ends_after)
    handoff_news.say(handoff, action="miss", to=[handoff.credited_to_id], by=by, at=at)
    if not is_asked:
        _ask_to_book_again(handoff, by=by, at=at)
    return handoff


def _ask_to_book_again(handoff: Handoff, *, by: By, at: datetime) -> None:
    due_on = max(the_day(handoff.meeting_at + rebooking.in_force().begins_after), the_day(at))
    handoff_news.give_task(handoff, subject=_("Book the meeting with %(lead)s again"), details="", due_on=due_on, by=by, at=at, is_meeting=True)


@transaction.atomic
def take_up(lead: Lead, *, terms: Terms, owner: User, team: Team, by: By, at: datetime) -> Opportunity:
    """The one way into P1 besides an import: `owner` accepts the open offer; or takes what inside sales never had, which nobody hands off.

    Where one person does both, what they qualified goes over with one press and is recorded as their own, which no rate counts (R48).
    Raises OfferFirst for what inside sales has worked on, and as `accept`.
    """
    lead = leads.locked(lead)
    handoff, is_alone = Handoff.objects.open().filter(lead=lead).first(), stands_alone(owner)
    if handoff and not is_alone:
        return accept(handoff, terms=terms, by=by, at=at)
    _refuse_beyond_inside_sales(lead)
    if passed_inside_sales(lead):
        if not is_alone:
            raise OfferFirst
        withdraw_open(lead, by=by, at=at)
        _record_own(lead, owner=owner, team=team, by=by, at=at)
    return opportunities.accept(lead, terms=_acceptance(terms, owner=owner, team=team), by=by, at=at)


def passed_inside_sales(lead: Lead) -> bool:
    """Whether inside sales carries the lead, or has."""
    if lead.team.department == Department.INSIDE_SALES:
        return True
    return Passage.objects.filter(lead=lead, team__department=Department.INSIDE_SALES).exists()


def stands_alone(user: User) -> bool:
    """Whether there is nobody else in this house to hand a lead to."""
    others = RoleGrant.objects.filter(role__in=[Role.FIELD_SELLER, Role.MANAGER], user__is_active=True).exclude(user=user)
    return not others.exists()


def _record_own(lead: Lead, *, owner: User, team: Team, by: By, at: datetime) -> None:
    facts = qualification.of(lead)
    package = Package(meeting_at=at, summary="", agenda="", attendees="")
    handoff = Handoff.objects.create(
        lead=lead, previous=_offer_before(lead), offered_by=by.actor, credited_to=owner, from_team=lead.team, to_owner=owner, to_team=team,
        offered_at=at, due_at=at, is_own=True, state=HandoffState.ACCEPTED, answered_by=owner, answered_at=at,
        next_step_due_at=at + handoff_rules.in_force().next_step_within, **_as_columns(package, facts),
    )  # fmt: skip
    HandoffAnswer.objects.create(handoff=handoff, credited_to=owner, answer=HandoffState.ACCEPTED, answered_by=owner, answered_at=at, is_own=True)
    audit.record(handoff, action="take_up", by=by, at=at)


def _held_open(handoff: Handoff) -> Handoff:
    """The hand-off as it is now, held with its lead: the lead first, as everybody who moves leads holds them. Raises AlreadyAnswered."""
    leads.locked(handoff.lead)
    fresh = held(handoff)
    if not fresh.is_open:
        raise AlreadyAnswered(fresh)
    return fresh


def _held_for_answer(handoff: Handoff, *, by: By) -> Handoff:
    fresh = _held_open(handoff)
    if by.actor is None:
        raise NotTheReceiver
    if by.actor.pk == fresh.credited_to_id:
        raise OwnAcceptance
    if not may_answer(fresh, by.actor):
        raise NotTheReceiver
    return fresh


def _answer(handoff: Handoff, answer: HandoffAnswer, *, by: By, at: datetime) -> None:
    """The answer as a row, and the hand-off closed by it. The lead listens to its own moves, so this comes before any of them."""
    assert by.actor is not None  # noqa: S101 - an answer is somebody's, which was asked before
    answer.handoff, answer.credited_to_id, answer.answered_by, answer.answered_at = handoff, handoff.credited_to_id, by.actor, at
    HandoffAnswer.objects.bulk_create([answer])
    _end(handoff, state=HandoffState(answer.answer), reason=answer.reason, by=by, at=at)


def _end(handoff: Handoff, *, state: HandoffState, by: By, at: datetime, reason: str = "") -> None:
    handoff_promises.answered(handoff, state=state, by=by, at=at)
    Handoff.objects.filter(pk=handoff.pk).update(state=state, reason=reason, answered_by=by.actor, answered_at=at)
    handoff.state, handoff.answered_by, handoff.answered_at = state, by.actor, at


def _other_side(handoff: Handoff, by: By) -> list[int]:
    both = {handoff.credited_to_id, *([handoff.to_owner_id] if handoff.to_owner_id else [])}
    return sorted(both - {by.actor.pk if by.actor else 0})
