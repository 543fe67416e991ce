"""The pages of the handbook, read from their files once and kept: as HTML, with anchors, and with the words of the glossary linked.

A translation lies beside the page in a folder named for its language and has the same headings in the same order; so an anchor,
which is made from the English heading, leads to the same place in each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.urls import reverse
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

import tasuki
from tasuki.core.search.folding import fold_all
from tasuki.web.page_names import by_name

_FOLDER = Path(tasuki.__file__).parent / "docs" / "handbook"
ORDER = (
    "README",
    "first-day",
    "marketing",
    "inside-sales",
    "sales",
    "customer-success",
    "the-model",
    "hand-offs",
    "records",
    "lists",
    "keys",
    "settings",
    "numbers",
    "glossary",
)
# What every number means is written for other readers too, and lies a folder above.
_ELSEWHERE = {"numbers": _FOLDER.parent / "numbers.md"}
# Column of each language in the tables of the glossary.
_COLUMN = {"en": 0, "ja": 1, "ko": 2}
# Japanese lines are broken within words.
_BROKEN = re.compile(r"(?<=[\u3040-\u9fff])\n(?=[\u3040-\u9fff])")


@dataclass(frozen=True)
class Section:
    """A heading of a page: what it is called, and where it is; for the search its title and all the words below it, folded once."""

    title: str
    anchor: str
    called: str
    said: str


@dataclass(frozen=True)
class Page:
    """One page in one language; `language` is English where nobody has translated it."""

    key: str
    language: str
    title: str
    sections: tuple[Section, ...]
    html: Markup


def address(key: str, anchor: str = "") -> str:
    path = reverse("handbook") if key == "README" else reverse("handbook_page", args=[key])
    return f"{path}#{anchor}" if anchor else path


@lru_cache(maxsize=64)
def page(key: str, language: str) -> Page:
    """The page in that language, else in English. KeyError for a key that is not in `ORDER`."""
    if key not in ORDER:
        raise KeyError(key)
    file = _file(key, language)
    spoken = language if file.parent.name == language else "en"
    tokens = _markdown().parse(file.read_text(encoding="utf-8"))
    anchors = _anchors(key)
    sections, title = [], ""
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            words = tokens[place + 1].content
            if token.tag == "h1":
                title = words
                continue
            anchor = next(anchors, slugify(words, allow_unicode=True))
            token.attrSet("id", anchor)
            sections.append(Section(words, anchor, by_name(words), _text_below(tokens, place)))
    if key == "glossary":
        _name_rows(tokens)
    for token in tokens:
        if token.type == "inline":
            _lead_to_pages(token)
    if key not in ("glossary", "README"):
        _link_words(tokens, spoken)
    if spoken == "ja":
        _join_lines(tokens)
    html = _markdown().renderer.render(tokens, _markdown().options, {})
    # A table that is wider than a phone is moved within its own frame.
    html = html.replace("<table>", '<div class="sheet-scroll" tabindex="0"><table>').replace("</table>", "</table></div>")
    return Page(key, spoken, title, tuple(sections), Markup(html))  # noqa: S704 - written by us, rendered with HTML switched off


@lru_cache(maxsize=4)
def words(language: str) -> tuple[tuple[str, str], ...]:
    """The words of the glossary in that language with their anchors, longest first, so that none is taken for a part of another."""
    found: dict[str, str] = {}
    for cells in _glossary_rows():
        word = re.sub(r"\s*\(.*\)", "", cells[_COLUMN[language]]).strip()
        if len(word) > 1:
            found.setdefault(word, slugify(cells[0]))
    return tuple(sorted(found.items(), key=lambda pair: (-len(pair[0]), pair[0])))


def every_section(language: str) -> Iterator[tuple[Page, Section]]:
    """For the search."""
    for key in ORDER:
        found = page(key, language)
        for section in found.sections:
            yield found, section


def _file(key: str, language: str) -> Path:
    translated = _FOLDER / language / f"{key}.md"
    return translated if language != "en" and translated.exists() else _ELSEWHERE.get(key, _FOLDER / f"{key}.md")


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")


def _anchors(key: str) -> Iterator[str]:
    tokens = _markdown().parse(_file(key, "en").read_text(encoding="utf-8"))
    return iter([slugify(tokens[n + 1].content) for n, token in enumerate(tokens) if token.type == "heading_open" and token.tag != "h1"])


def _text_below(tokens: list[Token], place: int) -> str:
    said = []
    for token in tokens[place + 2 :]:
        if token.type == "heading_open":
            break
        if token.type == "inline":
            said += [fold_all(word) for word in _BROKEN.sub("", token.content).split()]
    # Word by word, so that no two of them make a third.
    return "\n".join(said)


def _lead_to_pages(inline: Token) -> None:
    """Links between the files become links between the pages; one that leads out of the handbook stays words."""
    for token in inline.children or ():
        if token.type == "link_open":
            target = str(token.attrGet("href") or "")
            name, _hash, anchor = target.rpartition("/")[2].partition("#")
            key = name.removesuffix(".md")
            if target.startswith("/"):
                continue
            if key in ORDER and name.endswith(".md"):
                token.attrSet("href", address(key, anchor))
            elif not target.startswith("#"):
                token.attrs.pop("href", None)


def _link_words(tokens: list[Token], language: str) -> None:
    """The first time that a page uses a word of the glossary, it leads there."""
    linker, is_heading = _Linker(language), False
    for token in tokens:
        is_heading = token.type == "heading_open" or (is_heading and token.type != "heading_close")
        if token.type == "inline" and not is_heading and token.children:
            token.children = [piece for child in _outside_links(token.children) for piece in linker.pieces(child)]


def _outside_links(children: list[Token]) -> Iterator[Token]:
    depth = 0
    for child in children:
        depth += {"link_open": 1, "link_close": -1}.get(child.type, 0)
        child.meta["is_linked"] = depth > 0
        yield child


class _Linker:
    """Finds the words of the glossary in the texts of one page, each once. English words have edges; Korean and Japanese take endings."""

    def __init__(self, language: str) -> None:
        edge = r"\b" if language == "en" else ""
        self._anchors = {word.lower(): anchor for word, anchor in words(language)}
        self._pattern = re.compile("|".join(f"{edge}{re.escape(word)}{edge}" for word, _anchor in words(language)), re.IGNORECASE)
        self._told: set[str] = set()

    def pieces(self, child: Token) -> Iterator[Token]:
        if child.type != "text" or child.meta["is_linked"]:
            yield child
            return
        rest = 0
        for match in self._pattern.finditer(child.content):
            anchor = self._anchors[match[0].lower()]
            if anchor not in self._told:
                self._told.add(anchor)
                yield _text(child.content[rest : match.start()])
                yield Token("html_inline", "", 0, content=f'<a class="word" href="{escape(address("glossary", anchor))}">{escape(match[0])}</a>')
                rest = match.end()
        yield _text(child.content[rest:])


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _join_lines(tokens: list[Token]) -> None:
    """Japanese has no space where its file has the end of a line."""
    for token in tokens:
        if token.children:
            token.children = [child for child in token.children if child.type != "softbreak"]


def _name_rows(tokens: list[Token]) -> None:
    """Each row of the glossary can be led to, by its English word; a word that stands in two tables by the first. A word says what language it is."""
    named: set[str] = set()
    spoken: Iterator[str] = iter(())
    for place, token in enumerate(tokens):
        if token.type == "tr_open":
            spoken = iter(_COLUMN)
        elif token.type == "td_open" and (language := next(spoken, "")):
            token.attrSet("lang", language)
        if token.type == "tr_open" and tokens[place + 1].type == "td_open":
            anchor = slugify(tokens[place + 2].content)
            if anchor not in named:
                token.attrSet("id", anchor)
                named.add(anchor)


def _glossary_rows() -> Iterator[list[str]]:
    for line in (_FOLDER / "glossary.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 4 and cells[0] != "English":
            yield cells
