"""Pools: the people among whom leads are given out, with how much each takes. Who is in a pool, and its order, is held while it is chosen from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.apps import apps
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.inside_sales.routing_methods import Method

if TYPE_CHECKING:
    from tasuki.core.calendars import Calendar
    from tasuki.core.people import User
    from tasuki.core.teams import Team

LONGEST_NAME = 80
MOST_WEIGHT = 100
MOST_CAP = 10_000
MOST_MEMBERS = 200
MOST_WORDS, LONGEST_WORD = 30, 40


class OffHours(models.TextChoices):
    """What happens to a lead when all who could have it are at home."""

    WAIT = "wait", _("the lead waits until the first of them is at work")
    GIVE = "give", _("the lead is given out all the same")


class PoolRefused(Refused):
    code = "pool_refused"


class Pools(models.QuerySet["RoutingPool"]):
    def visible_to(self, user: User) -> Pools:
        """Whoever works here may know how leads are given out."""
        return self if abilities.standing_of(user).roles else self.none()

    def for_listing(self) -> Pools:
        return self.select_related("team").prefetch_related("members__user").order_by("name", "pk")


class RoutingPool(models.Model):
    """Some people, and the way in which leads go round among them. What waits for them waits in the queue of the `team`."""

    noun: ClassVar[str] = "routingpool"

    name = models.CharField(_("name"), max_length=LONGEST_NAME, unique=True)
    team = models.ForeignKey("core.Team", models.PROTECT, related_name="+", verbose_name=_("queue of the team"))
    method = models.CharField(_("how leads go round"), max_length=12, choices=Method.choices, default=Method.ROUND_ROBIN)
    off_hours = models.CharField(_("outside business hours"), max_length=4, choices=OffHours.choices, default=OffHours.WAIT)

    objects = Pools.as_manager()

    class Meta:
        verbose_name = _("pool")
        verbose_name_plural = _("pools")

    def __str__(self) -> str:
        return self.name


class PoolMembers(models.QuerySet["PoolMember"]):
    def visible_to(self, user: User) -> PoolMembers:
        return self if abilities.standing_of(user).roles else self.none()


class PoolMember(models.Model):
    """A person in a pool. `current` is the state of the smooth round robin; no caps, languages or skills: without that limit."""

    pool = models.ForeignKey(RoutingPool, models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey("core.User", models.PROTECT, related_name="+", verbose_name=_("person"))
    weight = models.PositiveSmallIntegerField(_("weight"), default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_WEIGHT)])
    current = models.IntegerField(default=0)
    n_open_cap = models.PositiveIntegerField(_("open leads at most"), null=True, blank=True, validators=[MaxValueValidator(MOST_CAP)])
    n_day_cap = models.PositiveIntegerField(_("leads a day at most"), null=True, blank=True, validators=[MaxValueValidator(MOST_CAP)])
    languages = models.JSONField(_("languages"), default=list, blank=True)
    skills = models.JSONField(_("knows about"), default=list, blank=True)
    calendar = models.ForeignKey("core.Calendar", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("calendar"))

    objects = PoolMembers.as_manager()

    class Meta:
        verbose_name = _("member of a pool")
        verbose_name_plural = _("members of pools")
        constraints = [
            models.UniqueConstraint(fields=["pool", "user"], name="in_a_pool_once"),
            models.CheckConstraint(condition=Q(weight__gte=1), name="pool_member_has_a_weight"),
        ]

    def __str__(self) -> str:
        return f"{self.pool_id}: {self.user_id}"


@dataclass(frozen=True)
class Seat:
    """What a member of a pool takes."""

    weight: int = 1
    n_open_cap: int | None = None
    n_day_cap: int | None = None
    languages: list[str] = field(default_factory=list)
    skills: list[str] = field(default_factory=list)
    calendar: Calendar | None = None


def words(text: str) -> list[str]:
    """“ko, en” as a list, each once. Raises PoolRefused for a flood."""
    found = list(dict.fromkeys(part.strip() for part in text.replace("、", ",").split(",") if part.strip()))
    if len(found) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in found):
        raise PoolRefused(_("At most %(n)s words of %(length)s characters each, with commas between them.") % {"n": MOST_WORDS, "length": LONGEST_WORD})
    return found


@transaction.atomic
def keep(pool: RoutingPool | None, *, name: str, team: Team, method: Method, off_hours: OffHours, by: By, at: datetime) -> RoutingPool:
    """Make a pool (None), or change one. Raises PoolRefused."""
    columns: dict[str, Any] = {"name": name.strip(), "team": team, "method": method.value, "off_hours": off_hours.value}
    if not columns["name"] or len(columns["name"]) > LONGEST_NAME:
        raise PoolRefused(_("A pool needs a name of at most %(n)s characters.") % {"n": LONGEST_NAME})
    if RoutingPool.objects.filter(name=columns["name"]).exclude(pk=pool.pk if pool else 0).exists():
        raise PoolRefused(_("There is a pool of that name already."))
    if pool is None:
        pool = RoutingPool.objects.create(**columns)
        audit.record(pool, action="add", by=by, at=at, changes={"name": ("", pool.name), "team": (None, team), "method": ("", pool.method)})
        return pool
    pool = RoutingPool.objects.select_for_update(of=("self",)).select_related("team").get(pk=pool.pk)
    if changes := audit.difference(pool, columns):
        RoutingPool.objects.filter(pk=pool.pk).update(**columns)
        # Another way to go round begins anew.
        PoolMember.objects.filter(pool=pool).update(current=0)
        audit.record(pool, action="change", by=by, at=at, changes=changes)
        pool.refresh_from_db()
    return pool


@transaction.atomic
def remove(pool: RoutingPool, *, by: By, at: datetime) -> None:
    """Raises PoolRefused while a rule leads to it, and for one that leads were given out by: the log names it."""
    pool = RoutingPool.objects.select_for_update().get(pk=pool.pk)
    # Rules and decisions stand above the pools in the import graph.
    for name in ("RoutingRule", "RoutingDecision", "RoutingWait"):
        if apps.get_model("inside_sales", name)._default_manager.filter(pool=pool).exists():
            raise PoolRefused(_("Rules or decisions name this pool, so it stays. Take its members out, or let no rule lead to it."))
    audit.record(pool, action="remove", by=by, at=at, changes={"name": (pool.name, "")})
    pool.delete()


@transaction.atomic
def seat(pool: RoutingPool, *, user: User, terms: Seat, by: By, at: datetime) -> PoolMember:
    """Let a person take part, or change what they take. Raises PoolRefused."""
    pool = RoutingPool.objects.select_for_update().get(pk=pool.pk)
    if not 1 <= terms.weight <= MOST_WEIGHT:
        raise PoolRefused(_("A weight is a number from 1 to %(n)s.") % {"n": MOST_WEIGHT})
    member = PoolMember.objects.select_related("calendar").filter(pool=pool, user=user).first()
    if member is None and PoolMember.objects.filter(pool=pool).count() >= MOST_MEMBERS:
        raise PoolRefused(_("A pool has at most %(n)s members.") % {"n": MOST_MEMBERS})
    columns: dict[str, Any] = vars(terms)
    changes = audit.difference(member, columns) if member else {"user": (None, user), "weight": (None, terms.weight)}
    if member and not changes:
        return member
    member, _was_made = PoolMember.objects.update_or_create(pool=pool, user=user, defaults=columns)
    if "user" in changes or "weight" in changes:
        _begin_anew([pool.pk])
    audit.record(member, action="seat", by=by, at=at, changes={"user": (user.pk, user.pk), "pool": (pool.pk, pool.pk), **changes})
    return member


@transaction.atomic
def unseat(member: PoolMember, *, by: By, at: datetime) -> None:
    """Let a person take part no more. Doing it twice changes nothing."""
    pool = RoutingPool.objects.select_for_update().get(pk=member.pool_id)
    if PoolMember.objects.filter(pk=member.pk).delete()[0]:
        _begin_anew([pool.pk])
        audit.record(member, action="unseat", by=by, at=at, changes={"user": (member.user_id, None), "pool": (pool.pk, None)})


def _begin_anew(ids: Iterable[int]) -> None:
    """The round begins from the start: what was owed to whoever left, or was shared otherwise, is owed to nobody."""
    PoolMember.objects.filter(pool__in=list(ids)).update(current=0)
