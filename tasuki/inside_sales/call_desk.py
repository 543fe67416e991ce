"""The call desk: whom to call next and why, one lead before each person at a time, and what is said of a call in one stroke."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.crm import leads, stages
from tasuki.crm.leads import Lead, Origin
from tasuki.crm.scoring import scores
from tasuki.crm.tasks import Task, TaskKind
from tasuki.engage import callability, calls
from tasuki.engage.call_types import CallType
from tasuki.engage.callability import Callability
from tasuki.engage.calls import Call, Direction, Outcome, Written
from tasuki.engage.dispositions import ENDINGS, Disposition
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.next_calls import NextCall
from tasuki.engage.sequences.enrolments import Deed
from tasuki.inside_sales import desk_booking, leases, qualification, recycling
from tasuki.inside_sales.call_lists import lists, reasons, rules
from tasuki.inside_sales.call_lists.buckets import Bucket
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.inside_sales.qualification import FactState

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.crm.exit_reasons import ExitReason
    from tasuki.crm.leads import Leads
    from tasuki.crm.wake_rules import WakeRule

LONGEST_QUEUE = 40
_LONGEST_REASON = 200
# So long before a promised moment one may begin to read.
_AHEAD = timedelta(minutes=5)
# Who dialled by hand has talked for about so long before saying what came of it.
_BY_HAND = timedelta(minutes=5)
# So far back it is remembered for which reason a person ended a call.
_REMEMBERED = 100
# The reasons of this group are given where nobody was spoken to.
_NOT_REACHED = "not_reached"
_WORKED = (stages.READY, stages.WORKING, stages.CONNECTED, stages.BOOKED)


@dataclass(frozen=True)
class Waiting:
    """A lead that waits for a call: in which bucket, why in words, and when if that was said. `holder` is a colleague who has it now;
    `is_inserted` marks what the list of the day did not hold when it was made; `callability` says whether they may be called now."""

    lead: Lead
    bucket: Bucket
    reason: str
    due_at: datetime | None = None
    is_late: bool = False
    holder: User | None = None
    is_inserted: bool = False
    callability: Callability = callability.NOT_JUDGED

    @property
    def from_at(self) -> datetime | None:
        """From when on they are called: the time that was said, and not before it is time where they are."""
        opens_at = self.callability.refusal.until if self.callability.refusal else None
        return max((moment for moment in (self.due_at, opens_at) if moment), default=None)


@dataclass(frozen=True)
class Slots:
    """How far a person is today and this week, of how many that fit: what is worked of their lists, without one calls with a result; and
    meetings booked today."""

    n_today: int
    of_day: int
    n_week: int
    of_week: int
    n_meetings: int


class FormEmpty(Refused):
    code = "form_empty"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("A conversation leaves something behind: write one of the seven facts, or a note."))


class ReasonMissing(Refused):
    code = "reason_missing"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("Say why you skip this lead."))


class Skips(models.QuerySet["Skip"]):
    """Questions about skips."""

    def visible_to(self, user: User) -> Skips:
        return self.filter(lead__in=Lead.objects.visible_to(user))


class Skip(models.Model):
    """Somebody passed a lead over, and said why; it comes back tomorrow."""

    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="skips", db_constraint=False)
    skipped_by = models.ForeignKey("core.User", models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(gettext_lazy("reason"), max_length=_LONGEST_REASON)
    skipped_at = models.DateTimeField()

    objects = Skips.as_manager()

    class Meta:
        indexes = [models.Index(fields=["skipped_by", "-skipped_at"], name="skip_of_person")]
        constraints = [models.CheckConstraint(condition=~models.Q(reason=""), name="skip_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.reason}"


@dataclass(frozen=True)
class Learned:
    """What was typed for a fact. `seen` is the row that it was typed over."""

    fact: str
    words: str
    state: FactState
    seen: int | None = None


# A lead → in which bucket it is called today, why in words, and when if that was said.
_Planned = dict[int, tuple[Bucket, str, datetime | None]]


def queue(user: User, *, at: datetime) -> list[Waiting]:
    """Whom the person calls today, the most pressing first, at most `LONGEST_QUEUE`; the same few queries however long it is.

    The one place that says so: the list of the day in its order, with what became due by the clock since; without a list, what is due and then
    the best of their leads. Whom nothing allows to call stands last, whatever the hour.
    """
    planned = _planned(user, at=at)
    call_list = CallList.objects.of(user, day=_today(user, at))
    waiting = _listed(call_list, planned, user=user, at=at) if call_list else _unlisted(planned, user=user, at=at)
    judged = callability.of_each([one.lead for one in waiting], at=at)
    waiting = sorted((replace(one, callability=judged[one.lead.pk]) for one in waiting), key=lambda one: one.callability.is_barred)
    others = leases.holders([one.lead.pk for one in waiting], at=at, but=user)
    return [replace(one, is_late=_is_late(one.due_at, at), holder=others.get(one.lead.pk)) for one in waiting[:LONGEST_QUEUE]]


def _planned(user: User, *, at: datetime) -> _Planned:
    """What is due by the clock today: calls that were promised or are tried again, meetings to confirm, then tasks."""
    end_of_day = _end_of_day(user, at)
    mine = _mine(user)
    found: _Planned = {}
    for one in NextCall.objects.filter(lead__in=mine, due_at__lt=end_of_day).order_by("-is_promised", "due_at")[:LONGEST_QUEUE]:
        found[one.lead_id] = (Bucket.CALL_BACK if one.is_promised else Bucket.STEP, one.words, one.due_at)
    for meeting in Meeting.objects.to_confirm(at, end_of_day).filter(_booked_by(user))[:LONGEST_QUEUE]:
        found.setdefault(meeting.lead_id, (Bucket.CONFIRM, reasons.to_confirm(f"{meeting.starts_there:%H:%M}"), None))
    due = Task.objects.to_do().filter(owner=user, lead__in=mine, due_on__lte=_today(user, at)).exclude(pk__in=_of_tomorrow(user, at))
    for task in due.filter(kind__in=[TaskKind.CALL, TaskKind.MEETING]).order_by("due_on", "pk")[:LONGEST_QUEUE]:
        if task.lead_id:
            found.setdefault(task.lead_id, (Bucket.CALL_BACK if task.kind == TaskKind.CALL else Bucket.STEP, task.subject, None))
    for deed in Deed.objects.calls_of(user, day=_today(user, at)).filter(enrolment__lead__in=mine)[:LONGEST_QUEUE]:
        words = _("step %(n)s of “%(name)s”") % {"n": deed.step.position, "name": deed.enrolment.sequence.name}
        found.setdefault(deed.enrolment.lead_id, (Bucket.STEP, words, None))
    return found


def _of_tomorrow(user: User, at: datetime) -> list[int]:
    """The tasks of calls that were promised for a time which is today there, and tomorrow here. Who put the task off has put off the time."""
    promised = NextCall.objects.filter(is_promised=True, due_at__gte=_end_of_day(user, at), task__owner=user, task__due_on__lte=_today(user, at))
    return [one.task.pk for one in promised.select_related("task") if one.task and one.due_there.date() == one.task.due_on]


def _booked_by(user: User) -> models.Q:
    """Whoever booked a meeting confirms it; what was booked by itself, whoever has the lead."""
    return models.Q(booked_by=user) | models.Q(booked_by__isnull=True, lead__owner=user)


def _listed(call_list: CallList, planned: _Planned, *, user: User, at: datetime) -> list[Waiting]:
    """What is left of the list, in its order; and at the top of its bucket what became due that does not wait on it."""
    entries = list(call_list.entries.order_by("position", "pk"))
    left = [one for one in entries if one.worked_at is None and one.skipped_at is None]
    # Who was planned and has answered since is called where they came to: on top.
    raised = {one.lead_id for one in left if one.inserted_at}
    left = [one for one in left if one.inserted_at or one.lead_id not in raised]
    gone = {one.lead_id for one in left} | {one.lead_id for one in entries if one.skipped_at} | _passed_over(user, at=at)
    # A task stays until somebody says that it is done: who was worked today is called again only at a time that was said.
    gone_until_said = gone | {one.lead_id for one in entries}
    due = {pk: one for pk, one in planned.items() if pk not in (gone if one[2] else gone_until_said) and _is_now(one, at)}
    rows = _rows({*due, *(one.lead_id for one in left)}, user=user)
    said = reasons.in_words(left)
    waiting = [
        Waiting(rows[one.lead_id], Bucket(one.bucket), " · ".join(said[one.pk]), _due_at(one.lead_id, planned), is_inserted=one.inserted_at is not None)
        for one in left
        if one.lead_id in rows
    ]
    inserted = [Waiting(rows[pk], *one, is_inserted=True) for pk, one in due.items() if pk in rows]
    for one in sorted(inserted, key=lambda one: (one.bucket, one.due_at or at), reverse=True):
        waiting.insert(_top_of(one.bucket, waiting), one)
    return waiting


def _due_at(lead: int, planned: _Planned) -> datetime | None:
    return planned[lead][2] if lead in planned else None


def _top_of(bucket: Bucket, waiting: list[Waiting]) -> int:
    """The place of the first of the bucket; where it has none, that of the first of a later one."""
    there = [nth for nth, other in enumerate(waiting) if other.bucket == bucket] or [nth for nth, other in enumerate(waiting) if other.bucket > bucket]
    return there[0] if there else len(waiting)


def _is_now(one: tuple[Bucket, str, datetime | None], at: datetime) -> bool:
    """Who was promised a time is waited for all day; who is only tried again, from that time on."""
    bucket, _words, due_at = one
    return bucket != Bucket.STEP or due_at is None or due_at <= at


def _unlisted(planned: _Planned, *, user: User, at: datetime) -> list[Waiting]:
    """Of a person without a list: what is due by the clock, by bucket, then the best of the rest."""
    end_of_day, mine = _end_of_day(user, at), _mine(user)
    passed_over = _passed_over(user, at=at)
    called_today = Call.objects.filter(lead__in=mine, started_at__gte=end_of_day - timedelta(days=1)).exclude(disposition="")
    rest = (
        mine.exclude(pk__in=planned)
        .exclude(pk__in=called_today.values("lead"))
        .exclude(pk__in=NextCall.objects.filter(lead__in=mine, due_at__gte=end_of_day).values("lead"))
        .exclude(stage=stages.BOOKED)
        .exclude(pk__in=passed_over)
    )
    rows = _rows(planned.keys() - passed_over, user=user)
    waiting = [Waiting(rows[pk], *one) for pk, one in planned.items() if pk in rows]
    if (room := LONGEST_QUEUE - len(waiting)) > 0:
        # What a row shows is read of the best alone.
        by_worth = models.F("score__rank").desc(nulls_last=True), "-opened_at", "-pk"
        best = Lead.objects.filter(pk__in=rest.order_by(*by_worth).values("pk")[:room]).order_by(*by_worth)
        waiting += _unplanned(list(best.for_listing()))
    return sorted(waiting, key=lambda one: (one.bucket, one.due_at or at))


def _mine(user: User) -> Leads:
    return Lead.objects.filter(owner=user, state="open", stage__in=_WORKED)


def _rows(ids: Iterable[int], *, user: User) -> dict[int, Lead]:
    """Those that can be called now, by id."""
    found = Lead.objects.visible_to(user).filter(pk__in=list(ids), state="open", stage__in=stages.BEFORE_SALES)
    return {lead.pk: lead for lead in found.for_listing()}


def _passed_over(user: User, *, at: datetime) -> set[int]:
    today = _end_of_day(user, at) - timedelta(days=1)
    return set(Skip.objects.filter(skipped_by=user, skipped_at__gte=today).values_list("lead", flat=True))


def following(waiting: Iterable[Waiting], *, but: int, at: datetime, shown: int | None = None) -> Waiting | None:
    """The next that nobody else has: the one that is `shown` already, else the most pressing. Who is called at a time waits for it, unless nobody else
    is left; whom nothing allows to call comes when all others are done, for somebody to do something about it."""
    free = [one for one in waiting if one.lead.pk != but and one.holder is None]
    if stays := next((one for one in free if one.lead.pk == shown), None):
        return stays
    called = [one for one in free if not one.callability.is_barred] or free
    due = (one for one in called if one.from_at is None or one.from_at <= at + _AHEAD)
    return next(due, None) or min(called, key=lambda one: one.from_at or at, default=None)


def slots(user: User, *, at: datetime) -> Slots:
    """Four queries. A week begins on Monday, a day at midnight of the person's clock."""
    day = _today(user, at)
    monday, house = day - timedelta(days=day.weekday()), rules.in_force()
    tomorrow = _end_of_day(user, at)
    today = tomorrow - timedelta(days=1)
    told = Call.objects.filter(caller=user, started_at__gte=tomorrow - timedelta(days=day.weekday() + 1), started_at__lt=tomorrow).exclude(disposition="")
    calls_told = told.aggregate(
        day=models.Count("pk", filter=models.Q(started_at__gte=today)),
        week=models.Count("pk"),
        meetings=models.Count("pk", filter=models.Q(started_at__gte=today, disposition=Disposition.MEETING)),
    )
    call_list = CallList.objects.of(user, day=day)
    if call_list is None:
        return Slots(calls_told["day"], house.slots_a_day, calls_told["week"], house.slots_a_week, calls_told["meetings"])
    worked = CallListEntry.objects.filter(call_list__owner=user, call_list__for_on__range=(monday, day), worked_at__isnull=False)
    n = worked.aggregate(day=models.Count("pk", filter=models.Q(call_list=call_list)), week=models.Count("pk"))
    return Slots(n["day"], call_list.n_slots, n["week"], house.slots_a_week, calls_told["meetings"])


