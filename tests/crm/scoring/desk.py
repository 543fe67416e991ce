"""What the tests of scoring set up: a model with two rules of fit and points for all that people do, and things that they did."""

from __future__ import annotations

from datetime import datetime, timedelta

from tasuki.core.audit import By, Door
from tasuki.crm.leads import Lead
from tasuki.crm.scoring import keeping, versions
from tasuki.crm.scoring.happenings import Happening
from tasuki.crm.scoring.versions import FitRule, ScoreModel
from tasuki.crm.timeline import Kind, TimelineEntry
from tests.cast import MONDAY, Cast

POINTS = dict(zip(Happening.values, (20, 2, 1, 4, 15, 10, 25), strict=True))
SAID = {
    Happening.VISIT: (Kind.VISIT, {}),
    Happening.MAIL_OPENED: (Kind.MAIL, {"direction": "in", "noticed": "opened"}),
    Happening.MAIL_CLICKED: (Kind.MAIL, {"direction": "in", "noticed": "clicked"}),
    Happening.MAIL_REPLIED: (Kind.MAIL, {"direction": "in", "what": "reply"}),
    Happening.CONVERSATION: (Kind.CALL, {"disposition": "talk"}),
    Happening.MEETING: (Kind.MEETING, {}),
}


def rule(draft: ScoreModel, condition: str, points: int, *, words: str = "why", by: By, at: datetime = MONDAY) -> FitRule:
    return versions.write_rule(
        FitRule(model=draft, condition=condition, points=points, words_en=words, words_ko=f"{words} (한)", words_ja=f"{words} (日)"), by=by, at=at
    )


def drafted(cast: Cast, **measures: float) -> ScoreModel:
    by = By(cast.ada, Door.WEB)
    draft = versions.begin(by=by, at=MONDAY)
    rule(draft, "account.industry:is(exchange)", 40, words="an exchange", by=by)
    rule(draft, "source:is(webinar)", 25, words="came to a webinar", by=by)
    return versions.measure(draft, measures=measures, points=POINTS, by=by, at=MONDAY)


def in_force(cast: Cast, *, at: datetime = MONDAY, **measures: float) -> ScoreModel:
    """A model that is published, and by which all leads are scored."""
    published = keeping.publish(drafted(cast, **measures), by=By(cast.ada, Door.WEB), at=at)
    keeping.rescore(at=at)
    return published


def did(lead: Lead, happening: Happening, *, at: datetime) -> TimelineEntry:
    kind, detail = SAID[happening]
    return TimelineEntry.objects.create(at=at, kind=kind, lead=lead, contact=lead.contact, account=lead.account, detail=detail)


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
