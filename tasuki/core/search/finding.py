"""Answering a person: the ids of the rows that they may see, noun by noun, those first that they had lately."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Value

from tasuki.core import abilities
from tasuki.core.recents import KEPT, RecentRecord
from tasuki.core.search import indexing, matching, nearly
from tasuki.core.search.arrays import among, written
from tasuki.core.search.folding import Sought, grams_within, sought
from tasuki.core.search.matching import Hit, Question, Rank
from tasuki.core.search.nouns import Searched, searched

if TYPE_CHECKING:
    from tasuki.core.people import User

# Below so many records, those are shown too that were nearly meant.
_FEW = 3
# How many rows are looked at that are reached through one other noun, before they are put in order.
_REACHED = 400
_LAST = KEPT + 1
_WORST = 1_000

Hits = dict[str, dict[int, Hit]]
Seen = dict[str, dict[int, int]]


@dataclass(frozen=True)
class Found:
    """The ids of visible rows by noun, best first, at most as many as were asked for; and whether they were only nearly meant."""

    ids: dict[str, list[int]]
    is_nearly: bool = False


def find(user: User, text: str, *, most: int = 5, of: str = "") -> Found:
    """Rows of every noun, or only `of` one, that hold the words. Nothing for a person without a role, and for a text without a letter or digit."""
    what = sought(text)
    if what is None or not abilities.standing_of(user).roles:
        return Found({})
    indexing.absorb(at_most=indexing.AT_HAND)
    lately, there = Lately(user), matching.blocks()
    nouns = _asked_for(of)
    hits, cut = _hits(user, what, nouns=nouns, lately=lately, there=there)
    seen = _seen(user, hits, nouns)
    if short := _short(user, seen, cut, nouns=nouns, most=most):
        _add(seen, _seen(user, _nearest(user, what, short), nouns))
    for noun in nouns:
        for column in noun.exact:
            rows = noun.rows().visible_to(user).filter(**{column: storable(text)})
            _add(seen, {noun.noun: dict.fromkeys(rows.values_list("pk", flat=True)[:most], int(Rank.WHOLE))})
    if of:
        seen = {of: seen.get(of, {})}
    n_seen = sum(map(len, seen.values()))
    if n_seen < (1 if of else _FEW):
        _add(seen, _seen(user, nearly.hits(what, there, nouns=nouns), nouns))
    best = {noun: sorted(rows, key=lambda pk: (lately.place(noun, pk), rows[pk], -pk))[:most] for noun, rows in seen.items() if rows and of in ("", noun)}
    return Found(best, is_nearly=not n_seen and bool(best))


def _asked_for(of: str) -> list[Searched]:
    """The nouns that are asked about where one of them is wanted: itself, and those through which it is reached. Else all."""
    return [noun for noun in searched().values() if not of or noun.noun in {of, *_sources(searched()[of])}]


class Lately:
    """What the person opened lately, and what those records hang on; one query, and one for each noun reached through others."""

    def __init__(self, user: User) -> None:
        self.order: dict[str, dict[int, int]] = defaultdict(dict)
        latest = RecentRecord.objects.visible_to(user).latest_first().values_list("noun", "record_id")[:KEPT]
        for place, (name, record_id) in enumerate(latest):
            self.order[name][record_id] = place
        self.words: dict[str, set[int]] = defaultdict(set)
        for noun in searched().values():
            own = self.order.get(noun.noun, {})
            if noun.texts:
                self.words[noun.noun] |= set(own)
            if noun.through:
                for ids in noun.rows().filter(pk__in=own).values_list(*noun.through.values()):
                    for other, record_id in zip(noun.through, ids, strict=True):
                        self.words[other] |= {record_id} - {None}

    def place(self, noun: str, record_id: int) -> int:
        """0 for what was opened last; `_LAST` for what was not."""
        return self.order.get(noun, {}).get(record_id, _LAST)


def _hits(user: User, what: Sought, *, nouns: list[Searched], lately: Lately, there: matching.Blocks) -> tuple[Hits, set[str]]:
    """What the index says, and what the person had lately; and the nouns of which there is more than was looked at."""
    standing = abilities.standing_of(user)
    asked = [
        question for noun in nouns if noun.texts for question in matching.questions(what, noun=noun, sees_hidden=not (standing.hides(noun.noun) & noun.hides))
    ]
    answers = matching.ask([*asked, *_parts(what, nouns)], there)
    cut = {question.noun for question in asked if len(answers[question.noun, question.name]) >= question.most}
    better = [question for noun in sorted(cut) for question in matching.better_questions(what, noun=searched()[noun])]
    answers |= matching.ask(better, there)
    hits: Hits = {noun: {} for noun in searched()}
    for question in (*asked, *better):
        hits[question.noun] |= matching.ranked(answers[question.noun, question.name], what)
    names = {noun.noun for noun in nouns}
    for name, some in matching.among({name: ids for name, ids in lately.words.items() if name in names}, what).items():
        hits[name] |= some
    _add_together(hits, answers, what, nouns=nouns)
    return hits, cut


def _short(user: User, seen: Seen, cut: set[str], *, nouns: list[Searched], most: int) -> set[str]:
    """For who sees few rows: the nouns that should be looked for among those few, because the index was full of other people's."""
    standing = abilities.standing_of(user)
    short = set[str]()
    for noun in nouns:
        if len(seen.get(noun.noun, {})) < most:
            short |= {noun.noun, *_sources(noun)} & cut
    return {noun for noun in short if searched()[noun].nearest and not standing.sees_all(searched()[noun].ruled_by or noun)}


