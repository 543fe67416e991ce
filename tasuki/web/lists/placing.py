"""Which verb puts a record into which lane, what has to be said first, and how it can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import BadRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from tasuki.core import abilities, business_days
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.custom_fields import writing
from tasuki.core.errors import Refused
from tasuki.core.filters.fields import Field, Kind
from tasuki.core.organisation import the_organisation
from tasuki.core.working_time import Hours
from tasuki.crm import exit_reasons, leads, stages, tasks
from tasuki.crm.leads import Lead
from tasuki.relay import handoffs
from tasuki.sales import opportunities
from tasuki.sales.opportunities import LostBecause, Opportunity
from tasuki.web import custom_values, formats, moves
from tasuki.web.exit_forms import DisqualifyForm, RecycleForm
from tasuki.web.lists import lanes
from tasuki.web.lists.grouping import Bucket
from tasuki.web.requests import UserRequest
from tasuki.web.teams_of import team_for


class NoDealYet(Refused):
    code = "no_deal_yet"

    def __init__(self) -> None:
        super().__init__(_("This lead has no opportunity yet. Accept it for sales first: put it into P1."))


class NotWonYet(Refused):
    code = "not_won_yet"

    def __init__(self) -> None:
        super().__init__(_("A lead comes here when its opportunity is won."))


@dataclass(frozen=True)
class Placing:
    """A record that is to be put into the lane `to`; `said` is what a form has said first."""

    noun: str
    field: Field
    record: Any
    to: str
    said: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the rows of a list stand by a field, and whether the reader may put them elsewhere."""

    noun: str
    field: Field
    may_move: bool

    def place(self, row: Any, here: str) -> str:
        """Where a row is put somewhere else, and then back `here`."""
        return address(self.noun, row.pk, group=self.field.key, next=here)


@dataclass(frozen=True)
class Moved:
    """What is told of a move, the lane or day to put the record back into, "" where no verb takes it back, and the one where it stands `after`."""

    sentence: str
    before: str = ""
    after: str = ""


def address(noun: str, pk: int, **said: str) -> str:
    """Where a record is put somewhere else."""
    return f"{reverse('place', args=[noun, pk])}?{urlencode(said)}"


def ability(noun: str) -> Ability:
    """What it takes to move records of a noun."""
    return Ability.WORK_ACCOUNTS if noun == "task" else custom_values.NOUNS[noun][1]


def form_for(noun: str, field: Field, to: str, *, request: UserRequest, record: Any) -> forms.Form | None:
    """What has to be said before a record can be put there; None where nothing has."""
    if not lanes.asks(noun, field, to):
        return None
    sent = request.POST if request.method == "POST" else None
    if to == stages.P1:
        initial = {"currency": the_organisation().currency, "product": record.product_id}
        return moves.OpportunityForm(sent, reader=request.user, initial=initial)
    if to == "lost":
        return moves.LoseForm(sent) if noun == "opportunity" else moves.LoseLeadForm(sent)
    stage = record.lead.stage_id if noun == "opportunity" else record.stage_id
    return RecycleForm(sent, stage=stage) if to == "recycled" else DisqualifyForm(sent, stage=stage)


def put(placing: Placing, told: list[Bucket], *, by: By, at: datetime) -> Moved:
    """Carry the move out. Raises BadRequest for a lane that is none, and whatever the verb refuses."""
    if is_dated(placing.noun, placing.field) and (placing.to == "none" or day_of(placing.to)):
        return _dated(placing, day_of(placing.to), by=by, at=at)
    exits = lanes.EXITS.get((placing.noun, placing.field.key), ())
    if placing.to not in {*lanes.targets(placing.noun, placing.field, told), *(one.key for one in exits)}:
        raise BadRequest(_("This board has no lane of that name."))
    if placing.field.key == "due":
        return _dated(placing, _day(placing.to, at), by=by, at=at)
    if placing.field.key != "stage":
        return _choice(placing, told, by=by, at=at)
    if placing.noun == "lead":
        _lead(placing, by=by, at=at)
    else:
        _deal(placing.record, placing, by=by, at=at)
    return _told(placing, told)


def _told(placing: Placing, told: list[Bucket]) -> Moved:
    """Nothing of the ledger is ever taken back: a way back is a move of its own, and the sentence says so."""
    ways_out = {
        "won": _("Won. The customer is in onboarding now."),
        "lost": _("The opportunity is closed as lost.") if placing.noun == "opportunity" else _("The lead is closed as lost."),
        "recycled": _("The lead is recycled. It wakes by its rule."),
        "disqualified": _("The lead is disqualified."),
    }
    if placing.to in ways_out:
        return Moved(ways_out[placing.to])
    lane = next(bucket.label for bucket in told if bucket.key == placing.to)
    return Moved(_("%(name)s is in “%(lane)s” now. It only moves forward; to send it back, recycle it.") % {"name": placing.record, "lane": lane})


