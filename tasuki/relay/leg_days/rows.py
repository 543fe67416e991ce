"""What was counted of a span of days, up to when that is done, and which days something changed in since.

A span is 1, 8 or 64 days, the first of which has a number that this divides: so a year is some twenty spans, and no day is counted twice.
"""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models

# The largest first.
SPANS = (64, 8, 1)
LARGEST = SPANS[0]
# Counted by other rules than these, a noun is counted anew.
VERSION = 7


class Noun(models.TextChoices):
    """What is counted, each by its own moment (see `facts`)."""

    CALL = "call"
    MEETING = "meeting"
    HANDOFF = "handoff"
    PROMISE = "promise"
    GIVEN_UP = "given_up"
    LIST = "list"
    EDGE = "edge"
    STAY = "stay"
    STEP = "step"


class Told(models.IntegerChoices):
    """By what rows are told apart: what PostgreSQL's GROUPING(owner, seen, person, team, source) says, in which what is told apart by is 0.

    `seen` is the team that has the lead now, by which managers see it, and `owner` who has it now. A person stands with the team, an owner with
    the team that has the lead.
    """

    ALL = 0b11111
    SOURCE = 0b11110
    TEAM = 0b11101
    TEAM_SOURCE = 0b11100
    PERSON = 0b11001
    PERSON_SOURCE = 0b11000
    SEEN = 0b10111
    SEEN_SOURCE = 0b10110
    SEEN_TEAM = 0b10101
    SEEN_PERSON = 0b10001
    OWNER = 0b00111
    OWNER_SOURCE = 0b00110
    OWNER_TEAM = 0b00101
    OWNER_PERSON = 0b00001


# The columns that are told apart, by their bits.
BITS = {"owner": 0b10000, "seen": 0b01000, "person": 0b00100, "team": 0b00010, "source": 0b00001}


class LegCount(models.Model):
    """What was counted in the `n_days` from `starts_on`; `owner`, `seen`, `person`, `team` and `source` hold what `told` names, where it is
    anything: a source may be empty, None is all of them.

    `part` says which numbers `counts` are, and `key` of which result or stage. Of seconds there is also how often each came: `values`, ascending,
    and `n_each`. Of leads `values` are days from when they were tried last before the span to its first, and `n_each` how many up to there.
    Of days on which somebody dialled `values` are their numbers.
    """

    part = models.CharField(max_length=12)
    key = models.CharField(max_length=12, blank=True)
    told = models.PositiveSmallIntegerField(choices=Told.choices)
    n_days = models.PositiveSmallIntegerField()
    starts_on = models.DateField()
    person = models.ForeignKey("core.User", models.CASCADE, null=True, related_name="+", db_index=False)
    team = models.ForeignKey("core.Team", models.CASCADE, null=True, related_name="+", db_index=False)
    source = models.CharField(max_length=80, null=True)
    seen = models.ForeignKey("core.Team", models.CASCADE, null=True, related_name="+", db_index=False)
    owner = models.ForeignKey("core.User", models.CASCADE, null=True, related_name="+", db_index=False)
    counts = ArrayField(models.IntegerField())
    values = ArrayField(models.IntegerField(), null=True)
    n_each = ArrayField(models.IntegerField(), null=True)

    class Meta:
        # What somebody owns or did themselves is looked up of each span without reading what others own or did.
        indexes = [models.Index(fields=["part", "told", "n_days", "starts_on", "owner", "person"], name="leg_count_of_whom")]

    def __str__(self) -> str:
        return f"{self.part} {self.key} {self.starts_on}"


class LegCounted(models.Model):
    """Of which days [from_on, until_on) a noun is counted: every span that lies within them, but for the days in `LegTouched`."""

    noun = models.CharField(max_length=8, choices=Noun.choices, primary_key=True)
    from_on = models.DateField()
    until_on = models.DateField()
    version = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.noun} {self.from_on} {self.until_on}"


class LegTouched(models.Model):
    """Something changed in a day: written by triggers of the database in the same transaction, whoever writes, and taken when it is counted again."""

    noun = models.CharField(max_length=8, choices=Noun.choices)
    touched_on = models.DateField()

    def __str__(self) -> str:
        return f"{self.noun} {self.touched_on}"


def number(day: date) -> int:
    """By which a span begins: days since 0001-01-01, as the database counts them."""
    return day.toordinal() - 1


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day of the house begins."""
    return datetime.combine(day, time(), zone)
