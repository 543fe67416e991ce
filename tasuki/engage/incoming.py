"""Incoming mail: the bytes of a letter read into what we keep of it. Whatever its shape, reading it ends, and says whether all could be read.

Everything in it is text: HTML is read for its words and never drawn, and what is attached is only bytes with a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header
from email.message import Message as Mime
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import sha256
from html.parser import HTMLParser

from tasuki.engage import mail
from tasuki.engage.message_rows import LONGEST_ID, LONGEST_SUBJECT, LONGEST_TEXT

# More parts, or deeper ones, than any person makes.
_MOST_PARTS, _DEEPEST, _MOST_FILES, _MOST_IDS = 200, 20, 30, 60
_LONGEST_HEADER, _LONGEST_HTML = 4_000, 500_000
_ID = re.compile(r"<([^<>\s]{1,900})>")
_BLOCKS = frozenset({"p", "div", "br", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "section", "article", "hr"})
_SILENT = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "object", "iframe"})


@dataclass(frozen=True)
class Attached:
    """A file as its sender calls it."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Incoming:
    """One letter. Ids stand without brackets, `answers` are those that it answers, the nearest first. `returned` are the headers and reports of a
    letter that comes back. `is_whole` is false when something of it could not be read.
    """

    message_id: str
    answers: tuple[str, ...]
    sender: str
    sender_name: str
    receivers: tuple[str, ...]
    subject: str
    sent_at: datetime | None
    text: str
    html: str = ""
    files: tuple[Attached, ...] = ()
    calendars: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = ""
    is_whole: bool = True


def read(raw: bytes, *, is_cut: bool = False) -> Incoming:
    """Whatever the bytes are: never raises. `is_cut` says that there were more of them."""
    try:
        mime = message_from_bytes(raw)
        parts, is_whole = _Parts.of(mime), True
    except RecursionError:
        # Boxes within boxes without end: its headers say enough.
        mime = message_from_bytes(raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        parts, is_whole = _Parts(), False
    senders = _addresses(mime, "From") or _addresses(mime, "Sender")
    sender_name, sender = senders[0] if senders else ("", "")
    html = "\n".join(parts.htmls)[:_LONGEST_HTML]
    text = "\n".join(parts.texts).strip() or words_of(html)
    answers = [*reversed(_ids(mime, "In-Reply-To")), *reversed(_ids(mime, "References"))]
    return Incoming(
        message_id=_own_id(mime, raw),
        answers=tuple(dict.fromkeys(answers))[:_MOST_IDS],
        sender=sender[:320],
        sender_name=mail.line(sender_name)[:200],
        receivers=tuple(address for _name, address in [*_addresses(mime, "To"), *_addresses(mime, "Cc")])[:_MOST_IDS],
        subject=mail.line(header(mime, "Subject"))[:LONGEST_SUBJECT],
        sent_at=_moment(mime),
        text=_plain(text)[:LONGEST_TEXT],
        html=_plain(html),
        files=tuple(parts.files),
        calendars=tuple(parts.calendars),
        returned=tuple(parts.returned),
        headers={name.casefold(): header(mime, name) for name in _TELLING if mime.get(name) is not None},
        content_type=mime.get_content_type(),
        is_whole=is_whole and parts.is_whole and not is_cut,
    )


# By these a program says that it wrote by itself.
_TELLING = (
    "Auto-Submitted", "X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "Precedence", "List-Id", "List-Unsubscribe", "Return-Path",
    "X-Failed-Recipients", "Authentication-Results",
)  # fmt: skip


@dataclass
class _Parts:
    """What the parts of a letter hold, sorted by what it is for."""

    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    files: list[Attached] = field(default_factory=list)
    calendars: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    is_whole: bool = True

    @classmethod
    def of(cls, mime: Mime) -> _Parts:
        found = cls()
        for nth, part in enumerate(found._walk(mime, depth=0)):
            if nth >= _MOST_PARTS:
                found.is_whole = False
                break
            found._take(part)
        return found

    def _walk(self, mime: Mime, *, depth: int) -> Iterator[Mime]:
        if depth > _DEEPEST:
            self.is_whole = False
            return
        inner = mime.get_payload()
        if mime.get_content_type().startswith("message/"):
            yield mime
        elif isinstance(inner, list):
            for part in inner:
                if isinstance(part, Mime):
                    yield from self._walk(part, depth=depth + 1)
        else:
            yield mime

    def _take(self, part: Mime) -> None:
        kind = part.get_content_type()
        if kind in {"message/delivery-status", "message/rfc822", "message/rfc822-headers", "text/rfc822-headers", "message/global", "message/global-headers"}:
            self.returned.append(_flat(part))
            return
        name = mail.line(_decoded(part.get_filename() or ""))[:200]
        content = self._bytes(part)
        if kind == "text/calendar" and len(content) <= _LONGEST_HTML:
            self.calendars.append(self._letters(part, content))
        elif kind in {"text/plain", "text/html"} and part.get_content_disposition() != "attachment" and not name:
            (self.texts if kind == "text/plain" else self.htmls).append(self._letters(part, content))
        elif content and len(self.files) < _MOST_FILES:
            self.files.append(Attached(name or f"{kind.replace('/', '-')}", content))
        elif content:
            self.is_whole = False

    def _bytes(self, part: Mime) -> bytes:
        try:
            content = part.get_payload(decode=True)
        except (ValueError, LookupError, UnicodeError, AssertionError):
            content = None
        if isinstance(content, bytes):
            return content
        self.is_whole = False
        return b""

    def _letters(self, part: Mime, content: bytes) -> str:
        """By the charset that it names, else by those that letters are written in without saying so."""
        named = _decoded(str(part.get_content_charset() or ""))
        for charset in (named, "utf-8", "cp949", "cp932"):
            try:
                return content.decode(charset or "ascii")
            except (LookupError, UnicodeError, ValueError):
                continue
        self.is_whole = False
        return content.decode("utf-8", "replace")


def header(mime: Mime, name: str) -> str:
    """A header as text, on one line or several, whatever is wrong with it."""
    return _decoded(_raw(mime, name))[:_LONGEST_HEADER]


def words_of(html: str) -> str:
    """The words of a page of HTML, with its quotes marked as plain mail marks them."""
    reader = _Words()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError, RecursionError):
        pass  # what was read until there counts
    lines = (" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Words(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent, self._quoted = 0, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (nothing of an attribute is read)
        if tag in _SILENT:
            self._silent += 1
        if tag == "blockquote":
            self._quoted += 1
        if tag in _BLOCKS or tag == "blockquote":
            self._break()

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(self._silent - 1, 0)
        if tag == "blockquote":
            self._quoted = max(self._quoted - 1, 0)
        if tag in _BLOCKS or tag == "blockquote":
            self._break()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data.replace("\n", " ").replace("\r", " "))

    def _break(self) -> None:
        self.words.append("\n" + ">" * min(self._quoted, 5) + (" " if self._quoted else ""))


