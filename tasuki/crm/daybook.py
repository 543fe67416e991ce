"""The daybook: what the ledger holds, summed by day, so that counting a quarter does not mean reading every passage in it.

Exact at any moment, whoever writes. Each statement that changes passages, or whose leads they are, adds notes of what it
changed in the same transaction: a few rows that no other writer waits for. Now and then `fold` adds the notes to the
totals, those of everybody and those of each team. A reader takes totals and notes together in one statement, so it does not matter when that was.

A day is a day of the organisation's time zone. The triggers stand in the migration `daybook`; the database writes the
book anew when the time zone changes. `tasuki check` compares it with the ledger.
"""

from __future__ import annotations

from django.db import connection, models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """By what the leads of a day are told apart. In `ALL` the key is empty; people and teams are named by their ids."""

    ALL = "", _("all leads")
    SOURCE = "source", _("source")
    SEGMENT = "segment", _("segment")
    OWNER = "owner", _("owner")
    TEAM = "team", _("team")


class Counted(models.Model):
    """Passages of one stage and outcome that entered (`n_entered`) and left (`n_left`) on a day; the outcome is the one they have now.

    `amount_…` sum what those of them that won are worth, in the organisation's currency; None where none has an amount.
    """

    counted_on = models.DateField()
    stage = models.ForeignKey("crm.Stage", models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    outcome = models.CharField(max_length=12, blank=True)
    n_entered = models.IntegerField()
    n_left = models.IntegerField()
    amount_entered = models.DecimalField(max_digits=22, decimal_places=2, null=True)
    amount_left = models.DecimalField(max_digits=22, decimal_places=2, null=True)

    class Meta:
        abstract = True


class DaybookNote(Counted):
    """A change that is not in the totals yet. `n_…` may be negative."""

    source = models.CharField(max_length=80, blank=True)
    segment = models.CharField(max_length=80, blank=True)
    owner = models.ForeignKey("core.User", models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False)
    team = models.ForeignKey("core.Team", models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)

    class Meta:
        verbose_name = _("note of the daybook")
        verbose_name_plural = _("notes of the daybook")


class DaybookTotal(Counted):
    pk = models.CompositePrimaryKey("kind", "counted_on", "stage_id", "outcome", "key")
    kind = models.CharField(max_length=8, choices=Kind.choices, blank=True)
    key = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name = _("total of the daybook")
        verbose_name_plural = _("totals of the daybook")


class DaybookOfTeam(Counted):
    """The totals of the leads of one team: of all, by source, segment and owner, for whoever sees those of some teams only."""

    pk = models.CompositePrimaryKey("team_id", "kind", "counted_on", "stage_id", "outcome", "key")
    team = models.ForeignKey("core.Team", models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    kind = models.CharField(max_length=8, choices=Kind.choices, blank=True)
    key = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name = _("total of a team in the daybook")
        verbose_name_plural = _("totals of teams in the daybook")


def fold() -> int:
    """Add the notes to the totals; returns how many there were. Changes no number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT crm_fold_the_daybook()")
        return int(cursor.fetchone()[0])
