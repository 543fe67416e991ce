"""How the rows of a list can be shown, and by which fields they can be put together in each way."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _

from tasuki.core.filters.fields import Field, Kind
from tasuki.web.lists.spec import Spec

# What an address calls the table; a state says nothing for it.
TABLE, BOARD, MONTH, WEEK = "table", "board", "calendar", "week"
BY_DAY = (MONTH, WEEK)
# As far as a calendar turns: it needs whole weeks around a month, and the month after.
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_ONE_OF = (Kind.CHOICE, Kind.PERSON, Kind.TEAM, Kind.RECORD)
_OTHERWISE_FEW = (Kind.CHECKBOX, Kind.DATE, Kind.MOMENT)
# A card is moved by a verb, so a board is by what a verb moves: these, and choices of custom fields.
_MOVED_BY = {"lead": "stage", "opportunity": "stage", "task": "due"}


def read(text: str, spec: Spec) -> str:
    """The rendering that an address names, "" for the table. Raises BadRequest for one that the list does not have."""
    if text in ("", TABLE):
        return ""
    if text not in offered(spec) and not (text == WEEK and MONTH in offered(spec)):
        raise BadRequest(_("This list cannot be shown that way."))
    return text


def read_grouping(text: str, rendering: str, spec: Spec) -> str:
    """The field that an address puts rows together by, "" for none. Raises BadRequest for one by which the rendering cannot."""
    if text and text not in _keys(spec, rendering):
        raise BadRequest(_("This list cannot be grouped by that."))
    return text


def read_day(text: str) -> str:
    """The day that a calendar is opened at, "" for today. Raises BadRequest for what is no day, and for one too far away to be turned to."""
    if not text:
        return ""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise BadRequest(_("The calendar does not go there."))
    return day.isoformat()


def known(rendering: str, grouping: str, spec: Spec) -> tuple[str, str]:
    """What a saved view says, as far as the noun still has it and the reader may see it."""
    try:
        rendering = read(rendering, spec)
    except BadRequest:
        return "", ""
    return rendering, grouping if grouping in _keys(spec, rendering) else ""


def offered(spec: Spec) -> list[str]:
    """The renderings that the list has beside the table."""
    return [one for one in (BOARD, MONTH) if groupings(spec, one)]


def groupings(spec: Spec, rendering: str) -> list[Field]:
    """The fields by which a rendering can put the rows together; a board and a calendar begin with the first."""
    found = [field for field in spec.fields if _FITS[rendering](field, spec.noun)]
    # A day that is planned before a moment that was.
    return sorted(found, key=lambda field: field.kind is Kind.MOMENT) if rendering in BY_DAY else found


def label(rendering: str) -> str:
    return {"": _("Table"), BOARD: _("Board"), MONTH: _("Month"), WEEK: _("Week")}[rendering]


def _keys(spec: Spec, rendering: str) -> set[str]:
    return {field.key for field in groupings(spec, rendering)}


def _has_few_values(field: Field, _noun: str) -> bool:
    """A table is put together by what has few values, and by days, of which it makes months."""
    if field.through or field.names:
        return False
    return field.kind in _OTHERWISE_FEW or (field.kind in _ONE_OF and field.options is not None)


def _is_moved(field: Field, noun: str) -> bool:
    return field.key == _MOVED_BY.get(noun) or (field.kind is Kind.CHOICE and field.key.startswith("custom."))


def _is_time(field: Field, _noun: str) -> bool:
    return field.kind in (Kind.DATE, Kind.MOMENT) and not field.through


_FITS = {"": _has_few_values, BOARD: _is_moved, MONTH: _is_time, WEEK: _is_time}
