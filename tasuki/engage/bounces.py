"""Bounces: letters that came back. Read from the report that servers send (RFC 3464); where there is none, from what servers write in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tasuki.engage.incoming import Incoming, short_id

_FIELD = re.compile(r"^(final-recipient|original-recipient|action|status|diagnostic-code|x-actual-recipient)\s*:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_ADDRESS = re.compile(r"[\w.+=~!#$%&'*/?^`{|}-]{1,64}@[A-Za-z0-9.-]{1,190}[A-Za-z0-9]")
_MESSAGE_ID = re.compile(r"^message-id\s*:\s*<([^<>\s]{1,900})>", re.IGNORECASE | re.MULTILINE)
_DAEMON = re.compile(r"^<?(mailer-daemon|post_?master|mail-daemon|maildaemon|mail\.delivery\.system|mdaemon|bounce[\w.+-]*|noreply-mailer)@", re.IGNORECASE)
_RETURNED = re.compile(
    r"undeliver|delivery (status|failure|has failed|report)|returned (mail|to sender)|failure notice|mail delivery (failed|system)|could not be delivered|"
    r"non[- ]?deliver|mail failure|error (sending|delivering) your mail|trouble delivering|delivery problems|"
    r"배달.{0,6}(실패|불가|되지)|전송 ?실패|반송|配信(不能|エラー|できません)|送信(失敗|エラー)|エラーメール|不達", re.IGNORECASE,
)  # fmt: skip
# An address at which nobody is, in the words of servers.
_NOBODY = re.compile(
    r"user (unknown|not found|doesn't exist|does not exist)|unknown (user|recipient|address|local part)|"
    r"no such (user|recipient|mailbox|address|person|account|domain)|"
    r"(mailbox|account|address|recipient) (not found|unknown|does not exist|doesn't exist|unavailable|is invalid)|invalid (recipient|mailbox|address)|"
    r"recipient (address )?rejected: (user|undeliverable|unknown)|(host|domain) (not found|unknown|name not found)|is not a valid (mailbox|user)|"
    r"not our customer|no mailbox here|unrouteable address|address rejected|not listed in|existiert nicht|存在しません|宛先不明|존재하지 않", re.IGNORECASE,
)  # fmt: skip
_FULL_OR_SHUT = re.compile(
    r"quota|full|over ?limit|too (large|big|many)|spam|blacklist|block(ed|list)|policy|denied|disabled|suspended|inactive|filter|virus|dmarc|spf", re.IGNORECASE
)
_LONGEST = 100_000


@dataclass(frozen=True)
class Bounce:
    """`recipients` are those who did not get it, `original_ids` the ids of letters that are named in it, without brackets. A delay is none."""

    recipients: tuple[str, ...]
    original_ids: tuple[str, ...]
    status: str
    is_hard: bool
    words: str


def read(letter: Incoming) -> Bounce | None:
    """None for a letter that did not come back."""
    if not is_one(letter):
        return None
    whole = "\n".join([*letter.returned, letter.text])[:_LONGEST]
    fields: dict[str, list[str]] = {}
    for name, value in _FIELD.findall("\n".join(letter.returned)[:_LONGEST]):
        fields.setdefault(name.casefold(), []).append(value.strip())
    if fields.get("action") and all(value.casefold().startswith(("delayed", "delivered", "relayed", "expanded")) for value in fields["action"]):
        return None
    words = (fields.get("diagnostic-code") or [_line_that_says(whole)])[0]
    status = _status(fields.get("status", []), words, whole)
    recipients = _recipients(fields, letter)
    ids = tuple(dict.fromkeys([*(short_id(one) for one in _MESSAGE_ID.findall(whole)), *letter.answers]))
    return Bounce(recipients, ids, status, _is_hard(status, words, whole), words[:300])


def may_be(header: Incoming) -> bool:
    """By its headers alone, whether it is worth reading for that."""
    return header.content_type == "multipart/report" or bool(header.headers.get("x-failed-recipients")) or bool(_DAEMON.match(header.sender))


def is_one(letter: Incoming) -> bool:
    """Whether a server reports what became of a letter: mostly that it came back, else that it tries on, or has delivered it."""
    if letter.content_type == "multipart/report" and any("status:" in one.casefold() for one in letter.returned):
        return True
    if letter.headers.get("x-failed-recipients"):
        return True
    # A server that reports writes as nobody, so that nothing answers it.
    path = letter.headers.get("return-path", "").strip()
    is_daemon = bool(_DAEMON.match(letter.sender)) or not letter.sender or path == "<>" or bool(_DAEMON.match(path))
    return is_daemon and bool(_RETURNED.search(letter.subject) or _RETURNED.search(letter.text[:2_000]))


def _recipients(fields: dict[str, list[str]], letter: Incoming) -> tuple[str, ...]:
    said = [*fields.get("original-recipient", []), *fields.get("final-recipient", []), *fields.get("x-actual-recipient", [])]
    found = [address for value in said for address in _ADDRESS.findall(value.partition(";")[2] or value)]
    found += _ADDRESS.findall(letter.headers.get("x-failed-recipients", ""))
    return tuple(dict.fromkeys(found))


def _status(said: list[str], words: str, whole: str) -> str:
    """The one that says most: 5.0.0 says nothing that the words below do not say better."""
    found: list[str] = [one for text in [*said, words, whole] for one in _STATUS.findall(text)]
    telling = [one for one in found if not one.endswith(".0.0")]
    return (telling or found or [""])[0]


def _is_hard(status: str, words: str, whole: str) -> bool:
    if status.startswith("4") and not _NOBODY.search(words):
        return False
    if status in {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.4.4"}:
        return True
    if _FULL_OR_SHUT.search(words):
        return False
    return bool(_NOBODY.search(words) or (not words and _NOBODY.search(whole)))


def _line_that_says(text: str) -> str:
    """The line in which a server without a report says why."""
    for line in text.splitlines():
        if _NOBODY.search(line) or _STATUS.search(line) or re.match(r"\s*5\d\d[ -]", line):
            return " ".join(line.split())
    return ""
