"""Praise: anybody praises anybody for a deed, and the deed hangs on a record. It is read by all, and counted for nobody.

With one press somebody is praised for what the page shows: a win, an accepted hand-off, a call, a skill. Words may follow. Pressed twice is once, and
who pressed may take it back. It stands on the timeline of the lead that the deed was done for, which names it and repeats none of its words.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.meanwhile import held
from tasuki.crm import notifications, timeline
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Happening
from tasuki.crm.timeline import TimelineEntry
from tasuki.engage import recordings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasuki.core.people import User
    from tasuki.engage.calls import Call
    from tasuki.inside_sales.coaching.cards import SkillCard

SHORTEST, LONGEST = 6, 1_000
# What has been read for long is not unsaid.
TAKEN_BACK_WITHIN = timedelta(hours=1)


class For(models.TextChoices):
    """What somebody is praised for by a press."""

    WIN = "win", _("for the win")
    HANDOFF = "handoff", _("for the hand-off that was accepted")
    CALL = "call", _("for the call")
    CARD = "card", _("for the skill that was practised")


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
    """Somebody's words on what a colleague did, with what they did it to. What was given by a press says what for, and may have no words."""

    noun: ClassVar[str] = "praise"

    giver = models.ForeignKey("core.User", models.PROTECT, related_name="+", verbose_name=_("praised by"))
    receiver = models.ForeignKey("core.User", models.PROTECT, related_name="praises", db_index=False, verbose_name=_("praised"))
    deed = models.TextField(_("deed"), blank=True)
    pressed_for = models.CharField(_("praised for"), max_length=7, choices=For.choices, blank=True)
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, related_name="+", verbose_name=_("lead"))
    call = models.ForeignKey("engage.Call", models.CASCADE, null=True, related_name="+", verbose_name=_("call"))
    card = models.ForeignKey("inside_sales.SkillCard", models.CASCADE, null=True, related_name="+", verbose_name=_("skill card"))
    given_at = models.DateTimeField(_("given"))
    entry = models.OneToOneField(TimelineEntry, models.SET_NULL, null=True, related_name="+")

    objects = Praises.as_manager()

    class Meta:
        verbose_name = _("praise")
        verbose_name_plural = _("praise")
        indexes = [models.Index(fields=["receiver", "-given_at"], name="praise_of_person"), models.Index(fields=["-given_at", "-id"], name="praise_newest")]
        constraints = [
            models.CheckConstraint(condition=~Q(giver=F("receiver")), name="nobody_praises_themselves"),
            models.CheckConstraint(condition=Q(lead__isnull=False) | Q(call__isnull=False) | Q(card__isnull=False), name="praise_of_a_deed"),
            models.CheckConstraint(condition=~Q(deed="") | ~Q(pressed_for=""), name="praise_says_what_for"),
            models.UniqueConstraint(
                fields=["giver", "receiver", "pressed_for", "lead", "call", "card"], condition=~Q(pressed_for=""), nulls_distinct=False, name="pressed_once"
            ),
        ]

    def __str__(self) -> str:
        return self.deed[:80] or str(self.get_pressed_for_display())


def may_praise(user: User) -> bool:
    """Everybody who works here, and not only looks on."""
    return abilities.can(user, Ability.WORK_ACCOUNTS) or abilities.can(user, Ability.REVIEW_CALLS)


@transaction.atomic
def give(receiver: User, *, deed: str, by: By, at: datetime, lead: Lead | None = None, call: Call | None = None, card: SkillCard | None = None) -> Praise:
    """Praise a colleague for what they did, and tell them. Raises PraiseRefused, Forbidden for a record that the giver does not see."""
    deed = deed.strip()
    giver = _giver(receiver, by=by)
    _refuse_length(deed)
    if lead is None and call is None and card is None:
        raise PraiseRefused(_("Say on which record they did it."))
    if (lead and not Lead.objects.visible_to(giver).filter(pk=lead.pk).exists()) or (call and not recordings.calls_for(giver).filter(pk=call.pk).exists()):
        raise Forbidden(_("You do not see this record."))
    praise = Praise.objects.create(giver=giver, receiver=receiver, deed=deed, lead=lead, call=call, card=card, given_at=at)
    _tell(praise, changes={"receiver": (None, receiver), "deed": ("", deed)}, by=by, at=at)
    return praise


@transaction.atomic
def press(
    receiver: User, *, what: For, by: By, at: datetime, lead: Lead | None = None, call: Call | None = None, card: SkillCard | None = None
) -> tuple[Praise, bool]:
    """Praise a colleague without a word, and tell them; → the praise, and whether it is new: pressed twice is once. Whoever calls this has shown the
    record to the giver. Raises PraiseRefused, Forbidden.
    """
    giver = _giver(receiver, by=by)
    on = {"lead": lead, "call": call, "card": card}
    praise, is_new = Praise.objects.get_or_create(giver=giver, receiver=receiver, pressed_for=what, **on, defaults={"given_at": at})
    if is_new:
        _tell(praise, changes={"receiver": (None, receiver), "pressed_for": ("", what.value)}, by=by, at=at)
    return praise, is_new


