"""Accounts: the companies we sell to, with their parents, and the folded name by which two spellings are one company."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.apps import apps
from django.db import models, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.meanwhile import Seen, held, refuse_overtaken
from tasuki.core.teams import Team
from tasuki.crm import matching, notifications, postal_addresses
from tasuki.crm.ownership import Ownership
from tasuki.crm.timeline import Kind, TimelineEntry

if TYPE_CHECKING:
    from tasuki.core.people import User


class Accounts(models.QuerySet["Account"]):
    """Questions about accounts."""

    def visible_to(self, user: User) -> Accounts:
        """Those the person's scope covers, and those whose leads the person works."""
        standing = abilities.standing_of(user)
        if standing.sees_all("account"):
            return self
        leads = apps.get_model("crm", "Lead")._default_manager.filter(account=OuterRef("pk")).filter(abilities.owned_by_scope(standing, "lead"))
        return self.filter(abilities.owned_by_scope(standing, "account") | Exists(leads))

    def called(self, name: str) -> Accounts:
        """Those of that name, whatever its spelling: the one that is written so first, then the oldest."""
        is_written_so = Case(When(name=name.strip(), then=0), default=1)
        return self.filter(folded_name=matching.fold_company(name)).order_by(is_written_so, "pk")

    def for_listing(self) -> Accounts:
        return self.select_related("owner", "team")

    def for_page(self) -> Accounts:
        return self.select_related("owner", "team", "parent")


class Account(models.Model):
    """A company. `folded_name` is written with `name` by the same verbs: see `tasuki.crm.matching.fold_company`."""

    noun: ClassVar[str] = "account"

    name = models.CharField(_("name"), max_length=200)
    folded_name = models.CharField(max_length=200, editable=False)
    domain = models.CharField(_("domain"), max_length=253, blank=True)
    industry = models.CharField(_("industry"), max_length=80, blank=True)
    n_employees = models.PositiveIntegerField(_("employees"), null=True, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    corporate_number = models.CharField(_("corporate number"), max_length=32, blank=True)
    postal_address = models.CharField(_("postal address"), max_length=postal_addresses.LONGEST, blank=True, default="", db_default="")
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="subsidiaries", verbose_name=_("parent company"))
    # Indexes below begin with these two.
    owner = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="accounts", verbose_name=_("owner"), db_index=False)
    team = models.ForeignKey("core.Team", models.PROTECT, related_name="accounts", verbose_name=_("team"), db_index=False)
    reference = models.CharField(_("reference"), max_length=120, blank=True)
    custom = models.JSONField(_("custom fields"), default=dict, db_default=Value({}, models.JSONField()), blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))

    objects = Accounts.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        indexes = [
            models.Index(fields=["folded_name"], name="account_folded_name"),
            models.Index(fields=["domain"], name="account_domain", condition=~Q(domain="")),
            models.Index(fields=["owner", "-id"], name="account_of_owner"),
            models.Index(fields=["owner", "team"], name="account_of_owner_by_team"),
            models.Index(fields=["team", "-id"], name="account_of_team"),
            models.Index(fields=["team", "country"], name="account_of_team_by_country"),
            models.Index(fields=["name", "id"], name="account_by_name"),
            models.Index(fields=["country", "id"], name="account_by_country"),
            models.Index(fields=["country", "name", "id"], name="account_by_country_and_name"),
            models.Index(fields=["industry", "id"], name="account_by_industry"),
            models.Index(fields=["n_employees", "id"], name="account_by_size", condition=Q(n_employees__isnull=False)),
            models.Index(fields=["corporate_number", "id"], name="account_by_number", condition=~Q(corporate_number="")),
            models.Index(fields=["postal_address", "id"], name="account_by_postal_address", condition=~Q(postal_address="")),
            models.Index(fields=["created_at", "id"], name="account_by_start"),
            models.Index(fields=["updated_at", "id"], name="account_by_change"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["country", "corporate_number"], condition=~Q(corporate_number=""), name="corporate_number_once"),
            models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="account_reference_once"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="account_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name


def visible_by_ways(user: User) -> list[Accounts]:
    """What `visible_to` gives in parts: by their team; and of other teams one's own, and by leads. None for whoever sees all."""
    standing = abilities.standing_of(user)
    if standing.sees_all("account"):
        return []
    teams = abilities.teams_of_scope(standing, "account")
    of_others = Account.objects.filter(team__in=Team.objects.but(teams))
    leads = apps.get_model("crm", "Lead")._default_manager.order_by().filter(abilities.owned_by_scope(standing, "lead"))
    return [
        Account.objects.filter(team__in=teams),
        of_others.filter(abilities.own_of_scope(standing, "account")),
        of_others.filter(pk__in=leads.values("account")),
    ]


def are_seen_by_few_leads(user: User) -> bool:
    """Whether somebody sees accounts of other teams by their own leads alone: as many as one person works, whose accounts are kept at hand."""
    standing = abilities.standing_of(user)
    return standing.scope("account") is not abilities.Scope.ALL and standing.scope("lead") is abilities.Scope.OWN


@transaction.atomic
def give(account: Account, *, to: User | None, team: Team, by: By, at: datetime, reason: str = "", seen: Seen | None = None) -> Account:
    """Hand the account to another person, or to a team's queue. The period before is closed, never rewritten. Raises ChangedMeanwhile, Gone."""
    account = held(account)
    refuse_overtaken(account, said={"owner": to, "team": team}, seen=seen)
    changes = audit.difference(account, {"owner": to, "team": team})
    if not changes:
        return account
    current = Ownership.objects.select_for_update().filter(account=account, until_at__isnull=True).first()
    # A back-dated hand-over cannot end a period before it began.
    moment = max(at, current.from_at) if current else at
    Ownership.objects.filter(account=account, until_at__isnull=True).update(until_at=moment)
    Ownership.objects.create(account=account, owner=to, team=team, from_at=moment, given_by=by.actor, reason=reason)
    Account.objects.filter(pk=account.pk).update(owner=to, team=team, updated_at=at)
    detail = {"from": str(account.owner or account.team), "to": str(to or team)}
    entry = TimelineEntry.objects.create(at=at, kind=Kind.OWNER, account=account, actor=by.actor, text=reason, detail=detail)
    cause = audit.record(account, action="give", by=by, at=at, changes=changes)
    notifications.tell_of_new_owner(account, to=to, entry=entry, cause=cause, by=by, at=at)
    account.refresh_from_db()
    return account
