"""Contact rules: what a country asks of whoever wants to reach people there. A table as data; the house confirms it with counsel and edits it.

What the rows begin with, and where it is from (guides, not the statutes themselves):

* KR: prior consent for commercial messages, an exception of about six months after a transaction ended, separate consent for 21:00–08:00
  (Act on Promotion of Information and Communications Network Utilization, article 50, and its decree); the subject of advertising begins
  with “(광고)”.
* JP: opt-in for commercial mail, business to business too; a business card, existing business and an address that a company publishes are
  exceptions (Act on Regulation of Transmission of Specified Electronic Mail); calls are refused once somebody has refused (Act on Specified
  Commercial Transactions, article 17).
* EU members and GB: prior consent for mail and messages to persons, with the exception of one's own customers (Directive 2002/58/EC, article 13;
  PECR 2003 in GB); calls unless refused, where the member does not ask for more.
* US: mail until somebody opts out (CAN-SPAM Act); messages by prior consent and calls between 8 and 21 by the clock of the person called
  (TCPA, 47 CFR 64.1200): we keep to the office hours below.
* Who sends advertising, and from where, is named below it everywhere: KR, JP and US ask for it (see `letters`).
* Everywhere else: as strict as the strictest, because what is not known is not allowed.

Calling hours 9 to 18 by the clock of the person called are a habit of the trade, not a law.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.working_time import MINUTES_A_DAY
from tasuki.crm.contacts import Channel

if TYPE_CHECKING:
    from tasuki.core.people import User


class Need(models.TextChoices):
    """What must be there before a person is reached for advertising, from the strictest."""

    CONSENT = "consent", _("prior consent")
    BASIS = "basis", _("consent, or another basis")
    NO_REFUSAL = "no_refusal", _("no refusal")


class RuleWrong(Refused):
    code = "contact_rule_wrong"


CHANGEABLE = (
    "mail", "message", "phone", "post", "quiet_from", "quiet_until", "calls_from", "calls_until", "lunch_from", "lunch_until", "basis_days", "subject_mark",
    "source",
)  # fmt: skip


class ContactRules(models.QuerySet["ContactRule"]):
    """Questions about rules."""

    def visible_to(self, user: User) -> ContactRules:
        return self if abilities.standing_of(user).roles else self.none()


class ContactRule(models.Model):
    """One country, "" for all others. Minutes count from midnight by the clock of the person reached; a quiet time may go over midnight, and
    is none when it begins as it ends.
    """

    noun: ClassVar[str] = "contactrule"

    country = models.CharField(_("country"), max_length=2, unique=True, blank=True)
    mail = models.CharField(_("mail"), max_length=10, choices=Need.choices, default=Need.CONSENT)
    message = models.CharField(_("message"), max_length=10, choices=Need.choices, default=Need.CONSENT)
    phone = models.CharField(_("call"), max_length=10, choices=Need.choices, default=Need.CONSENT)
    post = models.CharField(_("letter"), max_length=10, choices=Need.choices, default=Need.NO_REFUSAL)
    quiet_from = models.PositiveSmallIntegerField(_("quiet from"), default=21 * 60)
    quiet_until = models.PositiveSmallIntegerField(_("quiet until"), default=8 * 60)
    calls_from = models.PositiveSmallIntegerField(_("calls from"), default=9 * 60)
    calls_until = models.PositiveSmallIntegerField(_("calls until"), default=18 * 60)
    lunch_from = models.PositiveSmallIntegerField(_("no calls from"), null=True, blank=True)
    lunch_until = models.PositiveSmallIntegerField(_("no calls until"), null=True, blank=True)
    basis_days = models.PositiveSmallIntegerField(_("days for which existing business counts"), default=180)
    subject_mark = models.CharField(_("mark of advertising in the subject"), max_length=12, blank=True, default="", db_default="")
    source = models.CharField(_("source"), max_length=300, blank=True)

    objects = ContactRules.as_manager()

    class Meta:
        verbose_name = _("contact rule")
        verbose_name_plural = _("contact rules")
        ordering = ["country"]
        constraints = [
            models.CheckConstraint(
                name="contact_hours_within_a_day",
                condition=Q(quiet_from__lt=MINUTES_A_DAY, quiet_until__lt=MINUTES_A_DAY, calls_from__lt=F("calls_until"), calls_until__lte=MINUTES_A_DAY),
            ),
            models.CheckConstraint(
                name="lunch_is_whole",
                condition=Q(lunch_from__isnull=True, lunch_until__isnull=True)
                | Q(lunch_from__isnull=False, lunch_until__isnull=False, lunch_from__lt=F("lunch_until"), lunch_until__lte=MINUTES_A_DAY),
            ),
        ]

    def __str__(self) -> str:
        return self.country or "*"

    def need(self, channel: str) -> Need:
        return Need({Channel.MAIL: self.mail, Channel.MESSAGE: self.message, Channel.PHONE: self.phone, Channel.POST: self.post}[Channel(channel)])


def of(country: str) -> ContactRule:
    """The rule of the country, else that of all others; without any row, the strictest."""
    return of_each([country])[country]


def of_each(countries: Iterable[str]) -> dict[str, ContactRule]:
    """Likewise of several countries, by what they were called by: one query."""
    asked = frozenset(countries)
    found = {rule.country: rule for rule in ContactRule.objects.filter(country__in=["", *(country.upper() for country in asked)])}
    return {country: found.get(country.upper()) or found.get("") or ContactRule() for country in asked}


@transaction.atomic
def change(rule: ContactRule, *, said: Mapping[str, object], by: By, at: datetime) -> ContactRule:
    """Write some of the `CHANGEABLE` fields. Raises RuleWrong."""
    rule = ContactRule.objects.select_for_update().get(pk=rule.pk)
    columns = {name: value for name, value in said.items() if name in CHANGEABLE}
    changes = audit.difference(rule, columns)
    for name, value in columns.items():
        setattr(rule, name, value)
    if not (rule.calls_from < rule.calls_until <= MINUTES_A_DAY and rule.quiet_from < MINUTES_A_DAY and rule.quiet_until < MINUTES_A_DAY):
        raise RuleWrong(_("Calling hours end after they begin, on the same day."))
    lunch = (rule.lunch_from, rule.lunch_until)
    if lunch != (None, None) and (lunch[0] is None or lunch[1] is None or lunch[0] >= lunch[1]):
        raise RuleWrong(_("Lunch needs a beginning and an end, in this order."))
    if changes:
        ContactRule.objects.filter(pk=rule.pk).update(**{name: after for name, (_before, after) in changes.items()})
        audit.record(rule, action="change", by=by, at=at, changes=changes)
    return rule
