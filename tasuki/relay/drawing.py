"""The geometry of the relay: counts become paths and places in a picture 1192 units wide.

Above the line runs the sash: its thickness is inflow ÷ usual inflow, so a slope between two stages is a conversion off
its usual. On the seams between legs stand rings (of those decided, the share taken over; 50 to 100 %). Below the line
hangs the stock, in weeks of work, and from it the arcs of what flows back, as thick as their count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tasuki.crm import stages
from tasuki.relay.bottleneck import SMALLEST
from tasuki.relay.handoff_rates import TakenOver
from tasuki.relay.kpis import StageCount
from tasuki.relay.questions import Form

WIDTH, HEIGHT, LABELS = 1192, 464, 72
BASE, USUAL_TOP = 271.0, 131.0
_PITCH, _SEAM = 71.85, 56.0
_SLANT = 17 / 140
_CAP = 1.15
_STOCK_TOP, _STOCK_UNIT, _STOCK_MOST = 301.0, 3.0, 46.0
_RECYCLED_MOST, _RECYCLED_SUM = 11.0, 28.0
_FLOWING_BACK = stages.ORDER[2:]
_RING_AT, _RING = 207.0, 19.0
LEGS = {
    "marketing": stages.ORDER[:3],
    "inside_sales": stages.ORDER[3:6],
    "sales": stages.ORDER[6:10],
    "success": stages.ORDER[10:],
}


@dataclass(frozen=True)
class StageMark:
    """One stage of the picture: its place, its numbers, its stock. `over` is the share above the usual when the drawing is capped."""

    key: str
    nth: int
    x: float
    count: StageCount
    short: int
    short_x: float
    short_y: float
    over: float | None
    over_x: float
    over_path: str
    weeks: float | None
    recycled: int
    out: int
    beside: float
    stock_height: float
    aged_height: float
    is_broken: bool
    fill: str
    cut: str

    def is_after(self, stage: str | None) -> bool:
        """Whether this is the stage that follows: where the neck is."""
        return stage is not None and stages.ORDER.index(self.key) == stages.ORDER.index(stage) + 1

    def is_long(self, name: str) -> bool:
        """Whether a name needs small letters to fit above its stage; a Chinese, Japanese or Korean letter is as wide as high."""
        return sum(12.0 if ord(letter) > 0x2E80 else 6.6 for letter in name) > _PITCH


@dataclass(frozen=True)
class Pill:
    """The conversion of one move inside a leg, standing on the border between two stages."""

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
    """The hand-off between two legs: of those that left the last stage, the share that was taken over. `is_handed`: hand-offs are counted."""

    stage: str
    x: float
    head_x: float
    share: float | None
    usual: float | None
    part: int
    n: int
    ground: str
    arc: str
    tick: str
    strands: list[str]
    from_x: float
    to_x: float
    from_leg: str
    to_leg: str
    is_below: bool
    is_hot: bool
    is_handed: bool


@dataclass(frozen=True)
class Leg:
    key: str
    left: float
    right: float
    sash: str
    missing: str
    marks: list[StageMark]


@dataclass(frozen=True)
class Arc:
    """What flows back from a stage to nurturing."""

    stage: str
    leg: str
    path: str
    width: float
    x: float
    n: int
    chevrons: list[str]


@dataclass(frozen=True)
class Pointer:
    """From the name of the stage that is the bottleneck to the neck in the sash."""

    path: str
    x: float
    y: float


@dataclass(frozen=True)
class Picture:
    legs: list[Leg]
    pills: list[Pill]
    seams: list[Seam]
    arcs: list[Arc]
    has_usual: bool
    hot: str | None
    pointer: Pointer | None


@dataclass(frozen=True)
class Material:
    """What the picture is drawn from: counts, the form of the rates, the length of the period in weeks, the stage that is the bottleneck.

    `handed` are the answers to hand-offs from inside sales to sales; without, that seam is counted from the ledger as the others are.
    """

    counts: dict[str, StageCount]
    form: Form
    weeks: float | None
    hot: str | None
    handed: TakenOver | None = None

    @property
    def has_usual(self) -> bool:
        return any(count.usual for count in self.counts.values())

    def ratio(self, key: str) -> float:
        """Inflow as a share of the usual; 1 without a usual."""
        count = self.counts[key]
        return count.inflow / count.usual.inflow if count.usual and count.usual.entered else 1.0

    def arc_width(self, key: str) -> float:
        """How thick what flows back from a stage is drawn; 0 when nothing does. All arcs share one scale and fit below each other."""
        back = {stage: self.counts[stage].outflow.get("recycled", 0) for stage in _FLOWING_BACK}
        scale = min(_RECYCLED_MOST / max(1, *back.values()), _RECYCLED_SUM / max(1, sum(back.values())))
        return max(1.3, back[key] * scale) if back.get(key) else 0.0

    def top(self, key: str) -> float:
        return BASE - (BASE - USUAL_TOP) * min(self.ratio(key), _CAP)


def draw(material: Material) -> Picture:
    legs = [_leg(key, material) for key in LEGS]
    marks = [mark for leg in legs for mark in leg.marks]
    return Picture(
        legs=legs,
        pills=[_pill(leg, i, material) for leg in legs for i in range(len(leg.marks) - 1)],
        seams=[_seam(legs[i], legs[i + 1], material) for i in range(len(legs) - 1)],
        arcs=_arcs(legs, material),
        has_usual=material.has_usual,
        hot=material.hot,
        pointer=_pointer([mark for mark in marks if mark.key == material.hot], material),
    )


def _slid(x: float, y: float) -> float:
    """The sash leans: the higher a point, the further right it stands."""
    return x + (BASE - y) * _SLANT


def _left_of(leg: str) -> float:
    keys = list(LEGS)
    return LABELS + sum(len(LEGS[key]) * _PITCH + _SEAM for key in keys[: keys.index(leg)])


def _leg(leg: str, material: Material) -> Leg:
    keys, left = LEGS[leg], _left_of(leg)
    right = left + len(keys) * _PITCH
    tops = [material.top(key) for key in keys]
    path = [f"M{left:.1f} {BASE:.0f}L{_slid(left, tops[0]):.1f} {tops[0]:.1f}"]
    for i in range(1, len(keys)):
        border = left + i * _PITCH
        before, after = _slid(border, tops[i - 1]), _slid(border, tops[i])
        middle = (before + after) / 2
        path.append(f"L{before - 14:.1f} {tops[i - 1]:.1f}C{middle:.1f} {tops[i - 1]:.1f} {middle:.1f} {tops[i]:.1f} {after + 14:.1f} {tops[i]:.1f}")
    path.append(f"L{_slid(right, tops[-1]):.1f} {tops[-1]:.1f}L{right:.1f} {BASE:.0f}Z")
    is_short = any(material.ratio(key) < 0.995 for key in keys)
    high = f"M{_slid(left, USUAL_TOP):.1f} {USUAL_TOP:.0f}H{_slid(right, USUAL_TOP):.1f}L{right:.1f} {BASE:.0f}H{left:.1f}Z"
    marks = [_mark(key, i, material) for i, key in enumerate(keys)]
    return Leg(leg, left, right, "".join(path), high if is_short else "", marks)


def _mark(key: str, i: int, material: Material) -> StageMark:
    count, ratio, top = material.counts[key], material.ratio(key), material.top(key)
    left = _left_of(_leg_of(key)) + i * _PITCH
    center, high = left + _PITCH / 2, _slid(left, 96.0)
    short = round(count.usual.inflow - count.inflow) if count.usual and ratio < 0.995 else 0
    weeks = count.balance_end / (count.left / material.weeks) if material.weeks and count.left else None
    height = min(_STOCK_MOST, max(2.0, (weeks or 0.0) * _STOCK_UNIT)) if count.balance_end else 0.0
    crest = _slid(center, 119.0)
    return StageMark(
        key=key,
        nth=i + 1,
        x=center,
        count=count,
        short=short,
        short_x=_slid(center, (top + USUAL_TOP) / 2),
        # Where little is missing, the number stands above the line: inside it would lie on the sash.
        short_y=(top + USUAL_TOP) / 2 + 4 if top - USUAL_TOP > 11 else USUAL_TOP - 5,
        over=ratio - 1 if ratio > _CAP else None,
        over_x=_slid(center, 136.0),
        over_path=f"M{crest - 30:.1f} 121l10-5l10 7l10-7l10 7l10-7l10 5" if ratio > _CAP else "",
        weeks=weeks,
        recycled=count.outflow.get("recycled", 0),
        out=sum(count.outflow.get(outcome, 0) for outcome in ("lost", "disqualified", "merged")),
        beside=_beside(key, center, material),
        stock_height=height,
        aged_height=height * count.n_aged / count.balance_end if count.balance_end else 0.0,
        is_broken=(weeks or 0.0) * _STOCK_UNIT > _STOCK_MOST,
        fill=f"M{left - 0.2:.1f} {BASE:.0f}L{high:.1f} 96H{high + _PITCH + 0.4:.1f}L{left + _PITCH + 0.2:.1f} {BASE:.0f}Z",
        cut=f"M{left:.1f} {BASE:.0f}L{high + 0.2:.1f} 96" if i else "",
    )


def _leg_of(stage: str) -> str:
    return next(leg for leg, keys in LEGS.items() if stage in keys)


def _pill(leg: Leg, i: int, material: Material) -> Pill:
    mark = leg.marks[i]
    part, n = mark.count.rate(material.form)
    share = part / n if n else None
    usual = mark.count.usual.rate if mark.count.usual else None
    is_cohort = material.form is Form.COHORT
    # A young cohort is not compared with the usual of all ages: it would always look bad.
    points = None if share is None or usual is None or is_cohort or n < SMALLEST else (share - usual) * 100
    x = _slid(leg.left + (i + 1) * _PITCH, 232.5)
    return Pill(mark.key, x, share, points, part, n, mark.count.maturity if is_cohort else None, mark.key == material.hot)


def _seam(leg: Leg, following: Leg, material: Material) -> Seam:
    count = leg.marks[-1].count
    handed = material.handed if leg.key == "inside_sales" else None
    part, n = (handed.accepted, handed.n) if handed else count.taken_over(material.form)
    share = part / n if n else None
    usual = handed.usual if handed else count.usual.taken_over if count.usual else None
    middle = (leg.right + following.left) / 2
    x = _slid(middle, _RING_AT)
    tops = material.top(leg.marks[-1].key), material.top(following.marks[0].key)
    return Seam(
        stage=count.stage,
        x=x,
        head_x=middle + 7,
        share=share,
        usual=usual,
        part=part,
        n=n,
        ground=_arc(x, 1.0),
        arc=_arc(x, share) if share is not None else "",
        tick=_tick(x, usual) if usual is not None else "",
        strands=[_strand((leg.right, following.left), tops, nth / 8.5) for nth in range(9)],
        from_x=leg.right,
        to_x=following.left,
        from_leg=leg.key,
        to_leg=following.key,
        is_below=n >= SMALLEST and share is not None and usual is not None and share < usual - 0.005,
        is_hot=count.stage == material.hot,
        is_handed=handed is not None,
    )


def _strand(ends: tuple[float, float], tops: tuple[float, float], share: float) -> str:
    """One thread over a seam, at a share of the height of the sash on either side."""
    (y0, y1) = (BASE - 8 - (BASE - 12 - top) * share for top in tops)
    x0, x1 = _slid(ends[0], y0) + 2, _slid(ends[1], y1) - 2
    middle = (x0 + x1) / 2
    return f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"


def _on_ring(x: float, share: float, radius: float) -> str:
    """A share from 50 to 100 % on a ring that opens downwards."""
    angle = math.radians(135 + 270 * min(max((share - 0.5) * 2, 0.0), 1.0))
    return f"{x + radius * math.cos(angle):.1f} {_RING_AT + radius * math.sin(angle):.1f}"


def _arc(x: float, share: float) -> str:
    large = 1 if (share - 0.5) * 2 * 270 > 180 else 0
    return f"M{_on_ring(x, 0.5, _RING)}A{_RING:.0f} {_RING:.0f} 0 {large} 1 {_on_ring(x, share, _RING)}"


def _tick(x: float, share: float) -> str:
    return f"M{_on_ring(x, share, _RING - 4)}L{_on_ring(x, share, _RING + 5)}"


def _pointer(hot: list[StageMark], material: Material) -> Pointer | None:
    """Down from the name to the border, where the sash narrows towards the next stage."""
    if not hot:
        return None
    mark = hot[0]
    following = stages.ORDER[stages.ORDER.index(mark.key) + 1]
    border = mark.x + _PITCH / 2
    y = (material.top(mark.key) + material.top(following)) / 2
    x = _slid(border, y)
    return Pointer(f"M{border:.1f} 35V{min(114.0, y - 10):.1f}L{x:.1f} {y:.1f}", x, y)


def _beside(key: str, x: float, material: Material) -> float:
    """Where the counts of what left stand: beside the arc that leads back, and clear of those that arrive at nurturing."""
    if key == stages.NURTURING:
        return x + 21
    return x + 5 + material.arc_width(key) / 2


def _arcs(legs: list[Leg], material: Material) -> list[Arc]:
    """What flows back from each stage to nurturing, the nearest on the inside; each lane as wide as its arc."""
    home = legs[0].marks[1]
    arcs: list[Arc] = []
    lane, reach = 391.0, home.x + 14
    back = [(leg, mark) for leg in legs for mark in leg.marks if material.arc_width(mark.key)]
    for leg, mark in back:
        width = material.arc_width(mark.key)
        lane += width / 2
        reach -= width / 2
        top = _STOCK_TOP + mark.stock_height + 3
        path = f"M{mark.x:.1f} {top:.1f}V{lane - 12:.1f}q0 12 -12 12H{reach + 12:.1f}q-12 0 -12 -12V{_STOCK_TOP + _STOCK_MOST + 3:.0f}"
        chevrons = [f"M{home.x + 92 + 7 * i:.1f} {lane - 2.6:.1f}l-2.8 2.6l2.8 2.6" for i in range(3)] if width > 4 else []
        arcs.append(Arc(mark.key, leg.key, path, width, mark.beside, mark.recycled, chevrons))
        lane += width / 2 + 1.6
        reach -= width / 2 + 1.6
    return arcs
