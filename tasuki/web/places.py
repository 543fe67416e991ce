"""Where a record stands on a board or in a calendar, and putting it somewhere else: by the verb that means it, or with the refusal of that verb."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tasuki.core import abilities
from tasuki.core.errors import Refused
from tasuki.core.filters.askers import asker
from tasuki.core.filters.fields import Field
from tasuki.sales.opportunities import Opportunity
from tasuki.web import formats, toasts
from tasuki.web.lists import filling, grouping, lanes, placing, renderings
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.grouping import Bucket
from tasuki.web.lists.nouns import SPECS
from tasuki.web.lists.placing import Placing
from tasuki.web.lists.spec import Spec
from tasuki.web.records import back, carried_out, next_page
from tasuki.web.requests import UserRequest, by, is_htmx

_LONGEST_KEY = 80


class MovedMeanwhile(Refused):
    """Somebody else was faster: what the person saw is not so any more."""

    code = "moved_meanwhile"
    status = 409

    def __init__(self, here: str) -> None:
        super().__init__(_("Somebody has moved it meanwhile: it is in “%(lane)s” now.") % {"lane": here})


@require_http_methods(["GET", "POST"])
def place(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    """GET: where the record can be put, or what has to be said first. POST: put it into `to`, if it still is in `was`."""
    spec, field = _asked(request, noun)
    abilities.require(request.user, placing.ability(noun))
    record = get_object_or_404(spec.rows(request.user), pk=pk)
    to = _said(request, "to")
    told = lanes.lanes(field, spec.rows(request.user), reader=request.user, at=now())
    form = placing.form_for(noun, field, to, request=request, record=record)
    if request.method == "GET":
        return _shown(request, _context(request, spec, field, record=record, told=told, to=to, form=form))
    if form is None:
        moved = _put(request, spec, field, pk=pk, told=told, said={})
    else:
        done = carried_out(form, lambda said: _put(request, spec, field, pk=pk, told=told, said=said))
        if done is None:
            return _shown(request, _context(request, spec, field, record=record, told=told, to=to, form=form), status=422)
        moved = done
    undo = placing.address(noun, pk, group=field.key, to=moved.before, was=moved.after) if moved.before else ""
    toasts.say(request, moved.sentence, undo=undo)
    return back(request, reverse(spec.name))


def _asked(request: UserRequest, noun: str) -> tuple[Spec, Field]:
    if noun not in SPECS:
        raise Http404
    spec = spec_of(SPECS[noun], request.user)
    dated = [one for one in renderings.groupings(spec, renderings.MONTH) if placing.is_dated(noun, one)]
    field = next((one for one in (*renderings.groupings(spec, renderings.BOARD), *dated) if one.key == _said(request, "group")), None)
    if field is None:
        raise BadRequest(_("Records of this list cannot be put anywhere by that."))
    return spec, field


def _said(request: UserRequest, name: str) -> str:
    """What a form says; an address that is offered to take a move back says it itself."""
    return (request.POST.get(name) or request.GET.get(name, ""))[:_LONGEST_KEY]


def _put(request: UserRequest, spec: Spec, field: Field, *, pk: int, told: list[Bucket], said: dict[str, Any]) -> placing.Moved:
    """Put the record where it is wanted, while nobody else can. Raises MovedMeanwhile, and what the verb refuses."""
    user, was = request.user, _said(request, "was")
    with transaction.atomic():
        if spec.noun == "lead":
            # Whoever moves a deal locks it before its lead; so do we.
            list(Opportunity.objects.visible_to(user).open().filter(lead=pk).select_for_update(of=("self",)).values_list("pk"))
        record = get_object_or_404(spec.rows(user).select_for_update(of=("self",)), pk=pk)
        _refuse_if_moved(record, spec, field, was=was, here=_standing(request, spec, told, pk=pk))
        return placing.put(Placing(spec.noun, field, record, _said(request, "to"), said), told, by=by(request), at=now())


def _standing(request: UserRequest, spec: Spec, told: list[Bucket], *, pk: int) -> Bucket | None:
    if not told:
        return None
    return filling.standing(spec.rows(request.user).filter(pk=pk), told, spec.fields, asker=asker(request.user, at=now()))


def _refuse_if_moved(record: Any, spec: Spec, field: Field, *, was: str, here: Bucket | None) -> None:
    """Raise MovedMeanwhile unless the record stands in the lane, or on the day, where the person saw it; "" asks nothing."""
    if placing.is_dated(spec.noun, field) and (was == "none" or placing.day_of(was)):
        day = placing.standing_on(field, record)
        if day != placing.day_of(was):
            raise MovedMeanwhile(formats.day(day) if day else str(grouping.none(field).label))
    elif was and (here is None or here.key != was):
        raise MovedMeanwhile(here.label if here else "–")


def _context(request: UserRequest, spec: Spec, field: Field, *, record: Any, told: list[Bucket], to: str, form: forms.Form | None) -> dict[str, Any]:
    here = _standing(request, spec, told, pk=record.pk)
    into = lanes.targets(spec.noun, field, told)
    going_on = request.POST.get("next") or request.GET.get("next", "")
    exits = lanes.EXITS.get((spec.noun, field.key), ())
    return {
        "record": record,
        "noun": spec.noun,
        "field": field,
        "here": here,
        "to": to,
        "form": form,
        "lanes": [(one.key, one.label, lanes.asks(spec.noun, field, one.key)) for one in told if one.key in into and one != here],
        "exits": [(one.key, one.label, one.icon, lanes.asks(spec.noun, field, one.key)) for one in exits],
        "next": next_page(going_on),
        "is_dated": placing.is_dated(spec.noun, field),
        "day": placing.standing_on(field, record) if placing.is_dated(spec.noun, field) else None,
    }


def _shown(request: UserRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, "places/what.jinja" if is_htmx(request) else "places/page.jinja", context, status=status)
