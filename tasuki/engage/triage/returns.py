"""Returns: when somebody who is away is back, by what they wrote."""

from __future__ import annotations

from datetime import date, timedelta

from tasuki.engage import replies
from tasuki.engage.triage import dates, phrases

_LONGEST, _FURTHEST = 5_000, timedelta(days=366)


def back_on(subject: str, text: str, *, today: date) -> date | None:
    """The first day on which they are back; None when they do not say. `today` is the day on which it was written."""
    words = replies.new_words(text)[:_LONGEST] or text[:_LONGEST]
    returns, ends = [], []
    for day, before, after in dates.named(f"{subject}\n{words}", today=today):
        near = f"{before} | {after}"
        if phrases.of("programs", "back").search(near) and not phrases.of("programs", "ends").search(near):
            returns.append(day)
        elif phrases.of("programs", "until").search(near):
            ends.append(day + timedelta(days=1))
    ahead = [day for day in returns if today < day <= today + _FURTHEST] or [day for day in ends if today < day <= today + _FURTHEST]
    return max(ahead) if ahead else None
