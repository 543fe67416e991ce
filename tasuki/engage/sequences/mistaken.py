"""Mistaken: what was taken for an answer was none, and those whom it stopped or held back go on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from tasuki.crm.leads import Lead
from tasuki.engage.sequences import acting, branches, leaving
from tasuki.engage.sequences.enrolments import Deed, Enrolment, State, Why

if TYPE_CHECKING:
    from tasuki.core.audit import By


def take_back_answer(contact_id: int, *, since: datetime, by: By, at: datetime) -> None:
    """The person wrote nothing at `since`, or later, that is an answer: the sequence that it stopped goes on, and so do those of colleagues whom it
    stopped or paused. Whoever has answered besides, is in another sequence by now, or is not ours to reach any more, stays where they are. Where the
    lead stands is not taken back: the ledger says what happened.
    """
    # The leads first, then the members: everybody holds them in this order.
    theirs = Lead.objects.filter(pk__in=Enrolment.objects.filter(contact=contact_id).values("lead"))
    list(theirs.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    member = _stopped(contact_id, since=since)
    if member is None:
        return
    Deed.objects.filter(enrolment=member, replied_at__gte=since).update(replied_at=None)
    Enrolment.objects.filter(pk=member.pk, replied_at__gte=since).update(replied_at=None)
    moments = [moment for moment in (member.ended_at, member.replied_at) if moment]
    company = member.lead.account_id
    leaving.begin_again(member, by=by, at=at)
    # Of several who answered at a company, each holds their colleagues.
    if company and not Enrolment.objects.filter(lead__account=company, replied_at__gte=since).exists():
        _let_colleagues_go_on(company, contact_id=contact_id, moments=moments, by=by, at=at)


def _stopped(contact_id: int, *, since: datetime) -> Enrolment | None:
    """Whom the answer stopped, or made wait at a branch; held."""
    rows = Enrolment.objects.filter(contact=contact_id).filter(
        Q(state=State.STOPPED, why=Why.REPLY, ended_at__gte=since) | Q(state=State.ACTIVE, stops_listening_at__isnull=False, replied_at__gte=since)
    )
    found = rows.newest_first().first()
    if found is None:
        return None
    member = leaving.locked(found)
    return None if branches.is_answered(member) or _stays(member) else member


def _let_colleagues_go_on(company: int, *, contact_id: int, moments: list[datetime], by: By, at: datetime) -> None:
    rows = Enrolment.objects.filter(lead__account=company, why=Why.COLLEAGUE).exclude(contact=contact_id)
    for found in rows.filter(Q(state=State.PAUSED, paused_at__in=moments) | Q(state=State.STOPPED, ended_at__in=moments)).order_by("pk"):
        one = leaving.locked(found)
        if one.state == State.PAUSED:
            leaving.go_on_again(one, by=by, at=at)
        elif one.state == State.STOPPED and not _stays(one):
            leaving.begin_again(one, by=by, at=at)


def _stays(member: Enrolment) -> bool:
    """They are in another sequence by now, or the lead is not ours to reach any more."""
    others = Enrolment.objects.running().filter(contact=member.contact_id).exclude(pk=member.pk)
    return acting.out_of_reach(member) is not None or others.exists()
