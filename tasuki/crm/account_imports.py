"""Importing accounts: companies with their parents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused
from tasuki.core.imports import custom_values, fields, taking_back
from tasuki.core.imports.changing import Rows, changes
from tasuki.core.imports.copying import execute, look_up, new_ids
from tasuki.core.imports.fields import Field, How
from tasuki.core.imports.nouns import Chunk, ImportNoun, by_name
from tasuki.core.imports.runs import ImportRun, RowState
from tasuki.crm import corporate_numbers, import_fields, known_companies, matching, notifications, postal_addresses
from tasuki.crm.accounts import Account

# What an update may change.
_CHANGEABLE = ("domain", "industry", "n_employees", "country", "postal_address", "custom")


def _domain(cell: str, _how: How) -> str:
    return matching.domain_of(cell)


def _postal_address(cell: str, how: How) -> str:
    return postal_addresses.tidy(fields.text(postal_addresses.LONGEST)(cell, how))


FIELDS = by_name(
    Field("tasuki_id", fields.number),
    Field("name", fields.text(200), required=True),
    Field("reference", fields.text(120)),
    Field("domain", _domain),
    Field("industry", fields.text(80)),
    Field("n_employees", fields.integer),
    Field("country", fields.country),
    Field("corporate_number", fields.text(40)),
    Field("postal_address", _postal_address),
    Field("parent", fields.text(200)),
    Field("owner", fields.text(120)),
)


def write(chunk: Chunk) -> None:
    """New accounts by COPY. Their parents are joined when all rows are there, so that a file may name them in any order."""
    for line in chunk.waiting():
        line.values["folded"] = matching.fold_company(line.values["name"])
    import_fields.custom(chunk, "account")
    _check_domains(chunk)
    _check_numbers(chunk)
    _change(chunk, chunk.numbered("crm_account"))
    references: dict[Any, int] = import_fields.accounts_with(chunk.values_of("reference"))
    if (chunk.mapping.key or "name") in ("name", "tasuki_id"):
        changing = chunk.settle_duplicates(known_companies.recognise(chunk), "company", shown="name")
    else:
        changing = chunk.settle_duplicates(references, "reference", is_unique=True)
    _change(chunk, changing)
    chunk.refuse_taken("reference", references)
    chunk.refuse_taken("numbered", _numbered(chunk), shown="corporate_number")
    team, made_team = import_fields.default_team(chunk)
    owners, made_people = import_fields.people(chunk, "owner")
    lines = list(chunk.waiting())
    for line, pk in zip(lines, new_ids(Account, len(lines)), strict=True):
        line.become(RowState.CREATED, pk)
        line.values["owner_id"] = owners.get(line.values.get("owner", ""))
        if "parent" in line.values:
            line.trace["parent"] = {"said": line.values["parent"], "folded": matching.fold_company(line.values["parent"])}
    import_fields.write_accounts(chunk, [(line.target_id or 0, line.values) for line in lines], team_id=team.pk)
    import_fields.note_made(chunk, made_team, made_people)


def _change(chunk: Chunk, rows: Rows) -> None:
    _keep_numbered_where_they_are(rows)
    plain = custom_values.merge(rows, model=Account)
    changes(chunk, rows, model=Account, columns=_CHANGEABLE, plain=plain).write()


def finish(run: ImportRun, at: datetime) -> None:
    """Tell the owners, and join parents by name. A name that is not there, or that would close a circle, joins nothing, and its row says so."""
    notifications.tell_of_import(run, model=Account, noun=Account.noun, at=at)
    execute(
        """UPDATE crm_account account SET parent_id = parent.id
           FROM core_importrow row CROSS JOIN LATERAL (
               SELECT id FROM crm_account WHERE folded_name = row.trace->'parent'->>'folded' ORDER BY name = row.trace->'parent'->>'said' DESC, id LIMIT 1
           ) parent WHERE row.run_id = %s AND row.trace ? 'parent' AND account.id = row.target_id AND parent.id <> account.id""",
        [run.pk],
    )
    execute(
        f"""WITH RECURSIVE up AS (
                SELECT id AS start, parent_id FROM crm_account WHERE id IN ({taking_back.CREATED})
                UNION SELECT up.start, account.parent_id FROM up JOIN crm_account account ON account.id = up.parent_id WHERE up.parent_id <> up.start
            ) UPDATE crm_account SET parent_id = NULL WHERE id IN (SELECT start FROM up WHERE parent_id = start)""",
        [run.pk],
    )
    column = run.mapping["columns"].get("parent", {}).get("column") or "parent"
    orphans = list(run.rows.filter(trace__has_key="parent").exclude(target_id__in=Account.objects.filter(parent__isnull=False).values("pk")).order_by("row_no"))
    ImportRun.objects.filter(pk=run.pk).update(n_warnings=F("n_warnings") + sum(1 for row in orphans if not row.messages))
    for row in orphans:
        said = (row.trace or {})["parent"]["said"]
        reason = _("There is no account “%(name)s” to be the parent; the account is kept without one.") % {"name": said[:80]}
        row.messages = [*(row.messages or []), {"column": column, "reason": str(reason)}]
        row.values = {**(row.values or {}), column: said}
    run.rows.bulk_update(orphans, ["messages", "values"], batch_size=1_000)


def _check_domains(chunk: Chunk) -> None:
    """A domain that many unrelated people share says nothing about a company, and would make one of all that have it."""
    for line in chunk.waiting():
        domain = line.values.get("domain")
        if domain and matching.is_free_mail(domain):
            line.say("domain", _("%(domain)s belongs to a mail provider; the account is kept without it.") % {"domain": domain})
        if domain is not None and (not domain or matching.is_free_mail(domain)):
            del line.values["domain"]


def _check_numbers(chunk: Chunk) -> None:
    for line in chunk.waiting():
        number = line.values.get("corporate_number")
        if not number:
            continue
        country = line.values.get("country", "")
        try:
            line.values["corporate_number"] = corporate_numbers.normalise(number, country)
            line.values["numbered"] = (country, line.values["corporate_number"])
        except Refused as refusal:
            line.say("corporate_number", refusal.message)
            line.values["corporate_number"] = ""


def _keep_numbered_where_they_are(rows: Rows) -> None:
    """Country and corporate number together are what a company is known by; an update that moved it could make two of one number."""
    countries: dict[int, str] = look_up("SELECT id, country FROM crm_account WHERE corporate_number <> '' AND id = ANY(%s)", [pk for _line, pk in rows])
    for line, pk in rows:
        if line.values.get("country", countries.get(pk)) != countries.get(pk) and pk in countries:
            line.say("country", _("An account with a corporate number keeps its country."))
            del line.values["country"]


def _numbered(chunk: Chunk) -> dict[Any, int]:
    """Which accounts have the numbers of the rows that are still waiting, by country and number."""
    said = chunk.values_of("numbered")
    rows: dict[int, tuple[str, str]] = look_up(
        """SELECT account.id, account.country, account.corporate_number FROM unnest(%s::text[], %s::text[]) AS said(country, number)
           JOIN crm_account account ON account.country = said.country AND account.corporate_number = said.number AND account.corporate_number <> ''""",
        [country for country, _number in said],
        [number for _country, number in said],
    )
    return {numbered: pk for pk, numbered in rows.items()}


def take_back(run: ImportRun) -> None:
    notifications.take_import_back(run)
    taking_back.restore(run, model=Account, columns=(*_CHANGEABLE, "updated_at"))
    import_fields.remove_accounts(run, taking_back.CREATED)
    import_fields.remove_made(run)


NOUN = ImportNoun(
    "accounts",
    "account",
    FIELDS,
    ("name", "reference", "tasuki_id"),
    write,
    take_back,
    options=frozenset({"team"}),
    check_options=import_fields.check_team,
    finish=finish,
    known_values=import_fields.known_values,
)
