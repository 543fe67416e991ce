"""Meetings: booked, confirmed, held, missed, cancelled, moved. What changes in them stands on the timeline and goes out by mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core import abilities, audit, bus
from tasuki.core.abilities import Ability, Role, RoleGrant
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.meanwhile import held
from tasuki.core.people import User, Users
from tasuki.crm import barred, stages, tasks
from tasuki.crm.ledger import NotInProcess
from tasuki.crm.tasks import Task, TaskKind
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage import meeting_letters, rebooking, recipients
from tasuki.engage.meeting_rows import (
    BETWEEN,
    LONGEST_PLACE,
    LONGEST_TEXT,
    MOST_GUESTS,
    TAKING_TIME,
    Meeting,
    MeetingKind,
    MeetingState,
    guests_in,
)  # fmt: skip
from tasuki.engage.moving import move
from tasuki.engage.own_calendars.rows import BusySpan

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.crm.leads import Lead

SHORTEST, LONGEST, USUAL = timedelta(minutes=5), timedelta(hours=12), timedelta(minutes=30)
FURTHEST = timedelta(days=366)


class MeetingWrong(Refused):
    """`field` is the one that is wrong, for a form to show it there."""

    code = "meeting_wrong"

    def __init__(self, field: str, message: _StrOrPromise) -> None:
        super().__init__(message)
        self.field = field


class SlotTaken(Refused):
    code = "slot_taken"
    status = 409

    def __init__(self) -> None:
        super().__init__(gettext_lazy("This time has just been taken. Choose another."))


class HolderBusy(Refused):
    code = "holder_busy"
    status = 409

    def __init__(self, holder: User) -> None:
        super().__init__(gettext_lazy("%(who)s has something else at this time, by their own calendar. Choose another time, or ask them.")
                         % {"who": holder.display_name})  # fmt: skip


class TooClose(Refused):
    """A warning: booked knowingly, it is booked. `starts_at` and `holder` are what was warned of."""

    code = "too_close"
    status = 409

    def __init__(self, plan: Plan, *, begins: datetime, ends: datetime, zone: ZoneInfo) -> None:
        said = {"who": plan.held_by.display_name, "n": BETWEEN // timedelta(minutes=1)}
        said |= {"from": begins.astimezone(zone).strftime("%H:%M"), "until": ends.astimezone(zone).strftime("%H:%M"), "zone": str(zone)}
        super().__init__(gettext_lazy("%(who)s has something else from %(from)s to %(until)s (%(zone)s), less than %(n)s minutes apart.") % said)
        self.starts_at, self.holder = plan.starts_at, plan.held_by


class MeetingOver(Refused):
    code = "meeting_over"
    status = 409

    def __init__(self, meeting: Meeting) -> None:
        super().__init__(gettext_lazy("This meeting is not to come any more: it is %(state)s.") % {"state": meeting.get_state_display()})


class MeetingNotYet(Refused):
    code = "meeting_not_yet"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("The meeting has not begun yet, so nobody has held or missed it."))


@dataclass(frozen=True)
class Plan:
    """What is booked. Without an end it lasts half an hour; without a zone it is the recipient's. `is_close_knowingly`: whoever books it knows that
    it may lie close to another.
    """

    held_by: User
    starts_at: datetime
    ends_at: datetime | None = None
    kind: MeetingKind = MeetingKind.VIDEO
    place: str = ""
    agenda: str = ""
    attendees: str = ""
    zone: str = ""
    is_close_knowingly: bool = False


@dataclass(frozen=True)
class Met:
    """Said on the bus when a meeting enters a state. For one that is moved, `meeting` is the new one and `before` the old."""

    meeting: Meeting
    before: Meeting | None
    by: By
    at: datetime


def sellers() -> Users:
    """Who can hold a meeting with a lead, by name."""
    selling = RoleGrant.objects.filter(role__in=[Role.FIELD_SELLER, Role.INSIDE_SELLER, Role.MANAGER, Role.SUCCESS_MANAGER]).values("user")
    return User.objects.active().filter(pk__in=selling).order_by("family_name", "given_name", "pk")


@transaction.atomic
def book(lead: Lead, *, plan: Plan, by: By, at: datetime, again: Meeting | None = None) -> Meeting:
    """Book a meeting about the lead, invite whoever comes, and carry the lead into “booked”. `again` names the no-show that it makes good.

    Raises NotInProcess, ErasedPerson, SlotTaken, TooClose, HolderBusy, MeetingWrong for a time that is over or attendees that cannot be read,
    MeetingOver for what was no no-show.
    """
    lead = held(lead)
    if lead.stage_id is None:
        raise NotInProcess
    barred.refuse_erased(lead)
    again = _missed(again) if again else None
    ends_at = plan.ends_at or plan.starts_at + USUAL
    _refuse_wrong(plan, ends_at=ends_at, at=at)
    if not plan.held_by.is_active or not abilities.standing_of(plan.held_by).roles:
        raise MeetingWrong("held_by", _("This person does not work here."))
    hold_the_time_of(plan.held_by)
    _refuse_busy(plan.held_by, plan.starts_at, ends_at, by=by)
    zone = plan.zone or str(recipients.zone_of(lead))
    close_by = _close_by(plan, ends_at=ends_at, zone=ZoneInfo(zone), by=by)
    meeting = _placed(Meeting(
        lead=lead, contact=lead.contact, account=lead.account, held_by=plan.held_by, booked_by=by.actor, kind=plan.kind, place=plan.place.strip(),
        agenda=plan.agenda.strip(), attendees=plan.attendees.strip(), starts_at=plan.starts_at, ends_at=ends_at, zone=zone, booked_at=at, previous=again,
        close_by=close_by,
    ))  # fmt: skip
    move(lead, to=stages.BOOKED, by=by, at=at)
    _tell(meeting, action="book", by=by, at=at, changes={"starts_at": (None, meeting.starts_at), "held_by": (None, meeting.held_by), **_told_close(meeting)})
    return meeting


@transaction.atomic
def reschedule(
    meeting: Meeting, *, starts_at: datetime, by: By, at: datetime, ends_at: datetime | None = None, held_by: User | None = None,
    is_close_knowingly: bool = False,
) -> Meeting:  # fmt: skip
    """Give the meeting another time, or somebody else who holds it: → the new row, which keeps its place in everybody's calendar.

    Raises MeetingOver, SlotTaken, TooClose, HolderBusy, MeetingWrong.
    """
    old = _locked(meeting)
    _refuse_closed(old)
    ends_at = ends_at or starts_at + (old.ends_at - old.starts_at)
    plan = Plan(held_by or old.held_by, starts_at, place=old.place, agenda=old.agenda, attendees=old.attendees, is_close_knowingly=is_close_knowingly)
    _refuse_wrong(plan, ends_at=ends_at, at=at)
    if (starts_at, ends_at, plan.held_by) == (old.starts_at, old.ends_at, old.held_by):
        return old
    hold_the_time_of(old.held_by, plan.held_by)
    _refuse_busy(plan.held_by, starts_at, ends_at, by=by)
    close_by = _close_by(plan, ends_at=ends_at, zone=ZoneInfo(old.zone), by=by, but=old)
    _close(old, state=MeetingState.MOVED, at=at)
    new = _placed(Meeting(
        lead=old.lead, contact=old.contact, account=old.account, held_by=plan.held_by, booked_by=old.booked_by, kind=old.kind, place=old.place,
        agenda=old.agenda, attendees=old.attendees, starts_at=starts_at, ends_at=ends_at, zone=old.zone, booked_at=at, previous=old,
        uid=old.uid, sequence=old.sequence + 1, close_by=close_by,
    ))  # fmt: skip
    _tell(new, action="reschedule", by=by, at=at, before=old, changes={"starts_at": (old.starts_at, new.starts_at), **_told_close(new)})
    return new


@transaction.atomic
def confirm(meeting: Meeting, *, by: By, at: datetime) -> Meeting:
    """The other side has said that they come. Saying it twice changes nothing. Raises MeetingOver."""
    meeting = _locked(meeting)
    _refuse_closed(meeting)
    if meeting.state == MeetingState.BOOKED:
        Meeting.objects.filter(pk=meeting.pk).update(state=MeetingState.CONFIRMED, confirmed_at=at, tentative_at=None)
        meeting.refresh_from_db()
        _tell(meeting, action="confirm", by=by, at=at, is_mailed=False)
    return meeting


@transaction.atomic
def doubt(meeting: Meeting, *, by: By, at: datetime) -> Meeting:
    """The other side has said that they come perhaps: it is to be confirmed, again if it was. Raises MeetingOver."""
    meeting = _locked(meeting)
    _refuse_closed(meeting)
    if meeting.tentative_at is None or meeting.state == MeetingState.CONFIRMED:
        before = meeting.state
        Meeting.objects.filter(pk=meeting.pk).update(state=MeetingState.BOOKED, tentative_at=at)
        meeting.refresh_from_db()
        audit.record(meeting, action="doubt", by=by, at=at, changes={"state": (before, meeting.state)})
    return meeting


@transaction.atomic
def hold(meeting: Meeting, *, by: By, at: datetime) -> Meeting:
    """It took place. Raises MeetingOver, MeetingNotYet."""
    return _went(meeting, state=MeetingState.HELD, by=by, at=at)


@transaction.atomic
def miss(meeting: Meeting, *, by: By, at: datetime, is_asked: bool = True) -> Meeting:
    """They did not come: nobody's fault (R21). Whoever booked it is asked to book it again, from the day on that the house says.
    Raises MeetingOver, MeetingNotYet.
    """
    meeting, rules = _went(meeting, state=MeetingState.MISSED, by=by, at=at), rebooking.in_force()
    days = {"rebook_from_at": meeting.starts_at + rules.begins_after, "rebook_until_at": meeting.starts_at + rules.ends_after}
    Meeting.objects.filter(pk=meeting.pk).update(**days)
    meeting.refresh_from_db()
    if is_asked:
        _ask_to_book_again(meeting, not_before=at + rules.begins_after, by=by, at=at)
    return meeting


@transaction.atomic
def cancel(meeting: Meeting, *, by: By, at: datetime, reason: str = "") -> Meeting:
    """It does not take place; all who were invited are told. Where the other side cancelled, whoever booked it is asked. Raises MeetingOver."""
    meeting = _locked(meeting)
    _refuse_closed(meeting)
    Meeting.objects.filter(pk=meeting.pk).update(sequence=meeting.sequence + 1, reason=reason.strip()[:200])
    _close(meeting, state=MeetingState.CANCELLED, at=at)
    _tell(meeting, action="cancel", by=by, at=at, text=meeting.reason)
    if by.actor is None:
        _ask_to_book_again(meeting, not_before=at, by=by, at=at)
    return meeting


def _went(meeting: Meeting, *, state: MeetingState, by: By, at: datetime) -> Meeting:
    meeting = _locked(meeting)
    _refuse_closed(meeting)
    if at < meeting.starts_at:
        raise MeetingNotYet
    _close(meeting, state=state, at=at)
    _tell(meeting, action="hold" if state == MeetingState.HELD else "miss", by=by, at=at, is_mailed=False)
    return meeting


def require_may_change(user: User) -> None:
    """Whoever works leads or opportunities changes the meetings that they see. Raises Forbidden."""
    if not {Ability.WORK_LEADS, Ability.WORK_OPPORTUNITIES} & abilities.standing_of(user).abilities:
        raise Forbidden(_("You may not book or change meetings. Ask an administrator."))


def _refuse_wrong(plan: Plan, *, ends_at: datetime, at: datetime) -> None:
    if not at < plan.starts_at <= at + FURTHEST:
        raise MeetingWrong("starts_at", _("Say when the meeting is: a moment to come, within a year."))
    if not SHORTEST <= ends_at - plan.starts_at <= LONGEST:
        raise MeetingWrong("minutes", _("A meeting lasts at least five minutes and at most twelve hours."))
    if len(plan.place) > LONGEST_PLACE or max(len(plan.agenda), len(plan.attendees)) > LONGEST_TEXT:
        raise MeetingWrong("agenda", _("Say it in fewer words."))
    guests = guests_in(plan.attendees)
    if len(guests) > MOST_GUESTS:
        raise MeetingWrong("attendees", _("At most %(n)s people are invited besides.") % {"n": MOST_GUESTS})
    for guest in guests:
        try:
            if guest.address:
                validate_email(guest.address)
        except ValidationError:
            raise MeetingWrong("attendees", _("“%(text)s” is no mail address.") % {"text": guest.address[:80]}) from None


def _refuse_busy(holder: User, starts_at: datetime, ends_at: datetime, *, by: By) -> None:
    """Over what stands in a person's own calendar only they themselves book."""
    is_own = by.actor is not None and by.actor.pk == holder.pk
    if not is_own and BusySpan.objects.of(holder).between(starts_at, ends_at).exists():
        raise HolderBusy(holder)