def _flat(part: Mime) -> str:
    """The inside of a returned letter or of a report: its headers, and a little of what follows."""
    inner = part.get_payload()
    if isinstance(inner, list):
        blocks = []
        for one in inner[:_MOST_PARTS]:
            if isinstance(one, Mime):
                blocks.append("\n".join(f"{name}: {_decoded(str(value))[:_LONGEST_HEADER]}" for name, value in one.items()[:_MOST_PARTS]))
        return _plain("\n\n".join(blocks))[:LONGEST_TEXT]
    return _plain(str(inner))[:LONGEST_TEXT]


def _decoded(text: str) -> str:
    if "=?" not in text:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not text.isascii() else text
    try:
        pieces = decode_header(text)
    except (ValueError, LookupError, UnicodeError, TypeError):
        return text.encode("utf-8", "replace").decode("utf-8", "replace")
    words = []
    for piece, charset in pieces:
        if isinstance(piece, bytes):
            try:
                words.append(piece.decode(charset or "utf-8", "replace"))
            except LookupError:
                words.append(piece.decode("utf-8", "replace"))
        else:
            words.append(piece)
    return "".join(words)


def _raw(mime: Mime, name: str) -> str:
    """As it stands in the letter: Python gives what is not ASCII in it away."""
    return next((str(value) for key, value in mime.raw_items() if key.casefold() == name.casefold()), "")


def _addresses(mime: Mime, name: str) -> list[tuple[str, str]]:
    said = [header(mime, name)] if mime.get(name) is not None else []
    return [(name_, address.strip()) for name_, address in getaddresses(said) if "@" in address]


def _ids(mime: Mime, name: str) -> list[str]:
    return [short_id(found) for found in _ID.findall(_raw(mime, name)[:20_000])]


def _own_id(mime: Mime, raw: bytes) -> str:
    """Its own id; a letter without one is named by what it says, so that it is the same the next time."""
    found = _ids(mime, "Message-ID")
    return found[0] if found else f"{sha256(raw).hexdigest()}@without.id"


def short_id(text: str) -> str:
    """An id as we keep it: one that is longer is named by what it is."""
    text = "".join(character for character in text if "!" <= character <= "~")
    return text if 0 < len(text) <= LONGEST_ID else f"{sha256(text.encode()).hexdigest()}@long.id"


def _moment(mime: Mime) -> datetime | None:
    try:
        said = parsedate_to_datetime(_raw(mime, "Date")[:200])
        return said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _plain(text: str) -> str:
    """What a database takes: without NUL, and without half characters."""
    return text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
