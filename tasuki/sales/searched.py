"""How opportunities are found: by their own name, and by the person and the company whose deal it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from tasuki.core.search.nouns import Searched, Texts
from tasuki.sales.opportunities import Opportunity

if TYPE_CHECKING:
    from tasuki.core.people import User

_NEAREST = 4_000


def _opportunities(ids: Sequence[int]) -> Iterator[Texts]:
    for pk, name, reference in Opportunity.objects.filter(pk__in=ids).values_list("pk", "name", "reference"):
        yield Texts(pk, [name], [reference])


def _near(user: User) -> QuerySet[Any, Any]:
    return Opportunity.objects.visible_to(user).order_by("-opened_at", "-pk")[:_NEAREST].values_list("pk", flat=True)


OPPORTUNITIES = Searched(
    "opportunity", "sales.Opportunity", _opportunities, through={"contact": "lead__contact_id", "account": "lead__account_id"}, nearest=_near
)
