"""What the values of a field can be chosen from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from babel import Locale
from django.db.models import Choices, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from tasuki.core.filters.fields import Names, Options
from tasuki.core.filters.ways import asks_others
from tasuki.core.people import User
from tasuki.core.teams import Team

if TYPE_CHECKING:
    from django.db.models import Model

_SAMPLED, _OFFERED = 2_000, 30
# Of so many of the newest rows those are told that are seen by way of others; so few say too little.
_LOOKED_UP, _ENOUGH = 4_000, 200
_MOST_PEOPLE = 200
# Of a number of a record.
_MOST_DIGITS = 18


def choices(of: type[Choices]) -> Options:
    return lambda _user: [(str(value), str(label)) for value, label in of.choices]


def commonest(model: type[Model], field: str) -> Options:
    """What stands in a text field of the newest rows, the commonest first: enough to choose from, at a bounded cost."""

    def options(user: User) -> list[tuple[str, str]]:
        rows: Any = model._default_manager
        # Of those that are opened an index has each person's newest.
        by = ("-opened_at", "-pk") if any(one.name == "opened_at" for one in model._meta.concrete_fields) else ("-pk",)
        seen = rows.visible_to(user).order_by(*by).values_list(field, flat=True)
        newest = _of_the_newest(rows, seen) if asks_others(seen) else seen[:_SAMPLED]
        return [(value, value) for value, _n in Counter(value for value in newest if value).most_common(_OFFERED)]

    return options


def _of_the_newest(rows: Any, seen: QuerySet[Any]) -> QuerySet[Any]:
    """Of what is seen by way of other records, what is among the newest of all: PostgreSQL would read all of those others to find 2,000."""
    edge = list(rows.order_by("-pk").values_list("pk", flat=True)[_LOOKED_UP : _LOOKED_UP + 1])
    looked_up = seen.filter(pk__gt=edge[0])[:_SAMPLED] if edge else seen.none()
    return looked_up if len(looked_up) >= _ENOUGH and edge else seen[:_SAMPLED]


def countries(model: type[Model], field: str) -> Options:
    """As `commonest`, with the names of the countries in the reader's language."""

    def options(user: User) -> list[tuple[str, str]]:
        names = Locale.parse(translation.get_language() or "en", sep="-").territories
        return sorted(((code, names.get(code, code)) for code, _code in commonest(model, field)(user)), key=lambda pair: pair[1])

    return options


def colleagues(user: User) -> list[tuple[str, str]]:
    """Everybody who works here now; the reader first, as `me`, so that a saved filter means whoever reads it."""
    people = User.objects.visible_to(user).active().exclude(pk=user.pk).order_by("family_name", "given_name", "pk")
    return [("me", _("me")), *((str(one.pk), one.display_name) for one in people[:_MOST_PEOPLE])]


def everybody(user: User) -> list[tuple[str, str]]:
    """As `colleagues`, and after them who has left: for what is asked about the past."""
    left = User.objects.visible_to(user).filter(is_active=False).order_by("family_name", "given_name", "pk")
    return [*colleagues(user), *((str(one.pk), one.display_name) for one in left[:_MOST_PEOPLE])]


def teams(user: User) -> list[tuple[str, str]]:
    """All teams; the reader's own, with those under it, first."""
    return [("mine", _("my team")), *((str(team.pk), team.name) for team in Team.objects.visible_to(user).order_by("name", "pk"))]


def called(model: type[Model], name: Callable[[Any], str], *reads: str) -> Names:
    """What the records of these numbers are called, of those that a person may see; `reads` are the records beside them that a name needs. One query."""

    def names(user: User, ids: Sequence[str]) -> dict[str, str]:
        rows: Any = model._default_manager
        known = rows.visible_to(user).filter(pk__in=[int(pk) for pk in ids if pk.isdecimal() and len(pk) <= _MOST_DIGITS])
        return {str(one.pk): name(one) for one in known.select_related(*(reads or (None,)))}

    return names
