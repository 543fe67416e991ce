"""Next calls: when a person is tried again, because it was promised or because nobody was reached. One for each pass at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.crm.leads import Lead
from tasuki.engage import recipients
from tasuki.engage.dispositions import RETRIED, Disposition

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.engage.calls import Call

LONGEST_WAIT_MINUTES = 60 * 24 * 60


class RuleWrong(Refused):
    code = "rule_wrong"

    def __init__(self) -> None:
        super().__init__(_("Wait at least five minutes and at most sixty days before calling again."))


class NextCalls(models.QuerySet["NextCall"]):
    """Questions about next calls."""

    def visible_to(self, user: User) -> NextCalls:
        """Whoever sees the pass."""
        return self.filter(lead__in=Lead.objects.visible_to(user))

    def of_open_passes(self) -> NextCalls:
        return self.filter(lead__stage__isnull=False, lead__won_at__isnull=True)

    def due_by(self, moment: datetime) -> NextCalls:
        return self.filter(due_at__lte=moment).order_by("-is_promised", "due_at", "pk")


class NextCall(models.Model):
    """When a pass is called next. `zone` is the clock by which it was said; a promise has a task, so that it stands in everybody's lists."""

    lead = models.OneToOneField("crm.Lead", models.CASCADE, related_name="next_call")
    due_at = models.DateTimeField(_("next call"))
    is_promised = models.BooleanField(_("promised"), default=False)
    zone = models.CharField(_("time zone"), max_length=64)
    words = models.TextField(blank=True)
    after = models.ForeignKey("engage.Call", models.SET_NULL, null=True, related_name="+")
    task = models.ForeignKey("crm.Task", models.SET_NULL, null=True, related_name="+")

    objects = NextCalls.as_manager()

    class Meta:
        verbose_name = _("next call")
        verbose_name_plural = _("next calls")
        indexes = [models.Index(fields=["due_at", "lead"], name="next_call_due")]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.due_at:%Y-%m-%d %H:%M}"

    @property
    def due_there(self) -> datetime:
        """By the recipient's clock."""
        return self.due_at.astimezone(ZoneInfo(self.zone))


class RetryRules(models.QuerySet["RetryRule"]):
    """Questions about retry rules."""

    def visible_to(self, user: User) -> RetryRules:
        return self if abilities.standing_of(user).roles else self.none()


class RetryRule(models.Model):
    """After a call that reached nobody: how long to wait, and whether to try another part of the day."""

    noun: ClassVar[str] = "retryrule"

    disposition = models.CharField(_("result"), max_length=4, choices=[(one, Disposition(one).label) for one in RETRIED], unique=True)
    n_minutes = models.PositiveIntegerField(_("wait, in minutes"))
    is_other_hour = models.BooleanField(_("then at another hour"), default=False)

    objects = RetryRules.as_manager()

    class Meta:
        verbose_name = _("retry rule")
        verbose_name_plural = _("retry rules")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(n_minutes__gte=5, n_minutes__lte=LONGEST_WAIT_MINUTES), name="retry_rule_waits_reasonably"),
        ]

    def __str__(self) -> str:
        return self.get_disposition_display()


def after(rule: RetryRule, *, lead: Lead, at: datetime, zone: ZoneInfo) -> datetime:
    """When the rule calls again, in UTC: a short wait is kept as it is while the recipient is at work; a longer one ends in their hours."""
    hours = recipients.hours_of(lead, zone=zone)
    if rule.is_other_hour:
        other = recipients.other_hour(at, hours=hours)
        while other < at + timedelta(minutes=rule.n_minutes):
            other = recipients.other_hour(other, hours=hours)
        return other
    return recipients.at_work(at + timedelta(minutes=rule.n_minutes), hours=hours)


def plan(call: Call, *, due_at: datetime, is_promised: bool, zone: ZoneInfo, words: str = "") -> NextCall:
    """Say when the pass of a call is called next, in the place of what was said before. The caller holds the lead."""
    said = {"due_at": due_at, "is_promised": is_promised, "zone": str(zone), "words": words, "after": call}
    found, _is_new = NextCall.objects.update_or_create(lead_id=call.lead_id, defaults=said)
    return found


def forget(lead: Lead) -> None:
    """Nothing is planned any more. The caller holds the lead."""
    NextCall.objects.filter(lead=lead).delete()


@transaction.atomic
def change_rule(rule: RetryRule, *, n_minutes: int, is_other_hour: bool, by: By, at: datetime) -> RetryRule:
    """For calls from now on. Raises RuleWrong."""
    if not 5 <= n_minutes <= LONGEST_WAIT_MINUTES:
        raise RuleWrong
    rule = RetryRule.objects.select_for_update().get(pk=rule.pk)
    columns = {"n_minutes": n_minutes, "is_other_hour": is_other_hour}
    if changes := audit.difference(rule, columns):
        RetryRule.objects.filter(pk=rule.pk).update(**columns)
        audit.record(rule, action="change", by=by, at=at, changes=changes)
        rule.refresh_from_db()
    return rule


def suggested(lead: Lead, *, at: datetime, zone: ZoneInfo) -> datetime:
    """A time to offer for a call back: the next business day of the recipient, at the hour that it is now there, within their hours."""
    hours = recipients.hours_of(lead, zone=zone)
    local = at.astimezone(zone)
    tomorrow = recipients.moment(local.date() + timedelta(days=1), local.time().replace(minute=0, second=0, microsecond=0), zone=zone)
    return recipients.at_work(tomorrow, hours=hours)
