"""How the rows of a list can be shown, and by which fields they can be put together in each way."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _

from tasuki.core.filters.fields import Field, Kind
from tasuki.web.lists.spec import Spec

# What an address calls the table; a state says nothing for it.
TABLE = "table"
_ONE_OF = (Kind.CHOICE, Kind.PERSON, Kind.TEAM, Kind.RECORD)
_OTHERWISE_FEW = (Kind.CHECKBOX, Kind.DATE, Kind.MOMENT)


def read(text: str) -> str:
    """The rendering that an address names, "" for the table. Raises BadRequest for one that there is not."""
    if text in ("", TABLE):
        return ""
    raise BadRequest(_("This list cannot be shown that way."))


def read_grouping(text: str, spec: Spec) -> str:
    """The field that an address puts rows together by, "" for none. Raises BadRequest for one by which the rendering cannot."""
    if text and text not in {field.key for field in groupings(spec)}:
        raise BadRequest(_("This list cannot be grouped by that."))
    return text


def known(rendering: str, grouping: str, spec: Spec) -> tuple[str, str]:
    """What a saved view says, as far as the noun still has it and the reader may see it."""
    try:
        rendering = read(rendering)
    except BadRequest:
        return "", ""
    return rendering, grouping if grouping in {field.key for field in groupings(spec)} else ""


def groupings(spec: Spec) -> list[Field]:
    """The fields by which the rows can be put together: of few values, or of days, which a table puts together by month."""
    return [field for field in spec.fields if _has_few_values(field)]


def _has_few_values(field: Field) -> bool:
    if field.through or field.names:
        return False
    return field.kind in _OTHERWISE_FEW or (field.kind in _ONE_OF and field.options is not None)
