"""What the fields of a noun offer to one reader, and what the values of filters are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from django.utils.translation import gettext as _

from tasuki.core.filters import options
from tasuki.core.filters.fields import Field, Kind, Names, Operator
from tasuki.core.filters.sentences import Group
from tasuki.core.people import User
from tasuki.web.lists import named
from tasuki.web.lists.named import Named, People
from tasuki.web.lists.spec import Spec
from tasuki.web.requests import record_id


class Choices:
    """Each is asked once, and only when a clause needs it, however many clauses the filters have and however many values they name."""

    def __init__(self, spec: Spec, reader: User, filters: Iterable[Group], *, but: frozenset[str] = frozenset()) -> None:
        """`but` are values that are not offered to anybody."""
        self.spec, self.reader, self.but = spec, reader, but
        self._filters = list(filters)
        self.named = cache(self._named)
        self._offered = cache(self._options)
        self._known = cache(self._called)
        self._people = cache(lambda has_left: People(reader, has_left=has_left))
        self._are_many = cache(lambda has_left: self._people(has_left).there.seen_from("").few is None)

    def offered(self, field: Field, operator: str = "") -> tuple[tuple[str, str], ...]:
        """The values to tick, and what they are called."""
        return self._offered(field, in_team=operator == Operator.IN_TEAM)

    def called(self, field: Field, values: Sequence[str], operator: str = "") -> Mapping[str, str]:
        """What values of the field are called; a record that is not there, or that the reader must not see, by its number only."""
        labels = dict(self.offered(field, operator))
        names = _namer(field) if operator != Operator.IN_TEAM else None
        if names and any(value not in labels for value in values):
            labels = {**self._known(names), **labels}
        return {value: labels.get(value) or (_unseen(value) if field.noun else value) for value in values}

    def _named(self, field: Field) -> Named | None:
        """How values of the field are named; None where all stand there to be ticked: people are named where they are many."""
        if field.kind is Kind.PERSON:
            return self._people(field.has_left) if field.options and self._are_many(field.has_left) else None
        return named.of_noun(field.noun, self.reader) if field.noun else None

    def _options(self, field: Field, *, in_team: bool) -> tuple[tuple[str, str], ...]:
        if in_team:
            found = options.teams(self.reader)
        elif field.kind is Kind.PERSON and self.named(field):
            found = [("me", _("me"))]
        elif field.kind is Kind.TEAM:
            # “My team” is one with those under it: one is in it, and no team alone is it.
            found = [one for one in options.teams(self.reader) if one[0] != "mine"]
        else:
            found = field.options(self.reader) if field.options else []
        return tuple(one for one in found if one[0] not in self.but)

    def _called(self, names: Names) -> Mapping[str, str]:
        asked = {value for group in self._filters for clause in group.clauses() if self._is_called_by(clause.field, names) for value in clause.values}
        return names(self.reader, sorted(asked))

    def _is_called_by(self, key: str, names: Names) -> bool:
        return key in self.spec.fields and _namer(self.spec.fields.get(key)) is names


def _namer(field: Field) -> Names | None:
    return _people_called if field.kind is Kind.PERSON else field.names


def _people_called(reader: User, ids: Sequence[str]) -> dict[str, str]:
    known = [pk for one in ids if (pk := record_id(one)) is not None]
    return {str(one.pk): one.display_name for one in User.objects.visible_to(reader).filter(pk__in=known)}


def _unseen(number: str) -> str:
    return _("no. %(number)s (not visible to you)") % {"number": number}
