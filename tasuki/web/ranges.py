"""Sending a stored file in the part that was asked for: what a player needs to jump (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

_PIECE = 64 * 1024
# A position or a length: more digits than any file has are none.
_RANGE = re.compile(r"bytes[ \t]*=[ \t]*(\d{0,18})[ \t]*-[ \t]*(\d{0,18})[ \t]*", re.IGNORECASE)


class Unsatisfiable(ValueError):
    """The part that was asked for lies beyond the end."""


@dataclass(frozen=True)
class Part:
    """From the byte `first` to the byte `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def part_of(header: str, *, n_bytes: int) -> Part | None:
    """The part that a `Range` header asks for; None for the whole: without a header, for one that cannot be read, and for several parts at once,
    which nobody has to answer. Raises Unsatisfiable.
    """
    asked = _RANGE.fullmatch(header)
    if asked is None or asked[1] == asked[2] == "":
        return None
    if asked[1] == "":
        length = min(int(asked[2]), n_bytes)
        if length == 0:
            raise Unsatisfiable
        return Part(n_bytes - length, n_bytes - 1)
    first = int(asked[1])
    if asked[2] and int(asked[2]) < first:
        return None
    if first >= n_bytes:
        raise Unsatisfiable
    return Part(first, min(int(asked[2]), n_bytes - 1) if asked[2] else n_bytes - 1)


class _Read:
    """The bytes of a part, piece by piece; closes the file, also when nobody reads to the end."""

    def __init__(self, stored: IO[bytes], part: Part) -> None:
        self._stored, self._part = stored, part

    def __iter__(self) -> Iterator[bytes]:
        self._stored.seek(self._part.first)
        left = self._part.length
        while left > 0 and (piece := self._stored.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece

    def close(self) -> None:
        self._stored.close()


def answer(request: HttpRequest, stored: IO[bytes], *, n_bytes: int, media_type: str, tag: str) -> HttpResponseBase:
    """The whole (200), the part asked for (206), or that there is none such (416). With `If-Range` of another `tag` the whole."""
    etag = f'"{tag}"'
    is_same = request.headers.get("If-Range", etag) == etag
    try:
        part = part_of(request.headers.get("Range", ""), n_bytes=n_bytes) if is_same else None
    except Unsatisfiable:
        stored.close()
        response: HttpResponseBase = HttpResponse(status=416, content_type=media_type)
        response["Content-Range"] = f"bytes */{n_bytes}"
    else:
        sent, status = part or Part(0, n_bytes - 1), 206 if part else 200
        if request.method == "HEAD":
            stored.close()
            response = HttpResponse(status=status, content_type=media_type)
        else:
            response = StreamingHttpResponse(_Read(stored, sent), status=status, content_type=media_type)
        response["Content-Length"] = str(sent.length)
        if part:
            response["Content-Range"] = f"bytes {part.first}-{part.last}/{n_bytes}"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    return response
