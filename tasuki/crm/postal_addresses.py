"""Postal addresses of companies, as they stand on an envelope: line by line."""

from __future__ import annotations

LONGEST = 300


def tidy(text: str) -> str:
    """Without empty lines, and without space around any."""
    return "\n".join(line for line in map(str.strip, text.splitlines()) if line)
