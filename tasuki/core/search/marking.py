"""Where in a text as it is written the words stand that were looked for: folding changes lengths, so letters are folded one by one."""

from __future__ import annotations

from tasuki.core.search.folding import Sought, fold, initials


def parts(text: str, what: Sought) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it was looked for. Nothing is lost: joined, they are the text."""
    folded, places = _folded(text)
    marked = [False] * len(text)
    for word in (what.whole,) if what.whole in folded else what.words:
        # 초성 are looked for among the initials, letter by letter at the same places.
        at = max(folded.find(word), initials(folded).find(word))
        if at >= 0:
            # With the spaces and signs between them.
            first, last = places[at], places[at + len(word) - 1]
            marked[first : last + 1] = [True] * (last + 1 - first)
    pieces: list[tuple[str, bool]] = []
    for letter, is_marked in zip(text, marked, strict=True):
        if pieces and pieces[-1][1] == is_marked:
            pieces[-1] = (pieces[-1][0] + letter, is_marked)
        else:
            pieces.append((letter, is_marked))
    return pieces


def _folded(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its letters the place in the text that it comes from."""
    folded, places = "", []
    for place, letter in enumerate(text):
        piece = fold(letter)
        folded += piece
        places += [place] * len(piece)
    return folded, places
