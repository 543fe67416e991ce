"""How far two people agree who scored the same things: Cohen's kappa with linear weights."""

from __future__ import annotations

from collections.abc import Sequence


def weighted_kappa(pairs: Sequence[tuple[float, float]]) -> float | None:
    """1 for the same scores throughout, 0 for no more agreement than chance, below 0 for less.

    `pairs` are the two scores of each thing, each between 0 (lowest of its scale) and 1 (highest), so that scales may differ. A pair weighs as
    far as its two are apart. None without pairs, and where both gave one and the same score to all: chance would have agreed as well.
    """
    if not pairs:
        return None
    n = len(pairs)
    seen = sum(abs(one - other) for one, other in pairs) / n
    by_chance = sum(abs(one - other) for one, _other in pairs for _one, other in pairs) / n**2
    return None if by_chance == 0 else 1 - seen / by_chance
