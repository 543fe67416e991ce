"""Retention: after how long without activity and consent the house proposes that a person is erased. A list with reasons; nobody is erased by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core import abilities, house_rows
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.crm.contacts import Consent, ConsentState, Contact
from tasuki.crm.leads import Lead
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.relay.personal_data import erasures
from tasuki.relay.personal_data.erasure_rows import Erasure, Ground
from tasuki.sales.opportunities import Opportunity

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tasuki.core.people import User

SHORTEST_MONTHS, LONGEST_MONTHS = 3, 240
_MONTH = timedelta(days=30.4375)
MOST_AT_ONCE = 100


class RetentionWrong(Refused):
    code = "retention_wrong"

    def __init__(self) -> None:
        super().__init__(_("Choose %(least)s to %(most)s months, or nothing.") % {"least": SHORTEST_MONTHS, "most": LONGEST_MONTHS})


class RetentionRulesRows(models.QuerySet["RetentionRules"]):
    """Questions about the rule."""

    def visible_to(self, user: User) -> RetentionRulesRows:
        return self if abilities.can(user, Ability.ERASE_PEOPLE) else self.none()


class RetentionRules(models.Model):
    """The rule of the house: one row, or none while nobody has made one. Without months nobody is proposed."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    noun: ClassVar[str] = "retentionrules"

    n_months = models.PositiveSmallIntegerField(gettext_lazy("months without activity and consent"), null=True)

    objects = RetentionRulesRows.as_manager()

    class Meta:
        verbose_name = gettext_lazy("rule of retention")
        verbose_name_plural = gettext_lazy("rules of retention")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_row_of_retention_rules"),
            models.CheckConstraint(
                condition=Q(n_months__isnull=True) | Q(n_months__gte=SHORTEST_MONTHS, n_months__lte=LONGEST_MONTHS), name="retention_makes_sense"
            ),
        ]

    def __str__(self) -> str:
        return "1"


@dataclass(frozen=True)
class Proposal:
    """Somebody about whom nothing happened since, and why nothing keeps them."""

    contact: Contact
    last_at: datetime
    because: str


def rule() -> RetentionRules:
    return house_rows.in_force(RetentionRules)


def change(n_months: int | None, *, by: By, at: datetime) -> None:
    """Say after how many months somebody is proposed; None: never. Raises Forbidden, RetentionWrong."""
    if by.actor:
        abilities.require(by.actor, Ability.MANAGE_SETTINGS)
    if n_months is not None and not SHORTEST_MONTHS <= n_months <= LONGEST_MONTHS:
        raise RetentionWrong
    house_rows.change(RetentionRules, said={"n_months": n_months}, by=by, at=at)


def proposed(user: User, *, at: datetime, after: int = 0, most: int = MOST_AT_ONCE) -> list[Proposal]:
    """Up to `most` people whom the rule proposes at that moment, by the numbers of their contacts from `after` on; nobody while there is no rule."""
    n_months = rule().n_months
    if n_months is None:
        return []
    cutoff = at - n_months * _MONTH
    found = _quiet(Contact.objects.visible_to(user).filter(erased_at__isnull=True, pk__gt=after), cutoff=cutoff, at=at)
    return [Proposal(one, one.last_at, _reason(one)) for one in found.select_related("account").prefetch_related("consents").order_by("pk")[:most]]


def _quiet(contacts: QuerySet[Contact], *, cutoff: datetime, at: datetime) -> QuerySet[Any]:
    """Nothing on their timeline since, nothing in process, no customer, no consent that holds, and nobody has asked for their erasure."""
    # What colleagues say to each other of it is nothing of the person's.
    happened = TimelineEntry.objects.filter(contact=OuterRef("pk")).exclude(kind=Kind.PRAISE)
    passes = Lead.objects.filter(contact=OuterRef("pk"))
    latest = Consent.objects.filter(contact=OuterRef("contact"), channel=OuterRef("channel")).order_by("-at", "-pk").values("pk")[:1]
    holding = Consent.objects.filter(contact=OuterRef("pk"), state=ConsentState.GIVEN, pk=Subquery(latest)).filter(
        Q(until_on__isnull=True) | Q(until_on__gte=at.date())
    )
    last = Subquery(happened.order_by("-at").values("at")[:1])
    return (
        contacts.filter(created_at__lt=cutoff)
        .exclude(Exists(happened.filter(at__gte=cutoff)))
        .exclude(Exists(passes.filter(Q(stage__isnull=False) | Q(won_at__isnull=False))))
        .exclude(Exists(Opportunity.objects.filter(lead__contact=OuterRef("pk"), closed_at__isnull=True)))
        .exclude(Exists(holding))
        .exclude(Exists(Erasure.objects.open().filter(contact=OuterRef("pk"))))
        .annotate(last_at=Greatest(last, F("created_at")))
    )


def _reason(contact: Contact) -> str:
    said = contact.consents.all()
    if not said:
        return _("nothing is in process, and no consent was ever given")
    if said[0].state != ConsentState.GIVEN:
        return _("nothing is in process, and they refused or took their consent back")
    return _("nothing is in process, and their consent has expired")


@transaction.atomic
def ask_for(contacts: Iterable[Contact], *, by: By, at: datetime) -> int:
    """Ask for the erasure of those that the rule still proposes; a second person confirms each. → how many. Raises Forbidden."""
    wanted = {one.pk for one in contacts}
    if by.actor is None:
        return 0
    abilities.require(by.actor, Ability.ERASE_PEOPLE)
    n_months = rule().n_months
    if n_months is None:
        return 0
    found = list(_quiet(Contact.objects.visible_to(by.actor).filter(pk__in=wanted, erased_at__isnull=True), cutoff=at - n_months * _MONTH, at=at))
    for contact in found:
        words = _("nothing happened since %(day)s") % {"day": contact.last_at.date().isoformat()}
        erasures.ask(contact, ground=Ground.OVER, words=words, by=by, at=at)
    return len(found)
