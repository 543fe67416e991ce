"""What a noun says about being imported, and the chunk of rows it is given to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.imports.fields import Field
from tasuki.core.imports.mapping import Mapping, MappingRefused
from tasuki.core.imports.runs import DuplicatePolicy, ImportRun, RowState

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class UnknownNoun(Refused):
    code = "unknown_noun"

    def __init__(self, name: str) -> None:
        super().__init__(_("“%(name)s” cannot be imported; these can: %(nouns)s.") % {"name": name[:40], "nouns": ", ".join(settings.IMPORTABLE_NOUNS)})


@dataclass
class Line:
    """One row of the file on its way to becoming a record. `trace` is what an undo will need."""

    row_no: int
    cells: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    state: RowState | None = None
    target_id: int | None = None
    trace: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, str]] = field(default_factory=list)

    def say(self, column: str, reason: _StrOrPromise) -> None:
        """Note something about the row that its owner should know; the row goes on."""
        self.messages.append({"column": column, "reason": str(reason)})

    def reject(self, column: str, reason: _StrOrPromise) -> None:
        self.say(column, reason)
        self.state = RowState.REJECTED

    def become(self, state: RowState, target_id: int) -> None:
        self.state, self.target_id = state, target_id


@dataclass(frozen=True)
class Chunk:
    """Rows to write in one transaction, and everything that holds for all of them."""

    run: ImportRun
    mapping: Mapping
    lines: list[Line]
    by: By
    at: datetime

    def waiting(self) -> Iterator[Line]:
        """The rows that nothing was decided about yet."""
        return (line for line in self.lines if line.state is None)

    def values_of(self, name: str) -> set[Any]:
        return {line.values[name] for line in self.lines if line.state is None and line.values.get(name) not in (None, "")}

    def settle_duplicates(self, there: dict[Any, int], name: str, change: Callable[[Line, int], None]) -> None:
        """Decide about rows whose key is in the table or earlier in the chunk, as the policy says.

        `there` maps keys to ids in the table; a key that comes twice in the chunk counts from its second row on.
        `change` updates one record from one row, for the policy `update`.
        """
        policy, seen = self.mapping.on_duplicate, set()
        for line in self.waiting():
            key = line.values.get(name)
            if key in (None, "") or policy == DuplicatePolicy.CREATE:
                continue
            if key in there and policy == DuplicatePolicy.UPDATE:
                change(line, there[key])
                line.become(RowState.UPDATED, there[key])
            elif key in there:
                line.become(RowState.SKIPPED, there[key])
            elif key in seen:
                line.say(name, _("The same key stands earlier in the file; the first row counts."))
                line.state = RowState.SKIPPED
            seen.add(key)


@dataclass(frozen=True)
class ImportNoun:
    """How rows become records of one noun: its fields, its keys, how a chunk is written, how a run is taken back."""

    name: str
    fields: dict[str, Field]
    keys: tuple[str, ...]
    write: Callable[[Chunk], None]
    take_back: Callable[[ImportRun], None]
    options: frozenset[str] = frozenset()

    def check(self, mapping: Mapping, header: list[str]) -> None:
        """Raise MappingRefused when the mapping names what neither the noun nor the file has."""
        for name, column in mapping.columns.items():
            if name not in self.fields:
                raise MappingRefused(
                    _("%(noun)s have no field “%(field)s”; they have: %(fields)s.") % {"noun": self.name, "field": name[:40], "fields": ", ".join(self.fields)}
                )
            if column.column and column.column not in header:
                raise MappingRefused(
                    _("The file has no column “%(column)s”; it has: %(columns)s.") % {"column": column.column[:80], "columns": ", ".join(header)[:400]}
                )
        for name, needed in self.fields.items():
            if needed.required and name not in mapping.columns:
                raise MappingRefused(_("The mapping must fill “%(field)s”.") % {"field": name})
        if mapping.key and mapping.key not in self.keys:
            raise MappingRefused(_("%(noun)s can be matched by: %(keys)s.") % {"noun": self.name, "keys": ", ".join(self.keys)})
        for name in mapping.options:
            if name not in self.options:
                raise MappingRefused(_("%(noun)s have no option “%(option)s”.") % {"noun": self.name, "option": str(name)[:40]})


def noun_named(name: str) -> ImportNoun:
    """The noun of that name from settings. Raises UnknownNoun."""
    path = settings.IMPORTABLE_NOUNS.get(name)
    if path is None:
        raise UnknownNoun(name)
    noun: ImportNoun = import_string(path)
    return noun


def by_name(*fields: Field) -> dict[str, Field]:
    return {one.name: one for one in fields}