def _close_by(plan: Plan, *, ends_at: datetime, zone: ZoneInfo, by: By, but: Meeting | None = None) -> User | None:
    """Who books it knowingly so close to something else of whoever holds it; None where nothing is near. The caller holds the holder's time. Without a
    person who books, the time was offered as free. Raises TooClose.
    """
    near = _near(plan, ends_at=ends_at, by=by, but=but) if by.actor else None
    if near is None:
        return None
    if not plan.is_close_knowingly:
        begins, ends = near
        raise TooClose(plan, begins=begins, ends=ends, zone=zone)
    return by.actor


def _near(plan: Plan, *, ends_at: datetime, by: By, but: Meeting | None) -> tuple[datetime, datetime] | None:
    """What lies less than the time between two meetings before or after; what overlaps is refused elsewhere."""
    met = Meeting.objects.filter(held_by=plan.held_by, state__in=TAKING_TIME).exclude(pk=but.pk if but else 0)
    own = BusySpan.objects.of(plan.held_by) if by.actor != plan.held_by else BusySpan.objects.none()
    for rows in (met, own):
        around = rows.between(plan.starts_at - BETWEEN, ends_at + BETWEEN).order_by("starts_at").values_list("starts_at", "ends_at")
        if found := next((span for span in around if span[1] <= plan.starts_at or span[0] >= ends_at), None):
            return found
    return None


