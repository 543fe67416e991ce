"""One text however it is written: case, width, accents, spaces, signs, kana, initials; and what is cut out of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.core.search import folding, marking, nearly
from tasuki.core.search.folding import LONGEST, fold, initials, sought

SAME = [
    ("Alex RHEE", "alexrhee"),
    ("Novák", "novak"),
    ("Tomáš", "tomas"),
    ("STRASSE", "Straße"),
    ("O’Brien-Lee, Inc.", "obrienleeinc"),
    ("ＡＢＣ　１２３", "abc123"),
    ("ﾔﾏﾀﾞ", "ヤマダ"),
    ("やまだ", "ヤマダ"),
    ("がっこう", "ガッコウ"),
    ("㈱波田", "(株)波田"),
    ("한 서윤", "한서윤"),
    ("\u1112\u1161\u11ab", "한"),
    ("+82 10-1234-5678", "821012345678"),
    ("Mia.Roe@Firm.example", "miaroe@firmexample"),
    ("東京・大阪", "東京大阪"),
]


@pytest.mark.parametrize(("written", "other"), SAME)
def test_two_ways_to_write_it_are_one(written: str, other: str) -> None:
    assert fold(written) == fold(other)


@pytest.mark.parametrize("text", ["", "   ", "・・・", "%_\\", "!?", "\0\x1f", "\ud83d", "\u200b\u3000"])
def test_spaces_and_signs_are_nothing_to_look_for(text: str) -> None:
    assert fold(text) == ""
    assert sought(text) is None


def test_a_text_of_any_length_is_cut() -> None:
    assert len(fold("가" * 5_000)) == LONGEST
    assert len(fold("a" * 5_000)) == LONGEST


@given(st.text())
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=60), st.text(max_size=10))
def test_what_holds_a_text_holds_its_grams(around: str, text: str) -> None:
    inner = fold(text)
    outer = inner + fold(around)
    # Half a syllable may join the next one when they meet, so the two are put together folded.
    assert set(folding.grams_within(inner)) <= folding.grams_of([outer], [], [])
    if inner:
        assert set(folding.grams_at_start(inner)) <= folding.grams_of([outer], [], [])
        assert set(folding.grams_of_whole(outer)) <= folding.grams_of([outer], [], [])
    assert set(folding.grams_hidden(inner)) <= folding.grams_of([], [], [outer])


def test_a_field_that_is_hidden_shares_no_gram_with_one_that_is_not() -> None:
    assert not folding.grams_of([], [], ["novak"]) & folding.grams_of(["novak"], ["novak"], [])


@pytest.mark.parametrize(("text", "first"), [("삼성증권", "ㅅㅅㅈㄱ"), ("LG전자", "lgㅈㅈ"), ("가온3호", "ㄱㅇ3ㅎ")])
def test_hangul_is_found_by_its_initials(text: str, first: str) -> None:
    assert initials(fold(text)) == fold(first)


@pytest.mark.parametrize("text", ["alex", "山田", "가"])
def test_nothing_else_has_initials(text: str) -> None:
    assert initials(fold(text)) == ""


def test_a_number_is_looked_for_without_the_zero_that_it_has_at_home_only() -> None:
    what = sought("010-1234-5678")
    assert what
    assert what.hidden == "1012345678"
    assert what.hidden in fold("+82 10 1234 5678")


OFF = [("smith", "smyth"), ("smith", "smmith"), ("smith", "smih"), ("smith", "smtih"), ("smith", "msith"), ("lindqvist", "lindquist")]


@pytest.mark.parametrize(("written", "typed"), OFF)
def test_one_wrong_letter_is_forgiven(written: str, typed: str) -> None:
    assert nearly.is_one_off(f"xx{written}yy", typed)


@pytest.mark.parametrize(("written", "typed"), [("smith", "smabh"), ("smith", "jones"), ("smith", "htims")])
def test_two_are_not(written: str, typed: str) -> None:
    assert not nearly.is_one_off(written, typed)


MARKED = [
    ("Alex Rhee", "lexrh", "A[lex Rh]ee"),
    ("해솔투자증권", "해솔", "[해솔]투자증권"),
    ("해솔투자증권", "ㅎㅅ", "[해솔]투자증권"),
    ("ﾔﾏﾀ 商事", "やまた", "[ﾔﾏﾀ] 商事"),
    ("Novák & Sons", "novak sons", "[Novák & Sons]"),
    ("Novák & Sons", "sons novak", "[Novák] & [Sons]"),
    ("한서윤", "민", "한서윤"),
    ("", "a", ""),
]


@pytest.mark.parametrize(("text", "typed", "shown"), MARKED)
def test_what_was_looked_for_is_marked_where_it_stands(text: str, typed: str, shown: str) -> None:
    what = sought(typed)
    assert what
    assert "".join(f"[{piece}]" if is_marked else piece for piece, is_marked in marking.parts(text, what)) == shown


@given(st.text(max_size=40), st.text(min_size=1, max_size=5))
def test_marking_loses_nothing(text: str, typed: str) -> None:
    if what := sought(typed):
        assert "".join(piece for piece, _is_marked in marking.parts(text, what)) == text
