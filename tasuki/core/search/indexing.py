"""Keeping the index in step: reading the changes that the triggers noted, a few at once for whoever searches, all of them in a job."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from django.db import connection, transaction

from tasuki.core.imports.copying import copy_in, execute
from tasuki.core.search.entries import SearchEntry, SearchTogether
from tasuki.core.search.folding import LATER_WORD, Keys, fold, grams_of, grams_together, initials
from tasuki.core.search.nouns import Texts, searched

# Records of one block share their keys, so that the newest are asked first and the older only when there are too few.
BLOCK = 1 << 13
# How many changes whoever searches reads in before: what somebody typed in a moment ago, never an import.
AT_HAND = 300
_SLICE = 4_000
_LOCK = 0x5EA2C  # an advisory lock of the transaction that reads changes in
_COLUMNS = ("noun", "record_id", "belongs_to", "words", "hidden", "keys")
_TOGETHER = ("noun", "record_id", "keys")
_KEPT_BLOCKS = 8
_MOST_WORDS = 5
_Words = tuple[list[str], list[str]]


@transaction.atomic
def absorb(*, at_most: int) -> int:
    """Read the oldest noted changes into the index; → how many records. Somebody else who does so already does it for both."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM core_searchchange WHERE n_records <= %s)", [at_most])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_TAKE, [at_most, at_most])
        taken = cursor.fetchall()
    ids: dict[tuple[str, bool], set[int]] = defaultdict(set)
    for noun, record_ids, is_of_owners in taken:
        ids[noun, is_of_owners] |= set(record_ids)
    for (noun, is_of_owners), changed in ids.items():
        (_write_of_owners if is_of_owners else _write)(noun, sorted(changed))
    if taken:
        # New keys wait in a list of the index until somebody sorts them in; who looks for a key would have to read all of it.
        execute("SELECT gin_clean_pending_list('search_by_key'), gin_clean_pending_list('search_together_by_key')")
    return sum(map(len, ids.values()))


# The running sum lets in what fits, and at least one.
_TAKE = """
DELETE FROM core_searchchange WHERE id IN (
    SELECT id FROM (
        SELECT id, n_records, sum(n_records) OVER (ORDER BY id) AS up_to
        FROM (SELECT id, n_records FROM core_searchchange WHERE n_records <= %s ORDER BY id LIMIT 500) AS oldest
    ) AS summed WHERE up_to <= %s OR up_to = n_records
) RETURNING noun, record_ids, is_of_owners
"""


def absorb_all() -> int:
    """Read all noted changes in, slice by slice; → how many records. The job of every few seconds (see schedule.py); safe to run twice."""
    done = 0
    while n := absorb(at_most=_SLICE):
        done += n
    return done


def rebuild() -> int:
    """Forget the index and read every record again; → how many records. What is being searched meanwhile is found as far as we are."""
    with transaction.atomic():
        execute("TRUNCATE core_searchentry, core_searchtogether, core_searchchange")
        for noun in searched().values():
            if noun.texts:
                table = noun.rows().model._meta.db_table
                statement = f"INSERT INTO core_searchchange (noun, record_ids, n_records) SELECT %s, array_agg(id), count(*) FROM {table} GROUP BY id / 2000"
                execute(statement, [noun.noun])
    return absorb_all()


def _write(noun: str, record_ids: Sequence[int]) -> None:
    reader = searched()[noun].texts
    if reader is None:
        raise LookupError(f"{noun} has no words of its own, yet a trigger notes its changes")
    keys = _KeysOfBlocks(noun)
    for ids in _sliced(record_ids):
        SearchEntry.objects.filter(noun=noun, record_id__in=ids).delete()
        # All of them before the first is copied: a connection that copies cannot be asked.
        read = list(reader(ids))
        copy_in(SearchEntry, _COLUMNS, filter(None, (_entry(noun, texts, keys) for texts in read)))
        _write_together(ids, read, keys)
    for owned in searched().values():
        if noun in owned.owners:
            _write_owned(owned.noun, record_ids, owners=noun)


