"""Calls: who called whom, what came of it, and what follows. Written while it happens, before the next dial (R35)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit, bus
from tasuki.core.abilities import Ability, Scope
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.meanwhile import held
from tasuki.core.organisation import the_day
from tasuki.crm import barred, stages, wake_rules
from tasuki.crm.contacts import Channel, ConsentState, ContactPhone
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import NotInProcess
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage import consequences, permission
from tasuki.engage.call_types import CallType
from tasuki.engage.dispositions import CONNECTS, ENDINGS, SPOKEN, Disposition
from tasuki.engage.moving import move
from tasuki.engage.touches import Touched

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.core.people import User
    from tasuki.crm.exit_reasons import ExitReason
    from tasuki.crm.wake_rules import WakeRule

LONGEST_NOTE, LONGEST_REASON = 5_000, 200
# A telephone that was never put down is no conversation.
LONGEST_CALL = timedelta(hours=8)


class Direction(models.TextChoices):
    OUT = "out", _("outgoing")
    IN = "in", _("incoming")


class OnACallAlready(Refused):
    code = "on_a_call_already"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("You are on a call already. End it first."))


class CallRefused(Refused):
    code = "call_refused"


class NobodyMayCall(Refused):
    code = "nobody_may_call"

    def __init__(self) -> None:
        super().__init__(_("This person does not want to be called. Nobody calls them."))


class CallNotAllowed(Refused):
    """It is not time where the person is, or nothing allows a call to them."""

    code = "call_not_allowed"

    def __init__(self, refusal: permission.Refused) -> None:
        super().__init__(refusal.reason)
        self.until = refusal.until


class CallOver(Refused):
    code = "call_over"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("What came of this call is written already. Correct it where it stands."))


class OutcomeIncomplete(Refused):
    """`field` is the one that is missing, for a form to show it there."""

    code = "outcome_incomplete"

    def __init__(self, field: str, message: _StrOrPromise) -> None:
        super().__init__(message)
        self.field = field


class Calls(models.QuerySet["Call"]):
    """Questions about calls."""

    def visible_to(self, user: User) -> Calls:
        """Whoever sees the pass sees who called it, and everybody their own."""
        standing = abilities.standing_of(user)
        if standing.scope("lead") is Scope.ALL:
            return self
        return self.filter(Q(lead__in=Lead.objects.visible_to(user)) | Q(caller=user.pk)) if standing.roles else self.none()

    def going_on(self) -> Calls:
        return self.filter(ended_at__isnull=True)

    def unsaid(self) -> Calls:
        """Those of which nobody has said what came of them."""
        return self.filter(disposition="")

    def began_between(self, start: datetime, end: datetime) -> Calls:
        return self.filter(started_at__gte=start, started_at__lt=end)

    def newest_first(self) -> Calls:
        return self.order_by("-started_at", "-pk")


class Call(models.Model):
    """One call about one pass. `number` is in E.164, or empty where nobody kept it. `again_at` is what was promised, `because` why the pass
    ended with it (when it wakes stands in the ledger), `n_seconds_over` how long beyond the limit of its type it lasted; `adapter` and
    `external_id` name it where it was made by a telephone system.
    """

    noun: ClassVar[str] = "call"

    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="calls", verbose_name=_("lead"))
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, related_name="calls", verbose_name=_("contact"))
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="calls", verbose_name=_("account"))
    caller = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="calls", db_index=False, verbose_name=_("who"))
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices, default=Direction.OUT)
    call_type = models.ForeignKey(CallType, models.PROTECT, related_name="+", db_index=False, verbose_name=_("call type"))
    number = models.CharField(_("number"), max_length=24, blank=True)
    started_at = models.DateTimeField(_("began"))
    answered_at = models.DateTimeField(_("answered"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    disposition = models.CharField(_("result"), max_length=4, choices=Disposition.choices, blank=True)
    disposed_at = models.DateTimeField(_("result said"), null=True)
    note = models.TextField(_("note"), blank=True)
    because = models.ForeignKey("crm.ExitReason", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("reason"))
    reason = models.CharField(_("in words"), max_length=LONGEST_REASON, blank=True)
    again_at = models.DateTimeField(_("promised for"), null=True)
    meeting_at = models.DateTimeField(_("meeting"), null=True)
    n_seconds_over = models.PositiveIntegerField(_("seconds over the limit"), default=0)
    adapter = models.CharField(max_length=16, blank=True)
    external_id = models.CharField(max_length=128, blank=True)
    entry = models.ForeignKey("crm.TimelineEntry", models.SET_NULL, null=True, related_name="+", db_index=False)

    objects = Calls.as_manager()

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        indexes = [
            models.Index(fields=["caller", "-started_at"], name="call_of_caller"),
            models.Index(fields=["-started_at", "-id"], name="call_newest"),
            models.Index(fields=["number"], name="call_by_number", condition=~Q(number="")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["caller"], condition=Q(ended_at__isnull=True), name="one_call_at_a_time"),
            models.UniqueConstraint(fields=["adapter", "external_id"], condition=~Q(external_id=""), name="call_external_id_once"),
            models.CheckConstraint(condition=Q(answered_at__isnull=True) | Q(answered_at__gte=F("started_at")), name="call_answered_after_it_began"),
            models.CheckConstraint(condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")), name="call_ended_after_it_began"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(answered_at__isnull=True) | Q(ended_at__gte=F("answered_at")), name="call_ended_after_the_answer"
            ),
            models.CheckConstraint(
                condition=Q(disposition="", disposed_at__isnull=True)
                | Q(disposed_at__isnull=False, ended_at__isnull=False) & Q(disposition__in=Disposition.values),
                name="call_result_after_its_end",
            ),
            models.CheckConstraint(condition=~Q(disposition__in=CONNECTS) | Q(answered_at__isnull=False), name="call_connected_was_answered"),
            models.CheckConstraint(condition=~Q(disposition="cb") | Q(again_at__isnull=False), name="call_back_has_its_time"),
            models.CheckConstraint(condition=~Q(disposition="mtg") | Q(meeting_at__isnull=False), name="call_meeting_has_its_day"),
            # Before there was a tree of reasons they were said in words alone.
            models.CheckConstraint(condition=~Q(disposition__in=ENDINGS) | Q(because__isnull=False) | ~Q(reason=""), name="call_ending_has_its_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def talked(self) -> timedelta | None:
        """How long they talked; None while they do, and where nobody answered."""
        return self.ended_at - self.answered_at if self.ended_at and self.answered_at else None


@dataclass(frozen=True)
class Outcome:
    """What came of a call. A call back needs `again_at`, a meeting `meeting_at`, an ending `because`, a reason of the tree. What is recycled
    wakes by its `rule`, without one as the reason proposes; `reason` says more in words. Whoever calls holds the meeting, or `held_by`: then a
    time that is taken is refused. `is_offered` says that the time was offered as free, and not typed, `is_close_knowingly` that whoever typed it knows
    that it lies close to another.
    """

    disposition: Disposition
    note: str = ""
    because: ExitReason | None = None
    rule: WakeRule | None = None
    reason: str = ""
    again_at: datetime | None = None
    meeting_at: datetime | None = None
    held_by: User | None = None
    is_offered: bool = False
    is_close_knowingly: bool = False


@dataclass(frozen=True)
class Written:
    """A call with its result, and what could not follow from it, in sentences for whoever made it."""

    call: Call
    held_back: tuple[str, ...] = ()


@dataclass(frozen=True)
class Called:
    """Said on the bus when it is written what came of a call, after what follows from it."""

    call: Call
    by: By
    at: datetime


@transaction.atomic
def begin(
    lead: Lead, *, call_type: CallType, by: By, at: datetime, number: str = "", direction: Direction = Direction.OUT, adapter: str = "", external_id: str = ""
) -> Call:
    """Write that somebody calls about the lead. By an outgoing call a lead that nobody worked yet is worked now, and `Touched` is said; of an incoming
    one only when it is written that one of us has spoken. An incoming call of the telephone system has no `caller` until somebody picks it up.

    Raises Forbidden for who may not see numbers, NotInProcess, ErasedPerson, NobodyMayCall, CallNotAllowed, OnACallAlready, CallRefused for a number
    that is not theirs.
    """
    lead = held(lead)
    if lead.stage_id is None:
        raise NotInProcess
    barred.refuse_erased(lead)
    if direction is Direction.OUT:
        if by.actor:
            abilities.require(by.actor, Ability.SEE_CONTACT_DETAILS)
        _refuse_forbidden(lead, number, at=at)
    if by.actor and Call.objects.going_on().filter(caller=by.actor).exists():
        raise OnACallAlready
    call = Call.objects.create(
        lead=lead, contact_id=lead.contact_id, account_id=lead.account_id, caller=by.actor, direction=direction, call_type=call_type,
        number=number, started_at=at, adapter=adapter, external_id=external_id,
    )  # fmt: skip
    if direction is Direction.OUT:
        _work(lead, by=by, at=at)
    return call


@transaction.atomic
def pick_up(call: Call, *, by: By, at: datetime) -> Call:
    """One of us takes a call that came in: it is theirs, and answered. Raises OnACallAlready, CallOver, Forbidden for a colleague's."""
    call = _locked(call)
    if call.ended_at is not None:
        raise CallOver
    if call.caller_id is None:
        if by.actor and Call.objects.going_on().filter(caller=by.actor).exists():
            raise OnACallAlready
        call.caller, call.answered_at = by.actor, call.answered_at or max(at, call.started_at)
        call.save(update_fields=["caller", "answered_at"])
    elif by.actor is None or call.caller_id != by.actor.pk:
        raise Forbidden(_("This is a colleague's call."))
    return call


