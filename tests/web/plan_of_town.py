"""The plans of the town: one that is agreed for the months around today, and drafts beside it."""

from __future__ import annotations

from datetime import UTC, datetime

from tasuki.core.audit import By, Door
from tasuki.relay import plans
from tasuki.relay.plan_rows import Plan
from tests.cast import Cast
from tests.relay.planning import everything_assumed, house_today


def planned(cast: Cast, nth: int) -> None:
    by, at = By(cast.ada, Door.WEB), datetime.now(UTC)
    terms = everything_assumed(name=f"매출 계획 {nth}", first_on=house_today().replace(day=1))
    if nth == 1:
        plans.agree(plans.draft(terms, by=by, at=at), by=by, at=at)
    plans.draft(terms, by=by, at=at)


def draft() -> Plan:
    return Plan.objects.drafts().order_by("version")[0]
