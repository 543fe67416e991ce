"""Lists that are being built when the machine stops: whole or not there, whoever builds beside, two hundred times."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import count, islice

import pytest

from tasuki.core.abilities import Role
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.people import User
from tasuki.crm import stages
from tasuki.inside_sales.call_lists import building
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tests.cast import SET_UP, Cast, assemble, hired
from tests.inside_sales.call_lists.shift import EVENING, WEDNESDAY, lead
from tests.killing import N_KILLS, kill_again_and_again

N_DAYS = 80
Entries = dict[date, list[tuple[int, int, int, int]]]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_build_that_is_killed_leaves_nothing_half_and_the_next_one_makes_all() -> None:
    people = sellers(assemble())
    first, *coming = wednesdays()
    building.build(first, owners=people, by=SET_UP, at=EVENING)
    whole = entries()[first]
    assert len(whole) == 24

    def build_one() -> bool:
        """One of the next two lists, so that both workers are often at the same."""
        built = set(CallList.objects.values_list("for_on", flat=True))
        if left := [day for day in coming if day not in built][:2]:
            building.build(random.choice(left), owners=people, by=SET_UP, at=EVENING)
        return bool(left)

    def nothing_is_half_there() -> None:
        assert all(rows == whole for rows in entries().values())

    n_in_the_middle = kill_again_and_again(build_one, within=24, seed=4, seen=nothing_is_half_there)
    assert n_in_the_middle > N_KILLS / 10, "most were over before they were killed: this proves too little"
    assert len(entries()) < N_DAYS, "they were done before they were killed"
    while build_one():
        pass
    assert entries() == dict.fromkeys([first, *coming], whole)


def sellers(cast: Cast) -> list[User]:
    """Four, with six leads each."""
    people = [cast.ivo, *(hired(f"seller{nth}", "Kim", f"{nth}", role=Role.INSIDE_SELLER, team=cast.inside_sales) for nth in range(3))]
    for person in people:
        for nth in range(6):
            lead(cast, owner=person, stage=stages.READY if nth % 2 else stages.WORKING, days_ago=20 + nth)
    return people


def wednesdays() -> list[date]:
    hours, all_of_them = hours_of_the_house(), (WEDNESDAY + timedelta(weeks=nth) for nth in count())
    return list(islice((day for day in all_of_them if hours.shifts_on(day)), N_DAYS))


def entries() -> Entries:
    """In one look: the rows of each day."""
    found: Entries = {}
    rows = CallListEntry.objects.order_by("call_list__owner", "position")
    for day, *row in rows.values_list("call_list__for_on", "call_list__owner", "lead", "bucket", "position"):
        found.setdefault(day, []).append(tuple(row))
    return found
