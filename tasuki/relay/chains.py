"""The chain of a win: who brought the lead, who turned it into a meeting, who sold, and who carries the customer; from the ledger and the hand-offs.

And what became of the hand-offs of one person, up to the order. When something is won everybody in its chain is told of all of them (R37), and
so is whoever gets the customer later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from tasuki.core import abilities, audit
from tasuki.core.abilities import Scope
from tasuki.core.people import User
from tasuki.core.teams import Department
from tasuki.crm import notifications, stages, timeline
from tasuki.crm.leads import Lead, Moved
from tasuki.crm.ledger import Passage
from tasuki.crm.notifications import Happening, Notification
from tasuki.crm.ownership import Given, Ownership
from tasuki.crm.timeline import TimelineEntry
from tasuki.engage.meeting_rows import Meeting, MeetingState
from tasuki.relay.handoff_rows import Handoff, HandoffState
from tasuki.sales.opportunities import Opportunity

if TYPE_CHECKING:
    from django.db.models import QuerySet

LEGS = (Department.MARKETING, Department.INSIDE_SALES, Department.SALES, Department.SUCCESS)


@dataclass(frozen=True)
class Link:
    """What one person added to a win: their leg, and the moment. `person` is None for a source that brought the lead by itself."""

    leg: str
    person: User | None
    at: datetime


@dataclass(frozen=True)
class Chain:
    """All links of a win, in the order of the legs and of time."""

    lead: Lead
    links: tuple[Link, ...]

    def of(self, leg: str) -> list[Link]:
        return [link for link in self.links if link.leg == leg]

    @property
    def people(self) -> list[User]:
        """Everybody in it, each once."""
        return list({link.person.pk: link.person for link in self.links if link.person}.values())

    def people_before(self, at: datetime) -> list[User]:
        """Those who had joined before a moment."""
        return [link.person for link in self.links if link.person and link.at < at]


def chains(leads: Sequence[Lead]) -> dict[int, Chain]:
    """By the lead's id; four queries however many leads. A pass that came round again also names who carried the passes before.

    Leg by leg: who carried the lead there, and for inside sales who was credited with the hand-off that was accepted.
    """
    before = _passes_before(leads)
    everything = [lead.pk for lead in leads] + [pk for earlier in before.values() for pk in earlier]
    found: dict[int, list[Link]] = defaultdict(list)
    for passage in Passage.objects.filter(lead__in=everything).select_related("owner", "stage").order_by("entered_at", "seq"):
        if passage.owner:
            found[passage.lead_id].append(Link(passage.stage.leg, passage.owner, passage.entered_at))
    for handoff in Handoff.objects.filter(lead__in=everything, state=HandoffState.ACCEPTED).select_related("credited_to"):
        found[handoff.lead_id].append(Link(Department.INSIDE_SALES, handoff.credited_to, handoff.offered_at))
    for lead, ownership in _carried_now(leads):
        # The passage that is open says who carried it first.
        found[lead.pk].append(Link(Department.SUCCESS, ownership.owner, max(ownership.from_at, lead.won_at or lead.stage_since)))
    made = {}
    for lead in leads:
        links = [link for pk in (*before.get(lead.pk, ()), lead.pk) for link in found[pk]]
        if not any(link.leg == Department.MARKETING for link in links):
            links.append(Link(Department.MARKETING, None, lead.opened_at))
        made[lead.pk] = Chain(lead, tuple(_once(links)))
    return made


def _carried_now(leads: Sequence[Lead]) -> Iterable[tuple[Lead, Ownership]]:
    """Who carries those that customer success has."""
    carried = {lead.pk: lead for lead in leads if lead.stage_id in stages.IN_SUCCESS}
    rows = Ownership.objects.filter(lead__in=carried, until_at__isnull=True, owner__isnull=False).select_related("owner")
    return [(carried[row.lead_id], row) for row in rows if row.lead_id] if carried else []


def _once(links: Iterable[Link]) -> list[Link]:
    """Each person once in each leg, by what they did there first."""
    first: dict[tuple[str, int], Link] = {}
    for link in sorted(links, key=lambda one: (LEGS.index(Department(one.leg)), one.at)):
        first.setdefault((link.leg, link.person.pk if link.person else 0), link)
    return list(first.values())


def _passes_before(leads: Sequence[Lead]) -> dict[int, list[int]]:
    """The earlier passes of each lead, oldest first: those from which it came round again."""
    earlier: dict[int, list[int]] = {}
    at_end = {lead.previous_id: lead.pk for lead in leads if lead.previous_id}
    while at_end:
        rows = list(Lead.objects.filter(pk__in=at_end).values_list("pk", "previous"))
        for pk, _previous in rows:
            earlier.setdefault(at_end[pk], []).insert(0, pk)
        at_end = {previous: at_end[pk] for pk, previous in rows if previous}
    return earlier


def tell(moved: Moved) -> None:
    """Heard when a lead moves. Of a win the timeline names the chain, and so everybody in it is told, whoever carried it now or before."""
    if moved.to not in stages.IN_SUCCESS or moved.before not in stages.IN_SALES:
        return
    lead = Lead.objects.select_related("contact", "account").get(pk=moved.lead.pk)
    chain = chains([lead])[lead.pk]
    entry = TimelineEntry.objects.create(
        at=moved.at, kind=timeline.Kind.WIN, lead=lead, contact_id=lead.contact_id, account_id=lead.account_id, actor=moved.by.actor, detail=_told(chain)
    )
    cause = audit.record(lead, action="name_chain", by=moved.by, at=moved.at)
    people = [person.pk for person in chain.people if person.is_active]
    notifications.tell(people, happening=Happening.WIN, noun=lead.noun, cause=cause, by=moved.by, at=moved.at, entry=entry)


def tell_who_joins(given: Given) -> None:
    """Heard when a lead is given to somebody. Whoever gets the customer after the win joins its chain, and is told of the win as the others were then."""
    lead, to = given.lead, given.to
    if to is None or not to.is_active or lead.won_at is None or lead.stage_id not in stages.IN_SUCCESS:
        return
    entry = TimelineEntry.objects.filter(lead=lead.pk, kind=timeline.Kind.WIN).order_by("pk").last()
    has_a_part = to in chains([lead])[lead.pk].people_before(given.at)
    if entry is None or has_a_part or Notification.objects.filter(person=to, entry=entry, happening=Happening.WIN).exists():
        return
    cause = audit.record(lead, action="name_chain", by=given.by, at=given.at)
    notifications.tell([to.pk], happening=Happening.WIN, noun=lead.noun, cause=cause, by=given.by, at=given.at, entry=entry)


def _told(chain: Chain) -> dict[str, Any]:
    """The chain as the timeline keeps it: names as they are today, leg by leg."""
    links = [[link.leg, link.person.display_name if link.person else ""] for link in chain.links]
    return {"lead": chain.lead.pk, "title": chain.lead.title, "source": chain.lead.source, "links": links}


def wins(user: User) -> QuerySet[Lead]:
    """What was won, the newest first: what the person sees, and what they have a part in."""
    standing = abilities.standing_of(user)
    rows = Lead.objects.filter(won_at__isnull=False)
    if standing.scope("lead") is not Scope.ALL:
        seen = Q(pk__in=Lead.objects.visible_to(user).filter(won_at__isnull=False).values("pk"))
        carried = Exists(Passage.objects.filter(lead=OuterRef("pk"), owner=user))
        credited = Exists(Handoff.objects.filter(lead=OuterRef("pk"), credited_to=user, state=HandoffState.ACCEPTED))
        sold = Q(pk__in=Opportunity.objects.visible_to(user).filter(won_at__isnull=False).values("lead"))
        rows = rows.filter(seen | sold | Q(carried) | Q(credited)) if standing.roles else rows.none()
    return rows.select_related("contact", "account", "product").order_by("-won_at", "-pk")


class Became(models.TextChoices):
    """Where an accepted hand-off stands by now."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    BACK = "back"


