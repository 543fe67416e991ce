"""What people write in notes, as HTML: paragraphs, line breaks, lists, bold, links to http(s) addresses and mentions. Nothing else is markup.

Every character of the text is escaped on its way; the tags are ours alone. Reading is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby

from django.urls import reverse
from markupsafe import Markup, escape

# What an address is made of: no space, no quote or bracket, no character that is not seen or turns the direction of writing.
_ADDRESS = r"https?://[^\s<>\"'`{}|\\^\x00-\x20\x7f-\xa0\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000-\u3002\ufeff]{1,2000}"
_BOLD = r"\*\*(?=[^\s*])[^*\n]{1,1000}(?<=\S)\*\*"
_BULLET = re.compile(r"^[-*•・]\s+(?=\S)")
_NUMBER = re.compile(r"^\d{1,3}[.)]\s+(?=\S)")
_LIST = {"ul": Markup("<ul>{}</ul>"), "ol": Markup("<ol>{}</ol>")}
_AT_THE_END = ".,;:!?)]」』）］、。…"


def note(text: str, mentioned: Mapping[str, int]) -> Markup:
    """The text of a note as HTML. `mentioned`: label → id of the person, for the names behind “@” that are mentions."""
    labels = sorted(mentioned, key=len, reverse=True)
    # Behind a name in letters a word must be over; behind one in Korean or Japanese a particle may follow.
    names = "|".join(re.escape(label) + (r"(?!\w)" if label[-1].isascii() else "") for label in labels)
    pattern = re.compile(f"(?P<address>{_ADDRESS})|(?P<bold>{_BOLD})" + (f"|(?P<mention>(?<![\\w@.+-])[@＠](?:{names}))" if names else ""))
    blocks = re.split(r"\n[^\S\n]*\n\s*", text.strip())
    return Markup("").join(_block(block.split("\n"), pattern, mentioned) for block in blocks if block.strip())


def plain(text: str) -> str:
    """The text of a note in one line, without what is only there to set it."""
    lines = (_NUMBER.sub("", _BULLET.sub("", line.strip(), count=1), count=1) for line in text.split("\n"))
    return " ".join(re.sub(_BOLD, lambda match: match.group()[2:-2], line) for line in lines if line)


def _block(lines: Iterable[str], pattern: re.Pattern[str], mentioned: Mapping[str, int]) -> Markup:
    done = Markup("")
    for kind, some in groupby((line.strip() for line in lines), key=_kind):
        if kind == "p":
            done += Markup('<p dir="auto">{}</p>').format(Markup("<br>").join(_words(line, pattern, mentioned) for line in some))
        else:
            mark = _BULLET if kind == "ul" else _NUMBER
            items = [_words(mark.sub("", line, count=1), pattern, mentioned) for line in some]
            done += _LIST[kind].format(Markup("").join(Markup('<li dir="auto">{}</li>').format(item) for item in items))
    return done


def _kind(line: str) -> str:
    if _BULLET.match(line):
        return "ul"
    return "ol" if _NUMBER.match(line) else "p"


def _words(line: str, pattern: re.Pattern[str], mentioned: Mapping[str, int]) -> Markup:
    done, at = Markup(""), 0
    for match in pattern.finditer(line):
        done += escape(line[at : match.start()])
        done += _special(match, pattern, mentioned)
        at = match.end()
    return done + escape(line[at:])


def _special(match: re.Match[str], pattern: re.Pattern[str], mentioned: Mapping[str, int]) -> Markup:
    said = match.group()
    if match.lastgroup == "address":
        address = _trimmed(said)
        if not re.match(r"https?://[^/?#@:]", address):
            return escape(said)
        link = Markup('<a class="link" href="{}" rel="nofollow noopener noreferrer" target="_blank">{}</a>').format(address, address)
        return link + escape(said[len(address) :])
    if match.lastgroup == "bold":
        return Markup("<strong>{}</strong>").format(_words(said[2:-2], pattern, mentioned))
    return Markup('<a class="mention" href="{}">{}</a>').format(reverse("person", args=[mentioned[said[1:]]]), said)


def _trimmed(address: str) -> str:
    """Without what belongs to the sentence around it; a bracket that was opened within stays."""
    while address and address[-1] in _AT_THE_END:
        if address[-1] == ")" and address.count("(") >= address.count(")"):
            break
        address = address[:-1]
    return address
