"""What a page holds, as a reader of its markup finds it: texts, headings, ids, labels, links, and forms with their fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SAID = ("aria-label", "aria-description", "placeholder", "title", "alt", "data-do")
# Tokens of forms, nonces, and the hashes in the names of assets.
_DRAWN_BY_LOT = re.compile(r"""\w{32,}|nonce="[^"]*"|/static/built/[^"' )>]+""")


def said_by(answer: Any) -> str:
    """The markup of an answer without what is drawn by lot, in which any digits may stand."""
    return _DRAWN_BY_LOT.sub("", answer.content.decode())


@dataclass
class Form:
    """`fields` are the values that a browser would send as the form stands, `offered` the options of each select."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    offered: dict[str, list[str]] = field(default_factory=dict)
    submits: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Page:
    language: str = ""
    title: str = ""
    texts: list[str] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    named: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    forms: dict[str, Form] = field(default_factory=dict)
    nested: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    @property
    def posts(self) -> Iterable[Form]:
        return (form for form in self.forms.values() if form.method == "post")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[tuple[str, dict[str, str]]] = []
        self.form: Form | None = None
        self.select: tuple[Form, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        within = {name for name, _attributes in self.open}
        if (tag in {"a", "button", "summary"} and within & {"a", "button"}) or (tag == "form" and "form" in within):
            self.page.nested.append(self.get_starttag_text() or tag)
        self._note(tag, said)
        if tag == "form":
            name = said.get("id") or f"#{len(self.page.forms)}"
            self.form = self.page.forms[name] = Form(said.get("method", "get").lower(), said.get("action", ""))
        self._field(tag, said)
        if tag not in VOID:
            self.open.append((tag, said))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1][0] != tag and any(name == tag for name, _said in self.open):
            self.open.pop()
        if self.open:
            self.open.pop()
        if tag == "form":
            self.form = None
        if tag == "select":
            self.select = None

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        around = [name for name, _said in self.open]
        if not text or {"script", "style", "code"} & set(around):
            return
        if "title" in around and "svg" not in around:
            self.page.title += text
        if around and around[-1:] == ["textarea"]:
            return
        self.page.texts.append(text)
        if self.open and self.open[-1] == ("label", {"for": self.open[-1][1].get("for", "")}):
            self.page.labels.append(text)
        for name in around:
            if len(name) == 2 and name[0] == "h" and name[1].isdigit():
                level, before = self.page.headings.pop()
                self.page.headings.append((level, f"{before} {text}".strip()))

    def _note(self, tag: str, said: dict[str, str]) -> None:
        if tag == "html":
            self.page.language = said.get("lang", "")
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.page.headings.append((int(tag[1]), ""))
        if "id" in said:
            self.page.ids.append(said["id"])
        # What names a dialog comes with what is shown in it.
        for attribute in () if tag == "dialog" else ("for", "aria-labelledby", "aria-describedby", "aria-controls", "form", "list", "popovertarget"):
            self.page.named += [(attribute, one) for one in said.get(attribute, "").split()]
        if tag == "a" and "href" in said:
            self.page.links.append(said["href"])
        self.page.texts += [" ".join(said[name].split()) for name in SAID if said.get(name)]

    def _field(self, tag: str, said: dict[str, str]) -> None:
        form = self.page.forms.setdefault(said["form"], Form("post", "")) if said.get("form") else self.form
        if tag == "option" and self.select:
            owner, name = self.select
            owner.offered[name].append(said.get("value", ""))
            if "selected" in said or name not in owner.fields:
                owner.fields[name] = said.get("value", "")
        if form is None or not said.get("name"):
            return
        kind, name = said.get("type", "text"), said["name"]
        if tag == "select":
            self.select = (form, name)
            form.offered.setdefault(name, [])
        elif tag == "button" or kind == "submit":
            form.submits.append((name, said.get("value", "")))
        elif kind == "file":
            form.files.add(name)
        elif kind in {"checkbox", "radio"}:
            if "checked" in said or name not in form.fields:
                form.fields[name] = said.get("value", "on")
        elif tag in {"input", "textarea"}:
            form.fields[name] = said.get("value", "")


def read(markup: str) -> Page:
    reader = _Reader()
    reader.feed(markup)
    return reader.page
