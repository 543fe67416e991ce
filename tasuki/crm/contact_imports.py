"""Importing contacts: people, matched by mail address."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from tasuki.core.audit import AuditEntry
from tasuki.core.imports import fields
from tasuki.core.imports.copying import copy_in, execute, look_up
from tasuki.core.imports.fields import Field
from tasuki.core.imports.nouns import Chunk, ImportNoun, Line, by_name
from tasuki.core.imports.runs import ImportRun, RowState
from tasuki.crm import import_fields
from tasuki.crm.contacts import Contact

FIELDS = by_name(
    Field("full_name", fields.text(200)),
    Field("family_name", fields.text(200)),
    Field("given_name", fields.text(200)),
    Field("title", fields.text(120)),
    Field("account", fields.text(200)),
    Field("email", import_fields.email, required=True),
    Field("phone", import_fields.phone),
)


def write(chunk: Chunk) -> None:
    for line in chunk.waiting():
        line.values["key"] = line.values["email"][1]
    there: dict[Any, int] = look_up("SELECT key, min(contact_id) FROM crm_contactemail WHERE key = ANY(%s) GROUP BY key", chunk.values_of("key"))
    chunk.settle_duplicates(there, "key", lambda line, pk: _change(chunk, line, pk))
    team = import_fields.default_team(chunk)
    accounts, made_accounts = import_fields.accounts(chunk, "account", team)
    import_fields.contacts(chunk, accounts)
    lines = list(chunk.waiting())
    for line in lines:
        line.become(RowState.CREATED, line.values["contact_id"])
    actor = chunk.by.actor.pk if chunk.by.actor else None
    copy_in(
        AuditEntry,
        ("at", "actor_id", "door", "noun", "record_id", "action", "changes"),
        ((chunk.at, actor, chunk.by.door, "contact", line.target_id, "add", Jsonb({"import": [None, chunk.run.pk]})) for line in lines),
    )
    import_fields.note_made(chunk, made_accounts)


def _change(chunk: Chunk, line: Line, pk: int) -> None:
    names = ("family_name", "given_name", "title")
    line.trace["was"] = Contact.objects.filter(pk=pk).values(*names).get()
    Contact.objects.filter(pk=pk).update(updated_at=chunk.at, **{name: line.values[name] for name in names if name in line.values})


def take_back(run: ImportRun) -> None:
    made = "SELECT target_id FROM core_importrow WHERE run_id = %s AND state = 'created'"
    execute(
        """UPDATE crm_contact contact SET family_name = row.trace->'was'->>'family_name', given_name = row.trace->'was'->>'given_name',
               title = row.trace->'was'->>'title'
           FROM core_importrow row WHERE row.run_id = %s AND row.state = 'updated' AND contact.id = row.target_id""",
        [run.pk],
    )
    for table, column in (("crm_contactemail", "contact_id"), ("crm_contactphone", "contact_id"), ("crm_contact", "id")):
        execute(f"DELETE FROM {table} WHERE {column} IN ({made})", [run.pk])
    import_fields.remove_made(run.pk)


NOUN = ImportNoun("contacts", FIELDS, ("email",), write, take_back, options=frozenset({"team"}))
