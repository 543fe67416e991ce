"""Exit reasons: why a pass leaves the relay, as a tree of two levels in three languages; each says in which stages it applies, and when
what was recycled for it wakes unless somebody says otherwise.

A reason that was given stays readable for ever: it is archived, never removed, and the trail keeps every wording it had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.organisation import the_day
from tasuki.crm import stages, wake_rules
from tasuki.crm.contacts import Channel
from tasuki.crm.wake_rules import LONGEST_DAYS, Trigger, WakeRule

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_NAME = 80
NAMES = ("name_en", "name_ko", "name_ja")


class Exit(models.TextChoices):
    """The two ways out that need a reason of the tree. What is lost has its three deaths: see `tasuki.sales`."""

    RECYCLED = "recycled", _("recycled")
    DISQUALIFIED = "disqualified", _("disqualified")


class WakeKind(models.TextChoices):
    """The three kinds of wake rule (R3)."""

    DAY = "day", _("on a day")
    TRIGGER = "trigger", _("when something happens")
    EVERY = "every", _("every so many days, until a horizon")


class ReasonNameMissing(Refused):
    code = "reason_name_missing"

    def __init__(self) -> None:
        super().__init__(_("Write the reason in all three languages, each in at most %(n)s characters.") % {"n": LONGEST_NAME})


class ReasonRuleMissing(Refused):
    code = "reason_rule_missing"

    def __init__(self) -> None:
        super().__init__(_("Say when what is recycled for this reason wakes: after how many days, when what happens, or every how many days until when."))


class ReasonNotForThis(Refused):
    code = "reason_not_for_this"

    def __init__(self, name: str) -> None:
        super().__init__(_("“%(name)s” is not a reason that can be given here.") % {"name": name[:LONGEST_NAME]})


class ReasonsTooDeep(Refused):
    code = "reasons_too_deep"

    def __init__(self) -> None:
        super().__init__(_("Reasons stand in groups, and groups stand in nothing."))


class ExitReasons(models.QuerySet["ExitReason"]):
    """Questions about reasons."""

    def visible_to(self, user: User) -> ExitReasons:
        return self if abilities.standing_of(user).scope("stage") is abilities.Scope.ALL else self.none()

    def in_order(self) -> ExitReasons:
        """Groups in their order, each followed by its reasons."""
        own = models.functions.Coalesce("parent__position", "position")
        return self.annotate(of_group=own, is_child=Q(parent__isnull=False)).order_by("exit", "of_group", "is_child", "position", "pk")

    def to_give(self, exit_: Exit, *, stage: str | None = None) -> ExitReasons:
        """Those that can be given now, to a lead in that stage; without a stage, in any."""
        leaves = self.filter(exit=exit_, parent__isnull=False, archived_at__isnull=True, parent__archived_at__isnull=True).select_related("parent")
        return leaves.filter(Q(stages=[]) | Q(stages__contains=[stage])) if stage else leaves


class ExitReason(models.Model):
    """A group of reasons, or a reason in one. `stages` are those in which it can be given, none for all; `version` grows with each change."""

    noun: ClassVar[str] = "exitreason"

    key = models.SlugField(_("key"), max_length=40, unique=True)
    exit = models.CharField(_("way out"), max_length=12, choices=Exit.choices)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="reasons", verbose_name=_("group"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    name_en = models.CharField(_("name in English"), max_length=LONGEST_NAME)
    name_ko = models.CharField(_("name in Korean"), max_length=LONGEST_NAME)
    name_ja = models.CharField(_("name in Japanese"), max_length=LONGEST_NAME)
    stages = ArrayField(models.CharField(max_length=12), verbose_name=_("stages"), default=list, blank=True)
    wakes = models.CharField(_("wakes"), max_length=8, choices=WakeKind.choices, blank=True)
    wake_days = models.PositiveSmallIntegerField(_("after days"), null=True, blank=True)
    wake_trigger = models.CharField(_("when the person"), max_length=8, choices=Trigger.choices, blank=True)
    wake_channel = models.CharField(_("by which channel"), max_length=8, choices=Channel.choices, blank=True)
    horizon_days = models.PositiveSmallIntegerField(_("for how many days"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    archived_at = models.DateTimeField(_("archived"), null=True)

    objects = ExitReasons.as_manager()

    class Meta:
        verbose_name = _("exit reason")
        verbose_name_plural = _("exit reasons")
        constraints = [
            models.CheckConstraint(
                name="recycling_reason_has_a_wake_rule",
                condition=Q(parent__isnull=True)
                | Q(exit="disqualified")
                | Q(wakes="day", wake_days__isnull=False, wake_days__gt=0)
                | (Q(wakes="trigger", wake_trigger__in=["visit", "reply"]) | (Q(wakes="trigger", wake_trigger="consent") & ~Q(wake_channel="")))
                | Q(wakes="every", wake_days__isnull=False, horizon_days__isnull=False, wake_days__gt=0, horizon_days__gte=F("wake_days")),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        language = (translation.get_language() or "en")[:2]
        return str(getattr(self, f"name_{language}", "") or self.name_en)

    def rule(self, today: date) -> WakeRule:
        """The wake rule that the reason proposes on that day."""
        if self.wakes == WakeKind.TRIGGER:
            return WakeRule(trigger=self.wake_trigger, channel=self.wake_channel)
        first = today + timedelta(days=self.wake_days or 1)
        if self.wakes == WakeKind.EVERY:
            return WakeRule(on=first, every=self.wake_days, until=today + timedelta(days=self.horizon_days or self.wake_days or 1))
        return WakeRule(on=first)


@dataclass(frozen=True)
class Wording:
    """What is said of a reason, or of a group."""

    name_en: str
    name_ko: str
    name_ja: str
    stages: tuple[str, ...] = ()
    wakes: str = ""
    wake_days: int | None = None
    wake_trigger: str = ""
    wake_channel: str = ""
    horizon_days: int | None = None

    def columns(self, *, has_rule: bool) -> dict[str, Any]:
        """As the row holds it. Raises ReasonNameMissing, ReasonRuleMissing, UnknownStage."""
        names = {name: getattr(self, name).strip() for name in NAMES}
        if not all(0 < len(name) <= LONGEST_NAME for name in names.values()):
            raise ReasonNameMissing
        if unknown := [key for key in self.stages if key not in stages.ORDER]:
            raise stages.UnknownStage(unknown[0])
        return {**names, "stages": [key for key in stages.ORDER if key in self.stages], **(self._rule() if has_rule else _NO_RULE)}

    def _rule(self) -> dict[str, Any]:
        days, horizon = self.wake_days, self.horizon_days
        is_number = days is not None and 1 <= days <= LONGEST_DAYS
        match self.wakes:
            case WakeKind.DAY if is_number:
                return {**_NO_RULE, "wakes": self.wakes, "wake_days": days}
            case WakeKind.EVERY if is_number and horizon is not None and days is not None and days <= horizon <= LONGEST_DAYS:
                return {**_NO_RULE, "wakes": self.wakes, "wake_days": days, "horizon_days": horizon}
            case WakeKind.TRIGGER if self.wake_trigger in (Trigger.VISIT, Trigger.REPLY):
                return {**_NO_RULE, "wakes": self.wakes, "wake_trigger": self.wake_trigger}
            case WakeKind.TRIGGER if self.wake_trigger == Trigger.CONSENT and self.wake_channel in Channel.values:
                return {**_NO_RULE, "wakes": self.wakes, "wake_trigger": self.wake_trigger, "wake_channel": self.wake_channel}
        raise ReasonRuleMissing


_NO_RULE: Mapping[str, Any] = {"wakes": "", "wake_days": None, "wake_trigger": "", "wake_channel": "", "horizon_days": None}


@transaction.atomic
def add(wording: Wording, *, exit_: Exit, by: By, at: datetime, group: ExitReason | None = None) -> ExitReason:
    """A new reason in a group, or a new group. Raises ReasonNameMissing, ReasonRuleMissing, UnknownStage, ReasonsTooDeep."""
    if group is not None and (group.parent_id is not None or group.exit != exit_):
        raise ReasonsTooDeep
    columns = wording.columns(has_rule=group is not None and exit_ is Exit.RECYCLED)
    list(ExitReason.objects.select_for_update().filter(parent=group, exit=exit_).values_list("pk", flat=True))
    last = ExitReason.objects.filter(parent=group, exit=exit_).aggregate(last=models.Max("position"))["last"]
    reason = ExitReason.objects.create(key=_free_key(wording.name_en), exit=exit_, parent=group, position=(last or 0) + 1, **columns)
    audit.record(reason, action="add", by=by, at=at, changes={name: ("", columns[name]) for name in NAMES})
    return reason


@transaction.atomic
def change(reason: ExitReason, *, wording: Wording, by: By, at: datetime) -> ExitReason:
    """Say it anew: the next version. What was ended for it shows the new words; the trail keeps the old. Raises what `add` raises."""
    reason = ExitReason.objects.select_for_update().get(pk=reason.pk)
    columns = wording.columns(has_rule=reason.parent_id is not None and reason.exit == Exit.RECYCLED)
    if changes := audit.difference(reason, columns):
        ExitReason.objects.filter(pk=reason.pk).update(version=F("version") + 1, **columns)
        audit.record(reason, action="change", by=by, at=at, changes={**changes, "version": (reason.version, reason.version + 1)})
        reason.refresh_from_db()
    return reason


@transaction.atomic
def archive(reason: ExitReason, *, by: By, at: datetime) -> ExitReason:
    """It is not offered any more, and neither is what stands in it. Archiving it twice changes nothing."""
    return _archived(reason, to=at, action="archive", by=by, at=at)


@transaction.atomic
def restore(reason: ExitReason, *, by: By, at: datetime) -> ExitReason:
    return _archived(reason, to=None, action="restore", by=by, at=at)


def offered(exit_: Exit, *, stage: str | None = None) -> ExitReasons:
    """The reasons that can be given, group by group in their order."""
    return ExitReason.objects.to_give(exit_, stage=stage).order_by("parent__position", "parent", "position", "pk")


def names() -> dict[str, str]:
    """What each reason is called in the reader's language, by its key; archived ones too."""
    return {reason.key: reason.name for reason in ExitReason.objects.all()}


