"""A line of rates by week, with what is usual: the small chart under the relay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tasuki.relay.kpis import Usual, Week

WIDTH, HEIGHT = 540, 152
_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 474.0, 16.0, 126.0


@dataclass(frozen=True)
class Trend:
    """Weeks with a rate, as a path; `lines` are (y, label in percent); `smallest` and `largest` are the counts behind a week."""

    path: str
    last: tuple[float, float] | None
    last_share: float | None
    lines: list[tuple[float, str]]
    labels: list[tuple[float, datetime]]
    usual_y: float | None
    usual_share: float | None
    smallest: int
    largest: int


def trend(counted: list[Week], usual: Usual | None) -> Trend:
    """Place the weeks on a scale that holds them and the usual rate."""
    weeks = [week for week in counted if week.n]
    shares = [week.moved / week.n for week in weeks]
    usual_share = usual.rate if usual else None
    inside = [*shares, *([usual_share] if usual_share is not None else [])]
    low, high = (min(inside), max(inside)) if inside else (0.0, 1.0)
    low, high = max(0.0, low - 0.05), min(1.0, high + 0.05)
    step = max(0.05, round((high - low) / 4 * 20) / 20)

    def y(share: float) -> float:
        return _BOTTOM - (share - low) / (high - low or 1) * (_BOTTOM - _TOP)

    def x(i: int) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (i / (len(weeks) - 1) if len(weeks) > 1 else 1)

    first_line = -(-low // step) * step
    lines = [(y(first_line + i * step), f"{(first_line + i * step) * 100:.0f}") for i in range(6) if first_line + i * step <= high]
    points = [(x(i), y(share)) for i, share in enumerate(shares)]
    return Trend(
        path="M" + " L".join(f"{px:.1f} {py:.1f}" for px, py in points) if points else "",
        last=points[-1] if points else None,
        last_share=shares[-1] if shares else None,
        lines=lines,
        labels=[(x(i), week.monday) for i, week in enumerate(weeks) if i % 2 == 0 or len(weeks) < 8],
        usual_y=y(usual_share) if usual_share is not None else None,
        usual_share=usual_share,
        smallest=min((week.n for week in weeks), default=0),
        largest=max((week.n for week in weeks), default=0),
    )
