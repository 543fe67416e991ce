"""Clocks: one promise of an agreement for one lead, from the moment it is owed until it is kept. All that happens to one is a row: who, when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, calendars
from tasuki.core.audit import By
from tasuki.core.calendars import Calendar, hours_of
from tasuki.core.working_time import Hours, business_seconds_between
from tasuki.crm import stages
from tasuki.crm.leads import Lead, Moved, Origin
from tasuki.engage.calls import Called
from tasuki.engage.dispositions import Disposition
from tasuki.engage.touches import Touched
from tasuki.relay import agreements
from tasuki.relay.agreements import Agreement, Counts, Event, Owed

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.relay.handoff_rows import Handoff

LONGEST_REASON = 200
# Who came to us, for the first time, again, or after we had turned them away.
CAME_TO_US = (Origin.INBOUND, Origin.INBOUND_AGAIN, Origin.HAND_RAISE)


class Because(models.TextChoices):
    """Why a clock stopped. Only the first three are answers."""

    TOUCHED = "touched", _("somebody tried to reach the person")
    MOVED = "moved", _("somebody moved the lead on")
    ANSWERED = "answered", _("somebody gave the word that was owed")
    ENDED = "ended", _("the pass ended")
    REASSIGNED = "given", _("the lead was given to somebody else")
    WITHDRAWN = "withdrawn", _("nothing is owed any more")


_ANSWERS = (Because.TOUCHED, Because.MOVED, Because.ANSWERED)


class Clocks(models.QuerySet["Clock"]):
    """Questions about promises."""

    def visible_to(self, user: User) -> Clocks:
        """Those of the leads that the person sees."""
        standing = abilities.standing_of(user)
        if standing.scope("lead") is abilities.Scope.ALL:
            return self
        return self.filter(lead__in=Lead.objects.visible_to(user))

    def running(self) -> Clocks:
        return self.filter(stopped_at__isnull=True)

    def waited_for(self) -> Clocks:
        """Those that run, but for what somebody is to read: a lead does not wait for that."""
        return self.running().exclude(owed=Owed.READING)

    def due_by(self, at: datetime) -> Clocks:
        """Those that are over and that nobody has found yet."""
        return self.running().filter(breached_at__isnull=True, due_at__lte=at).order_by("due_at")

    def to_end_by(self, moment: datetime) -> Clocks:
        """Those that can still be kept, the first to end before the others."""
        return self.running().filter(breached_at__isnull=True, due_at__lte=moment).order_by("due_at", "pk")

    def to_go_on(self, at: datetime) -> Clocks:
        """Those that stood still until a moment which has come."""
        return self.running().filter(goes_on_at__lte=at).order_by("goes_on_at")

    def to_warn_of(self, at: datetime) -> Clocks:
        return self.running().filter(warned_at__isnull=True, breached_at__isnull=True, warn_at__lte=at, due_at__gt=at).order_by("warn_at")

    def of_leads(self, ids: Iterable[int]) -> dict[int, Clock]:
        """The running clock of each lead that has one; the one that is due first."""
        rows = self.waited_for().filter(lead__in=list(ids)).order_by("lead_id", F("due_at").asc(nulls_last=True)).distinct("lead_id")
        return {clock.lead_id: clock for clock in rows.select_related("agreement")}


class Clock(models.Model):
    """One promise. `since_at` is the event, `started_at` when whoever owes it now began to owe it: later for a lead that was given on.

    `wall_seconds` and `business_seconds` are counted from the event until the answer, without pauses. `settled_at`: the moment from which it
    is known whether it was kept. `n_seconds` is what was promised, of the kind that it `counts`. Of a `handoff` one of its sides owes it.
    `goes_on_at` is the moment from which a clock that stands still goes on by itself; without one it waits for somebody's word.
    """

    noun: ClassVar[str] = "clock"

    # The constraint below begins with it. The database takes clocks away with their lead: see the migration.
    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="clocks", db_index=False, db_constraint=False, verbose_name=_("lead"))
    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="clocks", db_index=False, verbose_name=_("agreement"))
    handoff = models.ForeignKey("relay.Handoff", models.PROTECT, null=True, related_name="clocks", db_index=False, verbose_name=_("hand-off"))
    owed = models.CharField(max_length=12, choices=Owed.choices)
    nth = models.PositiveSmallIntegerField(default=1)
    counts = models.CharField(max_length=8, choices=Counts.choices)
    n_seconds = models.PositiveIntegerField()
    calendar = models.ForeignKey("core.Calendar", models.SET_NULL, null=True, related_name="+", db_index=False)
    owner = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("owner"))
    team = models.ForeignKey("core.Team", models.PROTECT, related_name="+", db_index=False, verbose_name=_("team"))
    since_at = models.DateTimeField()
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    warn_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    goes_on_at = models.DateTimeField(null=True)
    n_paused_wall = models.PositiveIntegerField(default=0)
    n_paused_business = models.PositiveIntegerField(default=0)
    warned_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    stopped_because = models.CharField(max_length=9, choices=Because.choices, blank=True)
    stopped_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)
    is_answered = models.BooleanField(default=False)
    settled_at = models.DateTimeField(null=True)
    wall_seconds = models.PositiveIntegerField(null=True)
    business_seconds = models.PositiveIntegerField(null=True)

    objects = Clocks.as_manager()

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        indexes = [
            models.Index(fields=["due_at"], name="clock_due", condition=Q(stopped_at__isnull=True, breached_at__isnull=True)),
            models.Index(fields=["warn_at"], name="clock_to_warn", condition=Q(stopped_at__isnull=True, breached_at__isnull=True, warned_at__isnull=True)),
            models.Index(fields=["settled_at", "id"], name="clock_settled", condition=Q(settled_at__isnull=False)),
            models.Index(fields=["lead", "-started_at"], name="clock_of_lead"),
            models.Index(fields=["goes_on_at"], name="clock_to_go_on", condition=Q(stopped_at__isnull=True, goes_on_at__isnull=False)),
            # Leads are ordered by the first that is due.
            models.Index(fields=["due_at", "lead"], name="clock_by_end", condition=Q(stopped_at__isnull=True) & ~Q(owed="reading")),
            models.Index(fields=["handoff"], name="clock_of_handoff", condition=Q(handoff__isnull=False)),
            models.Index(fields=["owner"], name="clock_of_sender", condition=Q(stopped_at__isnull=True, owed__in=["reply", "plan", "take_up"])),
        ]
        constraints = [
            models.UniqueConstraint(fields=["lead", "owed"], condition=Q(stopped_at__isnull=True), name="one_running_clock_of_a_kind"),
            models.CheckConstraint(condition=Q(stopped_at__isnull=True, stopped_because="") | Q(stopped_at__isnull=False), name="clock_stopped_because"),
            models.CheckConstraint(condition=Q(goes_on_at__isnull=True) | Q(paused_at__isnull=False), name="clock_goes_on_when_it_stands"),
            models.CheckConstraint(condition=Q(is_answered=False) | Q(wall_seconds__isnull=False, business_seconds__isnull=False), name="clock_answer_timed"),
        ]

    def __str__(self) -> str:
        return f"{self.owed} #{self.lead_id}"

    @property
    def is_kept(self) -> bool | None:
        """None as long as it is not known."""
        return None if self.settled_at is None else self.breached_at is None


def that_leads_wait_for() -> Clocks:
    """Of all leads, for whoever finds those leads among the ones that they see: who sees a lead sees its promises."""
    return Clock.objects.waited_for()


class Turn(models.TextChoices):
    STARTED = "started", _("began")
    PAUSED = "paused", _("paused")
    RESUMED = "resumed", _("went on")
    WARNED = "warned", _("warned")
    BREACHED = "breached", _("was not kept")
    ESCALATED = "escalated", _("was told to")
    REASSIGNED = "given", _("was given to")
    STOPPED = "stopped", _("ended")


class ClockEvents(models.QuerySet["ClockEvent"]):
    def visible_to(self, user: User) -> ClockEvents:
        return self.filter(clock__in=Clock.objects.visible_to(user))


class ClockEvent(models.Model):
    """What happened to a clock. `person` is who was told, or who has the lead now."""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="events", db_constraint=False)
    turn = models.CharField(max_length=9, choices=Turn.choices)
    at = models.DateTimeField()
    actor = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)
    person = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)
    reason = models.CharField(max_length=LONGEST_REASON, blank=True)

    objects = ClockEvents.as_manager()

    class Meta:
        verbose_name = _("happening of a clock")
        verbose_name_plural = _("happenings of clocks")

    def __str__(self) -> str:
        return f"{self.turn} {self.at:%Y-%m-%d %H:%M}"


def tell(clock: Clock, *, turn: Turn, by: By, at: datetime, person: User | None = None, reason: str = "") -> ClockEvent:
    """Write down what happened, in the transaction in which it does."""
    return ClockEvent.objects.create(clock=clock, turn=turn, at=at, actor=by.actor, person=person, reason=reason[:LONGEST_REASON])


@transaction.atomic
def start(lead: Lead, *, event: Event, by: By, at: datetime, handoff: Handoff | None = None) -> Clock | None:
    """Begin to owe what was agreed for the event, at `at`, which may lie ahead (a meeting). One that runs already goes on.

    None where nothing was agreed.
    """
    agreement = agreements.meant_for(lead, event=event, at=at)
    if agreement is None:
        return None
    running = Clock.objects.running().filter(lead=lead, owed=agreement.owes).first()
    return running or _started(lead, agreement, by=by, at=at, since=at, nth=1, handoff=handoff)


@transaction.atomic
def start_again(lead: Lead, *, before: Clock, by: By, at: datetime) -> Clock:
    """Somebody else owes now what was not kept; how long the person waited is counted from the same event."""
    return _started(lead, before.agreement, by=by, at=at, since=before.since_at, nth=before.nth + 1)


def owing(owed: str, *, lead: Lead, handoff: Handoff | None) -> tuple[int | None, int]:
    """Whose it is, by id: (person or None for the queue, team). Of a hand-off one of its two sides; else whoever carries the lead."""
    if handoff and owed == Owed.ACCEPTANCE:
        return handoff.to_owner_id, handoff.to_team_id
    if handoff and owed in (Owed.PLAN, Owed.READING):
        return handoff.credited_to_id, handoff.from_team_id
    return lead.owner_id, lead.team_id


def owed_by(user: User) -> Clocks:
    """What runs and the person owes as things stand, whoever owed it as it began: the same as `owing`, asked of the database.

    Whoever is offered a hand-off owes a word on it before the lead is theirs to see; its page shows it to both sides.
    """
    by_sender = Q(owed__in=[Owed.PLAN, Owed.READING])
    of_handoff = Q(owed=Owed.ACCEPTANCE, handoff__to_owner=user) | (by_sender & Q(handoff__credited_to=user))
    return Clock.objects.running().filter(of_handoff | Q(lead__owner=user) & (Q(handoff__isnull=True) | ~(by_sender | Q(owed=Owed.ACCEPTANCE))))


def _started(lead: Lead, agreement: Agreement, *, by: By, at: datetime, since: datetime, nth: int, handoff: Handoff | None = None) -> Clock:
    owner_id, team_id = owing(agreement.owes, lead=lead, handoff=handoff)
    clock = unwritten(agreement, team_id=team_id, at=at, since=since)
    clock.lead, clock.handoff, clock.owner_id, clock.nth = lead, handoff, owner_id, nth
    clock.save(force_insert=True)
    tell(clock, turn=Turn.STARTED, by=by, at=at)
    return clock


def unwritten(agreement: Agreement, *, team_id: int, at: datetime, since: datetime) -> Clock:
    """A promise of a team that begins at `at`, with the moments at which it is due and warned of; of no lead and nobody yet."""
    calendar = calendars.of_team(team_id)
    hours = hours_of(calendar)
    clock = Clock(
        agreement=agreement,
        owed=agreement.owes,
        counts=agreement.counts,
        n_seconds=agreements.promised_seconds(agreement, at=at, hours=hours),
        calendar=calendar,
        team_id=team_id,
        since_at=since,
        started_at=at,
    )
    clock.due_at, clock.warn_at = _ends(clock, n_paused=0, hours=hours)
    return clock


def _ends(clock: Clock, *, n_paused: int, hours: Hours) -> tuple[datetime | None, datetime | None]:
    """When it is due, and when to warn of that, if it stood still for so many seconds of the kind that it counts."""
    due_at = agreements.moment_after(clock.started_at, clock.n_seconds + n_paused, counts=clock.counts, hours=hours)
    n_before = clock.n_seconds - clock.agreement.n_warn_minutes * 60
    if clock.warned_at or not 0 < n_before < clock.n_seconds:
        return due_at, None
    return due_at, agreements.moment_after(clock.started_at, n_before + n_paused, counts=clock.counts, hours=hours)


@transaction.atomic
def stop(lead: Lead, *, owed: Owed, because: Because, by: By, at: datetime) -> Clock | None:
    """What was owed is done, or is owed no more. None where nothing runs. A person's answer that comes too late says so itself."""
    return next(iter(_stop_all(lead.pk, [owed], because=because, by=by, at=at)), None)


