"""What a noun says about being imported, and the chunk of rows it is given to write."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from tasuki.core.audit import By
from tasuki.core.custom_fields import definitions
from tasuki.core.errors import Refused
from tasuki.core.imports import custom_columns, own_exports
from tasuki.core.imports.copying import look_up
from tasuki.core.imports.fields import Field
from tasuki.core.imports.mapping import Mapping, MappingRefused
from tasuki.core.imports.matches import Match, Unclear
from tasuki.core.imports.row_decisions import Chosen
from tasuki.core.imports.runs import DuplicatePolicy, ImportRun, RowState
from tasuki.core.imports.seen_ids import SeenIds

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class UnknownNoun(Refused):
    code = "unknown_noun"

    def __init__(self, name: str) -> None:
        super().__init__(_("“%(name)s” cannot be imported; these can: %(nouns)s.") % {"name": name[:40], "nouns": ", ".join(settings.IMPORTABLE_NOUNS)})


def _nothing() -> None:
    pass


@dataclass
class Line:
    """One row of the file on its way to becoming a record. `columns` names the column of a field; `trace` is what an undo will need.

    `match` is what was here and the row is about, or may be about; `known_by` the field by which it was known, be it as a row above.
    """

    row_no: int
    cells: dict[str, str]
    columns: Dictionary[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    state: RowState | None = None
    target_id: int | None = None
    trace: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, str]] = field(default_factory=list)
    match: Match | Unclear | None = None
    known_by: str = ""

    def say(self, name: str, reason: _StrOrPromise) -> None:
        """Note something about a field that the file's owner should know, under the name that its column has there; the row goes on."""
        self.messages.append({"column": self.columns.get(name, name), "reason": str(reason)})

    def reject(self, name: str, reason: _StrOrPromise) -> None:
        self.say(name, reason)
        self.state = RowState.REJECTED

    def become(self, state: RowState, target_id: int) -> None:
        self.state, self.target_id = state, target_id


@dataclass(frozen=True)
class Chunk:
    """Rows to write in one transaction, and everything that holds for all of them. `before` are the records that earlier chunks were about.

    `read_on` lets the next chunk be read; call it when this one is decided about and the database has its long statements to do.

    Where two chunks are written beside each other, the next is decided about from then on. So this one `brings` by then what the next would ask
    the database for and cannot find there, and the next has it as `ahead`: values by their keys, under a name that the noun chooses.
    `catch_up` waits until all that is ahead is in the database. What names a record that is ahead can be written only behind it.

    `chosen` is what somebody chose for single rows, by their numbers.
    """

    run: ImportRun
    mapping: Mapping
    lines: list[Line]
    by: By
    at: datetime
    before: SeenIds = field(default_factory=SeenIds)
    read_on: Callable[[], None] = _nothing
    ahead: Dictionary[str, dict[Any, Any]] = field(default_factory=dict)
    brings: dict[str, dict[Any, Any]] = field(default_factory=dict)
    catch_up: Callable[[], None] = _nothing
    chosen: Dictionary[int, Chosen] = field(default_factory=dict)

    @cached_property
    def stamp(self) -> str:
        """`at` as COPY writes it: said once, because writing a moment takes as long as ten numbers."""
        return self.at.isoformat()

    def waiting(self) -> Iterator[Line]:
        """The rows that nothing was decided about yet."""
        return (line for line in self.lines if line.state is None)

    def values_of(self, name: str) -> set[Any]:
        return {line.values[name] for line in self.lines if line.state is None and line.values.get(name) not in (None, "")}

    def settle_duplicates(
        self, there: dict[Any, int], name: str, *, shown: str = "", is_unique: bool = False, but: Container[int] = ()
    ) -> list[tuple[Line, int]]:
        """Decide about rows whose key is in the table or earlier in the file, as the policy says; → the rows that change a record, with its id.

        `there` maps keys to ids in the table. A key that comes twice in the file counts from its second row on, wherever the chunks end.
        `is_unique` says that no two records can have the key, whatever the policy; `shown` is the field that a sentence about it names.
        `but` are the numbers of rows that are decided about already.
        """
        before, changing = self.named_before(there.values()), []
        seen, shown = {key for key, pk in there.items() if pk in before}, shown or name
        for line in self.waiting():
            key = line.values.get(name)
            if key in (None, "") or line.row_no in but:
                continue
            if key in there and key not in seen and line.match is None:
                line.match = Match(there[key], (line.known_by or shown,))
            policy = self.chosen[line.row_no].policy if line.row_no in self.chosen and key in there else self.mapping.on_duplicate
            if policy == DuplicatePolicy.CREATE:
                if is_unique and (key in there or key in seen):
                    line.reject(shown, _("Another record has this key, and only one can have it."))
            elif key in seen:
                line.say(line.known_by or shown, _("The same key stands earlier in the file; the first row counts."))
                line.state, line.target_id = RowState.SKIPPED, there.get(key)
            elif key in there and policy == DuplicatePolicy.UPDATE:
                changing.append((line, there[key]))
            elif key in there:
                line.become(RowState.SKIPPED, there[key])
            seen.add(key)
        return changing

    def numbered(self, table: str) -> list[tuple[Line, int]]:
        """The rows that name a record by our own number, as our exports do, and change it; one that is not there refuses its row."""
        name = own_exports.FIELD
        if name not in self.mapping.columns:
            return []
        there: dict[Any, int] = look_up(f"SELECT id, id FROM {table} WHERE id = ANY(%s)", self.values_of(name))
        for line in self.waiting():
            if name in line.values and line.values[name] not in there:
                line.reject(name, _("There is no record with the number %(number)s here.") % {"number": line.values[name]})
        return self.settle_duplicates(there, name, is_unique=True)

    def refuse_taken(self, name: str, holders: dict[Any, int], *, shown: str = "", changing: Iterable[tuple[Line, int]] = ()) -> None:
        """Refuse rows with a value that only one record can have. `holders` maps values to ids; of two rows with one value the first counts."""
        own, holders = {line.row_no: pk for line, pk in changing}, dict(holders)
        for line in self.waiting():
            value, me = line.values.get(name), own.get(line.row_no, -line.row_no)
            if value and holders.setdefault(value, me) != me:
                line.reject(shown or name, _("Another record has this key, and only one can have it."))

    def named_before(self, ids: Iterable[int]) -> set[int]:
        """Which of the records a row in an earlier chunk of this run was about."""
        return {pk for pk in ids if pk in self.before}


