"""The open leads of contacts that become one: a person has one for each product line, so the others end as merged, in the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.crm import leads, stages
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.merges.journal import Journal
from tasuki.crm.timeline import Kind, TimelineEntry


class TwoDeals(Refused):
    code = "two_deals"

    def __init__(self, lead: Lead) -> None:
        line = lead.product_line or _("without a product line")
        super().__init__(_("Two of them have an open opportunity for the same product line (%(line)s). Close one of the two first.") % {"line": line})


class LeadInSales(Refused):
    code = "lead_in_sales"

    def __init__(self) -> None:
        super().__init__(_("A lead with an open opportunity cannot be merged into another. Let it be the one that stays, or close its opportunity."))


def close_doubles(contact_ids: Sequence[int], *, journal: Journal, by: By, at: datetime) -> None:
    """Of the open leads for one product line the eldest stays, or the one with an opportunity. Raises TwoDeals, LeftBeforeEntered."""
    by_line: dict[str, list[Lead]] = defaultdict(list)
    for lead in Lead.objects.in_process().filter(contact__in=contact_ids, won_at__isnull=True).order_by("opened_at", "pk"):
        by_line[lead.product_line].append(lead)
    for same in by_line.values():
        in_sales = [lead for lead in same if lead.stage_id in stages.IN_SALES]
        if len(in_sales) > 1:
            raise TwoDeals(in_sales[1])
        stays = (in_sales or same)[0]
        for lead in same:
            if lead.pk != stays.pk:
                end(lead, into=stays, journal=journal, by=by, at=at)


def end(lead: Lead, *, into: Lead, journal: Journal, by: By, at: datetime) -> None:
    """End one lead as merged into another; its open tasks go on with the other. Raises CannotMerge, LeadInSales, LeftBeforeEntered."""
    if lead.stage_id in stages.IN_SALES:
        raise LeadInSales
    told = TimelineEntry.objects.aggregate(last=Max("pk"))["last"] or 0
    open_passages = Passage.objects.open().filter(lead=lead).values_list("pk", flat=True)
    with journal.watching(Lead, [lead.pk]), journal.watching(Passage, open_passages):
        leads.merge(lead, into=into, by=by, at=at, merge_id=journal.merge.pk, cause=journal.cause)
    entries = TimelineEntry.objects.filter(pk__gt=told, lead__in=[lead, into], kind__in=[Kind.MOVE, Kind.MERGE])
    journal.made(TimelineEntry, entries.values_list("pk", flat=True))
    journal.move_some("crm_task", "lead_id", from_id=lead.pk, to_id=into.pk, where="done_at IS NULL")
