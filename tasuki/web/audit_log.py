"""The audit log as a list, and the page of one entry."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from tasuki.core.audit import AuditEntry
from tasuki.web import audit
from tasuki.web.lists import page as lists
from tasuki.web.lists.nouns import ENTRIES
from tasuki.web.requests import UserRequest


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    found = lists.answer(request, ENTRIES, at=now())
    if isinstance(found, HttpResponse):
        return found
    return lists.shown(request, found, lines={line.entry.pk: line for line in audit.lines(found.rows, reader=request.user)})


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    entry = get_object_or_404(AuditEntry.objects.visible_to(request.user).for_listing(), pk=pk)
    return render(request, "audit/page.jinja", {"line": audit.lines([entry], reader=request.user)[0]})
