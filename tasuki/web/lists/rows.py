"""One row of a list on its own, as the list would show it: after a cell of it was changed where it stands."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.timezone import localdate, now

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.bulk.verbs import verbs_of
from tasuki.core.people import User
from tasuki.core.saved_views import SavedView
from tasuki.crm.tasks import Task
from tasuki.web import custom_values
from tasuki.web.allowed_edits import allowed
from tasuki.web.lists import page as lists
from tasuki.web.lists import state as states
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.page import Page
from tasuki.web.lists.spec import Spec
from tasuki.web.requests import UserRequest

_FOLDERS = {"lead": "leads", "account": "accounts", "contact": "contacts", "opportunity": "opportunities", "product": "products", "task": "tasks"}


def beside(noun: str, rows: list[Any], reader: User) -> dict[str, Any]:
    """What the cells of a noun show beside the rows themselves."""
    if noun == "lead":
        return {"next_tasks": Task.objects.visible_to(reader).next_of(rows)}
    if noun == "opportunity":
        return {"next_tasks": Task.objects.visible_to(reader).next_of([one.lead for one in rows])}
    return {"may_add": abilities.can(reader, Ability.EDIT_PRODUCTS)} if noun == "product" else {}


def shown(request: UserRequest, spec: Spec, *, pk: int, listed: QueryDict) -> HttpResponse:
    """The row of the record in the list that an address says, and what there is to tell; no row when the person does not see it any more."""
    spec = spec_of(spec, request.user)
    state = states.read_from(listed, spec, list(SavedView.objects.visible_to(request.user).of_list(spec.noun)))
    rows = list(spec.rows(request.user).filter(pk=pk))
    headings = [lists.heading(column, state) for key in state.columns if (column := spec.column(key))]
    page = Page(
        spec=spec,
        state=state,
        rows=rows,
        count=len(rows),
        is_about=False,
        headings=headings,
        views=[],
        chips=[],
        newer="",
        older="",
        bulk=[(verb, Form()) for verb in verbs_of(spec.noun, abilities=abilities.standing_of(request.user).abilities)],
        names=custom_values.names_of(rows, [one.column.custom for one in headings if one.column.custom], request.user),
        other=None,
        may_merge=lists.may_merge(spec, request.user),
        edits=allowed(spec.noun, request.user),
    )
    more = beside(spec.noun, rows, request.user)
    return render(request, f"{_FOLDERS[spec.noun]}/row.jinja", {"page": page, "now": now(), "today": localdate(), **more})
