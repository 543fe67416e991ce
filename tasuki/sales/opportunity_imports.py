"""Importing opportunities with their history: the ledger is written as if the moves had been made on their days.

A row may name a lead that is here, which is then carried on from the stage where it stands; a row without one opens a
lead of its own. A moment that contradicts the lead's history (won before the first contact) is moved to the earliest
moment that does not, and the row says so: the order is kept, and the days to win are 0 instead of negative.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from tasuki.core.custom_fields.definitions import FieldNoun
from tasuki.core.imports import custom_values, fields
from tasuki.core.imports.changing import Rows, as_they_are, changes, stamps
from tasuki.core.imports.copying import look_up, new_ids
from tasuki.core.imports.fields import Field
from tasuki.core.imports.nouns import Chunk, ImportNoun, Line, by_name
from tasuki.core.imports.runs import ImportRun, RowState
from tasuki.core.money import ExchangeRate
from tasuki.core.organisation import the_organisation
from tasuki.crm import import_fields, notifications, stages
from tasuki.crm.import_fields import moment
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Outcome
from tasuki.sales import opportunity_undo, opportunity_writing
from tasuki.sales.opportunities import LostBecause, Opportunity

FIELDS = by_name(
    Field("tasuki_id", fields.number),
    Field("reference", fields.text(120)),
    Field("lead", fields.text(120)),
    Field("account", fields.text(200)),
    Field("name", fields.text(200)),
    Field("product", fields.text(200)),
    Field("amount", fields.price),
    Field("currency", fields.currency),
    Field("owner", fields.text(120)),
    Field("segment", fields.text(80)),
    Field("source", fields.text(80)),
    Field("stage", fields.choice(*stages.IN_SALES)),
    Field("outcome", fields.choice("open", "won", "lost")),
    Field("opened_at", fields.moment),
    Field("closed_at", fields.moment),
    Field("won_at", fields.moment),
    Field("lost_at", fields.moment),
    Field("lost_because", fields.choice(*LostBecause.values)),
    Field("close_on", fields.day),
)

_LEADS = """
SELECT lead.reference, lead.id, lead.stage_id, lead.opened_at, lead.owner_id, lead.team_id, lead.contact_id, lead.account_id, lead.segment,
       lead.stage_since, lead.updated_at, passage.id, passage.seq, passage.entered_at, passage.owner_id, passage.team_id, opportunity.id