def _stop_all(lead_id: int, owed: Iterable[Owed], *, because: Because, by: By, at: datetime) -> list[Clock]:
    return [_stopped(clock, because=because, by=by, at=at) for clock in _running(lead_id, owed)]


def _stopped(clock: Clock, *, because: Because, by: By, at: datetime) -> Clock:
    hours = _hours(clock)
    is_answered = because in _ANSWERS and by.actor is not None
    is_late = clock.breached_at is not None or (clock.due_at is not None and at > clock.due_at)
    values: dict[str, object] = {"stopped_at": max(at, clock.since_at), "stopped_because": because, "stopped_by": by.actor, "is_answered": is_answered}
    if clock.breached_at is None and (is_answered or is_late):
        values |= _whose(clock, by) | {"settled_at": clock.due_at if is_late else at, "breached_at": clock.due_at if is_late else None}
        if is_late:
            tell(clock, turn=Turn.BREACHED, by=by, at=at)
    if is_answered:
        wall, business = _passed(clock, at, hours)
        values |= {"wall_seconds": wall, "business_seconds": business}
    Clock.objects.filter(pk=clock.pk).update(**values)
    tell(clock, turn=Turn.STOPPED, by=by, at=at, reason=because.value)
    clock.refresh_from_db()
    return clock


