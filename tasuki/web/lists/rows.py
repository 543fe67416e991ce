"""One row of a list on its own, as the list would show it: after a cell of it was changed where it stands."""

from __future__ import annotations

from django.http import HttpResponse, QueryDict

from tasuki.core import abilities, saved_views
from tasuki.core.bulk.verbs import verbs_of
from tasuki.web import custom_values
from tasuki.web.allowed_edits import allowed
from tasuki.web.lists import page as lists
from tasuki.web.lists import state as states
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.page import Page
from tasuki.web.lists.spec import Spec
from tasuki.web.requests import UserRequest


def shown(request: UserRequest, spec: Spec, *, pk: int, listed: QueryDict) -> HttpResponse:
    """The row of the record in the list that an address says, and what there is to tell; no row when the person does not see it any more."""
    spec = spec_of(spec, request.user)
    state = states.read_from(listed, spec, saved_views.seen_by(request.user, spec.noun))
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
        bulk=verbs_of(spec.noun, abilities=abilities.standing_of(request.user).abilities),
        names=custom_values.names_of(rows, [one.column.custom for one in headings if one.column.custom], request.user),
        other=None,
        may_merge=lists.may_merge(spec, request.user),
        edits=allowed(spec.noun, request.user),
    )
    return lists.row_shown(request, page)
