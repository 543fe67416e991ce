"""Hits: somebody, or a program, asked for a mark. It is written down and judged a little later; whoever asks waits for nothing."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from importlib.resources import files

from tasuki.engage.tracking import marking
from tasuki.engage.tracking.rows import MOST_HITS, MailHit, SentLink, Told, TrackedLetter


def opened(token: str, *, agent: str, method: str, at: datetime) -> bool:
    """Whether the token is one of a letter; a forged one, or one that is over, is written down nowhere."""
    letter = marking.letter_of(token, at=at)
    if letter and letter.opens:
        _write(letter, None, agent=agent, method=method, at=at)
    return letter is not None


def clicked(token: str, *, agent: str, method: str, at: datetime) -> str:
    """Where the link leads: an address that stood in the letter. "" for a token that is forged or over."""
    link = marking.link_of(token, at=at)
    if link is None:
        return ""
    if link.letter.clicks:
        _write(link.letter, link, agent=agent, method=method, at=at)
    return link.address


def _write(letter: TrackedLetter, link: SentLink | None, *, agent: str, method: str, at: datetime) -> None:
    if letter.hits.count() >= MOST_HITS:
        return
    told_by = Told.HEAD if method == "HEAD" else Told.AGENT if is_program(agent) else ""
    MailHit.objects.create(letter=letter, link=link, at=at, told_by=told_by)


def is_program(agent: str) -> bool:
    """By what it calls itself. Nothing at all, and “Mozilla/5.0” alone, are what prefetchers say."""
    return not agent.strip() or bool(_programs().search(agent[:500]))


@cache
def _programs() -> re.Pattern[str]:
    lines = (files(__package__) / "programs.txt").read_text("utf-8").splitlines()
    return re.compile("|".join(f"(?:{line})" for line in lines if line and not line.startswith("#")), re.IGNORECASE)