def _sources(noun: Searched) -> set[str]:
    """The nouns through which this one is reached, near and far."""
    return set(noun.through).union(*(_sources(searched()[other]) for other in noun.through))


def _nearest(user: User, what: Sought, nouns: set[str]) -> Hits:
    """The hits among the rows that are nearest to the person."""
    near = {name: nearest(user) for name in sorted(nouns) if (nearest := searched()[name].nearest)}
    return {noun: {} for noun in searched()} | matching.among_rows(near, what)


def _seen(user: User, hits: Hits, nouns: list[Searched]) -> Seen:
    """The rows that the person may see: those that hold the words, and those that are reached through such. Rank by id, by noun."""
    ranks: dict[str, dict[int, int]] = {}
    # A noun is reached through others after they have been.
    for noun in sorted(nouns, key=lambda noun: len(_sources(noun))):
        own = {record_id: int(hit.rank) for record_id, hit in hits.get(noun.noun, {}).items()}
        for other, path in noun.through.items():
            via = dict(sorted(ranks[other].items(), key=lambda one: (one[1], -one[0]))[: matching.WANTED])
            for pk, source in noun.rows().filter(among(path, written(via))).values_list("pk", path)[:_REACHED] if via else ():
                own[pk] = min(own.get(pk, _WORST), via[source] + len(Rank))
        ranks[noun.noun] = own
    seen: Seen = {noun.noun: {} for noun in nouns}
    for name, pk in _visible(user, ranks):
        seen[name][pk] = ranks[name][pk]
    return seen


def _visible(user: User, wanted: Mapping[str, Collection[int]]) -> Iterable[tuple[str, int]]:
    """Noun and id of those that the person may see: one question for all nouns."""
    rows = {name: searched()[name].rows().visible_to(user).filter(among("pk", written(ids))) for name, ids in wanted.items() if ids}
    each = [some.order_by().values_list(Value(name), "pk") for name, some in rows.items()]
    return each[0].union(*each[1:], all=True) if each else ()


def _add(seen: Seen, more: Seen) -> None:
    for noun, ranks in more.items():
        for pk, rank in ranks.items():
            seen[noun][pk] = min(seen[noun].get(pk, _WORST), rank)


def _parts(what: Sought, nouns: list[Searched]) -> list[Question]:
    """For words of two records together, such as a person and their company: the companies of each word."""
    if len(what.words) < 2:
        return []
    owners = {noun.belongs_to for noun in nouns if noun.belongs_to}
    return [Question(owner, word, grams_within(word), [f"%{word}%"], most=200) for owner in owners for word in what.words]


def _add_together(hits: Hits, answers: dict[tuple[str, str], list[Hit]], what: Sought, *, nouns: list[Searched]) -> None:
    if len(what.words) < 2:
        return
    for noun in nouns:
        for word in what.words if noun.belongs_to else ():
            owners = [hit.record_id for hit in answers.get((noun.belongs_to, word), [])]
            for hit in matching.belonging_to(owners, noun=noun.noun, words=[other for other in what.words if other != word]):
                hits[noun.noun].setdefault(hit.record_id, hit)


def storable(text: str) -> str:
    """The text without what PostgreSQL cannot hold: a NUL, half of a character."""
    return text.replace("\0", "").encode(errors="ignore").decode().strip()


def visible_recents(user: User, *, most: int) -> list[tuple[str, int]]:
    """Noun and id of what the person opened last and may still see, the last first."""
    latest = list(RecentRecord.objects.visible_to(user).latest_first().values_list("noun", "record_id")[:KEPT])
    ids: dict[str, set[int]] = defaultdict(set)
    for name, record_id in latest:
        ids[name].add(record_id)
    seen = set(_visible(user, {name: ids[name] for name in searched() if name in ids}))
    return [one for one in latest if one in seen][:most]
