"""The addresses and numbers that a row of a file says of a person, from one column or two."""

from __future__ import annotations

from typing import Any

from tasuki.core.imports.nouns import Chunk


def gather(chunk: Chunk) -> None:
    """Bring together what rows say in two columns: all numbers as `phone`, and in `emails` all addresses, each with its key, the main one first.

    A second address stands as the main one where there is no first.
    """
    has_others = not chunk.mapping.columns.keys().isdisjoint(("other_email", "other_phone"))
    for line in chunk.waiting() if has_others else ():
        values = line.values
        if others := values.pop("other_phone", None):
            values["phone"] = list(dict.fromkeys([*values.get("phone", ()), *others]))
        if other := values.pop("other_email", None):
            first = values.setdefault("email", other)
            if first[1] != other[1]:
                values["emails"] = [first, other]


def addresses_of(values: dict[str, Any]) -> list[list[str]]:
    """All addresses that a row says, the main one first, each with its key."""
    return values.get("emails") or ([values["email"]] if "email" in values else [])
