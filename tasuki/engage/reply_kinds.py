"""What a letter from outside is: written by a person or by a program, a wish for silence, a word on when somebody is back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from tasuki.engage import replies
from tasuki.engage.incoming import Incoming
from tasuki.engage.message_rows import MessageKind

# Somebody who writes more than this says more than that they want no mail.
_LONGEST_WISH = 600
_FURTHEST = timedelta(days=366)

_AWAY = re.compile(
    r"out of (the )?office|automatic reply|auto(matic)?[- ]?(reply|response)|away from (my|the) (desk|office)|on (annual |parental |maternity |sick )?leave|"
    r"on vacation|abwesenheit|absence du bureau|부재\s?중|자동\s?(응답|회신)|휴가\s?중|출장\s?중|不在|自動(返信|応答)|休暇中|出張中", re.IGNORECASE,
)  # fmt: skip
_WISH = re.compile(
    r"\bunsubscribe\b|\b(take|remove) me (off|from)\b|\bremove me\b|\bopt[- ]?out\b|\b(stop|quit) (e-?mailing|mailing|contacting|writing)\b|"
    r"\b(do not|don't|please don't|never) (contact|e-?mail|mail|write( to)?) (me|us)\b|\bno (more|further) (e-?mails?|mails?|contact)\b|"
    r"수신\s?거부|수신을?\s?(거부|원하지)|메일.{0,12}(그만|보내지\s?(마|말|않)|원(하지|치)\s?않)|연락.{0,8}(하지\s?마|그만|원(하지|치)\s?않)|구독\s?(취소|해지)|"
    r"配信(を)?(停止|解除|不要)|(メール|連絡|ご連絡|配信).{0,10}(不要|送らないで|しないで|お断り|ご遠慮|控えて|やめて|止めて)|今後.{0,12}(不要|お断り)",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"\b(return|returning|back|in the office (again )?from|resume)\b|복귀|출근|돌아|회신\s?드리|戻り|戻る|出社|復帰|より対応|から対応", re.IGNORECASE
)
_UNTIL = re.compile(r"\b(until|through|till|thru|to)\b|까지|まで|[~〜–]", re.IGNORECASE)

_MONTHS = {name: nth for nth, names in enumerate(
    ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august", "sep sept september", "oct october",
     "nov november", "dec december"), start=1) for name in names.split()}  # fmt: skip
_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_SENTENCE = re.compile(r"[.!?]\s|[。！？\n]")
# Each way of writing a day, with what its numbers are. A year may be missing.
_DAYS = (
    (re.compile(r"(?<!\d)(20\d\d)\s?[-./]\s?(\d{1,2})\s?[-./]\s?(\d{1,2})(?!\d)"), "ymd"),
    (re.compile(r"(?<!\d)(20\d\d)\s?[년年]\s?(\d{1,2})\s?[월月]\s?(\d{1,2})\s?[일日]"), "ymd"),
    (re.compile(r"(?<!\d)(\d{1,2})\s?[월月]\s?(\d{1,2})\s?[일日]"), "md"),
    (re.compile(rf"\b({_NAMES})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(20\d\d))?", re.IGNORECASE), "Mdy"),
    (re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?({_NAMES})\b\.?(?:,?\s+(20\d\d))?", re.IGNORECASE), "dMy"),
    (re.compile(r"(?<![\d./-])(\d{1,2})/(\d{1,2})(?![\d/])"), "md"),
)


def of(letter: Incoming) -> MessageKind:
    """REPLY for what a person wrote. Bounces are looked for before; answers to invitations are told by what they carry."""
    if any("METHOD:REPLY" in one.upper().replace(" ", "") for one in letter.calendars):
        return MessageKind.CALENDAR
    if is_automatic(letter):
        return MessageKind.AUTO_REPLY
    words = replies.new_words(letter.text)
    if len(words) <= _LONGEST_WISH and _WISH.search(f"{words}\n{letter.subject if not letter.answers else ''}"):
        return MessageKind.UNSUBSCRIBE
    return MessageKind.REPLY


def is_automatic(letter: Incoming) -> bool:
    """By what programs say of themselves (RFC 3834 and what was there before it), else by the subject of an answer."""
    said = letter.headers
    if said.get("auto-submitted", "no").strip().casefold().partition(";")[0].strip() not in {"no", ""}:
        return True
    if said.get("x-autoreply") or said.get("x-autorespond") or said.get("precedence", "").strip().casefold() in {"auto_reply", "junk", "bulk", "list"}:
        return True
    return bool(_AWAY.search(letter.subject))


def back_on(letter: Incoming, *, today: date) -> date | None:
    """The first day on which somebody who is away is back, by their own words; None when they do not say."""
    words = replies.new_words(letter.text)[:5_000] or letter.text[:5_000]
    returns, ends = [], []
    for day, before, after in _days(f"{letter.subject}\n{words}", today=today):
        near = f"{before} | {after}"
        if _BACK.search(near) and not re.search(r"까지|まで|until|through", near, re.IGNORECASE):
            returns.append(day)
        elif _UNTIL.search(near):
            ends.append(day + timedelta(days=1))
    ahead = [day for day in returns if today < day <= today + _FURTHEST] or [day for day in ends if today < day <= today + _FURTHEST]
    return max(ahead) if ahead else None


def _days(text: str, *, today: date) -> Iterator[tuple[date, str, str]]:
    """Every day that is named, with a little of what stands before and after it."""
    for pattern, order in _DAYS:
        for found in pattern.finditer(text):
            day = _day(found.groups(), order, today=today)
            if day:
                before, after = text[max(found.start() - 40, 0) : found.start()], text[found.end() : found.end() + 25]
                yield day, _SENTENCE.split(before)[-1], _SENTENCE.split(after)[0]


def _day(parts: tuple[str | None, ...], order: str, *, today: date) -> date | None:
    year: int | None = None
    month = day = 0
    for part, what in zip(parts, order, strict=False):
        if part is None:
            continue
        if what == "y":
            year = int(part)
        elif what == "d":
            day = int(part)
        else:
            month = _MONTHS[part.casefold()] if what == "M" else int(part)
    try:
        if year is not None:
            return date(year, month, day)
        # Without a year the next such day is meant.
        here = date(today.year, month, day)
        return here if here >= today - timedelta(days=30) else date(today.year + 1, month, day)
    except ValueError:
        return None
