"""Narrowing the rows of a noun to those that hold the words: the same meaning as finding, but all rows there are, for a list to order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, BooleanField, Exists, F, Func, OuterRef, Q, QuerySet, Value

from tasuki.core import abilities
from tasuki.core.search import indexing, matching
from tasuki.core.search.entries import SearchEntry
from tasuki.core.search.finding import storable
from tasuki.core.search.folding import Sought, grams_hidden, grams_within, sought
from tasuki.core.search.matching import Question
from tasuki.core.search.nouns import searched

if TYPE_CHECKING:
    from tasuki.core.people import User

# Of a word that so many records hold, the next row that holds it is never far; of others the records are counted out.
_MANY = 5_000
_WORDS, _HIDDEN = "words", "hidden"
# Of less, too many addresses and numbers hold it by chance.
_SHORTEST_HIDDEN = 3


class _Among(Func):
    """Whether an id is in an array of them: read at once, where a list of thousands would be read one by one."""

    template, arg_joiner, output_field = "%(expressions)s)", " = ANY(", BooleanField()


def narrowed(rows: QuerySet[Any], text: str, *, noun: str, reader: User) -> QuerySet[Any]:
    """The rows in which each word is somewhere: in their own texts, or in those of a record that they are reached through.

    What the reader must not see is not looked at. A text without a letter or digit is in no row.
    """
    what = sought(text)
    if what is None:
        return rows.none()
    indexing.absorb(at_most=indexing.AT_HAND)
    held = Q(*_holding_each_word(what, noun, reader)) | _reached_by_all(what, noun, reader)
    for column in searched()[noun].exact:
        held |= Q(**{column: storable(text)})
    return rows.filter(held)


def _holding_each_word(what: Sought, noun: str, reader: User) -> Iterator[Q]:
    there, places, open_to = matching.blocks(), dict(_places(noun)), _hidden_but_open_to(reader, noun)
    words = {word: Sought(word, (word,)) for word in what.words}
    asked = []
    for word, alone in words.items():
        asked += [Question(name, f"{_WORDS} {word}", grams_within(word), [f"%{word}%"], _MANY) for name in places]
        asked += [_hidden(name, alone, f"{_HIDDEN} {word}") for name in open_to if len(alone.hidden) >= _SHORTEST_HIDDEN]
    answers = matching.ids(asked, there)
    for word in words:
        yield Q(*(_held(one, answers.get((one.noun, one.name), []), places[one.noun]) for one in asked if one.name.endswith(f" {word}")), _connector=Q.OR)


def _reached_by_all(what: Sought, noun: str, reader: User) -> Q:
    """The words taken together: a telephone number is written with gaps."""
    places, open_to = dict(_places(noun)), _hidden_but_open_to(reader, noun)
    asked = [_hidden(name, what, _HIDDEN) for name in open_to if len(what.words) > 1 and len(what.hidden) >= _SHORTEST_HIDDEN]
    answers = matching.ids(asked, matching.blocks()) if asked else {}
    return Q(*(_held(one, answers.get((one.noun, one.name), []), places[one.noun]) for one in asked), _connector=Q.OR) if asked else Q(pk__in=[])


def _hidden(name: str, what: Sought, question: str) -> Question:
    return Question(name, question, grams_hidden(what.hidden), [f"%{what.hidden}%"], _MANY, is_hidden=True)


def _hidden_but_open_to(reader: User, noun: str) -> list[str]:
    """The nouns in reach whose hidden texts this reader may ask."""
    standing = abilities.standing_of(reader)
    return [name for name, _path in _places(noun) if searched()[name].hides and not standing.hides(name) & searched()[name].hides]


def _held(question: Question, ids: list[int], path: str) -> Q:
    """Whether the record at the path is one of those that answer the question."""
    if len(ids) < question.most:
        return Q(_Among(F(path), Value(ids, output_field=ArrayField(BigIntegerField()))))
    column = _HIDDEN if question.is_hidden else _WORDS
    return Q(Exists(SearchEntry.objects.filter(**{"noun": question.noun, "record_id": OuterRef(path), f"{column}__contains": question.patterns[0].strip("%")})))


def _places(noun: str) -> Iterator[tuple[str, str]]:
    """The nouns with words of their own in which a row's words may stand, each with the path to its id: the nearest way to each."""
    seen: set[str] = set()
    near = [(noun, "")]
    while near:
        further: list[tuple[str, str]] = []
        for name, way in near:
            if name in seen:
                continue
            seen.add(name)
            if searched()[name].texts:
                yield name, f"{way}_id" if way else "pk"
            further += [(other, f"{way}__{path}".removeprefix("__").removesuffix("_id")) for other, path in searched()[name].through.items()]
        near = further
