"""The ledger: who stood in which stage from when to when, and how it ended. Every number of the relay is counted from it.

Append-only by a database rule: a passage is entered, and once left; neither is ever rewritten. Only the undo of an
import or a merge and the erasure of a person may take rows back, inside a transaction that says so (`correcting`).
`Bal(end) = Bal(start) + inflow - outflow` holds to the unit for any half-open period [from, to) because both sides
count the same rows: a passage is in the balance at t when `entered_at < t` and it had not been left before t.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import connection, models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.errors import Refused
from tasuki.crm import wake_rules
from tasuki.crm.contacts import Channel
from tasuki.crm.wake_rules import Trigger, WakeRule

if TYPE_CHECKING:
    from tasuki.core.audit import By
    from tasuki.core.people import User
    from tasuki.crm.exit_reasons import ExitReason
    from tasuki.crm.leads import Lead


class Outcome(models.TextChoices):
    """How a passage ended. `advanced` and `won` moved on; the others left the relay for now or for good."""

    ADVANCED = "advanced", _("advanced")
    WON = "won", _("won")
    RECYCLED = "recycled", _("recycled")
    LOST = "lost", _("lost")
    DISQUALIFIED = "disqualified", _("disqualified")
    MERGED = "merged", _("merged")


MOVED_ON = (Outcome.ADVANCED, Outcome.WON)


class LeftBeforeEntered(Refused):
    code = "left_before_entered"

    def __init__(self, entered_at: datetime, left_at: datetime) -> None:
        super().__init__(
            _("This lead entered its stage on %(entered)s and cannot leave it on %(left)s, before that.")
            % {"entered": entered_at.date().isoformat(), "left": left_at.date().isoformat()}
        )


class NotInProcess(Refused):
    code = "not_in_process"

    def __init__(self) -> None:
        super().__init__(_("This lead is not in process any more, so it cannot be moved."))


class Passages(models.QuerySet["Passage"]):
    """Questions to the ledger."""

    def visible_to(self, user: User) -> Passages:
        return self.filter(abilities.owned_by_scope(abilities.standing_of(user), "lead", owner="lead__owner", team="lead__team"))

    def open(self) -> Passages:
        return self.filter(left_at__isnull=True)

    def standing_at(self, moment: datetime) -> Passages:
        """The balance at a moment: entered before it, and not left before it."""
        return self.filter(Q(left_at__isnull=True) | Q(left_at__gte=moment), entered_at__lt=moment)

    def for_listing(self) -> Passages:
        return self.select_related("lead", "lead__contact", "lead__account", "stage", "owner", "team", "because")


class _LeadSpan(Func):
    # A range of one id lets the exclusion constraint work without the btree_gist extension.
    template = "int8range(%(expressions)s, %(expressions)s, '[]')"
    output_field: models.Field[int, int] = models.BigIntegerField()


class _TimeSpan(Func):
    function = "tstzrange"
    output_field: models.Field[datetime, datetime] = models.DateTimeField()


class Passage(models.Model):
    """One stay of one lead in one stage. `amount` is in the organisation's currency, at the rate of its day."""

    # What these name is checked for a whole statement: see core/references.py.
    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="passages", verbose_name=_("lead"), db_index=False, db_constraint=False)
    seq = models.PositiveSmallIntegerField()
    stage = models.ForeignKey("crm.Stage", models.PROTECT, related_name="passages", verbose_name=_("stage"), db_index=False, db_constraint=False)
    entered_at = models.DateTimeField(_("entered"))
    left_at = models.DateTimeField(_("left"), null=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    # The reason of the tree; `reason` holds what was said beside it, or instead of it before there was a tree.
    because = models.ForeignKey("crm.ExitReason", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("reason of the tree"))
    wake_on = models.DateField(_("wake on"), null=True)
    wake_when = models.CharField(_("wake when"), max_length=200, blank=True)
    wake_trigger = models.CharField(_("woken when the person"), max_length=8, choices=Trigger.choices, blank=True, default="", db_default="")
    wake_channel = models.CharField(_("by which channel"), max_length=8, choices=Channel.choices, blank=True, default="", db_default="")
    wake_every = models.PositiveSmallIntegerField(_("tried every so many days"), null=True)
    wake_until_on = models.DateField(_("tried until"), null=True)
    owner = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False, verbose_name=_("carried by"))
    team = models.ForeignKey("core.Team", models.PROTECT, related_name="+", db_index=False, db_constraint=False, verbose_name=_("team"))
    moved_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False, verbose_name=_("moved by"))
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2, null=True)
    # The run itself writes these, and no run is ever removed: the database need not look for it once for each row.
    entry_import = models.ForeignKey("core.ImportRun", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False)
    exit_import = models.ForeignKey("core.ImportRun", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False)

    objects = Passages.as_manager()

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        indexes = [
            # What a page counts is read from these alone, without the rows.
            models.Index(fields=["stage", "entered_at"], name="passage_entries", include=["outcome"]),
            models.Index(fields=["stage", "left_at"], name="passage_exits", condition=Q(left_at__isnull=False), include=["outcome", "entered_at"]),
            models.Index(fields=["stage", "entered_at"], name="passage_balance", condition=Q(left_at__isnull=True)),
            models.Index(fields=["left_at"], name="passage_recycled", condition=Q(outcome="recycled"), include=["lead"]),
            models.Index(fields=["left_at"], name="passage_wins", condition=Q(outcome="won"), include=["lead", "amount"]),
            models.Index(fields=["exit_import"], name="passage_exit_import", condition=Q(exit_import__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["lead", "seq"], name="passage_seq_once"),
            models.UniqueConstraint(fields=["lead"], condition=Q(left_at__isnull=True), name="one_open_passage_per_lead"),
            models.CheckConstraint(condition=Q(left_at__isnull=True, outcome="") | (Q(left_at__isnull=False) & ~Q(outcome="")), name="left_with_an_outcome"),
            models.CheckConstraint(condition=Q(left_at__isnull=True) | Q(left_at__gte=F("entered_at")), name="left_after_entered"),
            models.CheckConstraint(
                condition=~Q(outcome="recycled") | ((~Q(reason="") | Q(because__isnull=False)) & wake_rules.valid()), name="recycled_with_reason_and_wake_rule"
            ),
            models.CheckConstraint(condition=~Q(outcome="disqualified") | ~Q(reason="") | Q(because__isnull=False), name="disqualified_with_a_reason"),
            # A lead's first passage comes in here when it is left. Until then a trigger (the migration `first_passage_rule`) keeps others
            # out of its time: most leads of an import have no second one, and this index costs more than all others together.
            ExclusionConstraint(
                name="one_stage_at_a_time",
                condition=Q(seq__gt=1) | Q(left_at__isnull=False),
                expressions=[
                    (_LeadSpan(F("lead")), RangeOperators.OVERLAPS),
                    (_TimeSpan(F("entered_at"), F("left_at"), RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}/{self.seq}: {self.stage_id}"

    @property
    def wake_rule(self) -> WakeRule:
        return WakeRule(self.wake_on, self.wake_trigger, self.wake_channel, self.wake_when, self.wake_every, self.wake_until_on)


def enter(lead: Lead, *, stage: str, at: datetime, by: By, amount: Decimal | None = None) -> Passage:
    """Open the lead's next passage. The caller holds the lead's lock and has left the passage before."""
    last = Passage.objects.filter(lead=lead).order_by("-seq").values_list("seq", flat=True).first()
    return Passage.objects.create(
        lead=lead, seq=(last or 0) + 1, stage_id=stage, entered_at=at, owner=lead.owner, team=lead.team, moved_by=by.actor, amount=amount
    )


def leave(
    lead: Lead,
    *,
    outcome: Outcome,
    at: datetime,
    reason: str = "",
    because: ExitReason | None = None,
    rule: WakeRule | None = None,
    amount: Decimal | None = None,
) -> Passage:
    """Close the lead's open passage; the one who carries the lead now is the one who carried it through.

    Raises NotInProcess without an open passage, LeftBeforeEntered for a moment before it was entered.
    """
    passage = Passage.objects.select_for_update().filter(lead=lead, left_at__isnull=True).first()
    if passage is None:
        raise NotInProcess
    if at < passage.entered_at:
        raise LeftBeforeEntered(passage.entered_at, at)
    values = {"left_at": at, "outcome": outcome, "reason": reason, "because": because, "owner": lead.owner, "team": lead.team}
    values |= rule.columns() if rule else {}
    if amount is not None:
        values["amount"] = amount
    Passage.objects.filter(pk=passage.pk).update(**values)
    passage.refresh_from_db()
    return passage


@contextmanager
def correcting(reason: str) -> Iterator[None]:
    """Allow rows of the ledger to be taken back until the end of the block: for the undo of an import or a merge, and for erasure.

    The database refuses otherwise. Must run inside a transaction; `reason` is kept in the setting for the server's log.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tasuki.correcting', %s, true)", [reason])
        yield
        cursor.execute("SELECT set_config('tasuki.correcting', '', true)")
