"""Random histories of leads, made through the verbs: moving, skipping, recycling and waking, merging, losing, out of date order."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tasuki.analytics.funnel import Course, Stay
from tasuki.core.audit import By, Door
from tasuki.core.imports import mapping, running
from tasuki.core.imports.runs import ImportRun
from tasuki.core.money import Money
from tasuki.core.organisation import the_organisation
from tasuki.crm import leads, stages
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.ledger import Outcome, Passage
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, LostBecause, Opportunity
from tests.cast import SET_UP, Cast

START = datetime(2026, 1, 1, tzinfo=UTC)
N_DAYS = 120


@dataclass
class Teller:
    """Tells the life of one lead after the other; the same seed tells the same."""

    cast: Cast
    chance: random.Random

    def tell(self, n_leads: int) -> None:
        for _ in range(n_leads):
            # Leads are told in any order of time, so most are back-dated.
            at = START + timedelta(days=self.chance.uniform(0, N_DAYS))
            self._walk(leads.capture(self._arrival(), by=SET_UP, at=at), at=at)

    def _arrival(self) -> Arrival:
        team, owner = self.chance.choice([(self.cast.marketing, self.cast.mina), (self.cast.inside_sales, self.cast.ivo), (self.cast.inside_sales, None)])
        return Arrival(team=team, owner=owner, source=self.chance.choice(["", "Web", "Fair"]), segment=self.chance.choice(["", "Exchange", "Securities"]))

    def _walk(self, lead: Lead, *, at: datetime) -> None:
        for _ in range(12):
            at += timedelta(hours=self.chance.choice([0, 1, 30, 200, 400]))
            lead.refresh_from_db()
            ending = self.chance.choices(["advance", "recycle", "lose", "disqualify", "merge", "stay"], [60, 12, 6, 5, 4, 13])[0]
            if ending == "advance" and lead.stage_id != stages.LIVE:
                self._advance(lead, at=at)
            elif ending == "stay" or lead.stage_id == stages.LIVE:
                return
            else:
                self._end(lead, ending, at=at)
                return

    def _advance(self, lead: Lead, *, at: datetime) -> None:
        place = stages.ORDER.index(lead.stage_id) + 1
        to = stages.ORDER[min(place + (self.chance.random() < 0.1), len(stages.ORDER) - 1)]
        deal = Opportunity.objects.filter(lead=lead, closed_at__isnull=True).first()
        if deal is None and to in stages.IN_SALES:
            money = Money(Decimal(self.chance.randrange(1, 500)), the_organisation().currency)
            opportunities.accept(lead, terms=Acceptance(owner=self.cast.saori, team=self.cast.field_sales, money=money), by=SET_UP, at=at, stage=to)
        elif deal and to in stages.IN_SUCCESS:
            opportunities.win(deal, by=SET_UP, at=at)
        elif deal:
            opportunities.advance(deal, to=to, by=SET_UP, at=at)
        else:
            leads.advance(lead, to=to, by=SET_UP, at=at)

    def _end(self, lead: Lead, ending: str, *, at: datetime) -> None:
        deal = Opportunity.objects.filter(lead=lead, closed_at__isnull=True).first()
        other = Lead.objects.exclude(pk=lead.pk).first()
        if ending == "merge" and other:
            leads.merge(lead, into=other, by=SET_UP, at=at)
        elif ending == "disqualify":
            leads.disqualify(lead, reason="student", by=SET_UP, at=at)
        elif ending == "lose" and deal:
            opportunities.lose(deal, because=LostBecause.NO_DECISION, by=SET_UP, at=at)
        elif ending == "lose":
            leads.lose(lead, reason="too early", by=SET_UP, at=at)
        else:
            recycling = opportunities.recycle if deal else leads.recycle
            recycling(deal or lead, reason="no budget", wake_on=date(2026, 9, 1), by=SET_UP, at=at)  # type: ignore[operator]  # either verb takes its noun
            if self.chance.random() < 0.6:
                again = at + timedelta(days=self.chance.uniform(1, 30))
                self._walk(leads.wake(lead, by=SET_UP, at=again), at=again)


def imported(rows: str, *, at: datetime, team: str) -> ImportRun:
    """Leads with their dates, from a file with the columns `id,opened,from`."""
    how = mapping.read(f"noun: leads\noptions: {{team: {team}}}\ncolumns: {{reference: id, opened_at: opened, source: from}}\n")
    run = running.start(io.BytesIO(rows.encode()), name="leads.csv", mapping=how, by=By(None, Door.COMMAND), at=at)
    return running.run(run, at=at)


def stays() -> list[Stay]:
    """The ledger as the reference evaluator takes it."""
    rows = Passage.objects.order_by("lead_id", "seq").values_list("lead_id", "stage_id", "entered_at", "left_at", "outcome")
    return [Stay(*row) for row in rows]


def courses(group: str, *, month_won: bool = False) -> list[Course]:
    """Every lead as the reference evaluator takes it, its group named by a field of the lead; `month_won` places wins in their own month."""
    wins = {win.lead_id: win for win in Passage.objects.filter(outcome=Outcome.WON)}
    told = []
    for lead in Lead.objects.all():
        win = wins.get(lead.pk)
        name = _group(lead, win, group)
        won_at = win.left_at if win else None
        told.append(Course(lead.opened_at, won_at, lead.ended_at, name, _month(won_at) if month_won and won_at else name))
    return told


def _group(lead: Lead, win: Passage | None, group: str) -> str:
    match group:
        case "month":
            return _month(lead.opened_at)
        case "owner":
            owner = win.owner if win and win.owner else lead.owner
            return owner.reference or owner.display_name if owner else "(blank)"
        case "team":
            return (win.team if win else lead.team).name
        case _:
            return getattr(lead, group) or "(blank)"


def _month(moment: datetime) -> str:
    return (moment + timedelta(hours=9)).strftime("%Y-%m")  # Seoul, the organisation's zone in the tests