def _told_close(meeting: Meeting) -> audit.Changes:
    return {"close_by": (None, meeting.close_by)} if meeting.close_by else {}


def hold_the_time_of(*people: User) -> None:
    """Until the end of the transaction nobody else books theirs. Two who write one time at once would each wait for the other at the constraint.

    Who offers free times holds them before looking whether one is free still, after the lead: the constraint knows what overlaps, and nothing of
    the quarter of an hour between what was offered.
    """
    for pk in sorted({person.pk for person in people}):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('engage_meeting', %s))", [pk])


def _placed(meeting: Meeting) -> Meeting:
    """Write the row; the database says whether its time is free. Raises SlotTaken."""
    try:
        with transaction.atomic():
            meeting.save(force_insert=True)
    except IntegrityError as error:
        if "seller_in_one_meeting_at_a_time" in str(error):
            raise SlotTaken from None
        raise
    return meeting


def _missed(meeting: Meeting) -> Meeting:
    meeting = _locked(meeting)
    if meeting.state != MeetingState.MISSED or Meeting.objects.filter(previous=meeting).exists():
        raise MeetingOver(meeting)
    return meeting


def _close(meeting: Meeting, *, state: MeetingState, at: datetime) -> None:
    Meeting.objects.filter(pk=meeting.pk).update(state=state, closed_at=at)
    meeting.refresh_from_db()


