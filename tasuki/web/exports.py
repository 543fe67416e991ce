"""Export: the rows of a list as it stands, with the columns that it shows, as CSV or XLSX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tasuki.core import abilities, absences, audit, saved_views, tables, workbook
from tasuki.core.abilities import Ability
from tasuki.core.filters import sentences
from tasuki.core.imports.own_exports import NUMBERS
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tasuki.relay.clocks import Clock
from tasuki.web import custom_values, nouns
from tasuki.web.audit import ACTIONS
from tasuki.web.changes import in_words
from tasuki.web.custom_values import Names
from tasuki.web.lists import counting, page, state
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.nouns import SPECS
from tasuki.web.lists.spec import Column
from tasuki.web.requests import UserRequest, by

_AT_ONCE = 2_000
# What the database guesses of a filter may be so many times too few.
_MOST_OFF = 10
Besides = dict[int, Any]


@require_GET
def export(request: UserRequest, noun: str) -> HttpResponse | StreamingHttpResponse:
    """Rows leave as they are read, and take no memory. That they left is in the audit log. Raises TooManyRows for a workbook of too many."""
    abilities.require(request.user, Ability.EXPORT_DATA)
    if noun not in SPECS:
        raise Http404
    spec = spec_of(SPECS[noun], request.user)
    listed = state.read(request, spec, saved_views.seen_by(request.user, noun))
    form, at = request.GET.get("form", ""), now()
    if form not in ("csv", "xlsx"):
        raise BadRequest(_("A list can be exported as csv or xlsx."))
    columns = [column for key in listed.columns if (column := spec.column(key)) and (column.value_path or column.custom or column.key in _BESIDES)]
    # The query is made now, so that what is wrong with the filter is said before anything is sent.
    narrowed = page.narrowed(spec, listed, reader=request.user, at=at)
    found = page.order_of(listed, spec, request.user).applied(narrowed)
    n_rows = _about(narrowed) if form == "xlsx" else 0
    number = NUMBERS.get(noun, "")
    head, rows = [*_head(columns), *([number] if number else [])], _rows(found, columns, reader=request.user, with_number=bool(number))
    changes = {"list": (None, noun), "filter": (None, sentences.written(listed.filter)), "search": (None, listed.q), "form": (None, form)}
    audit.record(the_organisation(), action="export", by=by(request), at=at, changes=changes)
    name = f"{noun}-{at:%Y-%m-%d}.{form}"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "xlsx":
        return StreamingHttpResponse(workbook.pieces(head, rows, n_rows=n_rows), content_type=workbook.MEDIA_TYPE, headers=disposition)
    return StreamingHttpResponse(tables.csv_lines(head, rows), content_type="text/csv; charset=utf-8", headers=disposition)


def _about(rows: QuerySet[Any]) -> int:
    """How many rows there are; those that may be too many for a workbook are counted. Raises TooManyRows."""
    n_rows = counting.estimated(rows)
    if n_rows * _MOST_OFF >= workbook.MOST_ROWS:
        n_rows = rows.order_by().values("pk")[: workbook.MOST_ROWS].count()
    workbook.refuse_too_many(n_rows)
    return n_rows


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
            besides = {column.key: _BESIDES[column.key](rows, reader, zone) for column in columns if column.key in _BESIDES}
            for row in rows:
                cells = (cell for column in columns for cell in _cells(row, column, zone=zone, names=names, besides=besides))
                yield [*cells, *([row.pk] if with_number else [])]


def _next_tasks(rows: list[Any], reader: User, _zone: ZoneInfo) -> Besides:
    leads = {row.pk: row if isinstance(row, Lead) else row.lead for row in rows}
    found = Task.objects.visible_to(reader).next_of(list(leads.values()))
    return {pk: " · ".join(filter(None, (task.subject, str(task.due_on or "")))) for pk, lead in leads.items() if (task := found.get(lead.pk))}


def _answers_due(rows: list[Any], reader: User, zone: ZoneInfo) -> Besides:
    clocks = Clock.objects.visible_to(reader).of_leads([row.pk for row in rows])
    return {pk: clock.due_at.astimezone(zone) for pk, clock in clocks.items() if clock.due_at}


def _subjects(rows: list[Any], _reader: User, _zone: ZoneInfo) -> Besides:
    return {row.pk: str(about) for row in rows if (about := row.lead or row.contact or row.account)}


def _roles(rows: list[Any], _reader: User, _zone: ZoneInfo) -> Besides:
    return {row.pk: ", ".join(str(grant.get_role_display()) for grant in row.role_grants.all()) for row in rows}


def _away_until(rows: list[Any], reader: User, _zone: ZoneInfo) -> Besides:
    return {pk: absence.last_on for pk, absence in absences.by_person(rows, seen_by=reader).items()}


def _actors(rows: list[Any], _reader: User, _zone: ZoneInfo) -> Besides:
    return {row.pk: row.actor.display_name if row.actor else "Tasuki" for row in rows}


def _records(rows: list[Any], _reader: User, _zone: ZoneInfo) -> Besides:
    return {row.pk: f"{nouns.label(row.noun)} {row.record_id}" for row in rows}


def _actions(rows: list[Any], _reader: User, _zone: ZoneInfo) -> Besides:
    return {row.pk: str(ACTIONS.get(row.action, row.action)) for row in rows}


def _changes(rows: list[Any], reader: User, _zone: ZoneInfo) -> Besides:
    told = in_words(rows, reader=reader)
    return {pk: "; ".join(f"{one.field}: {one.before} → {one.after}" for one in changes) for pk, changes in told.items()}


# What a column shows that stands on no path of its rows: by the id of the row, asked once for many.
_BESIDES = {"next_task": _next_tasks, "clock": _answers_due, "about": _subjects, "role": _roles, "away": _away_until}
_BESIDES |= {"actor": _actors, "record": _records, "action": _actions, "changes": _changes}


def _cells(row: Any, column: Column, *, zone: ZoneInfo, names: Names, besides: Mapping[str, Besides]) -> list[Any]:
    """The value of a column, and in a second cell its currency where it has one."""
    if column.key in besides:
        return [besides[column.key].get(row.pk)]
    if column.custom:
        return custom_values.exported(column.custom, row, names)
    return [_value(row, path, zone) for path in (column.value_path, column.currency) if path]


def _value(row: Any, path: str, zone: ZoneInfo) -> Any:
    for step in path.split("__"):
        # The other end of a one-to-one relation, such as the score of a lead, may not be there.
        row = None if row is None else getattr(row, step, None)
    value = row() if callable(row) else row
    return value.astimezone(zone) if isinstance(value, datetime) else value
