"""Trying a draft: what it would say of the newest leads beside what the version in force says, and how many a threshold would let through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tasuki.analytics import forward_decay
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.crm.scoring import computing, conditions
from tasuki.crm.scoring.versions import ScoreModel

if TYPE_CHECKING:
    from tasuki.core.people import User

N_LEADS = 500
_MOST_SHOWN = 12
_LETTERS = {4: "A", 3: "B", 2: "C", 1: "D"}


@dataclass(frozen=True)
class Said:
    """What one version says of a lead now."""

    fit: int
    points: float
    grade: str


@dataclass(frozen=True)
class Change:
    """A lead of which the draft says something else. `before` is None where no version is in force."""

    lead: Lead
    before: Said | None
    after: Said


@dataclass(frozen=True)
class Trial:
    """`by_grade` counts the leads by what the draft says, `before_by_grade` by what is in force; `changes` are some of the `n_changed`."""

    n: int
    n_changed: int
    by_grade: Mapping[str, int]
    before_by_grade: Mapping[str, int]
    changes: list[Change]

    def n_at_least(self, letter: str, digit: int) -> int:
        """How many would be let through by a threshold of this grade: a letter as good, and a digit as warm."""
        return sum(n for grade, n in self.by_grade.items() if grade[0] <= letter and int(grade[1]) <= digit)


def meeting(condition: str, *, person: User) -> tuple[int, int]:
    """(how many of the newest leads on their way to sales that the person sees meet a condition of fit, how many there are).

    Raises FilterWrong for a condition that asks nothing, or what cannot be asked.
    """
    ids = _newest(person)
    return Lead.objects.filter(conditions.compiled(condition, conditions.fields()), pk__in=ids).values("pk").distinct().count(), len(ids)


def tried(draft: ScoreModel, *, person: User, at: datetime) -> Trial:
    """Of the newest leads on their way to sales that the person sees; nothing is written."""
    ids = _newest(person)
    after, model = _said(draft, ids, at=at), ScoreModel.objects.in_force()
    before = _said(model, ids, at=at) if model else {}
    differing = [pk for pk in ids if pk not in before or before[pk].grade != after[pk].grade]
    shown = sorted(differing, key=lambda pk: -abs(after[pk].fit - (before[pk].fit if pk in before else 0)))[:_MOST_SHOWN]
    rows = Lead.objects.visible_to(person).for_listing().in_bulk(shown)
    return Trial(
        n=len(ids),
        n_changed=len(differing),
        by_grade=Counter(one.grade for one in after.values()),
        before_by_grade=Counter(one.grade for one in before.values()),
        changes=[Change(rows[pk], before.get(pk), after[pk]) for pk in shown if pk in rows],
    )


def _newest(person: User) -> list[int]:
    seen = Lead.objects.visible_to(person).filter(stage__in=stages.BEFORE_SALES).newest_first()
    return list(seen.values_list("pk", flat=True)[:N_LEADS])


def _said(model: ScoreModel, ids: list[int], *, at: datetime) -> dict[int, Said]:
    said: dict[int, Said] = {}
    if not ids:
        return said
    for row in computing.scored(model, Lead.objects.filter(pk__in=ids), at=at):
        points = forward_decay.left(row["engagement"], at=at, half_life_days=model.half_life_days)
        said[row["lead_id"]] = Said(row["fit"], points, f"{_LETTERS[row['band']]}{model.digit(points)}")
    return said
