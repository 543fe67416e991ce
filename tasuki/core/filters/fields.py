"""What a noun can be asked: its fields, their kinds, and the operators that each kind understands."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from tasuki.core import abilities
from tasuki.core.filters.errors import FilterWrong
from tasuki.core.team_trees import tree_ids

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.core.abilities import Standing
    from tasuki.core.people import User


class Kind(enum.Enum):
    """What values a field holds. It decides the operators, how a value is read, and how it is compared."""

    TEXT = "text"
    WHOLE = "whole"  # a whole number
    NUMBER = "number"
    MONEY = "money"  # compared in the currency of each row, at the rate of the day
    DATE = "date"
    MOMENT = "moment"  # a point in time; asked by the days of the asker's time zone
    CHOICE = "choice"  # one of a few texts
    CHOICES = "choices"  # several of a few texts
    PERSON = "person"
    TEAM = "team"
    RECORD = "record"  # another record, by its number
    CHECKBOX = "checkbox"


class Operator(models.TextChoices):
    """What can be asked of a field. A label follows the field's name in a sentence; … is where the values stand."""

    IS = "is", pgettext_lazy("filter", "is …")
    IS_NOT = "is_not", pgettext_lazy("filter", "is not …")
    CONTAINS = "contains", pgettext_lazy("filter", "contains …")
    LACKS = "lacks", pgettext_lazy("filter", "does not contain …")
    STARTS_WITH = "starts_with", pgettext_lazy("filter", "starts with …")
    OVER = "over", pgettext_lazy("filter", "is over …")
    UNDER = "under", pgettext_lazy("filter", "is under …")
    AT_LEAST = "at_least", pgettext_lazy("filter", "is at least …")
    AT_MOST = "at_most", pgettext_lazy("filter", "is at most …")
    BETWEEN = "between", pgettext_lazy("filter", "is between …")
    ON = "on", pgettext_lazy("filter", "is on …")
    BEFORE = "before", pgettext_lazy("filter", "is before …")
    AFTER = "after", pgettext_lazy("filter", "is after …")
    THIS = "this", pgettext_lazy("filter", "is in this …")
    PREVIOUS = "previous", pgettext_lazy("filter", "is in the previous …")
    NEXT = "next", pgettext_lazy("filter", "is in the next …")
    PAST = "past", pgettext_lazy("filter", "is in the past …")
    COMING = "coming", pgettext_lazy("filter", "is in the coming …")
    OLDER_THAN = "older_than", pgettext_lazy("filter", "is longer ago than …")
    IN_TEAM = "in_team", pgettext_lazy("filter", "is in the team …")
    HAS_ANY = "has_any", pgettext_lazy("filter", "has any of …")
    HAS_ALL = "has_all", pgettext_lazy("filter", "has all of …")
    HAS_NONE = "has_none", pgettext_lazy("filter", "has none of …")
    YES = "yes", pgettext_lazy("filter", "is ticked")
    NO = "no", pgettext_lazy("filter", "is not ticked")
    FILLED = "filled", pgettext_lazy("filter", "is filled in")
    EMPTY = "empty", pgettext_lazy("filter", "is empty")


# An operator that is only the opposite of another: a row answers exactly one of the two with yes, rows without a value too.
OPPOSITES: Mapping[Operator, Operator] = {
    Operator.IS_NOT: Operator.IS,
    Operator.LACKS: Operator.CONTAINS,
    Operator.HAS_NONE: Operator.HAS_ANY,
    Operator.NO: Operator.YES,
    Operator.EMPTY: Operator.FILLED,
}

MOST_VALUES = 200
_NO_VALUE = (Operator.YES, Operator.NO, Operator.FILLED, Operator.EMPTY)
_SEVERAL = (Operator.IS, Operator.IS_NOT, Operator.IN_TEAM, Operator.HAS_ANY, Operator.HAS_ALL, Operator.HAS_NONE)


def how_many_values(operator: Operator) -> tuple[int, int]:
    """The least and the most values that an operator takes."""
    if operator in _NO_VALUE:
        return 0, 0
    if operator is Operator.BETWEEN:
        return 2, 2
    return (1, MOST_VALUES) if operator in _SEVERAL else (1, 1)


_O = Operator
_FILLED_OR_NOT = (_O.FILLED, _O.EMPTY)
_ONE_OF = (_O.IS, _O.IS_NOT, *_FILLED_OR_NOT)
_SIZE = (_O.IS, _O.IS_NOT, _O.OVER, _O.UNDER, _O.AT_LEAST, _O.AT_MOST, _O.BETWEEN, *_FILLED_OR_NOT)
_TIME = (_O.ON, _O.BEFORE, _O.AFTER, _O.BETWEEN, _O.THIS, _O.PREVIOUS, _O.NEXT, _O.PAST, _O.COMING, _O.OLDER_THAN, *_FILLED_OR_NOT)

OPERATORS: Mapping[Kind, tuple[Operator, ...]] = {
    Kind.TEXT: (_O.CONTAINS, _O.LACKS, _O.IS, _O.IS_NOT, _O.STARTS_WITH, *_FILLED_OR_NOT),
    Kind.WHOLE: _SIZE,
    Kind.NUMBER: _SIZE,
    Kind.MONEY: (_O.OVER, _O.UNDER, _O.AT_LEAST, _O.AT_MOST, _O.BETWEEN, *_FILLED_OR_NOT),
    Kind.DATE: _TIME,
    Kind.MOMENT: _TIME,
    Kind.CHOICE: _ONE_OF,
    Kind.CHOICES: (_O.HAS_ANY, _O.HAS_ALL, _O.HAS_NONE, *_FILLED_OR_NOT),
    Kind.PERSON: (_O.IS, _O.IS_NOT, _O.IN_TEAM, *_FILLED_OR_NOT),
    Kind.TEAM: (_O.IS, _O.IS_NOT, _O.IN_TEAM, *_FILLED_OR_NOT),
    Kind.RECORD: _ONE_OF,
    Kind.CHECKBOX: (_O.YES, _O.NO),
}