@dataclass(frozen=True)
class Followed:
    """An accepted hand-off and what followed. `deal` is None where there is none (any more); `sees_deal` says whether its page may be opened."""

    handoff: Handoff
    became: Became
    meeting: str = ""
    deal: Opportunity | None = None
    sees_deal: bool = False


@dataclass(frozen=True)
class Part:
    """All that became of one person's accepted hand-offs, in numbers."""

    rows: list[Followed] = field(default_factory=list)
    n: dict[str, int] = field(default_factory=dict)


def followed(person: User, *, reader: User, most: int = 200) -> Part:
    """The accepted hand-offs that a person is credited with, newest first, as a reader may see them: four queries.

    The person sees what became of each, whoever carries it now: stage and result, but no amount that is not theirs to see.
    """
    rows = Handoff.objects.visible_to(reader).filter(credited_to=person, state=HandoffState.ACCEPTED).select_related(
        "lead__contact", "lead__account", "lead__stage", "answered_by"
    )  # fmt: skip
    handoffs = list(rows.order_by("-answered_at", "-pk")[:most])
    leads = [one.lead_id for one in handoffs]
    deals = {deal.lead_id: deal for deal in Opportunity.objects.filter(lead__in=leads).select_related("owner", "lead")}
    seen = set(Opportunity.objects.visible_to(reader).filter(lead__in=leads).values_list("lead", flat=True))
    met: dict[int, str] = {}
    for lead_id, state in Meeting.objects.filter(lead__in=leads).order_by("starts_at", "pk").values_list("lead", "state"):
        if state != MeetingState.MOVED:
            met[lead_id] = state
    found = [Followed(one, _became(one, deals.get(one.lead_id)), met.get(one.lead_id, ""), deals.get(one.lead_id), one.lead_id in seen) for one in handoffs]
    return Part(found, {became.value: sum(one.became is became for one in found) for became in Became})


def _became(handoff: Handoff, deal: Opportunity | None) -> Became:
    if handoff.lead.won_at is not None:
        return Became.WON
    if handoff.lapsed_at is not None:
        return Became.BACK
    if handoff.lead.stage_id is None:
        return Became.LOST if deal and deal.lost_because else Became.BACK
    return Became.OPEN