@transaction.atomic
def answer(call: Call, *, at: datetime) -> Call:
    """Somebody picked up, as the telephone system says. Saying it twice, or after the end, changes nothing."""
    call = _locked(call)
    if call.answered_at is None and call.ended_at is None:
        call.answered_at = max(at, call.started_at)
        call.save(update_fields=["answered_at"])
    return call


@transaction.atomic
def end(call: Call, *, at: datetime) -> Call:
    """The line is closed. Ending it twice changes nothing."""
    call = _locked(call)
    if call.ended_at is None:
        _close(call, at=at)
    return call


@transaction.atomic
def dispose(call: Call, *, outcome: Outcome, by: By, at: datetime) -> Written:
    """Say what came of a call, and let follow what follows (see `consequences`); a call that still goes on ends now.

    Raises Forbidden for the call of another, CallOver, OutcomeIncomplete, WakeRuleWrong, ReasonNotForThis for a reason that does not apply in
    the stage, NotInProcess when the pass is over meanwhile; where the outcome says who holds the meeting, SlotTaken, TooClose.
    """
    lead, call = held(call.lead), _locked(call)
    _refuse_other(call, by=by)
    if call.disposition:
        raise CallOver
    _refuse_incomplete(outcome, at=at)
    if lead.stage_id is None and outcome.disposition in ENDINGS:
        raise NotInProcess
    if call.ended_at is None:
        _close(call, at=at)
    if call.direction == Direction.IN and call.caller_id is None:
        call.caller = by.actor
    _say(call, outcome, at=at)
    call.entry = _tell(call, by=by)
    call.save()
    audit.record(call, action="dispose", by=by, at=at, changes={"disposition": ("", call.disposition)})
    if _has_answered_them(call):
        _work(lead, by=by, at=at)
    held_back = consequences.follow(call, lead=lead, outcome=outcome, by=by, at=at)
    bus.say(Called(call, by=by, at=at))
    return Written(call, held_back)


