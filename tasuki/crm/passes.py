"""The passes of a company through the relay: how far each came, who carried it through which leg, and how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.stages import Stage

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.crm.leads import Leads


@dataclass(frozen=True)
class Leg:
    """One leg of a pass. `left_at` is None while the pass is in it; `carriers` are named in the order in which they carried it."""

    stage: Stage
    carriers: tuple[str, ...]
    entered_at: datetime
    left_at: datetime | None

    @property
    def label(self) -> _StrOrPromise:
        return self.stage.get_leg_display()

    @property
    def took(self) -> timedelta | None:
        """None while it is going on."""
        return self.left_at - self.entered_at if self.left_at else None


@dataclass(frozen=True)
class Chain:
    """How many passes there are, to how many a meeting was booked, and how many were won; one who books twice in a pass counts once."""

    n_leads: int
    n_meetings: int
    n_orders: int


def legs_of(leads: Iterable[Lead]) -> Mapping[int, tuple[Leg, ...]]:
    """The legs of each pass in their order, by the id of its lead; one query."""
    passages = Passage.objects.filter(lead__in=list(leads)).select_related("stage", "owner", "team").order_by("lead", "seq")
    found: dict[int, list[Leg]] = {}
    for (lead_id, _leg), stays in groupby(passages, key=lambda one: (one.lead_id, one.stage.leg)):
        found.setdefault(lead_id, []).append(_leg_of(list(stays)))
    return {lead_id: tuple(legs) for lead_id, legs in found.items()}


def chain_of(leads: Leads) -> Chain:
    """Counted over all of them; one query."""
    booked = Count("pk", filter=Q(passages__stage__in=(stages.BOOKED, stages.P1)), distinct=True)
    n = leads.order_by().aggregate(n_leads=Count("pk", distinct=True), n_meetings=booked, n_orders=Count("pk", filter=Q(won_at__isnull=False), distinct=True))
    return Chain(**n)


def _leg_of(stays: list[Passage]) -> Leg:
    carriers = tuple(dict.fromkeys(one.owner.display_name if one.owner else one.team.name for one in stays))
    return Leg(stays[-1].stage, carriers, stays[0].entered_at, stays[-1].left_at)
