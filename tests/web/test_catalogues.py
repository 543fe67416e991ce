"""Everything is said in Korean and Japanese too, and the tool that keeps it so notices what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.utils import translation

from tasuki.web import audit, catalogues, relay_rows

CODE = """
from django.utils.translation import gettext as _, ngettext
def words(n):
    return _("A lead"), _("Hello %(name)s") % {"name": "x"}, ngettext("%(n)s row", "%(n)s rows", n)
"""
TEMPLATE = '{{ _("Account") }}{% trans n=3 %}{{ n }} task{% pluralize %}{{ n }} tasks{% endtrans %}'
TRANSLATED = """A lead\t리드\tリード
Hello %(name)s\t%(name)s 님, 안녕하세요\t%(name)sさん、こんにちは
%(n)s row|%(n)s rows\t%(n)s행\t%(n)s行
Account\t고객사\t取引先
%(n)s task|%(n)s tasks\t할 일 %(n)s건\tタスク%(n)s件
Sign in\t로그인\tログイン
"""


@pytest.fixture
def small_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A code base of two files and a sign-in page, and a folder of translations for it."""
    code = tmp_path / "code"
    (code / "web" / "templates_django").mkdir(parents=True)
    (code / "words.py").write_text(CODE, encoding="utf-8")
    (code / "page.jinja").write_text(TEMPLATE, encoding="utf-8")
    (code / "web" / "templates_django" / "login.html").write_text('{% load i18n %}{% translate "Sign in" %}', encoding="utf-8")
    (tmp_path / "words.tsv").write_text(TRANSLATED, encoding="utf-8")
    monkeypatch.setattr(catalogues, "_TASUKI", code)
    monkeypatch.setattr(catalogues, "_LOCALE", code / "locale")
    return tmp_path


def catalogue(house: Path, language: str) -> str:
    return (house / "code" / "locale" / language / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")


def test_everything_is_translated_and_nothing_is_stale() -> None:
    assert list(catalogues.problems()) == []


def test_merged_translations_leave_nothing_to_say(small_house: Path) -> None:
    assert catalogues.main(["merge", str(small_house)]) == 0
    assert catalogues.main(["check"]) == 0
    with (small_house / "code" / "locale" / "ko" / "LC_MESSAGES" / "django.po").open("rb") as file:
        korean = read_po(file, locale="ko")
    assert korean.get("%(n)s row").string == ("%(n)s행",)  # type: ignore[union-attr]  # found, or the line fails
    assert korean.get("Sign in").string == "로그인"  # type: ignore[union-attr]  # found, or the line fails


def test_a_second_merge_changes_nothing(small_house: Path) -> None:
    catalogues.merge(small_house)
    before = catalogue(small_house, "ja")
    (small_house / "words.tsv").write_text("A lead\t다른 말\t別の言葉\n", encoding="utf-8")
    catalogues.merge(small_house)
    assert catalogue(small_house, "ja") == before


def test_a_message_without_translation_is_named(small_house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogues.merge(small_house)
    (small_house / "code" / "more.py").write_text('from x import _\n_("Not said yet")\n', encoding="utf-8")
    assert catalogues.main(["check"]) == 1
    assert "ko: “Not said yet” is not in the catalogue; run extract." in capsys.readouterr().err
    catalogues.extract()
    assert "ja: “Not said yet” has no translation." in set(catalogues.problems())


def test_a_message_that_no_page_says_any_more_is_named(small_house: Path) -> None:
    catalogues.merge(small_house)
    (small_house / "code" / "page.jinja").write_text("", encoding="utf-8")
    assert "ko: “Account” is in no page any more; run extract." in set(catalogues.problems())


@pytest.mark.parametrize(
    ("instead", "complaint"),
    [
        ('#, fuzzy\nmsgid "A lead"\nmsgstr "리드"', "“A lead” is marked fuzzy"),
        ('msgid "A lead"\nmsgstr ""', "“A lead” has no translation"),
    ],
)
def test_a_doubtful_or_empty_translation_is_named(small_house: Path, instead: str, complaint: str) -> None:
    catalogues.merge(small_house)
    path = small_house / "code" / "locale" / "ko" / "LC_MESSAGES" / "django.po"
    path.write_text(catalogue(small_house, "ko").replace('msgid "A lead"\nmsgstr "리드"', instead), encoding="utf-8")
    assert any(complaint in problem for problem in catalogues.problems())


def test_a_translation_that_loses_a_placeholder_is_named(small_house: Path) -> None:
    text = TRANSLATED.replace("%(name)s 님, 안녕하세요", "안녕하세요")
    (small_house / "words.tsv").write_text(text, encoding="utf-8")
    catalogues.merge(small_house)
    assert list(catalogues.problems()) == ["ko: “Hello %(name)s” has other placeholders in its translation."]


def test_compiled_catalogues_are_read_by_gettext(small_house: Path) -> None:
    import gettext

    catalogues.merge(small_house)
    assert catalogues.main(["compile"]) == 0
    japanese = gettext.translation("django", small_house / "code" / "locale", ["ja"])
    assert japanese.gettext("Account") == "取引先"
    assert japanese.ngettext("%(n)s row", "%(n)s rows", 3) == "%(n)s行"


@pytest.mark.parametrize("arguments", [[], ["check", "me"], ["merge"]])
def test_a_command_that_is_none_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert catalogues.main(arguments) == 2
    assert "extract" in capsys.readouterr().err


@pytest.mark.parametrize(("language", "a_person_left", "a_lead_left"), [("ko", "퇴사", "유출"), ("ja", "退職", "流出")])
def test_a_person_leaves_in_other_words_than_a_lead(language: str, a_person_left: str, a_lead_left: str) -> None:
    with translation.override(language):
        assert (audit.ACTIONS["leave"], relay_rows.WHAT["left"]) == (a_person_left, a_lead_left)


def test_a_message_that_becomes_plural_or_is_so_no_longer_keeps_what_was_said(small_house: Path) -> None:
    catalogues.merge(small_house)
    words = small_house / "code" / "words.py"
    changed = CODE.replace('ngettext("%(n)s row", "%(n)s rows", n)', '_("%(n)s row")').replace('_("A lead")', 'ngettext("A lead", "Leads", n)')
    words.write_text(changed, encoding="utf-8")
    catalogues.extract()
    assert list(catalogues.problems()) == []
    assert 'msgid "%(n)s row"\nmsgstr "%(n)s행"' in catalogue(small_house, "ko")
    assert 'msgid_plural "Leads"\nmsgstr[0] "리드"' in catalogue(small_house, "ko")
