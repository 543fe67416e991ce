"""What a noun says about a verb that can be done to many of its records at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from tasuki.core.abilities import Ability
from tasuki.core.audit import By

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.functional import _StrOrPromise

    from tasuki.core.people import User

Said = Mapping[str, Any]


class Do(Protocol):
    def __call__(self, record: Any, said: Said, /, *, by: By, at: datetime) -> dict[str, Any]: ...


class DoAll(Protocol):
    def __call__(self, records: Sequence[Any], said: Said, /, *, by: By, at: datetime) -> Mapping[int, str]: ...


class Undo(Protocol):
    """`said` also holds what `do` answered."""

    def __call__(self, record: Any, said: Said, /, *, by: By, at: datetime) -> None: ...


@dataclass(frozen=True)
class BulkVerb:
    """`rows` gives what a person may see of the noun; `do` carries the verb out and answers what an undo needs (JSON);
    `undo` brings the record back, and is None where history cannot be unsaid. A verb that does many in a few statements has `do_all` in
    the place of `do`: it answers why, for each record by its id that it did not do. `rows_back` gives what an undo may reach where the verb
    takes records out of sight; `undo_says` tells what an undo is, where it is more than the old value again."""

    noun: str
    key: str
    label: _StrOrPromise
    icon: str
    ability: Ability
    rows: Callable[[User], QuerySet[Any]]
    do: Do | None = None
    undo: Undo | None = None
    do_all: DoAll | None = None
    rows_back: Callable[[User], QuerySet[Any]] | None = None
    undo_says: _StrOrPromise = ""


@cache
def verbs() -> dict[tuple[str, str], BulkVerb]:
    """Every verb, by noun and key, from settings.BULK_VERBS."""
    found: list[BulkVerb] = [import_string(path) for path in settings.BULK_VERBS]
    return {(verb.noun, verb.key): verb for verb in found}


def verbs_of(noun: str, *, abilities: frozenset[Ability]) -> list[BulkVerb]:
    """Those of a noun that a person with these abilities may do."""
    return [verb for verb in verbs().values() if verb.noun == noun and verb.ability in abilities]
