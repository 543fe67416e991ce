"""The recycle board: what waits, by reason and by the week in which it wakes; and what recycling has yielded, by reason.

Every number is asked here by the same words as its rows: a `Question` names them, `rows` are exactly those that were counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Case, CharField, Count, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Sum, Value, When
from django.utils.translation import gettext_lazy as _

from tasuki.crm import opportunity_rules, stages
from tasuki.crm.exit_reasons import Exit, ExitReason
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Outcome
from tasuki.crm.opportunity_rules import Counted
from tasuki.inside_sales.holdings import Holding, Holdings, HoldingState

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.core.people import User

N_WEEKS = 6
# The rows of the board that are no reasons of the tree.
DEAD, LEFT, IN_WORDS = "dead", "left", "words"
OTHERS: Mapping[str, _StrOrPromise] = {DEAD: _("Dead deals"), LEFT: _("Lost customers"), IN_WORDS: _("Given in words")}
# A yield of fewer is no rate yet.
LEAST = 5
DAYS_COUNTED = 365


@dataclass(frozen=True)
class Question:
    """Which rows: `what` is a column of the board or a number of the yield, `why` the key of a reason or of OTHERS, "" for all."""

    what: str
    why: str = ""


@dataclass(frozen=True)
class Cell:
    n: int = 0
    amount: Decimal = Decimal(0)

    def __add__(self, other: Cell) -> Cell:
        return Cell(self.n + other.n, self.amount + other.amount)


@dataclass(frozen=True)
class Column:
    """`first_on` is the Monday of a week, today in the running one."""

    key: str
    first_on: date | None = None


@dataclass(frozen=True)
class Line:
    """What waits for one reason. `cells` has each column that is not empty, `total` all of them."""

    key: str
    name: _StrOrPromise
    cells: Mapping[str, Cell]
    total: Cell
    group: str = ""


@dataclass(frozen=True)
class Yield:
    """Of what was recycled in the last year for one reason: how many came back, and were an opportunity in time after it.

    `n_known` are those of which it is known: an opportunity, back for longer than the time, or never to come back by this rule.
    """

    key: str
    name: _StrOrPromise
    n: int
    n_back: int
    n_opportunities: int
    n_known: int

    @property
    def rate(self) -> float | None:
        return self.n_opportunities / self.n if self.n >= LEAST else None

    @property
    def maturity(self) -> float | None:
        return self.n_known / self.n if self.n else None


@dataclass(frozen=True)
class Board:
    columns: Sequence[Column]
    lines: Sequence[Line]
    total: Line
    yields: Sequence[Yield]
    yield_of_all: Yield
    n_archived: int = 0
    n_without_rule: int = 0

    @property
    def most(self) -> int:
        """The largest number in a cell."""
        return max((cell.n for line in self.lines for cell in line.cells.values()), default=0)


def columns(today: date) -> list[Column]:
    mondays = [today - timedelta(days=today.weekday()) + timedelta(weeks=n) for n in range(N_WEEKS)]
    weeks = [Column(f"week{n}", max(monday, today)) for n, monday in enumerate(mondays)]
    return [Column("overdue"), *weeks, Column("later"), Column("trigger")]


@dataclass(frozen=True)
class Yielding:
    """What is a yield: an opportunity, as the house counts them, within so many days of coming back."""

    counted: Counted
    within: int


def board(user: User, *, today: date, at: datetime, yielding: Yielding) -> Board:
    """All numbers of the page as that person sees them: five queries."""
    names = {reason.pk: reason for reason in ExitReason.objects.filter(exit=Exit.RECYCLED).select_related("parent")}
    waiting = Holding.objects.visible_to(user).waiting()
    lines = _lines(waiting, names, today=today)
    yields, of_all = _yields(Holding.objects.visible_to(user), names, at=at, yielding=yielding)
    return Board(
        columns=columns(today),
        lines=lines,
        total=_summed(lines),
        yields=yields,
        yield_of_all=of_all,
        n_archived=Holding.objects.visible_to(user).filter(state=HoldingState.ARCHIVED).count(),
        n_without_rule=waiting.filter(wake_on__isnull=True, wake_when="", wake_trigger="").count(),
    )


def rows(question: Question, user: User, *, today: date, at: datetime, yielding: Yielding) -> Holdings:
    """The rows behind one number. Raises KeyError for a number that there is not."""
    found = _because(Holding.objects.visible_to(user), question.why)
    by_name: dict[str, Any] = {**{key: found.waiting().filter(one) for key, one in _waking(today).items()}, "waiting": found.waiting()}
    held: QuerySet[Any, Any] = _in_time(found, at=at, yielding=yielding).filter(_counted(at))
    by_name |= {"recycled": held, "back": held.filter(_BACK), "opportunities": held.filter(is_opportunity=True), "known": held.filter(_known())}
    by_name |= {"archived": found.filter(state=HoldingState.ARCHIVED), "unruled": found.waiting().filter(wake_on=None, wake_when="", wake_trigger="")}
    rows_: Holdings = by_name[question.what]
    return rows_


def wins_that_came_round(user: User, *, since: datetime) -> tuple[int, int]:
    """How many passes were won since then, and how many of those were not their person's first after a recycling."""
    won = Lead.objects.visible_to(user).filter(won_at__gte=since)
    counted: dict[str, int] = won.aggregate(n=Count("pk"), round=Count("pk", filter=Q(previous__ended_as__in=[Outcome.RECYCLED, Outcome.LOST])))
    return counted["n"], counted["round"]


