"""Which records a run has been about so far: one bit for each id, so that a run of millions needs a few hundred kilobytes."""

from __future__ import annotations

from collections.abc import Iterable


class SeenIds:
    """A set of ids of one table, which its sequence has given out without large gaps."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._bits = bytearray()
        self.add(ids)

    def add(self, ids: Iterable[int]) -> None:
        bits = self._bits
        for one in ids:
            at = one >> 3
            if at >= len(bits):
                bits.extend(bytes(at + 4_096 - len(bits)))
            bits[at] |= 1 << (one & 7)

    def __contains__(self, one: int) -> bool:
        at = one >> 3
        return at < len(self._bits) and bool(self._bits[at] & (1 << (one & 7)))
