"""The geometry of the relay: counts become paths and places in a picture 1192 units wide.

Above the line runs the sash: its thickness is inflow ÷ usual inflow, so a slope between two stages is a conversion off
its usual. On the seams between legs stand rings (hand-offs taken over, 50 to 100 %). Below the line hangs the stock,
in weeks of work, and from it the arcs of what flows back, as thick as their count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tasuki.crm import stages
from tasuki.relay.kpis import Form, StageCount, Usual

WIDTH, HEIGHT = 1192, 464
BASE, USUAL_TOP = 271.0, 131.0
_LEFT, _PITCH, _SEAM = 72.0, 71.85, 56.0
_SLANT = 17 / 140
_CAP = 1.15
_STOCK_TOP, _STOCK_UNIT, _STOCK_MOST = 301.0, 3.0, 46.0
_RECYCLE_UNIT, _RECYCLE_MOST = 0.058, 11.0
_LEGS = (stages.ORDER[:3], stages.ORDER[3:6], stages.ORDER[6:10], stages.ORDER[10:])
LEG_KEYS = ("marketing", "inside_sales", "sales", "success")


@dataclass(frozen=True)
class StageMark:
    """One stage of the picture: its place, its numbers, its stock."""

    key: str
    leg: str
    nth: int
    x: float
    inflow: int
    usual_inflow: float | None
    short: int
    short_x: float
    short_y: float
    is_capped: bool
    balance: int
    n_aged: int
    weeks: float | None
    median_days: float | None
    recycled: int
    out: int
    stock_height: float
    aged_height: float
    is_broken: bool
    fill: str
    cut: str


@dataclass(frozen=True)
class Pill:
    """The rate of one move, standing on the border between two stages."""

    stage: str
    x: float
    share: float | None
    points: float | None
    part: int
    n: int
    maturity: float | None
    is_hot: bool


@dataclass(frozen=True)
class Seam:
    """The hand-off between two legs: the share of those who left the last stage that was taken over."""

    key: str
    x: float
    share: float | None
    usual: float | None
    part: int
    n: int
    arc: str
    tick: str
    strands: list[str]
    from_x: float
    to_x: float
    from_leg: str
    to_leg: str
    is_below: bool


@dataclass(frozen=True)
class Leg:
    key: str
    nth: int
    left: float
    right: float
    sash: str
    missing: str
    marks: list[StageMark]


@dataclass(frozen=True)
class Arc:
    stage: str
    leg: str
    path: str
    width: float
    x: float
    n: int
    chevrons: list[str]


@dataclass(frozen=True)
class Picture:
    legs: list[Leg]
    pills: list[Pill]
    seams: list[Seam]
    arcs: list[Arc]
    has_usual: bool
    hot_x: float | None
    hot_y: float


@dataclass(frozen=True)
class Material:
    """What the picture is drawn from."""

    counts: dict[str, StageCount]
    usual: dict[str, Usual]
    aged: dict[str, int]
    form: Form
    weeks: float | None
    hot: str | None


def draw(material: Material) -> Picture:
    legs = [_leg(nth, material) for nth in range(len(_LEGS))]
    marks = {mark.key: mark for leg in legs for mark in leg.marks}
    pills = [_pill(keys, i, material) for keys in _LEGS for i in range(len(keys) - 1)]
    seams = [_seam(legs[i], legs[i + 1], material) for i in range(3)]
    hot = marks.get(stages.ORDER[stages.ORDER.index(material.hot) + 1]) if material.hot else None
    return Picture(
        legs, pills, seams, _arcs(marks), bool(material.usual), marks[material.hot].x if material.hot else None, _top(hot.key, material) if hot else 0.0
    )


def _slid(x: float, y: float) -> float:
    """The sash leans: the higher a point, the further right it stands."""
    return x + (BASE - y) * _SLANT


def _leg_left(nth: int) -> float:
    return _LEFT + sum(len(keys) * _PITCH + _SEAM for keys in _LEGS[:nth])


def _ratio(key: str, material: Material) -> float:
    before = material.usual.get(key)
    return material.counts[key].inflow / before.inflow if before and before.inflow else 1.0


def _top(key: str, material: Material) -> float:
    return BASE - (BASE - USUAL_TOP) * min(_ratio(key, material), _CAP)


def _leg(nth: int, material: Material) -> Leg:
    keys, left = _LEGS[nth], _leg_left(nth)
    right = left + len(keys) * _PITCH
    tops = [_top(key, material) for key in keys]
    path = [f"M{left:.1f} {BASE:.0f} L{_slid(left, tops[0]):.1f} {tops[0]:.1f}"]
    for i in range(1, len(keys)):
        border = left + i * _PITCH
        before, after = _slid(border, tops[i - 1]), _slid(border, tops[i])
        middle = (before + after) / 2
        path.append(f"L{before - 14:.1f} {tops[i - 1]:.1f} C{middle:.1f} {tops[i - 1]:.1f} {middle:.1f} {tops[i]:.1f} {after + 14:.1f} {tops[i]:.1f}")
    path.append(f"L{_slid(right, tops[-1]):.1f} {tops[-1]:.1f} L{right:.1f} {BASE:.0f}Z")
    is_short = bool(material.usual) and any(_ratio(key, material) < 0.995 for key in keys)
    missing = f"M{_slid(left, USUAL_TOP):.1f} {USUAL_TOP:.0f} H{_slid(right, USUAL_TOP):.1f} L{right:.1f} {BASE:.0f} H{left:.1f}Z" if is_short else ""
    marks = [_mark(key, i, left + i * _PITCH, material) for i, key in enumerate(keys)]
    return Leg(LEG_KEYS[nth], nth, left, right, " ".join(path), missing, marks)


def _mark(key: str, i: int, left: float, material: Material) -> StageMark:
    count, before = material.counts[key], material.usual.get(key)
    center, top = left + _PITCH / 2, _top(key, material)
    short = max(0, round((before.inflow if before else 0) - count.inflow)) if before else 0
    weeks = count.balance_end / (count.left / material.weeks) if material.weeks and count.left else None
    height = min(_STOCK_MOST, max(2.0, (weeks or 0) * _STOCK_UNIT)) if count.balance_end else 0.0
    n_aged = material.aged.get(key, 0)
    high = _slid(left, 96.0)
    return StageMark(
        key=key,
        leg=next(leg for leg, keys in zip(LEG_KEYS, _LEGS, strict=True) if key in keys),
        nth=i + 1,
        x=center,
        inflow=count.inflow,
        usual_inflow=before.inflow if before else None,
        short=short if _ratio(key, material) < 0.995 else 0,
        short_x=_slid(center, (top + USUAL_TOP) / 2),
        short_y=(top + USUAL_TOP) / 2 + 4,
        is_capped=_ratio(key, material) > _CAP,
        balance=count.balance_end,
        n_aged=n_aged,
        weeks=weeks,
        median_days=count.median_days,
        recycled=count.outflow.get("recycled", 0),
        out=sum(count.outflow.get(outcome, 0) for outcome in ("lost", "disqualified", "merged")),
        stock_height=height,
        aged_height=height * n_aged / count.balance_end if count.balance_end else 0.0,
        is_broken=(weeks or 0) * _STOCK_UNIT > _STOCK_MOST,
        fill=f"M{left - 0.2:.1f} {BASE:.0f} L{high:.1f} 96 H{high + _PITCH + 0.4:.1f} L{left + _PITCH + 0.2:.1f} {BASE:.0f}Z",
        cut=f"M{left:.1f} {BASE:.0f} L{high + 0.2:.1f} 96" if i else "",
    )


def _pill(keys: tuple[str, ...], i: int, material: Material) -> Pill:
    key = keys[i]
    count, before = material.counts[key], material.usual.get(key)
    part, n = count.rate(material.form)
    share = part / n if n else None
    usual_rate = before.rate if before else None
    points = None if share is None or usual_rate is None or material.form is Form.COHORT else (share - usual_rate) * 100
    border = _leg_left(_LEGS.index(keys)) + (i + 1) * _PITCH
    maturity = count.maturity if material.form is Form.COHORT else None
    return Pill(key, _slid(border, 232.5), share, points, part, n, maturity, key == material.hot)


def _seam(leg: Leg, following: Leg, material: Material) -> Seam:
    key = leg.marks[-1].key
    part, n = material.counts[key].rate(material.form)
    share = part / n if n else None
    before = material.usual.get(key)
    target = before.rate if before else None
    middle = (leg.right + following.left) / 2
    x = _slid(middle, 207.0)
    top_from, top_to = _top(key, material), _top(following.marks[0].key, material)
    strands = [_strand(leg.right, following.left, top_from, top_to, step / 8.5) for step in range(9)]
    is_below = share is not None and target is not None and share < target - 0.005
    arc = _ring(x, share) if share is not None else ""
    tick = _tick(x, target) if target is not None else ""
    return Seam(key, x, share, target, part, n, arc, tick, strands, leg.right, following.left, leg.key, following.key, is_below)


def _strand(left: float, right: float, top_from: float, top_to: float, share: float) -> str:
    y0, y1 = BASE - 8 - (BASE - 12 - top_from) * share, BASE - 8 - (BASE - 12 - top_to) * share
    x0, x1 = _slid(left, y0) + 2, _slid(right, y1) - 2
    middle = (x0 + x1) / 2
    return f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"


def _angle(share: float) -> float:
    """A hand-off share from 0 to 1 on a ring that opens downwards."""
    return math.radians(135 + 270 * min(max(share, 0.0), 1.0))


def _ring(x: float, share: float) -> str:
    start, end = _angle(0), _angle(share)
    large = 1 if share * 270 > 180 else 0
    return f"M{x + 19 * math.cos(start):.1f} {207 + 19 * math.sin(start):.1f}A19 19 0 {large} 1 {x + 19 * math.cos(end):.1f} {207 + 19 * math.sin(end):.1f}"


def _tick(x: float, share: float) -> str:
    angle = _angle(share)
    return f"M{x + 15 * math.cos(angle):.1f} {207 + 15 * math.sin(angle):.1f}L{x + 24 * math.cos(angle):.1f} {207 + 24 * math.sin(angle):.1f}"


def _arcs(marks: dict[str, StageMark]) -> list[Arc]:
    """What flows back from each stage to nurturing, the nearest on the inside; each lane as wide as its arc."""
    home = marks[stages.NURTURING]
    arcs: list[Arc] = []
    lane, reach = 388.0, home.x + 14
    for key in stages.ORDER[2:]:
        mark = marks[key]
        if not mark.recycled:
            continue
        width = min(_RECYCLE_MOST, max(1.3, mark.recycled * _RECYCLE_UNIT))
        lane += width / 2
        reach -= width / 2
        top = _STOCK_TOP + mark.stock_height + 3
        path = f"M{mark.x:.1f} {top:.1f}V{lane - 12:.1f}Q{mark.x:.1f} {lane:.1f} {mark.x - 12:.1f} {lane:.1f}H{reach + 12:.1f}Q{reach:.1f} {lane:.1f} {reach:.1f} {lane - 12:.1f}V350"
        chevrons = [f"M{home.x + 92 + 7 * i:.1f} {lane - 2.6:.1f}l-2.8 2.6l2.8 2.6" for i in range(3)] if width > 4 else []
        arcs.append(Arc(key, mark.leg, path, width, mark.x + 5 + width / 2, mark.recycled, chevrons))
        lane += width / 2 + 1.6
        reach -= width / 2 + 1.6
    return arcs
