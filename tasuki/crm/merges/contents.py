"""What hangs on records that can be merged, and what a merge moved: counted, for people to see before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Count, F, Func
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm.contacts import Consent
from tasuki.crm.leads import Lead
from tasuki.crm.merges import relations
from tasuki.crm.merges.rows import FormerRecord, Merge, MergeStep, StepKind
from tasuki.crm.ownership import Ownership


@dataclass(frozen=True)
class Amount:
    """How many rows of one kind; `of` counts them by the record that they hang on."""

    label: Any
    n: int
    of: dict[int, int]


@dataclass(frozen=True)
class Period:
    """Who owned a record before it was merged, and when."""

    name: str
    owner: str
    from_at: datetime | None
    until_at: datetime | None


def hanging_on(target: type[models.Model], ids: Sequence[int]) -> list[Amount]:
    """What points at the records, kind by kind; kinds that none of them has are left out. One query for each kind, however many records."""
    found = []
    for model, field in relations.foreign_keys(target):
        if not _is_told(model, field.name):
            continue
        rows = model._default_manager.filter(**{f"{field.name}__in": list(ids)}).values_list(field.name).annotate(n=Count("pk")).order_by()
        if of := dict(rows):
            found.append(Amount(_("subsidiaries") if field.name == "parent" else model._meta.verbose_name_plural, sum(of.values()), of))
    return found


def _is_told(model: type[models.Model], field: str) -> bool:
    """Addresses, consents and owners stand among the fields; what a lead came from, or was merged into, does not hang on it."""
    if (model, field) in ((Lead, "previous"), (Lead, "merged_into")) or model in (FormerRecord, Consent):
        return False
    return field == "parent" or (model._meta.label, field) not in relations.OWN_RULES


def moved(merge: Merge) -> list[Amount]:
    """How many rows of each kind the merge carried over or united. Nothing of a merge that was undone."""
    by_table: Counter[str] = Counter()
    sizes = Func(F("row_ids"), function="cardinality", output_field=models.IntegerField())
    steps = MergeStep.objects.filter(merge=merge, kind=StepKind.MOVED).annotate(n=sizes).values_list("table_name", "n")
    for table, n in steps:
        by_table[table] += n
    names = {model._meta.db_table: model._meta.verbose_name_plural for model in apps.get_models() if model is not FormerRecord}
    return [Amount(names[table], n, {}) for table, n in by_table.most_common() if table in names]


def owners_before(merge: Merge) -> list[Period]:
    """The periods of ownership that the merged records brought along; they are kept with the merge."""
    steps = MergeStep.objects.filter(merge=merge, kind=StepKind.REMOVED, table_name=Ownership._meta.db_table)
    rows = sorted((row for step in steps for row in step.was or ()), key=lambda row: (row["from_at"], row["id"]))
    people = User.objects.get_queryset().in_bulk([row["owner_id"] for row in rows if row["owner_id"]])
    teams = Team.objects.get_queryset().in_bulk([row["team_id"] for row in rows])
    return [
        Period(
            name=str(merge.names.get(str(row["account_id"]), "")),
            owner=people[row["owner_id"]].display_name if row["owner_id"] else teams[row["team_id"]].name,
            from_at=parse_datetime(row["from_at"]),
            until_at=parse_datetime(row["until_at"]) if row["until_at"] else None,
        )
        for row in rows
    ]
