"""Rows of a file beside the records that they may be about, before anything is written: what differs, and what becomes of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.core.imports import deciding, sets
from tasuki.core.imports.row_decisions import Chosen, Way
from tasuki.core.imports.runs import DuplicatePolicy, ImportRow
from tasuki.core.imports.sets import ImportFile, SetRefused
from tasuki.core.people import User
from tasuki.web import import_beside, import_forms
from tasuki.web.custom_beside import OfFile
from tasuki.web.import_beside import Cell, Said
from tasuki.web.import_sets import file_of
from tasuki.web.requests import UserRequest, by

PAGE = 10
_KINDS = ("unclear", "known")


@dataclass(frozen=True)
class Beside:
    """A record that the row may be about. `cells` stand in the order of the labels."""

    pk: int
    name: str
    href: str
    cells: list[Cell]


@dataclass(frozen=True)
class Card:
    """One row: what it says, field by field, what stands beside it, and what was chosen. `n_hidden` of the records may not be seen."""

    row_no: int
    why: list[str]
    typed: list[tuple[str, str]]
    beside: list[Beside]
    n_hidden: int
    chosen: str
    can_be_new: bool


@require_http_methods(["GET", "POST"])
def page(request: UserRequest, pk: int) -> HttpResponse:
    """Rows that may be about several records, or some of those that are about one, ten at a time. POST keeps what was chosen for them."""
    file = file_of(request, pk)
    kind = request.GET.get("which", "")
    kind = kind if kind in _KINDS else _KINDS[0]
    after = import_forms.number(request.GET.get("after", ""))
    if request.method == "POST":
        return _chosen(request, file, kind=kind)
    found = list(deciding.shown_rows(file).filter(trace__match__is_unclear=kind == "unclear", row_no__gt=after)[: PAGE + 1])
    run, mapping = file.rehearsal, sets.stored_mapping(file)
    counted = run.known if run else {}
    context = {
        "file": file,
        "run": run,
        "kind": kind,
        "tabs_": [
            (words, f"?which={which}", which == kind, n)
            for which, words, n in (("unclear", _("Not clear"), counted.get("unclear", 0)), ("known", _("Here already"), run.n_known if run else 0))
        ],
        "cards": _cards(file, found[:PAGE], user=request.user),
        "older": f"?which={kind}&after={found[PAGE - 1].row_no}" if len(found) > PAGE else "",
        "newer": f"?which={kind}" if after else "",
        "mapping": mapping,
        "policies": DuplicatePolicy.choices,
        "unclear": import_forms.UNCLEAR,
        "ways": dict(Way.choices),
        "is_open": file.run_id is None,
    }
    return render(request, "imports/matches.jinja", context)


@require_POST
def rules(request: UserRequest, pk: int) -> HttpResponse:
    """What becomes of all rows that nobody chose for one by one."""
    file = file_of(request, pk)
    before = sets.stored_mapping(file)
    deciding.rule(
        file,
        on_duplicate=request.POST.get("on_duplicate", before.on_duplicate),
        unclear=request.POST.get("unclear", before.unclear),
        by=by(request),
        at=now(),
    )
    return redirect("import_set", file.of_id)


def _chosen(request: UserRequest, file: ImportFile, *, kind: str) -> HttpResponse:
    numbers = [import_forms.number(text) for text in request.POST.getlist("row")[:PAGE]]
    deciding.choose(file, choices={n: _choice(request.POST.get(f"way-{n}", "")) for n in numbers}, by=by(request), at=now())
    last = max(numbers, default=0)
    are_more = deciding.shown_rows(file).filter(trace__match__is_unclear=kind == "unclear", row_no__gt=last).exists()
    return redirect(f"{reverse('import_file_matches', args=[file.pk])}?which={kind}&after={last}" if are_more else reverse("import_set", args=[file.of_id]))


def _choice(said: str) -> Chosen | None:
    way, _colon, target = said.partition(":")
    if not said:
        return None
    if way not in Way.values:
        raise SetRefused(_("Choose what becomes of the rows."))
    return Chosen(Way(way), import_forms.number(target) or None)


def _cards(file: ImportFile, rows: Sequence[ImportRow], *, user: User) -> list[Card]:
    matches = {row.row_no: (row.trace or {})["match"] for row in rows}
    wanted: dict[str, set[int]] = defaultdict(set)
    for match in matches.values():
        wanted[match["noun"]].update(match["ids"])
    beside = {noun: import_beside.records(noun or import_beside.record_of(file), ids, user=user) for noun, ids in wanted.items()}
    chosen = {row.row_no: row.as_chosen for row in file.decisions.filter(row_no__in=list(matches))}
    fields = import_beside.compared(file, user=user)
    there = [record for found in beside.values() for record in found.values()]
    custom = import_beside.custom_of(file, fields, [row.values or {} for row in rows], beside=there, user=user)
    return [
        _card(
            row, import_beside.said(fields, row.values or {}, custom=custom), custom, there=beside[matches[row.row_no]["noun"]], chosen=chosen.get(row.row_no)
        )
        for row in rows
    ]


def _card(row: ImportRow, said: list[Said], custom: OfFile, *, there: dict[int, Any], chosen: Chosen | None) -> Card:
    match = (row.trace or {})["match"]
    seen = [there[pk] for pk in match["ids"] if pk in there]
    return Card(
        row_no=row.row_no,
        why=[str(import_beside.WHY.get(by_, import_forms.FIELDS.get(by_, by_))) for by_ in match["by"]],
        typed=[(one.label, ", ".join(one.lines)) for one in said],
        beside=[Beside(one.pk, str(one), reverse(one.noun, args=[one.pk]), [import_beside.cell(line, one, custom=custom) for line in said]) for one in seen],
        n_hidden=len(match["ids"]) - len(seen),
        chosen=f"{chosen.way}:{chosen.target_id}" if chosen and chosen.target_id else chosen.way if chosen else "",
        can_be_new=match["by"][0] not in deciding.ONLY_ONE,
    )
