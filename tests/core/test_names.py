"""A name is shown as its owner says it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.core import names


@pytest.mark.parametrize(
    ("full_name", "parts", "shown"),
    [
        ("한서윤", ("한", "서윤"), "한서윤"),
        ("남궁솔", ("남궁", "솔"), "남궁솔"),
        ("선우", ("선", "우"), "선우"),
        ("한 서윤", ("한", "서윤"), "한서윤"),
        ("ﾔﾏﾀﾞ ﾀﾛｳ", ("ヤマダ", "タロウ"), "ヤマダ タロウ"),
        ("文　智子", ("文", "智子"), "文 智子"),
        ("Alex Rhee", ("Rhee", "Alex"), "Alex Rhee"),
        ("Rhee, Alex", ("Rhee", "Alex"), "Alex Rhee"),
        ("Cher", ("Cher", ""), "Cher"),
        ("", ("", ""), ""),
    ],
)
def test_a_full_name_is_split_and_shown_in_its_own_order(full_name: str, parts: tuple[str, str], shown: str) -> None:
    assert names.split(full_name) == parts
    assert names.display(*parts) == shown


def test_a_name_kept_in_half_width_kana_still_puts_the_family_first() -> None:
    assert names.display("ﾔﾏﾀﾞ", "ﾀﾛｳ") == "ﾔﾏﾀﾞ ﾀﾛｳ"


def test_a_right_to_left_name_and_an_emoji_survive() -> None:
    assert names.display(*names.split("سارة العتيبي")) == "سارة العتيبي"
    assert names.display("🐈", "Mia") == "Mia 🐈"


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_letter_of_a_name_is_ever_lost(family: str, given_name: str) -> None:
    shown = names.display(family, given_name)
    assert family.strip() in shown
    assert given_name.strip() in shown


@given(st.text(max_size=40))
def test_splitting_never_fails(name: str) -> None:
    assert all(isinstance(part, str) for part in names.split(name))