def _waking(today: date) -> dict[str, Q]:
    """The condition of each column; every waiting row fits exactly one."""
    after = today - timedelta(days=today.weekday())
    found = {"overdue": Q(wake_on__lt=today)}
    for n in range(N_WEEKS):
        first = max(after + timedelta(weeks=n), today)
        found[f"week{n}"] = Q(wake_on__gte=first, wake_on__lt=after + timedelta(weeks=n + 1))
    # What waits for something to happen has a day too, in case nobody notices.
    later = Q(wake_on__gte=after + timedelta(weeks=N_WEEKS))
    return {**found, "later": later & Q(wake_trigger=""), "trigger": later & ~Q(wake_trigger="")}


def _why() -> Case:
    """The row of the board in which a held pass stands."""
    return Case(
        When(because__isnull=False, then=F("because__key")),
        When(ended_as=Outcome.LOST, ended_in__in=stages.IN_SUCCESS, then=Value(LEFT)),
        When(ended_as=Outcome.LOST, then=Value(DEAD)),
        default=Value(IN_WORDS),
        output_field=CharField(),
    )


def _because(rows_: Holdings, why: str) -> Holdings:
    match why:
        case "":
            return rows_
        case "dead":
            return rows_.filter(because__isnull=True, ended_as=Outcome.LOST).exclude(ended_in__in=stages.IN_SUCCESS)
        case "left":
            return rows_.filter(because__isnull=True, ended_as=Outcome.LOST, ended_in__in=stages.IN_SUCCESS)
        case "words":
            return rows_.filter(because__isnull=True).exclude(ended_as=Outcome.LOST)
    return rows_.filter(because__key=why)


def _named(key: str, names: Mapping[int, ExitReason]) -> tuple[_StrOrPromise, str]:
    """What a row is called, and the group it stands in."""
    if key in OTHERS:
        return OTHERS[key], ""
    reason = next((one for one in names.values() if one.key == key), None)
    return (reason.name, reason.parent.name if reason.parent else "") if reason else (key, "")


def _in_order(keys: Any, names: Mapping[int, ExitReason]) -> list[str]:
    """Reasons as they stand in the tree, then the others."""
    place = {one.key: (one.parent.position if one.parent else 0, one.position) for one in names.values()}
    return sorted(keys, key=lambda key: (key in OTHERS, place.get(key, (99, 99)), list(OTHERS).index(key) if key in OTHERS else 0))


def _lines(waiting: Holdings, names: Mapping[int, ExitReason], *, today: date) -> list[Line]:
    whens = [When(one, then=Value(key)) for key, one in _waking(today).items()]
    told: QuerySet[Any, Any] = waiting.annotate(why=_why(), column=Case(*whens, output_field=CharField())).values("why", "column")
    found: dict[str, dict[str, Cell]] = defaultdict(dict)
    for one in told.annotate(n=Count("pk"), total=Sum("amount")).order_by():
        found[one["why"]][one["column"]] = Cell(one["n"], one["total"] or Decimal(0))
    lines = []
    for key in _in_order(found, names):
        name, group = _named(key, names)
        lines.append(Line(key, name, found[key], sum(found[key].values(), Cell()), group))
    return lines


def _summed(lines: Sequence[Line]) -> Line:
    cells: dict[str, Cell] = defaultdict(Cell)
    for line in lines:
        for key, cell in line.cells.items():
            cells[key] = cells[key] + cell
    return Line("", _("All"), cells, sum(cells.values(), Cell()))


_BACK = Q(lead__next__isnull=False)


def _counted(at: datetime) -> Q:
    return Q(held_at__gte=at - timedelta(days=DAYS_COUNTED), held_at__lte=at)


def _known() -> Q:
    return Q(is_opportunity=True) | Q(is_old=True) | Q(state__in=[HoldingState.ARCHIVED, HoldingState.OVERTAKEN])


def _in_time(rows_: Holdings, *, at: datetime, yielding: Yielding) -> Holdings:
    """With `is_opportunity`: the next pass was one within so many days; and `is_old`: it began longer ago than that."""
    time = timedelta(days=yielding.within)
    limit = ExpressionWrapper(F("entered_at") - OuterRef("lead__next__opened_at"), output_field=DurationField())
    became = opportunity_rules.stays(yielding.counted).filter(lead=OuterRef("lead__next")).annotate(took=limit).filter(took__lte=time)
    return rows_.annotate(is_opportunity=Exists(became), is_old=Q(lead__next__opened_at__lt=at - time))


def _yields(rows_: Holdings, names: Mapping[int, ExitReason], *, at: datetime, yielding: Yielding) -> tuple[list[Yield], Yield]:
    counted: QuerySet[Any, Any] = _in_time(rows_, at=at, yielding=yielding).filter(_counted(at)).annotate(why=_why()).values("why")
    counts = {
        "n": Count("pk"),
        "n_back": Count("pk", filter=_BACK),
        "n_opportunities": Count("pk", filter=Q(is_opportunity=True)),
        "n_known": Count("pk", filter=_known()),
    }
    by_key: dict[str, dict[str, int]] = {one["why"]: {name: one[name] for name in counts} for one in counted.annotate(**counts).order_by()}
    found = [Yield(key, _named(key, names)[0], **by_key[key]) for key in _in_order(by_key, names)]
    return found, Yield("", _("All"), *(sum(getattr(one, name) for one in found) for name in counts))
