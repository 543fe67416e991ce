"""Opportunities: the sales face of a lead, from the accepted meeting (P1) to the order, or to one of three deaths."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import Said, Seen, held, refuse_overtaken, trimmed
from tasuki.core.money import Money, convert
from tasuki.core.organisation import the_organisation
from tasuki.crm import leads, requirements, stages

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.core.teams import Team
    from tasuki.crm.exit_reasons import ExitReason
    from tasuki.crm.leads import Lead
    from tasuki.crm.ledger import Passage
    from tasuki.crm.products import Product
    from tasuki.crm.wake_rules import WakeRule


class LostBecause(models.TextChoices):
    """The three deaths, each with its own follow-up (R13)."""

    COMPETITOR = "competitor", _("lost to a competitor")
    NO_DECISION = "no_decision", _("no decision")
    TOO_EARLY = "too_early", _("too early")


class OpportunityState(models.TextChoices):
    """How a deal stands: in work, won, dead of one of three causes, or closed with its lead (recycled, disqualified, merged)."""

    OPEN = "open", _("open")
    WON = "won", _("won")
    LOST = "lost", _("lost")
    WITHDRAWN = "withdrawn", _("withdrawn")


class AlreadyOpen(Refused):
    code = "already_open"

    def __init__(self) -> None:
        super().__init__(_("This lead has an opportunity already."))


class Closed(Refused):
    code = "opportunity_closed"

    def __init__(self) -> None:
        super().__init__(_("This opportunity is closed and cannot be moved."))


class DealOpen(Refused):
    code = "deal_open"

    def __init__(self) -> None:
        super().__init__(_("This lead has an open opportunity. Move or close it there; the lead follows."))


class CompetitorMissing(Refused):
    code = "competitor_missing"

    def __init__(self) -> None:
        super().__init__(_("Name the competitor that won."))


class Opportunities(models.QuerySet["Opportunity"]):
    """Questions about opportunities."""

    def visible_to(self, user: User) -> Opportunities:
        """Those in the person's scope, and those of leads they brought."""
        standing = abilities.standing_of(user)
        if standing.scope("opportunity") is abilities.Scope.NOTHING:
            return self.none()
        if standing.sees_all("opportunity"):
            return self
        return self.filter(abilities.owned_by_scope(standing, "opportunity") | Q(lead_owner=standing.user_id))

    def open(self) -> Opportunities:
        return self.filter(closed_at__isnull=True)

    def for_listing(self) -> Opportunities:
        # What there are few of is read once for all rows: planning a join of eight tables takes longer than running it.
        return self.select_related("lead", "lead__contact", "lead__account").prefetch_related("lead__stage", "owner", "team")

    def for_page(self) -> Opportunities:
        joined = self.select_related("lead", "lead__contact", "lead__account", "lead__stage", "product", "owner", "team")
        return joined.select_related("lead__previous", "lead__owner", "lead__team")


