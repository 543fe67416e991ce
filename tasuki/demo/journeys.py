"""Journeys: the passes of a contact, stage by stage, as the odds and the calendar have them. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from random import Random

from tasuki.core.money import rounded
from tasuki.crm import stages
from tasuki.crm.leads import Origin
from tasuki.crm.ledger import Outcome
from tasuki.demo import process
from tasuki.demo.haneul import Colleague, Company
from tasuki.demo.invented import PersonName
from tasuki.demo.market import Company as Customer
from tasuki.demo.market import price
from tasuki.demo.process import Ending, Source
from tasuki.demo.working_days import DAY, WorkingDays

_STEP = {"KRW": Decimal(100_000), "JPY": Decimal(10_000), "USD": Decimal(100)}
_LEFT_BEHIND = 0.03


@dataclass(slots=True, eq=False)
class Person:
    """A contact: somebody at a company."""

    id: int
    name: PersonName
    company: Customer
    source: Source
    known_since: int


@dataclass(slots=True, eq=False)
class Stay:
    """One passage in the making. `hands` are those who carried it, each from a moment on; the last is the one who leaves."""

    stage: str
    entered: int
    hands: list[tuple[int, Colleague | None, int]]
    moved_by: Colleague | None
    left: int | None = None
    outcome: str = ""
    reason: str = ""
    because: str = ""
    wake_on: date | None = None
    wake_when: str = ""
    wake_trigger: str = ""
    wake_channel: str = ""
    wake_every: int | None = None
    wake_until: date | None = None
    amount: Decimal | None = None

    @property
    def end(self) -> int:
        if self.left is None:
            raise ValueError("this stay is not over")
        return self.left


@dataclass(slots=True, eq=False)
class Deal:
    """The opportunity of a pass; `money` is its last amount, in its own currency."""

    id: int
    money: Decimal
    currency: str
    close_on: date
    opened: int
    owner: Colleague | None
    team_id: int
    closed: int | None = None
    won: bool = False
    lost_because: str = ""
    lost_to: str = ""


@dataclass(slots=True, eq=False)
class Pass:
    """One lead."""

    id: int
    person: Person
    product: tuple[int, str, str, Decimal]
    seq_no: int
    origin: Origin
    source: str
    source_detail: str
    previous: Pass | None = None
    stays: list[Stay] = field(default_factory=list)
    deal: Deal | None = None
    won: int | None = None
    merged_into: Pass | None = None

    @property
    def opened(self) -> int:
        return self.stays[0].entered

    @property
    def last(self) -> Stay:
        return self.stays[-1]

    @property
    def ended(self) -> int | None:
        return self.last.left


class Journeys:
    """Lives the passes of contacts, drawing from one source of chance; ids of leads and opportunities are counted here."""

    def __init__(self, company: Company, *, days: WorkingDays, random: Random) -> None:
        self._company, self._days, self._random = company, days, random
        self._lead_ids, self._deal_ids = count(1), count(1)
        self._decks: dict[tuple[str, float, int], list[float]] = {}

    def of(self, person: Person, *, at: int) -> Iterator[Pass]:
        """The passes of one contact, oldest first, up to now."""
        lead = self._first(person, at=at)
        for _ in range(process.LONGEST_CHAIN):
            yield lead
            following = self._next(lead)
            if following is None:
                return
            lead = following

    def _first(self, person: Person, *, at: int) -> Pass:
        source, random = person.source, self._random
        origin = Origin.OUTBOUND if source.outbound else Origin.INBOUND
        lead = Pass(next(self._lead_ids), person, random.choice(self._company.products), 1, origin, source.name, random.choice(source.details))
        self._walk(lead, stage=stages.WORKING if source.outbound else stages.CAPTURED, at=at)
        return lead

    def _next(self, lead: Pass) -> Pass | None:
        """The pass after this one, if it began before now: woken, come again, or grown out of an order."""
        outcome = lead.last.outcome
        if outcome == Outcome.RECYCLED:
            return self._woken(lead)
        if outcome in (Outcome.LOST, Outcome.DISQUALIFIED) and lead.won is None:
            return self._come_again(lead)
        return self._expanded(lead) if lead.last.stage == stages.LIVE and not lead.last.left else None

    def _woken(self, lead: Pass) -> Pass | None:
        stay, random = lead.last, self._random
        if stay.wake_on is None:
            if random.random() > process.WAKES_BY_EVENT:
                return None
            days = random.uniform(40, 210)
        else:
            if random.random() > process.WAKES_BY_DATE:
                return None
            days = (stay.wake_on - self._days.day(stay.end)).days + random.uniform(0, 6)
        calls_back = stay.stage in (stages.BOOKED, stages.CONNECTED, stages.P1)
        return self._again(lead, origin=Origin.RECYCLED, days=days, stage=stages.WORKING if calls_back else stages.NURTURING)

    def _come_again(self, lead: Pass) -> Pass | None:
        if self._random.random() > process.COMES_AGAIN:
            return None
        return self._again(lead, origin=Origin.INBOUND_AGAIN, days=self._random.uniform(60, 260), stage=stages.CAPTURED)

    def _expanded(self, lead: Pass) -> Pass | None:
        if self._random.random() > process.EXPANDS:
            return None
        lead_days = (self._days.until - lead.last.entered) / DAY
        return self._again(lead, origin=Origin.EXPANSION, days=self._random.uniform(20, max(lead_days, 90)), stage=stages.CONNECTED)

    def _again(self, lead: Pass, *, origin: Origin, days: float, stage: str) -> Pass | None:
        since = lead.ended if lead.ended is not None else lead.last.entered
        at = self._days.later(since, days=days, region=lead.person.company.region)
        if at >= self._days.until or (origin is Origin.RECYCLED and stage == stages.WORKING and not self._is_called_back(at)):
            return None
        product, source, detail = lead.product, lead.source, lead.source_detail
        if origin is Origin.EXPANSION:
            product = self._random.choice([other for other in self._company.products if other[2] != lead.product[2]])
            source, detail = process.EXPANSION_SOURCE, ""
        following = Pass(next(self._lead_ids), lead.person, product, lead.seq_no + 1, origin, source, detail, previous=lead)
        self._walk(following, stage=stage, at=at)
        return following

    def _is_called_back(self, at: int) -> bool:
        opened = self._days.until - process.SMALL_FIRMS_OPENED_DAYS_AGO * DAY
        return at < opened or self._random.random() < process.WAKES_BESIDE_THE_LIST

    def _walk(self, lead: Pass, *, stage: str, at: int) -> None:
        """Stage by stage until the pass ends or now is reached."""
        while True:
            team_id, carrier = self._carrier(lead, stage=stage, at=at)
            from_list = lead.origin is Origin.OUTBOUND and not lead.stays
            stay = Stay(stage, at, [(at, carrier, team_id)], self._company.operations if from_list else carrier)
            lead.stays.append(stay)
            if stage == stages.P1:
                self._open_deal(lead, at=at)
            ending = self._ending(lead, stage=stage)
            if ending is None or not self._leave(lead, ending=ending):
                self._hand_over(stay, until=self._days.until)
                return
            self._hand_over(stay, until=stay.end)
            if stay.outcome not in (Outcome.ADVANCED, Outcome.WON):
                return
            stage, at = self._following(lead, stage=stage), stay.end

    def _following(self, lead: Pass, *, stage: str) -> str:
        raised = stage == stages.CAPTURED and self._random.random() < lead.person.source.raises_hand
        return stages.READY if raised else stages.ORDER[stages.ORDER.index(stage) + 1]

    def _ending(self, lead: Pass, *, stage: str) -> Ending | None:
        endings = process.ENDINGS[stage]
        onward = min(endings[0].odds * self._quality(lead, stage=stage), 0.97)
        # Fewer come as far as sales, so there the draws of a whole quarter are spread together.
        span = 91 if stage in stages.IN_SALES else 30
        draw = self._evenly(stage, onward, span=(self._days.until - lead.last.entered) // (span * DAY))
        if draw < onward:
            return endings[0]
        # The other endings share what is left in their proportions, and so does staying.
        draw = (draw - onward) / (1 - onward) * (1 - endings[0].odds)
        for ending in endings[1:]:
            if draw < ending.odds:
                return endings[0] if ending.outcome == Outcome.MERGED and _twin(lead) is None else ending
            draw -= ending.odds
        return None

    def _evenly(self, stage: str, onward: float, *, span: int) -> float:
        """A draw from [0, 1) such that every twenty of one kind and span of time are spread evenly: a small company's rates must not be all noise."""
        deck = self._decks.setdefault((stage, onward, span), [])
        if not deck:
            deck.extend((card + self._random.random()) / 20 for card in range(20))
            self._random.shuffle(deck)
        return deck.pop()

    def _quality(self, lead: Pass, *, stage: str) -> float:
        if stage not in process.QUALITY_SHOWS_IN:
            return 1.0
        small = lead.person.company.segment == process.SMALL_FIRMS
        if stage == stages.CONNECTED:
            # Whoever talks with us talks alike wherever they came from; only the small firms do not.
            return process.SMALL_FIRM_CONNECTED if small else 1.0
        quality = lead.person.source.quality if lead.seq_no == 1 else max(lead.person.source.quality, 1.0) * process.SECOND_PASS
        return quality * (0.7 if small else 1.0)

    def _leave(self, lead: Pass, *, ending: Ending) -> bool:
        """Close the open stay, unless that day has not come yet."""
        stay, region, random = lead.last, lead.person.company.region, self._random
        left = self._days.later(stay.entered, days=ending.days * random.lognormvariate(0, ending.spread), region=region)
        if ending.outcome == Outcome.WON and left < self._days.until and random.random() < 0.35:
            left = self._days.toward_quarter_end(left, region=region, reach_days=30)
        if left >= self._days.until:
            return False
        stay.left, stay.outcome = left, ending.outcome
        self._give_reason(lead, stay=stay)
        if lead.deal:
            self._settle(lead, stay=stay)
        return True

    def _give_reason(self, lead: Pass, *, stay: Stay) -> None:
        random = self._random
        if stay.outcome == Outcome.RECYCLED:
            wake = random.choice(process.WAKES[stay.stage])
            stay.because, stay.wake_trigger, stay.wake_channel = wake.because, wake.trigger, wake.channel
            stay.reason, stay.wake_when = ("", wake.words) if wake.trigger else (wake.words, "")
            if wake.days:
                days = int(wake.days * random.uniform(0.8, 1.3))
                stay.wake_on = self._days.day(stay.end) + timedelta(days=days)
                if wake.horizon:
                    stay.wake_every, stay.wake_until = days, self._days.day(stay.end) + timedelta(days=wake.horizon)
        elif stay.outcome == Outcome.DISQUALIFIED:
            stay.because = random.choice(process.DISQUALIFIED[stay.stage])
        elif stay.outcome == Outcome.LOST:
            deaths = process.DEATHS.get(stay.stage)
            stay.reason = (
                random.choices([death[0] for death in deaths], weights=[death[1] for death in deaths])[0] if deaths else random.choice(process.ENDED_CONTRACTS)
            )
        elif stay.outcome == Outcome.MERGED:
            lead.merged_into = _twin(lead)
            stay.reason = f"#{lead.merged_into.id}" if lead.merged_into else ""
        elif stay.outcome == Outcome.WON:
            lead.won = stay.left

    def _open_deal(self, lead: Pass, *, at: int) -> None:
        currency, on = lead.person.company.currency, self._days.day(at)
        worth = price(lead.product[3], segment=lead.person.company.segment, random=self._random) / self._company.rate(currency, on)
        _, owner, team_id = lead.last.hands[0]
        close_on = on + timedelta(days=int(self._random.uniform(60, 170)))
        lead.deal = Deal(next(self._deal_ids), _tidy(worth, currency), currency, close_on, at, owner, team_id)

    def _settle(self, lead: Pass, *, stay: Stay) -> None:
        """What leaving a phase does to the deal: its amount is stamped on the passage and may change with what is learnt."""
        deal, random = lead.deal, self._random
        if deal is None or stay.stage not in stages.IN_SALES:
            return
        if stay.outcome != Outcome.RECYCLED:
            stay.amount = rounded(deal.money * self._company.rate(deal.currency, self._on_utc(stay.end)), "KRW")
        if stay.outcome == Outcome.ADVANCED:
            if random.random() < 0.4:
                deal.money = _tidy(deal.money * Decimal(str(round(random.uniform(0.8, 1.25), 3))), deal.currency)
            return
        deal.closed, deal.won, deal.close_on = stay.end, stay.outcome == Outcome.WON, self._days.day(stay.end)
        if stay.outcome == Outcome.LOST:
            deal.lost_because = stay.reason
            if stay.reason == "competitor":
                deal.lost_to = random.choices([name for name, _ in process.COMPETITORS], weights=[weight for _, weight in process.COMPETITORS])[0]

    def _on_utc(self, moment: int) -> date:
        # The verb converts on the day in UTC.
        return self._days.day(moment - 9 * 3600)

    def _carrier(self, lead: Pass, *, stage: str, at: int) -> tuple[int, Colleague | None]:
        """Who carries a lead that enters a stage: a team's queue in marketing, then a seller, then customer success."""
        company, region = self._company, lead.person.company.region
        if stage in stages.ORDER[:3]:
            return company.team_ids["Marketing"], None
        place = self._place(lead, stage=stage)
        before = lead.stays[-1].hands[-1][1] if lead.stays else None
        if place == "Sales":
            seller = company.seller(region, customer_id=lead.person.company.id)
            return seller.team_id, seller
        colleagues = company.carriers[place][region]
        if before is not None and before in colleagues:
            return before.team_id, before
        chosen = self._random.choice(colleagues)
        if chosen is company.left and at >= company.left_at:
            chosen = company.took_over
        return chosen.team_id, chosen

    def _place(self, lead: Pass, *, stage: str) -> str:
        if stage in stages.IN_SALES:
            return "Sales"
        if stage in stages.IN_SUCCESS or lead.origin is Origin.EXPANSION:
            return "Customer success"
        return "Outbound" if lead.origin is Origin.OUTBOUND else "Inbound"

    def _hand_over(self, stay: Stay, *, until: int) -> None:
        """Within a stay the carrier may change: the one who left hands everything over, and now and then somebody is away."""
        since, carrier, _ = stay.hands[0]
        company, random = self._company, self._random
        if carrier is None:
            return
        if carrier is company.left and since < company.left_at < until:
            stay.hands.append((company.left_at, company.took_over, company.took_over.team_id))
        elif stay.stage == stages.WORKING and random.random() < _LEFT_BEHIND and until - since > 2 * DAY:
            others = [one for group in company.carriers[carrier.team_name].values() for one in group if one is not carrier and one is not company.left]
            heir = random.choice(others)
            stay.hands.append((since + int((until - since) * random.uniform(0.2, 0.8)), heir, heir.team_id))


def _tidy(amount: Decimal, currency: str) -> Decimal:
    """To the step in which such quotes are written."""
    step = _STEP[currency]
    return max(step, (amount / step).to_integral_value() * step)


def _twin(lead: Pass) -> Pass | None:
    """The pass of a colleague at the same company that stood here first: a duplicate is merged into it."""
    for other in lead.person.company.passes:
        if other.person is not lead.person and other.opened <= lead.opened and other.ended is None:
            return other
    return None
