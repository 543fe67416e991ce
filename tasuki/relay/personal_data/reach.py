"""Everything that is about one person: found by walking the foreign keys from their contact, so that a new table is never forgotten.

Whatever points at something of theirs is theirs too, unless it names another person, or stands in `OF_COLLEAGUES`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet

from tasuki.core.audit import AuditEntry
from tasuki.core.imports.runs import ImportRow
from tasuki.core.recents import RecentRecord
from tasuki.crm.contacts import Contact, ContactEmail
from tasuki.crm.merges.rows import FormerRecord, MergeNoun
from tasuki.engage.message_rows import Message

# What points at something of the person and is about a colleague's work: it stays with the colleague, and is not told to the person.
OF_COLLEAGUES = {
    "relay.Erasure": "what the house did, and who of it",
    "inside_sales.CardStep": "what a coach and a seller agreed on",
    "inside_sales.EarlierReview": "how a seller spoke",
    "inside_sales.Praise": "what a colleague did well",
    "inside_sales.Review": "how a seller spoke",
    "inside_sales.Score": "how a seller spoke",
    "inside_sales.TalkScore": "how a seller spoke",
}
_PERSON = "contact"

Ids = frozenset[int]


@dataclass(frozen=True)
class Reach:
    """The ids of all rows that are about the person, by model; `former_ids` are the contacts that were merged into theirs."""

    contact_id: int
    former_ids: Ids
    rows: Mapping[type[models.Model], Ids]

    def ids(self, model: type[models.Model]) -> Ids:
        return self.rows.get(model, frozenset())

    def of(self, model: type[models.Model]) -> QuerySet[Any]:
        return model._default_manager.filter(pk__in=self.ids(model))

    def named(self) -> Iterator[tuple[str, Ids]]:
        """As those tables name records that know no foreign keys: the noun, and the ids."""
        for model, ids in self.rows.items():
            name = str(model._meta.model_name)
            yield name, ids | self.former_ids if model is Contact else ids

    def condition(self, noun: str = "noun", record_id: str = "record_id") -> Q:
        """The condition on such a table for what is the person's."""
        found = Q(pk__in=[])
        for name, ids in self.named():
            found |= Q(**{noun: name, f"{record_id}__in": list(ids)})
        return found

    def trail(self) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.filter(self.condition())

    def openings(self) -> QuerySet[RecentRecord]:
        """Who opened their pages last, and when."""
        return RecentRecord.objects.filter(self.condition())

    def import_rows(self) -> QuerySet[ImportRow]:
        """What became of the rows by which they came in; an import calls a noun by its plural."""
        found = Q(pk__in=[])
        for name, ids in self.named():
            plural = "opportunities" if name == "opportunity" else f"{name}s"
            found |= Q(run__target=plural, target_id__in=list(ids))
        return ImportRow.objects.filter(found)


def of(contact: Contact) -> Reach:
    """What is theirs now. As many queries as there are foreign keys on the way, however much there is."""
    former = frozenset(FormerRecord.objects.filter(of=MergeNoun.CONTACT, contact=contact).values_list("former_id", flat=True))
    found: dict[type[models.Model], set[int]] = defaultdict(set)
    found[Contact] = {contact.pk}
    waiting: list[tuple[type[models.Model], set[int]]] = [(Contact, {contact.pk})]
    # Letters from and to an address of theirs that nobody has put with them.
    keys = list(ContactEmail.objects.filter(contact=contact).values_list("address", flat=True))
    if strays := set(Message.objects.filter(address__in=keys, contact=None, lead=None).values_list("pk", flat=True)):
        found[Message] |= strays
        waiting.append((Message, strays))
    while waiting:
        target, ids = waiting.pop()
        for model, field in pointing_at(target):
            new = set(_theirs(model, field, ids, contact_id=contact.pk)) - found[model]
            if new:
                found[model] |= new
                waiting.append((model, new))
    return Reach(contact.pk, former, {model: frozenset(ids) for model, ids in found.items() if ids})


def pointing_at(target: type[models.Model]) -> Iterator[tuple[type[models.Model], models.ForeignKey[Any, Any]]]:
    """Foreign keys to the model from others; a pass before or a thread is the person's by itself."""
    for model in apps.get_models(include_auto_created=True):
        if model is target or model._meta.label in OF_COLLEAGUES:
            continue
        for field in model._meta.local_fields:
            if isinstance(field, models.ForeignKey) and field.related_model is target:
                yield model, field


def reachable() -> list[type[models.Model]]:
    """All models in which something of a person can stand, in the order in which they are found."""
    found: list[type[models.Model]] = [Contact]
    for target in found:
        found.extend(dict.fromkeys(model for model, _field in pointing_at(target) if model not in found))
    return found


def _theirs(model: type[models.Model], field: models.ForeignKey[Any, Any], ids: Collection[int], *, contact_id: int) -> Iterable[int]:
    rows = model._default_manager.filter(**{f"{field.name}__in": list(ids)})
    if any(other.name == _PERSON and other.related_model is Contact for other in model._meta.local_fields):
        # A letter to a colleague of theirs about the same pass is the colleague's.
        rows = rows.filter(Q(contact=None) | Q(contact=contact_id))
    return rows.values_list("pk", flat=True)
