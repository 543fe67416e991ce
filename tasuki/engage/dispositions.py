"""Dispositions: the twelve ways in which a call can end, what each counts as in the numbers, and what follows from it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class Disposition(models.TextChoices):
    """What happened, in the order in which people meet it. The value is stored."""

    NO_ANSWER = "na", _("no answer")
    BUSY = "busy", _("busy")
    GATEKEEPER = "gk", _("gatekeeper")
    VOICEMAIL = "vm", _("voicemail")
    CALL_BACK = "cb", _("call back agreed")
    TALK = "talk", _("meaningful conversation")
    MEETING = "mtg", _("meeting booked")
    NOT_NOW = "now", _("not now")
    NOT_INTERESTED = "ni", _("not interested")
    DISQUALIFIED = "dq", _("disqualified")
    BAD_NUMBER = "bad", _("wrong number")
    DO_NOT_CALL = "dnc", _("do not call")


class CountsAs(enum.IntEnum):
    """How far a call came. Each level includes those below it: a conversation reached the person, was answered, and was dialled."""

    NOTHING = 0
    DIAL = 1
    CONNECT = 2
    REACH = 3
    CONVERSATION = 4


class Follows(models.TextChoices):
    """What comes of a disposition."""

    BY_RULE = "by_rule", _("call again by the rule")
    SOON = "soon", _("call again in half an hour")
    OTHER_HOUR = "other_hour", _("call again at another hour")
    PROMISED = "promised", _("a call back at a time")
    FORM = "form", _("what was learned")
    BOOKING = "booking", _("a meeting on a day")
    RECYCLING = "recycling", _("recycled, with a day on which it wakes")
    ENDING = "ending", _("disqualified, with a reason")
    DATA_FIX = "data_fix", _("the number is put right")
    BLOCK = "block", _("nobody calls again")


@dataclass(frozen=True)
class Meaning:
    """What a disposition counts as, what follows, and the key of the call desk."""

    counts_as: CountsAs
    follows: Follows
    key: str


MEANINGS: dict[Disposition, Meaning] = {
    Disposition.NO_ANSWER: Meaning(CountsAs.DIAL, Follows.BY_RULE, "1"),
    Disposition.BUSY: Meaning(CountsAs.DIAL, Follows.SOON, "2"),
    Disposition.GATEKEEPER: Meaning(CountsAs.CONNECT, Follows.OTHER_HOUR, "3"),
    Disposition.CALL_BACK: Meaning(CountsAs.CONVERSATION, Follows.PROMISED, "4"),
    Disposition.TALK: Meaning(CountsAs.CONVERSATION, Follows.FORM, "5"),
    Disposition.MEETING: Meaning(CountsAs.CONVERSATION, Follows.BOOKING, "6"),
    Disposition.NOT_NOW: Meaning(CountsAs.CONVERSATION, Follows.RECYCLING, "7"),
    Disposition.NOT_INTERESTED: Meaning(CountsAs.CONVERSATION, Follows.RECYCLING, "8"),
    Disposition.DISQUALIFIED: Meaning(CountsAs.CONVERSATION, Follows.ENDING, "9"),
    Disposition.VOICEMAIL: Meaning(CountsAs.DIAL, Follows.BY_RULE, "v"),
    Disposition.BAD_NUMBER: Meaning(CountsAs.NOTHING, Follows.DATA_FIX, "w"),
    Disposition.DO_NOT_CALL: Meaning(CountsAs.NOTHING, Follows.BLOCK, "x"),
}


def counting_as(least: CountsAs) -> list[str]:
    """The stored values of all that came at least so far."""
    return [one.value for one, meaning in MEANINGS.items() if meaning.counts_as >= least]


DIALS = counting_as(CountsAs.DIAL)
CONNECTS = counting_as(CountsAs.CONNECT)
REACHES = counting_as(CountsAs.REACH)
CONVERSATIONS = counting_as(CountsAs.CONVERSATION)
# After these one of us has spoken with somebody who called us.
SPOKEN = [*CONNECTS, Disposition.DO_NOT_CALL.value]
# What moves a pass on, or keeps it moving with the person's word: what a response to an objection is judged by.
PROGRESS = [Disposition.CALL_BACK.value, Disposition.TALK.value, Disposition.MEETING.value]
# After these the pass is over.
ENDINGS = [Disposition.NOT_NOW.value, Disposition.NOT_INTERESTED.value, Disposition.DISQUALIFIED.value]
# After these somebody tries again; a promise stays a promise.
RETRIED = [Disposition.NO_ANSWER.value, Disposition.BUSY.value, Disposition.GATEKEEPER.value, Disposition.VOICEMAIL.value]
