"""Call types: how long a call of each kind should last. The time is a matter of the kind, never one rule for all (R34)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused

if TYPE_CHECKING:
    from tasuki.core.people import User

FIRST, FOLLOW_UP, CALL_BACK, CONFIRMING = "first", "follow_up", "call_back", "confirming"
NAMES = ("name_en", "name_ko", "name_ja")
LONGEST_MINUTES = 240
# In percent, of all that is spoken: what the score of a talk is measured by, until a kind of call has another.
TALK_TARGET = 40


class LimitsWrong(Refused):
    code = "limits_wrong"

    def __init__(self) -> None:
        super().__init__(_("The first limit is at least a minute, the second comes after it, and neither is longer than four hours."))


class TalkTargetWrong(Refused):
    code = "talk_target_wrong"

    def __init__(self) -> None:
        super().__init__(_("Our share of the talking is from 0 to 100 percent."))


class CallTypeUnnamed(Refused):
    code = "call_type_unnamed"

    def __init__(self) -> None:
        super().__init__(_("Name the kind of call in all three languages."))


class CallTypes(models.QuerySet["CallType"]):
    """Questions about call types."""

    def visible_to(self, user: User) -> CallTypes:
        """Whoever works here may know how long a call should last."""
        return self if abilities.standing_of(user).roles else self.none()


class CallType(models.Model):
    """A kind of call with two limits, in minutes: at the first one asks what is still open, at the second the call is too long.

    `talk_target_percent` is how much of the talking should be ours: less where one asks, more where one tells.
    """

    noun: ClassVar[str] = "calltype"

    key = models.CharField(_("key"), max_length=12, unique=True)
    position = models.PositiveSmallIntegerField(_("position"))
    name_en = models.CharField(_("name in English"), max_length=60)
    name_ko = models.CharField(_("name in Korean"), max_length=60)
    name_ja = models.CharField(_("name in Japanese"), max_length=60)
    soft_minutes = models.PositiveSmallIntegerField(_("ask what is open after, in minutes"), default=8)
    hard_minutes = models.PositiveSmallIntegerField(_("longest, in minutes"), default=15)
    talk_target_percent = models.PositiveSmallIntegerField(_("our share of the talking, in percent"), default=TALK_TARGET, db_default=TALK_TARGET)

    objects = CallTypes.as_manager()

    class Meta:
        verbose_name = _("call type")
        verbose_name_plural = _("call types")
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(soft_minutes__gte=1, soft_minutes__lt=F("hard_minutes"), hard_minutes__lte=LONGEST_MINUTES), name="call_type_limits_in_order"
            ),
            models.CheckConstraint(condition=Q(talk_target_percent__lte=100), name="call_type_talk_is_a_share"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        language = (translation.get_language() or "en")[:2]
        return str(getattr(self, f"name_{language}", "") or self.name_en)


def of_next(*, n_calls: int, is_promised: bool, is_booked: bool) -> str:
    """The key of the type that the next call with a person has."""
    if is_booked:
        return CONFIRMING
    if is_promised:
        return CALL_BACK
    return FOLLOW_UP if n_calls else FIRST


@transaction.atomic
def change(call_type: CallType, *, names: dict[str, str], soft_minutes: int, hard_minutes: int, talk_target_percent: int, by: By, at: datetime) -> CallType:
    """Name it and set its limits, for calls that begin from now on, and how much of the talking should be ours, for those measured from now on.

    Raises LimitsWrong, TalkTargetWrong, CallTypeUnnamed.
    """
    if not 1 <= soft_minutes < hard_minutes <= LONGEST_MINUTES:
        raise LimitsWrong
    if not 0 <= talk_target_percent <= 100:
        raise TalkTargetWrong
    said = {name: names.get(name, "").strip()[:60] for name in NAMES}
    if not all(said.values()):
        raise CallTypeUnnamed
    call_type = CallType.objects.select_for_update().get(pk=call_type.pk)
    columns = {**said, "soft_minutes": soft_minutes, "hard_minutes": hard_minutes, "talk_target_percent": talk_target_percent}
    if changes := audit.difference(call_type, columns):
        CallType.objects.filter(pk=call_type.pk).update(**columns)
        audit.record(call_type, action="change", by=by, at=at, changes=changes)
        call_type.refresh_from_db()
    return call_type
