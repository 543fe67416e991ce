"""Fields that the nouns of the CRM share when they are imported, and what their texts stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _
from psycopg.types.json import Jsonb

from tasuki.core import names, teams
from tasuki.core.custom_fields.definitions import CustomField, FieldNoun
from tasuki.core.imports import custom_values, taking_back
from tasuki.core.imports.changing import audit_row, made_rows, write_trail
from tasuki.core.imports.copying import copy_in, execute, look_up, new_ids
from tasuki.core.imports.fields import How
from tasuki.core.imports.mapping import Mapping, MappingRefused
from tasuki.core.imports.nouns import Chunk
from tasuki.core.imports.runs import ImportRun
from tasuki.core.people import User
from tasuki.core.teams import Department, Team
from tasuki.crm import emails, matching, phones, requirements, ways_of_rows
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact, ContactEmail, ContactPhone
from tasuki.crm.ownership import Ownership
from tasuki.crm.products import Product
from tasuki.crm.requirements import FieldsMissing

Made = dict[str, list[int]]
# Records to write: each an id and its values.
Rows = list[tuple[int, dict[str, Any]]]

_PLAIN_ADDRESS = re.compile(r"([A-Za-z0-9_+-]{1,60}(?:\.[A-Za-z0-9_+-]{1,60})?)@([A-Za-z0-9.-]+)")
_LONGEST_PLAIN = 60
_MOST_KNOWN = 500
# Any of these names a person.
_PERSON = frozenset({"full_name", "family_name", "email"})


def email(cell: str, _how: How) -> list[str]:
    """→ [address, key]"""
    plain = _PLAIN_ADDRESS.fullmatch(cell.strip())
    if plain is None or len(cell) > _LONGEST_PLAIN:
        return list(emails.normalise(cell))
    # A file has many addresses and few hosts: what is plain before the @ is right, and the host is looked at once.
    local, host = plain[1], _host(plain[2])
    return [f"{local}@{host[0]}", f"{local.lower()}@{host[1]}"]


@lru_cache(maxsize=65_536)
def _host(name: str) -> tuple[str, str]:
    address, key = emails.normalise(f"x@{name}")
    return address[2:], key[2:]


def phone(cell: str, how: How) -> list[str]:
    """→ the numbers of the cell, the main one first"""
    return phones.several(cell, how.country)


def check_team(mapping: Mapping) -> None:
    """Raise MappingRefused when the mapping names a team that is not there: a slip of the pen must not found one."""
    name = str(mapping.options.get("team") or "")
    if name and not Team.objects.filter(name=name).exists():
        raise MappingRefused(_("There is no team “%(name)s”.") % {"name": name[:80]})


def default_team(chunk: Chunk) -> tuple[Team, Made]:
    """The team that the mapping names; else that of the person who imports; else the first team there is, or a new one."""
    check_team(chunk.mapping)
    name = str(chunk.mapping.options.get("team") or "")
    if name:
        return Team.objects.filter(name=name).order_by("pk")[0], {}
    team = chunk.by.actor.team if chunk.by.actor else None
    team = team or Team.objects.first_of_all()
    if team:
        return team, {}
    team = teams.add("Organisation", department=Department.OFFICE, by=chunk.by, at=chunk.at)
    return team, {"team": [team.pk]}


def people(chunk: Chunk, field: str) -> tuple[dict[str, int], Made]:
    """Who the texts of a field name, by reference, address or full name.

    Where the mapping says `create_missing`, unknown ones are kept as former people without an address; else the row says so.
    """
    wanted = chunk.values_of(field)
    lowered: dict[str, int] = look_up("SELECT lower(email), id FROM core_user WHERE lower(email) = ANY(%s)", {text.lower() for text in wanted})
    found = {text: lowered[text.lower()] for text in wanted if text.lower() in lowered}
    found |= _people_called([text for text in wanted if text not in found])
    found |= look_up("SELECT reference, id FROM core_user WHERE reference <> '' AND reference = ANY(%s)", wanted)
    missing = sorted(text for text in wanted if text not in found)
    if missing and not chunk.mapping.columns[field].create_missing:
        unknown = set(missing)
        for line in chunk.waiting():
            if line.values.get(field, "") in unknown:
                line.say(
                    field, _("There is nobody called “%(name)s”, or more than one; the record is kept without an owner.") % {"name": line.values[field][:80]}
                )
        return found, {}
    ids = new_ids(User, len(missing))
    columns = ("id", "password", "email", "family_name", "given_name", "title", "language", "time_zone", "team_id", "reference", "is_active", "hired_at")
    copy_in(
        User, columns, ((pk, "!", None, *_short(text), "", "en", "UTC", None, text[:120], False, chunk.stamp) for pk, text in zip(ids, missing, strict=True))
    )
    write_trail([audit_row(chunk, noun="user", pk=pk, action="hire", changes={"reference": ["", text]}) for pk, text in zip(ids, missing, strict=True)])
    return found | dict(zip(missing, ids, strict=True)), {"user": ids}


def custom(chunk: Chunk, noun: str) -> None:
    """Gather what the rows say of custom fields, as `custom` in their values."""
    custom_values.gather(chunk, noun, people=people_named, accounts=accounts_named)


def people_named(texts: set[str]) -> dict[str, int]:
    """By address, reference, or a name that only one has."""
    lowered: dict[str, int] = look_up("SELECT lower(email), id FROM core_user WHERE lower(email) = ANY(%s)", {text.lower() for text in texts})
    found = _people_called(sorted(texts)) | {text: lowered[text.lower()] for text in texts if text.lower() in lowered}
    return found | look_up("SELECT reference, id FROM core_user WHERE reference <> '' AND reference = ANY(%s)", texts)


def accounts_named(texts: set[str]) -> dict[str, int]:
    """By reference, else by a name that only one account has."""
    folded = {text: matching.fold_company(text) for text in texts}
    known: dict[str, int] = look_up(
        "SELECT folded_name, min(id) FROM crm_account WHERE folded_name = ANY(%s) GROUP BY folded_name HAVING count(*) = 1", set(folded.values())
    )
    found = {text: known[name] for text, name in folded.items() if name in known}
    return found | accounts_with(texts)


def column_of(values: dict[str, Any]) -> Any:
    """The column `custom` of a new record for COPY."""
    together = custom_values.of_new(values)
    return Jsonb(together) if together else "{}"


def _people_called(texts: list[str]) -> dict[str, int]:
    """People by the name that is shown; a name that two of them have names neither."""
    by_name: dict[str, list[int]] = {}
    for user in User.objects.all() if texts else ():
        by_name.setdefault(user.display_name, []).append(user.pk)
    return {text: by_name[text][0] for text in texts if len(by_name.get(text, ())) == 1}


def products(chunk: Chunk, field: str) -> dict[str, tuple[int, str]]:
    """Products by name or code → (id, product line); a name that is none of ours is missing in the answer."""
    wanted = chunk.values_of(field)
    found: dict[str, tuple[int, str]] = look_up("SELECT code, id, line FROM crm_product WHERE code <> '' AND code = ANY(%s)", wanted)
    return found | look_up("SELECT name, id, line FROM crm_product WHERE name = ANY(%s)", wanted)


def teams_named(chunk: Chunk, field: str) -> dict[str, int]:
    """Teams by name; a row that names none of ours is told, and gets the team of the import."""
    found: dict[str, int] = look_up("SELECT name, min(id) FROM core_team WHERE name = ANY(%s) GROUP BY name", chunk.values_of(field))
    for line in chunk.waiting():
        if line.values.get(field, "") not in ("", *found):
            line.say(field, _("There is no team “%(name)s”.") % {"name": line.values[field][:80]})
    return found


def known_values(field: str) -> list[str]:
    """The values that our records have in a field where people use the same few again."""
    if field == "product":
        return list(Product.objects.order_by("name").values_list("name", flat=True)[:_MOST_KNOWN])
    if field == "industry":
        return list(Account.objects.exclude(industry="").order_by("industry").values_list("industry", flat=True).distinct()[:_MOST_KNOWN])
    if field == "line":
        return list(Product.objects.exclude(line="").order_by("line").values_list("line", flat=True).distinct()[:_MOST_KNOWN])
    return _of_leads(field) if field in ("source", "segment") else []


def _of_leads(column: str) -> list[str]:
    """The values of a column of leads, each found behind the one before it: of a million leads only as many are looked at as there are values."""
    following = f"SELECT {column} AS value FROM crm_lead WHERE {column} > %s ORDER BY {column} LIMIT 1"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH RECURSIVE found AS (({following}) UNION ALL
                    SELECT (SELECT {column} FROM crm_lead WHERE {column} > found.value ORDER BY {column} LIMIT 1) FROM found WHERE found.value IS NOT NULL)
                SELECT value FROM found WHERE value IS NOT NULL LIMIT %s""",
            ["", _MOST_KNOWN],
        )
        return [value for (value,) in cursor.fetchall()]