@transaction.atomic
def correct(call: Call, *, outcome: Outcome, by: By, at: datetime) -> Written:
    """Write a result anew. What would have ended the pass cannot be made of one that did not, or the other way round: that is a move of its own.

    Raises Forbidden, CallRefused, OutcomeIncomplete.
    """
    lead, call = held(call.lead), _locked(call)
    _refuse_other(call, by=by)
    if not call.disposition:
        raise CallRefused(_("Say first what came of this call."))
    _refuse_incomplete(outcome, at=at)
    before, ends = call.disposition, outcome.disposition in ENDINGS
    moves = before != outcome.disposition and (ends or before in ENDINGS or before == Disposition.DO_NOT_CALL)
    if moves or (ends and outcome.because != call.because):
        raise CallRefused(_("This result has moved the lead, or would. Correct the note, and move the lead itself."))
    changes = {"disposition": (before, outcome.disposition.value), "note": (call.note, outcome.note.strip())}
    _say(call, outcome, at=at)
    call.save()
    if call.entry_id:
        TimelineEntry.objects.filter(pk=call.entry_id).update(text=call.note, detail=_detail(call), edited_at=at)
    audit.record(call, action="correct", by=by, at=at, changes={name: pair for name, pair in changes.items() if pair[0] != pair[1]})
    if _has_answered_them(call) and before not in SPOKEN:
        _work(lead, by=by, at=at)
    # Nobody is on the telephone any more to be asked for another time.
    return Written(call, () if ends else consequences.follow(call, lead=lead, outcome=replace(outcome, held_by=None), by=by, at=at))


def wrong_numbers(*contact_ids: int) -> Mapping[int, frozenset[str]]:
    """The numbers behind which somebody else was, by the id of the person: one query."""
    rows = Call.objects.filter(contact__in=contact_ids, disposition=Disposition.BAD_NUMBER).exclude(number="")
    found = defaultdict[int, set[str]](set)
    for contact_id, number in rows.values_list("contact_id", "number"):
        found[contact_id].add(number)
    return {pk: frozenset(found.get(pk, ())) for pk in contact_ids}


