"""How far a person is on the guided tour: a bookmark, and whether they want to be offered it any more."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from tasuki.core.people import User


class TourState(models.TextChoices):
    """What the person did last. Only a tour under way is offered again."""

    UNDER_WAY = "under_way"
    LEFT = "left"
    FINISHED = "finished"


class Tours(models.QuerySet["Tour"]):
    """Questions about tours."""

    def visible_to(self, user: User) -> Tours:
        """One's own only."""
        return self.filter(person=user.pk)


class Tour(models.Model):
    """One person's. `lead_id` is the lead that the tour follows, 0 where there is none to see; whether it may still be seen is asked of it."""

    person = models.OneToOneField("core.User", models.CASCADE, related_name="+")
    lead_id = models.BigIntegerField(default=0)
    stop = models.CharField(max_length=16, blank=True)
    state = models.CharField(max_length=9, choices=TourState.choices)
    changed_at = models.DateTimeField()

    objects = Tours.as_manager()

    def __str__(self) -> str:
        return f"{self.person_id}: {self.stop}, {self.state}"


def reach(person: User, *, stop: str, lead_id: int, at: datetime) -> Tour:
    """The person stands at this stop now."""
    return _written(person, {"stop": stop, "lead_id": lead_id, "state": TourState.UNDER_WAY, "changed_at": at})


def leave(person: User, *, at: datetime) -> Tour:
    """Offer it no more. Whoever takes it up again goes on where they were."""
    return _written(person, {"state": TourState.LEFT, "changed_at": at})


def finish(person: User, *, at: datetime) -> Tour:
    """Offer it no more. Whoever takes it up again begins anew."""
    return _written(person, {"state": TourState.FINISHED, "stop": "", "lead_id": 0, "changed_at": at})


def _written(person: User, fields: dict[str, object]) -> Tour:
    return Tour.objects.update_or_create(person=person, defaults=fields)[0]
