"""Lent calls: somebody who by their role would not hear a call may hear it for as long as it is needed, and that one only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import Q

from tasuki.core import abilities, audit
from tasuki.core.abilities import Role
from tasuki.core.audit import By

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.engage.calls import Call


class LentCalls(models.QuerySet["LentCall"]):
    """Questions about what is lent."""

    def visible_to(self, user: User) -> LentCalls:
        """What is lent to oneself, and to a team that one manages, or that is below one's own."""
        standing = abilities.standing_of(user)
        if not standing.roles:
            return self.none()
        return self.filter(Q(person=standing.user_id) | Q(team__in=standing.tree if Role.MANAGER in standing.roles else ()))


class LentCall(models.Model):
    """A call, lent to a person or to whoever manages a team. `about` says what for, and by it everything that was lent is taken back."""

    call = models.ForeignKey("engage.Call", models.CASCADE, related_name="lent", db_index=False)
    person = models.ForeignKey("core.User", models.CASCADE, null=True, related_name="+")
    team = models.ForeignKey("core.Team", models.CASCADE, null=True, related_name="+")
    about = models.CharField(max_length=40)
    lent_at = models.DateTimeField()

    objects = LentCalls.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(person__isnull=True) ^ Q(team__isnull=True), name="lent_to_a_person_or_a_team"),
            models.UniqueConstraint(fields=["call", "about", "person", "team"], nulls_distinct=False, name="lent_once"),
        ]
        indexes = [models.Index(fields=["about"], name="lent_about")]

    def __str__(self) -> str:
        return f"{self.call_id} for {self.about}"


@transaction.atomic
def lend(call: Call, *, people: Iterable[int], teams: Iterable[int], about: str, by: By, at: datetime) -> None:
    """Let these people (ids) and whoever manages these teams (ids) hear the call until it is taken back. Twice is once."""
    rows = [LentCall(call=call, person_id=pk, about=about, lent_at=at) for pk in sorted(set(people))]
    rows += [LentCall(call=call, team_id=pk, about=about, lent_at=at) for pk in sorted(set(teams))]
    LentCall.objects.bulk_create(rows, ignore_conflicts=True)
    audit.record(call, action="lend", by=by, at=at)


@transaction.atomic
def take_back(about: str, *, by: By, at: datetime) -> None:
    """What it was lent for is over: from now on everybody hears what their role lets them hear."""
    lent = LentCall.objects.filter(about=about).select_related("call")
    for call in {one.call_id: one.call for one in lent}.values():
        audit.record(call, action="end_loan", by=by, at=at)
    lent.delete()