def _whose(clock: Clock, by: By) -> dict[str, object]:
    """Who owed it as it was settled. What lay in the queue of a team of sales is theirs who answered it."""
    owner_id, team_id = owing(clock.owed, lead=Lead.objects.get(pk=clock.lead_id), handoff=clock.handoff)
    if owner_id is None and clock.owed == Owed.ACCEPTANCE and by.actor:
        owner_id = by.actor.pk
    return {"owner_id": owner_id, "team_id": team_id}


def break_now(clock: Clock, *, by: By, at: datetime) -> None:
    """Its time is over and nobody has answered. The caller holds it."""
    values = _whose(clock, by) | {"breached_at": clock.due_at, "settled_at": clock.due_at}
    Clock.objects.filter(pk=clock.pk).update(**values)
    tell(clock, turn=Turn.BREACHED, by=by, at=at)


@transaction.atomic
def pause(lead: Lead, *, owed: Owed, reason: str, by: By, at: datetime, until: datetime | None = None) -> Clock | None:
    """Nothing falls due until it goes on: by itself at a moment, or else when the other side has done something.

    What is over does not stand still any more. Pausing what is paused changes nothing but the moment, where it waits for one.
    """
    clock = next(iter(_running(lead.pk, [owed])), None)
    if clock is None or clock.breached_at is not None or (clock.due_at is not None and at > clock.due_at):
        return clock
    if clock.paused_at is not None:
        if clock.goes_on_at and until:
            Clock.objects.filter(pk=clock.pk).update(goes_on_at=until)
    else:
        # One that has not begun yet stands still from its beginning on.
        Clock.objects.filter(pk=clock.pk).update(paused_at=max(at, clock.started_at), goes_on_at=until, due_at=None, warn_at=None)
        tell(clock, turn=Turn.PAUSED, by=by, at=at, reason=reason)
    clock.refresh_from_db()
    return clock


