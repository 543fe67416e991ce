"""Undoing a merge: what came from each record goes back to it, values are restored, and what was added to the survivor since stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.imports.copying import execute
from tasuki.crm import duplicate_groups
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.merges import journal, relations
from tasuki.crm.merges.rows import FormerRecord, Merge, MergeNoun, MergeStep, StepKind

_TABLES: dict[MergeNoun, type[models.Model]] = {MergeNoun.ACCOUNT: Account, MergeNoun.CONTACT: Contact, MergeNoun.LEAD: Lead}
_NOUN_OF_TABLE = {model._meta.db_table: noun for noun, model in _TABLES.items()}


class UndoneAlready(Refused):
    code = "undone_already"

    def __init__(self) -> None:
        super().__init__(_("This merge was undone already."))


class MergeIsFinal(Refused):
    code = "merge_is_final"

    def __init__(self) -> None:
        super().__init__(_("This merge cannot be undone any more: the person was erased."))


class LaterMergeFirst(Refused):
    code = "later_merge_first"

    def __init__(self, later: Merge) -> None:
        names = {"others": ", ".join(later.other_names), "name": later.survivor_name}
        super().__init__(_("A later merge covers this one: %(others)s into %(name)s. Undo that one first.") % names)


class CannotUndo(Refused):
    code = "cannot_undo"


# What the database says no to, in the words of whoever asked.
_REASONS: dict[str, Any] = {
    "one_open_lead_per_contact_and_line": _("A lead was opened since, for the same person and product line. End one of them first."),
    "corporate_number_once": _("Another account has one of the corporate numbers by now. Change it there first."),
    "account_reference_once": _("Another account has one of the references by now."),
    "contact_reference_once": _("Another contact has one of the references by now."),
}


@transaction.atomic
def undo(merge: Merge, *, by: By, at: datetime) -> Merge:
    """Take a merge back. Raises Forbidden, UndoneAlready, MergeIsFinal, LaterMergeFirst, CannotUndo."""
    if by.actor:
        abilities.require(by.actor, Ability.MERGE_RECORDS)
    journal.hold_merges()
    merge = Merge.objects.select_for_update().get(pk=merge.pk)
    if merge.undone_at is not None:
        raise UndoneAlready
    if merge.is_final:
        raise MergeIsFinal
    if later := _later(merge):
        raise LaterMergeFirst(later)
    noun = MergeNoun(merge.of)
    # Nobody changes the survivor while what was merged into it leaves.
    list(_TABLES[noun]._default_manager.filter(pk=merge.survivor_id).select_for_update(no_key=True))
    try:
        with transaction.atomic():
            FormerRecord.objects.filter(merge=merge).delete()
            journal.take_back(merge)
            for kind in (Lead, Contact):
                _let_follow(merge, kind)
            execute("SET CONSTRAINTS ALL IMMEDIATE")
            execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError as refusal:
        raise CannotUndo(_reason(refusal)) from None
    merge.steps.all().delete()
    duplicate_groups.ask_again(merge.pk)
    Merge.objects.filter(pk=merge.pk).update(undone_by=by.actor, undone_at=at)
    for record in _TABLES[noun]._default_manager.filter(pk__in=[merge.survivor_id, *merge.other_ids]).order_by("pk"):
        audit.record(record, action="undo", by=by, at=at, changes={"merge": (merge.pk, None)})
    merge.refresh_from_db()
    return merge


def hindrance(merge: Merge) -> str:
    """Why the merge cannot be undone as far as one can see without trying; "" when nothing is in the way."""
    if merge.undone_at is not None:
        return str(UndoneAlready())
    if merge.is_final:
        return str(MergeIsFinal())
    later = _later(merge)
    return str(LaterMergeFirst(later)) if later else ""


def _later(merge: Merge) -> Merge | None:
    """The latest merge since that touched what this one touched."""
    touched: dict[str, set[int]] = defaultdict(set)
    touched[merge.of] |= {merge.survivor_id}
    for step in MergeStep.objects.filter(merge=merge, table_name__in=_NOUN_OF_TABLE).defer("became"):
        if step.kind in (StepKind.MOVED, StepKind.CHANGED):
            touched[_NOUN_OF_TABLE[step.table_name]] |= set(step.row_ids)
        for row in step.was if step.kind == StepKind.REMOVED and step.was else ():
            touched[MergeNoun.ACCOUNT] |= {row[column] for column in ("account_id", "parent_id") if row.get(column)}
    covering = Q(pk__in=[])
    for noun, ids in touched.items():
        covering |= Q(of=noun) & (Q(survivor_id__in=ids) | Q(other_ids__overlap=list(ids)))
    return Merge.objects.standing().filter(covering, pk__gt=merge.pk).order_by("-pk").first()


def _let_follow(merge: Merge, kind: type[Lead] | type[Contact]) -> None:
    """What was written since about a lead or a contact that goes back goes back with it: its notes, its tasks, its next pass."""
    target = _TABLES[MergeNoun(merge.of)]
    if target is Lead:
        return
    table, column = kind._meta.db_table, f"{merge.of}_id"
    for step in MergeStep.objects.filter(merge=merge, kind=StepKind.MOVED, table_name=table, column_name=column):
        ids = _gone_back(table, column, step)
        if kind is Lead:
            ids = _with_next_passes(ids)
            execute(
                f"UPDATE {table} SET {column} = %s WHERE id = ANY(%s) AND {column} = %s AND id > %s",
                [step.from_id, ids, merge.survivor_id, merge.last_ids[table]],
            )
        for model, own, through in relations.beside(target, through=kind):
            # Only what is younger than the merge: an older row stood so on purpose.
            values = [step.from_id, ids, merge.survivor_id, merge.last_ids[model._meta.db_table]]
            execute(f"UPDATE {model._meta.db_table} SET {own} = %s WHERE {through} = ANY(%s) AND {own} = %s AND id > %s", values)


def _gone_back(table: str, column: str, step: MergeStep) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {table} WHERE id = ANY(%s) AND {column} = %s", [step.row_ids, step.from_id])
        return [pk for (pk,) in cursor.fetchall()]


def _with_next_passes(ids: Iterable[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH RECURSIVE pass AS (SELECT unnest(%s::bigint[]) AS id
                   UNION SELECT later.id FROM pass JOIN crm_lead later ON later.previous_id = pass.id) SELECT id FROM pass""",
            [list(ids)],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _reason(refusal: IntegrityError) -> Any:
    constraint: Any = getattr(getattr(refusal.__cause__, "diag", None), "constraint_name", "")
    return _REASONS.get(constraint, _("Later work hangs on what this merge made, so it cannot be undone."))
