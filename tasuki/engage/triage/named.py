"""Named: whom an answer names instead, as far as its words say: a person to be added, with nothing made up."""

from __future__ import annotations

from dataclasses import dataclass

from tasuki.engage.triage import phrases
from tasuki.engage.triage.classifying import addresses_in, plain

_MOST = 3


@dataclass(frozen=True)
class Named:
    """Either may be empty."""

    name: str = ""
    address: str = ""


def somebody(words: str, *, but: tuple[str, ...]) -> list[Named]:
    """Those whom the words name, by name or by address; a name and an address belong together where there is one of each. `but` are addresses."""
    addresses = addresses_in(words, but=but)[:_MOST]
    text = plain(words)
    names = list(dict.fromkeys(found["name"] for pattern in phrases.each("names", "somebody") for found in pattern.finditer(text)))[:_MOST]
    if len(names) == 1 and len(addresses) == 1:
        return [Named(names[0], addresses[0])]
    return [*(Named(address=one) for one in addresses), *(Named(one) for one in names if not addresses)]
