"""Rules: which leads go to which pool, in order; the first whose condition a lead meets decides. Versions are drafted, published and kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import Case, Deferrable, Q, Value, When
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.filters import sentences
from tasuki.core.teams import Department, Team
from tasuki.crm.conditions import Conditions
from tasuki.crm.leads import Lead
from tasuki.inside_sales.routing_pools import RoutingPool

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_NAME = 80
LONGEST_CONDITION = sentences.LONGEST_TEXT
MOST_RULES = 200


class RoutingRefused(Refused):
    code = "routing_refused"


class Versions(models.QuerySet["RoutingVersion"]):
    def visible_to(self, user: User) -> Versions:
        """Whoever works here may know how leads are given out."""
        return self if abilities.standing_of(user).roles else self.none()

    def newest_first(self) -> Versions:
        return self.select_related("catch_all", "published_by", "drafted_by").order_by("-number")

    def in_force(self) -> RoutingVersion | None:
        return self.filter(published_at__isnull=False).select_related("catch_all").order_by("-number").first()

    def draft(self) -> RoutingVersion | None:
        return self.filter(published_at__isnull=True).select_related("catch_all").first()


class RoutingVersion(models.Model):
    """All rules as they hold together. A published one never changes; the newest published one is in force."""

    noun: ClassVar[str] = "routingversion"

    number = models.PositiveIntegerField(_("version"), unique=True)
    blocked = models.CharField(_("given to nobody"), max_length=LONGEST_CONDITION, blank=True)
    catch_all = models.ForeignKey("core.Team", models.PROTECT, related_name="+", verbose_name=_("what no rule meets"))
    drafted_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    drafted_at = models.DateTimeField()
    published_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)

    objects = Versions.as_manager()

    class Meta:
        verbose_name = _("version of the rules")
        verbose_name_plural = _("versions of the rules")
        constraints = [
            models.UniqueConstraint(fields=["published_at"], condition=Q(published_at__isnull=True), nulls_distinct=False, name="one_draft_of_the_rules")
        ]

    def __str__(self) -> str:
        return f"v{self.number}"

    @property
    def is_draft(self) -> bool:
        return self.published_at is None


class Rules(models.QuerySet["RoutingRule"]):
    def visible_to(self, user: User) -> Rules:
        return self if abilities.standing_of(user).roles else self.none()


class RoutingRule(models.Model):
    """Leads that meet the condition go to the pool. Without a condition, every lead does."""

    noun: ClassVar[str] = "routingrule"

    version = models.ForeignKey(RoutingVersion, models.CASCADE, related_name="rules", db_index=False)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    condition = models.CharField(_("condition"), max_length=LONGEST_CONDITION, blank=True)
    pool = models.ForeignKey(RoutingPool, models.PROTECT, related_name="+", verbose_name=_("pool"))

    objects = Rules.as_manager()

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ["position"]
        # Looked at as the transaction ends: rules that change places are in one place for a moment.
        constraints = [models.UniqueConstraint(fields=["version", "position"], name="rule_in_its_place", deferrable=Deferrable.DEFERRED)]

    def __str__(self) -> str:
        return self.name


def first_queue() -> Team | None:
    """Where what no rule meets waits as long as nobody has said where: the first team of inside sales, else the one above all."""
    return Team.objects.filter(department=Department.INSIDE_SALES).order_by("pk").first() or Team.objects.first_of_all()


def first_met(rules: Sequence[RoutingRule], ids: Iterable[int], conditions: Conditions) -> dict[int, RoutingRule]:
    """The first rule that each of the leads meets; missing for one that meets none. One question, however many rules."""
    leads = Lead.objects.filter(pk__in=set(ids))
    meant = [conditions.among(rule.condition, leads).annotate(nth=Value(nth)).values_list("pk", "nth") for nth, rule in enumerate(rules)]
    first: dict[int, int] = {}
    for pk, nth in meant[0].union(*meant[1:], all=True) if meant else ():
        first[pk] = min(nth, first.get(pk, nth))
    return {pk: rules[nth] for pk, nth in first.items()}


@transaction.atomic
def draft(*, by: By, at: datetime) -> RoutingVersion:
    """The draft: the one that is there, else a copy of the rules in force. Raises RoutingRefused without any team."""
    _hold()
    if present := RoutingVersion.objects.draft():
        return present
    source = RoutingVersion.objects.in_force()
    catch_all = source.catch_all if source else first_queue()
    if catch_all is None:
        raise RoutingRefused(_("Found a team first: what no rule meets has to wait somewhere."))
    made = RoutingVersion.objects.create(
        number=source.number + 1 if source else 1, blocked=source.blocked if source else "", catch_all=catch_all, drafted_by=by.actor, drafted_at=at
    )
    for rule in source.rules.all() if source else ():
        RoutingRule.objects.create(version=made, position=rule.position, name=rule.name, condition=rule.condition, pool_id=rule.pool_id)
    audit.record(made, action="add", by=by, at=at, changes={"number": (None, made.number)})
    return made


@transaction.atomic
def settle(version: RoutingVersion, *, blocked: str, catch_all: Team, by: By, at: datetime) -> RoutingVersion:
    """Say whom nobody is to have, and where the others wait that no rule meets. Raises RoutingRefused, FilterWrong."""
    version = _draft(version)
    if blocked:
        Conditions(at=at).meaning(blocked)
    if changes := audit.difference(version, {"blocked": blocked.strip(), "catch_all": catch_all}):
        RoutingVersion.objects.filter(pk=version.pk).update(blocked=blocked.strip(), catch_all=catch_all)
        audit.record(version, action="change", by=by, at=at, changes=changes)
    return RoutingVersion.objects.select_related("catch_all").get(pk=version.pk)


@transaction.atomic
def add(version: RoutingVersion, *, name: str, condition: str, pool: RoutingPool, by: By, at: datetime) -> RoutingRule:
    """Ask it after all others. Raises RoutingRefused, FilterWrong."""
    version = _draft(version)
    name = _checked(name, condition, at=at)
    n_rules = version.rules.count()
    if n_rules >= MOST_RULES:
        raise RoutingRefused(_("There may be at most %(n)s rules.") % {"n": MOST_RULES})
    rule = RoutingRule.objects.create(version=version, position=n_rules + 1, name=name, condition=condition.strip(), pool=pool)
    audit.record(rule, action="add_rule", by=by, at=at, changes={"name": ("", name), "condition": ("", rule.condition), "pool": (None, pool)})
    return rule


@transaction.atomic
def change(rule: RoutingRule, *, name: str, condition: str, pool: RoutingPool, by: By, at: datetime) -> RoutingRule:
    """Raises RoutingRefused, FilterWrong."""
    _draft(rule.version)
    rule = RoutingRule.objects.select_for_update(of=("self",)).select_related("pool").get(pk=rule.pk)
    name = _checked(name, condition, at=at)
    if changes := audit.difference(rule, {"name": name, "condition": condition.strip(), "pool": pool}):
        RoutingRule.objects.filter(pk=rule.pk).update(name=name, condition=condition.strip(), pool=pool)
        audit.record(rule, action="change_rule", by=by, at=at, changes=changes)
        rule.refresh_from_db()
    return rule


@transaction.atomic
def move(rule: RoutingRule, *, to: int, by: By, at: datetime) -> None:
    """Ask the rule as the `to`-th, counted from 1; beyond the ends is at the end. Raises RoutingRefused."""
    version = _draft(rule.version)
    others = list(version.rules.exclude(pk=rule.pk))
    to = min(max(to, 1), len(others) + 1)
    before = RoutingRule.objects.values_list("position", flat=True).get(pk=rule.pk)
    if before == to:
        return
    others.insert(to - 1, rule)
    _number(others)
    audit.record(rule, action="move_rule", by=by, at=at, changes={"name": (rule.name, rule.name)})


@transaction.atomic
def remove(rule: RoutingRule, *, by: By, at: datetime) -> None:
    """Take a rule out of the draft. Raises RoutingRefused."""
    version = _draft(rule.version)
    audit.record(rule, action="remove_rule", by=by, at=at, changes={"name": (rule.name, "")})
    RoutingRule.objects.filter(pk=rule.pk).delete()
    _number(list(version.rules.all()))


@transaction.atomic
def publish(version: RoutingVersion, *, by: By, at: datetime) -> RoutingVersion:
    """From now on leads go by these rules. Raises RoutingRefused for what was published before."""
    version = _draft(version)
    RoutingVersion.objects.filter(pk=version.pk).update(published_by=by.actor, published_at=at)
    audit.record(version, action="publish", by=by, at=at, changes={"number": (None, version.number)})
    version.refresh_from_db()
    return version


@transaction.atomic
def discard(version: RoutingVersion, *, by: By, at: datetime) -> None:
    """Throw the draft away; what is in force stays. Raises RoutingRefused."""
    version = _draft(version)
    audit.record(version, action="discard", by=by, at=at, changes={"number": (version.number, None)})
    version.delete()


def _draft(version: RoutingVersion) -> RoutingVersion:
    """The draft, held. Raises RoutingRefused."""
    _hold()
    found = RoutingVersion.objects.draft()
    if found is None or found.pk != version.pk:
        raise RoutingRefused(_("These rules are published, so they stay as they are. Begin a draft to change them."))
    return found


def _hold() -> None:
    # One draft is changed by one at a time; the pools are few and their rows are always there or nobody routes yet.
    list(RoutingVersion.objects.select_for_update(of=("self",)).order_by("pk").values_list("pk"))


def _checked(name: str, condition: str, *, at: datetime) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise RoutingRefused(_("A rule needs a name of at most %(n)s characters.") % {"n": LONGEST_NAME})
    if condition.strip():
        Conditions(at=at).meaning(condition)
    return name


def _number(rules: list[RoutingRule]) -> None:
    places = [When(pk=rule.pk, then=position) for position, rule in enumerate(rules, start=1)]
    if places:  # in one statement, so that no two are in one place when it ends
        RoutingRule.objects.filter(pk__in=[rule.pk for rule in rules]).update(position=Case(*places))
