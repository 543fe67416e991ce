"""What becomes of each row of a person: removed where no number is counted from it, else rewritten without what it said.

Texts become a dash, structured values keep their numbers, moments and codes. What stands in none of the tables below is rewritten so: whoever
adds a column need not think of it. Exceptions are named with their reason.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from tasuki.core.imports.copying import execute
from tasuki.crm import stages
from tasuki.crm.exit_reasons import ExitReason
from tasuki.relay.personal_data.reach import Reach

DASH = "–"
# Rows that say something of the person and are counted nowhere.
REMOVED = (
    "crm.Notification", "crm.Follow", "crm.Mention", "crm.ContactEmail", "crm.ContactPhone", "crm.FormerScore", "engage.BookingLink", "engage.LentCall",
    "inside_sales.RoutingWait", "inside_sales.Lease",
)  # fmt: skip
# By rules of their own, see `erasing`.
OWN_RULES = {
    "crm.File": "bytes go with the row; what the law wants kept stays with the company",
    "engage.Enclosure": "goes with its file",
    "engage.Recording": "the row stays and says that the sound is gone",
    "engage.MeetingLetter": "goes where it was written to the person; other guests are still told",
}
# Columns whose words are ours, not the person's.
OURS = {
    "crm.Lead.source": "numbers are grouped by it",
    "crm.Lead.segment": "numbers are grouped by it",
    "crm.Lead.product_line": "a name of our products",
    "crm.Consent.text_version": "names a text of ours",
    "crm.Consent.purpose": "a code",
    "engage.Meeting.zone": "a time zone",
    "engage.NextCall.zone": "a time zone",
    "engage.Message.cause": "names a step of a sequence",
    "engage.Message.why": "a code",
    "engage.Call.adapter": "names a telephone system",
    "engage.CalendarEntry.path": "where the copy in a calendar is taken out",
    "engage.CalendarEntry.etag": "likewise",
    "inside_sales.Holding.ended_as": "a code",
    "inside_sales.Holding.ended_in": "a stage",
    "sales.Opportunity.currency": "of an amount",
    "sales.Opportunity.lead_source": "follows the lead",
    "sales.Opportunity.lead_segment": "follows the lead",
}
# Columns in which a dash would be wrong: unique ones, names by which a list calls a record, and those that are read by programs.
BECOMES = {
    "crm.Contact.family_name": "'#' || id",
    "crm.Contact.given_name": "''",
    "crm.Contact.title": "''",
    "crm.Contact.department": "''",
    "crm.Contact.roles": "''",
    "crm.Contact.language": "''",
    "crm.Contact.reference": "''",
    "crm.Contact.custom": "'{}'",
    "crm.Lead.reference": "''",
    "crm.Lead.custom": "'{}'",
    "crm.FormerRecord.reference": "''",
    "crm.TimelineEntry.text": "''",
    "sales.Opportunity.name": "'#' || id",
    "sales.Opportunity.reference": "''",
    "sales.Opportunity.custom": "'{}'",
    "engage.Call.number": "''",
    "engage.Call.external_id": "''",
    "engage.Message.message_id": "'erased-' || id",
    "engage.Message.references": "''",
    "engage.Message.address": "''",
    "engage.Message.html": "''",
    "engage.SentLink.address": "''",
}
# Under these a timeline says what happened, to which stage, by which colleague: never who the person is.
_OUR_KEYS = frozenset({"action", "because", "channel", "did", "direction", "event", "from", "kind", "outcome", "state", "to", "what", "zone"})
_TEXTS = (models.CharField, models.TextField)
_CODE = re.compile(r"\d{4}-\d\d-\d\d([T ][\d:.+Z-]*)?|-?\d{1,6}(\.\d+)?|[A-Z]{3}|")


def rewrite(reach: Reach, *, ours: frozenset[str]) -> Counter[str]:
    """Remove and rewrite all rows of the person but those of `OWN_RULES`; → how many, by table. `ours` are the `codes`.

    The caller has lifted the rules of the ledger.
    """
    counts: Counter[str] = Counter()
    for model, ids in reach.rows.items():
        label = model._meta.label
        if label in OWN_RULES:
            continue
        if label in REMOVED:
            counts[label] += execute(f"DELETE FROM {model._meta.db_table} WHERE id = ANY(%s)", [list(ids)])
        else:
            counts[label] += _rewrite(model, ids, ours=ours)
    return +counts


def columns(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    """(column, what it becomes in SQL) for the texts of a model."""
    for field in _fields(model):
        named = f"{model._meta.label}.{field.name}"
        if named in BECOMES:
            yield str(field.column), BECOMES[named]
        elif isinstance(field, _TEXTS) and not isinstance(field, models.JSONField):
            yield str(field.column), f"CASE WHEN {field.column} = '' THEN '' ELSE '{DASH}' END"


def structured(model: type[models.Model]) -> list[str]:
    """The columns that hold structured values."""
    return [str(field.column) for field in _fields(model) if isinstance(field, models.JSONField) and f"{model._meta.label}.{field.name}" not in BECOMES]


def _fields(model: type[models.Model]) -> Iterator[models.Field[Any, Any]]:
    """Those in which words can stand."""
    for field in model._meta.local_concrete_fields:
        if field.generated or field.choices or field.primary_key or f"{model._meta.label}.{field.name}" in OURS:
            continue
        if isinstance(field, (*_TEXTS, models.JSONField)) and not isinstance(field, ArrayField):
            yield field


def _rewrite(model: type[models.Model], ids: Iterable[int], *, ours: frozenset[str]) -> int:
    table, wanted = model._meta.db_table, list(ids)
    for column in structured(model):
        prune(table, column, where="id = ANY(%s)", parameters=[wanted], ours=ours)
    said = ", ".join(f'"{column}" = {value}' for column, value in columns(model))
    return execute(f"UPDATE {table} SET {said} WHERE id = ANY(%s)", [wanted]) if said else 0


def prune(table: str, column: str, *, where: str, parameters: list[Any], ours: frozenset[str]) -> int:
    """Take the words out of a column of structured values, for the rows that fit; → how many were changed."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT id, "{column}"::text FROM {table} WHERE "{column}" IS NOT NULL AND {where}', parameters)
        rows = cursor.fetchall()
    changed = [(pk, after) for pk, text in rows if (after := _pruned_text(text, ours)) != text]
    if changed:
        execute(
            f'UPDATE {table} SET "{column}" = said.value::jsonb FROM unnest(%s::bigint[], %s::text[]) AS said(id, value) WHERE {table}.id = said.id',
            [[pk for pk, _after in changed], [after for _pk, after in changed]],
        )
    return len(changed)


def _pruned_text(text: str, ours: frozenset[str]) -> str:
    before = json.loads(text)
    after = pruned(before, ours)
    return text if after == before else json.dumps(after, ensure_ascii=False)


def pruned(value: Any, ours: frozenset[str]) -> Any:
    """The value without words: numbers, moments, codes of ours and what holds them stay."""
    if isinstance(value, str):
        return value if value in ours or _CODE.fullmatch(value) else DASH
    if isinstance(value, list):
        return [pruned(one, ours) for one in value]
    if isinstance(value, dict):
        return {key: one if key in _OUR_KEYS and isinstance(one, str) else pruned(one, ours) for key, one in value.items()}
    return value


def codes() -> frozenset[str]:
    """Whatever we ourselves call a state, a stage, a reason, a language."""
    found = {str(value) for model in apps.get_models() for field in model._meta.local_fields for value, _label in field.flatchoices}
    found |= {*stages.ORDER, *(code for code, _name in settings.LANGUAGES)}
    return frozenset(found | set(ExitReason.objects.values_list("key", flat=True)))
