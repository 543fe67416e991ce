"""Importing leads: people and companies with the day they came, from where, and in which stage they stand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from psycopg.types.json import Jsonb

from tasuki.core.audit import AuditEntry
from tasuki.core.imports import fields
from tasuki.core.imports.copying import copy_in, execute, look_up, new_ids
from tasuki.core.imports.fields import Field
from tasuki.core.imports.mapping import MappingRefused
from tasuki.core.imports.nouns import Chunk, ImportNoun, Line, by_name
from tasuki.core.imports.runs import ImportRun, RowState
from tasuki.crm import import_fields, ledger, stages
from tasuki.crm.leads import Lead, Origin
from tasuki.crm.ledger import Passage
from tasuki.crm.ownership import Ownership
from tasuki.crm.timeline import Kind, TimelineEntry

FIELDS = by_name(
    Field("reference", fields.text(120)),
    Field("opened_at", fields.moment),
    Field("source", fields.text(80)),
    Field("source_detail", fields.text(200)),
    Field("segment", fields.text(80)),
    Field("origin", fields.choice(*Origin.values)),
    Field("stage", fields.choice(*stages.ORDER)),
    Field("owner", fields.text(120)),
    Field("product", fields.text(200)),
    Field("account", fields.text(200)),
    Field("full_name", fields.text(200)),
    Field("family_name", fields.text(200)),
    Field("given_name", fields.text(200)),
    Field("title", fields.text(120)),
    Field("email", import_fields.email),
    Field("phone", import_fields.phone),
)


def write(chunk: Chunk) -> None:
    """Decide about duplicates, then write the new leads with their first passages, all set-based."""
    default_stage = str(chunk.mapping.options.get("stage") or stages.CAPTURED)
    if default_stage not in stages.ORDER:
        raise MappingRefused(_("There is no stage “%(key)s”.") % {"key": default_stage[:40]})
    there: dict[Any, int] = look_up("SELECT reference, id FROM crm_lead WHERE reference = ANY(%s)", chunk.values_of("reference"))
    chunk.settle_duplicates(there, "reference", lambda line, pk: _change(chunk, line, pk))
    team = import_fields.default_team(chunk)
    owners, made_people = import_fields.people(chunk, "owner")
    accounts, made_accounts = import_fields.accounts(chunk, "account", team)
    products = import_fields.products(chunk, "product")
    made_contacts = import_fields.contacts(chunk, accounts)
    _refuse_second_passes(chunk)
    lines = list(chunk.waiting())
    for line, pk in zip(lines, new_ids(Lead, len(lines)), strict=True):
        line.become(RowState.CREATED, pk)
        values = line.values
        values["opened"] = import_fields.moment(values["opened_at"]) if "opened_at" in values else chunk.at
        values.setdefault("stage", default_stage)
        values["owner_id"], values["account_id"] = owners.get(values.get("owner", "")), accounts.get(values.get("account", ""))
        if "product" in values:
            values["product_id"] = products.get(values["product"])
            if values["product_id"] is None:
                line.say("product", _("There is no product “%(name)s”; the lead is kept without one.") % {"name": values["product"][:80]})
    write_leads(chunk, [(line.target_id or 0, line.values) for line in lines], team.pk)
    import_fields.note_made(chunk, made_people, made_accounts, made_contacts)


def write_leads(chunk: Chunk, rows: list[tuple[int, dict[str, Any]]], team_id: int) -> None:
    """COPY leads with their first passage, ownership, timeline and audit entries."""
    copy_in(
        Lead,
        (
            "id", "contact_id", "account_id", "product_id", "product_line", "seq_no", "origin", "source", "source_detail", "segment", "reference",
            "owner_id", "team_id", "opened_at", "stage_id", "stage_since", "ended_as", "updated_at",
        ),
        (
            (
                pk, v.get("contact_id"), v.get("account_id"), v.get("product_id"), "", 1, v.get("origin", Origin.INBOUND.value), v.get("source", ""),
                v.get("source_detail", ""), v.get("segment", ""), v.get("reference", ""), v.get("owner_id"), team_id,
                v["opened"], v["stage"], v["opened"], "", chunk.at,
            )
            for pk, v in rows
        ),
    )  # fmt: skip
    actor = chunk.by.actor.pk if chunk.by.actor else None
    copy_in(
        Passage,
        ("lead_id", "seq", "stage_id", "entered_at", "outcome", "reason", "wake_when", "owner_id", "team_id", "moved_by_id", "entry_import_id"),
        ((pk, 1, v["stage"], v["opened"], "", "", "", v.get("owner_id"), team_id, actor, chunk.run.pk) for pk, v in rows),
    )
    copy_in(
        Ownership,
        ("lead_id", "owner_id", "team_id", "from_at", "given_by_id", "reason"),
        ((pk, v.get("owner_id"), team_id, v["opened"], actor, _mark(chunk.run)) for pk, v in rows),
    )
    copy_in(
        TimelineEntry,
        ("at", "kind", "account_id", "contact_id", "lead_id", "actor_id", "text", "detail"),
        (
            (v["opened"], Kind.MOVE, v.get("account_id"), v.get("contact_id"), pk, actor, "", Jsonb({"to": v["stage"], "import": chunk.run.pk}))
            for pk, v in rows
        ),
    )
    copy_in(
        AuditEntry,
        ("at", "actor_id", "door", "noun", "record_id", "action", "changes"),
        ((chunk.at, actor, chunk.by.door, "lead", pk, "capture", Jsonb({"stage": [None, v["stage"]], "import": [None, chunk.run.pk]})) for pk, v in rows),
    )


def remove_leads(run: ImportRun, ids: str) -> None:
    """Remove leads that a run made, with all that hangs on them; `ids` is a query for their ids with the run as parameter.

    Refuses, by the foreign keys, when anything stands on them that the run did not make.
    """
    execute(f"DELETE FROM crm_timelineentry WHERE lead_id IN ({ids}) AND detail->>'import' = %s", [run.pk, str(run.pk)])
    execute(f"DELETE FROM crm_ownership WHERE lead_id IN ({ids}) AND reason = %s", [run.pk, _mark(run)])
    with ledger.correcting(_mark(run)):
        execute(
            f"""DELETE FROM crm_passage WHERE lead_id IN ({ids}) AND entry_import_id = %s
                AND coalesce(exit_import_id, %s) = %s AND (left_at IS NULL OR exit_import_id IS NOT NULL)""",
            [run.pk, run.pk, run.pk, run.pk],
        )
        execute(f"DELETE FROM crm_lead WHERE id IN ({ids})", [run.pk])


def take_back(run: ImportRun) -> None:
    execute(
        """UPDATE crm_lead lead SET owner_id = (row.trace->'was'->>'owner')::bigint, segment = row.trace->'was'->>'segment'
           FROM core_importrow row WHERE row.run_id = %s AND row.state = 'updated' AND lead.id = row.target_id""",
        [run.pk],
    )
    remove_leads(run, "SELECT target_id FROM core_importrow WHERE run_id = %s AND state = 'created'")
    import_fields.remove_made(run.pk)


def _change(chunk: Chunk, line: Line, pk: int) -> None:
    """Update what may change of a lead; where it came from and when may not."""
    before = Lead.objects.filter(pk=pk).values("segment", "owner", "source", "opened_at").get()
    line.trace["was"] = {"segment": before["segment"], "owner": before["owner"]}
    Lead.objects.filter(pk=pk).update(segment=line.values.get("segment", before["segment"]), updated_at=chunk.at)
    if "source" in line.values and line.values["source"] != before["source"]:
        line.say("source", _("The source of a lead never changes; it stays “%(source)s”.") % {"source": before["source"]})
    if "opened_at" in line.values and datetime.fromisoformat(line.values["opened_at"]) != before["opened_at"]:
        line.say("opened_at", _("The day a lead came never changes; it stays %(day)s.") % {"day": before["opened_at"].date().isoformat()})


def _refuse_second_passes(chunk: Chunk) -> None:
    """A contact has one open lead per product line: a row for a second one is refused, the rest goes on."""
    ids = {line.values["contact_id"] for line in chunk.waiting() if "contact_id" in line.values}
    open_: dict[Any, Any] = look_up(
        "SELECT contact_id, id FROM crm_lead WHERE stage_id IS NOT NULL AND won_at IS NULL AND product_line = '' AND contact_id = ANY(%s)", ids
    )
    for line in chunk.waiting():
        contact = line.values.get("contact_id")
        if contact is None:
            continue
        if contact in open_:
            line.reject("email", _("This contact already has an open lead for this product line."))
        open_[contact] = 0


def _mark(run: ImportRun) -> str:
    return f"import {run.pk}"


NOUN = ImportNoun("leads", FIELDS, ("reference",), write, take_back, options=frozenset({"stage", "team"}))