@transaction.atomic
def resume(lead: Lead, *, owed: Owed, by: By, at: datetime) -> Clock | None:
    """Go on: what was left of the promise when it was paused is left now."""
    clock = next(iter(_running(lead.pk, [owed])), None)
    if clock is None or clock.paused_at is None:
        return clock
    hours = _hours(clock)
    wall, business = _paused(clock, at, hours)
    due_at, warn_at = _ends(clock, n_paused=wall if clock.counts == Counts.WALL else business, hours=hours)
    values = {"paused_at": None, "goes_on_at": None, "n_paused_wall": wall, "n_paused_business": business, "due_at": due_at, "warn_at": warn_at}
    Clock.objects.filter(pk=clock.pk).update(**values)
    tell(clock, turn=Turn.RESUMED, by=by, at=at)
    clock.refresh_from_db()
    return clock


def due_from(clock: Clock, at: datetime) -> datetime | None:
    """When one that stands still will be due if it goes on at this moment."""
    hours = _hours(clock)
    wall, business = _paused(clock, at, hours)
    return _ends(clock, n_paused=wall if clock.counts == Counts.WALL else business, hours=hours)[0]


def _paused(clock: Clock, until: datetime, hours: Hours) -> tuple[int, int]:
    """For how many wall and business seconds it will have stood still in all."""
    since = clock.paused_at or until
    wall, business = (until - since).total_seconds(), business_seconds_between(since, until, hours)
    return clock.n_paused_wall + _whole(wall), clock.n_paused_business + _whole(business)


