"""How the person that several contacts were is reached from now on: all addresses and numbers, one main of each, and the stricter consent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tasuki.core.audit import By
from tasuki.crm.contacts import Consent, ConsentState, Contact, ContactEmail, ContactPhone
from tasuki.crm.merges.journal import Journal

Reach = type[ContactEmail] | type[ContactPhone]


def unite(journal: Journal, model: Reach, *, key: str, survivor: Contact, others: Sequence[Contact], main_of: int) -> None:
    """Give the survivor the others' rows, each `key` once. The main one is the one that was main with the contact `main_of`."""
    rows: list[Any] = list(model.objects.filter(contact__in=[survivor.pk, *(other.pk for other in others)]).order_by("contact_id", "pk"))
    main = next((getattr(row, key) for row in rows if row.contact_id == main_of and row.is_primary), None)
    main = main or next((getattr(row, key) for row in sorted(rows, key=lambda row: row.contact_id != survivor.pk) if row.is_primary), None)
    kept = {getattr(row, key): row.pk for row in rows if row.contact_id == survivor.pk}
    moving = []
    for other in others:
        for row in rows:
            if row.contact_id == other.pk and kept.setdefault(getattr(row, key), row.pk) == row.pk:
                moving.append(row.pk)
    journal.remove(model._meta.db_table, "id = ANY(%s)", [[row.pk for row in rows if row.pk not in kept.values()]])
    with journal.watching(model, kept.values(), along="is_primary"):
        # One statement after the other, so that there are never two main ones.
        model.objects.filter(pk__in=kept.values()).update(is_primary=False)
        model.objects.filter(pk__in=moving).update(contact=survivor)
        if main is not None:
            model.objects.filter(pk=kept[main]).update(is_primary=True)


def keep_the_stricter(journal: Journal, *, survivor: Contact, others: Sequence[Contact], by: By, at: datetime) -> None:
    """Where one of them refused or withdrew and another's later word would count as a yes, the no is said again. Call it before they move."""
    latest: dict[tuple[int, str], Consent] = {}
    for consent in Consent.objects.filter(contact__in=[survivor.pk, *(other.pk for other in others)]).order_by("at", "pk"):
        latest[consent.contact_id, consent.channel] = consent
    made = []
    for channel in {channel for _contact, channel in latest}:
        words = sorted((word for (_contact, said), word in latest.items() if said == channel), key=lambda word: (word.at, word.pk))
        noes = [word for word in words if word.state != ConsentState.GIVEN]
        if noes and words[-1].state == ConsentState.GIVEN:
            how = "merge: the stricter of what was recorded"
            made.append(
                Consent.objects.create(
                    contact=survivor,
                    channel=channel,
                    state=noes[-1].state,
                    how=how,
                    recorded_by=by.actor,
                    at=max(at, words[-1].at),
                    text_version=noes[-1].text_version,
                ).pk
            )
    journal.made(Consent, made)
