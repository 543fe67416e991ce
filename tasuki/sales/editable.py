"""What can be changed of opportunities, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasuki.core.abilities import Ability
from tasuki.core.edits.nouns import Editable, day, money, record_of, text
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Opportunity

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tasuki.core.people import User


def _opportunities(user: User) -> QuerySet[Opportunity]:
    return Opportunity.objects.visible_to(user).for_page()


OPPORTUNITIES = Editable(
    "opportunity",
    Ability.WORK_OPPORTUNITIES,
    _opportunities,
    opportunities.change,
    {"name": text, "product": record_of("crm.Product"), "money": money, "close_on": day},
    sensitive={"money": "amount"},
    of_many=("product", "close_on"),
    is_open=lambda opportunity: opportunity.closed_at is None,
)
