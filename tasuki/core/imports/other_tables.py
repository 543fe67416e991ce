"""Another table in the same file: seen by its own header, named by the row where it begins, and never mixed with the first."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tasuki.core.imports import headers, synonyms

if TYPE_CHECKING:
    from tasuki.core.imports.tables import Record

# How many rows tell what the columns of a table hold, above and below a header.
_ABOVE, _BELOW = 40, 12
_LONGEST_NAME = 60


class Feed:
    """Numbered records that can be looked at before they are taken."""

    def __init__(self, records: Iterator[tuple[int, Record]]) -> None:
        self._records, self._ahead = records, deque[tuple[int, "Record"]]()

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        return self

    def __next__(self) -> tuple[int, Record]:
        return self._ahead.popleft() if self._ahead else next(self._records)

    def coming(self) -> list[list[str]]:
        """The cells of the next records, up to a blank one."""
        self._ahead.extend(itertools.islice(self._records, max(0, _BELOW - len(self._ahead))))
        found = [cells for _no, (cells, _problem) in self._ahead]
        return list(itertools.takewhile(lambda cells: any(map(str.strip, cells)), found))


class Above:
    """What the columns of the table hold that is being read."""

    def __init__(self, header: Sequence[str]) -> None:
        self.header = header
        self._rows: list[list[str]] = []
        self._kinds: dict[int, str] | None = None

    def note(self, cells: list[str]) -> None:
        if len(self._rows) < _ABOVE:
            self._rows.append(cells)
            self._kinds = None

    @property
    def kinds(self) -> dict[int, str]:
        if self._kinds is None:
            self._kinds = headers.kinds_of(self._rows)
        return self._kinds


def is_header(cells: list[str], above: Above, feed: Feed) -> bool:
    """Whether a record behind a blank one names the columns of another table.

    Its cells are words, all different. They stand in columns that held numbers, days or addresses until here, and such stand below them; or
    half of them are words that columns are called by, and the table below is not as wide or holds something else.
    """
    names = [cell.strip() for cell in cells if cell.strip()]
    if len(names) < 2 or len({name.casefold() for name in names}) < len(names) or any(len(name) > _LONGEST_NAME or headers.kind_of(name) for name in names):
        return False
    below = feed.coming()
    if not any(sum(map(bool, map(str.strip, row))) > 1 for row in below):
        return False
    named = [at for at, cell in enumerate(cells) if cell.strip()]
    kinds = headers.kinds_of(below)
    disagrees, is_typed = any(at in above.kinds for at in named), any(at in kinds for at in named)
    known = sum(synonyms.is_name(name) for name in names)
    is_wider = len(names) != sum(map(bool, map(str.strip, above.header)))
    return (disagrees and is_typed) or (known >= 2 and 2 * known >= len(names) and (disagrees or is_typed or is_wider))