FROM crm_lead lead
LEFT JOIN crm_passage passage ON passage.lead_id = lead.id AND passage.left_at IS NULL
LEFT JOIN sales_opportunity opportunity ON opportunity.lead_id = lead.id
WHERE lead.reference <> '' AND lead.reference = ANY(%s)
"""


@dataclass
class Pass:
    """The lead of one row: as it stands now, or as it will be opened. `was` holds its columns as they are now, `carried` those of its passage."""

    lead_id: int
    is_new: bool
    stage: str | None
    opened_at: datetime
    owner_id: int | None
    team_id: int
    contact_id: int | None
    account_id: int | None
    segment: str
    passage_id: int | None
    seq: int
    entered_at: datetime
    was: dict[str, Any] = field(default_factory=dict)
    carried: dict[str, Any] = field(default_factory=dict)

    @property
    def trace(self) -> dict[str, Any]:
        """What an undo needs: the lead, and how it was before if it was there."""
        return {"lead": self.lead_id, "is_new": self.is_new, "was": self.was, "carried": self.carried}


def write(chunk: Chunk) -> None:
    """Decide about duplicates, find or open the leads, then write opportunities and ledger, all set-based."""
    import_fields.refuse_the_future(chunk, "opened_at", "closed_at", "won_at", "lost_at")
    import_fields.custom(chunk, "opportunity")
    _change(chunk, chunk.numbered("sales_opportunity"))
    references: dict[Any, int] = look_up(
        "SELECT reference, id FROM sales_opportunity WHERE reference <> '' AND reference = ANY(%s)", chunk.values_of("reference")
    )
    leads = look_up(_LEADS, chunk.values_of("lead"))
    if _is_keyed_by_lead(chunk):
        changing = chunk.settle_duplicates({key: row[-1] for key, row in leads.items() if row[-1] is not None}, "lead", is_unique=True)
    else:
        changing = chunk.settle_duplicates(references, "reference", is_unique=True)
    _change(chunk, changing)
    chunk.refuse_taken("reference", references)
    import_fields.refuse_unfilled(chunk, FieldNoun.OPPORTUNITY, entering=_entering)
    lines = [line for line in chunk.waiting() if not _is_refused(line, leads)]
    # From here on no row is refused: what is made on the way is made for an opportunity.
    team, made_team = import_fields.default_team(chunk)
    owners, made_people = import_fields.people(chunk, "owner")
    made_accounts = import_fields.accounts(chunk, team)
    products = import_fields.products(chunk, "product")
    money = _Money(chunk)
    writing = opportunity_writing.Writing(chunk)
    lead_ids = iter(new_ids(Lead, sum(1 for line in lines if "lead" not in line.values)))
    for line, pk in zip(lines, new_ids(Opportunity, len(lines)), strict=True):
        values = line.values
        values["owner_id"] = owners.get(values.get("owner", ""))
        values["product_id"] = _product(line, products)
        values["base_amount"] = money.in_base(line)
        one = _known(leads[values["lead"]]) if "lead" in values else _fresh(chunk, line, pk=next(lead_ids), team=team.pk)
        line.become(RowState.CREATED, pk)
        _carry(chunk, line, one=one, writing=writing)
    writing.write()
    import_fields.note_made(chunk, made_team, made_people, made_accounts)


def _is_keyed_by_lead(chunk: Chunk) -> bool:
    """A lead has one opportunity, so where the file has no reference of its own, the lead is the key."""
    return (chunk.mapping.key or ("reference" if "reference" in chunk.mapping.columns else "lead")) == "lead"


def _entering(values: dict[str, Any]) -> str | None:
    """The stage in which the opportunity of a row will stand; what was lost stands in none."""
    outcome = _outcome(values)
    if outcome == Outcome.LOST:
        return None
    return stages.ONBOARDING if outcome == Outcome.WON else values.get("stage") or stages.P2


def _carry(chunk: Chunk, line: Line, *, one: Pass, writing: opportunity_writing.Writing) -> None:
    """Add to the ledger what the row says happened: into its phase, and out of it if it is closed."""
    values = line.values
    outcome = _outcome(values)
    closed_at = _moment_of(values, "won_at", "lost_at", "closed_at") if outcome else None
    phase = values.get("stage") or (stages.P4 if outcome == Outcome.WON and "opened_at" not in values else stages.P2)
    opened_at = _moment_of(values, "opened_at") or closed_at or chunk.at
    opened_at = _not_before(line, "opened_at", opened_at, earliest=one.entered_at) if "opened_at" in values else max(opened_at, one.entered_at)
    if closed_at is not None:
        column = next(name for name in ("won_at", "lost_at", "closed_at") if name in values)
        closed_at = _not_before(line, column, closed_at, earliest=opened_at if "opened_at" in values else one.entered_at)
        opened_at = min(opened_at, closed_at)
    line.trace |= one.trace
    writing.add(line, one, opportunity_writing.Course(phase, opened_at, closed_at, outcome))


def _not_before(line: Line, column: str, at: datetime, *, earliest: datetime) -> datetime:
    if at >= earliest:
        return at
    line.say(
        column,
        _("This says %(said)s, but the lead was not there before %(earliest)s; it is counted on that day.")
        % {"said": at.date().isoformat(), "earliest": earliest.date().isoformat()},
    )
    return earliest


def _outcome(values: dict[str, Any]) -> Outcome | None:
    if "won_at" in values or values.get("outcome") == "won":
        return Outcome.WON
    if "lost_at" in values or values.get("outcome") == "lost":
        return Outcome.LOST
    return None


def _moment_of(values: dict[str, Any], *names: str) -> datetime | None:
    return next((moment(values[name]) for name in names if name in values), None)


def _is_refused(line: Line, leads: dict[str, Any]) -> bool:
    values = line.values
    if _outcome(values) and not values.keys() & {"won_at", "lost_at", "closed_at"}:
        line.reject("closed_at", _("A closed opportunity needs the day on which it was closed."))
    elif "lead" in values:
        known = leads.get(values["lead"])
        if known is None:
            line.reject("lead", _("There is no lead “%(reference)s”.") % {"reference": values["lead"][:80]})
        elif known[-1] is not None:
            line.reject("lead", _("This lead has an opportunity already."))
        elif known[1] is None or known[1] in (*stages.IN_SALES, *stages.IN_SUCCESS):
            line.reject("lead", _("This lead is not in process any more, so it cannot be moved."))
        else:
            # The next row of the file for the same lead must be refused too.
            leads[values["lead"]] = (*known[:-1], 0)
    return line.state is not None


def _known(row: tuple[Any, ...]) -> Pass:
    lead_id, stage, opened_at, owner, team, contact, account, segment, since, updated_at, passage, seq, entered_at, *carried, _opportunity = row
    was = {"owner_id": owner, "segment": segment, "stage_id": stage, "stage_since": since.isoformat(), "updated_at": updated_at.isoformat()}
    was |= {"won_at": None, "ended_at": None, "ended_as": ""}
    carrier = dict(zip(("owner_id", "team_id"), carried, strict=True))
    return Pass(lead_id, False, stage, opened_at, owner, team, contact, account, segment, passage, seq, entered_at, was, carrier)


def _fresh(chunk: Chunk, line: Line, *, pk: int, team: int) -> Pass:
    opened_at = _moment_of(line.values, "opened_at", "won_at", "lost_at", "closed_at") or chunk.at
    account, segment = line.values.get("account_id"), line.values.get("segment", "")
    return Pass(pk, True, None, opened_at, line.values["owner_id"], team, None, account, segment, None, 0, opened_at)


def _product(line: Line, products: dict[str, tuple[int, str]]) -> int | None:
    name = line.values.get("product", "")
    if name and name not in products:
        line.say("product", _("There is no product “%(name)s”; the opportunity is kept without one.") % {"name": name[:80]})
    return products[name][0] if name in products else None


class _Money:
    """Amounts in the organisation's currency, at the rate of the day; the rates are read once."""

    def __init__(self, chunk: Chunk) -> None:
        self.base = the_organisation().currency
        self.at = chunk.at
        self.rates: dict[str, list[tuple[Any, Decimal]]] = {}
        for rate in ExchangeRate.objects.order_by("from_on"):
            self.rates.setdefault(rate.currency, []).append((rate.from_on, rate.rate))

    def in_base(self, line: Line) -> Decimal | None:
        values = line.values
        if "amount" not in values:
            return None
        currency = values.setdefault("currency", self.base)
        if currency == self.base:
            return Decimal(values["amount"])
        on = (_moment_of(values, "won_at", "lost_at", "closed_at", "opened_at") or self.at).date()
        rate: Decimal | None = next((rate for from_on, rate in reversed(self.rates.get(currency, [])) if from_on <= on), None)
        if rate is None:
            line.say("amount", _("There is no exchange rate for %(currency)s on or before %(on)s.") % {"currency": currency, "on": on.isoformat()})
            return None
        return (Decimal(values["amount"]) * rate).quantize(Decimal("0.01"))