def at_hand(lead: Lead, *, user: User) -> Call | None:
    """The person's call about the lead of which nothing is said yet, or one that came in and is nobody's so far: it goes on, or has just ended."""
    own = models.Q(caller=user) | models.Q(caller__isnull=True, direction=Direction.IN)
    return Call.objects.unsaid().filter(own, lead=lead).select_related("call_type").newest_first().first()


@transaction.atomic
def dial(lead: Lead, *, call_type: CallType, number: str = "", adapter: str = "", by: By, at: datetime) -> Call:
    """Take the lead and begin the call. Raises LeadTaken, and what `calls.begin` raises."""
    leases.take(lead, by=by, at=at, lasts=leases.LASTS_IN_A_CALL)
    return calls.begin(lead, call_type=call_type, number=number, adapter=adapter, by=by, at=at)


@transaction.atomic
def take_call(lead: Lead, *, call_type: CallType, number: str = "", by: By, at: datetime) -> Call:
    """They call us, and the person speaks with them: take the lead, and the call that the telephone system told of, or write one.

    Raises LeadTaken, OnACallAlready, and what `calls.begin` raises.
    """
    leases.take(lead, by=by, at=at, lasts=leases.LASTS_IN_A_CALL)
    going = at_hand(lead, user=by.actor) if by.actor else None
    if going is None or going.direction != Direction.IN or going.ended_at is not None:
        going = calls.begin(lead, call_type=call_type, number=number, direction=Direction.IN, by=by, at=at)
        return calls.answer(going, at=at)
    return calls.pick_up(going, by=by, at=at)


