"""Staff: who of those who could have a lead can have it at a moment, and for each of the others the reason why not.

What is asked of the database is asked once for all people; after that it is plain reckoning, so that one lead and five hundred leads
are judged by the same lines.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from tasuki.core import calendars
from tasuki.core.absences import Absence
from tasuki.core.calendars import Calendar, hours_of
from tasuki.core.people import User
from tasuki.core.working_time import Hours, is_open
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.inside_sales import routing_methods
from tasuki.inside_sales.routing_methods import Method, Turn
from tasuki.inside_sales.routing_pools import OffHours, PoolMember, RoutingPool

if TYPE_CHECKING:
    from tasuki.core.teams import Team

# What counts as an open lead of inside sales.
OPEN_IN = (stages.READY, stages.WORKING, stages.CONNECTED, stages.BOOKED)
_FURTHEST = timedelta(days=366)


class Why(models.TextChoices):
    """Why somebody could not have a lead."""

    LEFT = "left", _("does not work here any more")
    ABSENT = "absent", _("is away")
    DEPUTY = "deputy", _("is away, and the deputy is in the pool as well")
    HAD = "had", _("had it before")
    LANGUAGE = "language", _("does not speak the language")
    OPEN_CAP = "open_cap", _("has as many open leads as agreed")
    DAY_CAP = "day_cap", _("got as many leads today as agreed")
    CLOSED = "closed", _("is not at work at this hour")


@dataclass(frozen=True)
class Candidate:
    """One who was looked at. `why` is empty for whoever could have it; `stands_for`: the person whose deputy this is."""

    user_id: int
    why: str = ""
    stands_for: int | None = None

    def as_json(self) -> dict[str, object]:
        return {"user": self.user_id, "why": str(self.why), "for": self.stands_for}


@dataclass(frozen=True)
class Needs:
    """What a lead asks of whoever has it. `words`: what the skills are compared with, folded."""

    language: str = ""
    words: frozenset[str] = frozenset()
    had: frozenset[int] = frozenset()


def needs_of(lead: Lead, *, had: Iterable[int] = ()) -> Needs:
    account, product = lead.account, lead.product
    words = [lead.segment, lead.source, lead.product_line, product.name if product else ""]
    words += [account.industry, account.country] if account else []
    language = lead.contact.language.partition("-")[0] if lead.contact else ""
    return Needs(language, frozenset(word.casefold() for word in words if word), frozenset(had))


@dataclass
class Loads:
    """How much people carry: open leads, and leads got on a day of theirs. A simulation counts on from here."""

    n_open: Counter[int] = field(default_factory=Counter)
    n_today: Counter[tuple[int, date]] = field(default_factory=Counter)


@dataclass(frozen=True)
class Answer:
    """What a pool says to a lead: somebody (`member`: whose turn it is, `user_id`: who does it), or when the first of them is at work, or nothing."""

    candidates: list[Candidate]
    user_id: int | None = None
    opens_at: datetime | None = None


class Staff:
    """The people of some pools, and others, as they are between two moments."""

    def __init__(self, pools: Sequence[RoutingPool], *, first: datetime, last: datetime, others: Iterable[int] = ()) -> None:
        self.members: dict[int, list[PoolMember]] = defaultdict(list)
        for member in PoolMember.objects.filter(pool__in=[pool.pk for pool in pools]).order_by("pk"):
            self.members[member.pool_id].append(member)
        ids = {member.user_id for members in self.members.values() for member in members} | set(others)
        self._absences: dict[int, list[Absence]] = defaultdict(list)
        for absence in Absence.objects.filter(user__in=ids, last_on__gte=first.date() - timedelta(days=1), first_on__lte=last.date() + timedelta(days=8)):
            self._absences[absence.user_id].append(absence)
        deputies = {absence.deputy_id for of_one in self._absences.values() for absence in of_one if absence.deputy_id}
        for absence in Absence.objects.filter(user__in=deputies - ids, last_on__gte=first.date() - timedelta(days=1)):
            self._absences[absence.user_id].append(absence)
        self.people = {user.pk: user for user in User.objects.get_queryset().filter(pk__in=ids | deputies).select_related("team")}
        self._hours = self._load_hours()

    def _load_hours(self) -> dict[int, Hours]:
        """By the id of the calendar; and which one each team works by."""
        teams = {user.team_id for user in self.people.values() if user.team_id}
        self._calendar_of = calendars.of_teams(teams)
        self._default = Calendar.objects.of_the_organisation()
        own = {member.calendar_id for members in self.members.values() for member in members if member.calendar_id}
        wanted = {self._default.pk, *(calendar.pk for calendar in self._calendar_of.values()), *own}
        return {calendar.pk: hours_of(calendar) for calendar in Calendar.objects.filter(pk__in=wanted)}

    def team_of(self, user_id: int) -> Team | None:
        return self.people[user_id].team

    def stands(self, user_id: int, at: datetime, *, had: frozenset[int] = frozenset()) -> Candidate:
        """Whether a person could have a lead at all; in place of whoever is away stands the deputy, if there is one at work."""
        person = self.people[user_id]
        if not person.is_active:
            return Candidate(user_id, Why.LEFT)
        absence = self._absence(user_id, at)
        if absence is None:
            return Candidate(user_id, Why.HAD if user_id in had else "")
        deputy = self.people.get(absence.deputy_id or 0)
        if deputy is None or not deputy.is_active or self._absence(deputy.pk, at):
            return Candidate(user_id, Why.ABSENT)
        return Candidate(deputy.pk, Why.HAD if deputy.pk in had else "", stands_for=user_id)

    def _absence(self, user_id: int, at: datetime) -> Absence | None:
        day = self.day_of(user_id, at)
        return next((one for one in self._absences[user_id] if one.first_on <= day <= one.last_on), None)

    def day_of(self, user_id: int, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.people[user_id].time_zone)).date()

    def by_midnight(self, at: datetime) -> dict[datetime, list[int]]:
        """Everybody, by the moment at which their own day began."""
        found: dict[datetime, list[int]] = {}
        for user_id, user in self.people.items():
            midnight = at.astimezone(ZoneInfo(user.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
            found.setdefault(midnight.astimezone(UTC), []).append(user_id)
        return found

    def ask(self, pool: RoutingPool, *, needs: Needs, at: datetime, loads: Loads) -> Answer:
        """Who of the pool has the lead. The round goes on in the members (`current`); whoever keeps it writes it."""
        members = self.members[pool.pk]
        sitting = {member.user_id for member in members}
        candidates = [self._candidate(member, sitting, needs=needs, at=at, loads=loads) for member in members]
        able = [place for place, one in enumerate(candidates) if not one.why]
        closed = [place for place, one in enumerate(candidates) if one.why == Why.CLOSED]
        if not able and closed and pool.off_hours == OffHours.GIVE:
            able = closed
            candidates = [Candidate(one.user_id, "", one.stands_for) if place in closed else one for place, one in enumerate(candidates)]
        if not able:
            opening = [opens for place in closed if (opens := self._opens_at(members[place], candidates[place].user_id, at))]
            return Answer(candidates, opens_at=min(opening, default=None))
        turns = [self._turn(members[place], candidates[place].user_id, needs=needs, at=at, loads=loads) for place in able]
        chosen, currents = routing_methods.choose(pool.method, turns)
        for place, current in zip(able, currents, strict=True):
            members[place].current = current
        return Answer(candidates, user_id=candidates[able[chosen]].user_id)

    def _candidate(self, member: PoolMember, sitting: set[int], *, needs: Needs, at: datetime, loads: Loads) -> Candidate:
        one = self.stands(member.user_id, at, had=needs.had)
        if one.why:
            return one
        if one.stands_for is not None and one.user_id in sitting:
            return Candidate(member.user_id, Why.DEPUTY)
        return Candidate(one.user_id, self._why_not(member, one.user_id, needs=needs, at=at, loads=loads), one.stands_for)

    def _why_not(self, member: PoolMember, user_id: int, *, needs: Needs, at: datetime, loads: Loads) -> str:
        if needs.language and member.languages and needs.language not in {language.casefold() for language in member.languages}:
            return Why.LANGUAGE
        if member.n_open_cap is not None and loads.n_open[user_id] >= member.n_open_cap:
            return Why.OPEN_CAP
        if member.n_day_cap is not None and loads.n_today[user_id, self.day_of(user_id, at)] >= member.n_day_cap:
            return Why.DAY_CAP
        return "" if is_open(at, self._hours_of(member, user_id)) else Why.CLOSED

    def _turn(self, member: PoolMember, user_id: int, *, needs: Needs, at: datetime, loads: Loads) -> Turn:
        n_fitting = len(needs.words & {skill.casefold() for skill in member.skills})
        return Turn(member.weight, member.current, loads.n_open[user_id], loads.n_today[user_id, self.day_of(user_id, at)], n_fitting)

    def _hours_of(self, member: PoolMember, user_id: int) -> Hours:
        """Those of the seat, else those of the team of whoever sits on it."""
        team_id = self.people[user_id].team_id
        calendar = self._calendar_of[team_id] if team_id else self._default
        return self._hours[member.calendar_id or calendar.pk]

    def _opens_at(self, member: PoolMember, user_id: int, at: datetime) -> datetime | None:
        opens, _closes = next(self._hours_of(member, user_id).spans(at, at + _FURTHEST), (None, None))
        return opens

    def loads(self, pools: Iterable[RoutingPool]) -> Loads:
        """How much everybody carries now; open leads are counted only where something depends on it."""
        loads = Loads()
        if any(self._counts_open(pool) for pool in pools):
            # Asked as the index `lead_at_work` is written.
            mine = Lead.objects.filter(owner__in=list(self.people), owner__isnull=False, stage__in=OPEN_IN)
            loads.n_open.update(dict(mine.values_list("owner").annotate(n=Count("pk")).order_by()))
        return loads

    def _counts_open(self, pool: RoutingPool) -> bool:
        return pool.method in (Method.LEAST_LOADED, Method.SKILL) or any(member.n_open_cap is not None for member in self.members[pool.pk])


def save_round(members: Iterable[PoolMember]) -> None:
    """Where the round of a pool stands now. The caller holds the pool."""
    PoolMember.objects.bulk_update(list(members), ["current"])
