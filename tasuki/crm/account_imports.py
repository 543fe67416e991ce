"""Importing accounts: companies with their parents."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from psycopg.types.json import Jsonb

from tasuki.core.audit import AuditEntry
from tasuki.core.errors import Refused
from tasuki.core.imports import fields
from tasuki.core.imports.copying import copy_in, execute, look_up, new_ids
from tasuki.core.imports.fields import Field, How
from tasuki.core.imports.nouns import Chunk, ImportNoun, Line, by_name
from tasuki.core.imports.runs import ImportRun, RowState
from tasuki.crm import corporate_numbers, import_fields, matching
from tasuki.crm.accounts import Account
from tasuki.crm.ownership import Ownership

_CHANGEABLE = ("domain", "industry", "n_employees", "country")


def _domain(cell: str, _how: How) -> str:
    return matching.domain_of(cell)


FIELDS = by_name(
    Field("name", fields.text(200), required=True),
    Field("reference", fields.text(120)),
    Field("domain", _domain),
    Field("industry", fields.text(80)),
    Field("n_employees", fields.integer),
    Field("country", fields.country),
    Field("corporate_number", fields.text(40)),
    Field("parent", fields.text(200)),
    Field("owner", fields.text(120)),
)


def write(chunk: Chunk) -> None:
    """New accounts by COPY; parents are joined afterwards, so that a file may name them in any order."""
    for line in chunk.waiting():
        line.values["folded"] = matching.fold_company(line.values["name"])
    key = chunk.mapping.key or "name"
    if key == "name":
        there: dict[Any, int] = look_up(
            "SELECT folded_name, min(id) FROM crm_account WHERE folded_name = ANY(%s) GROUP BY folded_name", chunk.values_of("folded")
        )
        chunk.settle_duplicates(there, "folded", lambda line, pk: _change(chunk, line, pk))
    else:
        there = look_up("SELECT reference, id FROM crm_account WHERE reference = ANY(%s)", chunk.values_of("reference"))
        chunk.settle_duplicates(there, "reference", lambda line, pk: _change(chunk, line, pk))
    _check_numbers(chunk)
    team = import_fields.default_team(chunk)
    owners, made_people = import_fields.people(chunk, "owner")
    lines = list(chunk.waiting())
    for line, pk in zip(lines, new_ids(Account, len(lines)), strict=True):
        line.become(RowState.CREATED, pk)
        line.values["owner_id"] = owners.get(line.values.get("owner", ""))
    import_fields.write_accounts((line.target_id, line.values, line.values["folded"], team.pk, chunk.at) for line in lines)
    actor = chunk.by.actor.pk if chunk.by.actor else None
    copy_in(
        Ownership,
        ("account_id", "owner_id", "team_id", "from_at", "given_by_id", "reason"),
        ((line.target_id, line.values["owner_id"], team.pk, chunk.at, actor, f"import {chunk.run.pk}") for line in lines),
    )
    copy_in(
        AuditEntry,
        ("at", "actor_id", "door", "noun", "record_id", "action", "changes"),
        ((chunk.at, actor, chunk.by.door, "account", line.target_id, "add", Jsonb({"import": [None, chunk.run.pk]})) for line in lines),
    )
    _join_parents(lines)
    import_fields.note_made(chunk, made_people)


def _join_parents(lines: list[Line]) -> None:
    wanted = {line.values["parent"]: matching.fold_company(line.values["parent"]) for line in lines if line.values.get("parent")}
    found: dict[Any, int] = look_up("SELECT folded_name, min(id) FROM crm_account WHERE folded_name = ANY(%s) GROUP BY folded_name", set(wanted.values()))
    for line in lines:
        if not line.values.get("parent"):
            continue
        parent = found.get(wanted[line.values["parent"]])
        if parent is None or parent == line.target_id:
            line.say("parent", _("There is no account “%(name)s” to be the parent; the account is kept without one.") % {"name": line.values["parent"][:80]})
        else:
            Account.objects.filter(pk=line.target_id or 0).update(parent=parent)


def _check_numbers(chunk: Chunk) -> None:
    for line in chunk.waiting():
        number = line.values.get("corporate_number")
        if not number:
            continue
        try:
            line.values["corporate_number"] = corporate_numbers.normalise(number, line.values.get("country", ""))
        except Refused as refusal:
            line.say("corporate_number", refusal.message)
            line.values["corporate_number"] = ""
    taken: dict[Any, Any] = look_up("SELECT corporate_number, id FROM crm_account WHERE corporate_number = ANY(%s)", chunk.values_of("corporate_number"))
    for line in chunk.waiting():
        number = line.values.get("corporate_number")
        if number and number in taken:
            line.reject("corporate_number", _("Another account has this corporate number."))
        elif number:
            taken[number] = 0


def _change(chunk: Chunk, line: Line, pk: int) -> None:
    line.trace["was"] = Account.objects.filter(pk=pk).values(*_CHANGEABLE).get()
    Account.objects.filter(pk=pk).update(updated_at=chunk.at, **{name: line.values[name] for name in _CHANGEABLE if name in line.values})


def take_back(run: ImportRun) -> None:
    made = "SELECT target_id FROM core_importrow WHERE run_id = %s AND state = 'created'"
    execute(
        """UPDATE crm_account account SET domain = row.trace->'was'->>'domain', industry = row.trace->'was'->>'industry',
               n_employees = (row.trace->'was'->>'n_employees')::int, country = row.trace->'was'->>'country'
           FROM core_importrow row WHERE row.run_id = %s AND row.state = 'updated' AND account.id = row.target_id""",
        [run.pk],
    )
    execute(f"UPDATE crm_account SET parent_id = NULL WHERE id IN ({made})", [run.pk])
    execute(f"DELETE FROM crm_ownership WHERE account_id IN ({made}) AND reason = %s", [run.pk, f"import {run.pk}"])
    execute(f"DELETE FROM crm_account WHERE id IN ({made})", [run.pk])
    import_fields.remove_made(run.pk)


NOUN = ImportNoun("accounts", FIELDS, ("name", "reference"), write, take_back, options=frozenset({"team"}))