@transaction.atomic
def conclude(lead: Lead, *, outcome: Outcome, learned: Iterable[Learned] = (), call_type: CallType, by: By, at: datetime) -> Written:
    """Write what was learned and what came of the call; who dialled by hand and began none has called just now.

    Raises LeadTaken, FormEmpty, SlotTaken for a time that was offered and is free no more, TooClose for one that was typed close to another, and what
    `learn` and `dispose` raise: then nothing is written.
    """
    leases.take(lead, by=by, at=at)
    desk_booking.refuse_taken(lead, outcome, at=at)
    going = at_hand(lead, user=by.actor) if by.actor else None
    call = going or calls.begin(lead, call_type=call_type, by=by, at=at)
    since = going.started_at if going else at - _BY_HAND
    n_learned = _learn(lead, learned, call=call, by=by, at=at)
    if outcome.disposition == Disposition.TALK and not outcome.note.strip() and not n_learned and not _learned_since(lead, since):
        raise FormEmpty
    if going is None:
        qualification.name_call(lead, call=call, since=since)
    written = calls.dispose(call, outcome=outcome, by=by, at=at)
    leases.let_go(lead, by=by, at=at)
    return written


@transaction.atomic
def learn(lead: Lead, *, learned: Iterable[Learned], by: By, at: datetime) -> int:
    """Write the facts that were typed; → how many are new. Raises what `qualification.learn` raises, and LeadTaken."""
    leases.take(lead, by=by, at=at)
    return _learn(lead, learned, call=at_hand(lead, user=by.actor) if by.actor else None, by=by, at=at)


