"""Importing leads: people and companies with the day they came, from where, and in which stage they stand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tasuki.core import bus
from tasuki.core.audit import By
from tasuki.core.custom_fields.definitions import FieldKind, FieldNoun, in_use
from tasuki.core.imports import changing, custom_values, fields, own_exports, taking_back
from tasuki.core.imports.changing import Changes, as_they_are, made_rows, stamps, write_trail
from tasuki.core.imports.copying import copy_in, execute, look_up, new_ids
from tasuki.core.imports.fields import Field
from tasuki.core.imports.mapping import Mapping, MappingRefused
from tasuki.core.imports.nouns import Chunk, ImportNoun, by_name
from tasuki.core.imports.row_decisions import Way
from tasuki.core.imports.runs import DuplicatePolicy, ImportRun, RowState
from tasuki.crm import barred, import_fields, known_people, lead_companies, ledger, notifications, stages, ways_of_rows
from tasuki.crm.import_fields import Rows
from tasuki.crm.lead_refusals import DisqualifiedBefore
from tasuki.crm.leads import Lead, Origin
from tasuki.crm.ledger import Passage
from tasuki.crm.ownership import Ownership
from tasuki.crm.timeline import Kind, TimelineEntry

FIELDS = by_name(
    Field("tasuki_id", fields.number),
    Field("reference", fields.text(120)),
    Field("opened_at", fields.moment),
    Field("source", fields.text(80)),
    Field("source_detail", fields.text(200)),
    Field("segment", fields.text(80)),
    Field("origin", fields.choice(*Origin.values)),
    Field("stage", fields.choice(*stages.BEFORE_SALES)),
    Field("owner", fields.text(120)),
    Field("team", fields.text(120)),
    Field("product", fields.text(200)),
    Field("account", fields.text(200)),
    Field("full_name", fields.text(200)),
    Field("family_name", fields.text(200)),
    Field("given_name", fields.text(200)),
    Field("title", fields.text(120)),
    Field("email", import_fields.email),
    Field("phone", import_fields.phone),
    Field("other_email", import_fields.email),
    Field("other_phone", import_fields.phone),
)

_DOMAIN = lead_companies.BY_DOMAIN


class Promises(models.TextChoices):
    """What the leads of a file are, as far as the agreements go: the answer is given with the import, and holds for all of its rows."""

    NONE = "none", _("They were worked on already: no promise begins")
    BEGIN = "begin", _("These leads are new: promises to them begin now")


@dataclass(frozen=True)
class Arrived:
    """Said on the bus, within the transaction that wrote them: these leads of a file are new, stand in Ready, and somebody has them."""

    lead_ids: list[int]
    by: By
    at: datetime


# What an update may change.
_CHANGEABLE = ("source_detail", "segment", "custom")


def check_options(mapping: Mapping) -> None:
    stage = str(mapping.options.get("stage") or stages.CAPTURED)
    if stage not in stages.BEFORE_SALES:
        raise MappingRefused(
            _("Leads cannot be imported into “%(stage)s”; these stages can: %(stages)s. What is in sales comes in as an opportunity.")
            % {"stage": stage[:40], "stages": ", ".join(stages.BEFORE_SALES)}
        )
    import_fields.check_team(mapping)
    if (said := str(mapping.options.get("promises") or Promises.NONE.value)) not in Promises.values:
        raise MappingRefused(_("“%(value)s” says nothing about promises; use begin or none.") % {"value": said[:40]})


def promises_of(mapping: dict[str, Any]) -> Promises:
    """What was said of promises in the stored mapping of a run; those who say nothing begin none."""
    return Promises((mapping.get("options") or {}).get("promises") or Promises.NONE.value)


def promises_to(lead: Lead) -> Promises | None:
    """What was said of promises in the import that put the lead where it stands; None where it came there by another door."""
    passages = Passage.objects.filter(lead=lead, left_at__isnull=True, entry_import__isnull=False)
    return next((promises_of(mapping) for mapping in passages.values_list("entry_import__mapping", flat=True)), None)


def write(chunk: Chunk) -> None:
    """Decide about all rows, then write the changes and the new leads with their first passages, all set-based."""
    check_options(chunk.mapping)
    _catch_up_with_what_is_not_handed_on(chunk)
    import_fields.refuse_the_future(chunk, "opened_at")
    import_fields.custom(chunk, "lead")
    ways_of_rows.gather(chunk)
    barred.refuse_rows(chunk)
    numbered = _changes(chunk, chunk.numbered("crm_lead"))
    there: dict[Any, int] = look_up("SELECT reference, id FROM crm_lead WHERE reference <> '' AND reference = ANY(%s)", chunk.values_of("reference"))
    named = _changes(chunk, chunk.settle_duplicates(chunk.ahead.get("reference", {}) | there, "reference", is_unique=True))
    products = import_fields.products(chunk, "product")
    known_people.recognise(chunk)
    passed = _changes(chunk, _refuse_second_passes(chunk, products))
    import_fields.refuse_unfilled(chunk, FieldNoun.LEAD, entering=lambda values: _stage(chunk, values))
    # From here on no row is refused: what is made on the way is made for a lead.
    team, made_team = import_fields.default_team(chunk)
    teams = import_fields.teams_named(chunk, "team")
    owners, made_people = import_fields.people(chunk, "owner")
    accounts = import_fields.named_accounts(chunk)
    lead_companies.of_rows(chunk)
    seq_nos = _seq_nos(chunk)  # of people who are here: a new one has had none
    contacts = import_fields.new_contacts(chunk)
    lines = list(chunk.waiting())
    stage = _stage(chunk, {})
    for line, pk in zip(lines, new_ids(Lead, len(lines)), strict=True):
        line.become(RowState.CREATED, pk)
        values = line.values
        values["opened"] = values.get("opened_at") or chunk.stamp
        values["stage"] = values.get("stage") or stage
        values["owner_id"] = owners.get(values.get("owner", ""))
        values["team_id"] = teams.get(values.get("team", ""), team.pk)
        contact = values.get("contact_id")
        values["seq_no"] = seq_nos.get(contact, 0) + 1 if contact else 1
        seq_nos[contact] = values["seq_no"]
    import_fields.note_made(chunk, made_team, made_people, *({noun: [pk for pk, _v in made]} for noun, made in (("account", accounts), ("contact", contacts))))
    leads = [(line.target_id or 0, line.values) for line in lines]
    known_people.bring(chunk, contacts)
    chunk.brings["company_of"] = {pk: v["account_id"] for pk, v in contacts if "account_id" in v}
    _bring(chunk, leads, house=[*made_team.get("team", ()), *made_people.get("user", ()), *chunk.lines[0].trace.get("choices", ())])
    chunk.read_on()
    numbered.write()
    named.write()
    passed.write()
    import_fields.write_accounts(chunk, accounts, team_id=team.pk)
    _write_what_names_nothing_ahead_first(chunk, contacts, leads)
    _say_who_arrived(chunk, leads)


def _catch_up_with_what_is_not_handed_on(chunk: Chunk) -> None:
    """People, teams and choices that a chunk makes are few, and files that name our numbers, or accounts in custom fields, ask for more than is handed on."""
    columns = chunk.mapping.columns
    has_custom = any(name.startswith(custom_values.PREFIX) for name in columns)
    names_accounts = has_custom and any(field.key in columns and field.kind == FieldKind.ACCOUNT for field in in_use(Lead.noun))
    if chunk.ahead.get("house") or own_exports.FIELD in columns or names_accounts:
        chunk.catch_up()


def _bring(chunk: Chunk, leads: Rows, *, house: list[int]) -> None:
    """Hand on to the next chunk what it would ask the database for; accounts and people are handed on where they are made."""
    chunk.brings["house"] = dict.fromkeys(house)
    chunk.brings["reference"] = {v["reference"]: pk for pk, v in leads if v.get("reference")}
    chunk.brings["seq_no"] = {v["contact_id"]: v["seq_no"] for _pk, v in leads if "contact_id" in v}
    chunk.brings["open"] = {f"{v['contact_id']}/{v.get('product_line', '')}": pk for pk, v in leads if "contact_id" in v}


def _write_what_names_nothing_ahead_first(chunk: Chunk, contacts: Rows, leads: Rows) -> None:
    """Nothing can be named that is not in the database yet: who or what belongs to an account or a contact that is ahead is written behind it."""
    accounts, people = chunk.ahead.get("account", {}), set(chunk.ahead.get("people", {}))
    people |= {pk for pk, v in contacts if v.get("account_id") in accounts}
    is_late = {pk for pk, v in leads if v.get("account_id") in accounts or v.get("contact_id") in people}
    import_fields.write_contacts(chunk, [row for row in contacts if row[0] not in people], is_own=False)
    write_leads(chunk, [row for row in leads if row[0] not in is_late])
    if is_late:
        chunk.catch_up()
        import_fields.write_contacts(chunk, [row for row in contacts if row[0] in people], is_own=False)
        write_leads(chunk, [row for row in leads if row[0] in is_late])


def _say_who_arrived(chunk: Chunk, leads: Rows) -> None:
    """Whoever has nobody is found, given out, and promised something then: see `inside_sales.routing`."""
    ids = [pk for pk, v in leads if v["stage"] == stages.READY and v["owner_id"]]
    if ids and chunk.mapping.options.get("promises") == Promises.BEGIN:
        chunk.catch_up()  # who listens may hold what the chunk before waits for
        bus.say(Arrived(ids, chunk.by, chunk.at))


def _stage(chunk: Chunk, values: dict[str, Any]) -> str:
    return str(values.get("stage") or chunk.mapping.options.get("stage") or stages.CAPTURED)


def write_leads(chunk: Chunk, rows: Rows) -> None:
    """COPY leads with their first passage, ownership, timeline and audit entries."""
    if not rows:
        return
    # Ten indexes of leads go by day: what stands together in them is written together, and each of their pages is looked up once.
    by_day = sorted(rows, key=lambda row: row[1]["opened"])
    copy_in(
        Lead,
        (
            "id", "contact_id", "account_id", "product_id", "product_line", "seq_no", "origin", "source", "source_detail", "segment", "reference",
            "owner_id", "team_id", "opened_at", "stage_id", "stage_since", "ended_as", "custom", "updated_at",
        ),
        (
            (
                pk, v.get("contact_id"), v.get("account_id"), v.get("product_id"), v.get("product_line", ""), v["seq_no"],
                v.get("origin", Origin.INBOUND.value), v.get("source", ""), v.get("source_detail", ""), v.get("segment", ""), v.get("reference", ""),
                v.get("owner_id"), v["team_id"], v["opened"], v["stage"], v["opened"], "", import_fields.column_of(v), chunk.stamp,
            )
            for pk, v in by_day
        ),
    )  # fmt: skip
    actor, run_id, mark = chunk.by.actor.pk if chunk.by.actor else None, chunk.run.pk, import_fields.mark(chunk.run)
    copy_in(
        Passage,
        ("lead_id", "seq", "stage_id", "entered_at", "outcome", "reason", "wake_when", "owner_id", "team_id", "moved_by_id", "entry_import_id"),
        ((pk, 1, v["stage"], v["opened"], "", "", "", v.get("owner_id"), v["team_id"], actor, run_id) for pk, v in rows),
    )
    copy_in(
        Ownership,
        ("lead_id", "owner_id", "team_id", "from_at", "given_by_id", "reason"),
        ((pk, v.get("owner_id"), v["team_id"], v["opened"], actor, mark) for pk, v in rows),
    )
    by_account = sorted(rows, key=lambda row: row[1].get("account_id") or 0)
    copy_in(
        TimelineEntry,
        ("at", "kind", "account_id", "contact_id", "lead_id", "actor_id", "text", "detail"),
        (
            (v["opened"], Kind.MOVE.value, v.get("account_id"), v.get("contact_id"), pk, actor, "", _told(v["stage"], v.get(_DOMAIN, ""), run_id))
            for pk, v in by_account
        ),
    )
    by_stage: dict[str, list[int]] = {}
    for pk, v in rows:
        by_stage.setdefault(v["stage"], []).append(pk)
    for stage, ids in by_stage.items():
        write_trail(made_rows(chunk, noun="lead", action="capture", ids=ids, changes={"stage": [None, stage]}))


@lru_cache(maxsize=4_096)
def _told(stage: str, domain: str, run_id: int) -> str:
    """What the timeline says of a lead that came in: where it stands, and by which domain its company was found."""
    return json.dumps({"to": stage, "import": run_id} | ({_DOMAIN: domain} if domain else {}))


def remove_leads(run: ImportRun, ids: str) -> None:
    """Remove leads that a run made, with all that hangs on them; `ids` is a query for their ids with the run as parameter.

    Whom Tasuki gave them to, and by which domain it found their company, goes with them. Refuses, by the foreign keys, when anything else stands on
    them that the run did not make.
    """
    execute(
        f"DELETE FROM crm_timelineentry WHERE lead_id IN ({ids}) AND (detail->>'import' = %s OR actor_id IS NULL AND (kind = %s OR detail ? %s))",
        [run.pk, str(run.pk), Kind.OWNER.value, _DOMAIN],
    )
    execute(f"DELETE FROM crm_ownership WHERE lead_id IN ({ids}) AND (reason = %s OR given_by_id IS NULL)", [run.pk, import_fields.mark(run)])
    with ledger.correcting(import_fields.mark(run)):
        execute(
            f"""DELETE FROM crm_passage WHERE lead_id IN ({ids}) AND entry_import_id = %s
                AND coalesce(exit_import_id, %s) = %s AND (left_at IS NULL OR exit_import_id IS NOT NULL)""",
            [run.pk, run.pk, run.pk, run.pk],
        )
        execute(f"DELETE FROM crm_lead WHERE id IN ({ids})", [run.pk])


def finish(run: ImportRun, at: datetime) -> None:
    notifications.tell_of_import(run, model=Lead, noun=Lead.noun, at=at)


def take_back(run: ImportRun) -> None:
    notifications.take_import_back(run)
    taking_back.restore(run, model=Lead, columns=(*_CHANGEABLE, "updated_at"))
    remove_leads(run, taking_back.CREATED)
    import_fields.remove_made(run)


def _changes(chunk: Chunk, rows: changing.Rows) -> Changes:
    """Decide what may change of a lead; where it came from and when may not, and a lead is moved or handed over by nobody unseen."""
    before = as_they_are(Lead, [pk for _line, pk in rows], columns=("source", "opened_at", "stage_id", *_CHANGEABLE, *stamps(Lead)))
    for line, pk in rows:
        values, was = line.values, before[pk]
        if values.get("source", was["source"]) != was["source"]:
            line.say("source", _("The source of a lead never changes; it stays “%(source)s”.") % {"source": was["source"]})
        if "opened_at" in values and import_fields.moment(values["opened_at"]) != import_fields.moment(was["opened_at"]):
            line.say("opened_at", _("The day a lead came never changes; it stays %(day)s.") % {"day": was["opened_at"][:10]})
        if values.get("stage", was["stage_id"]) != was["stage_id"]:
            line.say("stage", _("An update does not move a lead; it stays where it is."))
    # In the order of most indexes, as in `write_leads`.
    rows = sorted(rows, key=lambda row: str(before[row[1]]["opened_at"]))
    plain = custom_values.merge(rows, model=Lead)
    return changing.changes(chunk, rows, model=Lead, columns=_CHANGEABLE, plain=plain, before=before)


def _refuse_second_passes(chunk: Chunk, products: dict[str, tuple[int, str]]) -> changing.Rows:
    """A contact has one open lead per product line: a row for a second one is refused, the rest goes on; → the rows that change the open one instead,
    with its id. Those are an update's, and have no reference of their own that says they are another lead."""
    about_open: changing.Rows = []
    is_update = chunk.mapping.on_duplicate == DuplicatePolicy.UPDATE
    for line in chunk.waiting():
        if line.values["person"] > 0:
            line.values["contact_id"] = line.values["person"]
    ids = {line.values["contact_id"] for line in chunk.waiting() if "contact_id" in line.values}
    open_: dict[Any, Any] = look_up(
        """SELECT contact_id || '/' || product_line, id FROM crm_lead
           WHERE stage_id IS NOT NULL AND won_at IS NULL AND contact_id IS NOT NULL AND contact_id = ANY(%s)""",
        ids,
    )
    open_ |= chunk.ahead.get("open", {})
    # Of each person the last pass: who was disqualified comes back only when the file says that they raised their hand (R4).
    last = """SELECT contact_id, id FROM (SELECT DISTINCT ON (contact_id) contact_id, id, ended_as FROM crm_lead WHERE contact_id = ANY(%s)
              ORDER BY contact_id, opened_at DESC, id DESC) last WHERE ended_as = 'disqualified'"""
    gone: dict[Any, int] = look_up(last, ids)
    if not gone.keys().isdisjoint(chunk.ahead.get("seq_no", {})):
        chunk.catch_up()  # one of them raised their hand in the chunk before
        gone = look_up(last, ids)
    for line in chunk.waiting():
        values = line.values
        if "product" in values:
            values["product_id"], values["product_line"] = products.get(values["product"], (None, ""))
            if values["product_id"] is None:
                line.say("product", _("There is no product “%(name)s”; the lead is kept without one.") % {"name": values["product"][:80]})
        person = values["person"]
        if person in gone and values.get("origin") != Origin.HAND_RAISE:
            line.reject("email", str(DisqualifiedBefore()))
            continue
        key = f"{person}/{values.get('product_line', '')}"
        may_change = chunk.chosen[line.row_no].way == Way.SAME if line.row_no in chunk.chosen else is_update
        if may_change and "reference" not in values and open_.get(key) and open_[key] not in chunk.before:
            about_open.append((line, open_[key]))
        elif key in open_:
            line.reject(line.known_by or "email", _("This contact already has an open lead for this product line."))
        open_[key] = 0
    return about_open


def _seq_nos(chunk: Chunk) -> dict[Any, int]:
    """How many passes each known contact has had."""
    known = look_up("SELECT contact_id, max(seq_no) FROM crm_lead WHERE contact_id = ANY(%s) GROUP BY contact_id", chunk.values_of("contact_id"))
    return known | chunk.ahead.get("seq_no", {})


NOUN = ImportNoun(
    "leads",
    "lead",
    FIELDS,
    ("reference", "tasuki_id"),
    write,
    take_back,
    options=frozenset({"stage", "team", "promises"}),
    check_options=check_options,
    finish=finish,
    known_values=import_fields.known_values,
    minds_what_is_ahead=True,
    known_by=known_people.KEYS,
    usually_known_by=known_people.USUAL,
)