def follow_move(moved: Moved) -> None:
    """What a move means for what is owed: a lead that becomes ready waits for an answer; a person who moves it on has given one."""
    lead, by, at = moved.lead, moved.by, moved.at
    if moved.to is None:
        # What was said about the hand-off is read all the same.
        _stop_all(lead.pk, set(Owed) - {Owed.READING}, because=Because.ENDED, by=by, at=at)
    elif moved.to == stages.READY:
        start(lead, event=_event_of(moved), by=by, at=at)
    elif moved.before is not None and stages.ORDER.index(moved.to) > stages.ORDER.index(stages.READY):
        is_in_sales = moved.to in (*stages.IN_SALES, *stages.IN_SUCCESS)
        owed = [Owed.ANSWER, Owed.TAKE_UP, *([Owed.ACCEPTANCE, Owed.PLAN] if is_in_sales else [])]
        _stop_all(lead.pk, owed, because=Because.MOVED, by=by, at=at)


def follow_touch(touched: Touched) -> None:
    """A person has tried: that is the answer, whatever came of it. What software sends by itself is none."""
    if touched.by.actor is not None:
        _stop_all(touched.lead_id, [Owed.ANSWER, Owed.REPLY, Owed.TAKE_UP], because=Because.TOUCHED, by=touched.by, at=touched.at)


def follow_call(called: Called) -> None:
    """Who asks to be called at a time is owed nothing until then."""
    call = called.call
    if call.disposition == Disposition.CALL_BACK and call.again_at and call.again_at > called.at:
        for owed in (Owed.ANSWER, Owed.REPLY, Owed.TAKE_UP, Owed.PLAN):
            pause(call.lead, owed=owed, reason=Disposition.CALL_BACK.value, until=call.again_at, by=called.by, at=called.at)


def _event_of(moved: Moved) -> Event:
    """Whoever comes to us and is ready at once has raised a hand; who was nurtured until now becomes ready; the others we go to."""
    return event_of_arrival(moved.lead.origin) if moved.before is None or moved.lead.origin not in CAME_TO_US else Event.READY


def event_of_arrival(origin: str) -> Event:
    """What it is that a pass of this origin begins in Ready."""
    return Event.RAISED if origin in CAME_TO_US else Event.OTHER


def _running(lead_id: int, owed: Iterable[Owed]) -> list[Clock]:
    """Held until the end of the transaction. Whoever holds the lead too takes it first."""
    rows = Clock.objects.select_for_update(of=("self",)).running().filter(lead=lead_id, owed__in=list(owed))
    return list(rows.select_related("agreement").order_by("pk"))


def _hours(clock: Clock) -> Hours:
    """Those that the clock began with; of the organisation, where that calendar is gone."""
    return hours_of(clock.calendar or Calendar.objects.of_the_organisation())


def _passed(clock: Clock, end: datetime, hours: Hours) -> tuple[int, int]:
    """Wall and business seconds without the pauses; the present pause ends with the answer."""
    until = min(end, clock.paused_at) if clock.paused_at else end
    wall = (until - clock.since_at) / timedelta(seconds=1) - clock.n_paused_wall
    return _whole(wall), _whole(business_seconds_between(clock.since_at, until, hours) - clock.n_paused_business)


def _whole(seconds: float) -> int:
    return max(0, int(seconds))
