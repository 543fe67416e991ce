"""Fields that the nouns of the CRM share when they are imported, and what their texts stand for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tasuki.core import names, teams
from tasuki.core.imports.copying import copy_in, look_up, new_ids
from tasuki.core.imports.fields import How
from tasuki.core.imports.nouns import Chunk
from tasuki.core.people import User
from tasuki.core.teams import Department, Team
from tasuki.crm import emails, matching, phones
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact, ContactEmail, ContactPhone

Made = dict[str, list[int]]


def email(cell: str, _how: How) -> list[str]:
    """→ [address, key]"""
    return list(emails.normalise(cell))


def phone(cell: str, how: How) -> str:
    return phones.to_e164(cell, how.country)


def default_team(chunk: Chunk) -> Team:
    """The team that the mapping names; else that of the person who imports; else the first team there is, or a new one."""
    name = str(chunk.mapping.options.get("team") or "")
    if name:
        return Team.objects.filter(name=name).order_by("pk").first() or teams.add(name, department=Department.OFFICE, by=chunk.by, at=chunk.at)
    if chunk.by.actor and chunk.by.actor.team:
        return chunk.by.actor.team
    return Team.objects.first_of_all() or teams.add("Organisation", department=Department.OFFICE, by=chunk.by, at=chunk.at)


def people(chunk: Chunk, field: str) -> tuple[dict[str, int], Made]:
    """Who the texts of a field name, by reference, address or full name; unknown ones are kept as former people without an address."""
    wanted = chunk.values_of(field)
    found: dict[str, int] = look_up("SELECT reference, id FROM core_user WHERE reference = ANY(%s)", wanted)
    found |= look_up("SELECT email, id FROM core_user WHERE lower(email) = ANY(%s)", {text.lower() for text in wanted})
    missing = [text for text in wanted if text not in found and text.lower() not in found]
    if missing:
        by_full_name = {user.display_name: user.pk for user in User.objects.all()}
        found |= {text: by_full_name[text] for text in missing if text in by_full_name}
        missing = sorted(text for text in missing if text not in found)
    ids = new_ids(User, len(missing))
    columns = ("id", "password", "email", "family_name", "given_name", "title", "language", "time_zone", "team_id", "reference", "is_active", "hired_at")
    copy_in(User, columns, ((pk, "!", None, *_short(text), "", "en", "UTC", None, text[:120], False, chunk.at) for pk, text in zip(ids, missing, strict=True)))
    found |= dict(zip(missing, ids, strict=True))
    return {text: found.get(text) or found[text.lower()] for text in wanted}, {"user": ids}


def products(chunk: Chunk, field: str) -> dict[str, int]:
    """Products by name or code; a name that is none of ours is missing in the answer."""
    wanted = chunk.values_of(field)
    found: dict[str, int] = look_up("SELECT code, id FROM crm_product WHERE code <> '' AND code = ANY(%s)", wanted)
    return found | look_up("SELECT name, id FROM crm_product WHERE name = ANY(%s)", wanted)


def accounts(chunk: Chunk, field: str, team: Team) -> tuple[dict[str, int], Made]:
    """Accounts by reference or folded name; new names become accounts."""
    wanted = {text: matching.fold_company(text) for text in chunk.values_of(field)}
    found: dict[str, int] = look_up("SELECT reference, id FROM crm_account WHERE reference = ANY(%s)", wanted)
    folded: dict[str, int] = look_up("SELECT folded_name, min(id) FROM crm_account WHERE folded_name = ANY(%s) GROUP BY folded_name", set(wanted.values()))
    fresh = {key: text for text, key in sorted(wanted.items()) if text not in found and key not in folded}
    ids = new_ids(Account, len(fresh))
    write_accounts((pk, {"name": text}, key, team.pk, chunk.at) for pk, (key, text) in zip(ids, fresh.items(), strict=True))
    folded |= dict(zip(fresh, ids, strict=True))
    return {text: found.get(text) or folded[key] for text, key in wanted.items()}, {"account": ids}


def write_accounts(rows: Any) -> None:
    """COPY accounts: (id, values, folded name, team id, moment)."""
    columns = (
        "id",
        "name",
        "folded_name",
        "domain",
        "industry",
        "n_employees",
        "country",
        "corporate_number",
        "owner_id",
        "team_id",
        "reference",
        "created_at",
        "updated_at",
    )
    copy_in(
        Account,
        columns,
        (
            (
                pk,
                values["name"][:200],
                key,
                values.get("domain", ""),
                values.get("industry", ""),
                values.get("n_employees"),
                values.get("country", ""),
                values.get("corporate_number", ""),
                values.get("owner_id"),
                team_id,
                values.get("reference", ""),
                at,
                at,
            )
            for pk, values, key, team_id, at in rows
        ),
    )


def contacts(chunk: Chunk, accounts_by_name: dict[str, int]) -> Made:
    """Set `contact_id` in the values of each row that names a person: known by reference or mail address, else new."""
    by_key: dict[str, int] = look_up(
        "SELECT key, min(contact_id) FROM crm_contactemail WHERE key = ANY(%s) GROUP BY key",
        {line.values["email"][1] for line in chunk.waiting() if "email" in line.values},
    )
    rows: list[tuple[Any, ...]] = []
    addresses: list[tuple[int, str, str, bool]] = []
    numbers: list[tuple[int, str, str, bool]] = []
    people_ = [line for line in chunk.waiting() if line.values.keys() & {"full_name", "family_name", "email"}]
    ids = iter(new_ids(Contact, len(people_)))
    for line in people_:
        key = line.values["email"][1] if "email" in line.values else ""
        if key in by_key:
            line.values["contact_id"] = by_key[key]
            continue
        pk = line.values["contact_id"] = next(ids)
        family, given = _name_of(line.values)
        rows.append((pk, accounts_by_name.get(line.values.get("account", "")), family, given, line.values.get("title", ""), chunk.at))
        if key:
            by_key[key] = pk
            addresses.append((pk, line.values["email"][0], key, True))
        if "phone" in line.values:
            numbers.append((pk, line.values["phone"], "", True))
    copy_in(
        Contact,
        ("id", "account_id", "family_name", "given_name", "title", "department", "roles", "language", "reference", "created_at", "updated_at"),
        ((pk, account, family, given, title, "", "", "", "", at, at) for pk, account, family, given, title, at in rows),
    )
    copy_in(ContactEmail, ("contact_id", "address", "key", "is_primary"), addresses)
    copy_in(ContactPhone, ("contact_id", "e164", "written", "is_primary"), numbers)
    return {"contact": [row[0] for row in rows]}


def remove_made(run_id: int) -> None:
    """Remove the people, accounts and contacts that a run made on its way, unless something else stands on them."""
    from tasuki.core.imports.copying import execute

    made = "SELECT jsonb_array_elements_text(trace->'made'->%s)::bigint FROM core_importrow WHERE run_id = %s AND trace ? 'made'"
    for table, column in (("crm_contactemail", "contact_id"), ("crm_contactphone", "contact_id"), ("crm_contact", "id")):
        execute(f"DELETE FROM {table} WHERE {column} IN ({made})", ["contact", run_id])
    execute(f"DELETE FROM crm_account WHERE id IN ({made})", ["account", run_id])
    execute(f"DELETE FROM core_user WHERE id IN ({made})", ["user", run_id])


def note_made(chunk: Chunk, *made: Made) -> None:
    """Leave what the chunk made on its way with its first row, for the undo."""
    together: Made = {}
    for part in made:
        for noun, ids in part.items():
            if ids:
                together.setdefault(noun, []).extend(ids)
    if together:
        chunk.lines[0].trace["made"] = together


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _name_of(values: dict[str, Any]) -> tuple[str, str]:
    if "family_name" in values:
        return values["family_name"], values.get("given_name", "")
    if "full_name" in values:
        return names.split(values["full_name"])
    return values["email"][0].split("@", 1)[0], ""


def _short(full_name: str) -> tuple[str, str]:
    family, given = names.split(full_name)
    return family[:120], given[:120]
