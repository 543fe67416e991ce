"""Merging what is one: the records side by side, the merge, its page, and its undo."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.search import finding
from tasuki.crm import duplicates, merging, unmerging
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.merges import contents
from tasuki.crm.merges.rows import FormerRecord, Merge
from tasuki.web import found_rows, nouns, side_by_side, toasts
from tasuki.web.lists.nouns import SPECS
from tasuki.web.records import next_page
from tasuki.web.requests import UserRequest, by, record_id

MODELS: dict[str, type[Account] | type[Contact] | type[Lead]] = {"account": Account, "contact": Contact, "lead": Lead}
_OFFERED = 12


@require_GET
def choosing(request: UserRequest, noun: str) -> HttpResponse:
    """From the rows that were ticked in a list to their page side by side."""
    abilities.require(request.user, Ability.MERGE_RECORDS)
    if noun not in MODELS:
        raise Http404
    ids = _ids(request.GET.getlist("id"))
    if 2 <= len(ids) <= merging.MOST and not request.GET.get("everything"):
        return redirect(address(noun, ids))
    toasts.say(request, _("Choose 2 to %(n)s records to merge.") % {"n": merging.MOST}, warns=True)
    return redirect(next_page(request.GET.get("next", "")) or reverse(SPECS[noun].name))


@require_GET
def new(request: UserRequest) -> HttpResponse:
    """Several records side by side; of a single one, what is probably the same."""
    abilities.require(request.user, Ability.MERGE_RECORDS)
    noun, records = _asked_for(request, request.GET.get("of", ""), request.GET.getlist("id"))
    if len(records) == 1:
        return _others(request, noun, records[0])
    return _compared(request, noun, records)


@require_POST
def create(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.MERGE_RECORDS)
    said = request.POST
    noun, records = _asked_for(request, said.get("of", ""), said.getlist("id"))
    survivor = next((one for one in records if one.pk == record_id(said.get("survivor", ""))), None)
    if survivor is None or len(records) < 2:
        return _compared(request, noun, records, problem=_("Say which of them stays."))
    others = [one for one in records if one.pk != survivor.pk]
    try:
        merge = merging.merge(survivor, others=others, chosen=_chosen(request), seen=_seen(request, records), by=by(request), at=now())
    except Forbidden:
        raise
    except Refused as refusal:
        return _compared(request, noun, records, problem=str(refusal))
    sentence = ngettext("%(n)s record is one with this now.", "%(n)s records are one with this now.", len(others)) % {"n": len(others)}
    toasts.say(request, sentence, undo=reverse("merge_undoing", args=[merge.pk]))
    return redirect(noun, survivor.pk)


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    merge = get_object_or_404(Merge.objects.visible_to(request.user).select_related("merged_by", "undone_by"), pk=pk)
    context = {
        "merge": merge,
        "others": list(zip(merge.other_ids, merge.other_names, strict=True)),
        "hindrance": unmerging.hindrance(merge),
        "moved": contents.moved(merge),
        "owners": contents.owners_before(merge),
        **_list_of(merge.of),
    }
    return render(request, "merges/page.jinja", context)


@require_POST
def undoing_it(request: UserRequest, pk: int) -> HttpResponse:
    merge = get_object_or_404(Merge.objects.visible_to(request.user), pk=pk)
    unmerging.undo(merge, by=by(request), at=now())
    toasts.say(request, _("The merge is undone: every record is by itself again."))
    return redirect(merge.of, merge.survivor_id)


def moved_on(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    """From the address of a record that was merged to the one that it is now. Raises Http404 for any other."""
    former = FormerRecord.objects.visible_to(request.user).filter(of=noun, former_id=pk).first()
    if former is None:
        raise Http404
    return redirect(noun, former.leads_to)


def _compared(request: UserRequest, noun: str, records: Sequence[Any], *, problem: str = "") -> HttpResponse:
    chosen = _chosen(request) if request.method == "POST" else {}
    survivor = record_id(request.POST.get("survivor", ""))
    context = {
        "noun": noun,
        "records": records,
        "table": side_by_side.table(request, noun, records, survivor_id=survivor, chosen=chosen),
        "problem": problem,
        **_list_of(noun),
    }
    return render(request, "merges/new.jinja", context, status=422 if problem else 200)


def _others(request: UserRequest, noun: str, record: Any) -> HttpResponse:
    """What could be the same as this record: by its keys, and by words that somebody looks for."""
    q = " ".join(request.GET.get("q", "").split())[:200]
    matches = [] if isinstance(record, Lead) else duplicates.like(record)
    sought = finding.find(request.user, q, most=_OFFERED, of=noun).ids.get(noun, []) if q else []
    why = {match.pk: ", ".join(str(key.label) for key in match.keys) for match in matches}
    wanted = [pk for pk in dict.fromkeys([*why, *(_of_the_same(request, record) if isinstance(record, Lead) else ()), *sought]) if pk != record.pk]
    rows = found_rows.rows(request.user, [(noun, pk) for pk in wanted])
    offered = [(pk, rows[noun, pk], why.get(pk, "")) for pk in wanted if (noun, pk) in rows][: _OFFERED * 2]
    return render(request, "merges/others.jinja", {"noun": noun, "record": record, "offered": offered, "q": q, **_list_of(noun)})


def _list_of(noun: str) -> dict[str, Any]:
    return {"list_name": SPECS[noun].name, "list_label": capfirst(str(nouns.plural(noun)))}


def _of_the_same(request: UserRequest, lead: Lead) -> list[int]:
    """Open leads of the same person, then of people at the same company."""
    found: list[int] = []
    for field in ("contact", "account"):
        if pk := getattr(lead, f"{field}_id"):
            rows = Lead.objects.visible_to(request.user).in_process().filter(**{field: pk}).exclude(pk=lead.pk).newest_first()
            found += rows.values_list("pk", flat=True)[:_OFFERED]
    return found


def _asked_for(request: UserRequest, noun: str, texts: Sequence[str]) -> tuple[str, list[Any]]:
    """The visible records of these ids, in their order. Raises Http404 without any."""
    if noun not in MODELS:
        raise Http404
    ids = _ids(texts)[: merging.MOST + 1]
    rows: Any = MODELS[noun].objects
    found = {one.pk: one for one in rows.visible_to(request.user).for_page().filter(pk__in=ids)}
    if not found:
        raise Http404
    return noun, [found[pk] for pk in ids if pk in found]


def _ids(texts: Sequence[str]) -> list[int]:
    return list(dict.fromkeys(pk for text in texts[:1_000] if (pk := record_id(text))))


def address(noun: str, ids: Sequence[int]) -> str:
    """Where these records stand side by side."""
    return f"{reverse('merge_new')}?{urlencode([('of', noun), *(('id', pk) for pk in ids)])}"


def _chosen(request: UserRequest) -> dict[str, int]:
    prefix = "field."
    said = {name.removeprefix(prefix): record_id(request.POST.get(name, "")) for name in request.POST if name.startswith(prefix)}
    return {key: pk if pk is not None else 0 for key, pk in said.items()}


def _seen(request: UserRequest, records: Sequence[Any]) -> dict[int, datetime]:
    """When each record was last changed as the page showed it; what cannot be read counts as never."""
    return {one.pk: _moment(request.POST.get(f"seen.{one.pk}", "")) for one in records}


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime(1, 1, 1, tzinfo=UTC)
