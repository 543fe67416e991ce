"""Narrowing the rows of a noun to those that hold the words: the same meaning as finding, but all rows there are, for a list to order."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import chain, product
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, Exists, Expression, F, Func, OuterRef, Q, QuerySet, Subquery, TextField

from tasuki.core import abilities
from tasuki.core.filters.ways import asks_others
from tasuki.core.search import indexing, matching
from tasuki.core.search.arrays import among
from tasuki.core.search.entries import SearchEntry
from tasuki.core.search.finding import storable
from tasuki.core.search.folding import Sought, grams_hidden, grams_within, sought, tells
from tasuki.core.search.matching import Blocks, Ids, Question
from tasuki.core.search.nouns import searched

if TYPE_CHECKING:
    from tasuki.core.people import User

# Of a word that so many records hold, the next row that holds it is hardly ever far; of others the records are counted out.
_MANY = 5_000
# So many are counted out where the next row was far nevertheless; of more, all rows are walked.
_VERY_MANY = 100_000
# Of a word that so many of the newest block hold, or so many of all if each block had as many, the others are not asked for: they are very many.
_OFTEN, _FAR_TOO_MANY = 400, 2 * _MANY
# Where so few records hold one word of several, each of their rows is read.
_RARE = 2_000
# Where so few of some rows are seen, hardly a page is among the first that are put in order.
_SAMPLE, _SEEN = 100, 3
# So many that hold all words together with their owners, and may be more than really do, are each looked at.
_TOGETHER, _MOST_ALTERNATIVES = 10_000, 8
# So many of the newest block are told, to know of which word there are less.
_TOLD = 2_000
_WORDS, _HIDDEN = "words", "hidden"
# The path of a row to its own id.
_OWN = "pk"
# Of less, too many addresses and numbers hold it by chance.
_SHORTEST_HIDDEN = 3


def narrowed(rows: QuerySet[Any], text: str, *, noun: str, reader: User) -> QuerySet[Any]:
    """The rows in which each word is somewhere: in their own texts, or in those of a record that they are reached through.

    What the reader must not see is not looked at. A text without a letter or digit is in no row.
    """
    return ways(rows, text, noun=noun, reader=reader).rows


@dataclass(frozen=True)
class Sieve:
    """For whoever looks at very many rows: those of which `lets_through` holds, by numbers alone, fit if they are in `fitting`; no other row fits.

    `is_fine`: most of what it lets through fits, so that the walk may go to the end. `n_named`: by so many records it names the rows that it lets
    through, which may all be put in order; None where they are too many.
    """

    lets_through: Q
    fitting: QuerySet[Any]
    is_fine: bool = False
    n_named: int | None = None


# Rows that an index has in the order, and others that are soon found.
Parts = tuple[Sequence[QuerySet[Any]], Sequence[QuerySet[Any]]]


@dataclass(frozen=True)
class Ways:
    """Ways to ask for the same rows.

    `rows` in one question; `parts` of them, which may overlap, for whoever found that too few fit at the start of the order. Where very many records hold a
    word, `fitting` is for whoever looks at one row after the other until enough fit; `sieve`, then `few` and then `counted_out` are for whoever found that
    too few do, and are None where there is no better way, or the records are too many for that as well; `few` are so few that all are found and put in
    order, before anything is sifted where `finds_soon` says that it takes less. Who sees all rows of some `teams` sees of others only their `own`; without
    teams, nothing is said of that. `in_order` puts those counted out in order by numbers alone, before it is asked who sees them. Where all
    are found, those of each condition of `split` are found on their own. Where `are_few`, the rows are among few that are known by their numbers.
    `by_numbers` are the same rows in parts that have none in common, none of which looks another record up for each row; none where there is no such way.
    """

    rows: QuerySet[Any]
    fitting: QuerySet[Any] | None = None
    sieve: Callable[[], Sieve | None] = lambda: None
    few: Callable[[], QuerySet[Any] | None] = lambda: None
    finds_soon: Callable[[], bool] = lambda: False
    counted_out: Callable[[], QuerySet[Any] | None] = lambda: None
    in_order: Callable[[], Sieve | None] = lambda: None
    parts: Callable[[], Parts | None] = lambda: None
    teams: frozenset[int] = frozenset()
    own: Q = field(default_factory=Q)
    split: Sequence[Q] = ()
    are_few: bool = False
    by_numbers: Callable[[], Sequence[QuerySet[Any]]] = tuple


def ways(rows: QuerySet[Any], text: str, *, noun: str, reader: User) -> Ways:
    """The rows as `narrowed`, and the other ways to ask for them."""
    what = sought(text)
    if what is None:
        return Ways(rows.none())
    indexing.absorb(at_most=indexing.AT_HAND)
    asked = _Asked.of(what, noun, reader)
    exact = [Q(**{column: storable(text)}) for column in searched()[noun].exact]

    def held(by: _Asked, *, one_by_one: bool = False) -> QuerySet[Any]:
        return rows.filter(Q(by.held(one_by_one=one_by_one), *exact, _connector=Q.OR))

    sifted = cache(asked.with_rarest)

    @cache
    def together() -> Sieve | None:
        found = asked.stand_together()
        return Sieve(Q(found[0], *exact, _connector=Q.OR), held(asked, one_by_one=True), n_named=found[1]) if found else None

    def sieve() -> Sieve | None:
        if found := together():
            return found
        by = sifted()
        return Sieve(Q(by.counted(), *exact, _connector=Q.OR), held(by.uncounted(), one_by_one=True)) if by else None

    def counted_out() -> QuerySet[Any] | None:
        if asked.has_rare:
            return held(asked, one_by_one=True)
        if found := together():
            return found.fitting.filter(found.lets_through)
        counted = (sifted() or asked).all_counted
        return held(counted) if counted else None

    def in_order() -> Sieve | None:
        counted = None if asked.has_rare or not asks_others(rows) or together() else (sifted() or asked).all_counted
        fitting = Q(counted.held(one_by_one=False), *exact, _connector=Q.OR) if counted and counted.is_seen_by_many(rows) else None
        return Sieve(fitting, rows, n_named=_VERY_MANY) if fitting else None

    often = Ways(held(asked), held(asked, one_by_one=True), sieve=sieve, counted_out=counted_out, in_order=in_order)
    return often if asked.is_often else Ways(held(asked))


@dataclass(frozen=True)
class _Asked:
    """What is asked about each word, and about all of them together (a telephone number is written with gaps), with the ids of those that answer it.

    A question without ids is one that too many answer to be named. Where words can only stand in the row itself, all are one question.
    `expected` is how many records may answer each question.
    """

    words: list[list[Question]]
    together: list[Question]
    ids: dict[tuple[str, str], Ids]
    places: dict[str, str]
    there: Blocks
    expected: dict[tuple[str, str], int]

    @classmethod
    def of(cls, what: Sought, noun: str, reader: User) -> _Asked:
        places, open_to = dict(_places(noun)), _hidden_but_open_to(reader, noun)
        words = [_about((word,), places, open_to) for word in what.words] if len(places) > 1 or open_to else [_about(what.words, places, [])]
        together = [_hidden(name, what, _HIDDEN) for name in open_to if len(what.words) > 1 and len(what.hidden) >= _SHORTEST_HIDDEN]
        there = matching.blocks()
        ids, expected = _ids([*chain(*words), *together], there)
        return cls(words, together, ids, places, there, expected)

    @property
    def is_often(self) -> bool:
        return bool(self._often())

    @cached_property
    def all_counted(self) -> _Asked | None:
        """The same with the ids of what many answer, too; None where even they are too many."""
        found = matching.ids([replace(one, most=_VERY_MANY) for one in self._often()], self.there)
        return replace(self, ids=self.ids | found) if all(ids.n < _VERY_MANY for ids in found.values()) else None

    def is_seen_by_many(self, rows: QuerySet[Any]) -> bool:
        """Whether more than a few of the rows are those of a sample of the records that answer."""
        sample = replace(self, ids={key: ids.some(_SAMPLE) for key, ids in self.ids.items()})
        return rows.filter(sample.held(one_by_one=False)).order_by().values("pk")[:_SEEN].count() == _SEEN

    @property
    def has_rare(self) -> bool:
        """Whether so few records hold one of the words that the others are looked for there alone."""
        rare = [some for some in self.words if self._expected(some) <= _RARE and all(map(self._is_counted, some))]
        return bool(rare) and all(map(self._is_counted, self.together))

    def with_rarest(self) -> _Asked | None:
        """The same with the ids of the word that the fewest records are expected to hold; None where that says little, or even they are too many."""
        if len(self.words) == 1 or self.has_rare or not all(map(self._is_counted, self.together)):
            return None
        rarest = min(self.words, key=self._expected)
        found = matching.ids([replace(one, most=_VERY_MANY) for one in rarest if not self._is_counted(one)], self.there)
        return replace(self, ids=self.ids | found) if all(ids.n < _VERY_MANY for ids in found.values()) else None

    def stand_together(self) -> tuple[Q, int] | None:
        """Of words that may stand in a record and in that to which it belongs, the rows among which all are that hold them, and by how many records they
        are named; None where nobody can say, or where they are too many to be looked at."""
        name = next((one for one in self.places if self._is_asked_together(one)), "")
        names = {name, *searched()[name].owners} if name else set()
        if not name or len(self.words) == 1 or self.has_rare or any(one.noun not in names for one in self.together):
            return None
        ways = [told for some in self.words if (told := self._told(some, names))]
        if not ways or math.prod(map(len, ways)) > _MOST_ALTERNATIVES:
            return None
        grams = [[*chain(*one)] for one in product(*ways)] + [list(one.grams) for one in self.together if self._may_stand(one)]
        both = matching.ids_together(name, grams, self.there, most=_TOGETHER)
        elsewhere = [replace(one, most=_TOGETHER) for one in chain(*self.words) if one.noun not in names]
        # A row may belong to nobody but their owner; of the noun itself, each row is in the index.
        without = [] if self.places[name] == _OWN else [self._all_of(owner) for owner in searched()[name].owners]
        found = {} if both is None else matching.ids([*elsewhere, *without], self.there)
        if both is None or any(ids.n >= _TOGETHER for ids in found.values()):
            return None
        named = [(name, both), *((noun, ids) for (noun, _question), ids in found.items())]
        return Q(*(among(self.places[noun], ids.array) for noun, ids in named), _connector=Q.OR), sum(ids.n for _noun, ids in named)

    def _is_asked_together(self, noun: str) -> bool:
        """Whether an index of what its records hold with their owners tells of all rows: what stands in two owners alone is told of the noun's own rows."""
        owners = searched()[noun].owners
        return bool(owners) and owners.keys() <= self.places.keys() and (len(owners) == 1 or self.places[noun] == _OWN)

    def _told(self, some: list[Question], names: Collection[str]) -> list[list[str]]:
        """The grams by which a word may be told in a record and its owner, openly and hidden; none where one of the ways tells nothing."""
        ways = {one.is_hidden: [gram for gram in one.grams if tells(gram)] for one in some if one.noun in names and self._may_stand(one)}
        return list(ways.values()) if all(ways.values()) else []

    def _may_stand(self, one: Question) -> bool:
        return not self._is_counted(one) or self.ids[one.noun, one.name].n > 0

    def _all_of(self, noun: str) -> Question:
        """All words in a record of the noun: a row may have no other."""
        own = [one for some in self.words for one in some if one.noun == noun and not one.is_hidden]
        return Question(noun, "all", [*chain(*(one.grams for one in own))], [*chain(*(one.patterns for one in own))], _TOGETHER)

    def counted(self) -> Q:
        """Where the words that have ids stand, or all together: what can be said without reading a record."""
        each = Q(*(self._any(some) for some in self.words if all(map(self._is_counted, some))))
        return each | self._all([self.together], one_by_one=False) if self.together else each

    def uncounted(self) -> _Asked:
        """What is left to ask of the rows where the counted words stand."""
        return replace(self, words=[some for some in self.words if not all(map(self._is_counted, some))])

    def _expected(self, some: Iterable[Question]) -> int:
        return sum(self.expected[one.noun, one.name] for one in some)

    def _often(self) -> list[Question]:
        return [one for one in chain(*self.words, self.together) if not self._is_counted(one)]

    def held(self, *, one_by_one: bool) -> Q:
        each = self._all(self.words, one_by_one)
        return each | self._all([self.together], one_by_one) if self.together else each

    def _all(self, asked: list[list[Question]], one_by_one: bool) -> Q:
        """Where all of the questions have something that answers. Few ids are compared first, before a record is read."""
        read = [some for some in asked if not all(map(self._is_counted, some))] if one_by_one else []
        counted = Q(*(self._any(some) for some in asked if some not in read))
        return counted & _read(read, self.places) if read else counted

    def _any(self, questions: list[Question]) -> Q:
        held = (_held(one, self.ids.get((one.noun, one.name)), self.places[one.noun]) for one in questions)
        return Q(*held, _connector=Q.OR)

    def _is_counted(self, one: Question) -> bool:
        return (one.noun, one.name) in self.ids