def _refuse_closed(meeting: Meeting) -> None:
    if not meeting.is_ahead:
        raise MeetingOver(meeting)


def _locked(meeting: Meeting) -> Meeting:
    """The meeting as it is now, held with its lead: the lead first, as everybody who moves leads holds them."""
    held(meeting.lead)
    return Meeting.objects.for_page().select_for_update(of=("self",), no_key=True).get(pk=meeting.pk)


def _tell(
    meeting: Meeting,
    *,
    action: str,
    by: By,
    at: datetime,
    before: Meeting | None = None,
    changes: audit.Changes | None = None,
    text: str = "",
    is_mailed: bool = True,
) -> None:
    """Timeline, trail, letters, bus: each change says all four."""
    detail = {"meeting": meeting.pk, "state": meeting.state, "starts_at": meeting.starts_at.isoformat(), "zone": meeting.zone, "kind": meeting.kind}
    TimelineEntry.objects.create(
        at=at, kind=Kind.MEETING, lead_id=meeting.lead_id, contact_id=meeting.contact_id, account_id=meeting.account_id, actor=by.actor, text=text,
        detail=detail | ({"from": before.starts_at.isoformat()} if before else {}),
    )  # fmt: skip
    audit.record(meeting, action=action, by=by, at=at, changes=changes or {"state": (None, meeting.state)})
    if is_mailed:
        meeting_letters.write(meeting, at=at)
    bus.say(Met(meeting, before, by, at))


def _ask_to_book_again(meeting: Meeting, *, not_before: datetime, by: By, at: datetime) -> None:
    owner = next((one for one in (meeting.booked_by, meeting.lead.owner, meeting.held_by) if one and one.is_active), None)
    if owner is None or meeting.lead.stage_id is None:
        return
    with translation.override(owner.language):
        subject = _("Book the meeting with %(who)s again") % {"who": meeting.lead.title}
    due_on = not_before.astimezone(ZoneInfo(owner.time_zone)).date()
    tasks.add(Task(subject=subject, kind=TaskKind.MEETING, due_on=due_on, owner=owner, lead=meeting.lead), by=by, at=at)
