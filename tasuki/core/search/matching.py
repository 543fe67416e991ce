"""Asking the index: which records hold the words, best and newest first, and never more work than a few blocks of records."""

from __future__ import annotations

import enum
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from tasuki.core.search.arrays import written
from tasuki.core.search.entries import SearchEntry
from tasuki.core.search.folding import LATER_WORD, Keys, Sought, grams_at_start, grams_hidden, grams_of_whole, grams_within
from tasuki.core.search.indexing import BLOCK
from tasuki.core.search.nouns import Searched, searched

WANTED = 120
_MOST_AMONG = 200
Blocks = dict[str, list[Keys]]


class Rank(enum.IntEnum):
    """How well a record fits, best first."""

    WHOLE = 0
    START = 1
    START_OF_WORD = 2
    WITHIN = 3
    WORDS = 4
    TOGETHER = 5
    HIDDEN = 6
    NEARLY = 7


@dataclass(frozen=True)
class Hit:
    record_id: int
    rank: Rank
    belongs_to: int | None
    words: str


@dataclass(frozen=True)
class Question:
    """One thing asked of the index about one noun. `grams` must all be in a record's keys, `patterns` all fit its words (LIKE)."""

    noun: str
    name: str
    grams: Sequence[str]
    patterns: Sequence[str]
    most: int
    is_hidden: bool = False


@dataclass(frozen=True)
class Ids:
    """The ids of `n` records, as PostgreSQL writes an array and reads it again: of many, numbers of Python between would take longest."""

    n: int = 0
    array: str = "{}"

    def some(self, n: int) -> Ids:
        """About so many of them, evenly taken."""
        if self.n <= n:
            return self
        taken = self.array.strip("{}").split(",")[:: self.n // n]
        return Ids(len(taken), written(taken))


# The newest block comes first, and the walk ends with the block that fills what is wanted.
_ASKED = "FROM jsonb_to_recordset(%s) AS question(noun text, name text, keys jsonb, patterns text[], is_hidden boolean, most int)"
_HITS = """
    SELECT found.* FROM jsonb_array_elements_text(question.keys) AS block(keys)
    CROSS JOIN LATERAL (
        SELECT {columns} FROM core_searchentry AS entry
        WHERE entry.keys @> block.keys::int[] AND entry.noun || '' = question.noun
          AND (CASE WHEN question.is_hidden THEN entry.hidden ELSE E'\\n' || entry.words || E'\\n' END) LIKE ALL (question.patterns)
        {order} LIMIT question.most
    ) AS found LIMIT question.most
"""
_NEWEST = _HITS.format(columns="entry.record_id, entry.belongs_to, entry.words", order="ORDER BY entry.record_id DESC")
_ASK = f"SELECT question.noun, question.name, hit.record_id, hit.belongs_to, hit.words {_ASKED} CROSS JOIN LATERAL ({_NEWEST}) AS hit"
# Who counts records out needs no order of them. Those of each question are put together where they are found: nothing has to be sorted by questions.
_COUNTED = f"SELECT count(*) AS n, array_agg(record_id)::text AS ids FROM ({_HITS.format(columns='entry.record_id', order='')}) AS each"
_IDS = f"SELECT question.noun, question.name, hit.n, hit.ids {_ASKED} CROSS JOIN LATERAL ({_COUNTED}) AS hit WHERE hit.n > 0"
# Each block is asked for what holds the keys of one array; the same record may answer several.
_TOGETHER = """
SELECT count(*), array_agg(hit.record_id)::text FROM (
    SELECT DISTINCT found.record_id FROM jsonb_array_elements_text(%s) AS block(keys)
    CROSS JOIN LATERAL (SELECT record_id FROM core_searchtogether AS entry WHERE entry.keys @> block.keys::int[] AND entry.noun || '' = %s LIMIT %s) AS found
    LIMIT %s
) AS hit
"""
# Who waits to be read into it.
_IS_WAITING = "SELECT EXISTS (SELECT FROM core_searchchange WHERE noun = %s)"
_AMONG = """
SELECT entry.noun, entry.record_id, entry.belongs_to, entry.words
FROM unnest(%s::varchar[], %s::bigint[]) AS wanted(noun, record_id)
JOIN core_searchentry AS entry ON entry.noun = wanted.noun AND entry.record_id = wanted.record_id
WHERE entry.words LIKE ALL (%s::text[])
LIMIT %s
"""
# The same for the rows of some questions for ids, which stay in the database.
_AMONG_ROWS = """
(SELECT entry.noun, entry.record_id, entry.belongs_to, entry.words
FROM ({rows}) AS near(record_id) JOIN core_searchentry AS entry ON entry.noun = %s AND entry.record_id = near.record_id
WHERE entry.words LIKE ALL (%s::text[]) LIMIT %s)
"""
# Which blocks there are, newest first: from each, a step to the next lower record.
_BLOCKS = """
WITH RECURSIVE block(noun, no) AS (
    SELECT noun, (SELECT max(record_id) FROM core_searchentry AS entry WHERE entry.noun = named.noun) / %(size)s
    FROM unnest(%(nouns)s::varchar[]) AS named(noun)
    UNION ALL
    SELECT noun, (SELECT max(record_id) FROM core_searchentry AS entry WHERE entry.noun = block.noun AND record_id < block.no * %(size)s) / %(size)s
    FROM block WHERE no IS NOT NULL
)
SELECT noun, no FROM block WHERE no IS NOT NULL ORDER BY no DESC
"""


def questions(what: Sought, *, noun: Searched, sees_hidden: bool) -> list[Question]:
    """What is asked about every noun: the newest that hold the words."""
    asked = [Question(noun.noun, "words", [gram for word in what.words for gram in grams_within(word)], _patterns(what), WANTED)]
    if noun.hides and sees_hidden and len(what.hidden) >= 3:
        asked.append(Question(noun.noun, "hidden", grams_hidden(what.hidden), [f"%{what.hidden}%"], WANTED, is_hidden=True))
    return asked


def better_questions(what: Sought, *, noun: Searched) -> list[Question]:
    """What is asked besides when older records had to be left out: those that are called so, or begin so, whenever they came."""
    return [
        Question(noun.noun, "whole", grams_of_whole(what.whole), [f"%\n{what.whole}\n%"], WANTED),
        Question(noun.noun, "start", grams_at_start(what.whole), [f"%\n{what.whole}%"], WANTED),
    ]


def blocks() -> Blocks:
    """The keys of every block that has records, by noun, the newest first."""
    found: Blocks = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_BLOCKS, {"size": BLOCK, "nouns": [noun.noun for noun in searched().values() if noun.texts]})
        for noun, block in cursor.fetchall():
            found[noun].append(Keys(noun, block))
    return found