def _about(words: tuple[str, ...], places: Iterable[str], open_to: list[str]) -> list[Question]:
    """What is asked about each place so that words that stand there together are found; hidden texts are asked about one word."""
    grams, patterns = [gram for word in words for gram in grams_within(word)], [f"%{word}%" for word in words]
    asked = [Question(name, f"{_WORDS} {' '.join(words)}", grams, patterns, _MANY) for name in places]
    alone = Sought(words[0], words)
    return asked + [_hidden(name, alone, f"{_HIDDEN} {words[0]}") for name in open_to if len(alone.hidden) >= _SHORTEST_HIDDEN]


def _ids(asked: list[Question], there: Blocks) -> tuple[dict[tuple[str, str], Ids], dict[tuple[str, str], int]]:
    """The ids of the records that answer each question, none for one that many answer, as the newest of them tell; and how many that may be."""
    newest = defaultdict(list, {noun: keys[:1] for noun, keys in there.items()})
    tried = matching.ids([replace(one, most=_TOLD) for one in asked], newest)
    n_newest = {(one.noun, one.name): tried.get((one.noun, one.name), Ids()).n for one in asked}
    # As many in each block would be far too many to be named: none of them is read for that.
    few = [one for one in asked if (n := n_newest[one.noun, one.name]) < _OFTEN and n * len(there[one.noun]) < _FAR_TOO_MANY]
    found = matching.ids(few, there)
    ids = {key: answer for one in few if (answer := found.get(key := (one.noun, one.name), Ids())).n < one.most}
    return ids, {key: ids[key].n if key in ids else n * len(there[key[0]]) for key, n in n_newest.items()}


