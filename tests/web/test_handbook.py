"""The handbook in the house: every page in every language, the same headings, no link that leads nowhere, the glossary's words linked."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from tasuki.web import handbook_pages
from tasuki.web.handbook_pages import ORDER, page
from tasuki.web.shell import RAIL
from tests.cast import Cast
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

LANGUAGES = ("en", "ko", "ja")
OWN_LETTERS = {"ko": "[\uac00-\ud7a3]", "ja": "[\u3040-\u30ff]"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", ORDER)
def test_every_page_is_there_with_the_same_headings(key: str, language: str) -> None:
    shown, english = page(key, language), page(key, "en")
    assert shown.language == language
    assert [section.anchor for section in shown.sections] == [section.anchor for section in english.sections]
    assert len({section.anchor for section in shown.sections}) == len(shown.sections)
    assert shown.title


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_says_as_much_in_each_language(language: str) -> None:
    for key in ORDER:
        english, shown = str(page(key, "en").html), str(page(key, language).html)
        for tag in ("<li>", "<p>", "<tr>", "<code>"):
            assert shown.count(tag) == english.count(tag), (key, language, tag)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_keys_names_every_place_of_the_rail(language: str) -> None:
    told = set(re.findall(r"<code>G</code> <code>(\w)</code>", str(page("keys", language).html)))
    assert told == {item.key.upper() for item in RAIL if item.key}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_link_leads_nowhere(cast: Cast, language: str) -> None:
    client = signed_in(cast.ada)
    there = {handbook_pages.address(key): {section.anchor for section in page(key, language).sections} for key in ORDER}
    there[handbook_pages.address("glossary")] |= {anchor for _word, anchor in handbook_pages.words("en")}
    for key in ORDER:
        for target in set(re.findall(r'href="([^"]*)"', str(page(key, language).html))):
            path, _hash, anchor = target.partition("#")
            if path in there:
                assert not anchor or anchor in there[path], (key, target)
            else:
                assert client.get(path).status_code == 200, (key, target)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_the_glossary_are_linked_once_a_page(language: str) -> None:
    linked = 0
    for key in ORDER:
        anchors = re.findall(r'<a class="word" href="/handbook/glossary#([^"]*)"', str(page(key, language).html))
        assert len(anchors) == len(set(anchors)), key
        linked += len(anchors)
    assert linked > 60


@pytest.mark.parametrize(("person", "title"), [("ivo", "Handbook"), ("mina", "핸드북"), ("saori", "ハンドブック")])
def test_each_reads_it_in_their_language(cast: Cast, person: str, title: str) -> None:
    client = signed_in(getattr(cast, person))
    text = client.get(reverse("handbook")).content.decode()
    assert f"<h1>{title}</h1>" in text
    for key in ORDER:
        answer = client.get(reverse("handbook_page", args=[key]))
        assert answer.status_code == 200


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_the_words_of_the_glossary_are_the_same_in_its_translations(language: str) -> None:
    words_of = [[row[:3] for row in _rows(of)] for of in ("en", language)]
    assert words_of[0] == words_of[1]
    assert [row[0] for row in _rows(language) if not re.search(OWN_LETTERS[language], row[3])] == []


def _rows(language: str) -> list[list[str]]:
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", str(page("glossary", language).html), re.DOTALL)
    return [cells for row in rows if (cells := re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL))]


def test_what_nobody_has_translated_says_so(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    english = handbook_pages._file("numbers", "en")
    monkeypatch.setattr(handbook_pages, "_file", lambda _key, _language: english)
    page.cache_clear()
    text = signed_in(cast.mina).get(reverse("handbook_page", args=["numbers"])).content.decode()
    page.cache_clear()
    assert '<article class="prose" lang="en"' in text
    assert "영어" in text


def test_japanese_has_no_space_where_a_line_of_its_file_ends() -> None:
    assert re.search("[\u3040-\u9fff]\n", handbook_pages._file("numbers", "ja").read_text(encoding="utf-8"))
    for key in ORDER:
        html = re.sub("<pre>.*?</pre>", "", str(page(key, "ja").html), flags=re.DOTALL)
        assert not re.search("[\u3000-\u9fff]\n(?!</|<(?:li|p|ul|h|t))", html), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_word_of_the_glossary_is_spoken_in_its_language(language: str) -> None:
    html = str(page("glossary", language).html)
    assert '<td lang="en">Relay</td>\n<td lang="ja">リレー</td>\n<td lang="ko">릴레이</td>' in html


@pytest.mark.parametrize("key", ["no-such-page", "..", "readme", "%2e%2e", "ko", "a" * 300])
def test_nothing_else_is_read_from_the_disk(cast: Cast, key: str) -> None:
    assert signed_in(cast.ivo).get(f"/handbook/{key}").status_code == 404


def test_markup_in_a_page_stays_words() -> None:
    rendered = handbook_pages._markdown().render("<script>alert(1)</script> [x](javascript:alert(1))")
    assert "<script" not in rendered
    assert 'href="javascript' not in rendered


@pytest.mark.parametrize(("person", "q", "anchor"), [("ivo", "calendars", "calendars"), ("mina", "캘린더", "calendars"), ("saori", "タスク", "tasks")])
def test_the_palette_finds_its_sections(cast: Cast, *, person: str, q: str, anchor: str) -> None:
    text = signed_in(getattr(cast, person)).get(reverse("search"), {"q": q}, headers={"HX-Request": "true"}).content.decode()
    assert re.search(rf'href="/handbook/[\w-]+#{anchor}"', text)


def test_a_long_section_is_found_by_its_last_word_and_not_by_the_seam_of_two(cast: Cast) -> None:
    longest = max(page("glossary", "en").sections, key=lambda section: len(section.said))
    assert longest.said.index("warmly") > 2_000
    client = signed_in(cast.ivo)
    found = [client.get(reverse("search"), {"q": q}).content.decode() for q in ("recommend us WARMLY", "uswarmly")]
    assert [f'href="/handbook/glossary#{longest.anchor}"' in text for text in found] == [True, False]
