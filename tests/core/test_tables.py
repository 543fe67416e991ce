"""Cells that leave for a spreadsheet: nothing in them is computed there, and what needs no mark gets none."""

from __future__ import annotations

import pytest

from tasuki.core.tables import harmless


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "-1-1",
        "+82-10-5550-0142",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋1",
        "－1+2",
        "＠SUM(A1)",
        "'=1",
        "+82 10 =cmd",
        "-2+3+cmd|' /C calc'!A0",
    ],
)
def test_what_a_spreadsheet_would_compute_is_marked(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Mina", "가온증권", "-12", "+3.5", "1,200", "-1,200.50", "+82 10-5550-0142", "+81 (3) 5550 0142", "a=b", "'quoted'"])
def test_a_number_a_telephone_number_and_plain_words_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text