def _hidden(name: str, what: Sought, question: str) -> Question:
    return Question(name, question, grams_hidden(what.hidden), [f"%{what.hidden}%"], _MANY, is_hidden=True)


def _hidden_but_open_to(reader: User, noun: str) -> list[str]:
    """The nouns in reach whose hidden texts this reader may ask."""
    standing = abilities.standing_of(reader)
    return [name for name, _path in _places(noun) if searched()[name].hides and not standing.hides(name) & searched()[name].hides]


class _Read(Expression):
    """Whether the texts of the records at some places hold what is asked. Each record is read once, whatever is asked of it.

    `places` has for each place a question for the two texts of its record, open and hidden; `asked` are any of which all must hold: place,
    hidden, patterns.
    """

    def __init__(self, places: list[Any], asked: Sequence[Sequence[tuple[int, bool, Sequence[str]]]]) -> None:
        super().__init__(output_field=BooleanField())
        self.places, self.asked = places, asked

    def get_source_expressions(self) -> list[Any]:
        return self.places

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        self.places = list(exprs)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:  # noqa: ARG002 - Django's own signature
        """A question without rows of its own; OFFSET keeps PostgreSQL from asking for a record at each pattern anew."""
        read = [compiler.compile(place) for place in self.places]
        texts = ", ".join(f"{sql} AS place_{nth}" for nth, (sql, _values) in enumerate(read))
        each = [" OR ".join(f"one.place_{place}[{2 if is_hidden else 1}] LIKE ALL (%s)" for place, is_hidden, _patterns in some) for some in self.asked]
        patterns = [list(patterns) for some in self.asked for _place, _is_hidden, patterns in some]
        return f"(SELECT ({') AND ('.join(each)}) FROM (SELECT {texts} OFFSET 0) AS one)", (*patterns, *(value for _sql, values in read for value in values))