def _write_together(ids: Sequence[int], read: Sequence[Texts], keys: _KeysOfBlocks) -> None:
    """What the records of these ids, of which the texts of those that there are were read, hold together with their owners."""
    noun, owners = keys.noun, searched()[keys.noun].owners
    if not owners:
        return
    SearchTogether.objects.filter(noun=noun, record_id__in=ids).delete()
    held: dict[int, list[_Words]] = defaultdict(list)
    for name, those in owners.items():
        pairs, texts_of = list(those.of(ids)), searched()[name].texts
        named = texts_of(sorted({owner for _record, owner in pairs})) if texts_of and pairs else ()
        words = {texts.record_id: _words(texts) for texts in named}
        for record_id, owner in pairs:
            if owner in words:
                held[record_id].append(words[owner])

    def row(texts: Texts) -> tuple[object, ...]:
        together = [_words(texts), *held[texts.record_id]]
        grams = grams_together(chain(*(said for said, _hidden in together)), chain(*(hidden for _said, hidden in together)))
        # In their order, so that what is read again is the same in whichever order its owners are found.
        return noun, texts.record_id, keys.of(texts.record_id // BLOCK).array(sorted(grams))

    copy_in(SearchTogether, _TOGETHER, [row(texts) for texts in read])


def _write_of_owners(noun: str, record_ids: Sequence[int]) -> None:
    asked = searched()[noun]
    keys = _KeysOfBlocks(noun)
    for ids in _sliced(record_ids):
        _write_together(ids, list(asked.texts(ids)) if asked.texts else [], keys)


def _write_owned(noun: str, record_ids: Sequence[int], *, owners: str) -> None:
    """The same for all that belong to these, of which the words are others now: a few at once, many are noted. What was never read waits for it."""
    owned_by = searched()[noun].owners[owners].owned
    owned = {one for some in _sliced(record_ids) for one in owned_by(some)}
    known = SearchTogether.objects.filter(noun=noun).order_by("record_id").values_list("record_id", flat=True)
    ids = [one for some in _sliced(sorted(owned)) for one in known.filter(record_id__in=some)]
    if len(ids) <= AT_HAND:
        _write_of_owners(noun, ids)
    else:
        execute(_NOTE_OF_OWNERS, [noun, ids])


_NOTE_OF_OWNERS = """
INSERT INTO core_searchchange (noun, record_ids, n_records, is_of_owners)
SELECT %s, array_agg(id), count(*), true FROM unnest(%s::bigint[]) AS named(id) GROUP BY id / 2000
"""


def _entry(noun: str, texts: Texts, keys: _KeysOfBlocks) -> tuple[object, ...] | None:
    titles = _folded(texts.titles)
    others = _others(titles, texts)
    hidden = _folded(texts.hidden)
    if not (titles or others or hidden):
        return None
    return (
        noun,
        texts.record_id,
        texts.belongs_to,
        "\n".join([*titles, *others, *(f"{LATER_WORD}{words}" for words in _folded(_from_later_words(texts.titles)))]),
        "\n".join(hidden),
        keys.of(texts.record_id // BLOCK).array(grams_of(titles, others, hidden)),
    )


def _others(titles: Sequence[str], texts: Texts) -> list[str]:
    return _folded([*map(initials, titles), *texts.others])


def _words(texts: Texts) -> _Words:
    """All that everybody may look for, folded, and what is hidden from some."""
    titles = _folded(texts.titles)
    return [*titles, *_others(titles, texts)], _folded(texts.hidden)


def _from_later_words(titles: Sequence[str]) -> Iterator[str]:
    """The titles from their second word on, from their third, …: what is typed may be the start of any word."""
    for title in titles:
        words = title.split(maxsplit=_MOST_WORDS)
        yield from (" ".join(words[nth:]) for nth in range(1, len(words)))


def _folded(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(folded for text in texts if (folded := fold(text))))


class _KeysOfBlocks:
    """The keys of the blocks that are being written: records come in order, so that few are needed at once."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._blocks: OrderedDict[int, Keys] = OrderedDict()

    def of(self, block: int) -> Keys:
        if block not in self._blocks:
            if len(self._blocks) == _KEPT_BLOCKS:
                self._blocks.popitem(last=False)
            self._blocks[block] = Keys(self.noun, block)
        return self._blocks[block]


def _sliced(ids: Sequence[int]) -> Iterator[list[int]]:
    walk = iter(ids)
    while batch := list(islice(walk, _SLICE)):
        yield batch
