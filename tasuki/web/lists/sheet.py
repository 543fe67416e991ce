"""The rows of a list as HTML: written in Python, as a page has fifty of them with ten cells each. What a cell shows is said by the noun's cells.jinja."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from markupsafe import Markup, escape

from tasuki.web.pieces import drawn_pen, icon

if TYPE_CHECKING:
    from tasuki.web.lists.page import Heading, Page

Shows = Callable[[Any], str]


@dataclass(frozen=True)
class _Column:
    """What the cells of a column have in common. `key` names the field that the pencil changes, "" for no pencil; `change` is what the
    pencil says, escaped but for the %(name)s of the row."""

    shows: Shows
    number: str
    key: str
    change: str


def rows(page: Page, shown: Iterable[Any], *, cells: Any, custom_value: Callable[..., str]) -> Markup:
    """A line of the table for each row: `cells` are the macros of the noun, by the keys of its columns; `custom_value` is that of custom fields."""
    columns = {
        is_open: [_column(page, one, _shows(page, one, cells, custom_value=custom_value), is_open=is_open) for one in page.headings]
        for is_open in (True, False)
    }
    peek = reverse(page.spec.peek, args=[0]).partition("0") if page.spec.peek else None
    pencil = icon("pencil", "s")
    return Markup("").join([_row(page, row, columns=columns[page.edits.is_open(row)], peek=peek, pencil=pencil) for row in shown])


def _shows(page: Page, heading: Heading, cells: Any, *, custom_value: Callable[..., str]) -> Shows:
    column = heading.column
    if column.custom:
        return lambda row: custom_value(page.said(column, row), is_cell=True)
    macro: Shows = getattr(cells, column.key)
    return macro


def _column(page: Page, heading: Heading, shows: Shows, *, is_open: bool) -> _Column:
    column = heading.column
    key = column.edit_key if column.edit_key and page.edits.allows(column.edit_key, is_open=is_open) else ""
    return _Column(shows, "num" if column.is_number else "", key, str(escape(heading.change)) if key else "")


def _row(page: Page, row: Any, *, columns: list[_Column], peek: tuple[str, str, str] | None, pencil: Markup) -> Markup:
    noun, pk, said = page.spec.noun, row.pk, str(escape(str(row)))
    glance = f' data-peek="{peek[0]}{pk}{peek[2]}"' if peek else ""
    parts = [f'<tr id="{noun}-{pk}"{glance}>']
    if page.has_verbs:
        label = str(escape(page.select)).replace("%(name)s", said)
        parts.append(f'<td class="col-check"><input class="check" type="checkbox" name="id" value="{pk}" form="bulk" aria-label="{label}"></td>')
    for one in columns:
        shown = escape(one.shows(row))
        if one.key:
            pen = drawn_pen(page.edits.href(row, one.key), one.change.replace("%(name)s", said), pencil)
            number = f" {one.number}" if one.number else ""
            parts.append(f'<td class="can-edit{number}" data-edit="{noun}-{pk}-{one.key}">{shown}{pen}</td>')
        else:
            parts.append(f'<td class="{one.number}">{shown}</td>' if one.number else f"<td>{shown}</td>")
    parts.append("</tr>")
    return Markup("".join(parts))  # noqa: S704 - each part is escaped, or a key or number of ours
