"""Answering a person: the ids of the rows that they may see, noun by noun, those first that they had lately."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasuki.core import abilities
from tasuki.core.abilities import Scope, Standing
from tasuki.core.recents import KEPT, RecentRecord
from tasuki.core.search import indexing, matching, nearly
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


@dataclass(frozen=True)
class Found:
    """The ids of visible rows by noun, best first, at most as many as were asked for; and whether they were only nearly meant."""

    ids: dict[str, list[int]]
    is_nearly: bool = False


def find(user: User, text: str, *, most: int = 5) -> Found:
    """Rows of every noun that hold the words. Nothing for a person without a role, and for a text without a letter or digit."""
    what = sought(text)
    standing = abilities.standing_of(user)
    if what is None or not standing.roles:
        return Found({})
    indexing.absorb(at_most=indexing.AT_HAND)
    lately = Lately(user)
    there = matching.blocks()
    hits = _hits(user, what, lately=lately, there=there)
    found = _visible(user, hits, lately, text=text, most=most)
    if sum(map(len, found.values())) >= _FEW:
        return Found(found)
    close = nearly.hits(what, there)
    return Found(
        _visible(user, {noun: close.get(noun, {}) | own for noun, own in hits.items()}, lately, text=text, most=most), is_nearly=not any(found.values())
    )


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


def _hits(user: User, what: Sought, *, lately: Lately, there: matching.Blocks) -> dict[str, dict[int, Hit]]:
    """What the index says, what the person had lately, and, for who sees few rows, what is among those few."""
    standing = abilities.standing_of(user)
    asked = [
        question
        for noun in searched().values()
        if noun.texts
        for question in matching.questions(what, noun=noun, sees_hidden=not (standing.hides(noun.noun) & noun.hides))
    ]
    answers = matching.ask([*asked, *_parts(what)], there)
    cut = {question.noun: searched()[question.noun] for question in asked if len(answers[question.noun, question.name]) >= question.most}
    better = [question for noun in cut.values() for question in matching.better_questions(what, noun=noun)]
    answers |= matching.ask(better, there)
    hits: dict[str, dict[int, Hit]] = {noun: {} for noun in searched()}
    for question in (*asked, *better):
        hits[question.noun] |= matching.ranked(answers[question.noun, question.name], what)
    near = {name: ids | _nearest(user, standing, cut[name]) if name in cut else ids for name, ids in lately.words.items()}
    for noun, some in matching.among(near, what).items():
        hits[noun] |= some
    _add_together(hits, answers, what)
    return hits


def _nearest(user: User, standing: Standing, noun: Searched) -> set[int]:
    """Few rows are visible, and the index was full of others: so the few are looked through."""
    if noun.nearest is None or standing.scope(noun.ruled_by or noun.noun) is Scope.ALL:
        return set()
    return set(noun.nearest(user)) - {None}


def _parts(what: Sought) -> list[Question]:
    """For words of two records together, such as a person and their company: the companies of each word."""
    if len(what.words) < 2:
        return []
    owners = {noun.belongs_to for noun in searched().values() if noun.belongs_to}
    return [Question(owner, word, grams_within(word), [f"%{word}%"], most=200) for owner in owners for word in what.words]


def _add_together(hits: dict[str, dict[int, Hit]], answers: dict[tuple[str, str], list[Hit]], what: Sought) -> None:
    if len(what.words) < 2:
        return
    for noun in searched().values():
        for word in what.words if noun.belongs_to else ():
            owners = [hit.record_id for hit in answers.get((noun.belongs_to, word), [])]
            for hit in matching.belonging_to(owners, noun=noun.noun, words=[other for other in what.words if other != word]):
                hits[noun.noun].setdefault(hit.record_id, hit)


def _visible(user: User, hits: dict[str, dict[int, Hit]], lately: Lately, *, text: str, most: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for noun in searched().values():
        ranks = {record_id: int(hit.rank) for record_id, hit in hits[noun.noun].items()}
        rows = noun.rows().visible_to(user)
        seen = {pk: ranks[pk] for pk in rows.filter(pk__in=ranks).values_list("pk", flat=True)} if ranks else {}
        for path, other in ((path, hits[other]) for other, path in noun.through.items()):
            best = sorted(other.values(), key=lambda hit: (hit.rank, -hit.record_id))[: matching.WANTED]
            further = {hit.record_id: hit.rank + len(Rank) for hit in best}
            for pk, via in rows.filter(**{f"{path}__in": further}).values_list("pk", path)[:_REACHED] if further else ():
                seen[pk] = min(seen.get(pk, further[via]), further[via])
        for column in noun.exact:
            seen |= dict.fromkeys(rows.filter(**{column: text.strip()}).values_list("pk", flat=True)[:most], Rank.WHOLE)
        if seen:
            found[noun.noun] = sorted(seen, key=lambda pk: (lately.place(noun.noun, pk), seen[pk], -pk))[:most]
    return found


def visible_recents(user: User, *, most: int) -> list[tuple[str, int]]:
    """Noun and id of what the person opened last and may still see, the last first."""
    latest = list(RecentRecord.objects.visible_to(user).latest_first().values_list("noun", "record_id")[:KEPT])
    ids: dict[str, set[int]] = defaultdict(set)
    for name, record_id in latest:
        ids[name].add(record_id)
    seen = set[tuple[str, int]]()
    for noun in searched().values():
        if own := ids.get(noun.noun):
            seen |= {(noun.noun, pk) for pk in noun.rows().visible_to(user).filter(pk__in=own).values_list("pk", flat=True)}
    return [one for one in latest if one in seen][:most]