def refuse_the_future(chunk: Chunk, *names: str) -> None:
    """What has not happened yet is no history: it would stand in no balance, and then suddenly in one."""
    for line in chunk.waiting():
        for name in names:
            if line.state is None and name in line.values and moment(line.values[name]) > chunk.at:
                line.reject(name, _("%(day)s lies in the future.") % {"day": line.values[name][:10]})


def refuse_unfilled(chunk: Chunk, noun: FieldNoun, *, entering: Callable[[dict[str, Any]], str | None]) -> None:
    """Refuse rows whose new record would stand in a stage without a custom field that is required from it: no verb would have let it in.

    `entering` says from the values of a row in which stage its record will stand; None where it will stand in none.
    """
    needed = list(CustomField.objects.of_noun(noun).in_use().exclude(required_from=""))
    seen = set(CustomField.objects.visible_to(chunk.by.actor).values_list("pk", flat=True)) if needed and chunk.by.actor else {one.pk for one in needed}
    for line in chunk.waiting() if needed else ():
        stage = entering(line.values)
        lacking = requirements.lacking(custom_values.of_new(line.values), fields=needed, entering=stage) if stage else []
        if lacking:
            named = [field for field in lacking if field.pk in seen]
            line.reject(named[0].key if named else "stage", FieldsMissing(named, hidden=len(lacking) - len(named)).message)