def _learn(lead: Lead, learned: Iterable[Learned], *, call: Call | None, by: By, at: datetime) -> int:
    facts, n = qualification.of(lead), 0
    for one in learned:
        before = facts[one.fact]
        if (before.state, before.words) != (one.state, one.words):
            qualification.learn(lead, fact=one.fact, words=one.words, state=one.state, seen=one.seen, call=call, by=by, at=at)
            n += 1
    return n


@transaction.atomic
def skip(lead: Lead, *, reason: str, by: By, at: datetime) -> None:
    """Pass the lead over for today, on the list of the day too. Raises ReasonMissing, LeadTaken."""
    if not reason.strip():
        raise ReasonMissing
    leases.take(lead, by=by, at=at)
    if by.actor:
        Skip.objects.create(lead=lead, skipped_by=by.actor, reason=reason.strip()[:_LONGEST_REASON], skipped_at=at)
        listed = CallListEntry.objects.filter(lead=lead, call_list__owner=by.actor, call_list__for_on=_today(by.actor, at), worked_at__isnull=True)
        for entry in listed.select_related("call_list"):
            lists.skip(entry, reason=reason.strip()[:_LONGEST_REASON], by=by, at=at)
    audit.record(lead, action="skip", by=by, at=at, changes={"reason": ("", reason.strip()[:_LONGEST_REASON])})
    leases.let_go(lead, by=by, at=at)


