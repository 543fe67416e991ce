"""What the tests of hand-offs set up: a lead about which all is known, an offer of it, and a colleague or two more."""

from __future__ import annotations

from datetime import datetime, timedelta

from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.inside_sales import qualification
from tasuki.inside_sales.qualification import Fact, FactState
from tasuki.relay import handoffs
from tasuki.relay.handoff_rows import Handoff
from tasuki.relay.handoffs import Package
from tests.cast import MONDAY, Cast
from tests.web.office import lead_of

# Wednesday, in office hours of the house in Seoul.
OFFERED = MONDAY + timedelta(days=1, hours=-5)
MEETING = MONDAY + timedelta(days=2, hours=-5)
AFTER = MEETING + timedelta(hours=2)


def by(user: User) -> By:
    return By(user, Door.WEB)


def qualified(lead: Lead, *, user: User) -> Lead:
    """All seven are known but the budget, which was asked in vain."""
    for fact in Fact:
        state = FactState.ASKED if fact is Fact.BUDGET else FactState.KNOWN
        qualification.learn(lead, fact=fact, state=state, words=f"words of {fact.value}", by=by(user), at=MONDAY)
    return lead


def package(meeting_at: datetime = MEETING, **said: str) -> Package:
    words = {"summary": "Two people check limits by hand at night.", "agenda": "Limits within the session", "attendees": "Head of risk, Saori"}
    return Package(meeting_at=meeting_at, **{**words, **said})


def offered(cast: Cast, nth: int = 1, *, to: User | Team | None = None, at: datetime = OFFERED, meeting_at: datetime = MEETING) -> Handoff:
    """A lead of Ivo's, offered to Saori."""
    lead = qualified(lead_of(cast, nth, stage=stages.CONNECTED), user=cast.ivo)
    return handoffs.offer(lead, package=package(meeting_at), to=to or cast.saori, by=by(cast.ivo), at=at)