class Opportunity(models.Model):
    """One deal in work. `amount` is in `currency`; the ledger holds it in the organisation's. `won_at`, `closed_at` are conveniences."""

    noun: ClassVar[str] = "opportunity"

    lead = models.OneToOneField("crm.Lead", models.PROTECT, related_name="opportunity", verbose_name=_("lead"))
    name = models.CharField(_("name"), max_length=200, blank=True)
    # Indexes below begin with these three.
    product = models.ForeignKey("crm.Product", models.PROTECT, null=True, blank=True, related_name="opportunities", verbose_name=_("product"), db_index=False)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    close_on = models.DateField(_("expected close date"), null=True, blank=True)
    owner = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="opportunities", verbose_name=_("owner"), db_index=False)
    team = models.ForeignKey("core.Team", models.PROTECT, related_name="opportunities", verbose_name=_("team"), db_index=False)
    reference = models.CharField(_("reference"), max_length=120, blank=True)
    opened_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(_("closed"), null=True)
    won_at = models.DateTimeField(_("won"), null=True)
    lost_because = models.CharField(_("lost because"), max_length=12, choices=LostBecause.choices, blank=True)
    lost_to = models.CharField(_("lost to"), max_length=120, blank=True)
    custom = models.JSONField(_("custom fields"), default=dict, db_default=Value({}, models.JSONField()), blank=True)
    updated_at = models.DateTimeField(_("changed"))
    # What stands on the lead, for lists to order and ask by; only the database writes it (see migrations/0006_owner_of_the_lead.py).
    lead_contact = models.ForeignKey("crm.Contact", models.DO_NOTHING, null=True, editable=False, related_name="+", db_constraint=False)
    lead_account = models.ForeignKey("crm.Account", models.DO_NOTHING, null=True, editable=False, related_name="+", db_index=False, db_constraint=False)
    lead_stage = models.ForeignKey("crm.Stage", models.DO_NOTHING, null=True, editable=False, related_name="+", db_index=False, db_constraint=False)
    lead_stage_since = models.DateTimeField(null=True, editable=False)
    lead_source = models.CharField(max_length=80, blank=True, editable=False)
    lead_segment = models.CharField(max_length=80, blank=True, editable=False)
    lead_owner = models.ForeignKey("core.User", models.DO_NOTHING, null=True, editable=False, related_name="+", db_constraint=False)
    state = models.GeneratedField(
        expression=Case(
            When(won_at__isnull=False, then=Value("won")),
            When(closed_at__isnull=True, then=Value("open")),
            When(lost_because="", then=Value("withdrawn")),
            default=Value("lost"),
        ),
        output_field=models.CharField(_("state"), max_length=9, choices=OpportunityState.choices),
        db_persist=True,
    )

    objects = Opportunities.as_manager()

    class Meta:
        verbose_name = _("opportunity")
        verbose_name_plural = _("opportunities")
        indexes = [
            models.Index(fields=["-opened_at", "-id"], name="opportunity_newest"),
            models.Index(fields=["state", "-opened_at", "-id"], name="opportunity_in_state"),
            models.Index(fields=["owner", "-opened_at", "-id"], name="opportunity_of_owner"),
            models.Index(fields=["team", "-opened_at", "-id"], name="opportunity_of_team"),
            # Lists are ordered by these, and walked both ways.
            models.Index(fields=["name", "id"], name="opportunity_by_name"),
            models.Index(fields=["amount", "id"], name="opportunity_by_amount"),
            models.Index(fields=["close_on", "id"], name="opportunity_by_close_date"),
            models.Index(fields=["closed_at", "id"], name="opportunity_by_end", condition=Q(closed_at__isnull=False)),
            models.Index(fields=["product", "opened_at", "id"], name="opportunity_by_product"),
            models.Index(fields=["lost_because", "id"], name="opportunity_by_reason", condition=~Q(lost_because="")),
            models.Index(fields=["lost_to", "id"], name="opportunity_by_winner", condition=~Q(lost_to="")),
            models.Index(fields=["updated_at", "id"], name="opportunity_by_change"),
            models.Index(fields=["lead_account", "id"], name="opportunity_by_account"),
            models.Index(fields=["lead_stage", "id"], name="opportunity_by_stage"),
            models.Index(fields=["lead_stage_since", "id"], name="opportunity_by_time_in_stage"),
            models.Index(fields=["lead_source", "id"], name="opportunity_by_source"),
            models.Index(fields=["lead_segment", "id"], name="opportunity_by_segment"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="opportunity_reference_once"),
            models.CheckConstraint(condition=Q(amount__isnull=True) | ~Q(currency=""), name="amount_has_a_currency"),
            models.CheckConstraint(condition=Q(won_at__isnull=True) | Q(closed_at=F("won_at")), name="won_is_closed"),
            models.CheckConstraint(condition=Q(lost_because="") | Q(closed_at__isnull=False, won_at__isnull=True), name="lost_is_closed"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return self.name or str(self.lead)

    @property
    def money(self) -> Money | None:
        return None if self.amount is None else Money(self.amount, self.currency)


def visible_by_ways(user: User) -> list[Opportunities]:
    """What `visible_to` gives in parts: those in the person's scope, and those of leads they brought. None for whoever sees all or nothing."""
    standing = abilities.standing_of(user)
    if standing.sees_all("opportunity") or standing.scope("opportunity") is abilities.Scope.NOTHING:
        return []
    return [Opportunity.objects.filter(abilities.owned_by_scope(standing, "opportunity")), Opportunity.objects.filter(lead_owner=standing.user_id)]


def locked(opportunity: Opportunity) -> Opportunity:
    """The opportunity as it is now, held until the end of the transaction; raises Closed if it is over, Gone."""
    fresh = held(opportunity)
    if fresh.closed_at is not None:
        raise Closed
    return fresh


def refuse_while_open(lead: Lead) -> None:
    """For moves of a lead that would leave its deal behind. Raises DealOpen while the lead has an open opportunity."""
    if Opportunity.objects.open().filter(lead=lead).exists():
        raise DealOpen


@dataclass(frozen=True)
class Acceptance:
    """What the field seller takes over when accepting a meeting."""

    owner: User | None
    team: Team
    name: str = ""
    product: Product | None = None
    money: Money | None = None
    close_on: date | None = None
    reference: str = ""


@dataclass(frozen=True)
class Terms:
    """What is known of a deal, and changes while it is worked."""

    name: str = ""
    product: Product | None = None
    money: Money | None = None
    close_on: date | None = None


@transaction.atomic
def accept(lead: Lead, *, terms: Acceptance, by: By, at: datetime, stage: str = stages.P1) -> Opportunity:
    """Open the opportunity of a lead and carry the lead into P1. Raises AlreadyOpen."""
    lead = leads.locked(lead)
    if Opportunity.objects.filter(lead=lead).exists():
        raise AlreadyOpen
    leads.advance(lead, to=stage, by=by, at=at, receiver=leads.Receiver(terms.owner, terms.team))
    opportunity = Opportunity.objects.create(
        lead=lead,
        name=terms.name,
        product=terms.product or lead.product,
        amount=terms.money.amount if terms.money else None,
        currency=terms.money.currency if terms.money else "",
        close_on=terms.close_on,
        owner=terms.owner,
        team=terms.team,
        reference=terms.reference,
        opened_at=at,
        updated_at=at,
    )
    audit.record(opportunity, action="accept", by=by, at=at, changes={"stage": (None, stage)})
    return opportunity


@transaction.atomic
def advance(opportunity: Opportunity, *, to: str, by: By, at: datetime) -> Passage:
    """Move to a later phase. The amount of the day is stamped on the passage that is left (R11). Raises FieldsMissing, Closed."""
    opportunity = locked(opportunity)
    requirements.refuse_unless_filled(opportunity, entering=to, person=by.actor)
    passage = leads.advance(opportunity.lead, to=to, by=by, at=at, amount=_in_base(opportunity, at=at))
    Opportunity.objects.filter(pk=opportunity.pk).update(updated_at=at)
    return passage


@transaction.atomic
def win(opportunity: Opportunity, *, by: By, at: datetime) -> Passage:
    """Close as won, and carry the lead into onboarding. Raises FieldsMissing, Closed."""
    opportunity = locked(opportunity)
    requirements.refuse_unless_filled(opportunity, entering=stages.ONBOARDING, person=by.actor)
    passage = leads.advance(opportunity.lead, to=stages.ONBOARDING, by=by, at=at, amount=_in_base(opportunity, at=at))
    Opportunity.objects.filter(pk=opportunity.pk).update(won_at=at, closed_at=at, updated_at=at)
    audit.record(opportunity, action="win", by=by, at=at, changes={"won_at": (None, at)})
    return passage


@transaction.atomic
def lose(opportunity: Opportunity, *, because: LostBecause, by: By, at: datetime, lost_to: str = "") -> Passage:
    """Close as lost. Losing to a competitor needs its name (R14). Raises CompetitorMissing, Closed."""
    if because == LostBecause.COMPETITOR and not lost_to.strip():
        raise CompetitorMissing
    opportunity = locked(opportunity)
    passage = leads.lose(opportunity.lead, reason=str(because.value), by=by, at=at, amount=_in_base(opportunity, at=at))
    Opportunity.objects.filter(pk=opportunity.pk).update(closed_at=at, lost_because=because, lost_to=lost_to, updated_at=at)
    audit.record(opportunity, action="lose", by=by, at=at, changes={"lost_because": ("", because.value)})
    return passage


@transaction.atomic
def recycle(
    opportunity: Opportunity,
    *,
    by: By,
    at: datetime,
    reason: str = "",
    because: ExitReason | None = None,
    rule: WakeRule | None = None,
    wake_on: date | None = None,
    wake_when: str = "",
) -> Passage:
    """Close without an order and give the lead a rule for coming round again (R3). The amount of the day is stamped. Raises what
    `leads.recycle` raises, Closed.
    """
    opportunity = locked(opportunity)
    said: dict[str, Any] = {"reason": reason, "because": because, "rule": rule, "wake_on": wake_on, "wake_when": wake_when}
    passage = leads.recycle(opportunity.lead, by=by, at=at, amount=_in_base(opportunity, at=at), **said)
    Opportunity.objects.filter(pk=opportunity.pk).update(closed_at=at, updated_at=at)
    audit.record(opportunity, action="recycle", by=by, at=at)
    return passage


@transaction.atomic
def change(opportunity: Opportunity, *, said: Said, by: By, at: datetime, seen: Seen | None = None) -> Opportunity:
    """Write some of what is known of the deal now: `name`, `product`, `money`, `close_on`. Passages that were left keep the amount of their
    day (R11). Raises ChangedMeanwhile, Closed.
    """
    opportunity = locked(opportunity)
    plain = trimmed(said)
    refuse_overtaken(opportunity, said=plain, seen=seen)
    columns = {name: value for name, value in plain.items() if name != "money"}
    if "money" in plain:
        money: Money | None = plain["money"]
        columns |= {"amount": money.amount if money else None, "currency": money.currency if money else ""}
    if changes := audit.difference(opportunity, columns):
        Opportunity.objects.filter(pk=opportunity.pk).update(updated_at=at, **columns)
        audit.record(opportunity, action="change", by=by, at=at, changes=changes)
        opportunity.refresh_from_db()
    return opportunity


@transaction.atomic
def give(opportunity: Opportunity, *, to: User | None, team: Team, by: By, at: datetime) -> Opportunity:
    """Hand the open opportunity to another person, or to a team's queue. Its lead is handed over by `leads.give`. Raises Closed."""
    opportunity = locked(opportunity)
    changes = audit.difference(opportunity, {"owner": to, "team": team})
    if changes:
        Opportunity.objects.filter(pk=opportunity.pk).update(owner=to, team=team, updated_at=at)
        audit.record(opportunity, action="give", by=by, at=at, changes=changes)
        opportunity.refresh_from_db()
    return opportunity


@transaction.atomic
def hand_over(opportunity: Opportunity, *, to: User | None, team: Team, by: By, at: datetime, reason: str = "", seen: Seen | None = None) -> Opportunity:
    """Give the deal and its lead to another person, or to a team's queue: whoever sells carries both. Raises ChangedMeanwhile, Closed."""
    refuse_overtaken(locked(opportunity), said={"owner": to, "team": team}, seen=seen)
    leads.give(opportunity.lead, to=to, team=team, by=by, at=at, reason=reason)
    return give(opportunity, to=to, team=team, by=by, at=at)


def _in_base(opportunity: Opportunity, *, at: datetime) -> Decimal | None:
    money = opportunity.money
    return convert(money, to=the_organisation().currency, on=at.date()).amount if money else None
