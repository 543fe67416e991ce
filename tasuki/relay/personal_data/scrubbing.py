"""What names a person in rows that are not theirs: their addresses and numbers wherever they stand, their name around their company.

An address or a number that somebody else has too is theirs as well and is left alone. A name is no key: it is looked for only in what was
written around the company of the person, where it hardly means another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models

from tasuki.core import names
from tasuki.core.audit import AuditEntry
from tasuki.core.imports.copying import execute
from tasuki.core.people import User
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact, ContactEmail, ContactPhone
from tasuki.engage.blocks import Block
from tasuki.engage.mailboxes import Mailbox
from tasuki.relay.personal_data.reach import Reach
from tasuki.relay.personal_data.rewriting import DASH

# Whose addresses and numbers are the house's own.
_OURS = (User, Mailbox, Block)
_SHORTEST_NAME = 3
_SHORTEST_NUMBER = 7


@dataclass(frozen=True)
class Marks:
    """What names the person: (addresses as they are compared, numbers in E.164), how they are written anywhere, and their name."""

    addresses: frozenset[str]
    numbers: frozenset[str]
    written: frozenset[str]
    names: frozenset[str]

    @property
    def keys(self) -> re.Pattern[str] | None:
        return _pattern(self.written)

    @property
    def name(self) -> re.Pattern[str] | None:
        return _pattern(self.names)


def of(contact: Contact) -> Marks:
    """Read before anything is rewritten."""
    mails = list(ContactEmail.objects.filter(contact=contact).values_list("key", "address"))
    phones = list(ContactPhone.objects.filter(contact=contact).values_list("e164", "written"))
    others = set(ContactEmail.objects.filter(key__in=[key for key, _ in mails]).exclude(contact=contact).values_list("key", flat=True))
    others |= set(ContactPhone.objects.filter(e164__in=[one for one, _ in phones]).exclude(contact=contact).values_list("e164", flat=True))
    addresses, numbers = {key for key, _ in mails} - others, {one for one, _ in phones} - others
    written = {said for key, said in (*mails, *phones) if key not in others and len(said) >= _SHORTEST_NUMBER} | addresses | numbers
    written |= {f"0{one[3:]}" for one in numbers if one.startswith(("+82", "+81"))}
    return Marks(frozenset(addresses), frozenset(numbers), frozenset(written), frozenset(_names(contact)))


def scrub_keys(marks: Marks) -> Counter[str]:
    """Take the addresses and numbers out of every text of the database; → how many rows, by table."""
    counts: Counter[str] = Counter()
    if marks.keys:
        for model in apps.get_models(include_auto_created=True):
            if model.__module__.startswith("tasuki.") and model not in _OURS:
                for field in _texts(model):
                    counts[model._meta.label] += _replace(model._meta.db_table, field, marks.keys.pattern, where="true", parameters=[])
    return +counts


def rows_of_files(marks: Marks) -> list[int]:
    """The ids of rows of files, also of dry runs and refused ones, whose kept cells name the person by address, number or full name."""
    pattern = _pattern(marks.written | marks.names)
    if pattern is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute('SELECT id FROM core_importrow WHERE "values" IS NOT NULL AND "values"::text ~* %s', [pattern.pattern])
        return [pk for (pk,) in cursor.fetchall()]


def scrub_name(marks: Marks, *, reach: Reach, account: Account | None) -> Counter[str]:
    """Take the name out of what was written around the company, and about colleagues in calls with the person."""
    counts: Counter[str] = Counter()
    if not marks.name:
        return counts
    around = _around(reach, account)
    for model, ids in around.items():
        for field in _texts(model):
            counts[model._meta.label] += _replace(model._meta.db_table, field, marks.name.pattern, where="id = ANY(%s)", parameters=[list(ids)])
    for model, ids in around.items():
        parameters = [str(model._meta.model_name), list(ids)]
        field = AuditEntry._meta.get_field("changes")
        counts["core.AuditEntry"] += _replace("core_auditentry", field, marks.name.pattern, where="noun = %s AND record_id = ANY(%s)", parameters=parameters)
    return +counts


def _around(reach: Reach, account: Account | None) -> dict[type[models.Model], set[int]]:
    """Everything that hangs on the company, and on what was the person's."""
    found: dict[type[models.Model], set[int]] = {model: set(ids) for model, ids in reach.rows.items()}
    if account:
        found[Account] = {account.pk}
    waiting = list(found.items())
    while waiting:
        target, ids = waiting.pop()
        for model in apps.get_models(include_auto_created=True):
            for field in model._meta.local_fields:
                if isinstance(field, models.ForeignKey) and field.related_model is target and model is not target:
                    new = set(model._default_manager.filter(**{f"{field.name}__in": ids}).values_list("pk", flat=True)) - found.get(model, set())
                    if new:
                        found.setdefault(model, set()).update(new)
                        waiting.append((model, new))
    return found


def _texts(model: type[models.Model]) -> Iterator[Any]:
    for field in model._meta.local_concrete_fields:
        if isinstance(field, (models.CharField, models.TextField, models.JSONField)) and not (field.choices or field.generated or field.primary_key):
            yield field


def _replace(table: str, field: Any, pattern: str, *, where: str, parameters: list[Any]) -> int:
    column = f'"{field.column}"'
    value = f"regexp_replace({column}::text, %s, %s, 'gi')"
    if isinstance(field, models.JSONField):
        value = f"{value}::jsonb"
    return execute(f"UPDATE {table} SET {column} = {value} WHERE {column}::text ~* %s AND {where}", [pattern, DASH, pattern, *parameters])


def _names(contact: Contact) -> Iterable[str]:
    family, given = contact.family_name.strip(), contact.given_name.strip()
    if not family or not given:
        return
    for name in (names.display(family, given), f"{family} {given}", f"{given} {family}", f"{family}{given}"):
        if len(name) >= _SHORTEST_NAME:
            yield name


def _pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    """The longest first, so that no half of one is left."""
    said = sorted({word for word in words if word}, key=lambda word: (-len(word), word))
    return re.compile("|".join(re.escape(word) for word in said)) if said else None
