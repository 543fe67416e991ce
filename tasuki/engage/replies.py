"""Replies: what somebody newly wrote in a mail, without what they quote and without what their program or their company puts below.

Line by line, and each line once: a mail of any shape costs as much as it is long. What is in doubt stays.
"""

from __future__ import annotations

import re

_LONGEST, _MOST_LINES = 1_000_000, 20_000
# “On Monday, Mina wrote:” goes over so many lines at most, each of so many characters.
_LINES_OF_ATTRIBUTION, _LONGEST_ATTRIBUTION = 4, 300
_WROTE = re.compile(
    r"(wrote|writes|написал[а]?|schrieb|a écrit|escribió|scrisse|ha scritto|escreveu|"
    r"님이 작성|님이 씀|님께서 작성|작성|さんは書きました|が書きました|書きました|のメール|写道)"
    r"(\(.{0,40}\))?\s*[:：]$", re.IGNORECASE,
)  # fmt: skip
_OPENS = re.compile(r"^(on|le|am|el|il|em|op|den)\s", re.IGNORECASE)
_WHO_OR_WHEN = re.compile(r"@|\d{1,4}[./:年월월-]\s?\d")
_DIVIDER = re.compile(
    r"^[\s>*]*[-_=]{2,}\s*(original message|original appointment|forwarded message|reply message|원본 메[시세]지|원본메일|전달된 메[시세]지|"
    r"元のメッセージ|転送メッセージ|original nachricht|ursprüngliche nachricht|message d'origine|mensaje original)\s*[-_=]*\s*$", re.IGNORECASE,
)  # fmt: skip
_FROM = re.compile(r"^\s*\*?(from|von|de|da|보낸\s?사람|보낸이|발신|差出人|送信者|发件人)\*?\s*[:：]", re.IGNORECASE)
_OTHER_HEADER = re.compile(
    r"^\s*\*?(sent|date|to|cc|subject|gesendet|an|betreff|envoyé|à|objet|날짜|보낸\s?날짜|받는\s?사람|받는이|수신|참조|제목|送信日時|日時|宛先|件名|发送时间|收件人|主题)\*?\s*[:：]",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*[-_=]{10,}\s*$")
_SIGN = re.compile(r"^\s*(--|—|__)\s*$")
_SENT_FROM = re.compile(
    r"^\s*(sent from (my|mail for)( [\w®™'-]+){1,4}|sent with [\w .]{1,30}|get outlook for \w+|"
    r"(나의|내) [\w ]{1,30}에서 보[냄낸].{0,10}|[\w ]{1,30}에서 보냄|[\w ]{1,30}から送信|von meinem [\w ]{1,30} gesendet|envoyé de mon [\w ]{1,30})\.?\s*$",
    re.IGNORECASE,
)
_DASH_NAME = re.compile(r"^-\s?[A-Z][\w.'-]*( [A-Z][\w.'-]*){0,3}\s*$")
_LONGEST_SIGNATURE = 15


def new_words(text: str) -> str:
    """What is new in a mail, without quotes and without the signature."""
    return _without_signature(_kept(text))


def without_quotes(text: str) -> str:
    """Likewise, with the signature."""
    return "\n".join(_kept(text)).strip()


def _kept(text: str) -> list[str]:
    """The lines that are no quote."""
    lines = text[:_LONGEST].replace("\r\n", "\n").replace("\r", "\n").split("\n")[:_MOST_LINES]
    kept: list[str] = []
    at = 0
    while at < len(lines):
        if _is_quoted(lines[at]):
            at += 1
            continue
        if _begins_a_copy(lines, at):
            return _without_rule(kept)
        n = _attribution(lines, at)
        if n:
            after = _next_words(lines, at + n)
            if after < len(lines) and not _is_quoted(lines[after]):
                # A program that does not mark what it quotes: all the rest is quoted.
                return _without_rule(kept)
            at += n
            continue
        kept.append(lines[at])
        at += 1
    return kept


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith(">")


def _begins_a_copy(lines: list[str], at: int) -> bool:
    """Whether the whole of the mail before is copied from here on: after a divider, or below its headers."""
    if _DIVIDER.match(lines[at]):
        return True
    if not _FROM.match(lines[at]):
        return False
    return sum(bool(_OTHER_HEADER.match(line)) for line in lines[at + 1 : at + 7]) >= 2


def _attribution(lines: list[str], at: int) -> int:
    """How many lines from here on only say who wrote what is quoted below; 0 for none."""
    if not (_OPENS.match(lines[at]) or _WHO_OR_WHEN.search(lines[at])):
        return 0
    said = ""
    for n, line in enumerate(lines[at : at + _LINES_OF_ATTRIBUTION], start=1):
        if not line.strip() or _is_quoted(line):
            return 0
        said = f"{said} {line.strip()}" if said else line.strip()
        if len(said) > _LONGEST_ATTRIBUTION:
            return 0
        if said.endswith((":", "：")):
            return n if _is_attribution(said, lines, at + n) else 0
    return 0


def _is_attribution(said: str, lines: list[str], below: int) -> bool:
    after = _next_words(lines, below)
    is_above_quote = after < len(lines) and _is_quoted(lines[after])
    if not _WHO_OR_WHEN.search(said):
        return False
    if _WROTE.search(said):
        return is_above_quote or bool(_OPENS.match(said)) or "<" in said
    return (is_above_quote and after == below and "@" in said) or (is_above_quote and "<" in said and "@" in said)


def _next_words(lines: list[str], at: int) -> int:
    """Where the next line stands that is not empty."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _without_rule(lines: list[str]) -> list[str]:
    """Without the line that some programs draw above what they copy."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[: end - 1] if end and _RULE.match(lines[end - 1]) else lines[:end]


def _without_signature(lines: list[str]) -> str:
    lines = list(lines)
    for nth in range(len(lines) - 1, max(len(lines) - 2 * _LONGEST_SIGNATURE, -1), -1):
        below = [line for line in lines[nth + 1 :] if line.strip()]
        if len(below) <= _LONGEST_SIGNATURE and (_SIGN.match(lines[nth]) or (_RULE.match(lines[nth]) and _is_footer(below))):
            lines = lines[:nth]
    while lines and (not lines[-1].strip() or _SENT_FROM.match(lines[-1]) or (_DASH_NAME.match(lines[-1]) and len(lines) > 1)):
        lines.pop()
    return "\n".join(lines).strip()


def _is_footer(lines: list[str]) -> bool:
    """What a mailing list or a company puts below every mail."""
    return bool(lines) and len(lines) <= 6 and any("http" in line or "@" in line for line in lines)
