"""Notes as HTML: paragraphs, lists, bold, links and mentions; and whatever is typed, no other tag and no other address."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.web import markup

TAGS = {"p": {"dir"}, "br": set(), "ul": set(), "ol": set(), "li": {"dir"}, "strong": set(), "a": {"class", "href", "rel", "target"}}
PIECES = st.sampled_from(
    ["<script>", "</p>", "**", "*", "- ", "1. ", "\n", "\n\n", "http://", "https://x.example/a?b=c&d", "javascript:alert(1)", "@Ivo", "@", "&lt;", '"', "'",
     "<", " onclick=", "https://x.example/\u202egpj", "data:text/html,", "HTTPS://X", "https://", "(https://x.example)", "\r", "\t", "\u2028", "한서윤",
     "\ud800"]
)  # fmt: skip


class Reader(HTMLParser):
    """What a browser would make of it: tags that balance, and words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert {name for name, _value in attributes} <= TAGS[tag], attributes
        said = dict(attributes)
        if "href" in said:
            assert str(said["href"]).startswith(("http://", "https://", "/people/")), said
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader


@given(st.lists(PIECES | st.text(max_size=12), max_size=40).map("".join))
def test_whatever_is_typed_no_unsafe_tag_comes_out(text: str) -> None:
    read(markup.note(text, {"Ivo": 7, "한서윤": 8}))


@given(st.text(alphabet="ab<>&\"' ", max_size=80))
def test_words_come_out_as_they_went_in(text: str) -> None:
    assert "".join(read(markup.note(text, {})).words) == text.strip()


def test_paragraphs_lines_lists_and_bold() -> None:
    assert markup.note("one\ntwo\n\nthree", {}) == '<p dir="auto">one<br>two</p><p dir="auto">three</p>'
    assert markup.note("why:\n- **price**\n- time", {}) == '<p dir="auto">why:</p><ul><li dir="auto"><strong>price</strong></li><li dir="auto">time</li></ul>'
    assert markup.note("1. a\n2) b", {}) == '<ol><li dir="auto">a</li><li dir="auto">b</li></ol>'
    assert markup.note("2 ** 3 ** 4 and **", {}) == '<p dir="auto">2 ** 3 ** 4 and **</p>'


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://x.example/a.", "https://x.example/a"),
        ("(https://x.example/a_(b))", "https://x.example/a_(b)"),
        ("https://x.example/?a=1&b=2", "https://x.example/?a=1&amp;b=2"),
        ("보세요 https://x.example/가나다。", "https://x.example/가나다"),
    ],
)
def test_an_address_is_a_link_without_the_sentence_around_it(text: str, address: str) -> None:
    assert f'href="{address}" rel="nofollow noopener noreferrer"' in markup.note(text, {})


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "ftp://x.example", "www.x.example", "https://", "https://@x", "https://?", "httpss://x.example"]
)
def test_other_addresses_are_words(text: str) -> None:
    assert "<a" not in markup.note(text, {})


def test_a_mention_leads_to_the_person_and_the_longer_name_wins() -> None:
    html = markup.note("@Ivo Horvat and @Ivo, not @Ivor or x@Ivo", {"Ivo": 1, "Ivo Horvat": 2})
    assert '<a class="mention" href="/people/2">@Ivo Horvat</a> and <a class="mention" href="/people/1">@Ivo</a>, not @Ivor or x@Ivo</p>' in html
    assert ">@민아라</a>에게" in markup.note("@민아라에게", {"민아라": 3})


def test_in_one_line_a_note_says_its_words_only() -> None:
    assert markup.plain("**Price** is open:\n\n- send the quote\n1. call\n2 ** 3") == "Price is open: send the quote call 2 ** 3"


def test_what_is_endless_is_read_in_linear_time() -> None:
    for piece in ("**a ", "https://", "@@@", "(" * 10, "- x\n", "\n \n", "*", "https://x.example/" + ")" * 50):
        before = time.monotonic()
        markup.note(piece * (100_000 // len(piece)), {"Ivo": 1})
        assert time.monotonic() - before < 20, piece
