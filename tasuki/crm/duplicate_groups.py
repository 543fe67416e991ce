"""Groups of records that are probably one, found for all records at once and kept until somebody merges them or says that they are not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models, transaction
from django.db.models import Count, Func, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.imports.copying import execute
from tasuki.core.meanwhile import held
from tasuki.crm.duplicates import MOST, NAME_SQL, WITHIN, Key
from tasuki.crm.merges.rows import MODELS, Merge, MergeNoun

if TYPE_CHECKING:
    from tasuki.core.people import User


class GroupState(models.TextChoices):
    OPEN = "open", _("to look at")
    MERGED = "merged", _("merged")
    APART = "apart", _("not the same")


class SettledAlready(Refused):
    code = "settled_already"

    def __init__(self) -> None:
        super().__init__(_("Somebody has settled this group already."))


class _IsAmong(Func):
    """Whether a number stands in an array."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field: models.Field[bool, bool] = models.BooleanField()


class DuplicateGroups(models.QuerySet["DuplicateGroup"]):
    """Questions about groups of duplicates."""

    def visible_to(self, user: User) -> DuplicateGroups:
        """Those of which the person sees at least two records, as long as they may merge."""
        standing = abilities.standing_of(user)
        if abilities.Ability.MERGE_RECORDS not in standing.abilities:
            return self.none()
        seen = Q(pk__in=[])
        for noun in MergeNoun:
            if standing.scope("lead" if noun is MergeNoun.LEAD else "account") is abilities.Scope.ALL:
                seen |= Q(of=noun)
                continue
            rows: Any = apps.get_model("crm", MODELS[noun])._default_manager.get_queryset()
            members = rows.visible_to(user).filter(_IsAmong("pk", OuterRef("record_ids")))
            n = Subquery(members.order_by().values(_all=models.Value(1)).annotate(n=Count("pk")).values("n"), output_field=models.IntegerField())
            seen |= Q(of=noun, pk__in=DuplicateGroup.objects.filter(of=noun).annotate(n_seen=n).filter(n_seen__gte=2).values("pk"))
        return self.filter(seen)

    def newest_first(self) -> DuplicateGroups:
        return self.order_by("-pk")


class DuplicateGroup(models.Model):
    """Records with the same keys. `record_ids` are in order, so that one set of records is one group."""

    noun: ClassVar[str] = "duplicate_group"

    of = models.CharField(_("noun"), max_length=8, choices=MergeNoun.choices)
    record_ids = ArrayField(models.BigIntegerField())
    keys = ArrayField(models.CharField(max_length=16, choices=Key.choices), default=list)
    state = models.CharField(_("state"), max_length=6, choices=GroupState.choices, default=GroupState.OPEN)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    merge = models.ForeignKey("crm.Merge", models.SET_NULL, null=True, related_name="groups", db_index=False)
    settled_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)
    found_at = models.DateTimeField(_("found"))

    objects = DuplicateGroups.as_manager()

    class Meta:
        verbose_name = _("group of duplicates")
        verbose_name_plural = _("groups of duplicates")
        indexes = [
            models.Index(fields=["of", "state", "-id"], name="duplicate_group_in_state"),
            GinIndex(fields=["record_ids"], name="duplicate_group_of_record"),
            models.Index(fields=["merge"], name="duplicate_group_of_merge", condition=Q(merge__isnull=False)),
        ]
        constraints = [models.UniqueConstraint(fields=["of", "record_ids"], name="duplicate_group_once")]

    def __str__(self) -> str:
        return f"{self.of}: {self.record_ids}"

    @property
    def reasons(self) -> list[Any]:
        """What the records have in common, the strongest first, in the reader's language; what one says already no other says again."""
        said = {weaker for key in self.keys for weaker in WITHIN.get(Key(key), ())}
        return [key.label for key in Key if key in self.keys and key not in said]


