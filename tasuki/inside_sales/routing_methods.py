"""Ways in which leads go round among people. Pure: the same seats in the same state give the same answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class Method(models.TextChoices):
    ROUND_ROBIN = "round_robin", _("in turn")
    WEIGHTED = "weighted", _("in turn, by weight")
    LEAST_LOADED = "least_loaded", _("to whoever has the fewest open leads")
    SKILL = "skill", _("to whoever knows most about the lead")


@dataclass(frozen=True)
class Turn:
    """What a method looks at of one who could have the lead. `n_fitting` counts their skills that the lead needs."""

    weight: int
    current: int
    n_open: int
    n_today: int
    n_fitting: int = 0


def choose(method: str, turns: Sequence[Turn]) -> tuple[int, list[int]]:
    """The place of the one who has it, and what each `current` is afterwards. `turns` has at least one.

    Round robin and weights are the smooth weighted round robin: everybody gains their weight, the highest has it and pays the sum, so that
    5:1:1 goes A A B A C A A and not A A A A A B C. Of equals the first in order has it. Whoever could not have this lead gains nothing by it.
    """
    if method == Method.LEAST_LOADED:
        return min(range(len(turns)), key=lambda place: (turns[place].n_open, turns[place].n_today, place)), [turn.current for turn in turns]
    if method == Method.SKILL:
        best = min(range(len(turns)), key=lambda place: (-turns[place].n_fitting, turns[place].n_open, turns[place].n_today, place))
        return best, [turn.current for turn in turns]
    weights = [turn.weight if method == Method.WEIGHTED else 1 for turn in turns]
    gained = [turn.current + weight for turn, weight in zip(turns, weights, strict=True)]
    chosen = max(range(len(turns)), key=lambda place: (gained[place], -place))
    gained[chosen] -= sum(weights)
    return chosen, gained