@dataclass(frozen=True)
class ImportNoun:
    """How rows become records of one noun: its fields, its keys, how a chunk is written, how a run is taken back.

    `record` is what the audit trail calls one of them. `check_options` raises MappingRefused. `finish` does at the end what needs all rows.
    `known_values` gives the values that our records have in a field, so that a new spelling of one can be seen. `minds_what_is_ahead` says that
    `write` does, so that two chunks can be written beside each other. `known_by` are the fields by which people can be known, and
    `usually_known_by` those that count unless somebody says otherwise.
    """

    name: str
    record: str
    fields: dict[str, Field]
    keys: tuple[str, ...]
    write: Callable[[Chunk], None]
    take_back: Callable[[ImportRun], None]
    options: frozenset[str] = frozenset()
    check_options: Callable[[Mapping], None] | None = None
    finish: Callable[[ImportRun, datetime], None] | None = None
    known_values: Callable[[str], list[str]] | None = None
    minds_what_is_ahead: bool = False
    known_by: tuple[str, ...] = ()
    usually_known_by: tuple[str, ...] = ()

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
        self._check_rules(mapping)
        if self.check_options:
            self.check_options(mapping)

    def _check_rules(self, mapping: Mapping) -> None:
        if mapping.key and mapping.key not in self.keys:
            raise MappingRefused(_("%(noun)s can be matched by: %(keys)s.") % {"noun": self.name, "keys": ", ".join(self.keys)})
        for name in mapping.known_by or ():
            if name not in self.known_by:
                raise MappingRefused(
                    _("%(noun)s do not know people by “%(name)s”; they can: %(keys)s.")
                    % {"noun": self.name, "name": name[:40], "keys": ", ".join(self.known_by) or "–"}
                )
        for name in mapping.options:
            if name not in self.options:
                raise MappingRefused(_("%(noun)s have no option “%(option)s”.") % {"noun": self.name, "option": str(name)[:40]})


def noun_named(name: str) -> ImportNoun:
    """The noun of that name from settings, with its custom fields as they are now. Raises UnknownNoun."""
    path = settings.IMPORTABLE_NOUNS.get(name)
    if path is None:
        raise UnknownNoun(name)
    noun: ImportNoun = import_string(path)
    custom = {field.key: custom_columns.field_of(field) for field in definitions.in_use(noun.record)}
    return replace(noun, fields={**noun.fields, **custom}) if custom else noun


def by_name(*fields: Field) -> dict[str, Field]:
    return {one.name: one for one in fields}
