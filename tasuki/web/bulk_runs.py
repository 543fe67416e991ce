"""Changes of many rows, once they are begun: how far each is, stopping it and going on, what was refused and why, its undo, and all of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities, audit, tables
from tasuki.core.abilities import Ability
from tasuki.core.audit import Door
from tasuki.core.bulk import running
from tasuki.core.bulk.runs import BulkRow, BulkRun, BulkState
from tasuki.core.bulk.verbs import verbs
from tasuki.core.people import User
from tasuki.web import bulk_words, found_rows, toasts
from tasuki.web.found_rows import Row
from tasuki.web.lists.nouns import SPECS
from tasuki.web.records import next_page
from tasuki.web.requests import UserRequest, by

_SHOWN, _RUNS, _AT_ONCE = 200, 50, 2_000


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    """One's own, the latest first: whoever left the page of one finds it, and its undo, here."""
    runs = list(BulkRun.objects.visible_to(request.user).of(request.user)[:_RUNS])
    return render(request, "bulk/runs.jinja", {"runs": [(run, bulk_words.title(run), _may_undo(run, request.user)) for run in runs]})


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(BulkRun.objects.visible_to(request.user).select_related("started_by"), pk=pk)
    refused = list(run.rows.not_done()[: _SHOWN + 1])
    names = _named(run, refused[:_SHOWN], reader=request.user)
    context = {
        "run": run,
        "title": bulk_words.title(run),
        "verb": verbs()[run.of, run.verb],
        "refused": [(row, names.get(row.record_id)) for row in refused[:_SHOWN]],
        "n_shown": _SHOWN if len(refused) > _SHOWN else 0,
        "may_undo": _may_undo(run, request.user),
        "list_name": SPECS[run.of].name,
    }
    return render(request, "bulk/page.jinja", context)


@require_GET
def refused(request: UserRequest, pk: int) -> StreamingHttpResponse:
    """All that was refused or kept as it is, as CSV. Who may not take data out has the numbers and the reasons, and no names."""
    run = get_object_or_404(BulkRun.objects.visible_to(request.user), pk=pk)
    with_names, at = abilities.can(request.user, Ability.EXPORT_DATA), now()
    if with_names:
        audit.record(run, action="export", by=by(request), at=at, changes={"form": (None, "csv")})
    head = [_("Number"), *([_("Record")] if with_names else []), _("Address"), _("Reason")]
    rows = _lines(run, reader=request.user, with_names=with_names, site=request.build_absolute_uri("/").rstrip("/"))
    disposition = {"Content-Disposition": f'attachment; filename="{run.of}-{run.verb}-{at:%Y-%m-%d}-refused.csv"'}
    return StreamingHttpResponse(tables.csv_lines(head, rows), content_type="text/csv; charset=utf-8", headers=disposition)


@require_POST
def stopping(request: UserRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(BulkRun.objects.visible_to(request.user), pk=pk)
    running.stop(run, person=request.user, at=now())
    return redirect("bulk", pk)


@require_POST
def resuming(request: UserRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(BulkRun.objects.visible_to(request.user), pk=pk)
    running.go_on(run, person=request.user, at=now())
    running.run_bulk.defer(run_id=pk)
    return redirect("bulk", pk)


@require_POST
def undoing(request: UserRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(BulkRun.objects.visible_to(request.user), pk=pk)
    run = running.ask_undo(run, person=request.user, at=now())
    if run.n_rows > running.AT_ONCE:
        running.run_bulk.defer(run_id=run.pk)
        return redirect("bulk", pk)
    run = running.undo(run, door=Door.WEB, at=now())
    # Whoever pressed Undo on a list goes on there; what could not be brought back is told on the page of the change.
    if run.n_undone < run.n_done or "next" not in request.POST:
        return redirect("bulk", pk)
    toasts.say(request, ngettext("%(n)s row is brought back.", "%(n)s rows are brought back.", run.n_undone) % {"n": run.n_undone})
    return redirect(next_page(request.POST.get("next", "")) or reverse("home"))


def _may_undo(run: BulkRun, person: User) -> bool:
    verb = verbs().get((run.of, run.verb))
    if verb is None or verb.undo is None or not run.n_done or run.state not in (BulkState.DONE, BulkState.STOPPED):
        return False
    return abilities.can(person, verb.ability)


def _named(run: BulkRun, rows: list[BulkRow], *, reader: User) -> dict[int, Row]:
    """How each is called, for those that the reader sees; one query."""
    return {pk: row for (_noun, pk), row in found_rows.rows(reader, [(run.of, row.record_id) for row in rows]).items()}


def _lines(run: BulkRun, *, reader: User, with_names: bool, site: str) -> Iterator[list[object]]:
    """In the reader's language, also when the answer has long begun."""
    with translation.override(reader.language):
        reading = run.rows.not_done().iterator(chunk_size=_AT_ONCE)
        while rows := list(islice(reading, _AT_ONCE)):
            seen = _named(run, rows, reader=reader)
            for row in rows:
                known = seen.get(row.record_id)
                names = [known.name if known else ""] if with_names else []
                yield [row.record_id, *names, f"{site}{known.href}" if known else "", row.reason]
