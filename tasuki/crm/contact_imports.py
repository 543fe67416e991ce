"""Importing contacts: people, known by reference, mail address, telephone number, or name at a company."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tasuki.core import names
from tasuki.core.imports import custom_values, fields, taking_back
from tasuki.core.imports.changing import Rows, as_they_are, changes, stamps
from tasuki.core.imports.fields import Field
from tasuki.core.imports.nouns import Chunk, ImportNoun, by_name
from tasuki.core.imports.runs import DuplicatePolicy, ImportRun, RowState
from tasuki.crm import barred, import_fields, known_people, ways_of_rows, ways_to_reach
from tasuki.crm.contacts import Contact

FIELDS = by_name(
    Field("tasuki_id", fields.number),
    Field("reference", fields.text(120)),
    Field("full_name", fields.text(200)),
    Field("family_name", fields.text(200)),
    Field("given_name", fields.text(200)),
    Field("title", fields.text(120)),
    Field("account", fields.text(200)),
    Field("email", import_fields.email),
    Field("phone", import_fields.phone),
    Field("other_email", import_fields.email),
    Field("other_phone", import_fields.phone),
)
# What an update may change.
_CHANGEABLE = ("family_name", "given_name", "title", "reference", "custom")


def write(chunk: Chunk) -> None:
    import_fields.custom(chunk, "contact")
    ways_of_rows.gather(chunk)
    barred.refuse_rows(chunk)
    _change(chunk, chunk.numbered("crm_contact"))
    for line in chunk.waiting():
        if not line.values.keys() & {"full_name", "family_name", "email"}:
            line.reject("full_name", _("A contact needs a name or a mail address."))
    _settle_people(chunk)
    team, made_team = import_fields.default_team(chunk)
    made_accounts = import_fields.accounts(chunk, team)
    lines = list(chunk.waiting())
    contacts = import_fields.new_contacts(chunk)
    chunk.read_on()
    import_fields.write_contacts(chunk, contacts, is_own=True)
    for line in lines:
        line.become(RowState.CREATED, line.values["contact_id"])
    import_fields.note_made(chunk, made_team, made_accounts)


def _settle_people(chunk: Chunk) -> None:
    """Rows about people who are here or stand above. Under the policy “create” each row is a person of its own."""
    if chunk.mapping.on_duplicate == DuplicatePolicy.CREATE:
        chunk.refuse_taken("reference", known_people.contacts_with(chunk.values_of("reference")))
        for line in chunk.waiting():
            line.values["person"] = -line.row_no
        return
    known_people.recognise(chunk, has_references=True)
    there: dict[Any, int] = {pk: pk for pk in chunk.values_of("person") if pk > 0}
    _change(chunk, chunk.settle_duplicates(there, "person", shown="email"))


def _change(chunk: Chunk, rows: Rows) -> None:
    """A name in one piece that is the one shown says nothing new; any other is taken apart. Addresses and numbers that are new are added."""
    before = as_they_are(Contact, [pk for _line, pk in rows], columns=(*_CHANGEABLE, *stamps(Contact)))
    for line, pk in rows:
        values, was = line.values, before[pk]
        if "full_name" in values and "family_name" not in values and names.display(**_parts(was)) != values["full_name"]:
            values["family_name"], values["given_name"] = names.split(values["full_name"])
        if was["reference"] and values.get("reference", was["reference"]) != was["reference"]:
            line.say("reference", _("This person is known by the reference “%(reference)s” already, and keeps it.") % {"reference": was["reference"]})
            values["reference"] = was["reference"]
    plain = custom_values.merge(rows, model=Contact)
    changes(chunk, rows, model=Contact, columns=_CHANGEABLE, plain=plain, before=before).write()
    ways_to_reach.add(chunk, rows, before=before)


def _parts(name: dict[str, Any]) -> dict[str, str]:
    return {"family": name["family_name"], "given": name["given_name"]}


def take_back(run: ImportRun) -> None:
    taking_back.restore(run, model=Contact, columns=(*_CHANGEABLE, "updated_at"))
    ways_to_reach.take_back(run)
    import_fields.remove_contacts(run, taking_back.CREATED)
    import_fields.remove_made(run)


NOUN = ImportNoun(
    "contacts",
    "contact",
    FIELDS,
    ("email", "reference", "tasuki_id"),
    write,
    take_back,
    options=frozenset({"team"}),
    check_options=import_fields.check_team,
    known_by=known_people.KEYS,
    usually_known_by=known_people.USUAL,
)
