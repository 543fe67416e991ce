"""What tests of meetings set up: a lead of Ivo's in Seoul with a mail address, and a meeting that Saori holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tasuki.core.audit import By, Door
from tasuki.crm import leads, records, stages
from tasuki.crm.leads import Arrival, Lead
from tasuki.engage import meetings
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.meetings import Plan
from tests.cast import MONDAY, Cast

# Wednesday, ten o'clock in Tokyo.
WEDNESDAY = MONDAY.replace(hour=1) + timedelta(days=2)
ADDRESS = "seoyun@gaon.example"


def lead_in_seoul(cast: Cast, nth: int = 1, *, country: str = "KR", stage: str = stages.WORKING, email: str = ADDRESS) -> Lead:
    by, at = By(cast.ivo, Door.WEB), MONDAY - timedelta(days=3) + timedelta(minutes=nth)
    account = records.add_account(records.Company(f"가온증권 {nth}", country=country), owner=cast.ivo, team=cast.inside_sales, another="one more", by=by, at=at)
    contact = records.add_contact(records.Person("한", f"서윤{nth}", account=account, email=email), another="one more", by=by, at=at)
    return leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=account, source="webinar"), by=by, at=at, stage=stage)


def booked(cast: Cast, lead: Lead | None = None, *, starts_at: datetime = WEDNESDAY, at: datetime = MONDAY, **said: Any) -> Meeting:
    plan = Plan(said.pop("held_by", cast.saori), starts_at, **said)
    return meetings.book(lead or lead_in_seoul(cast), plan=plan, by=By(cast.ivo, Door.WEB), at=at)
