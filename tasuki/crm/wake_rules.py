"""Wake rules: when a pass that was recycled comes round again (R3): on a day, when something happens, or every so many days until a horizon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused
from tasuki.core.organisation import the_day
from tasuki.crm.contacts import Channel

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.core.audit import By

LONGEST_DAYS = 3660
# What must happen may never happen, or nobody may notice: who waits for it is looked at again after this time at the latest.
LATEST = timedelta(days=365)
LONGEST_WORDS = 200


class Trigger(models.TextChoices):
    """What may happen that wakes a pass at once."""

    VISIT = "visit", _("visits our site")
    REPLY = "reply", _("replies to us")
    CONSENT = "consent", _("agrees to be reached")
    EVENT = "event", _("something else happens")


# What somebody notices and says on the bus, or writes down by hand. Visits are known only where somebody tells of them.
HEARD = (Trigger.REPLY, Trigger.CONSENT, Trigger.EVENT)


class WakeRuleMissing(Refused):
    code = "wake_rule_missing"

    def __init__(self) -> None:
        super().__init__(_("To recycle a lead, give a reason and say when it wakes: a date, or what must happen."))


class WakeRuleWrong(Refused):
    code = "wake_rule_wrong"


@dataclass(frozen=True)
class WakeRule:
    """`on` is the day of waking, with `every` that of the first time; `until` is the horizon of an interval. A day and a trigger may stand
    together: whichever comes first. A rule without a day gets one when it is written (`with_a_day`). `words` say what must happen, `channel`
    by which the person must agree to be reached.
    """

    on: date | None = None
    trigger: str = ""
    channel: str = ""
    words: str = ""
    every: int | None = None
    until: date | None = None

    @property
    def is_there(self) -> bool:
        return self.on is not None or bool(self.words.strip()) or self.trigger in (Trigger.VISIT, Trigger.REPLY, Trigger.CONSENT)

    def columns(self) -> dict[str, Any]:
        """As a passage holds it."""
        return {
            "wake_on": self.on,
            "wake_when": self.words.strip()[:LONGEST_WORDS],
            "wake_trigger": self.trigger or (Trigger.EVENT.value if self.words.strip() else ""),
            "wake_channel": self.channel,
            "wake_every": self.every,
            "wake_until_on": self.until,
        }


def on_day(day: date) -> WakeRule:
    return WakeRule(on=day)


def when(trigger: Trigger, *, words: str = "", channel: str = "") -> WakeRule:
    return WakeRule(trigger=trigger.value, words=words, channel=channel)


def every(days: int, *, today: date, until: date) -> WakeRule:
    return WakeRule(on=today + timedelta(days=days), every=days, until=until)


def checked(rule: WakeRule) -> WakeRule:
    """The rule, ready to be written. Raises WakeRuleMissing, WakeRuleWrong."""
    if not rule.is_there:
        raise WakeRuleMissing
    if rule.trigger and rule.trigger not in Trigger.values:
        raise WakeRuleWrong(_("Say what must happen."))
    if rule.trigger == Trigger.CONSENT and rule.channel not in Channel.values:
        raise WakeRuleWrong(_("Say by which channel the person must agree to be reached."))
    if rule.trigger == Trigger.EVENT and not rule.words.strip():
        raise WakeRuleWrong(_("Say in words what must happen."))
    if (rule.every is None) != (rule.until is None):
        raise WakeRuleWrong(_("Who is tried again and again needs both: every how many days, and until when."))
    if rule.every is not None:
        if not 1 <= rule.every <= LONGEST_DAYS or rule.on is None:
            raise WakeRuleWrong(_("Every how many days? Between 1 and %(n)s.") % {"n": LONGEST_DAYS})
        if rule.until is not None and rule.until < rule.on:
            raise WakeRuleWrong(_("The horizon ends before the first time."))
    return replace(rule, channel=rule.channel if rule.trigger == Trigger.CONSENT else "")


def with_a_day(rule: WakeRule, *, at: datetime) -> WakeRule:
    """The rule, which wakes on some day whether or not what must happen has happened by then."""
    return rule if rule.on else replace(rule, on=the_day(at) + LATEST)


def refuse_the_past(rule: WakeRule, *, today: date) -> None:
    """Nobody is promised to be called yesterday. Raises WakeRuleWrong."""
    if rule.on is not None and rule.on < today:
        raise WakeRuleWrong(_("The day on which it wakes is over already."))


def valid(prefix: str = "") -> Q:
    """The condition on the columns of a row, for a constraint: there is a rule, and it is whole."""
    names = {name: f"{prefix}{name}" for name in ("wake_on", "wake_when", "wake_trigger", "wake_channel", "wake_every", "wake_until_on")}
    is_named = Q(**{f"{names['wake_trigger']}__in": ["visit", "reply"]}) | (Q(**{names["wake_trigger"]: "consent"}) & ~Q(**{names["wake_channel"]: ""}))
    is_there = Q(**{f"{names['wake_on']}__isnull": False}) | ~Q(**{names["wake_when"]: ""}) | is_named
    once = Q(**{f"{names['wake_every']}__isnull": True, f"{names['wake_until_on']}__isnull": True})
    # What is not there is compared to nothing: a constraint lets pass what is unknown.
    are_there = Q(**{f"{names[name]}__isnull": False for name in ("wake_every", "wake_until_on", "wake_on")})
    again = are_there & Q(**{f"{names['wake_every']}__gt": 0, f"{names['wake_until_on']}__gte": F(names["wake_on"])})
    return is_there & (once | again)


@dataclass(frozen=True)
class Sign:
    """Said on the bus by whoever notices it: a person did something that may wake what waits for it."""

    contact_id: int
    trigger: Trigger
    by: By
    at: datetime
    channel: str = ""
    words: _StrOrPromise = ""
