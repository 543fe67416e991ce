"""Many passes that come round again begin together: what `leads.wake` and `leads.give` write of one lead, written of hundreds by the same few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest

from tasuki.core import audit, bus
from tasuki.crm import barred, notifications, timeline
from tasuki.crm.following import Follow
from tasuki.crm.leads import Lead, Origin, Receiver
from tasuki.crm.ledger import Outcome, Passage
from tasuki.crm.notifications import Happening, Told
from tasuki.crm.ownership import Given, Ownership
from tasuki.crm.timeline import TimelineEntry

if TYPE_CHECKING:
    from tasuki.core.audit import AuditEntry, By
    from tasuki.core.people import User
    from tasuki.core.teams import Team


@dataclass(frozen=True)
class Begun:
    """Said on the bus, once for all of them, in the place of a `Moved` for each: these passes have entered their first stage, each after another.

    Each is loaded with that, with its person, company and product, and with whoever has it. Whoever hears it may give them to somebody, and says so in them.
    """

    leads: Sequence[Lead]
    stage: str
    by: By
    at: datetime


@transaction.atomic
def wake_together(receivers: Mapping[int, Receiver], *, stage: str, by: By, at: datetime) -> dict[int, Lead]:
    """Open the next pass of each lead for its receiver, in their order; → by the number of the lead that it follows.

    One that `leads.wake` refuses is missing in the answer, and so is the second of a person's for one product line: for each alone that says why.
    Raises IntegrityError where somebody else opens a pass of one of them at this moment; nothing is written then.
    """
    begun = [_next(lead, receivers[lead.pk], stage=stage, at=at) for lead in _to_wake(list(receivers))]
    if not begun:
        return {}
    Lead.objects.bulk_create(begun)
    Passage.objects.bulk_create(
        [Passage(lead=lead, seq=1, stage_id=stage, entered_at=at, owner=lead.owner, team=lead.team, moved_by=by.actor) for lead in begun]
    )
    Ownership.objects.bulk_create([Ownership(lead=lead, owner=lead.owner, team=lead.team, from_at=at, given_by=by.actor) for lead in begun])
    TimelineEntry.objects.bulk_create(
        [_entry(lead, timeline.Kind.MOVE, detail={"to": stage, "origin": lead.origin}, by=by, at=at) for lead in begun],
    )
    causes = audit.record_each(begun, action="capture", by=by, at=at, changes=[{"stage": (None, stage)}] * len(begun))
    told = [Told(lead.owner_id, lead.pk, cause) for lead, cause in zip(begun, causes, strict=True) if lead.owner_id is not None]
    notifications.tell_each(told, happening=Happening.GIVEN, by=by, at=at)
    bus.say(Begun(begun, stage=stage, by=by, at=at))
    return {lead.previous_id: lead for lead in begun if lead.previous_id}


def _to_wake(ids: Sequence[int]) -> list[Lead]:
    """Held until the end of the transaction, in the order in which they are asked for: whichever nothing speaks against."""
    rows = Lead.objects.select_for_update(of=("self",)).select_related("contact", "account", "product").filter(pk__in=ids).order_by("pk")
    held = {lead.pk: lead for lead in rows if lead.ended_as in (Outcome.RECYCLED, Outcome.LOST)}
    woken = set(Lead.objects.filter(previous__in=held).values_list("previous_id", flat=True))
    people = {lead.contact_id for lead in held.values() if lead.contact_id}
    in_process = Lead.objects.in_process().filter(contact__in=people, won_at__isnull=True)
    taken: set[tuple[int | None, str]] = set(in_process.values_list("contact_id", "product_line"))
    found = []
    for lead in (held[pk] for pk in ids if pk in held and pk not in woken):
        own = (lead.contact_id, _line(lead))
        if own in taken or barred.is_erased(lead) or barred.is_erased(lead.account):
            continue
        if lead.contact_id:
            taken.add(own)
        found.append(lead)
    return found


def _line(lead: Lead) -> str:
    return lead.product.line if lead.product else ""


def _next(lead: Lead, receiver: Receiver, *, stage: str, at: datetime) -> Lead:
    return Lead(
        contact=lead.contact,
        account=lead.account,
        product=lead.product,
        product_line=_line(lead),
        seq_no=lead.seq_no + 1,
        previous=lead,
        origin=Origin.RECYCLED,
        source=lead.source,
        source_detail=lead.source_detail,
        segment=lead.segment,
        custom=dict(lead.custom),
        owner=receiver.owner,
        team=receiver.team,
        opened_at=at,
        stage_id=stage,
        stage_since=at,
        updated_at=at,
    )


@dataclass(frozen=True)
class Gift:
    """A lead, to whom it goes (None: to the queue of the team), and why. The lead is as it was before, with whoever had it loaded."""

    lead: Lead
    to: User | None
    team: Team
    reason: str = ""


@transaction.atomic
def give_together(gifts: Sequence[Gift], *, by: By, at: datetime) -> None:
    """Hand leads that the caller holds to other people or queues, each lead once; one that goes where it is stays as it is."""
    gifts = [gift for gift in gifts if (gift.lead.owner_id, gift.lead.team_id) != (gift.to.pk if gift.to else None, gift.team.pk)]
    if not gifts:
        return
    _hand_over(gifts, by=by, at=at)
    entries = TimelineEntry.objects.bulk_create(
        [
            _entry(
                gift.lead,
                timeline.Kind.OWNER,
                detail={"from": str(gift.lead.owner or gift.lead.team), "to": str(gift.to or gift.team)},
                text=gift.reason,
                by=by,
                at=at,
            )
            for gift in gifts
        ]
    )
    changes = [audit.difference(gift.lead, {"owner": gift.to, "team": gift.team}) for gift in gifts]
    causes = audit.record_each([gift.lead for gift in gifts], action="give", by=by, at=at, changes=changes)
    _tell(gifts, entries, causes, by=by, at=at)
    for gift in gifts:
        bus.say(Given(gift.lead, gift.to, by, at))


def _hand_over(gifts: Sequence[Gift], *, by: By, at: datetime) -> None:
    """Close the period of whoever had them, and begin the next: no period ends before it began."""
    ids = [gift.lead.pk for gift in gifts]
    current = Ownership.objects.select_for_update().filter(lead__in=ids, until_at__isnull=True).order_by("pk")
    since = dict(current.values_list("lead_id", "from_at"))
    Ownership.objects.filter(lead__in=ids, until_at__isnull=True).update(until_at=Greatest(F("from_at"), Value(at)))
    Ownership.objects.bulk_create(
        [
            Ownership(lead=gift.lead, owner=gift.to, team=gift.team, from_at=max(at, since.get(gift.lead.pk, at)), given_by=by.actor, reason=gift.reason)
            for gift in gifts
        ]
    )
    alike = defaultdict[tuple[int | None, int], list[int]](list)
    for gift in gifts:
        alike[gift.to.pk if gift.to else None, gift.team.pk].append(gift.lead.pk)
    for (owner, team), those in alike.items():
        Lead.objects.filter(pk__in=those).update(owner=owner, team=team, updated_at=at)


def _tell(gifts: Sequence[Gift], entries: Sequence[TimelineEntry], causes: Sequence[AuditEntry], *, by: By, at: datetime) -> None:
    """Whoever gets a lead that nobody had, and that nobody follows, is the only one to be told of it: that is most of them."""
    leads = [gift.lead for gift in gifts]
    follows = Follow.objects.filter(Q(lead__in=leads) | Q(contact__in={lead.contact_id for lead in leads}) | Q(account__in={lead.account_id for lead in leads}))
    followed = set(follows.filter(stopped_at__isnull=True).values_list("lead_id", "contact_id", "account_id"))
    about = {one for row in followed for one in zip(("lead", "contact", "account"), row, strict=True) if one[1] is not None}
    told = []
    for gift, entry, cause in zip(gifts, entries, causes, strict=True):
        lead = gift.lead
        if lead.owner_id is not None or {("lead", lead.pk), ("contact", lead.contact_id), ("account", lead.account_id)} & about:
            notifications.tell_of_new_owner(lead, to=gift.to, cause=cause, by=by, at=at, entry=entry)
        elif gift.to is not None:
            told.append(Told(gift.to.pk, lead.pk, cause, entry))
    notifications.tell_each(told, happening=Happening.GIVEN, by=by, at=at)


def _entry(lead: Lead, kind: timeline.Kind, *, detail: dict[str, object], by: By, at: datetime, text: str = "") -> TimelineEntry:
    return TimelineEntry(at=at, kind=kind, lead=lead, contact_id=lead.contact_id, account_id=lead.account_id, actor=by.actor, text=text, detail=detail)
