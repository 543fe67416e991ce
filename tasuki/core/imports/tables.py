"""A table as it stands in a file: which record is its header, what its columns are called, and what is wrong with a row."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused
from tasuki.core.imports import headers
from tasuki.core.imports.other_tables import Above, Feed, is_header

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

# The cells of one record as they stand in the file, and why it cannot be used, if so.
Record = tuple[list[str], "_StrOrPromise"]

# Where another table begins, and what its columns are called.
Other = tuple[int, list[str]]

MOST_COLUMNS = 1_024
LARGEST_CELL = 10_000_000
# How many records are held back to see whether they are the title of a table that goes on below them.
_HELD = 20
# So many other tables of a file are kept in mind.
_OTHERS = 20


class FileRefused(Refused):
    code = "file_refused"


class Sureness(StrEnum):
    """How sure it is in which encoding a file is written."""

    CERTAIN = "certain"
    LIKELY = "likely"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Said:
    """How somebody says that a file is to be read; what is left empty is seen from the file. `header_row` is a record's number, 0 for none;
    `is_one_table` that nothing below is another table, whatever it looks like."""

    encoding: str = ""
    delimiter: str = ""
    quote: str = ""
    escape: str = ""
    header_row: int | None = None
    sheet: str = ""
    is_one_table: bool = False


@dataclass(frozen=True)
class ReadAs:
    """How a file was read: what it is, and what was assumed about it."""

    kind: str
    encoding: str = ""
    sureness: Sureness = Sureness.CERTAIN
    delimiter: str = ""
    quote: str = ""
    escape: str = ""
    header_row: int = 1
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    notes: tuple[_StrOrPromise, ...] = ()


@dataclass(frozen=True)
class Row:
    """One row: its number in the file (the header is 1), its cells by column, and why it cannot be used, if so."""

    row_no: int
    cells: dict[str, str]
    problem: str = ""


@dataclass(frozen=True)
class Table:
    """An open table. `rows` may be walked once; `others` are the tables below it that were met on the way: where each begins, and its columns."""

    header: list[str]
    rows: Iterator[Row]
    read_as: ReadAs
    others: list[Other] = field(default_factory=list)


@dataclass(frozen=True)
class Layout:
    """Where the header begins and ends among the records (0: there is none), and the names of the columns. `n_skipped` records went before."""

    header_row: int
    last_row: int
    names: list[str]
    notes: list[_StrOrPromise] = field(default_factory=list)
    n_skipped: int = 0
    is_one_table: bool = False
    others: list[Other] = field(default_factory=list)


def lay_out(sample: Sequence[list[str]], *, header_row: int | None) -> Layout:
    """Find the header in the first records of a file and name the columns. Raises FileRefused when no table can be seen."""
    if not any(any(cell.strip() for cell in cells) for cells in sample):
        raise FileRefused(_("The file is empty."))
    notes: list[_StrOrPromise] = []
    at = headers.header_row(sample) if header_row is None else header_row
    if at > len(sample):
        raise FileRefused(_("The header cannot be row %(row)s: it must stand among the first %(n)s.") % {"row": at, "n": len(sample)})
    below, span = sample[at:], 1 if at else 0
    raw = sample[at - 1] if at else [""] * max(map(len, below))
    if at and headers.is_split(sample, at - 1):
        raw, below, span = headers.joined(raw, sample[at]), sample[at + 1 :], 2
        notes.append(_("The column names stand in two rows, %(row)s and %(next)s, and are joined.") % {"row": at, "next": at + 1})
    raw = [*raw, *[""] * (_usual_width(below) - len(raw))]
    if header_row is None and at > 1:
        notes.append(_("The header was found in row %(row)s; what stands above it is left out.") % {"row": at})
    if header_row is None and not at:
        notes.append(_("The file has no row of column names, so its columns are numbered."))
    return Layout(at, at - 1 + span if at else 0, _names(raw, below, notes), notes)


def _usual_width(rows: Sequence[list[str]]) -> int:
    """How wide most rows are. Where that is more than the header, a name is missing; where only a few rows are, those are wrong."""
    widths = sorted(max((at for at, cell in enumerate(cells, start=1) if cell.strip()), default=0) for cells in rows)
    return widths[(len(widths) - 1) // 2] if len(widths) > 2 else 0


def _names(raw: Sequence[str], below: Sequence[list[str]], notes: list[_StrOrPromise]) -> list[str]:
    """The names of the columns: what the header says, made distinct, and a number for what has no name but values."""
    said = [" ".join(name.replace("\ufeff", "").split()) for name in raw]
    if "\0" in "".join(said):
        raise FileRefused(_("The column names hold NUL characters: this is not a text file."))
    while said and not said[-1] and not _has_values(below, len(said) - 1):
        said.pop()
    if not said:
        raise FileRefused(_("The first row has no column names."))
    if len(said) > MOST_COLUMNS:
        raise FileRefused(_("The file has %(n)s columns; at most %(most)s can be read.") % {"n": len(said), "most": MOST_COLUMNS})
    taken = Counter(said)
    names: list[str] = []
    seen: Counter[str] = Counter()
    for no, name in enumerate(said, start=1):
        seen[name] += 1
        own = name or f"column_{no}"
        while own in names or (own != name and own in taken):
            own = f"{name or f'column_{no}'} ({seen[name]})"
            seen[name] += 1
        if name and own != name:
            notes.append(
                _("The column “%(name)s” stands in the header more than once; this one is called “%(own)s” here.") % {"name": name[:80], "own": own[:80]}
            )
        names.append(own)
    return names


def _has_values(rows: Sequence[list[str]], at: int) -> bool:
    return any(len(cells) > at and cells[at].strip() for cells in rows)


def rows_of(records: Iterator[Record], layout: Layout) -> Iterator[Row]:
    """The rows below the header. What stands between two parts of one table is left out; another table, and notes below it, are named."""
    header = layout.names
    for row_no, cells, problem in records_of(records, layout):
        yield Row(row_no, dict(zip(header, cells, strict=False)), str(problem or _problem(header, cells)))


def records_of(records: Iterator[Record], layout: Layout) -> Iterator[tuple[int, list[str], _StrOrPromise]]:
    """The records that are rows, each with its number in the file and what was wrong about it when it was read."""
    below = itertools.islice(enumerate(records, start=1 + layout.n_skipped), layout.last_row - layout.n_skipped, None)
    return _without_titles(Feed(below), layout)


def _without_titles(records: Feed, layout: Layout) -> Iterator[tuple[int, list[str], _StrOrPromise]]:
    """The records without blank ones, and without a header that is said again and the title above it.

    A lone cell behind a blank record is held back until it is seen what follows: the header again, more rows, or nothing. From the header of
    another table on each row says so, until the first header comes again.
    """
    held: list[tuple[int, list[str]]] = []
    header, is_behind_blank, stranger = layout.names, False, ""
    above = own = Above(header)
    for row_no, (cells, problem) in records:
        if not problem and not any(map(str.strip, cells)):
            is_behind_blank = True
            continue
        if not problem and _is_header_again(cells, header):
            held.clear()
            is_behind_blank, stranger, above = False, "", own
            continue
        if not problem and is_behind_blank and not layout.is_one_table and is_header(cells, above, records):
            held.clear()
            is_behind_blank, stranger, above = False, _begin_other(layout, row_no, cells), Above(cells)
            continue
        if not problem and is_behind_blank and not stranger and len(header) > 1 and len(held) < _HELD and sum(map(bool, map(str.strip, cells))) == 1:
            held.append((row_no, cells))
            continue
        yield from ((no, lone, "") for no, lone in held)
        held.clear()
        is_behind_blank = False
        above.note(cells)
        yield row_no, cells, problem or stranger
    for no, lone in held:
        is_note = len(lone) == 1 and len(header) > 2
        yield no, lone, _("This looks like a note below the table, not like a row.") if is_note else ""


def another_table(row_no: int, names: list[str]) -> _StrOrPromise:
    """What there is to say about another table in the file."""
    return _("Another table begins in row %(row)s with the columns %(names)s. It is not mixed with this one.") % {"row": row_no, "names": ", ".join(names[:6])}


def _begin_other(layout: Layout, row_no: int, cells: list[str]) -> str:
    """Keep in mind that another table begins there; → what each of its rows says."""
    names = [" ".join(cell.split())[:60] for cell in cells if cell.strip()]
    if len(layout.others) < _OTHERS:
        layout.others.append((row_no, names))
    return str(
        _("This row belongs to another table of the file, which begins in row %(row)s with the columns %(names)s. Bring that table as a file of its own.")
        % {"row": row_no, "names": ", ".join(names[:6])}
    )


def _is_header_again(cells: list[str], header: list[str]) -> bool:
    if " ".join(cells[0].split()) != header[0]:
        return False
    said = [" ".join(cell.split()) for cell in cells]
    while said and not said[-1]:
        said.pop()
    return len(said) > 1 and said == header[: len(said)] and len(said) == len(header)


def _problem(header: list[str], cells: list[str]) -> _StrOrPromise:
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        return _("The row has %(n)s cells, the header only %(m)s.") % {"n": len(cells), "m": len(header)}
    together = "".join(cells)
    if len(together) <= LARGEST_CELL and "\0" not in together and (together.isascii() or _is_text(together)):
        return ""
    for cell in cells:
        if "\0" in cell:
            return _("The row holds a NUL character.")
        if len(cell) > LARGEST_CELL:
            return _("A cell of the row is larger than ten million characters.")
        if not _is_text(cell):
            return _("The row holds bytes that are no text in this file's encoding.")
    return ""


def _is_text(words: str) -> bool:
    """Whether there is no half character in it, which stands for bytes that could not be read."""
    try:
        words.encode()
    except UnicodeEncodeError:
        return False
    return True
