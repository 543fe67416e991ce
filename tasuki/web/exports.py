"""Export: the rows of a list as it stands, with the columns that it shows, as CSV or XLSX."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tasuki.core import abilities, audit, tables
from tasuki.core.abilities import Ability
from tasuki.core.filters import sentences
from tasuki.core.imports.own_exports import NUMBERS
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.core.saved_views import SavedView
from tasuki.web import custom_values
from tasuki.web.custom_values import Names
from tasuki.web.lists import page, state
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.nouns import SPECS
from tasuki.web.lists.spec import Column
from tasuki.web.requests import UserRequest, by

_AT_ONCE = 2_000


@require_GET
def export(request: UserRequest, noun: str) -> HttpResponse | StreamingHttpResponse | FileResponse:
    """Rows leave as they are read: a million of them take no memory. That they left is in the audit log."""
    abilities.require(request.user, Ability.EXPORT_DATA)
    if noun not in SPECS:
        raise Http404
    spec = spec_of(SPECS[noun], request.user)
    listed = state.read(request, spec, list(SavedView.objects.visible_to(request.user).of_list(noun)))
    form, at = request.GET.get("form", ""), now()
    if form not in ("csv", "xlsx"):
        raise BadRequest(_("A list can be exported as csv or xlsx."))
    columns = [column for key in listed.columns if (column := spec.column(key)) and (column.value_path or column.custom)]
    # The query is made now, so that what is wrong with the filter is said before anything is sent.
    found = page.order_of(listed, spec).applied(page.narrowed(spec, listed, reader=request.user, at=at))
    number = NUMBERS.get(noun, "")
    head, rows = [*_head(columns), *([number] if number else [])], _rows(found, columns, reader=request.user, with_number=bool(number))
    changes = {"list": (None, noun), "filter": (None, sentences.written(listed.filter)), "search": (None, listed.q), "form": (None, form)}
    audit.record(the_organisation(), action="export", by=by(request), at=at, changes=changes)
    name = f"{noun}-{at:%Y-%m-%d}.{form}"
    if form == "xlsx":
        return FileResponse(tables.xlsx(head, rows), as_attachment=True, filename=name)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(tables.csv_lines(head, rows), content_type="text/csv; charset=utf-8", headers=disposition)


def _head(columns: list[Column]) -> list[str]:
    return [name for column in columns for name in (str(column.label), *([_("Currency")] if column.currency else []))]


def _rows(found: QuerySet[Any], columns: list[Column], *, reader: User, with_number: bool) -> Iterator[list[Any]]:
    """The words are in the reader's language, also when the answer has long begun. By its number a row is known when it comes back."""
    zone = ZoneInfo(reader.time_zone)
    custom = [column.custom for column in columns if column.custom]
    with translation.override(reader.language):
        reading = found.iterator(chunk_size=_AT_ONCE)
        while rows := list(islice(reading, _AT_ONCE)):
            names = custom_values.names_of(rows, custom, reader)
            for row in rows:
                yield [*(cell for column in columns for cell in _cells(row, column, zone=zone, names=names)), *([row.pk] if with_number else [])]


def _cells(row: Any, column: Column, *, zone: ZoneInfo, names: Names) -> list[Any]:
    """The value of a column, and in a second cell its currency where it has one."""
    if column.custom:
        return custom_values.exported(column.custom, row, names)
    return [_value(row, path, zone) for path in (column.value_path, column.currency) if path]


def _value(row: Any, path: str, zone: ZoneInfo) -> Any:
    for step in path.split("__"):
        row = None if row is None else getattr(row, step)
    value = row() if callable(row) else row
    return value.astimezone(zone) if isinstance(value, datetime) else value
