"""What a row of a file has in common with records that are here: the one that it is about, or several of which nobody knows yet which."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """The row is about this record. `by` are the fields that said so, the strongest first; `noun` is what the record is, where it is none of the import's."""

    target_id: int
    by: tuple[str, ...]
    noun: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """The row may be about one of these records, or about none of them."""

    target_ids: tuple[int, ...]
    by: tuple[str, ...]
    noun: str = ""
