"""Wilson: between which bounds a share probably lies, of which only so many were seen."""

from __future__ import annotations

from math import sqrt

# Two-sided 95 % of a normal distribution.
Z_95 = 1.959963984540054


def interval(part: int, whole: int, *, z: float = Z_95) -> tuple[float, float]:
    """The score interval of part ÷ whole (E. B. Wilson, Probable Inference, JASA 1927): two shares from 0 to 1 between which the true one lies.

        (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n)

    It never leaves [0, 1], is not empty at 0 and 1, and holds for few: which the usual p ± z·√(p(1 − p)/n) does not. Raises ValueError for
    an empty whole, or a part that is none of it.
    """
    if whole <= 0 or not 0 <= part <= whole:
        raise ValueError(f"{part} of {whole} is no share")
    p = part / whole
    middle, half = p + z * z / (2 * whole), z * sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole))
    spread = 1 + z * z / whole
    # At both ends the formula gives exactly 0 and 1, but for what is lost by rounding.
    return (max((middle - half) / spread, 0.0) if part else 0.0), (min((middle + half) / spread, 1.0) if part < whole else 1.0)