@transaction.atomic
def say_more(praise: Praise, *, deed: str, by: By, at: datetime) -> None:
    """Put words to what was pressed, once. Raises PraiseRefused, Forbidden, Gone."""
    praise, deed = held(praise), deed.strip()
    _refuse_others(praise, by=by)
    _refuse_length(deed)
    if praise.deed:
        raise PraiseRefused(_("This praise has its words already."))
    Praise.objects.filter(pk=praise.pk).update(deed=deed)
    audit.record(praise, action="change", by=by, at=at, changes={"deed": ("", deed)})


@transaction.atomic
def take_back(praise: Praise, *, by: By, at: datetime) -> None:
    """It was pressed by mistake: nobody is told of it any more. Raises PraiseRefused after an hour, and for words; Forbidden, Gone."""
    praise = held(praise)
    _refuse_others(praise, by=by)
    if not praise.pressed_for or praise.deed or at > praise.given_at + TAKEN_BACK_WITHIN:
        raise PraiseRefused(_("Praise is taken back within an hour of the press, and before words are put to it."))
    audit.record(praise, action="take_praise_back", by=by, at=at, changes={"receiver": (praise.receiver, None), "pressed_for": (praise.pressed_for, "")})
    notifications.take_back(Happening.PRAISE, record_id=praise.pk)
    praise.delete()
    if praise.entry_id:
        TimelineEntry.objects.filter(pk=praise.entry_id).delete()


def on_timeline(entries: Iterable[TimelineEntry], *, reader: User) -> dict[int, Praise]:
    """The praise that stands at entries, by the entry, as far as the reader sees the lead and the call that it is for; one query, none without praise."""
    wanted = [entry.pk for entry in entries if entry.kind == timeline.Kind.PRAISE]
    if not wanted:
        return {}
    rows = Praise.objects.visible_to(reader).filter(entry__in=wanted, entry__lead__in=Lead.objects.visible_to(reader).values("pk"))
    rows = rows.filter(Q(call=None) | Q(call__in=recordings.calls_for(reader).values("pk")))
    return {praise.entry_id: praise for praise in rows.for_listing() if praise.entry_id}


def pressed(giver: User, *, what: For, leads: Iterable[int] = (), calls: Iterable[int] = ()) -> set[tuple[int, int]]:
    """What the person has pressed already, as (record, receiver); one query."""
    rows = Praise.objects.filter(giver=giver, pressed_for=what)
    if what is For.CALL:
        return set(rows.filter(call__in=list(calls)).values_list("call", "receiver"))
    return set(rows.filter(lead__in=list(leads)).values_list("lead", "receiver"))


def _giver(receiver: User, *, by: By) -> User:
    giver = by.actor
    if giver is None or giver.pk == receiver.pk:
        raise PraiseRefused(_("Praise goes from one person to another."))
    if not may_praise(giver):
        raise Forbidden(_("Whoever works here praises; an observer reads."))
    if not receiver.is_active:
        raise PraiseRefused(_("This person does not work here any more."))
    return giver


def _refuse_length(deed: str) -> None:
    if not SHORTEST <= len(deed) <= LONGEST:
        raise PraiseRefused(_("Say what they did: a sentence, not a word."))


def _refuse_others(praise: Praise, *, by: By) -> None:
    if by.actor is None or praise.giver_id != by.actor.pk:
        raise Forbidden(_("This praise is somebody else's."))


def _tell(praise: Praise, *, changes: audit.Changes, by: By, at: datetime) -> None:
    cause = audit.record(praise, action="praise", by=by, at=at, changes=changes)
    if praise.lead:
        # The trail of the lead names it too: what an import brought and somebody was praised for does not go with the import.
        audit.record(praise.lead, action="praise", by=by, at=at)
    if lead := _lead_of(praise):
        praise.entry = TimelineEntry.objects.create(
            at=at, kind=timeline.Kind.PRAISE, lead=lead, contact_id=lead.contact_id, account_id=lead.account_id, actor=by.actor, detail={"praise": praise.pk}
        )
        Praise.objects.filter(pk=praise.pk).update(entry=praise.entry)
    notifications.tell([praise.receiver_id], happening=Happening.PRAISE, noun=praise.noun, cause=cause, by=by, at=at)


def _lead_of(praise: Praise) -> Lead | None:
    """The lead that the deed was done for: it is named, or its call is; that of a card is whose call the skill was tried on last."""
    if praise.lead:
        return praise.lead
    call = praise.call
    if praise.card:
        step = praise.card.steps.filter(call__isnull=False).select_related("call__lead").order_by("-step").first()
        call = step.call if step else None
    return call.lead if call else None