def ask(asked: Sequence[Question], there: Blocks) -> dict[tuple[str, str], list[Hit]]:
    """Ask everything in one statement; → the hits of each question by its noun and name."""
    found: dict[tuple[str, str], list[Hit]] = defaultdict(list)
    for noun, name, record_id, belongs_to, words in _answers(_ASK, asked, there):
        found[noun, name].append(Hit(record_id, Rank.WORDS, belongs_to, words))
    return found


def ids(asked: Sequence[Question], there: Blocks) -> dict[tuple[str, str], Ids]:
    """As `ask`, the ids alone, in no order; what nothing answers is missing."""
    return {(noun, name): Ids(n, array) for noun, name, n, array in _answers(_IDS, asked, there)}


def ids_together(noun: str, grams: Iterable[Sequence[str]], there: Blocks, *, most: int) -> Ids | None:
    """The ids of the records that hold all of some grams, together with their owners; more than those that hold the words, never less.

    None where somebody waits to be read, so that less would be found, or where there are `most`.
    """
    asked = [keys.array(some) for some in grams for keys in there[noun]]
    with connection.cursor() as cursor:
        cursor.execute(_IS_WAITING, [noun])
        if cursor.fetchone()[0]:
            return None
        cursor.execute(_TOGETHER, [json.dumps(asked), noun, most, most])
        n, array = cursor.fetchone()
    return Ids(n, array or "{}") if n < most else None


def _answers(statement: str, asked: Sequence[Question], there: Blocks) -> list[tuple[Any, ...]]:
    sent = [
        {
            "noun": one.noun,
            "name": one.name,
            "keys": [keys.array(one.grams) for keys in there[one.noun]],
            "patterns": one.patterns,
            "is_hidden": one.is_hidden,
            "most": one.most,
        }
        for one in asked
    ]
    if not sent:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(sent)])
        return list(cursor.fetchall())


def ranked(hits: Iterable[Hit], what: Sought) -> dict[int, Hit]:
    """The hits by id, each with how well its words fit."""
    return {hit.record_id: Hit(hit.record_id, rank_of(hit.words, what), hit.belongs_to, hit.words) for hit in hits}


def rank_of(words: str, what: Sought) -> Rank:
    """How well the folded words of a record fit."""
    lined = f"\n{words}\n"
    if f"\n{what.whole}\n" in lined:
        return Rank.WHOLE
    if f"\n{what.whole}" in lined:
        return Rank.START
    if f"\n{LATER_WORD}{what.whole}" in lined:
        return Rank.START_OF_WORD
    if what.whole in lined:
        return Rank.WITHIN
    return Rank.WORDS if all(word in lined for word in what.words) else Rank.HIDDEN


def among(ids: Mapping[str, Collection[int]], what: Sought) -> dict[str, dict[int, Hit]]:
    """Which of some records hold the words: for those that are looked at whatever the index puts first."""
    wanted = [(noun, record_id) for noun, record_ids in ids.items() for record_id in record_ids]
    return _hits(_AMONG, [[noun for noun, _id in wanted], [record_id for _noun, record_id in wanted], _patterns(what), _MOST_AMONG], what)


def among_rows(asked: Mapping[str, Sequence[QuerySet[Any]]], what: Sought) -> dict[str, dict[int, Hit]]:
    """As `among`, for the records whose ids the questions of a noun answer; one statement for all."""
    each: list[str] = []
    values: list[Any] = []
    for noun, questions_for_ids in asked.items():
        written = [some.query.sql_with_params() for some in questions_for_ids]
        each.append(_AMONG_ROWS.format(rows=" UNION ".join(f"({sql})" for sql, _values in written)))
        values += [*(value for _sql, some in written for value in some), noun, _patterns(what), _MOST_AMONG]
    return _hits(" UNION ALL ".join(each), values, what) if each else {}


def _patterns(what: Sought) -> list[str]:
    return [f"%{word}%" for word in what.words]


def _hits(statement: str, values: list[Any], what: Sought) -> dict[str, dict[int, Hit]]:
    found: dict[str, list[Hit]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        for noun, record_id, belongs_to, words in cursor.fetchall():
            found[noun].append(Hit(record_id, Rank.WORDS, belongs_to, words))
    return {noun: ranked(hits, what) for noun, hits in found.items()}


def belonging_to(owners: Sequence[int], *, noun: str, words: Sequence[str]) -> list[Hit]:
    """Records that belong to one of the owners and hold the words themselves."""
    rows = SearchEntry.objects.filter(noun=noun, belongs_to__in=owners)
    for word in words:
        rows = rows.filter(words__contains=word)
    found = rows.values_list("record_id", "belongs_to", "words")[:WANTED]
    return [Hit(record_id, Rank.TOGETHER, owner, text) for record_id, owner, text in found]
