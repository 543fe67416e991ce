"""Whether a page is called so: in the reader's language, by 초성, or in the English of manuals and colleagues."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.utils import translation

from tasuki.core.search.folding import Sought, fold, initials


def is_called(what: Sought, *names: Any) -> bool:
    """Whether all the words that are sought stand in the names; lazy translations are read in English too."""
    known = _known(translation.get_language(), *names)
    return all(word in known for word in what.words)


# Every page is asked at every letter that somebody types.
@lru_cache(maxsize=2048)
def _known(_language: str, *names: Any) -> str:
    here = by_name(" ".join(str(name) for name in names))
    with translation.override("en"):
        return f"{here}\n{fold(' '.join(str(name) for name in names))}"


def by_name(name: str) -> str:
    """All by which a name is known in its own language: folded, and by its 초성."""
    return f"{(folded := fold(name))}\n{initials(folded)}"