def accounts(chunk: Chunk, team: Team) -> Made:
    """Set `account_id` in the values of each row that names an account, as `named_accounts` does; new names become accounts."""
    fresh = named_accounts(chunk)
    write_accounts(chunk, fresh, team_id=team.pk)
    return {"account": [pk for pk, _values in fresh]}


def named_accounts(chunk: Chunk) -> Rows:
    """Set `account_id` in the values of each row that names an account, by reference or folded name; → the accounts to write for new names.

    Of several with one folded name it is the one whose domain the person's mail address has, else the one written so, else the oldest.
    """
    wanted = {text: matching.fold_company(text) for text in chunk.values_of("account")}
    references = accounts_with(wanted)
    here = look_up("SELECT id, folded_name, name, domain FROM crm_account WHERE folded_name = ANY(%s) ORDER BY id", set(wanted.values()))
    known: dict[tuple[str, str, str], int] = {}
    for pk, (folded, name, domain) in (here | chunk.ahead.get("account", {})).items():
        for trait in (("domain", domain), ("name", name), ("", "")):
            known.setdefault((folded, *trait), pk)
    fresh = {key: text for text, key in sorted(wanted.items()) if text not in references and (key, "", "") not in known}
    ids = new_ids(Account, len(fresh))
    made = list(zip(ids, fresh.items(), strict=True))
    chunk.brings["account"] = {pk: (key, text, "") for pk, (key, text) in made}
    known |= {(key, "", ""): pk for pk, (key, _text) in made}
    for line in chunk.waiting():
        if text := line.values.get("account"):
            folded, host = wanted[text], line.values["email"][1].rsplit("@", 1)[1] if "email" in line.values else ""
            alike = known.get((folded, "domain", host)) if host else None
            line.values["account_id"] = references.get(text) or alike or known.get((folded, "name", text)) or known[folded, "", ""]
    return [(pk, {"name": text, "folded": key}) for pk, (key, text) in made]


def write_accounts(chunk: Chunk, rows: Rows, *, team_id: int) -> None:
    """COPY accounts, each an id and its values, with their first owner and their entry of the trail."""
    if not rows:
        return
    texts = ("domain", "industry", "country", "corporate_number", "postal_address", "reference")
    chunk.read_on()
    copy_in(
        Account,
        ("id", "name", "folded_name", *texts, "n_employees", "owner_id", "team_id", "custom", "created_at", "updated_at"),
        (
            (
                pk, v["name"][:200], v["folded"][:200], *(v.get(name, "") for name in texts), v.get("n_employees"), v.get("owner_id"), team_id,
                column_of(v), chunk.stamp, chunk.stamp,
            )
            for pk, v in rows
        ),
    )  # fmt: skip
    actor = chunk.by.actor.pk if chunk.by.actor else None
    copy_in(
        Ownership,
        ("account_id", "owner_id", "team_id", "from_at", "given_by_id", "reason"),
        ((pk, values.get("owner_id"), team_id, chunk.stamp, actor, mark(chunk.run)) for pk, values in rows),
    )
    write_trail(made_rows(chunk, noun="account", action="add", ids=(pk for pk, _values in rows)))


def accounts_with(references: Iterable[str]) -> dict[str, int]:
    """Accounts by reference; one that was merged into another leads to that one."""
    wanted = list(references)
    return look_up(
        """SELECT reference, account_id FROM crm_formerrecord WHERE of = 'account' AND reference <> '' AND reference = ANY(%s)
           UNION ALL SELECT reference, id FROM crm_account WHERE reference <> '' AND reference = ANY(%s)""",
        wanted,
        wanted,
    )


