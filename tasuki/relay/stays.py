"""How long leads stand in a stage before they move on, and how many stand there longer than that: from what is counted of each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasuki.relay.leg_days import covering, facts
from tasuki.relay.leg_days.reading import Reading
from tasuki.relay.leg_rows import Asked

if TYPE_CHECKING:
    from tasuki.relay.questions import Question

_ONE = 1
_IDS = {"owner": "person", "team": "team"}


def moved_on(question: Question) -> dict[str, tuple[float, float]] | None:
    """The median and the ninth tenth of seconds in each stage, of those that moved on in the period; None where the days do not tell them apart."""
    if question.viewer is None or question.end is None:
        return None
    ids: dict[str, int] = {}
    for name, value in question.only.items():
        of, _, how = name.partition("__")
        if of not in _IDS or how not in ("", "isnull") or (how and of == "team"):
            return None
        ids[_IDS[of]] = 0 if how else value
    asked = Asked(question.viewer, question.start, question.end, question.zone, person=ids.get("person"), team=ids.get("team"))
    reading = Reading(asked, {_ONE: (question.start, question.end)}, None, covering.counted())
    if not reading.tells(facts.STAYED):
        return None
    return {stage: took for (_nth, _told_by, stage), took in reading.percentiles(facts.STAYED).items()}
