"""Following a record, and hearing no more of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tasuki.crm import following
from tasuki.web.records import SUBJECTS, back
from tasuki.web.requests import UserRequest, by


@require_POST
def follow(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    following.follow(_record(request, noun, pk), by=by(request), at=now())
    messages.success(request, _("You follow this now: what happens here comes to your notifications."))
    return back(request, reverse(noun, args=[pk]))


@require_POST
def unfollow(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    following.unfollow(_record(request, noun, pk), by=by(request), at=now())
    messages.success(request, _("You hear no more of this."))
    return back(request, reverse(noun, args=[pk]))


def _record(request: UserRequest, noun: str, pk: int) -> Any:
    """Whoever sees a record may follow it, whatever else they may do with it."""
    if noun not in SUBJECTS:
        raise Http404
    return get_object_or_404(SUBJECTS[noun].objects.visible_to(request.user), pk=pk)