@transaction.atomic
def recycle(lead: Lead, *, because: ExitReason, by: By, at: datetime, rule: WakeRule | None = None, reason: str = "") -> Written | None:
    """Let the pass sleep: as the result of the call at hand, or without one. Where the reason says that nobody was reached, neither does the call.

    Raises LeadTaken, WithSales, and what `recycling.recycle` raises.
    """
    leases.take(lead, by=by, at=at)
    call = at_hand(lead, user=by.actor) if by.actor else None
    was_reached = because.parent is None or because.parent.key != _NOT_REACHED
    written: Written | None
    if call and was_reached:
        written = calls.dispose(call, outcome=Outcome(Disposition.NOT_NOW, because=because, rule=rule, reason=reason), by=by, at=at)
    elif leads.locked(lead).stage_id not in stages.BEFORE_SALES:
        raise WithSales
    else:
        written = calls.dispose(call, outcome=Outcome(Disposition.NO_ANSWER), by=by, at=at) if call else None
        recycling.recycle(lead, reason=because, rule=rule, words=reason, by=by, at=at)
    leases.let_go(lead, by=by, at=at)
    return written


def given_last(user: User) -> dict[str, str]:
    """For which reason the person last ended a call, by its result: the key of the reason. One query, over their last calls."""
    told = Call.objects.filter(caller=user).newest_first().values_list("disposition", "because__key")[:_REMEMBERED]
    return {what: key for what, key in reversed(told) if what in ENDINGS and key}


class WithSales(Refused):
    code = "with_sales"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("The lead is with sales by now: tell its owner, who decides how it goes on."))


def in_slots(waiting: Iterable[Waiting]) -> list[tuple[Bucket | None, list[Waiting]]]:
    """Each bucket with those of it that stand together, in their order: a list that was arranged may come back to one. None is the bucket of those
    whom nothing allows to call."""
    return [(bucket, list(those)) for bucket, those in groupby(waiting, key=lambda one: None if one.callability.is_barred else one.bucket)]


def _unplanned(rows: list[Lead]) -> list[Waiting]:
    """Why each is worth a call: what scored most, else where it came from."""
    rated = [score for lead in rows if (score := getattr(lead, "score", None))]
    why = scores.reasons_of(rated)
    found = []
    for lead in rows:
        words = [str(reason.words) for reason in why.get(lead.pk, ())][:3]
        bucket = Bucket.BACKLOG if lead.stage_id != stages.READY else Bucket.WOKEN if lead.origin == Origin.RECYCLED else Bucket.READY
        found.append(Waiting(lead, bucket, " · ".join(words or filter(None, (lead.source, lead.source_detail)))))
    return found


def _learned_since(lead: Lead, since: datetime) -> bool:
    """Whether somebody wrote a fact while they talked."""
    return qualification.history(lead).filter(learned_at__gte=since).exists()


def _is_late(due_at: datetime | None, at: datetime) -> bool:
    return due_at is not None and due_at < at


def _today(user: User, at: datetime) -> date:
    return rules.local(at, user).date()


def _end_of_day(user: User, at: datetime) -> datetime:
    return datetime.combine(_today(user, at) + timedelta(days=1), time(0), ZoneInfo(user.time_zone))
