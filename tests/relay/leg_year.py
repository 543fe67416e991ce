"""Half a year of inside sales for tests of its numbers, written as an import writes it, past the verbs, so a hundred calls cost what one does."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models

from tasuki.core import teams
from tasuki.core.abilities import Role
from tasuki.core.people import User
from tasuki.core.teams import Department
from tasuki.crm.leads import Lead
from tasuki.engage.calls import Call, Direction
from tasuki.engage.dispositions import CONNECTS, DIALS, Disposition
from tasuki.engage.meeting_rows import Meeting
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.relay.agreements import Agreement
from tasuki.relay.clocks import Clock
from tasuki.relay.handoff_rows import Handoff
from tasuki.relay.leg_days.rows import LegCount
from tasuki.relay.leg_rows import Asked
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.engage.calling import type_of
from tests.relay.histories import START, Teller

SEOUL = ZoneInfo("Asia/Seoul")
NOW = START + timedelta(days=200, hours=7)
RESULTS = [*(Disposition.NO_ANSWER, Disposition.BUSY) * 3, Disposition.GATEKEEPER, Disposition.TALK, Disposition.CALL_BACK, Disposition.BAD_NUMBER, ""]


class Year:
    """Half a year of inside sales, and what happens to it afterwards."""

    def __init__(self, cast: Cast, chance: random.Random) -> None:
        self.cast, self.chance = cast, chance
        self.callers: list[User | None] = [cast.ivo, cast.ruth, cast.mina, cast.saori, None]
        hana = hired("hana", "문", "하나", role=Role.MANAGER, team=cast.inside_sales)
        self.kenji = hired("kenji", "田中", "健二", role=Role.FIELD_SELLER, team=cast.field_sales)
        abroad = teams.add("Abroad", department=Department.INSIDE_SALES, by=SET_UP, at=MONDAY)
        # Who sees everything, all teams but one, one team and what is under it, one team, and what is their own.
        self.hana, self.abroad = hana, abroad
        self.viewers = [cast.ada, cast.ada, cast.ruth, hana, hana, cast.ivo, cast.saori, cast.saori]

    def tell(self, n_leads: int, n_calls: int) -> None:
        Teller(self.cast, self.chance).tell(n_leads)
        self.leads = list(Lead.objects.order_by("pk"))
        Lead.objects.filter(pk__in=[lead.pk for lead in self.leads[::4]]).update(team=self.abroad)
        Lead.objects.filter(pk__in=[lead.pk for lead in self.leads[1::4]]).update(owner=self.cast.saori, team=self.cast.field_sales)
        self.call(n_calls)
        self.promise(n_calls // 3)
        self.meet(n_calls // 3)
        self.hand_over()
        self.plan()

    def at(self) -> datetime:
        return START + timedelta(days=self.chance.uniform(0, 200))

    def call(self, n: int) -> None:
        Call.objects.bulk_create(self._call(self.at()) for _nth in range(n))

    def _call(self, at: datetime) -> Call:
        result = self.chance.choice(RESULTS)
        ended_at = at + timedelta(seconds=self.chance.uniform(20, 900))
        return Call(
            lead=self.chance.choice(self.leads), caller=self.chance.choice(self.callers), direction=self.chance.choice([Direction.OUT] * 5 + [Direction.IN]),
            call_type=type_of(), started_at=at, answered_at=at + timedelta(seconds=8) if result in CONNECTS else None, ended_at=ended_at, disposition=result,
            disposed_at=ended_at if result else None, again_at=ended_at, n_seconds_over=self.chance.choice([0, 0, 40]),
        )  # fmt: skip

    def promise(self, n: int) -> None:
        agreement = Agreement.objects.order_by("pk")[0]
        people = [
            (self.cast.ivo, self.cast.inside_sales),
            (self.cast.ruth, self.cast.inside_sales),
            (self.cast.ivo, self.cast.marketing),
            (None, self.cast.inside_sales),
        ]
        made = []
        for _nth in range(n):
            at, seconds, (owner, team) = self.at(), int(self.chance.choice([60, 900, 9_000, 90_000]) * self.chance.random()), self.chance.choice(people)
            is_answered = self.chance.random() < 0.8
            made.append(Clock(
                lead=self.chance.choice(self.leads), agreement=agreement, owed=self.chance.choice(["answer", "answer", "acceptance"]), n_seconds=900,
                counts=self.chance.choice(["wall", "business"]), owner=owner, team=team, since_at=at, started_at=at, stopped_at=at, is_answered=is_answered,
                breached_at=at if seconds > 900 else None, settled_at=at + timedelta(seconds=seconds) if is_answered or seconds > 900 else None,
                wall_seconds=seconds if is_answered else None, business_seconds=seconds // 2 if is_answered else None,
            ))  # fmt: skip
        Clock.objects.bulk_create(made)

    def meet(self, n: int) -> None:
        made = []
        for nth in range(n):
            at = START + timedelta(days=nth * 190 / n)
            state = self.chance.choice(["held", "missed", "cancelled"])
            made.append(Meeting(
                lead=self.chance.choice(self.leads), held_by=self.cast.saori, booked_by=self.chance.choice(self.callers), starts_at=at, zone="UTC", state=state,
                ends_at=at + timedelta(minutes=30), booked_at=at - timedelta(days=3), closed_at=at + timedelta(hours=1),
            ))  # fmt: skip
        Meeting.objects.bulk_create(made)

    def hand_over(self) -> None:
        made = []
        for lead in [*self.leads, *self.leads]:
            state, at = self.chance.choice(["returned", "returned", "needs_more", "no_show", "withdrawn"]), self.at()
            made.append(Handoff(
                lead=lead, credited_to=self.chance.choice([self.cast.ivo, self.cast.ruth]), to_owner=self.cast.saori, to_team=self.cast.field_sales,
                from_team=self.chance.choice([self.cast.inside_sales, self.cast.marketing]), offered_at=at, meeting_at=at, due_at=at, n_settled=7,
                summary="s", agenda="a", attendees="a", state=state, answered_at=at, answered_by=self.cast.saori,
                struck_at=at if state == "returned" and self.chance.random() < 0.2 else None,
            ))  # fmt: skip
        for one in made[: len(self.leads) : 2]:
            one.state, one.struck_at = "accepted", None
        Handoff.objects.bulk_create(made)

    def plan(self) -> None:
        lists = CallList.objects.bulk_create(
            CallList(owner=owner, for_on=START.date() + timedelta(days=4 * nth), n_slots=9, built_at=START)
            for nth in range(52)
            for owner in (self.cast.ivo, self.cast.ruth)
        )
        CallListEntry.objects.bulk_create(
            CallListEntry(
                call_list=one, lead=lead, bucket=7, position=place, worked_at=START if (worked := self.chance.random() < 0.7) else None,
                n_before=place if worked else 0, n_in_order=place // 2 if worked else 0, inserted_at=START if place == 3 else None,
                **({"skipped_at": START, "skip_reason": "On leave"} if not worked and self.chance.random() < 0.5 else {}),
            )
            for one in lists for place, lead in enumerate(self.chance.sample(self.leads, 4))
        )  # fmt: skip

    def happen(self) -> None:
        """Something late: of every kind there is, one."""

        def any_of(rows: models.QuerySet[Any]) -> Any:
            return rows.order_by("pk")[self.chance.randrange(rows.count())]

        called = any_of(Call.objects.filter(disposition__in=DIALS))
        Call.objects.filter(pk=called.pk).update(
            **self.chance.choice([{"disposition": "bad"}, {"lead": self.chance.choice(self.leads)}, {"caller": self.cast.ruth}])
        )
        moved = any_of(Call.objects.get_queryset())
        later = timedelta(days=self.chance.choice([-3, 3]))
        Call.objects.filter(pk=moved.pk).update(
            started_at=moved.started_at + later, answered_at=None, ended_at=moved.ended_at + later, disposition="", disposed_at=None
        )
        Call.objects.filter(pk=any_of(Call.objects.get_queryset()).pk).delete()
        self.call(2)
        missed = any_of(Meeting.objects.filter(state="missed", next__isnull=True))
        again = self._meeting(missed)
        Meeting.objects.bulk_create([again])
        Meeting.objects.filter(pk=any_of(Meeting.objects.get_queryset()).pk).update(booked_by=self.cast.ivo)
        Handoff.objects.filter(pk=any_of(Handoff.objects.filter(state="returned")).pk).update(struck_at=NOW)
        Clock.objects.filter(pk=any_of(Clock.objects.filter(is_answered=True)).pk).update(wall_seconds=7, business_seconds=7, owner=self.cast.ivo)
        CallListEntry.objects.filter(pk=any_of(CallListEntry.objects.filter(worked_at__isnull=True)).pk).update(worked_at=NOW)
        Lead.objects.filter(pk=self.chance.choice(self.leads).pk).update(owner=self.cast.ruth, team=self.cast.marketing)
        Lead.objects.filter(pk=self.chance.choice(self.leads).pk).update(owner=None, team=self.chance.choice([self.cast.inside_sales, self.abroad]))
        Lead.objects.filter(pk=self.chance.choice(self.leads).pk).update(owner=self.chance.choice([self.cast.saori, self.cast.ivo]))

    def _meeting(self, missed: Meeting) -> Meeting:
        at = missed.starts_at + timedelta(days=self.chance.choice([20, 100]), minutes=35)
        return Meeting(
            lead=missed.lead, held_by=self.cast.saori, booked_by=missed.booked_by, starts_at=at, ends_at=at + timedelta(minutes=5), zone="UTC",
            state="cancelled", booked_at=at, closed_at=at, previous=missed,
        )  # fmt: skip

    def asked(self, *, is_long: bool) -> Asked:
        """A question as a page asks it: from the beginning of a day, or as the period before a period does, to any moment."""
        chance = self.chance
        start: datetime | None = datetime.combine((START + timedelta(days=chance.randrange(-5, 120))).date(), datetime.min.time(), SEOUL)
        end = start + timedelta(days=chance.uniform(15, 110) if is_long else chance.uniform(0, 4)) if start else NOW
        start = chance.choice([start, start, start + timedelta(hours=9, minutes=7) if start else None, None])
        ivo, ruth, team = self.cast.ivo.pk, self.cast.ruth.pk, self.cast.inside_sales.pk
        both: list[dict[str, Any]] = [{"team": team, "source": "Fair"}, {"person": ruth, "team": team}]
        only = chance.choice([{}, {}, {"person": ivo}, {"person": 0}, {"team": team}, {"source": "Web"}, {"source": ""}, *both])
        return Asked(chance.choice(self.viewers), start, max(end, start) if start else end, SEOUL, **only)


def kept() -> set[tuple[Any, ...]]:
    """All that is counted."""
    rows = LegCount.objects.values_list("part", "key", "told", "n_days", "starts_on", "person", "team", "source", "seen", "counts", "values", "n_each")
    return {tuple(tuple(value) if isinstance(value, list) else value for value in row) for row in rows}
