"""Rows: what the verbs would have written for these people and passes, table by table, ready for COPY.

Moments and amounts are text, because COPY takes text and a million rows should be formatted once.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import count
from random import Random
from typing import Any

from tasuki.core.audit import Door
from tasuki.crm import matching, stages
from tasuki.crm.contacts import Basis, Channel, ConsentState
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.ledger import Outcome
from tasuki.crm.timeline import Kind
from tasuki.demo import invented, words
from tasuki.demo.haneul import Colleague, Company
from tasuki.demo.journeys import Deal, Pass, Person, Stay
from tasuki.demo.market import Company as Customer
from tasuki.demo.process import TICK_THE_TELEPHONE
from tasuki.demo.working_days import DAY, WorkingDays, written

Row = tuple[Any, ...]

# In the order in which they refer to each other.
COLUMNS: dict[str, str] = {
    "crm_account": "id name folded_name domain industry n_employees country corporate_number parent_id owner_id team_id reference created_at updated_at",
    "crm_contact": "id account_id family_name given_name title department roles language reference created_at updated_at",
    "crm_contactemail": "contact_id address key is_primary",
    "crm_contactphone": "contact_id e164 written is_primary",
    "crm_consent": "contact_id channel state how text_version basis recorded_by_id at",
    "crm_lead": "id contact_id account_id product_id product_line seq_no previous_id origin source source_detail segment reference owner_id team_id"
    " opened_at stage_id stage_since won_at ended_at ended_as merged_into_id updated_at",
    "crm_passage": "lead_id seq stage_id entered_at left_at outcome reason because_id wake_on wake_when wake_trigger"
    " wake_channel wake_every wake_until_on owner_id team_id moved_by_id amount",
    "crm_ownership": "lead_id account_id owner_id team_id from_at until_at given_by_id reason",
    "sales_opportunity": "id lead_id name product_id amount currency close_on owner_id team_id reference opened_at closed_at won_at lost_because lost_to"
    " updated_at",
    "crm_task": "id subject kind due_on owner_id team_id account_id contact_id lead_id created_by_id created_at done_at done_by_id",
    "crm_timelineentry": "id at kind account_id contact_id lead_id actor_id text detail",
    "core_auditentry": "at actor_id door noun record_id action changes",
}
# Tables whose ids are counted here and not by the database.
NUMBERED = tuple(table for table, columns in COLUMNS.items() if columns.startswith("id "))

_LANGUAGE = {"KR": "ko", "JP": "ja"}


class Rows:
    """Collects the rows of one chunk; `take` hands them out and starts anew."""

    def __init__(self, company: Company, *, days: WorkingDays, random: Random) -> None:
        self._company, self._days, self._random = company, days, random
        self._task_ids, self._entry_ids = count(1), count(1)
        self._tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        self._today = days.day(days.until)
        self._reasons = dict(ExitReason.objects.values_list("key", "pk"))

    def take(self) -> dict[str, list[Row]]:
        rows, self._tables = self._tables, {table: [] for table in COLUMNS}
        return rows

    def account(self, customer: Customer) -> None:
        owner, at = self._company.seller(customer.region, customer_id=customer.id), written(customer.known_since)
        parent = customer.parent.id if customer.parent else None
        self._tables["crm_account"].append(
            (customer.id, customer.name, matching.fold_company(customer.name), customer.domain, customer.industry, customer.n_employees, customer.country,
             customer.corporate_number, parent, owner.id, owner.team_id, "", at, at)
        )  # fmt: skip
        self._tables["crm_ownership"].append((None, customer.id, owner.id, owner.team_id, at, None, None, ""))
        self._audit(customer.known_since, noun="account", record_id=customer.id, action="add", changes={"name": ["", customer.name]})

    def person(self, person: Person) -> None:
        random, customer = self._random, person.company
        name, at, language = person.name, written(person.known_since), _LANGUAGE.get(customer.country, "en")
        title = random.choice(words.TITLES.get(customer.country, words.TITLES[""]))
        roles = random.choice(words.ROLES) if random.random() < 0.5 else ""
        self._tables["crm_contact"].append((person.id, customer.id, name.family, name.given, title, "", roles, language, "", at, at))
        address = f"{name.mailbox}{person.id % 97 or ''}@{customer.domain}"
        emails = [address] if random.random() < 0.8 else [address, f"{name.mailbox.split('.')[0]}{person.id}@post.example"]
        self._tables["crm_contactemail"].extend((person.id, mail, mail, number == 0) for number, mail in enumerate(emails))
        phones = list(dict.fromkeys(invented.phone(customer.country, random) for _ in range(random.choices((0, 1, 2), weights=(1, 6, 3))[0])))
        self._tables["crm_contactphone"].extend((person.id, number, number, place == 0) for place, number in enumerate(phones))
        self._consents(person)
        self._audit(person.known_since, noun="contact", record_id=person.id, action="add", changes={"family_name": ["", name.family]})

    def lead(self, lead: Pass) -> None:
        """A pass with its passages, its opportunity, its owners, and everything that was said and written on the way."""
        first, last, person = lead.stays[0], lead.last, lead.person
        _, owner, team_id = last.hands[-1]
        ended = last.left
        since = written(last.entered if ended is None else ended)
        self._tables["crm_lead"].append(
            (lead.id, person.id, person.company.id, lead.product[0], lead.product[2], lead.seq_no, lead.previous.id if lead.previous else None,
             lead.origin.value, lead.source, lead.source_detail, person.company.segment, "", _id(owner), team_id,
             written(first.entered), None if ended is not None else last.stage, since, _maybe(lead.won),
             _maybe(ended), last.outcome if ended is not None else "", lead.merged_into.id if lead.merged_into else None, since)
        )  # fmt: skip
        for seq, stay in enumerate(lead.stays, start=1):
            self._passage(lead, stay=stay, seq=seq)
            self._said(lead, stay=stay)
        self._owners(lead)
        self._moves(lead)
        if lead.deal:
            self._deal(lead, deal=lead.deal)
        self._tasks(lead)

    def _passage(self, lead: Pass, *, stay: Stay, seq: int) -> None:
        _, owner, team_id = stay.hands[-1] if stay.left is not None else stay.hands[0]
        self._tables["crm_passage"].append(
            (lead.id, seq, stay.stage, written(stay.entered), _maybe(stay.left), stay.outcome, stay.reason, self._reasons.get(stay.because),
             _maybe_day(stay.wake_on), stay.wake_when, stay.wake_trigger, stay.wake_channel, stay.wake_every, _maybe_day(stay.wake_until),
             _id(owner), team_id, _id(stay.moved_by), stay.amount)
        )  # fmt: skip

    def _owners(self, lead: Pass) -> None:
        """One period for each pair of hands, the last one open; a change within a stay is told on the timeline."""
        periods: list[tuple[int, Colleague | None, int]] = []
        for stay in lead.stays:
            for hand in stay.hands:
                if not periods or (hand[1], hand[2]) != periods[-1][1:]:
                    periods.append(hand)
        for number, (since, owner, team_id) in enumerate(periods):
            until = periods[number + 1][0] if number + 1 < len(periods) else None
            giver = owner if number else lead.stays[0].moved_by
            self._tables["crm_ownership"].append((lead.id, None, _id(owner), team_id, written(since), _maybe(until), _id(giver), ""))
            if number:
                _, before, team_before = periods[number - 1]
                detail = {"from": before.name if before else "Marketing", "to": owner.name if owner else "Marketing"}
                self._tell(since, Kind.OWNER, lead, actor=owner, detail=detail)
                changes: dict[str, Any] = {"owner": [_id(before), _id(owner)]}
                if team_before != team_id:
                    changes["team"] = [team_before, team_id]
                self._audit(since, noun="lead", record_id=lead.id, action="give", changes=changes, actor=owner)

    def _moves(self, lead: Pass) -> None:
        first, door = lead.stays[0], Door.IMPORT if lead.origin == "outbound" else None
        self._tell(first.entered, Kind.MOVE, lead, actor=first.moved_by, detail={"to": first.stage, "origin": lead.origin.value})
        self._audit(first.entered, noun="lead", record_id=lead.id, action="capture", changes={"stage": [None, first.stage]}, actor=first.moved_by, door=door)
        for stay, following in zip(lead.stays, [*lead.stays[1:], None], strict=True):
            if stay.left is None:
                return
            actor = following.moved_by if following else stay.hands[-1][1]
            won = stay.outcome == Outcome.WON
            if following:
                self._tell(stay.left, Kind.MOVE, lead, actor=actor, detail={"from": stay.stage, "to": following.stage, "won": won})
            else:
                detail = {"from": stay.stage, "outcome": stay.outcome, "wake_on": _maybe_day(stay.wake_on), "wake_when": stay.wake_when}
                self._tell(stay.left, Kind.MOVE, lead, actor=actor, detail=detail | ({"because": stay.because} if stay.because else {}), text=stay.reason)
            action = "win" if won else "advance" if following else stay.outcome
            changes = {"stage": [stay.stage, following.stage if following else None]}
            self._audit(stay.left, noun="lead", record_id=lead.id, action=action, changes=changes, actor=actor)
            if lead.merged_into and not following:
                self._tell(stay.left, Kind.MERGE, lead.merged_into, actor=actor, detail={"merged": lead.id})

    def _deal(self, lead: Pass, *, deal: Deal) -> None:
        changed = written(deal.closed or max(stay.entered for stay in lead.stays if stay.stage in stages.IN_SALES))
        won = written(deal.closed) if deal.won and deal.closed else None
        name = f"{lead.person.company.name} · {lead.product[1]}"
        self._tables["sales_opportunity"].append(
            (deal.id, lead.id, name, lead.product[0], deal.money, deal.currency, deal.close_on.isoformat(), _id(deal.owner), deal.team_id, "",
             written(deal.opened), _maybe(deal.closed), won, deal.lost_because, deal.lost_to, changed)
        )  # fmt: skip
        self._audit(deal.opened, noun="opportunity", record_id=deal.id, action="accept", changes={"stage": [None, stages.P1]}, actor=deal.owner)
        if deal.closed is None:
            return
        changes: dict[str, Any]
        action, changes = "recycle", {}
        if deal.won:
            action, changes = "win", {"won_at": [None, won]}
        elif deal.lost_because:
            action, changes = "lose", {"lost_because": ["", deal.lost_because]}
        self._audit(deal.closed, noun="opportunity", record_id=deal.id, action=action, changes=changes, actor=deal.owner)

    def _said(self, lead: Pass, *, stay: Stay) -> None:
        """Calls, mails, visits, meetings and notes of one stay."""
        random, carrier = self._random, stay.hands[0][1]
        end = self._days.until if stay.left is None else stay.left
        language = carrier.language if carrier else "en"
        if stay.stage == stages.NURTURING:
            for _ in range(min(3, int((end - stay.entered) / (40 * DAY)))):
                at = random.randint(stay.entered, end)
                if random.random() < 0.7:
                    noticed: dict[str, Any] = {"noticed": ("opened", "clicked")[at % 4 // 2]} if at % 2 == 0 else {}
                    self._tell(at, Kind.MAIL, lead, text=random.choice(words.MAILS), detail=noticed)
                else:
                    self._tell(at, Kind.VISIT, lead, text=random.choice(words.PAGES))
        elif carrier and stay.stage == stages.WORKING:
            for _ in range(random.choice((0, 1, 1, 2))):
                self._tell(random.randint(stay.entered, end), Kind.CALL, lead, actor=carrier, text=random.choice(words.NO_ANSWER[language]))
        elif carrier and stay.stage == stages.CONNECTED:
            self._tell(stay.entered, Kind.CALL, lead, actor=carrier, text=random.choice(words.TALKED[language]), detail={"disposition": "talk"})
        elif carrier and stay.stage == stages.P1:
            self._tell(stay.entered, Kind.MEETING, lead, actor=carrier, text=random.choice(words.MET[language]))
        if carrier and stay.stage in (stages.CONNECTED, stages.P1, stages.P2, stages.P3) and random.random() < 0.5:
            at = random.randint(stay.entered, end)
            entry = self._tell(at, Kind.NOTE, lead, actor=carrier, text=random.choice(words.NOTES[language]))
            self._audit(at, noun="timelineentry", record_id=entry, action="note", changes={}, actor=carrier)

    def _tasks(self, lead: Pass) -> None:
        """What was promised: done in the stays that are over, open in the one that is not, one in six of those overdue."""
        random = self._random
        for stay in lead.stays:
            leg = _LEG[stay.stage]
            carrier = stay.hands[-1][1]
            if carrier is None or leg not in words.TASKS or random.random() > (0.6 if stay.left is None else 0.25):
                continue
            subject = random.choice(words.TASKS[leg][carrier.language])
            if stay.left is None:
                due = self._today + timedelta(days=-random.randint(1, 12) if random.random() < 0.16 else random.randint(0, 18))
                begun = max(stay.hands[-1][0], self._days.until - random.randint(1, 9) * DAY)
                self._task(lead, subject=subject, owner=carrier, due=max(due, self._days.day(begun)), begun=begun, done=None)
            else:
                begun = random.randint(stay.hands[-1][0], stay.left)
                self._task(lead, subject=subject, owner=carrier, due=self._days.day(stay.left), begun=begun, done=random.randint(begun, stay.left))

    def _task(self, lead: Pass, *, subject: str, owner: Colleague, due: date, begun: int, done: int | None) -> None:
        number, person = next(self._task_ids), lead.person
        done_by = owner.id if done is not None else None
        self._tables["crm_task"].append(
            (
                number,
                subject,
                _kind(subject),
                due.isoformat(),
                owner.id,
                owner.team_id,
                person.company.id,
                person.id,
                lead.id,
                owner.id,
                written(begun),
                _maybe(done),
                done_by,
            )
        )
        self._audit(
            begun,
            noun="task",
            record_id=number,
            action="add",
            changes={"subject": ["", subject], "due_on": [None, due.isoformat()], "owner": [None, owner.id]},
            actor=owner,
        )
        if done is not None:
            self._tell(done, Kind.TASK, lead, actor=owner, text=subject, detail={"task": number})
            self._audit(done, noun="task", record_id=number, action="finish", changes={"done_at": [None, written(done)]}, actor=owner)

    def _consents(self, person: Person) -> None:
        random, source = self._random, person.source
        if source.outbound:
            self._consent(person, channel=Channel.PHONE, how=source.name, basis=source.phone_by, at=person.known_since)
            return
        text = words.CONSENT_TEXTS[0] if person.known_since < self._days.start + (self._days.until - self._days.start) / 2 else words.CONSENT_TEXTS[1]
        given = ConsentState.GIVEN if random.random() < 0.9 else ConsentState.REFUSED
        self._consent(person, channel=Channel.MAIL, state=given, how=source.name, text=text, at=person.known_since)
        has_ticked, by_form = random.random() < TICK_THE_TELEPHONE, source.phone_by is Basis.CONSENT
        if has_ticked or not by_form:
            self._consent(person, channel=Channel.PHONE, how=source.name, text=text if by_form else "", basis=source.phone_by, at=person.known_since)
        if given is ConsentState.GIVEN and random.random() < 0.06:
            at = random.randint(person.known_since, self._days.until)
            self._consent(person, channel=Channel.MAIL, state=ConsentState.WITHDRAWN, how="Unsubscribed by link", at=at)

    def _consent(
        self, person: Person, *, channel: Channel, state: ConsentState = ConsentState.GIVEN, how: str, text: str = "", basis: Basis = Basis.CONSENT, at: int
    ) -> None:
        self._tables["crm_consent"].append((person.id, channel.value, state.value, how, text, basis.value, None, written(at)))
        self._audit(at, noun="contact", record_id=person.id, action="consent", changes={channel.value: [None, state.value]})

    def _tell(self, at: int, kind: Kind, lead: Pass, *, actor: Colleague | None = None, detail: dict[str, Any] | None = None, text: str = "") -> int:
        number = next(self._entry_ids)
        told = json.dumps(detail, ensure_ascii=False) if detail else "{}"
        self._tables["crm_timelineentry"].append((number, written(at), kind.value, lead.person.company.id, lead.person.id, lead.id, _id(actor), text, told))
        return number

    def _audit(
        self, at: int, *, noun: str, record_id: int, action: str, changes: dict[str, Any], actor: Colleague | None = None, door: Door | None = None
    ) -> None:
        through = door or (Door.WEB if actor else Door.JOB)
        changed = json.dumps(changes, ensure_ascii=False)
        self._tables["core_auditentry"].append((written(at), _id(actor), through.value, noun, record_id, action, changed))


_LEG = {
    **dict.fromkeys(stages.ORDER[:3], "marketing"),
    **dict.fromkeys(stages.ORDER[3:6], "inside_sales"),
    **dict.fromkeys(stages.IN_SALES, "sales"),
    **dict.fromkeys(stages.IN_SUCCESS, "success"),
}


def _kind(subject: str) -> str:
    return "call" if subject in words.CALLS else "other"


def _id(colleague: Colleague | None) -> int | None:
    return colleague.id if colleague else None


def _maybe(moment: int | None) -> str | None:
    return None if moment is None else written(moment)


def _maybe_day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def n_rows(tables: dict[str, list[Row]]) -> int:
    return sum(len(rows) for rows in tables.values())
