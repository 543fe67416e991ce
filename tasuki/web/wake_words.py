"""Wake rules and the reasons that propose them, in the words of a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tasuki.crm.contacts import Channel
from tasuki.crm.exit_reasons import WakeKind
from tasuki.crm.wake_rules import Trigger
from tasuki.web import formats

if TYPE_CHECKING:
    from tasuki.crm.exit_reasons import ExitReason
    from tasuki.crm.wake_rules import WakeRule


def sentence(rule: WakeRule) -> str:
    """“on 3 Dec 2026”, “when the person visits our site”, “on 3 Dec 2026, then every 60 days until 1 Dec 2027”; "" without a rule."""
    parts = []
    if rule.every and rule.until:
        said = {"day": formats.day(rule.on), "n": rule.every, "until": formats.day(rule.until)}
        parts.append(ngettext("on %(day)s, then every %(n)s day until %(until)s", "on %(day)s, then every %(n)s days until %(until)s", rule.every) % said)
    elif rule.on:
        parts.append(_("on %(day)s") % {"day": formats.day(rule.on)})
    if trigger := _trigger(rule.trigger, rule.channel, rule.words):
        parts.append(trigger)
    return _(" or ").join(parts)


def proposal(reason: ExitReason) -> str:
    """When what is recycled for the reason wakes: “after 90 days”; "" for a reason without a rule."""
    days, horizon = reason.wake_days or 0, reason.horizon_days or 0
    match reason.wakes:
        case WakeKind.DAY:
            return ngettext("after %(n)s day", "after %(n)s days", days) % {"n": days}
        case WakeKind.EVERY:
            return ngettext("every %(n)s day for %(horizon)s days", "every %(n)s days for %(horizon)s days", days) % {"n": days, "horizon": horizon}
        case WakeKind.TRIGGER:
            return _trigger(reason.wake_trigger, reason.wake_channel, "")
    return ""


def _trigger(trigger: str, channel: str, words: str) -> str:
    match trigger:
        case Trigger.VISIT:
            return _("when the person visits our site")
        case Trigger.REPLY:
            return _("when the person replies to us")
        case Trigger.CONSENT:
            return _("when the person agrees to be reached by %(channel)s") % {"channel": Channel(channel).label}
    return _("when this happens: %(what)s") % {"what": words} if words else ""
