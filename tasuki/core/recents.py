"""Which records a person opened lately: what they look for is most often what they had."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection, models

if TYPE_CHECKING:
    from tasuki.core.people import User

KEPT = 50

_OPEN = """
INSERT INTO core_recentrecord (person_id, noun, record_id, opened_at) VALUES (%s, %s, %s, %s)
ON CONFLICT ON CONSTRAINT recent_record_once DO UPDATE SET opened_at = excluded.opened_at
"""
_FORGET = """
DELETE FROM core_recentrecord WHERE person_id = %(person)s AND opened_at <= (
    SELECT opened_at FROM core_recentrecord WHERE person_id = %(person)s ORDER BY opened_at DESC OFFSET %(kept)s LIMIT 1
)
"""


class RecentRecords(models.QuerySet["RecentRecord"]):
    """Questions about what was opened."""

    def visible_to(self, user: User) -> RecentRecords:
        """One's own only. Whether the records themselves may still be seen is asked of them."""
        return self.filter(person=user.pk)

    def latest_first(self) -> RecentRecords:
        return self.order_by("-opened_at", "-pk")


class RecentRecord(models.Model):
    """When a person last opened the page of a record."""

    person = models.ForeignKey("core.User", models.CASCADE, related_name="+", db_index=False)
    noun = models.CharField(max_length=16)
    record_id = models.BigIntegerField()
    opened_at = models.DateTimeField()

    objects = RecentRecords.as_manager()

    class Meta:
        indexes = [models.Index(fields=["person", "-opened_at"], name="recent_record_of_person")]
        constraints = [models.UniqueConstraint(fields=["person", "noun", "record_id"], name="recent_record_once")]

    def __str__(self) -> str:
        return f"{self.noun} {self.record_id}"


def opened(user: User, *, noun: str, record_id: int, at: datetime) -> None:
    """Remember that the person opened a record; older ones than the last `KEPT` are forgotten."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [user.pk, noun, record_id, at])
        cursor.execute(_FORGET, {"person": user.pk, "kept": KEPT})
