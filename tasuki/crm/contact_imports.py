"""Importing contacts: people, matched by mail address."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tasuki.core import names
from tasuki.core.imports import custom_values, fields, taking_back
from tasuki.core.imports.changing import Rows, as_they_are, change, stamps
from tasuki.core.imports.fields import Field
from tasuki.core.imports.nouns import Chunk, ImportNoun, by_name
from tasuki.core.imports.runs import ImportRun, RowState
from tasuki.crm import import_fields
from tasuki.crm.contacts import Contact

FIELDS = by_name(
    Field("tasuki_id", fields.number),
    Field("full_name", fields.text(200)),
    Field("family_name", fields.text(200)),
    Field("given_name", fields.text(200)),
    Field("title", fields.text(120)),
    Field("account", fields.text(200)),
    Field("email", import_fields.email),
    Field("phone", import_fields.phone),
)
# What an update may change.
_CHANGEABLE = ("family_name", "given_name", "title", "custom")


def write(chunk: Chunk) -> None:
    import_fields.custom(chunk, "contact")
    _change(chunk, chunk.numbered("crm_contact"))
    for line in chunk.waiting():
        if not line.values.keys() & {"full_name", "family_name", "email"}:
            line.reject("full_name", _("A contact needs a name or a mail address."))
        elif "email" in line.values:
            line.values["key"] = line.values["email"][1]
    there: dict[Any, int] = import_fields.contacts_with(chunk.values_of("key"))
    changing = chunk.settle_duplicates(there, "key", shown="email")
    _change(chunk, changing)
    team, made_team = import_fields.default_team(chunk)
    made_accounts = import_fields.accounts(chunk, team)
    lines = list(chunk.waiting())
    import_fields.new_contacts(chunk, is_one_each=True)
    for line in lines:
        line.become(RowState.CREATED, line.values["contact_id"])
    import_fields.note_made(chunk, made_team, made_accounts)


def _change(chunk: Chunk, rows: Rows) -> None:
    """A name in one piece that is the one shown says nothing new; any other is taken apart."""
    before = as_they_are(Contact, [pk for _line, pk in rows], columns=(*_CHANGEABLE, *stamps(Contact)))
    for line, pk in rows:
        if "full_name" in line.values and "family_name" not in line.values and names.display(**_parts(before[pk])) != line.values["full_name"]:
            line.values["family_name"], line.values["given_name"] = names.split(line.values["full_name"])
    plain = custom_values.merge(rows, model=Contact)
    change(chunk, rows, model=Contact, columns=_CHANGEABLE, plain=plain, before=before)


def _parts(name: dict[str, Any]) -> dict[str, str]:
    return {"family": name["family_name"], "given": name["given_name"]}


def take_back(run: ImportRun) -> None:
    taking_back.restore(run, model=Contact, columns=(*_CHANGEABLE, "updated_at"))
    import_fields.remove_contacts(run, taking_back.CREATED)
    import_fields.remove_made(run)


NOUN = ImportNoun("contacts", "contact", FIELDS, ("email", "tasuki_id"), write, take_back, options=frozenset({"team"}), check_options=import_fields.check_team)