def given(key: str, *, exit_: Exit, stage: str | None = None) -> ExitReason:
    """The reason of that key. Raises ReasonNotForThis for one that cannot be given to a lead in that stage."""
    reason = ExitReason.objects.to_give(exit_, stage=stage).filter(key=key).first()
    if reason is None:
        raise ReasonNotForThis(key)
    return reason


def recycled_as(said: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """What the verbs that recycle take, of what a form said (days may be text): `because` is the key of a reason; without another rule the
    one that the reason proposes is meant. Raises ReasonNotForThis, WakeRuleWrong.
    """
    reason, today = given(said["because"], exit_=Exit.RECYCLED), the_day(at)
    on, until, every = _day(said.get("on")), _day(said.get("until")), said.get("every") or None
    if every and on is None:
        on = today + timedelta(days=every)
    texts = {name: said.get(name) or "" for name in ("trigger", "channel", "words")}
    rule = WakeRule(on=on, every=every, until=until, **texts)
    rule = rule if rule != WakeRule() else reason.rule(today)
    wake_rules.refuse_the_past(rule, today=today)
    return {"because": reason, "rule": rule, "reason": said.get("reason", "")}


def disqualified_as(said: Mapping[str, Any]) -> dict[str, Any]:
    """Likewise for the verb that disqualifies. Raises ReasonNotForThis."""
    return {"because": given(said["because"], exit_=Exit.DISQUALIFIED), "reason": said.get("reason", "")}


def _day(said: date | str | None) -> date | None:
    return date.fromisoformat(said) if isinstance(said, str) and said else said or None


def _archived(reason: ExitReason, *, to: datetime | None, action: str, by: By, at: datetime) -> ExitReason:
    reason = ExitReason.objects.select_for_update().get(pk=reason.pk)
    if (reason.archived_at is None) != (to is None):
        audit.record(reason, action=action, by=by, at=at, changes={"archived_at": (reason.archived_at, to)})
        ExitReason.objects.filter(pk=reason.pk).update(archived_at=to)
        reason.refresh_from_db()
    return reason


def _free_key(name: str) -> str:
    """A key of the English name that no other reason has."""
    stem = slugify(name).replace("-", "_")[:32] or "reason"
    taken = set(ExitReason.objects.filter(key__startswith=stem).values_list("key", flat=True))
    return next(key for n in range(1, len(taken) + 2) if (key := stem if n == 1 else f"{stem}_{n}") not in taken)
