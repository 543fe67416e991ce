"""What rows are put together by: a field's values, or its months, each as clauses of the filter language.

So a group is exactly the list narrowed to it, whoever counts it. The groups of a field take each row once: what no group of its own has is
in `others`, and what has no value is in `none`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_skeleton
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from tasuki.core.filters import askers
from tasuki.core.filters.fields import Field, Kind
from tasuki.core.filters.sentences import Clause, Group, Of
from tasuki.core.people import User
from tasuki.crm import stages
from tasuki.web import formats
from tasuki.web.lists.state import State

# A list is put together in at most so many groups by value; the text of a filter has room for the rest as `others`.
MOST = 40
MONTHS_BACK, MONTHS_AHEAD = 24, 12
# Where leads in process stand, and those that were won; all others have left the relay.
_STAGES_OF = {"open": (*stages.BEFORE_SALES, *stages.IN_SALES), "won": (*stages.IN_SUCCESS, "none")}


@dataclass(frozen=True)
class Bucket:
    """One group: what it is called, and the clauses that all of its rows answer with yes. `value` is that of the field, where it is one."""

    key: str
    label: str
    clauses: tuple[Clause, ...]
    value: str = ""

    def narrowed(self, state: State) -> State:
        """The list of the rows of this group alone. What says less of the field goes."""
        kept = tuple(part for part in state.filter.parts if part not in self.clauses and not self._says_more_than(part))
        return state.with_(filter=Group(Of.ALL, (*kept, *self.clauses)), grouping="", rendering="", on="")

    def _says_more_than(self, part: Clause | Group) -> bool:
        only = self.clauses[0]
        is_one = len(self.clauses) == 1 and only.operator == "is"
        return is_one and isinstance(part, Clause) and (part.field, part.operator) == (only.field, "is") and self.value in part.values


def buckets(field: Field, rows: QuerySet[Any], *, reader: User, at: datetime, is_large: bool) -> list[Bucket]:
    """The groups of a field in their order. Few rows are asked which values they have; of many, the values that are offered to choose from count."""
    if field.kind in (Kind.DATE, Kind.MOMENT):
        return months(field, askers.today_of(reader, at=at))
    if field.kind is Kind.CHECKBOX:
        return [Bucket("yes", _("yes"), (Clause(field.key, "yes"),), "yes"), Bucket("no", _("no"), (Clause(field.key, "no"),), "no")]
    offered = _offered(field, reader)
    values = list(offered) if is_large else _in_use(field, rows, offered)
    values = values[:MOST]
    called = offered | _called(field, [value for value in values if value not in offered], reader)
    shown = [Bucket(value, called.get(value, value), (Clause(field.key, "is", (value,)),), value) for value in values]
    # There is no stage but those that are offered.
    others = [_others(field, values)] if values and field.key != "stage" else []
    return [*shown, *others, none(field)]


def possible(told: list[Bucket], asked: Group) -> list[Bucket]:
    """Without the stages in which none of the leads that are asked for stands: among very many rows nobody should look for what is not there."""
    if told[0].clauses[0].field != "stage":
        return told
    there = {bucket.key for bucket in told}
    for part in asked.parts:
        if isinstance(part, Clause) and (part.field, part.operator) == ("stage", "is"):
            there &= set(part.values)
        elif isinstance(part, Clause) and (part.field, part.operator) == ("state", "is"):
            there &= {stage for state in part.values for stage in _STAGES_OF.get(state, ("none",))}
    return [bucket for bucket in told if bucket.key in there] or told[:1]


def none(field: Field) -> Bucket:
    label = _("Without: %(field)s") % {"field": field.label}
    if field.key == "stage":
        # Only what has left the relay stands in no stage.
        label = _("Ended")
    elif field.kind in (Kind.DATE, Kind.MOMENT):
        label = _("Without a day")
    return Bucket("none", label, (Clause(field.key, "empty"),))


def due(field: Field, today: date, *, is_open: bool) -> list[Bucket]:
    """By when something is due, for whoever plans a week. `is_open`: none of it is done, so what is before today is overdue."""
    sunday = today + timedelta(days=6 - today.weekday())
    before = Bucket("overdue", _("Overdue") if is_open else _("Before today"), (Clause(field.key, "before", ("today",)),))
    rest = Clause(field.key, "between", ((today + timedelta(days=1)).isoformat(), sunday.isoformat()))
    week = [Bucket("week", _("This week"), (rest,))] if today < sunday else []
    later = Bucket("later", _("Later"), (Clause(field.key, "after", (sunday.isoformat(),)),))
    return [before, Bucket("today", _("Today"), (Clause(field.key, "on", ("today",)),)), *week, later, none(field)]


def _others(field: Field, values: Sequence[str]) -> Bucket:
    return Bucket("others", _("All others"), (Clause(field.key, "is_not", tuple(values)), Clause(field.key, "filled")))


def _offered(field: Field, reader: User) -> dict[str, str]:
    """The values to choose from by their names; whoever asks is a colleague like any other, and a team stands for itself."""
    found = {value: str(label) for value, label in field.options(reader) if value != "mine"} if field.options else {}
    if found.pop("me", None):
        found[str(reader.pk)] = reader.display_name
    return found


def _in_use(field: Field, rows: QuerySet[Any], offered: dict[str, str]) -> list[str]:
    """The values that the rows have: in the order in which they are offered, if they are, then the most frequent first."""
    named = rows.annotate(**{name: one.expression for name, one in field.computed.items()})
    counted = named.order_by().values_list(field.path).annotate(n=Count("pk")).order_by("-n", field.path)
    found = [str(value) for value, _n in counted[: MOST + 2] if value not in (None, "")]
    place = {value: nth for nth, value in enumerate(offered)}
    return sorted(found, key=lambda value: place.get(value, len(place)))


def _called(field: Field, values: list[str], reader: User) -> dict[str, str]:
    """The names of people who are not offered any more."""
    if field.kind is not Kind.PERSON or not values:
        return {}
    return {str(one.pk): one.display_name for one in User.objects.visible_to(reader).filter(pk__in=[int(value) for value in values])}


def months(field: Field, today: date) -> list[Bucket]:
    """Two years back and one ahead by month, and what is before and after."""
    first = month(today, -MONTHS_BACK)
    starts = [month(today, nth) for nth in range(-MONTHS_BACK, MONTHS_AHEAD + 1)]
    after = month(today, MONTHS_AHEAD + 1)
    by_month = [_month_of(field, start) for start in starts]
    before = Bucket("before", _("Before %(month)s") % {"month": in_words(first)}, (Clause(field.key, "before", (first.isoformat(),)),))
    beyond = Clause(field.key, "after", ((after - timedelta(days=1)).isoformat(),))
    in_order = [before, *by_month, Bucket("after", _("From %(month)s on") % {"month": in_words(after)}, (beyond,))]
    # What has happened is read from the newest on, what is planned from the first.
    return [*(reversed(in_order) if field.kind is Kind.MOMENT else in_order), none(field)]


def _month_of(field: Field, start: date) -> Bucket:
    last = month(start, 1) - timedelta(days=1)
    return Bucket(f"{start:%Y-%m}", in_words(start), (Clause(field.key, "between", (start.isoformat(), last.isoformat())),))


def month(day: date, shift: int = 0) -> date:
    """The first day of the month of a day, or of the one so many months later."""
    year, month = divmod(day.year * 12 + day.month - 1 + shift, 12)
    return date(year, month + 1, 1)


def in_words(start: date) -> str:
    return format_skeleton("yMMMM", start, locale=formats.locale())
