"""The chain of a win in words: “Webinar, 민아라 → Ivo Horvat → 西野 沙織”."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasuki.core.teams import Department


def sentence(detail: Mapping[str, Any]) -> str:
    """As a timeline entry keeps it: leg by leg, the source first; a leg in which nobody is named is left out."""
    links: list[list[str]] = detail.get("links", [])
    legs = []
    for leg in Department.values:
        names = [name for where, name in links if where == leg and name]
        if leg == Department.MARKETING and detail.get("source"):
            names = [str(detail["source"]), *names]
        if names:
            legs.append(", ".join(names))
    return " → ".join(legs)
