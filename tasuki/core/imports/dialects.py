"""How a text file sets its cells apart: delimiter, quotation mark, escape; and the records of such a file."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from tasuki.core.imports.headers import kind_of
from tasuki.core.imports.tables import LARGEST_CELL, FileRefused, Record

# A line may hold many cells, but no more than memory can bear.
LARGEST_LINE = 32_000_000
_DELIMITERS = ",;\t|"
_RECORDS = 300
_CONTROLS = re.compile("[\x80-\x9f]")


@dataclass(frozen=True)
class Dialect:
    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    is_spaced: bool = False  # a blank between the delimiter and a quotation mark


def dialect_of(head: str) -> Dialect:
    """The dialect in which the beginning of a file makes the most regular table.

    Each delimiter is tried: the score is high when many records have the same number of cells, more than one, and when
    the cells look like values (the pattern and type scores of van den Burg, Nazábal and Sutton 2019, much simplified).
    """
    quote, escape = _quote_of(head), ""
    if _is_backslashed(head, quote):
        escape = "\\"
    ranked = []
    for delimiter in _DELIMITERS:
        is_spaced = bool(re.search(rf"(?:^|[^{quote}{re.escape(delimiter)}\n]){re.escape(delimiter)} {quote}", head))
        dialect = Dialect(delimiter, quote, escape, is_spaced)
        ranked.append((_regularity(head, dialect), -_DELIMITERS.index(delimiter), dialect))
    return max(ranked, key=lambda one: one[:2])[2]


def _regularity(head: str, dialect: Dialect) -> float:
    cells_of = [cells for cells, problem in itertools.islice(records(io.StringIO(head, newline=""), dialect), _RECORDS) if cells and not problem]
    if not cells_of:
        return 0.0
    widths = Counter(map(len, cells_of))
    pattern = sum(n * max(0.001, width - 1) / width for width, n in widths.items()) / (len(widths) * len(cells_of))
    cells = [cell for cells in cells_of for cell in cells]
    return pattern * sum(map(_plainness, cells)) / len(cells)


def _plainness(cell: str) -> float:
    """How much a cell looks like one value: another delimiter inside speaks against it."""
    if not cell.strip() or kind_of(cell):
        return 1.0
    return 0.3 if any(sign in cell for sign in ";\t|") else 0.9


def _quote_of(head: str) -> str:
    """The single quotation mark, where whole cells stand in it and none in the double one; else the double one."""
    double = len(re.findall(r'(?:^|[,;\t|])\s?"', head, re.MULTILINE))
    single = len(re.findall(r"(?:^|[,;\t|])'[^'\n]*'(?=[,;\t|\r\n]|$)", head, re.MULTILINE))
    opened = len(re.findall(r"(?:^|[,;\t|])'", head, re.MULTILINE))
    return "'" if single > 2 and not double and single >= 0.9 * opened else '"'


def _is_backslashed(head: str, quote: str) -> bool:
    """Whether a quotation mark inside a cell stands behind a backslash, rather than a cell ends with one."""
    inside = len(re.findall(rf"\\{quote}(?![,;\t|\r\n]|$)", head))
    at_end = len(re.findall(rf"[^\\]\\{quote}(?=[,;\t|\r\n]|$)(?!{quote})", head))
    doubled = len(re.findall(rf"\\{quote}{quote}", head))
    return inside > doubled and inside >= at_end


def records(lines: Iterable[str], dialect: Dialect) -> Iterator[Record]:
    """The records of a CSV file. A quote that is never closed would swallow the rows after it, so its line is given up alone.

    Strict, because only then the reader says that a quoted cell ran on to the end of the file, or into the next quote.
    """
    # The limit bounds how much is read on behind a quote that is not closed, too.
    csv.field_size_limit(LARGEST_CELL)
    feed, held, taken = iter(lines), deque[str](), list[str]()
    reader = _reader(_noted(feed, held, taken), dialect)
    while True:
        taken.clear()
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            if len(taken[0]) > LARGEST_CELL:
                yield [], _("A cell of the row is larger than ten million characters.")
            else:
                yield [], _("The quotation marks of the row are wrong: one is not closed, or stands in the middle of a cell.")
            held.extendleft(reversed(taken[1:]))
            reader = _reader(_noted(feed, held, taken), dialect)
        else:
            if len(taken[0]) >= LARGEST_LINE:
                yield [], _("The row is larger than %(n)s million characters.") % {"n": LARGEST_LINE // 1_000_000}
            else:
                yield record, ""


def _reader(lines: Iterator[str], dialect: Dialect) -> Iterator[list[str]]:
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape or None,
        doublequote=True,
        skipinitialspace=dialect.is_spaced,
        strict=True,
    )


def lines_of(path: Path, encoding: str) -> Iterator[str]:
    """The lines of a file as text; of one that is too long only its beginning, so that no line fills the memory."""
    try:
        with path.open(encoding=encoding, errors="tasuki_marked", newline="") as file:
            while line := file.readline(LARGEST_LINE):
                yield _mended(line) if not line.isascii() else line
                while len(line) >= LARGEST_LINE and not line.endswith(("\n", "\r")):
                    line = file.readline(LARGEST_LINE)
    except LookupError:
        raise FileRefused(_("There is no encoding “%(name)s”.") % {"name": encoding[:40]}) from None
    except UnicodeError:
        # Such as UTF-16 that does not begin with a mark of its byte order.
        raise FileRefused(_("The file is not written in the encoding “%(name)s”.") % {"name": encoding[:40]}) from None


def _mended(line: str) -> str:
    """The line without control signs that no text has: they are letters of Windows that some program took for Latin-1."""
    return _CONTROLS.sub(lambda found: found[0].encode("latin-1").decode("cp1252", errors="ignore"), line)


def _noted(feed: Iterator[str], held: deque[str], taken: list[str]) -> Iterator[str]:
    """The lines held back before, then new ones; each that is taken is noted."""
    while (line := held.popleft() if held else next(feed, None)) is not None:
        taken.append(line)
        yield line


def _marked(error: UnicodeError) -> tuple[str, int]:
    """What stands for bytes that are no text: half a character, which no encoding can hold, so that the row is known by it."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - says which error it is to the type checker
    return "\udc80", error.end


codecs.register_error("tasuki_marked", _marked)