# For each noun the ids that one key is shared by. A key of more records than MOST says nothing about any of them.
_OF_ONE = f"HAVING count(DISTINCT id) BETWEEN 2 AND {MOST}"
_SHARED = {
    MergeNoun.ACCOUNT: """
        SELECT 'name_and_domain' AS key, array_agg(id ORDER BY id) AS ids FROM crm_account WHERE domain <> '' GROUP BY folded_name, domain {alike}
        UNION ALL SELECT 'domain', array_agg(id ORDER BY id) FROM crm_account WHERE domain <> '' GROUP BY domain {alike}
        UNION ALL SELECT 'name', array_agg(id ORDER BY id) FROM crm_account WHERE folded_name <> '' GROUP BY folded_name {alike}
        """.format(alike=f"{_OF_ONE} AND count(DISTINCT country || corporate_number) FILTER (WHERE corporate_number <> '') <= 1"),
    MergeNoun.CONTACT: f"""
        SELECT 'mail' AS key, array_agg(DISTINCT id ORDER BY id) AS ids FROM (SELECT contact_id AS id, key FROM crm_contactemail) AS mail GROUP BY key {_OF_ONE}
        UNION ALL SELECT 'phone', array_agg(DISTINCT id ORDER BY id) FROM (SELECT contact_id AS id, e164 FROM crm_contactphone) AS phone GROUP BY e164 {_OF_ONE}
        UNION ALL SELECT 'name_at_account', array_agg(id ORDER BY id) FROM crm_contact WHERE account_id IS NOT NULL
        GROUP BY account_id, {NAME_SQL.format("crm_contact")} {_OF_ONE}""",
    MergeNoun.LEAD: f"""
        SELECT 'mail' AS key, array_agg(DISTINCT lead.id ORDER BY lead.id) AS ids FROM crm_lead lead JOIN crm_contactemail mail USING (contact_id)
        WHERE lead.stage_id IS NOT NULL AND lead.won_at IS NULL GROUP BY mail.key, lead.product_line {_OF_ONE.replace("id)", "lead.id)")}
        UNION ALL SELECT 'phone', array_agg(DISTINCT lead.id ORDER BY lead.id) FROM crm_lead lead JOIN crm_contactphone phone USING (contact_id)
        WHERE lead.stage_id IS NOT NULL AND lead.won_at IS NULL GROUP BY phone.e164, lead.product_line {_OF_ONE.replace("id)", "lead.id)")}""",
}
_NOTE = """
WITH shared AS ({shared}),
alike AS (SELECT ids, array_agg(DISTINCT key) AS keys FROM shared GROUP BY ids),
settled AS (SELECT record_ids FROM crm_duplicategroup WHERE of = %(of)s AND state = 'apart'),
fresh AS (SELECT * FROM alike WHERE NOT EXISTS (SELECT FROM settled WHERE settled.record_ids @> alike.ids)),
gone AS (DELETE FROM crm_duplicategroup there WHERE of = %(of)s AND state = 'open' AND NOT EXISTS (SELECT FROM fresh WHERE fresh.ids = there.record_ids))
INSERT INTO crm_duplicategroup AS there (of, record_ids, keys, state, reason, found_at)
SELECT %(of)s, ids, keys, 'open', '', %(at)s FROM fresh ORDER BY ids
ON CONFLICT (of, record_ids) DO UPDATE SET keys = excluded.keys, state = 'open', merge_id = NULL, settled_by_id = NULL, settled_at = NULL
WHERE there.state = 'merged' OR (there.state = 'open' AND there.keys <> excluded.keys)
"""
_LOCK = 0xD0B1E


@transaction.atomic
def find(*, at: datetime) -> int:
    """Look through all records by their exact keys; → how many groups are to be looked at. Safe to run twice, and beside everybody's work."""
    execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    for noun, shared in _SHARED.items():
        execute(_NOTE.format(shared=shared), {"of": noun.value, "at": at})
    return DuplicateGroup.objects.filter(state=GroupState.OPEN).count()


@transaction.atomic
def set_apart(group: DuplicateGroup, *, reason: str, by: By, at: datetime) -> DuplicateGroup:
    """Say that these are not the same; they are never proposed again. Raises Forbidden, SettledAlready, Gone."""
    if by.actor:
        abilities.require(by.actor, abilities.Ability.MERGE_RECORDS)
    group = held(group)
    if group.state != GroupState.OPEN:
        raise SettledAlready
    DuplicateGroup.objects.filter(pk=group.pk).update(state=GroupState.APART, reason=reason.strip()[:200], settled_by=by.actor, settled_at=at)
    audit.record(group, action="set_apart", by=by, at=at, changes={"state": (group.state, GroupState.APART.value), "reason": ("", reason.strip()[:200])})
    group.refresh_from_db()
    return group


@transaction.atomic
def reopen(group: DuplicateGroup, *, by: By, at: datetime) -> DuplicateGroup:
    """Take back that these are not the same. Raises Forbidden, SettledAlready, Gone."""
    if by.actor:
        abilities.require(by.actor, abilities.Ability.MERGE_RECORDS)
    group = held(group)
    if group.state != GroupState.APART:
        raise SettledAlready
    DuplicateGroup.objects.filter(pk=group.pk).update(state=GroupState.OPEN, reason="", settled_by=None, settled_at=None)
    audit.record(group, action="undo", by=by, at=at, changes={"state": (GroupState.APART.value, GroupState.OPEN.value)})
    group.refresh_from_db()
    return group


def note_apart(noun: str, *, pk: int, others: Iterable[int], reason: str, by: By, at: datetime) -> None:
    """Whoever added a record said that it is another one than each of these: remember it pair by pair."""
    pairs: Sequence[list[int]] = [sorted((pk, other)) for other in others]
    rows = [
        DuplicateGroup(of=noun, record_ids=pair, state=GroupState.APART, reason=reason[:200], settled_by=by.actor, settled_at=at, found_at=at) for pair in pairs
    ]
    DuplicateGroup.objects.bulk_create(rows, ignore_conflicts=True)


def apart_from(noun: str, pk: int) -> set[int]:
    """The records of which somebody has said that they are others than this one."""
    groups = DuplicateGroup.objects.filter(of=noun, state=GroupState.APART, record_ids__contains=[pk])
    return {other for ids in groups.values_list("record_ids", flat=True) for other in ids} - {pk}


def settle_merged(merge: Merge, *, by: By, at: datetime) -> None:
    """What a merge made one is no question any more."""
    ids = [merge.survivor_id, *merge.other_ids]
    rows = DuplicateGroup.objects.filter(of=merge.of, state=GroupState.OPEN, record_ids__overlap=ids, record_ids__contained_by=ids)
    rows.update(state=GroupState.MERGED, merge=merge, settled_by=by.actor, settled_at=at)


def ask_again(merge_id: int) -> None:
    """A merge was undone: its groups are to be looked at again."""
    rows = DuplicateGroup.objects.filter(merge=merge_id, state=GroupState.MERGED)
    rows.update(state=GroupState.OPEN, merge=None, settled_by=None, settled_at=None)
