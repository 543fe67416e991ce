"""How a call was talked, in figures: who spoke how long, pauses, both at once. A telephone system measures it; without one there are none."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit, bus
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import held
from tasuki.engage.calls import Call

_MOST = {"n_overlaps": 10_000, "n_silences": 10_000, "n_switches": 100_000, "longest_monologue_seconds": 24 * 3600, "words_per_minute": 2_000}


class FiguresRefused(Refused):
    code = "figures_refused"

    def __init__(self) -> None:
        super().__init__(_("A share is from 0 to 100 percent, and what is counted is not less than nothing."))


@dataclass(frozen=True)
class Figures:
    """`talk_percent`: of all that was spoken, our side's share. An overlap is a second or more of both, a silence three or more of nobody."""

    talk_percent: float
    n_overlaps: int
    n_silences: int
    longest_monologue_seconds: int
    n_switches: int | None = None
    words_per_minute: int | None = None


@dataclass(frozen=True)
class Measured:
    """Said on the bus: a call has its figures."""

    call: Call
    by: By
    at: datetime


class TalkFigures(models.Model):
    """The figures of one call, as they were measured once."""

    noun: ClassVar[str] = "talkfigures"

    call = models.OneToOneField(Call, models.CASCADE, related_name="talk", verbose_name=_("call"))
    talk_percent = models.FloatField(_("our share of the talking"))
    n_overlaps = models.PositiveIntegerField(_("both at once"))
    n_silences = models.PositiveIntegerField(_("silences"))
    longest_monologue_seconds = models.PositiveIntegerField(_("longest monologue"))
    n_switches = models.PositiveIntegerField(_("changes of who speaks"), null=True)
    words_per_minute = models.PositiveIntegerField(_("words a minute"), null=True)
    adapter = models.CharField(max_length=16, blank=True)
    measured_at = models.DateTimeField(_("measured"))

    class Meta:
        verbose_name = _("talk figures")
        verbose_name_plural = _("talk figures")
        constraints = [models.CheckConstraint(condition=Q(talk_percent__gte=0, talk_percent__lte=100), name="talk_is_a_share")]

    def __str__(self) -> str:
        return f"{self.call_id}: {self.talk_percent}"


@transaction.atomic
def note(call: Call, *, figures: Figures, by: By, at: datetime, adapter: str = "") -> TalkFigures | None:
    """Keep the figures of a call that is over; said twice, the first stand; None for a call in which nobody spoke. Raises FiguresRefused."""
    call = held(call)
    if call.talked is None or not call.talked:
        return None
    said = asdict(figures)
    if not 0 <= figures.talk_percent <= 100 or any(said[name] is not None and not 0 <= said[name] <= most for name, most in _MOST.items()):
        raise FiguresRefused
    kept, is_new = TalkFigures.objects.get_or_create(call=call, defaults={**said, "adapter": adapter, "measured_at": at})
    if is_new:
        audit.record(call, action="measure", by=by, at=at, changes={"talk_percent": (None, str(figures.talk_percent))})
        bus.say(Measured(call, by, at))
    return kept
