"""Notifications: the page of what one should know, the bell that counts it, and marking it read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import BadRequest
from django.db.models import Model
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware, now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tasuki.core.bulk.runs import BulkRun
from tasuki.core.imports.runs import ImportRun
from tasuki.core.people import User
from tasuki.crm import notifications
from tasuki.crm.notifications import ABOUT_ME, Happening, Notification, Notifications
from tasuki.crm.stages import Stage
from tasuki.relay.handoff_rows import Handoff
from tasuki.sales.opportunities import Opportunity
from tasuki.web import told
from tasuki.web.requests import UserRequest, record_id

PAGE = 50

_TABS: dict[str, tuple[object, Callable[[Notifications], Notifications]]] = {
    "": (gettext_lazy("Unread"), lambda rows: rows.unread()),
    "all": (gettext_lazy("All"), lambda rows: rows),
    "mentions": (gettext_lazy("Mentions"), lambda rows: rows.filter(happening=Happening.MENTION)),
    "mine": (gettext_lazy("Given to me"), lambda rows: rows.filter(happening__in=[one for one in ABOUT_ME if one != Happening.MENTION])),
}


@dataclass
class Group:
    """What one record has to tell."""

    title: str
    href: str
    icon: str
    lines: list[told.Line] = field(default_factory=list)

    @property
    def n_unread(self) -> int:
        return sum(1 for line in self.lines if not line.is_read)

    @property
    def unread_ids(self) -> list[int]:
        return [line.pk for line in self.lines if not line.is_read]


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    """The newest first, put together by record. What is not visible any more counts as read from now on, so that the bell agrees."""
    tab = request.GET.get("show", "")
    if tab not in _TABS:
        raise BadRequest(_("There is no such page of notifications."))
    at = now()
    notifications.settle(request.user, at=at)
    rows = _TABS[tab][1](Notification.objects.visible_to(request.user))
    before = record_id(request.GET.get("before", ""))
    if before and (last := Notification.objects.visible_to(request.user).filter(pk=before).first()):
        rows = rows.older_than(last)
    page = list(rows.newest_first().for_listing()[: PAGE + 1])
    query = f"?show={tab}&before={page[PAGE - 1].pk}" if len(page) > PAGE else ""
    context = {
        "groups": grouped(page[:PAGE], reader=request.user),
        "tabs": [(label, f"?show={key}" if key else "?", key == tab, None) for key, (label, _rows) in _TABS.items()],
        "tab": tab,
        "older": query,
        "until": at,
        "n_shown": len(page[:PAGE]),
    }
    return render(request, "notifications/list.jinja", context)


@require_GET
def unread(request: UserRequest) -> HttpResponse:  # the shell counts
    """The inside of the bell: asked for every minute by pages that are looked at."""
    return render(request, "notifications/bell.jinja", {})


@require_POST
def reading(request: UserRequest) -> HttpResponse:
    """Mark as read: those that are named, or all that were there when the page was opened."""
    if request.POST.get("until"):
        notifications.read(request.user, until=_moment(request.POST["until"]), at=now())
    else:
        notifications.read(request.user, ids=[pk for text in request.POST.getlist("id")[:PAGE] if (pk := record_id(text))], at=now())
    return redirect(reverse("notifications") + (f"?show={request.POST['show']}" if request.POST.get("show") in _TABS else ""))


def grouped(rows: Iterable[Notification], *, reader: User) -> list[Group]:
    """The rows by what they are about, in the order of the newest of each. A lead with a deal that the reader sees is called as the deal."""
    rows = list(rows)
    leads = {row.lead_id for row in rows if row.lead_id}
    deals = {one.lead_id: one for one in Opportunity.objects.visible_to(reader).filter(lead__in=leads).select_related("lead")} if leads else {}
    stages = {stage.pk: stage.name for stage in Stage.objects.all()}
    offers = {row.cause.record_id for row in rows if row.happening == Happening.HANDOFF}
    offered = {one.pk: one for one in Handoff.objects.visible_to(reader).filter(pk__in=offers).for_listing()} if offers else {}
    runs = {row.cause.record_id for row in rows if row.happening == Happening.BULK}
    more: dict[str, Mapping[int, Model]] = {"handoff": offered, "lead_id": deals}
    more["bulkrun"] = BulkRun.objects.visible_to(reader).in_bulk(runs) if runs else {}
    imports = {row.cause.record_id for row in rows if row.happening == Happening.IMPORT}
    more["importrun"] = ImportRun.objects.visible_to(reader).in_bulk(imports) if imports else {}
    groups: dict[tuple[str, int], Group] = {}
    for row in rows:
        key = told.key_of(row)
        if key not in groups:
            groups[key] = Group(*told.heading(row, more.get(key[0], {}).get(key[1])))
        groups[key].lines.append(told.line(row, href=groups[key].href, stages=stages))
    return list(groups.values())


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or not is_aware(moment):
        raise BadRequest(_("The moment cannot be read."))
    return moment
