"""Family name first where the script says so."""

from __future__ import annotations

import pytest

from tasuki.core import names


@pytest.mark.parametrize(
    ("family", "given", "shown"),
    [
        ("김", "민지", "김민지"),
        ("西野", "沙織", "西野 沙織"),
        ("たなか", "ゆい", "たなか ゆい"),
        ("スミス", "ジョン", "スミス ジョン"),
        ("Lindqvist", "Ada", "Ada Lindqvist"),
        ("حداد", "ليلى", "ليلى حداد"),
        ("Ada Lindqvist", "", "Ada Lindqvist"),
        ("", "Ada", "Ada"),
        ("", "", ""),
        ("🙂", "Ada", "Ada 🙂"),
    ],
)
def test_the_script_decides_which_part_comes_first(family: str, given: str, shown: str) -> None:
    assert names.display(family, given) == shown
