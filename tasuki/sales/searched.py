"""How opportunities are found: by their own name, and by the person and the company whose deal it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tasuki.core.search.nouns import Owners, Searched, Texts
from tasuki.core.searched import nearest_of
from tasuki.sales.opportunities import Opportunity

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tasuki.core.people import User


def _opportunities(ids: Sequence[int]) -> Iterator[Texts]:
    for pk, name, reference in Opportunity.objects.filter(pk__in=ids).values_list("pk", "name", "reference"):
        yield Texts(pk, [name], [reference])


def _beside(column: str) -> Owners:
    """Whose deal it is: the person, or the company."""
    rows = Opportunity.objects.order_by()

    def of(ids: Sequence[int]) -> Iterator[tuple[int, int]]:
        yield from rows.filter(pk__in=ids, **{f"{column}__isnull": False}).values_list("pk", column)

    def owned(ids: Sequence[int]) -> Iterator[int]:
        yield from rows.filter(**{f"{column}__in": ids}).values_list("pk", flat=True)

    return Owners(of, owned)


def _near(user: User) -> list[QuerySet[Any]]:
    # Those of the leads that they brought are reached through the leads.
    return nearest_of(Opportunity.objects.order_by("-opened_at", "-pk"), user, noun="opportunity")


OPPORTUNITIES = Searched(
    "opportunity",
    "sales.Opportunity",
    _opportunities,
    through={"lead": "lead_id"},
    beside={"contact": "lead_contact_id", "account": "lead_account_id"},
    owners={"contact": _beside("lead_contact_id"), "account": _beside("lead_account_id")},
    nearest=_near,
    is_name=False,
)