def _change(chunk: Chunk, rows: Rows) -> None:
    """Update what may change without moving the lead; what an order was worth stands in the ledger."""
    before = as_they_are(Opportunity, [pk for _line, pk in rows], columns=("closed_at", *opportunity_undo.CHANGEABLE, *stamps(Opportunity)))
    _leave_titles(rows, before)
    base = the_organisation().currency
    for line, pk in rows:
        values = line.values
        if before[pk]["closed_at"] and values.keys() & {"amount", "currency"}:
            is_said = any(values.get(name, before[pk][name]) != before[pk][name] for name in ("amount", "currency"))
            values.pop("amount", None)
            values.pop("currency", None)
            if is_said:
                line.say("amount", _("The amount of a closed opportunity stays as it is in the ledger."))
        elif "amount" in values:
            values.setdefault("currency", before[pk]["currency"] or base)
    plain = custom_values.merge(rows, model=Opportunity)
    changes(chunk, rows, model=Opportunity, columns=opportunity_undo.CHANGEABLE, plain=plain, before=before).write()


def _leave_titles(rows: Rows, before: dict[int, dict[str, Any]]) -> None:
    """An opportunity without a name is shown by its lead's: a row that says so, as our exports do, gives it none."""
    nameless = [pk for line, pk in rows if "name" in line.values and not before[pk]["name"]]
    titles = {one.pk: one.title for one in Opportunity.objects.filter(pk__in=nameless).select_related("lead__contact", "lead__account")} if nameless else {}
    for line, pk in rows:
        if titles.get(pk) == line.values.get("name"):
            line.values.pop("name", None)


def finish(run: ImportRun, at: datetime) -> None:
    notifications.tell_of_import(run, model=Opportunity, noun=Opportunity.noun, at=at)


NOUN = ImportNoun(
    "opportunities",
    "opportunity",
    FIELDS,
    ("reference", "lead", "tasuki_id"),
    write,
    opportunity_undo.take_back,
    options=frozenset({"team"}),
    check_options=import_fields.check_team,
    finish=finish,
    known_values=import_fields.known_values,
)
