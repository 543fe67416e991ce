"""Forgetting, written so that time passing rewrites nothing: forward decay.

Every happening is worth its points when it happens and half of that one half-life later. What a lead is worth at the moment t is

    Σ pointsᵢ · 2^((tᵢ − t) / h)  =  2^((L − t) / h) · Σ pointsᵢ · 2^((tᵢ − L) / h)

with a landmark L long ago. The second sum does not know t: it is what is stored, and the factor before it is the same for all leads, so
their order by what is stored is their order at any moment. (G. Cormode, V. Shkapenyuk, D. Srivastava, B. Xu: Forward Decay: A Practical
Time Decay Model for Streaming Systems, ICDE 2009.) The sum grows without bound with tᵢ, so its logarithm to the base 2 is stored, and
summed around its largest term: nothing overflows in any year that a calendar has. Nothing at all is −∞.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime

# It only has to be before most of what happened; what is older counts all the same, with a negative exponent.
LANDMARK = datetime(2020, 1, 1, tzinfo=UTC)
NOTHING = -math.inf
DAY_SECONDS = 86_400.0
# Beyond so many half-lives nothing is left of a point, and PostgreSQL would complain of a number that is too small.
_FURTHEST = 1_000.0
# The same in PostgreSQL: `2^x` that is never too small for it.
POWER = f"power(2::float8, greatest({{}}, -{_FURTHEST}))"


def half_lives(moment: datetime, *, half_life_days: float) -> float:
    """How many half-lives after the landmark a moment is."""
    return (moment - LANDMARK).total_seconds() / (half_life_days * DAY_SECONDS)


def added(happenings: Iterable[tuple[datetime, float]], *, half_life_days: float) -> float:
    """What is stored for happenings of (when, points): the logarithm of their forward sum. The reference for the statement in `computing`."""
    terms = [(half_lives(when, half_life_days=half_life_days), points) for when, points in happenings if points > 0]
    if not terms:
        return NOTHING
    top = max(exponent for exponent, _points in terms)
    return top + math.log2(sum(points * 2.0 ** max(exponent - top, -_FURTHEST) for exponent, points in terms))


def left(stored: float, *, at: datetime, half_life_days: float) -> float:
    """How many points are left of it at a moment."""
    exponent = stored - half_lives(at, half_life_days=half_life_days)
    return 0.0 if exponent < -_FURTHEST else 2.0 ** min(exponent, _FURTHEST)


def stored_for(points: float, *, at: datetime, half_life_days: float) -> float:
    """The opposite of `left`: what is stored where exactly so many points are left at a moment. At least so many is an index read."""
    return math.log2(points) + half_lives(at, half_life_days=half_life_days) if points > 0 else NOTHING