@dataclass(frozen=True)
class Asker:
    """Who asks, and when: what `me`, `mine`, `today` and `this quarter` mean.

    `teams` are the ids of the asker's team and those under it, `tree_of` gives the same for any team; `rates` tells how many units of
    the organisation's currency one unit of each known currency is worth today (its own: 1). What only some filters need is asked when one does.
    """

    user_id: int
    teams: frozenset[int]
    today: date
    zone: ZoneInfo
    fiscal_year_starts_in: Callable[[], int] = lambda: 1
    rates: Callable[[], Mapping[str, Decimal]] = dict
    tree_of: Callable[[int], frozenset[int]] = tree_ids


# What a value can be chosen from: (value as written in a filter, what people call it).
Options = Callable[["User"], list[tuple[str, str]]]

# What records of these numbers are called: for fields with too many values to choose from.
Names = Callable[["User", Sequence[str]], dict[str, str]]


@dataclass(frozen=True)
class Computed:
    """A value that is no column: how PostgreSQL computes it for a row, and what plain Python answers for one."""

    expression: Any
    answer: Callable[[Any], Any]


@dataclass(frozen=True)
class Among:
    """Which of the rows that belong to a record a clause asks about: how PostgreSQL says it, and what plain Python answers for one.

    `noun` is that of the rows, where not everybody who sees the record sees them all.
    """

    condition: models.Q
    answer: Callable[[Any], bool]
    noun: str = ""

    def seen_by(self, standing: Standing) -> Among:
        """Those that a person sees."""
        if not self.noun:
            return self
        seen = abilities.owned_by_scope(standing, self.noun)

        def answer(row: Any) -> bool:
            return self.answer(row) and type(row)._default_manager.filter(seen, pk=row.pk).exists()

        return replace(self, condition=self.condition & seen, answer=answer)


@dataclass(frozen=True)
class Folded:
    """The path of a text in small letters, as an index has it; it stands for the text where `is_all`: at this moment no row differs but in capitals."""

    path: str
    is_all: Callable[[], bool]


@dataclass(frozen=True)
class Field:
    """One thing a noun can be asked.

    `path` is the way to the value from a row, as Django writes it (`account__country`); in the evaluator the same attributes are followed.
    `through` names a set of rows that belong to the record (`emails`): a clause then holds when it holds for any of them, and `path` begins there;
    `among` says which of them, all if nothing. With `is_there` it is filled in when there is such a row, with a value or without.
    `currency` is the path of a money's currency, `team` that of a person's team. `options` gives the values to choose from, `names` what
    values are called that are too many to choose from; `noun` is that of the records of which one is chosen by its name; with `has_left`
    people who have left are chosen too.
    `folded` names where the same text stands in small letters.
    `sensitive` names the entry of SENSITIVE_FIELDS, as `contact.emails`, that hides it from some.
    `computed` gives the meaning of paths that are no columns.
    """

    key: str
    label: _StrOrPromise
    kind: Kind
    path: str
    through: str = ""
    among: Among | None = dataclass_field(default=None, compare=False)
    is_there: bool = False
    currency: str = ""
    team: str = ""
    options: Options | None = None
    names: Names | None = None
    noun: str = ""
    has_left: bool = False
    folded: Folded | None = dataclass_field(default=None, compare=False)
    sensitive: str = ""
    computed: Mapping[str, Computed] = dataclass_field(default_factory=dict, compare=False)

    @property
    def is_folded(self) -> bool:
        return self.folded is not None and self.path == self.folded.path

    @property
    def operators(self) -> tuple[Operator, ...]:
        """What it can be asked; a person is in a team only where the team is known."""
        known = OPERATORS[self.kind]
        return known if self.kind is not Kind.PERSON or self.team else tuple(one for one in known if one is not Operator.IN_TEAM)


class Fields:
    """What one noun can be asked, by key, in the order of the menu."""

    def __init__(self, model: type[models.Model], fields: Iterable[Field]) -> None:
        self.model = model
        self._by_key = {field.key: field for field in fields}

    def __iter__(self) -> Iterator[Field]:
        return iter(self._by_key.values())

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def get(self, key: str) -> Field:
        """Raises FilterWrong for a field that does not exist and, in the same words, for one that is hidden from the asker."""
        try:
            return self._by_key[key]
        except KeyError:
            raise FilterWrong(_("There is no field “%(name)s” here to filter by.") % {"name": key[:80]}) from None

    def with_more(self, fields: Iterable[Field]) -> Fields:
        """The same, and others after them."""
        return Fields(self.model, [*self, *fields])

    def seen_by(self, standing: Standing) -> Fields:
        """The same fields but for those that the person must not see: nobody finds out by asking what they may not read."""
        seen = (field for field in self if not _is_hidden(field, standing))
        return Fields(self.model, (replace(field, among=field.among.seen_by(standing)) if field.among else field for field in seen))


def _is_hidden(field: Field, standing: Standing) -> bool:
    noun, _dot, name = field.sensitive.partition(".")
    return bool(name) and name in standing.hides(noun)


UNITS = {
    "day": gettext_lazy("day"),
    "week": gettext_lazy("week"),
    "month": gettext_lazy("month"),
    "quarter": gettext_lazy("quarter"),
    "year": gettext_lazy("year"),
}
