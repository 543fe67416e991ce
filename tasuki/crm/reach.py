"""How a person is reached: all of their mail addresses, all of their numbers, the main one first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tasuki.core.audit import Changes
from tasuki.core.organisation import the_organisation
from tasuki.crm import barred, emails, phones
from tasuki.crm.contacts import Contact, ContactEmail, ContactPhone

# What each is called by the contact, and the column by which two spellings are one.
REACHED_BY = {"emails": "key", "phones": "e164"}

# As it is shown → the columns of its row, in order, each once.
Rows = Mapping[str, dict[str, Any]]


def read(name: str, written: Iterable[str], *, country: str | None = None) -> Rows:
    """The rows that texts as people write them mean, in order. Raises EmailInvalid, PhoneInvalid."""
    rows: dict[str, dict[str, Any]] = {}
    for text in written:
        if name == "emails":
            address, key = emails.normalise(text)
            if key not in {row["key"] for row in rows.values()}:
                rows[address] = {"address": address, "key": key}
        else:
            e164 = phones.to_e164(text, the_organisation().country if country is None else country)
            rows.setdefault(e164, {"e164": e164, "written": text.strip()[:64]})
    return rows


def difference(contact: Contact, reached: Mapping[str, Rows]) -> Changes:
    """What `write` would change, for the trail."""
    before = {name: [str(one) for one in getattr(contact, name).all()] for name in reached}
    return {name: (before[name], list(rows)) for name, rows in reached.items() if list(rows) != before[name]}


def refuse_barred(reached: Mapping[str, Rows]) -> None:
    """Raises AskedToBeErased for a number or an address of somebody who did."""
    barred.refuse(numbers=[row["e164"] for row in reached.get("phones", {}).values()], addresses=[row["key"] for row in reached.get("emails", {}).values()])


def write(contact: Contact, reached: Mapping[str, Rows]) -> None:
    """Let the person be reached by exactly these; who was reached so before keeps the row. The caller holds the contact locked."""
    for name, rows in reached.items():
        column = REACHED_BY[name]
        model: Any = ContactEmail if name == "emails" else ContactPhone
        mine = model._default_manager.filter(contact=contact)
        mine.exclude(**{f"{column}__in": [row[column] for row in rows.values()]}).delete()
        mine.update(is_primary=False)
        wanted = [row[column] for row in rows.values()]
        kept = list(mine.order_by("pk").values_list(column, flat=True))
        # After the main one they are shown in the order of their rows: where that would be another than was said, all are written anew.
        would_be = sorted([*kept, *(one for one in wanted if one not in kept)], key=lambda one: one != wanted[0])
        if would_be != wanted:
            mine.delete()
        for nth, row in enumerate(rows.values()):
            model._default_manager.update_or_create(contact=contact, **{column: row[column]}, defaults={**row, "is_primary": nth == 0})
