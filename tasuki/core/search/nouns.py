"""How one noun is searched: each says so in its own module and is named in settings (`SEARCHABLE_NOUNS`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from tasuki.core.people import User


@dataclass(frozen=True)
class Texts:
    """What one record can be found by, as it is written. `titles` are what it is called, each of which may be typed from its start."""

    record_id: int
    titles: Sequence[str]
    others: Sequence[str] = ()
    hidden: Sequence[str] = ()
    belongs_to: int | None = None


@dataclass(frozen=True)
class Owners:
    """The records of one noun whose words a row may hold beside its own (all of them, perhaps more): `of` are pairs of a record of some ids and an
    owner, `owned` the ids of records that have one of some for an owner."""

    of: Callable[[Sequence[int]], Iterable[tuple[int, int]]]
    owned: Callable[[Sequence[int]], Iterable[int]]


@dataclass(frozen=True)
class Searched:
    """A noun that can be found.

    `texts` reads the records of some ids; a noun without it has no words of its own and is reached only `through` others: noun →
    the path from this noun to it; `beside` are shorter paths to all that have words, where the rows hold them. `belongs_to` is the
    noun that `Texts.belongs_to` means, `ruled_by` the one by whose scope a person sees this one. `owners` are the nouns in whose records a word may
    stand beside its own, where both are indexed together. `hides` names the sensitive fields
    whose texts are `hidden`. `exact` are columns that are compared as a whole. `nearest` asks for the ids of the rows nearest to a
    person who sees few, a few thousand of them at most. `is_name` says that its titles are names, in which a wrong letter is worth forgiving.
    """

    noun: str
    model: str
    texts: Callable[[Sequence[int]], Iterable[Texts]] | None = None
    through: dict[str, str] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    belongs_to: str = ""
    owners: dict[str, Owners] = field(default_factory=dict)
    ruled_by: str = ""
    hides: frozenset[str] = frozenset()
    exact: tuple[str, ...] = ()
    nearest: Callable[[User], list[QuerySet[Any]]] | None = None
    is_name: bool = True

    def rows(self) -> Any:
        """The model's rows, from which `visible_to` begins."""
        model: type[Model] = apps.get_model(self.model)
        return model._default_manager.get_queryset()


def searched() -> dict[str, Searched]:
    """Every noun that can be found, by its name, in the order in which a person reads them."""
    return {noun: import_string(path) for noun, path in settings.SEARCHABLE_NOUNS.items()}