def _lead(placing: Placing, *, by: By, at: datetime) -> None:
    lead, to, user = placing.record, placing.to, by.actor
    assert user is not None  # noqa: S101 - whoever moves a card has signed in
    deal = Opportunity.objects.visible_to(user).open().filter(lead=lead).first()
    if deal and to in (*stages.IN_SALES, stages.ONBOARDING):
        abilities.require(user, Ability.WORK_OPPORTUNITIES)
        _deal(deal, placing, by=by, at=at)
        return
    opportunities.refuse_while_open(lead)
    if to == stages.P1:
        abilities.require(user, Ability.WORK_OPPORTUNITIES)
        handoffs.take_up(lead, terms=moves.terms_of(dict(placing.said)), owner=user, team=team_for(user), by=by, at=at)
    elif to in stages.IN_SALES:
        raise NoDealYet
    elif to in stages.IN_SUCCESS and not lead.won_at:
        raise NotWonYet
    elif to in stages.ORDER:
        leads.advance(lead, to=to, by=by, at=at)
    else:
        _ended(lead, placing, by=by, at=at)


def _ended(lead: Lead, placing: Placing, *, by: By, at: datetime) -> None:
    if placing.to == "recycled":
        leads.recycle(lead, by=by, at=at, **exit_reasons.recycled_as(placing.said, at=at))
    elif placing.to == "lost":
        leads.lose(lead, reason=placing.said["because"], by=by, at=at)
    else:
        leads.disqualify(lead, by=by, at=at, **exit_reasons.disqualified_as(placing.said))


def _deal(deal: Opportunity, placing: Placing, *, by: By, at: datetime) -> None:
    to, said = placing.to, placing.said
    if to in ("won", stages.ONBOARDING):
        opportunities.win(deal, by=by, at=at)
    elif to == "lost":
        opportunities.lose(deal, because=LostBecause(said["because"]), lost_to=said["lost_to"], by=by, at=at)
    elif to == "recycled":
        opportunities.recycle(deal, by=by, at=at, **exit_reasons.recycled_as(said, at=at))
    else:
        opportunities.advance(deal, to=to, by=by, at=at)


def is_dated(noun: str, field: Field) -> bool:
    """Whether the field is a day that a verb changes."""
    return (noun, field.key) in (("task", "due"), ("opportunity", "close")) or (field.kind is Kind.DATE and field.key.startswith("custom."))


def day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def standing_on(field: Field, record: Any) -> date | None:
    """The day of the record in a dated field."""
    if field.key.startswith("custom."):
        return day_of(record.custom.get(field.key.removeprefix("custom."), ""))
    day: date | None = getattr(record, field.path)
    return day


def _dated(placing: Placing, day: date | None, *, by: By, at: datetime) -> Moved:
    record, field = placing.record, placing.field
    before = standing_on(field, record)
    if placing.noun == "task":
        tasks.change(record, due_on=day, by=by, at=at)
        sentence = _("The task is due on %(day)s.") % {"day": formats.day(day)} if day else _("The task has no day any more.")
    elif field.key == "close":
        opportunities.change(record, said={"close_on": day}, by=by, at=at)
        sentence = _named(field, record, day)
    else:
        writing.write(record, said={int(field.key.removeprefix("custom.f")): day}, by=by, at=at)
        sentence = _named(field, record, day)
    return Moved(sentence, *(one.isoformat() if one else "none" for one in (before, day)))


def _named(field: Field, record: Any, day: date | None) -> str:
    said = {"name": record, "field": field.label, "day": formats.day(day)}
    return _("%(name)s: %(field)s %(day)s") % said if day else _("%(name)s: %(field)s has no day any more") % said


def _day(to: str, at: datetime) -> date | None:
    """The day that a lane means: of this week the last business day, of the next the first."""
    today, hours = localdate(at), hours_of_the_house()
    days: dict[str, Callable[[], date | None]] = {
        "none": lambda: None,
        "today": lambda: today,
        "week": lambda: _last_of_week(today, hours=hours),
        "later": lambda: business_days.next_week(today, hours=hours),
    }
    return days[to]()


def _last_of_week(today: date, *, hours: Hours) -> date:
    rest = [today + timedelta(days=n) for n in range(1, 7 - today.weekday())]
    working = [day for day in rest if business_days.is_business_day(day, hours=hours)]
    return (working or rest or [today])[-1]


def _choice(placing: Placing, told: list[Bucket], *, by: By, at: datetime) -> Moved:
    """A choice of a custom field, or none."""
    pk = int(placing.field.key.removeprefix("custom.f"))
    before = placing.record.custom.get(f"f{pk}") or "none"
    writing.write(placing.record, said={pk: "" if placing.to == "none" else placing.to}, by=by, at=at)
    lane = next(bucket.label for bucket in told if bucket.key == placing.to)
    return Moved(_("%(name)s is in “%(lane)s” now.") % {"name": placing.record, "lane": lane}, before, placing.to)