def _read(asked: Sequence[Sequence[Question]], places: dict[str, str]) -> Q:
    """Whether a row's records hold something of each of the questions: read as values, since PostgreSQL, asked whether there is such a record,
    would read all that hold the word to look a few rows up among them."""
    names = list(dict.fromkeys(one.noun for one in chain(*asked)))
    texts = Func(F("words"), F("hidden"), template="ARRAY[%(expressions)s]", output_field=ArrayField(TextField()))
    entries = [Subquery(SearchEntry.objects.filter(noun=name, record_id=OuterRef(places[name])).values_list(texts)) for name in names]
    return Q(_Read(entries, [[(names.index(one.noun), one.is_hidden, one.patterns) for one in some] for some in asked]))


def _held(question: Question, ids: Ids | None, path: str) -> Q:
    """Whether the record at the path is one of those that answer the question."""
    if ids is not None:
        return among(path, ids.array)
    words = (Q(**{f"{_HIDDEN if question.is_hidden else _WORDS}__contains": pattern.strip("%")}) for pattern in question.patterns)
    return Q(Exists(SearchEntry.objects.filter(*words, noun=question.noun, record_id=OuterRef(path))))


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
                yield name, f"{way}_id" if way else _OWN
            paths = searched()[name].beside or searched()[name].through
            further += [(other, f"{way}__{path}".removeprefix("__").removesuffix("_id")) for other, path in paths.items()]
        near = further
