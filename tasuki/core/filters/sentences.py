"""The text of a filter: reading it into clauses and groups, and writing it again, always in the same way.

    filter  =  part { "," part }                        all of the parts must hold
    part    =  clause | ("all" | "any" | "none") "(" [ filter ] ")"
    clause  =  field ":" operator [ "(" value { "," value } ")" ]
    value   =  anything without , ( ) " | '"' anything, with "" for a quotation mark '"'

Space around words and values means nothing. `written(read(text))` says the same as `text`, and `read(written(group)) == group`.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from tasuki.core.filters.errors import FilterWrong

LONGEST_TEXT = 4_000
MOST_CLAUSES = 100
DEEPEST = 5


class Of(enum.Enum):
    """How many parts of a group must hold."""

    ALL = "all"
    ANY = "any"
    NONE = "none"


@dataclass(frozen=True)
class Clause:
    """One thing asked of one field, as it was written."""

    field: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Parts, of which all, any or none must hold. A group without parts holds for every row, whatever its kind says."""

    of: Of = Of.ALL
    parts: tuple[Clause | Group, ...] = ()

    def clauses(self) -> list[Clause]:
        """All clauses, those of inner groups too, in reading order."""
        found: list[Clause] = []
        for part in self.parts:
            found += part.clauses() if isinstance(part, Group) else [part]
        return found


EVERYTHING = Group()


def read(text: str) -> Group:
    """The filter that a text says; the outermost group is always `all`. Raises FilterWrong, with the place in words."""
    if len(text) > LONGEST_TEXT:
        raise FilterWrong(_("The filter is too long: it may have %(n)s characters.") % {"n": LONGEST_TEXT})
    words = _words(text)
    parts = _parts(words, depth=1)
    if words:
        raise FilterWrong(_("The filter closes a bracket that it did not open."))
    group = Group(Of.ALL, parts)
    if len(group.clauses()) > MOST_CLAUSES:
        raise FilterWrong(_("The filter asks too much: it may have %(n)s conditions.") % {"n": MOST_CLAUSES})
    return group


def written(group: Group) -> str:
    """The text of a filter. Raises nothing: every group of readable clauses has a text."""
    text = ", ".join(_part(part) for part in group.parts)
    return text if group.of is Of.ALL else f"{group.of.value}({text})"


def with_part_added(group: Group, part: Clause | Group) -> Group:
    """The same filter, and this."""
    return replace(group, parts=(*group.parts, part))


def without(group: Group, index: int) -> Group:
    """The same filter without one of its outermost parts."""
    return replace(group, parts=(*group.parts[:index], *group.parts[index + 1 :]))


def with_part(group: Group, index: int, part: Clause | Group) -> Group:
    """The same filter with another part in the place of an outermost one."""
    return replace(group, parts=(*group.parts[:index], part, *group.parts[index + 1 :]))


# A quoted value, a sign, or a run of anything else.
_WORD = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([,():])|([^,():"]+))\s*', re.S)
_NAME = re.compile(r"[a-z][a-z0-9_.]{0,79}")


@dataclass(frozen=True)
class _Word:
    text: str
    is_sign: bool = False
    is_quoted: bool = False


def _words(text: str) -> list[_Word]:
    """The words of the text in reverse, so that the next one is popped from the end."""
    words, at = [], 0
    text = text.strip()
    while at < len(text):
        met = _WORD.match(text, at)
        if not met:
            raise FilterWrong(_("The filter opens a quotation that it does not close."))
        quoted, sign, run = met.groups()
        if quoted is not None:
            words.append(_Word(quoted.replace('""', '"'), is_quoted=True))
        else:
            words.append(_Word(sign or run.strip(), is_sign=bool(sign)))
        at = met.end()
    return words[::-1]


def _parts(words: list[_Word], *, depth: int) -> tuple[Clause | Group, ...]:
    """Parts up to the closing bracket, which stays, or to the end."""
    if depth > DEEPEST:
        raise FilterWrong(_("The filter has groups within groups within groups: %(n)s deep is the most.") % {"n": DEEPEST})
    parts: list[Clause | Group] = []
    while words and not _is_sign(words, ")"):
        if parts:
            _take_sign(words, ",")
        parts.append(_one(words, depth=depth))
    return tuple(parts)


def _one(words: list[_Word], *, depth: int) -> Clause | Group:
    name = _name(words)
    if _is_sign(words, "(") and name in {of.value for of in Of}:
        words.pop()
        parts = _parts(words, depth=depth + 1)
        _take_sign(words, ")")
        return Group(Of(name), parts)
    _take_sign(words, ":")
    operator = _name(words)
    return Clause(name, operator, _values(words) if _is_sign(words, "(") else ())


def _values(words: list[_Word]) -> tuple[str, ...]:
    words.pop()
    values: list[str] = []
    while not _is_sign(words, ")"):
        if values:
            _take_sign(words, ",")
        values.append(_value(words))
    words.pop()
    return tuple(values)


def _value(words: list[_Word]) -> str:
    """One value. A colon may stand in it bare, as in 09:30."""
    said: list[_Word] = []
    while words and not (words[-1].is_sign and words[-1].text in ",()"):
        said.append(words.pop())
    if not said:
        raise _unreadable(_("The filter lacks a value."), words)
    if len(said) > 1 and any(word.is_quoted for word in said):
        raise _unreadable(_("A quotation in the filter must be a whole value."), words)
    return "".join(word.text for word in said)


def _name(words: list[_Word]) -> str:
    word = words.pop() if words else None
    if word is None or word.is_sign or word.is_quoted or not _NAME.fullmatch(word.text):
        if word is not None:
            words.append(word)
        raise _unreadable(_("The filter lacks the name of a field."), words)
    return word.text


def _is_sign(words: list[_Word], sign: str) -> bool:
    return bool(words) and words[-1].is_sign and words[-1].text == sign


def _take_sign(words: list[_Word], sign: str) -> None:
    if not _is_sign(words, sign):
        raise _unreadable(_("The filter lacks a “%(sign)s”.") % {"sign": sign}, words)
    words.pop()


def _unreadable(sentence: str, words: list[_Word]) -> FilterWrong:
    """What is wrong, and where to look."""
    where = _("Look before “%(rest)s”.") % {"rest": words[-1].text[:40]} if words else _("Look at its end.")
    return FilterWrong(f"{sentence} {where}")


def _part(part: Clause | Group) -> str:
    if isinstance(part, Group):
        return f"{part.of.value}({', '.join(_part(inner) for inner in part.parts)})"
    values = f"({', '.join(_written_value(value) for value in part.values)})" if part.values else ""
    return f"{part.field}:{part.operator}{values}"


def _written_value(value: str) -> str:
    is_plain = re.fullmatch(r'[^\s,():"]+( [^\s,():"]+)*', value)
    return value if is_plain else '"' + value.replace('"', '""') + '"'
