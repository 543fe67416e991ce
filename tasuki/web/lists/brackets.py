"""Groups within a filter: where a part stands, and what can be made of it."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from tasuki.core.filters.errors import FilterWrong
from tasuki.core.filters.sentences import DEEPEST, Clause, Group, Of

# A part's place: "2" is the third part, "2.0" the first part of that group.
Place = str

# The outermost group is always there.
_MOST_GROUPS = DEEPEST - 1


def has_place(group: Group, place: Place) -> bool:
    """Whether a clause stands at a place that may lie within groups."""
    first, _dot, rest = place.partition(".")
    part = group.parts[int(first)] if first.isdecimal() and len(first) <= 3 and int(first) < len(group.parts) else None
    return has_place(part, rest) if isinstance(part, Group) else part is not None and not rest


def changed(group: Group, place: Place, part: Clause | Group | None) -> Group:
    """The filter with another part at a place, without it (None), or with one more (the place after the last). Raises FilterWrong for no place."""
    return in_its_stead(group, place, (part,) if part else ())


def in_its_stead(group: Group, place: Place, parts: tuple[Clause | Group, ...]) -> Group:
    """The filter with some parts, or none, in the stead of what stands at a place. Raises FilterWrong for no place."""
    first, _dot, rest = place.partition(".")
    if not (first.isascii() and first.isdecimal() and len(first) <= 3 and int(first) <= len(group.parts)):
        raise FilterWrong(_("The filter has changed meanwhile; look at it again."))
    nth = int(first)
    if rest:
        inner = group.parts[nth] if nth < len(group.parts) else None
        if not isinstance(inner, Group):
            raise FilterWrong(_("The filter has changed meanwhile; look at it again."))
        smaller = in_its_stead(inner, rest, parts)
        parts = (smaller,) if smaller.parts else ()
    return replace(group, parts=(*group.parts[:nth], *parts, *group.parts[nth + 1 :]))


def wrappings(part: Clause | Group, place: Place, *, within: Of) -> dict[Of, str]:
    """The groups that a part can be made the first of, so that others can stand beside it, and what each would say; none where groups are too deep.

    `within`: the group it stands in, which takes others of its own kind without one more.
    """
    if place.count(".") + 1 + _height(part) > _MOST_GROUPS:
        return {}
    said = {Of.ANY: _("… or something else"), Of.ALL: _("… and something else"), Of.NONE: _("… neither this nor something else")}
    return {of: words for of, words in said.items() if of is not within}


def _height(part: Clause | Group) -> int:
    return 1 + max(map(_height, part.parts), default=0) if isinstance(part, Group) else 0


def label(of: Of) -> str:
    return {Of.ALL: _("all of"), Of.ANY: _("any of"), Of.NONE: _("none of")}[of]


def joint(of: Of) -> str:
    """What stands before one more part."""
    return {Of.ALL: _("and"), Of.ANY: _("or"), Of.NONE: _("nor")}[of]
