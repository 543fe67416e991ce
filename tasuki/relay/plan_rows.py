"""The revenue plan of the house: what is to be sold in a period, the rates that it counts with, and what they ask of each leg by month (R24)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from tasuki.analytics import reverse_plan
from tasuki.analytics.reverse_plan import Passing
from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.money import Money
from tasuki.relay.bottleneck import SMALLEST

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_NAME, MOST_MONTHS, LONGEST_DAYS = 80, 12, 540


class Step(models.TextChoices):
    """What a plan counts, in the order in which a lead takes them."""

    LEADS = "leads", _("leads")
    BOOKED = "booked", _("meetings booked")
    HELD = "held", _("meetings held")
    OPPORTUNITIES = "opportunities", _("opportunities")
    WINS = "wins", _("orders")


# From each of these a rate leads to the next.
PASSED = (Step.LEADS, Step.BOOKED, Step.HELD, Step.OPPORTUNITIES)


def month_of(day: date) -> int:
    """The number of a month: year × 12 + month − 1."""
    return day.year * 12 + day.month - 1


def first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


class Plans(models.QuerySet["Plan"]):
    """Questions about plans."""

    def visible_to(self, user: User) -> Plans:
        """A plan is of the house: whoever sees the relay sees it. Amounts are sensitive fields."""
        return self if abilities.can(user, Ability.SEE_RELAY) else self.none()

    def agreed(self) -> Plans:
        return self.filter(agreed_at__isnull=False, superseded_at__isnull=True)

    def drafts(self) -> Plans:
        return self.filter(agreed_at__isnull=True)

    def of(self, day: date) -> Plan | None:
        """The plan that is agreed for that day."""
        return self.agreed().filter(first_on__lte=day, until_on__gt=day).first()

    def between(self, first: date, until: date) -> Plans:
        """Those that are agreed for some of these days, the last of which is no part."""
        return self.agreed().filter(first_on__lt=until, until_on__gt=first).order_by("first_on")

    def asking(self, first: date, until: date) -> Plans:
        """Those that are agreed and ask for something in months that begin in these days, be it before their own."""
        return self.agreed().filter(targets__month_on__gte=first, targets__month_on__lt=until).distinct().order_by("first_on")

    def newest_first(self) -> Plans:
        return self.order_by("-version").select_related("drafted_by", "agreed_by", "superseded_by")


class Plan(models.Model):
    """One version of the plan for the months from `first_on` until before `until_on`. What is agreed is never changed: the database sees to it.

    `carried` was sold in those of its months that were over at `measured_at`; amounts are in `currency`, that of the house. `weights` says how they fall on
    the months, in any unit; `lead_costs` is {source: amount}, as somebody typed it. What is measured stands beside what somebody assumed instead; where there
    is an assumption, it counts.
    """

    noun: ClassVar[str] = "plan"

    version = models.PositiveIntegerField(_("version"), unique=True)
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    first_on = models.DateField(_("first month"))
    until_on = models.DateField(_("until before"))
    currency = models.CharField(_("currency"), max_length=3)
    target = models.DecimalField(_("revenue target"), max_digits=18, decimal_places=2)
    carried = models.DecimalField(_("sold already"), max_digits=18, decimal_places=2, default=Decimal(0))
    expansion = models.DecimalField(_("expected from customers we have"), max_digits=18, decimal_places=2, default=Decimal(0))
    weights = models.JSONField(_("weights of the months"))
    mean_order = models.DecimalField(_("average order, measured"), max_digits=18, decimal_places=2, null=True)
    n_orders = models.PositiveIntegerField(_("orders measured"), default=0)
    assumed_order = models.DecimalField(_("average order, assumed"), max_digits=18, decimal_places=2, null=True)
    recycled_share = models.FloatField(_("share of leads that come round again, measured"), null=True)
    n_leads = models.PositiveIntegerField(_("leads measured"), default=0)
    assumed_recycled = models.FloatField(_("share of leads that come round again, assumed"), null=True)
    lead_costs = models.JSONField(_("what a lead costs, by source"), default=dict)
    leads_a_day = models.FloatField(_("leads that one person works a day"), validators=[MinValueValidator(0.1), MaxValueValidator(500)])
    meetings_a_day = models.FloatField(_("meetings that one person holds a day"), validators=[MinValueValidator(0.1), MaxValueValidator(50)])
    measured_at = models.DateTimeField(_("measured"))
    drafted_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("drafted by"))
    drafted_at = models.DateTimeField(_("drafted"))
    agreed_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("agreed by"))
    agreed_at = models.DateTimeField(_("agreed"), null=True)
    superseded_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="superseded", verbose_name=_("superseded by"))
    superseded_at = models.DateTimeField(_("superseded"), null=True)

    objects = Plans.as_manager()

    class Meta:
        verbose_name = _("revenue plan")
        verbose_name_plural = _("revenue plans")
        constraints = [
            models.CheckConstraint(condition=Q(first_on__lt=F("until_on")), name="plan_has_months"),
            models.CheckConstraint(condition=Q(target__gt=0, carried__gte=0, expansion__gte=0), name="plan_amounts_make_sense"),
            models.CheckConstraint(condition=Q(leads_a_day__gt=0, meetings_a_day__gt=0), name="plan_capacity_makes_sense"),
            models.CheckConstraint(condition=Q(superseded_at__isnull=True) | Q(agreed_at__isnull=False), name="only_an_agreed_plan_is_superseded"),
            ExclusionConstraint(
                name="one_agreed_plan_a_month",
                expressions=[
                    (Func(F("first_on"), F("until_on"), models.Value("[)"), function="daterange", output_field=DateRangeField()), RangeOperators.OVERLAPS)
                ],
                condition=Q(agreed_at__isnull=False, superseded_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.version} {self.name}"

    @property
    def is_draft(self) -> bool:
        return self.agreed_at is None

    @property
    def is_in_force(self) -> bool:
        return self.agreed_at is not None and self.superseded_at is None

    @property
    def months(self) -> range:
        return range(month_of(self.first_on), month_of(self.until_on))

    def cost_of(self, source: str) -> Decimal | None:
        """What a new lead of the source costs, in the currency of the plan; None where nobody said."""
        said = self.lead_costs.get(source)
        return None if said is None else Decimal(said)

    @property
    def order(self) -> Money | None:
        """What an order brings: as somebody assumed, or as the last ones did, if they were enough."""
        if self.assumed_order is not None:
            return Money(self.assumed_order, self.currency)
        return Money(self.mean_order, self.currency) if self.mean_order and self.n_orders >= SMALLEST else None

    @property
    def recycled(self) -> float:
        """Of the leads that must come, the share that comes round again by itself; none where that is not known."""
        if self.assumed_recycled is not None:
            return self.assumed_recycled
        return self.recycled_share if self.recycled_share is not None and self.n_leads >= SMALLEST else 0.0


class PlanRate(models.Model):
    """The way from one step to the next. `rate` is the cumulative incidence of going on (n came, `n_decided` of them went on or ended), `days` the
    median of those that did, `lags` and `still` as `reverse_plan.Passing` has them; beside it what somebody assumed.
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="rates")
    step = models.CharField(_("step"), max_length=16, choices=Step.choices)
    rate = models.FloatField(_("rate, measured"), null=True)
    n = models.PositiveIntegerField("n", default=0)
    n_decided = models.PositiveIntegerField(_("decided"), default=0)
    days = models.FloatField(_("days, measured"), null=True)
    lags = models.JSONField(default=list)
    still = models.JSONField(default=list)
    assumed_rate = models.FloatField(_("rate, assumed"), null=True)
    assumed_days = models.FloatField(_("days, assumed"), null=True)

    class Meta:
        verbose_name = _("rate of a plan")
        verbose_name_plural = _("rates of a plan")
        constraints = [
            models.UniqueConstraint(fields=["plan", "step"], name="plan_rate_once"),
            models.CheckConstraint(condition=Q(assumed_rate__isnull=True) | Q(assumed_rate__gt=0, assumed_rate__lte=1), name="plan_rate_is_a_share"),
            models.CheckConstraint(
                condition=Q(assumed_days__isnull=True) | Q(assumed_days__gte=0, assumed_days__lte=LONGEST_DAYS), name="plan_days_make_sense"
            ),
        ]

    def __str__(self) -> str:
        return self.step

    @property
    def is_enough(self) -> bool:
        """Whether so many came that their share says something (R26)."""
        return self.n >= SMALLEST and bool(self.rate)

    @property
    def maturity(self) -> float | None:
        return self.n_decided / self.n if self.n else None

    @property
    def used(self) -> float | None:
        """The rate that counts, if there is one."""
        if self.assumed_rate is not None:
            return self.assumed_rate
        return self.rate if self.is_enough else None

    @property
    def passing(self) -> Passing | None:
        """The way as the plan counts with it; None while there is no rate."""
        if self.used is None:
            return None
        if self.assumed_days is not None or not self.is_enough:
            return reverse_plan.assumed(self.used, days=self.assumed_days or 0)
        measured = Passing(self.rate or 0, tuple(self.lags), tuple(self.still))
        return measured if self.assumed_rate is None else reverse_plan.with_rate(measured, self.used)


class PlanMonth(models.Model):
    """What an agreed plan asks for in one month, as it was derived when it was agreed. Months before the first bring what is sold later."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="targets")
    month_on = models.DateField(_("month"))
    amount = models.DecimalField(_("revenue"), max_digits=18, decimal_places=2)
    leads = models.PositiveIntegerField(Step.LEADS.label)
    booked = models.PositiveIntegerField(Step.BOOKED.label)
    held = models.PositiveIntegerField(Step.HELD.label)
    opportunities = models.PositiveIntegerField(Step.OPPORTUNITIES.label)
    wins = models.PositiveIntegerField(Step.WINS.label)

    class Meta:
        verbose_name = _("month of a plan")
        verbose_name_plural = _("months of a plan")
        ordering = ["month_on"]
        constraints = [models.UniqueConstraint(fields=["plan", "month_on"], name="plan_month_once")]

    def __str__(self) -> str:
        return str(self.month_on)
