"""A list as a board: a lane for each stage, day or choice, with its first cards and the address of those after them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from tasuki.core import abilities
from tasuki.core.filters.fields import Field
from tasuki.crm import stages
from tasuki.crm.stages import StageDefinition
from tasuki.web.lists import grouped, paging, placing, renderings
from tasuki.web.lists.filling import Filled, only
from tasuki.web.lists.grouped import Reading, Shown
from tasuki.web.lists.grouping import Bucket
from tasuki.web.lists.lanes import EXITS, Exit, asks, lanes, targets
from tasuki.web.lists.placing import Places

# What a lane shows before it is asked for more.
FIRST = 20
# What a card says below its name, and at its end.
_CARDS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "lead": (("account", "next_task"), ("source", "in_stage")),
    "opportunity": (("account", "next_task"), ("amount", "close", "in_stage")),
    "account": (("industry",), ("country",)),
    "contact": (("account",), ("title",)),
    "task": (("about",), ("due",)),
}


@dataclass(frozen=True)
class Lane:
    """One lane. A thin one shows how much it holds and no cards; one apart is no part of the pipeline. `more` is where it goes on."""

    group: Shown
    definition: StageDefinition | None
    is_target: bool
    is_asking: bool
    is_thin: bool
    is_apart: bool
    more: str

    @property
    def cards(self) -> list[Any]:
        return [] if self.is_thin else self.group.rows


@dataclass(frozen=True, kw_only=True)
class Board(Places):
    """The lanes of a list by a field. `pipeline` is what the lanes of the pipeline come to, by currency; `is_one`: it is one lane alone.

    `lines` and `foot` are the columns that a card shows, below its name and at its end.
    """

    lanes: list[Lane]
    exits: tuple[Exit, ...]
    pipeline: list[tuple[Decimal, str]]
    is_one: bool
    lines: list[str]
    foot: list[str]

    @property
    def rows(self) -> list[Any]:
        return [row for lane in self.lanes for row in lane.cards]


def board(rows: QuerySet[Any], reading: Reading, said: QueryDict) -> Board:
    """The board that the state means, or the one lane that the address names, from a place in it on. Raises BadRequest for no lane, or no place."""
    noun, field = reading.spec.noun, board_field(reading)
    told = lanes(field, rows, reader=reading.reader, at=reading.at, asked=reading.state.filter)
    if key := said.get("lane", ""):
        return _one_lane(rows, reading, told, key=key, after=said.get("after", ""))
    found = grouped.filled_groups(rows, told, reading, first=FIRST)
    definitions = stages.in_force() if field.key == "stage" else {}
    into = targets(noun, field, told)
    is_won_here = any(group.key in stages.IN_SUCCESS and group.filled.count for group in found)
    made = []
    for group in found:
        is_target = group.key in into and (is_won_here or group.key not in stages.IN_SUCCESS)
        if not (group.filled.count or group.rows or is_target):
            continue
        lane = Lane(
            group=group,
            definition=definitions.get(group.key),
            is_target=is_target,
            is_asking=asks(noun, field, group.key),
            is_thin=not group.rows or (noun == "opportunity" and field.key == "stage" and group.key not in stages.IN_SALES),
            is_apart=noun == "opportunity" and group.key == stages.P1,
            more="",
        )
        made.append(replace(lane, more=_more(reading, lane)))
    return _of(reading, made, is_one=False)


def _of(reading: Reading, made: list[Lane], *, is_one: bool) -> Board:
    spec, field = reading.spec, board_field(reading)
    lines, foot = ([key for key in keys if spec.column(key)] for keys in _CARDS.get(spec.noun, ((), ())))
    return Board(
        field=field,
        lanes=made,
        exits=() if is_one else EXITS.get((spec.noun, field.key), ()),
        pipeline=_pipeline(made),
        is_one=is_one,
        may_move=abilities.can(reading.reader, placing.ability(spec.noun)),
        noun=spec.noun,
        lines=lines,
        foot=foot,
    )


def board_field(reading: Reading) -> Field:
    fields = renderings.groupings(reading.spec, renderings.BOARD)
    return next((field for field in fields if field.key == reading.state.grouping), fields[0])


def _more(reading: Reading, lane: Lane) -> str:
    group = lane.group.filled
    if not lane.cards or not (group.n_more or group.is_about):
        return ""
    return reading.state.address(lane=group.bucket.key, after=paging.place_of(reading.order, group.rows[-1]))


def _one_lane(rows: QuerySet[Any], reading: Reading, told: list[Bucket], *, key: str, after: str) -> Board:
    bucket = next((one for one in told if one.key == key), None)
    if bucket is None:
        raise BadRequest(_("This board has no lane of that name."))
    window = paging.window(only(rows, bucket, reading.spec.fields, asker=reading.asker), reading.order, before="", after=after)
    group = grouped.as_shown(Filled(bucket, len(window.rows), bool(window.after), window.rows, []), reading)
    more = reading.state.address(lane=key, after=window.after) if window.after else ""
    lane = Lane(group, None, is_target=False, is_asking=False, is_thin=False, is_apart=False, more=more)
    return _of(reading, [lane], is_one=True)


def _pipeline(made: list[Lane]) -> list[tuple[Decimal, str]]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for lane in made:
        if lane.group.key in stages.IN_PIPELINE:
            for amount, currency in lane.group.sums:
                sums[currency] += amount
    return [(amount, currency) for currency, amount in sorted(sums.items())]
