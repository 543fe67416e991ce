"""Mentions: “@” and the name of a colleague in a note. Whom a name means is found among the people who are here, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.people import User

if TYPE_CHECKING:
    from tasuki.crm.timeline import TimelineEntry

# More than so many people in one note are a crowd, and a crowd is not mentioned by name.
MOST = 20
_MOST_SIGNS = 200
_LONGEST = 80
# An “@” within a word is part of a mail address or of code.
_SIGN = re.compile(r"(?<![\w@.+-])[@＠](?=\S)")
# What may stand behind a name without a space.
_HONORIFICS = ("님", "씨", "さん", "様", "氏", "殿")


class Mention(models.Model):
    """A note names a person who may see what it is about; `label` is how it names them, without the “@”."""

    # The database takes it away with its note: see the migration.
    entry = models.ForeignKey("crm.TimelineEntry", models.CASCADE, related_name="mentions", db_index=False, db_constraint=False)
    person = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    label = models.CharField(max_length=_LONGEST)

    class Meta:
        verbose_name = _("mention")
        verbose_name_plural = _("mentions")
        constraints = [models.UniqueConstraint(fields=["entry", "label"], name="mention_once")]

    def __str__(self) -> str:
        return f"@{self.label}"


@dataclass
class Reading:
    """Whom a text names: `found` by label, and labels that may mean several people."""

    found: dict[str, User] = field(default_factory=dict)
    unclear: dict[str, list[User]] = field(default_factory=dict)

    @property
    def people(self) -> list[User]:
        """Each person once."""
        return list({person.pk: person for person in self.found.values()}.values())


def read(text: str, *, meant: Collection[int] = ()) -> Reading:
    """Find the names behind “@”. Where several people have one, those whose ids are in `meant` are."""
    reading, signs = Reading(), list(_SIGN.finditer(text))[:_MOST_SIGNS]
    if not signs:
        return reading
    names = _names(User.objects.active())
    for sign in signs:
        window = text[sign.end() : sign.end() + _LONGEST].split("\n", 1)[0]
        label, people = _longest(window, names)
        if not label or label in reading.found:
            continue
        chosen = people if len(people) == 1 else [person for person in people if person.pk in meant]
        if len(chosen) == 1:
            reading.found[label] = chosen[0]
        else:
            reading.unclear[label] = people
    return reading


def who_cannot_see(people: Collection[User], record: Any) -> list[User]:
    """Those of the people to whom the record does not exist. Three queries, however many they are."""
    abilities.load_standings(people)
    rows = type(record)._default_manager.get_queryset().filter(pk=record.pk)
    sees = rows.values(**{f"person_{person.pk}": Exists(rows.visible_to(person)) for person in people}).first() if people else {}
    return [person for person in people if not (sees or {}).get(f"person_{person.pk}")]


def keep(entry: TimelineEntry, *, found: dict[str, User]) -> list[User]:
    """Write down whom the note names now; → those whom it did not name before."""
    before = set(Mention.objects.filter(entry=entry).values_list("person_id", flat=True))
    Mention.objects.filter(entry=entry).delete()
    Mention.objects.bulk_create(Mention(entry=entry, person=person, label=label) for label, person in found.items())
    return list({person.pk: person for person in found.values() if person.pk not in before}.values())


@dataclass(frozen=True)
class _Names:
    """Folded name → people, for names in full and for parts of names."""

    full: dict[str, list[User]]
    part: dict[str, list[User]]


def _names(people: Iterable[User]) -> _Names:
    full: dict[str, dict[int, User]] = defaultdict(dict)
    part: dict[str, dict[int, User]] = defaultdict(dict)
    for person in people:
        family, given = person.family_name, person.given_name
        for name in {person.display_name, f"{family} {given}", f"{given} {family}", f"{family}{given}"} if given else {family}:
            full[_folded(name)][person.pk] = person
        for name in (family, given):
            part[_folded(name)][person.pk] = person
    return _Names({name: list(some.values()) for name, some in full.items()}, {name: list(some.values()) for name, some in part.items() if name})


def _longest(window: str, names: _Names) -> tuple[str, list[User]]:
    """The longest beginning of the window that is a name, in full before in part, and whose."""
    for length in range(len(window), 0, -1):
        label = window[:length]
        if label != label.strip():
            continue
        rest, folded = window[length:], _folded(label)
        if folded in names.full and (_ends(rest) or _is_ideographic(label[-1])):
            return label, names.full[folded]
        if folded in names.part and folded not in names.full and _ends(rest):
            return label, names.part[folded]
    return "", []


def _ends(rest: str) -> bool:
    """Whether a word is over here, or an honorific is all that follows."""
    return not rest[:1].isalnum() or rest.startswith(_HONORIFICS)


def _is_ideographic(character: str) -> bool:
    """Whether words of the script follow each other without a space, or carry particles: a name may go on as something else."""
    return not character.isascii() and unicodedata.name(character, "").startswith(("HANGUL", "CJK", "HIRAGANA", "KATAKANA"))


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