def new_contacts(chunk: Chunk) -> Rows:
    """Set `contact_id` in the values of each row that names a person we do not know; → the contacts to write for them, one for each `person`."""
    rows: Rows = []
    made: dict[int, int] = {}
    strangers = [line.values for line in chunk.waiting() if "contact_id" not in line.values and not _PERSON.isdisjoint(line.values)]
    for values, fresh in zip(strangers, new_ids(Contact, len(strangers)), strict=True):
        pk = values["contact_id"] = made.setdefault(values["person"], fresh)
        if pk == fresh:
            rows.append((pk, values))
    return rows


def write_contacts(chunk: Chunk, rows: Rows, *, is_own: bool) -> None:
    """COPY contacts, each an id and its values, with their addresses, numbers and entry of the trail.

    A row of leads says what the reference and the custom fields of its lead are, and not of its person: not `is_own`.
    """
    if not rows:
        return
    teams: dict[int, int] = look_up("SELECT id, team_id FROM crm_account WHERE id = ANY(%s)", {v["account_id"] for _pk, v in rows if "account_id" in v})
    copy_in(
        Contact,
        (
            "id", "account_id", "account_team_id", "family_name", "given_name", "title", "department", "roles", "language", "reference", "custom",
            "created_at", "updated_at",
        ),
        (
            (
                pk, v.get("account_id"), teams.get(v.get("account_id", 0)), *_name_of(v), v.get("title", ""), "", "", "",
                v.get("reference", "") if is_own else "", column_of(v) if is_own else "{}",
                chunk.stamp, chunk.stamp,
            )
            for pk, v in rows
        ),
    )  # fmt: skip
    teamed = [(pk, teams.get(v.get("account_id", 0)), v) for pk, v in rows]
    addresses = ((pk, team, *one, nth == 0) for pk, team, v in teamed for nth, one in enumerate(ways_of_rows.addresses_of(v)))
    copy_in(ContactEmail, ("contact_id", "account_team_id", "address", "key", "is_primary"), addresses)
    numbers = ((pk, team, number, "", nth == 0) for pk, team, v in teamed for nth, number in enumerate(v.get("phone", ())))
    copy_in(ContactPhone, ("contact_id", "account_team_id", "e164", "written", "is_primary"), numbers)
    write_trail(made_rows(chunk, noun="contact", action="add", ids=(pk for pk, _values in rows)))


def remove_made(run: ImportRun) -> None:
    """Remove the people, accounts and contacts that a run made on its way.

    Raises CannotUndo, here or by a foreign key, when somebody worked on them or something else stands on them.
    """
    for noun in ("contact", "account", "user"):
        taking_back.refuse_if_worked_on(run, noun=noun, ids=taking_back.made(noun))
    remove_contacts(run, taking_back.made("contact"))
    remove_accounts(run, taking_back.made("account"))
    execute(f"DELETE FROM core_user WHERE id IN ({taking_back.made('user')})", [run.pk])
    _remove_made_team(run)


def remove_contacts(run: ImportRun, ids: str) -> None:
    for table, column in (("crm_contactemail", "contact_id"), ("crm_contactphone", "contact_id"), ("crm_contact", "id")):
        execute(f"DELETE FROM {table} WHERE {column} IN ({ids})", [run.pk])


def remove_accounts(run: ImportRun, ids: str) -> None:
    execute(f"DELETE FROM crm_ownership WHERE account_id IN ({ids}) AND reason = %s", [run.pk, mark(run)])
    execute(f"UPDATE crm_account SET parent_id = NULL WHERE id IN ({ids})", [run.pk])
    execute(f"DELETE FROM crm_account WHERE id IN ({ids})", [run.pk])


def _remove_made_team(run: ImportRun) -> None:
    """The team that an empty installation got with its first import goes too, unless it is in use by now."""
    with suppress(IntegrityError), transaction.atomic():
        if execute(f"DELETE FROM core_team WHERE id IN ({taking_back.made('team')})", [run.pk]):
            execute("SET CONSTRAINTS ALL IMMEDIATE")


def mark(run: ImportRun) -> str:
    """What an ownership says as its reason when a run wrote it."""
    return f"import {run.pk}"


def note_made(chunk: Chunk, *made: Made) -> None:
    """Leave what the chunk made on its way with its first row, for the undo."""
    together: Made = {}
    for part in made:
        for noun, ids in part.items():
            if ids:
                together.setdefault(noun, []).extend(ids)
    if together:
        chunk.lines[0].trace["made"] = together


@lru_cache(maxsize=65_536)
def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _name_of(values: dict[str, Any]) -> tuple[str, str]:
    if "family_name" in values:
        return values["family_name"][:200], values.get("given_name", "")[:200]
    if "full_name" in values:
        family, given = names.split(values["full_name"])
        return family[:200], given[:200]
    return values["email"][0].split("@", 1)[0][:200], ""


def _short(full_name: str) -> tuple[str, str]:
    family, given = names.split(full_name)
    return family[:120], given[:120]
