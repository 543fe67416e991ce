"""The part of a file that a player asks for: whole, in part, from the end, beyond the end, and of another version."""

from __future__ import annotations

import io

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from tasuki.web import ranges
from tasuki.web.ranges import Part, Unsatisfiable, part_of

CONTENT = bytes(range(200))


def asked(**headers: str) -> tuple[int, bytes, str, str]:
    """The status, the bytes, what part they are said to be, and how long."""
    request = RequestFactory().get("/", headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = ranges.answer(request, io.BytesIO(CONTENT), n_bytes=len(CONTENT), media_type="audio/wav", tag="abc")
    assert answer["Accept-Ranges"] == "bytes"
    found = b"".join(answer)  # type: ignore[arg-type]  # both kinds of answer are walked
    return answer.status_code, found, answer.get("Content-Range", ""), answer.get("Content-Length", "")


@pytest.mark.parametrize(
    ("asks", "part"),
    [("bytes=0-", (0, 199)), ("bytes=0-0", (0, 0)), ("bytes=10-19", (10, 19)), ("bytes=190-500", (190, 199)), ("bytes=-5", (195, 199)),
     ("bytes=-500", (0, 199)), ("Bytes = 3 - 4", (3, 4))],
)  # fmt: skip
def test_a_part_is_sent_as_206_with_its_place(asks: str, part: tuple[int, int]) -> None:
    first, last = part
    assert asked(Range=asks) == (206, CONTENT[first : last + 1], f"bytes {first}-{last}/200", str(last - first + 1))


@pytest.mark.parametrize("asks", ["", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=0-1,5-6", "lines=1-2", "bytes=" + "9" * 400 + "-", "bytes=-1-2"])
def test_what_asks_for_no_single_part_gets_the_whole(asks: str) -> None:
    assert asked(Range=asks)[:3] == (200, CONTENT, "")


@pytest.mark.parametrize("asks", ["bytes=200-", "bytes=200-300", "bytes=999999999999999999-", "bytes=-0"])
def test_what_lies_beyond_the_end_is_416_and_says_how_long_the_file_is(asks: str) -> None:
    assert asked(Range=asks)[:3] == (416, b"", "bytes */200")


def test_a_part_of_another_version_is_answered_with_the_whole() -> None:
    assert asked(Range="bytes=5-9", If_Range='"abc"')[0] == 206
    for other in ('"old"', 'W/"abc"', "Wed, 21 Oct 2026 07:28:00 GMT", "abc"):
        assert asked(Range="bytes=5-9", If_Range=other)[:2] == (200, CONTENT)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 250))
def test_the_parts_of_a_file_together_are_the_file(first: int, length: int, n_bytes: int) -> None:
    try:
        part = part_of(f"bytes={first}-{first + length}", n_bytes=n_bytes)
    except Unsatisfiable:
        assert first >= n_bytes
    else:
        assert isinstance(part, Part)
        assert 0 <= part.first <= part.last < n_bytes


def test_a_file_is_closed_also_when_nobody_reads_it() -> None:
    stored = io.BytesIO(CONTENT)
    answer = ranges.answer(RequestFactory().get("/"), stored, n_bytes=200, media_type="audio/wav", tag="a")
    # What Django does when the answer is closed, but for its signal.
    for close in answer._resource_closers:  # type: ignore[attr-defined]
        close()
    assert stored.closed
