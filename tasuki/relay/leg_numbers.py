"""The numbers of inside sales: from the dial to the acceptance, how fast and how long people try, and whether lists are worked. Each is added up
from what was counted by day (`leg_days`), or counted from the rows of `leg_rows`, in a few questions however many rows there are.
docs/inside-sales-numbers.md defines each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from operator import attrgetter
from typing import Any

from django.db.models import Count, F, Min, Q, Sum, Window
from django.db.models.functions import Coalesce, Extract, Least, Lower, RowNumber, TruncDate
from django.utils.translation import gettext_lazy as _

from tasuki.analytics import wilson
from tasuki.core.percentiles import Percentile
from tasuki.engage import call_metrics, meeting_rows
from tasuki.engage.call_metrics import PERSISTENT, CallFunnel
from tasuki.engage.dispositions import Disposition
from tasuki.engage.meeting_rows import Rates
from tasuki.relay import leg_rows, response_times
from tasuki.relay.handoff_rates import Tally
from tasuki.relay.handoff_rows import ANSWERS
from tasuki.relay.kpis import Week
from tasuki.relay.leg_days import covering, facts
from tasuki.relay.leg_days.covering import Known
from tasuki.relay.leg_days.facts import AnyPart
from tasuki.relay.leg_days.reading import Place, Reading
from tasuki.relay.leg_days.rows import Noun as DayNoun
from tasuki.relay.leg_days.rows import midnight
from tasuki.relay.leg_rows import CALL, GIVEN_UP, HANDOFF, LIST, MEETING, MOST_TRIES, PROMISE, Asked, Each, Noun
from tasuki.relay.response_times import BINS, ENOUGH, Bin, Kept

Key = int | str | date | None


@dataclass(frozen=True)
class Tries:
    """Passes that were given up without anybody having been reached: how many after so many dials each; the last is for that many and more."""

    by_n: tuple[int, ...] = (0,) * (MOST_TRIES + 1)
    n_dials: int = 0

    @property
    def n(self) -> int:
        return sum(self.by_n)

    @property
    def n_tried_enough(self) -> int:
        return sum(self.by_n[PERSISTENT:])

    @property
    def n_never_tried(self) -> int:
        return self.by_n[0]

    @property
    def mean(self) -> float | None:
        """Dials for each pass before it was given up."""
        return self.n_dials / self.n if self.n else None

    def before(self, k: int) -> float | None:
        """The share that was given up with fewer than k dials."""
        return sum(self.by_n[:k]) / self.n if self.n else None


@dataclass(frozen=True)
class Lists:
    """How lists were worked: planned entries, those worked, those skipped; of all pairs of worked ones, those that were worked in the order of the list."""

    n_planned: int = 0
    n_worked: int = 0
    n_pairs: int = 0
    n_in_order: int = 0
    n_skipped: int = 0


@dataclass(frozen=True)
class Numbers:
    """All of them, for one period or one group of it."""

    calls: CallFunnel = field(default_factory=lambda: CallFunnel(*(0,) * 10))
    meetings: Rates = field(default_factory=lambda: Rates(0, 0))
    handoffs: Tally = field(default_factory=Tally)
    answers: Kept = field(default_factory=lambda: Kept(None, 0, 0, 0, None, None))
    tries: Tries = field(default_factory=Tries)
    lists: Lists = field(default_factory=Lists)
    n_person_days: int = 0

    @property
    def dials_a_day(self) -> float | None:
        """Dials for each day on which a person dialled at all."""
        return self.calls.n_dials / self.n_person_days if self.n_person_days else None


@dataclass(frozen=True)
class Share:
    """A part of a whole. Of fewer than ENOUGH nothing is said but how many they are (R26)."""

    part: int
    n: int

    @property
    def value(self) -> float | None:
        return self.part / self.n if self.n >= ENOUGH else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson.interval(self.part, self.n) if self.n >= ENOUGH else None


@dataclass(frozen=True)
class Measure:
    """A rate: what it is a part of what. Each of the two is named by the rows that it counts (`leg_rows.ROWS`) and by where it stands in `Numbers`."""

    key: str
    label: Any
    formula: Any
    part: tuple[str, str]
    whole: tuple[str, str]

    @property
    def block(self) -> str:
        """The field of `Numbers` that it needs."""
        return self.whole[1].partition(".")[0]

    def of(self, numbers: Numbers) -> Share:
        return Share(attrgetter(self.part[1])(numbers), attrgetter(self.whole[1])(numbers))


_DIALS, _TALKS, _OVER = ("dials", "calls.n_dials"), ("conversations", "calls.n_conversations"), ("overrun", "calls.n_overrun")
MEASURES = (
    Measure("connect", _("connect rate"), _("answered by somebody ÷ dials"), ("connects", "calls.n_connects"), _DIALS),
    Measure("reach", _("reach"), _("leads reached ÷ leads dialled or spoken with"), ("reached", "calls.n_reached"), ("attempted", "calls.n_attempted")),
    Measure("conversation", _("conversation rate"), _("conversations that we dialled ÷ dials"), ("dialled_talks", "calls.n_dialled_talks"), _DIALS),
    Measure("booked", _("booking rate"), _("meetings booked ÷ conversations"), ("booked", "calls.n_meetings"), _TALKS),
    Measure("show", _("show rate"), _("held ÷ held and no-shows"), ("held", "meetings.n_held"), ("went", "meetings.n")),
    Measure("acceptance", _("acceptance rate"), _("accepted ÷ accepted and returned"), ("accepted", "handoffs.accepted"), ("decided", "handoffs.n")),
    Measure("in_time", _("answered in time"), _("first answers in the time agreed ÷ all"), ("in_time", "answers.n_within"), ("promised", "answers.n")),
    Measure(
        "persistence", _("persistence"), _("tried six times or more ÷ given up without being reached"), ("tried_enough", "tries.n_tried_enough"),
        ("given_up", "tries.n"),
    ),
    Measure("worked", _("list worked"), _("worked ÷ planned on lists"), ("worked", "lists.n_worked"), ("planned", "lists.n_planned")),
    Measure("skipped", _("list skipped"), _("skipped for a reason ÷ planned on lists"), ("skipped", "lists.n_skipped"), ("planned", "lists.n_planned")),
    Measure("overrun", _("beyond the talk-time limit"), _("conversations beyond the limit of their type ÷ conversations"), _OVER, _TALKS),
    Measure(
        "overrun_in_vain", _("beyond it without progress"), _("those that moved nothing on ÷ conversations beyond the limit"),
        ("overrun_in_vain", "calls.n_overrun_in_vain"), _OVER,
    ),
)  # fmt: skip
MEASURE = {one.key: one for one in MEASURES}


def now_and_before(asked: Asked, *, known: Known | None = None) -> tuple[Numbers, Numbers]:
    """The period and the one before it; the second is empty for all time. `known` spares the question of what is counted by day."""
    periods = {nth: (one.start, one.end) for nth, one in ((1, asked), (0, asked.before)) if one}
    reading = Reading(asked, periods, None, _known(known))
    found: dict[Key, dict[str, Any]] = {1: {}, 0: {}}
    for name, block in _BLOCKS.items():
        told = _of_days(block, reading)
        if told is None:
            told = block.of_rows(asked.with_before, leg_rows.is_now(block.noun, asked))
        for is_now, value in told.items():
            found[is_now][name] = value
    for is_now, days in _person_days(asked, reading).items():
        found[is_now]["n_person_days"] = days
    return Numbers(**found[1]), Numbers(**found[0])


def grouped(asked: Asked, *, each: Each, known: Known | None = None) -> dict[Key, Numbers]:
    """The period by person, team, source or week (its Monday)."""
    known = _known(known)
    weeks = _weeks(asked, known) if each is Each.WEEK else {}
    reading = Reading(asked, {nth: period for nth, (_monday, period) in enumerate(weeks.items())} or {0: (asked.start, asked.end)}, each, known)
    found: dict[Key, dict[str, Any]] = {}
    for name, block in _BLOCKS.items():
        # A list is of leads of all sources.
        if block.noun is not LIST or each is not Each.SOURCE:
            for key, value in _by(each, block, reading=reading, mondays=list(weeks)).items():
                found.setdefault(key, {})[name] = value
    return {key: Numbers(**values) for key, values in found.items()}


def _by(each: Each, block: Block, *, reading: Reading, mondays: list[date]) -> dict[Key, Any]:
    told = _of_days(block, reading) if mondays or each is not Each.WEEK else None
    if told is None:
        return block.of_rows(reading.asked, leg_rows.key(block.noun, each=each, asked=reading.asked))
    return {mondays[nth]: value for nth, value in told.items() if isinstance(nth, int)} if mondays else told


def by_week(asked: Asked, measure: Measure, *, known: Known | None = None) -> list[Week]:
    """One measure week by week, the running week last. A week in which nothing was counted is there, and empty; all time begins with the first
    of which something was.
    """
    known, block = _known(known), _BLOCKS[measure.block]
    spans = _weeks(asked, known)
    reading = Reading(asked, dict(enumerate(spans.values())), Each.WEEK, known)
    counted = {key: measure.of(Numbers(**{measure.block: value})) for key, value in _by(Each.WEEK, block, reading=reading, mondays=list(spans)).items()}
    last = (asked.end - timedelta(microseconds=1)).astimezone(asked.zone).date()
    first = (
        asked.start.astimezone(asked.zone).date()
        if asked.start
        else min((key for key, share in counted.items() if isinstance(key, date) and share.n), default=last)
    )
    monday, weeks = first - timedelta(days=first.weekday()), []
    while monday <= last:
        share = counted.get(monday, Share(0, 0))
        weeks.append(Week(datetime.combine(monday, time()), share.part, share.n))
        monday += timedelta(weeks=1)
    return weeks


def _weeks(asked: Asked, known: Known) -> dict[date, tuple[datetime, datetime]]:
    """Each week of the period by its Monday, cut off where the period begins and ends; none where it is not known when all time began."""
    zone = asked.zone
    first = asked.start or (midnight(min(one.from_on for one in known.counted.values()), zone) if len(known.counted) == len(DayNoun) else None)
    if first is None or first >= asked.end:
        return {}
    day = first.astimezone(zone).date()
    monday, weeks = day - timedelta(days=day.weekday()), {}
    while (opens := midnight(monday, zone)) < asked.end:
        weeks[monday] = max(opens, first), min(midnight(monday + timedelta(weeks=1), zone), asked.end)
        monday += timedelta(weeks=1)
    return weeks


def _known(known: Known | None) -> Known:
    return covering.counted() if known is None else known


def _of_days(block: Block, reading: Reading) -> dict[Key, Any] | None:
    """From what was counted by day; None for who sees what it does not tell apart, and where that is not quicker."""
    if block.noun is LIST and reading.asked.source is not None:
        return {}
    if not reading.tells(*block.parts):
        return None
    is_by_period = reading.each is None or reading.each is Each.WEEK
    return {nth if is_by_period else told_by: value for (nth, told_by, _key), value in block.of_days(reading).items()}


def _counted(rows: Any, key: Any, **counts: Any) -> list[dict[str, Any]]:
    return list(rows.annotate(key_=key).values("key_").annotate(**counts).order_by())


def _calls(asked: Asked, key: Any) -> dict[Key, CallFunnel]:
    return {row.pop("key_"): CallFunnel(**row) for row in _counted(leg_rows.calls(asked), key, **call_metrics.counts())}


def _meetings(asked: Asked, key: Any) -> dict[Key, Rates]:
    return {row.pop("key_"): Rates(**row) for row in _counted(leg_rows.meetings(asked), key, **meeting_rows.counts())}


def _handoffs(asked: Asked, key: Any) -> dict[Key, Tally]:
    counts = {one.value: Count("pk", filter=Q(state=one)) for one in ANSWERS}
    return {row.pop("key_"): Tally(**row) for row in _counted(leg_rows.handoffs(asked), key, **counts)}


def _promises(asked: Asked, key: Any) -> dict[Key, Kept]:
    return {row.pop("key_"): Kept(key=None, **row) for row in _counted(leg_rows.promises(asked), key, **response_times.numbers())}


def _tries(asked: Asked, key: Any) -> dict[Key, Tries]:
    found: dict[Key, list[int]] = {}
    dials: dict[Key, int] = {}
    rows = leg_rows.given_up(asked).annotate(key_=key, tries=Least("n_dials", MOST_TRIES)).values("key_", "tries")
    for row in rows.annotate(n=Count("pk"), total=Sum("n_dials", default=0)).order_by():
        found.setdefault(row["key_"], [0] * (MOST_TRIES + 1))[row["tries"]] = row["n"]
        dials[row["key_"]] = dials.get(row["key_"], 0) + row["total"]
    return {key: Tries(tuple(by_n), dials[key]) for key, by_n in found.items()}


def _lists(asked: Asked, key: Any) -> dict[Key, Lists]:
    counts = {"n_planned": Count("pk"), "n_worked": Count("worked_at"), "n_pairs": Sum("n_before", default=0), "n_in_order": Sum("n_in_order", default=0)}
    counts |= {"n_skipped": Count("skipped_at")}
    return {row.pop("key_"): Lists(**row) for row in _counted(leg_rows.lists(asked), key, **counts)}


def _calls_of_days(reading: Reading) -> dict[Place, CallFunnel]:
    attempted, reached = reading.people(facts.ATTEMPTED), reading.people(facts.SPOKEN_TO)
    found = {}
    for place, told in reading.numbers(facts.CALLS).items():
        told.pop("n_person_days")
        found[place] = CallFunnel(**told, n_attempted=attempted.get(place, 0), n_reached=reached.get(place, 0))
    return found


def _promises_of_days(reading: Reading) -> dict[Place, Kept]:
    took, waited = reading.percentiles(facts.ANSWERS_TOOK), reading.percentiles(facts.WAITED)
    numbers = reading.numbers(facts.PROMISES).items()
    none = (None, None)
    return {at: Kept(None, told["n"], told["n_within"], told["n_answered"], *took.get(at, none), *waited.get(at, none)) for at, told in numbers}


def _tries_of_days(reading: Reading) -> dict[Place, Tries]:
    numbers = reading.numbers(facts.GIVEN_UP).items()
    return {place: Tries(tuple(told[f"n_{n}"] for n in range(MOST_TRIES + 1)), told["n_dials"]) for place, told in numbers}


@dataclass(frozen=True)
class Block:
    """A field of `Numbers`: how it is counted of its rows, and of which parts of what was counted by day it is added up."""

    noun: Noun
    of_rows: Callable[[Asked, Any], dict[Key, Any]]
    parts: tuple[AnyPart, ...]
    of_days: Callable[[Reading], dict[Place, Any]]


_BLOCKS = {
    "calls": Block(CALL, _calls, (facts.CALLS, facts.ATTEMPTED, facts.SPOKEN_TO), _calls_of_days),
    "meetings": Block(
        MEETING, _meetings, (facts.MEETINGS,), lambda reading: {place: Rates(**told) for place, told in reading.numbers(facts.MEETINGS).items()}
    ),
    "handoffs": Block(
        HANDOFF, _handoffs, (facts.HANDOFFS,), lambda reading: {place: Tally(**told) for place, told in reading.numbers(facts.HANDOFFS).items()}
    ),
    "answers": Block(PROMISE, _promises, (facts.PROMISES, facts.ANSWERS_TOOK, facts.WAITED), _promises_of_days),
    "tries": Block(GIVEN_UP, _tries, (facts.GIVEN_UP,), _tries_of_days),
    "lists": Block(LIST, _lists, (facts.LISTS,), lambda reading: {place: Lists(**told) for place, told in reading.numbers(facts.LISTS).items()}),
}  # fmt: skip


def _person_days(asked: Asked, reading: Reading) -> dict[int, int]:
    """On how many days somebody dialled, counted for each person; by period."""
    if reading.tells(facts.CALLS) and reading.sees_all(facts.CALLS):
        return {nth: told["n_person_days"] for (nth, _told_by, _key), told in reading.numbers(facts.CALLS).items()}
    if reading.tells(facts.DIALLED):
        return reading.n_days(facts.DIALLED)
    found = {}
    for nth, one in ((1, asked), (0, asked.before)):
        if one:
            dials = leg_rows.ROWS["dials"](one).annotate(day=TruncDate("started_at", tzinfo=asked.zone))
            found[nth] = int(dials.values("caller", "day").distinct().count())
    return found


def curve(asked: Asked, *, known: Known | None = None) -> list[Bin]:
    """What answering fast is worth: first answers by how long they took, and with how many the person was ever reached."""
    reading = Reading(asked, {1: (asked.start, asked.end)}, None, _known(known))
    if not reading.tells(facts.PROMISES):
        return response_times.curve_of(leg_rows.promises(asked))
    told = next(iter(reading.numbers(facts.PROMISES).values()), {})
    return [Bin(until, told.get(f"n_in_{nth}", 0), told.get(f"n_reached_{nth}", 0)) for nth, until in enumerate((*BINS, None))]


@dataclass(frozen=True)
class SkipReason:
    """What somebody wrote as they left planned ones out, whatever its capitals, and how often."""

    words: str
    n: int


def skip_reasons(asked: Asked, *, most: int) -> list[SkipReason]:
    """The commonest first: read from the index of what was skipped."""
    rows = leg_rows.skips(asked).values(reason=Lower("skip_reason")).annotate(words=Min("skip_reason"), n=Count("pk"))
    return [SkipReason(row["words"], row["n"]) for row in rows.order_by("-n", "reason")[:most]]


def commonest_skip_reasons(asked: Asked, *, each: Each) -> dict[Key, SkipReason]:
    """Of each group its commonest: one query. A list is of leads of all sources."""
    if each is Each.SOURCE:
        return {}
    rows = leg_rows.skips(asked).annotate(key_=leg_rows.key(LIST, each=each, asked=asked)).values("key_", reason=Lower("skip_reason"))
    told = rows.annotate(words=Min("skip_reason"), n=Count("pk"))
    first = told.annotate(nth=Window(RowNumber(), partition_by=F("key_"), order_by=[F("n").desc(), F("reason").asc()])).filter(nth=1)
    return {row["key_"]: SkipReason(row["words"], row["n"]) for row in first.order_by()}


@dataclass(frozen=True)
class ResultTime:
    """How long calls with one result lasted, from the answer, or from the dial where nobody answered. Seconds."""

    result: Disposition
    n: int
    p50: float | None
    p90: float | None
    n_over: int


def by_result(asked: Asked, *, known: Known | None = None) -> list[ResultTime]:
    """In the order of the results."""
    reading = Reading(asked, {1: (asked.start, asked.end)}, None, _known(known))
    if not reading.tells(facts.LASTED, facts.RESULTS):
        return _by_result_of_rows(asked)
    found = {key: told for (_nth, _told_by, key), told in reading.numbers_and_percentiles(facts.RESULTS, facts.LASTED).items()}
    return [ResultTime(one, counts["n"], *lasted, counts["n_over"]) for one in Disposition if one in found for counts, lasted in [found[one]]]


def _by_result_of_rows(asked: Asked) -> list[ResultTime]:
    lasted = Extract(F("ended_at") - Coalesce("answered_at", "started_at"), "epoch")
    rows = leg_rows.calls(asked).exclude(disposition="").annotate(lasted=lasted).values("disposition")
    told = rows.annotate(
        n=Count("pk"), p50=Percentile("lasted", share=0.5), p90=Percentile("lasted", share=0.9), n_over=Count("pk", filter=Q(n_seconds_over__gt=0))
    )
    found = {row["disposition"]: row for row in told.order_by()}
    return [ResultTime(one, found[one]["n"], found[one]["p50"], found[one]["p90"], found[one]["n_over"]) for one in Disposition if one in found]
