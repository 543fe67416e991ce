"""Among whom one chooses in each place: what a form takes, and what its field offers while somebody types, are the same people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Exists, OuterRef, When
from django.urls import reverse
from django.utils.translation import gettext as _

from tasuki.core import abilities, named_people
from tasuki.core.abilities import Role, Scope
from tasuki.core.people import User, Users
from tasuki.core.search.folding import fold
from tasuki.core.teams import Team
from tasuki.crm.leads import Lead
from tasuki.engage import meetings
from tasuki.engage.sequences.enrolments import Deed
from tasuki.inside_sales.call_lists import keeping
from tasuki.inside_sales.routing_pools import PoolMember
from tasuki.relay import handoffs
from tasuki.web.requests import record_id

# So many can be read at a glance: a plain select; of more one types the name.
FEW = 12
# How many are offered while somebody types, and how many of whom one is meant.
OFFERED = 8


@dataclass(frozen=True)
class Pick:
    """One who can be chosen: `key` is what the form sends, `more` tells those apart who are called alike."""

    key: str
    label: str
    value: User | Team
    more: str = ""


@dataclass(frozen=True)
class Seen:
    """What a field shows: `few` are all people by name, None where they are many; `here` is who stands there, perhaps with a namesake."""

    few: list[Pick] | None
    here: Pick | None
    has_namesake: bool = False


@dataclass(frozen=True)
class Offer:
    """Those among whom `reader` chooses, and `others` that are no people. `of` and `about` name it in an address; ids follow `prefix`."""

    of: str
    reader: User
    people: Users
    about: int | None = None
    others: Sequence[Pick] = ()
    prefix: str = ""

    @property
    def address(self) -> str:
        said = {"of": self.of} | ({"about": str(self.about)} if self.about is not None else {})
        return f"{reverse('people_names')}?{urlencode(said)}"

    def seen_from(self, key: str) -> Seen:
        """All people where they are few; and who stands there now, by the key. In one question, however many people there are."""
        pk = self._pk(key) or 0
        there = self.people.filter(pk=pk, family_name=OuterRef("family_name"), given_name=OuterRef("given_name"))
        nearness = Case(When(pk=pk, then=0), When(Exists(there), then=1), default=2)
        people = list(self.people.order_by(nearness, "family_name", "given_name", "pk")[: FEW + 1])
        here = next((one for one in self.others if one.key == key), None) or (self.pick(people[0]) if people and people[0].pk == pk else None)
        if len(people) <= FEW:
            return Seen(self._picks(sorted(people, key=lambda one: (one.family_name, one.given_name, one.pk))), here)
        first, second = people[:2]
        has_namesake = first.pk == pk and (first.family_name, first.given_name) == (second.family_name, second.given_name)
        return Seen(None, here, has_namesake=has_namesake)

    def by_key(self, key: str) -> Pick | None:
        for one in self.others:
            if one.key == key:
                return one
        pk = self._pk(key)
        person = self.people.filter(pk=pk).first() if pk is not None else None
        return self.pick(person) if person else None

    def _pk(self, key: str) -> int | None:
        return record_id(key.removeprefix(self.prefix)) if key.startswith(self.prefix) else None

    def exactly(self, text: str) -> list[Pick]:
        """Who is called so."""
        called = [one for one in self.others if fold(one.label) == fold(text)]
        return called + self._picks(named_people.exactly(self.people, text, reader=self.reader))

    def like(self, text: str) -> tuple[list[Pick], int]:
        """Who fits what is typed, the nearest first, and how many they are."""
        people, n = named_people.like(self.people, text, reader=self.reader)
        others = [one for one in self.others if fold(text) in fold(one.label)]
        return (self._picks(people[:OFFERED]) + others)[:OFFERED], n + len(others)

    def pick(self, person: User) -> Pick:
        more = [person.title, person.email or ""]
        return Pick(f"{self.prefix}{person.pk}", person.display_name, person, " · ".join(word for word in more if word))

    def _picks(self, people: Any) -> list[Pick]:
        return [self.pick(person) for person in people]


def offer(of: str, *, reader: User, about: int | None = None, stands: int | None = None) -> Offer | None:
    """Whom the reader may choose in a place; nobody knows a place of another name. `stands`: who stands there already can stay."""
    if of == "receivers":
        return receivers_of(_credited(reader, about), reader=reader, lead=about)
    ask = _PLACES.get(of)
    if ask is None:
        return None
    people = ask(reader, about)
    if stands is not None:
        people |= User.objects.visible_to(reader).filter(pk=stands)
    return Offer(of, reader, people, about)


def colleagues_of(reader: User) -> Offer:
    """Everybody who works here now."""
    return Offer("colleagues", reader, _colleagues(reader, None))


def everybody_of(reader: User) -> Offer:
    """Likewise, and who has left."""
    return Offer("ever", reader, _ever(reader, None))


def receivers_of(credited_to: User | None, *, reader: User, lead: int | None) -> Offer:
    """To whom a lead can be offered: people, and the queues of teams. It goes by whom the lead is credited to, not by who looks."""
    people, teams = handoffs.receivers(credited_to)
    people &= User.objects.visible_to(reader)
    queues = [Pick(f"t{one.pk}", _("Queue of %(team)s") % {"team": one.name}, one) for one in teams]
    return Offer("receivers", reader, people, lead, queues, prefix="u")


def _credited(reader: User, lead: int | None) -> User | None:
    found = Lead.objects.visible_to(reader).filter(pk=lead).select_related("owner").first() if lead is not None else None
    return (found.owner if found else None) or reader


def _colleagues(reader: User, _about: int | None) -> Users:
    return User.objects.visible_to(reader).active()


def _others(reader: User, _about: int | None) -> Users:
    return _colleagues(reader, None).exclude(pk=reader.pk)


def _deputies(reader: User, about: int | None) -> Users:
    return _colleagues(reader, None).exclude(pk=about or 0)


def _seats(reader: User, about: int | None) -> Users:
    there = PoolMember.objects.visible_to(reader).filter(pool=about)
    return _colleagues(reader, None).exclude(pk__in=there.values("user"))


def _sellers(reader: User, _about: int | None) -> Users:
    return User.objects.visible_to(reader) & meetings.sellers()


def _ever(reader: User, _about: int | None) -> Users:
    return User.objects.visible_to(reader)


def of_lists(reader: User, _about: int | None = None) -> Users:
    """Whose call lists the reader may look at: their own, those of the people below them, or everybody's."""
    return _below(reader, keeping.sellers())


def _of_due_steps(reader: User, _about: int | None) -> Users:
    """Whose day of sequences the reader may look at."""
    owners = Deed.objects.visible_to(reader).to_do().values("owner")
    return _below(reader, _colleagues(reader, None).filter(pk__in=owners))


def _below(reader: User, people: Users) -> Users:
    standing = abilities.standing_of(reader)
    if standing.scope("lead") is Scope.ALL:
        return people
    return people.filter(team__in=standing.tree) if Role.MANAGER in standing.roles else people.filter(pk=reader.pk)


_PLACES: Mapping[str, Callable[[User, int | None], Users]] = {
    "colleagues": _colleagues,
    "others": _others,
    "deputies": _deputies,
    "seats": _seats,
    "sellers": _sellers,
    "ever": _ever,
    "lists": of_lists,
    "due": _of_due_steps,
}
