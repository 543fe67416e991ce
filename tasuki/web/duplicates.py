"""Duplicates: groups of records that are probably one, to compare, to merge, or to set apart for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm import duplicate_groups
from tasuki.crm.duplicate_groups import DuplicateGroup, GroupState
from tasuki.crm.merges.rows import MergeNoun
from tasuki.web import found_rows, merges, nouns, toasts
from tasuki.web.found_rows import Row
from tasuki.web.records import back, carried_out
from tasuki.web.requests import UserRequest, by, record_id

PAGE = 25


class ApartForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)


@dataclass(frozen=True)
class Shown:
    """A group with those of its records that the reader sees."""

    group: DuplicateGroup
    rows: Sequence[Row]
    compare: str


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    """Address: `of` the noun, `state`, and `before` the last group of the page before."""
    abilities.require(request.user, Ability.MERGE_RECORDS)
    of = request.GET.get("of", "")
    of = of if of in MergeNoun.values else MergeNoun.ACCOUNT.value
    state = request.GET.get("state", "")
    state = state if state in GroupState.values else GroupState.OPEN.value
    groups = DuplicateGroup.objects.visible_to(request.user).filter(of=of, state=state).select_related("settled_by").newest_first()
    if before := record_id(request.GET.get("before", "")):
        groups = groups.filter(pk__lt=before)
    found = list(groups[: PAGE + 1])
    context = {
        "of": of,
        "state": state,
        "shown": _with_rows(request, found[:PAGE]),
        "nouns": _nouns(request, of, state),
        "states": [(state_.label, _address(of, state_), state_ == state) for state_ in GroupState],
        "older": f"{_address(of, state)}&before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "apart_form": ApartForm(auto_id=False),
    }
    return render(request, "duplicates/list.jinja", context)


@require_POST
def apart(request: UserRequest, pk: int) -> HttpResponse:
    group = get_object_or_404(DuplicateGroup.objects.visible_to(request.user), pk=pk)
    form = ApartForm(request.POST)
    if carried_out(form, lambda said: duplicate_groups.set_apart(group, reason=said["reason"], by=by(request), at=now())):
        toasts.say(request, _("They are not the same, and are not proposed again."), undo=reverse("duplicate_reopening", args=[pk]))
    else:
        toasts.say(request, " ".join(str(error) for errors in form.errors.values() for error in errors), warns=True)
    return back(request, _address(group.of, GroupState.OPEN))


@require_POST
def reopening(request: UserRequest, pk: int) -> HttpResponse:
    group = get_object_or_404(DuplicateGroup.objects.visible_to(request.user), pk=pk)
    duplicate_groups.reopen(group, by=by(request), at=now())
    toasts.say(request, _("They are to be looked at again."))
    return redirect(_address(group.of, GroupState.OPEN))


def _with_rows(request: UserRequest, groups: Sequence[DuplicateGroup]) -> list[Shown]:
    rows = found_rows.rows(request.user, [(group.of, pk) for group in groups for pk in group.record_ids])
    found = []
    for group in groups:
        ids = [pk for pk in group.record_ids if (group.of, pk) in rows]
        found.append(Shown(group, [rows[group.of, pk] for pk in ids], merges.address(group.of, ids) if len(ids) > 1 else ""))
    return found


def _nouns(request: UserRequest, of: str, state: str) -> list[tuple[str, str, bool, int]]:
    """The tabs, each with how many groups are to be looked at."""
    rows = DuplicateGroup.objects.visible_to(request.user).filter(state=GroupState.OPEN).order_by().values_list("of").annotate(n=Count("pk"))
    n_open = dict(rows)
    return [(capfirst(str(nouns.plural(noun))), _address(noun, state), noun == of, n_open.get(noun.value, 0)) for noun in MergeNoun]


def _address(of: str, state: str) -> str:
    return f"{reverse('duplicates')}?{urlencode([('of', of), ('state', state)])}"
