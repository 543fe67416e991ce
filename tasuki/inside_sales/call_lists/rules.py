"""How many calls fit into a person's day, and which leads the conditions of the list mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit, house_rows
from tasuki.core.absences import Absence
from tasuki.core.audit import By
from tasuki.core.calendars import Calendar, hours_of, hours_of_the_house
from tasuki.core.errors import Refused
from tasuki.core.filters import sentences
from tasuki.core.working_time import Hours
from tasuki.inside_sales.call_lists import buckets

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_CONDITION = 1_000
LONGEST_MINUTES = 480
# What `change` may write.
CHANGEABLE = (
    "minutes_per_lead", "slots_a_day", "slots_a_week", "backlog_percent", "propose_minute", "when_raised", "when_ready", "when_backlog",
)  # fmt: skip


class RulesWrong(Refused):
    code = "call_list_rules_wrong"


class CallListRulesRows(models.QuerySet["CallListRules"]):
    """Questions about the rules."""

    def visible_to(self, user: User) -> CallListRulesRows:
        return self if abilities.standing_of(user).scope("lead") > abilities.Scope.NOTHING else self.none()


class CallListRules(models.Model):
    """The rules of the house: exactly one row, or none while nobody has changed them.

    The defaults are those of THE MODEL: half an hour for each lead, sixteen a day, eighty a week; a fixed share for what lies long.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    noun: ClassVar[str] = "calllistrules"

    minutes_per_lead = models.PositiveSmallIntegerField(_("minutes for each lead"), default=30)
    slots_a_day = models.PositiveSmallIntegerField(_("calls a day, at most"), default=16)
    slots_a_week = models.PositiveSmallIntegerField(_("calls a week, at most"), default=80)
    backlog_percent = models.PositiveSmallIntegerField(_("share of the backlog, in percent"), default=15)
    propose_minute = models.PositiveSmallIntegerField(_("when tomorrow is proposed"), default=17 * 60 + 30)
    when_raised = models.CharField(
        _("who has just raised a hand"),
        max_length=LONGEST_CONDITION,
        default="stage:is(ready), origin:is(inbound, inbound_again, hand_raise), opened:past(3 days)",
    )
    when_ready = models.CharField(_("who is ready"), max_length=LONGEST_CONDITION, default="stage:is(ready)")
    when_backlog = models.CharField(_("what lies long"), max_length=LONGEST_CONDITION, default="stage:is(working, connected), stage_since:older_than(3 days)")

    objects = CallListRulesRows.as_manager()

    class Meta:
        verbose_name = _("rules of the call list")
        verbose_name_plural = _("rules of the call list")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_row_of_call_list_rules"),
            models.CheckConstraint(condition=Q(minutes_per_lead__gte=1, minutes_per_lead__lte=480), name="call_list_minutes_make_sense"),
            models.CheckConstraint(condition=Q(slots_a_day__gte=1, slots_a_day__lte=500), name="call_list_slots_make_sense"),
            models.CheckConstraint(condition=Q(backlog_percent__lte=100, propose_minute__lt=1440), name="call_list_shares_make_sense"),
        ]

    def __str__(self) -> str:
        return "1"

    def quota(self, slots: int) -> int:
        """The places that are kept for the backlog, of so many: rounded up, so that the backlog never starves; all but never all of them."""
        return -(-slots * self.backlog_percent // 100)


class Pace(models.Model):
    """A person who works otherwise than the house: at another pace, or by another calendar."""

    user = models.OneToOneField("core.User", models.CASCADE, related_name="pace", verbose_name=_("person"))
    minutes_per_lead = models.PositiveSmallIntegerField(_("minutes for each lead"), null=True)
    calendar = models.ForeignKey(Calendar, models.SET_NULL, null=True, related_name="+", verbose_name=_("calendar"))

    class Meta:
        verbose_name = _("pace of a person")
        verbose_name_plural = _("paces of people")
        constraints = [models.CheckConstraint(condition=Q(minutes_per_lead__isnull=True) | Q(minutes_per_lead__gte=1), name="pace_makes_sense")]

    def __str__(self) -> str:
        return f"{self.user_id}"


@dataclass(frozen=True)
class Slots:
    """How many calls fit: into the day, and how many the backlog is sure of. `is_absent` says why there are none; `begins` when each is due."""

    n: int
    quota: int
    is_absent: bool = False
    begins: tuple[datetime, ...] = ()


def in_force() -> CallListRules:
    return house_rows.in_force(CallListRules)


def change(*, by: By, at: datetime, **fields: Any) -> CallListRules:
    """Write the `CHANGEABLE` fields given; lists that are there stay as they are. Raises RulesWrong, FilterWrong; TypeError for any other field."""
    if unknown := set(fields) - set(CHANGEABLE):
        raise TypeError(f"rules.change does not write {', '.join(sorted(unknown))}")
    return house_rows.change(CallListRules, said=fields, check=_check, by=by, at=at)


def _check(rules: CallListRules) -> None:
    if not (1 <= rules.minutes_per_lead <= LONGEST_MINUTES and 1 <= rules.slots_a_day <= 500 and 1 <= rules.slots_a_week <= 3_500):
        raise RulesWrong(_("A lead takes from 1 to 480 minutes, a day has from 1 to 500 calls, a week up to 3,500."))
    if not (0 <= rules.backlog_percent <= 100 and 0 <= rules.propose_minute < 24 * 60):
        raise RulesWrong(_("A share is from 0 to 100 percent, and a day has 1,440 minutes."))
    for condition in (rules.when_raised, rules.when_ready, rules.when_backlog):
        if len(condition) > LONGEST_CONDITION:
            raise RulesWrong(_("The condition is longer than %(n)s characters.") % {"n": LONGEST_CONDITION})
        if not sentences.read(condition).clauses():
            raise RulesWrong(_("A condition that asks nothing would mean every lead."))
        buckets.meant(condition, day=date(2000, 1, 3))


@transaction.atomic
def set_pace(user: User, *, minutes_per_lead: int | None, calendar: Calendar | None, by: By, at: datetime) -> None:
    """Say how one person works; nothing for as the house does. Raises RulesWrong."""
    if minutes_per_lead is not None and not 1 <= minutes_per_lead <= LONGEST_MINUTES:
        raise RulesWrong(_("A lead takes from 1 to 480 minutes."))
    Pace.objects.bulk_create([Pace(user=user)], ignore_conflicts=True)
    pace = Pace.objects.select_for_update().get(user=user)
    former = pace.calendar
    changes = {name: pair for name, pair in {"pace": (pace.minutes_per_lead, minutes_per_lead), "calendar": (former, calendar)}.items() if pair[0] != pair[1]}
    if minutes_per_lead is None and calendar is None:
        pace.delete()
    else:
        Pace.objects.filter(pk=pace.pk).update(minutes_per_lead=minutes_per_lead, calendar=calendar)
    if changes:
        audit.record(user, action="change", by=by, at=at, changes=changes)


def paces(people: Iterable[User]) -> dict[int, Pace]:
    """Of those who work otherwise than the house, by their id."""
    return {pace.user_id: pace for pace in Pace.objects.filter(user__in=[one.pk for one in people]).select_related("calendar")}


def slots_of(people: Iterable[User], *, day: date, planned_in_week: Mapping[int, int]) -> dict[int, Slots]:
    """How many calls fit into the day of each person, by their id; a few queries however many people.

    The working minutes of their calendar on that day by the time for each lead, no more than a day may have, nor than what the week has left
    beside the `planned_in_week`; nothing on a day on which they are away.
    """
    rules, people = in_force(), list(people)
    away = set(Absence.objects.on(day).filter(user__in=[one.pk for one in people]).values_list("user_id", flat=True))
    own_paces = paces(people)
    hours_by_person = hours_of_people(people, paces=own_paces)
    found = {}
    for person in people:
        pace, hours = own_paces.get(person.pk), hours_by_person[person.pk]
        minutes = working_minutes(day, hours=hours)
        each = (pace.minutes_per_lead if pace else None) or rules.minutes_per_lead
        left = max(rules.slots_a_week - planned_in_week.get(person.pk, 0), 0)
        n = 0 if person.pk in away else min(minutes // each, rules.slots_a_day, left)
        found[person.pk] = Slots(n, rules.quota(n), person.pk in away, _begins(day, hours=hours, each=timedelta(minutes=each))[:n])
    return found


def hours_of_people(people: Iterable[User], *, paces: Mapping[int, Pace]) -> dict[int, Hours]:
    """By which hours each works, by their id: those of their own calendar, else of the house; a few queries for each calendar."""
    house = hours_of_the_house()
    own = {pace.user_id: pace.calendar for pace in paces.values() if pace.calendar}
    calendars = {calendar.pk: hours_of(calendar) for calendar in {calendar.pk: calendar for calendar in own.values()}.values()}
    return {person.pk: calendars[own[person.pk].pk] if person.pk in own else house for person in people}


def working_minutes(day: date, *, hours: Hours) -> int:
    """As they pass, so that on the day of a change of the clock an hour more or less is counted."""
    return int(sum((closes - opens).total_seconds() for opens, closes in _spans(day, hours=hours)) // 60)


def _spans(day: date, *, hours: Hours) -> list[tuple[datetime, datetime]]:
    """The shifts of a day as moments."""
    start = datetime.combine(day, time(), hours.zone)
    spans = hours.spans(start.astimezone(UTC), start.astimezone(UTC) + timedelta(hours=26))
    return [(opens, closes) for opens, closes in spans if opens.astimezone(hours.zone).date() == day]


def _begins(day: date, *, hours: Hours, each: timedelta) -> tuple[datetime, ...]:
    """When the calls of a day begin, one after the other; what does not fit before a break goes on after it."""
    found, left = [], timedelta()
    for opens, closes in _spans(day, hours=hours):
        begins = opens + left
        while begins < closes:
            found.append(begins)
            begins += each
        left = begins - closes
    return tuple(found)


def local(at: datetime, person: User) -> datetime:
    """The moment by the clock of a person."""
    return at.astimezone(ZoneInfo(person.time_zone))


def begins_at(day: date, *, person: User) -> datetime:
    """The first moment of a day where the person is, in UTC; where the clock leaves midnight out, the moment at which it goes on."""
    zone = ZoneInfo(person.time_zone)
    there = datetime.combine(day, time(), zone).astimezone(UTC)
    return there if there.astimezone(zone).date() == day else there + timedelta(hours=1)


def is_over(at: datetime, *, person: User) -> bool:
    """Whether the working day of a person is over: their last shift has ended by the clock on their wall, or there is none on that day."""
    return person.pk in over(at, people=[person])


def over(at: datetime, *, people: Iterable[User]) -> frozenset[int]:
    """The ids of those whose working day is over; a few queries however many."""
    people = list(people)
    hours_by_person = hours_of_people(people, paces=paces(people))
    return frozenset(person.pk for person in people if _is_over(local(at, person), hours=hours_by_person[person.pk]))


def _is_over(here: datetime, *, hours: Hours) -> bool:
    shifts = hours.shifts_on(here.date())
    return not shifts or here.hour * 60 + here.minute >= shifts[-1].until_minute
