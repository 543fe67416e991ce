"""How one noun is listed: what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tasuki.core.filters.fields import Fields

if TYPE_CHECKING:
    from django.db.models import Q, QuerySet
    from django.utils.functional import _StrOrPromise

    from tasuki.core.abilities import Ability, Standing
    from tasuki.core.custom_fields.definitions import CustomField
    from tasuki.core.people import User
    from tasuki.core.search.narrowing import Parts
    from tasuki.web.lists.firsts import Firsts


@dataclass(frozen=True)
class Column:
    """One column. The noun's cells.jinja has a macro of the same name that shows it.

    `sort` is the path of what it is ordered by, "" for a column without an order; `is_shown`: before anybody has chosen.
    `sensitive` names the entry of SENSITIVE_FIELDS that hides it from some. `plain` is the path of the value in an export, where that is
    not what the order goes by; `currency` the path of an amount's currency, a column of its own there. A column of a `custom` field needs
    no macro; `edit` names the field that can be changed in a cell; `computed` is what it is ordered by, where `sort` is no path of the
    table but only a name for it. Between equals the values at the paths of `then` decide, as an index has them. `stepped` is the path of
    what is ordered where that is few, as the people or teams are that `sort` leads to, and `steps` are its values in their order where they
    are known (see `orders.Order`). `firsts` are the rows of another table by the first of which it is ordered, as far as somebody sees them, where
    `sort` is only a name for that. `reads` is the path of rows that are read with those of the list only where the column is shown. `apart` are a path
    and its value: rows that have it stand behind all others. `or_else` are further paths, each to a value of a related record: rows that lead to none by
    the path before come by the next.
    """

    key: str
    label: _StrOrPromise
    sort: str = ""
    is_number: bool = False
    is_shown: bool = True
    sensitive: str = ""
    plain: str = ""
    currency: str = ""
    custom: CustomField | None = None
    edit: str = ""
    computed: Any = None
    then: tuple[str, ...] = ()
    stepped: str = ""
    steps: tuple[Any, ...] = ()
    reads: str = ""
    firsts: Callable[[User], Firsts] | None = None
    apart: tuple[str, Any] | None = None
    or_else: tuple[tuple[str, ...], ...] = ()

    @property
    def edit_key(self) -> str:
        """The field that is changed in a cell of this column; "" for none."""
        return self.custom.key if self.custom else self.edit

    @property
    def value_path(self) -> str:
        """Where an export finds the value: `plain`, else what the column is ordered by; "" for a column that is not exported, or found beside its rows."""
        return self.plain or ("" if self.firsts else self.sort)


@dataclass(frozen=True)
class View:
    """A view that comes with the noun: a name for a filter and an order. Saved views are rows: see `tasuki.core.saved_views`."""

    key: str
    label: _StrOrPromise
    filter: str = ""
    sort: str = ""


@dataclass(frozen=True)
class Spec:
    """One noun, and the `name` of its list: of its address and of the folder of its templates. `rows` gives all that a person may see.

    The first column names the row and is always shown; the first view is where a reader begins; `sort` is a column's key, with - for
    falling. `peek` is the name of the address that shows a row at a glance, "" for none. `summed` is the key of the column of money that
    groups of rows are summed by. `needs` is the ability that opens the list; `found` narrows the rows to those that hold some words, where
    the index of the search does not know the noun. `seen_by_ways` are the rows that a person may see in parts that may overlap, one for each way by
    which they do; none for whoever sees all. `seen_in_order` are such parts by the `sort` of a column: those that an index has in that order, and the
    others; None where there are too many of these. `seen_of_teams` are the teams of which a person sees all rows, who sees only their own of others.
    `seen_at_hand` says of whom PostgreSQL keeps by which other records they see rows, so that a row that is passed costs next to nothing.
    `split` are conditions of which each row fulfils one, where an index has the rows of one alone.
    """

    noun: str
    name: str
    fields: Fields
    rows: Callable[[User], QuerySet[Any]]
    columns: Sequence[Column]
    views: Sequence[View]
    sort: str
    peek: str = ""
    summed: str = ""
    needs: Ability | None = None
    found: Callable[[QuerySet[Any], str, User], QuerySet[Any]] | None = None
    seen_by_ways: Callable[[User], Sequence[QuerySet[Any]]] | None = None
    seen_in_order: dict[str, Callable[[User], Parts | None]] = field(default_factory=dict)
    seen_of_teams: Callable[[User], frozenset[int]] | None = None
    seen_at_hand: Callable[[User], bool] | None = None
    split: Sequence[Q] = ()

    def is_open_to(self, standing: Standing) -> bool:
        return self.needs is None or self.needs in standing.abilities

    def seen_by(self, standing: Standing) -> Spec:
        """The same, without what the person must not see: no column to look at, no order to guess from, no field to ask."""
        columns = [column for column in self.columns if not _is_hidden(column, standing)]
        return replace(self, fields=self.fields.seen_by(standing), columns=columns)

    def column(self, key: str) -> Column | None:
        return next((column for column in self.columns if column.key == key), None)


def _is_hidden(column: Column, standing: Standing) -> bool:
    noun, _dot, name = column.sensitive.partition(".")
    return bool(name) and name in standing.hides(noun)
