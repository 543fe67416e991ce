"""My workspace, the search of the top bar, and the way to all settings."""

from __future__ import annotations

from django.db.models import Count, Q
from django.db.models.functions import Concat
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.organisation import the_organisation
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.stages import Stage
from tasuki.crm.tasks import Task
from tasuki.sales.opportunities import Opportunity
from tasuki.web.requests import UserRequest

_ROWS, _FOUND = 12, 10


@require_GET
def home(request: UserRequest) -> HttpResponse:
    """What waits for me: tasks, the leads I carry by stage, and my open opportunities."""
    mine = Lead.objects.visible_to(request.user).filter(owner=request.user).in_process()
    counts = dict(mine.order_by().values_list("stage").annotate(n=Count("pk")))
    context = {
        "tasks": Task.objects.visible_to(request.user).to_do().filter(owner=request.user).for_listing().order_by("due_on", "pk")[:_ROWS],
        "leads": mine.filter(won_at__isnull=True).for_listing().order_by("stage_since", "pk")[:_ROWS],
        "opportunities": Opportunity.objects.visible_to(request.user).open().filter(owner=request.user).for_listing().order_by("close_on", "pk")[:_ROWS],
        "by_stage": [(stage, counts[stage.pk]) for stage in Stage.objects.all() if stage.pk in counts],
        "hidden": abilities.standing_of(request.user).hides("opportunity"),
        "today": localdate(),
        "now": now(),
    }
    return render(request, "home/page.jinja", context)


@require_GET
def search(request: UserRequest) -> HttpResponse:
    """People, accounts and leads whose name holds the words."""
    q = " ".join(request.GET.get("q", "").split())[:100]
    # 한서윤 is kept as 한 and 서윤: who searches writes it in one piece.
    contacts = Contact.objects.visible_to(request.user).for_listing().alias(written=Concat("family_name", "given_name")).order_by("family_name", "pk")
    accounts = Account.objects.visible_to(request.user).for_listing().order_by("name", "pk")
    leads = Lead.objects.visible_to(request.user).for_listing().alias(written=Concat("contact__family_name", "contact__given_name")).newest_first()
    for word in q.split()[:5]:
        contacts, accounts = contacts.filter(written__icontains=word), accounts.filter(name__icontains=word)
        leads = leads.filter(Q(written__icontains=word) | Q(account__name__icontains=word) | Q(reference=word))
    context = {"q": q, "contacts": contacts[:_FOUND] if q else [], "accounts": accounts[:_FOUND] if q else [], "leads": leads[:_FOUND] if q else []}
    return render(request, "home/search.jinja", context)


@require_GET
def settings_page(request: UserRequest) -> HttpResponse:
    return render(request, "home/settings.jinja", {"organisation": the_organisation()})