def refusal(lead: Lead, *, number: str, at: datetime, seen: permission.Look | None = None) -> permission.Refused | None:
    """Why the person must not be called at that number now; None when they may be. A call by hand, without a number, asks for no hour.

    With `seen` of the person, and their words loaded, it asks the database nothing.
    """
    contact = lead.contact
    if contact is None:
        return None
    if not number:
        last = next((word for word in contact.consents.all() if word.channel == Channel.PHONE), None)
        is_no = last is not None and last.state in {ConsentState.REFUSED, ConsentState.WITHDRAWN}
        return permission.Refused("refused", NobodyMayCall().message) if is_no else None
    answer = permission.may(contact, channel=Channel.PHONE, value=number, purpose=permission.Purpose.PERSONAL, at=at, seen=seen)
    return answer if isinstance(answer, permission.Refused) else None


def _refuse_forbidden(lead: Lead, number: str, *, at: datetime) -> None:
    if number and not ContactPhone.objects.filter(contact=lead.contact_id, e164=number).exists():
        raise CallRefused(_("This is not a number of the person."))
    if told := refusal(lead, number=number, at=at):
        raise NobodyMayCall if told.code in {"blocked", "refused"} else CallNotAllowed(told)


def _work(lead: Lead, *, by: By, at: datetime) -> None:
    """One of us tries to reach the person, or has spoken with them when they called: the lead is worked, and what was owed to it is given."""
    move(lead, to=stages.WORKING, by=by, at=at)
    bus.say(Touched(lead.pk, by, at, Channel.PHONE))


def _has_answered_them(call: Call) -> bool:
    """Whether they called, and a person of ours spoke with them."""
    return call.direction == Direction.IN and call.caller_id is not None and call.disposition in SPOKEN


def _refuse_other(call: Call, *, by: By) -> None:
    """A result is said by who called, or by somebody who may give leads to others."""
    if by.actor and call.caller_id not in {None, by.actor.pk} and not abilities.can(by.actor, Ability.ASSIGN_OWNERS):
        raise Forbidden(_("This is a colleague's call."))


def _refuse_incomplete(outcome: Outcome, *, at: datetime) -> None:
    what = outcome.disposition
    if len(outcome.note) > LONGEST_NOTE or len(outcome.reason) > LONGEST_REASON:
        raise OutcomeIncomplete("note", _("Say it in fewer words."))
    if what == Disposition.CALL_BACK and (outcome.again_at is None or outcome.again_at <= at):
        raise OutcomeIncomplete("again_at", _("Say when you call back: a moment to come."))
    if what == Disposition.MEETING and (outcome.meeting_at is None or outcome.meeting_at <= at):
        raise OutcomeIncomplete("meeting_at", _("Say when the meeting is: a moment to come."))
    if what in ENDINGS and outcome.because is None:
        raise OutcomeIncomplete("because", _("Say why."))
    if outcome.rule is not None:
        wake_rules.refuse_the_past(wake_rules.checked(outcome.rule), today=the_day(at))


def _say(call: Call, outcome: Outcome, *, at: datetime) -> None:
    """Write the result into the row; what does not belong to it stays empty."""
    what = outcome.disposition
    call.disposition, call.disposed_at, call.note = what, at, outcome.note.strip()
    call.because = outcome.because if what in ENDINGS else None
    call.reason = outcome.reason.strip() if what in ENDINGS else ""
    call.again_at = outcome.again_at if what == Disposition.CALL_BACK else None
    call.meeting_at = outcome.meeting_at if what == Disposition.MEETING else None
    if what in CONNECTS and call.answered_at is None:
        # Without a telephone system nobody knows when it was picked up: as good as at once.
        call.answered_at = call.started_at
    _measure(call)


def _close(call: Call, *, at: datetime) -> None:
    least = call.answered_at or call.started_at
    call.ended_at = min(max(at, least), least + LONGEST_CALL)
    _measure(call)
    call.save(update_fields=["ended_at", "n_seconds_over"])


def _measure(call: Call) -> None:
    talked = call.talked.total_seconds() if call.talked else 0
    call.n_seconds_over = max(int(talked) - call.call_type.hard_minutes * 60, 0)


def _tell(call: Call, *, by: By) -> TimelineEntry:
    return TimelineEntry.objects.create(
        at=call.started_at, kind=Kind.CALL, lead_id=call.lead_id, contact_id=call.contact_id, account_id=call.account_id,
        actor=call.caller or by.actor, text=call.note, detail=_detail(call),
    )  # fmt: skip


def _detail(call: Call) -> dict[str, object]:
    """What a page says of the call; never the number, which not everybody sees."""
    seconds = int(call.talked.total_seconds()) if call.talked else None
    because = call.because.key if call.because else ""
    return {
        "call": call.pk, "disposition": call.disposition, "direction": call.direction, "seconds": seconds, "because": because, "reason": call.reason,
    }  # fmt: skip


def _locked(call: Call) -> Call:
    return Call.objects.select_related("call_type", "lead", "caller", "because").select_for_update(of=("self",), no_key=True).get(pk=call.pk)
