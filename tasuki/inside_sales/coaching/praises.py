"""Praise: anybody praises anybody for a deed, and the deed hangs on a record. It is read by all, and counted for nobody."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.crm import notifications
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Happening
from tasuki.engage import recordings

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.engage.calls import Call
    from tasuki.inside_sales.coaching.cards import SkillCard

SHORTEST, LONGEST = 6, 1_000


class PraiseRefused(Refused):
    code = "praise_refused"


class Praises(models.QuerySet["Praise"]):
    """Questions about praise."""

    def visible_to(self, user: User) -> Praises:
        """Praise is read by everybody who works here; the record behind it by whoever may see that."""
        return self if abilities.standing_of(user).roles else self.none()

    def newest_first(self) -> Praises:
        return self.order_by("-given_at", "-pk")

    def older_than(self, last: Praise) -> Praises:
        return self.filter(given_at__lte=last.given_at).exclude(given_at=last.given_at, pk__gte=last.pk)

    def for_listing(self) -> Praises:
        return self.select_related("giver", "receiver__team", "lead__contact", "lead__account", "call", "card")


class Praise(models.Model):
    """Somebody's words on what a colleague did, with what they did it to."""

    noun: ClassVar[str] = "praise"

    giver = models.ForeignKey("core.User", models.PROTECT, related_name="+", verbose_name=_("praised by"))
    receiver = models.ForeignKey("core.User", models.PROTECT, related_name="praises", db_index=False, verbose_name=_("praised"))
    deed = models.TextField(_("deed"))
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, related_name="+", verbose_name=_("lead"))
    call = models.ForeignKey("engage.Call", models.CASCADE, null=True, related_name="+", verbose_name=_("call"))
    card = models.ForeignKey("inside_sales.SkillCard", models.CASCADE, null=True, related_name="+", verbose_name=_("skill card"))
    given_at = models.DateTimeField(_("given"))

    objects = Praises.as_manager()

    class Meta:
        verbose_name = _("praise")
        verbose_name_plural = _("praise")
        indexes = [models.Index(fields=["receiver", "-given_at"], name="praise_of_person"), models.Index(fields=["-given_at", "-id"], name="praise_newest")]
        constraints = [
            models.CheckConstraint(condition=~Q(giver=F("receiver")), name="nobody_praises_themselves"),
            models.CheckConstraint(condition=Q(lead__isnull=False) | Q(call__isnull=False) | Q(card__isnull=False), name="praise_of_a_deed"),
            models.CheckConstraint(condition=~Q(deed=""), name="praise_says_what_for"),
        ]

    def __str__(self) -> str:
        return self.deed[:80]


def may_praise(user: User) -> bool:
    """Everybody who works here, and not only looks on."""
    return abilities.can(user, Ability.WORK_ACCOUNTS) or abilities.can(user, Ability.REVIEW_CALLS)


@transaction.atomic
def give(receiver: User, *, deed: str, by: By, at: datetime, lead: Lead | None = None, call: Call | None = None, card: SkillCard | None = None) -> Praise:
    """Praise a colleague for what they did, and tell them. Raises PraiseRefused, Forbidden for a record that the giver does not see."""
    giver, deed = by.actor, deed.strip()
    if giver is None or giver.pk == receiver.pk:
        raise PraiseRefused(_("Praise goes from one person to another."))
    if not may_praise(giver):
        raise Forbidden(_("Whoever works here praises; an observer reads."))
    if not receiver.is_active:
        raise PraiseRefused(_("This person does not work here any more."))
    if not SHORTEST <= len(deed) <= LONGEST:
        raise PraiseRefused(_("Say what they did: a sentence, not a word."))
    if lead is None and call is None and card is None:
        raise PraiseRefused(_("Say on which record they did it."))
    if (lead and not Lead.objects.visible_to(giver).filter(pk=lead.pk).exists()) or (call and not recordings.calls_for(giver).filter(pk=call.pk).exists()):
        raise Forbidden(_("You do not see this record."))
    praise = Praise.objects.create(giver=giver, receiver=receiver, deed=deed, lead=lead, call=call, card=card, given_at=at)
    cause = audit.record(praise, action="praise", by=by, at=at, changes={"receiver": (None, receiver), "deed": ("", deed)})
    if lead:
        # The trail of the lead names it too: what an import brought and somebody was praised for does not go with the import.
        audit.record(lead, action="praise", by=by, at=at)
    notifications.tell([receiver.pk], happening=Happening.PRAISE, noun=praise.noun, cause=cause, by=by, at=at)
    return praise
