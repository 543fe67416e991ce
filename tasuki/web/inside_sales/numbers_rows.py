"""The rows behind a number of inside sales, newest first: calls, leads, meetings, hand-offs, promises, passes or entries of lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Value
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.crm import opportunity_rules
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.engage.calls import Call, Direction
from tasuki.engage.dispositions import Disposition
from tasuki.engage.meeting_rows import Meeting
from tasuki.inside_sales.call_lists.lists import LONGEST_REASON, CallListEntry
from tasuki.relay import leg_cohort
from tasuki.relay.clocks import Clock
from tasuki.relay.handoff_rows import Handoff
from tasuki.relay.leg_cohort import Step
from tasuki.relay.leg_rows import MOST_TRIES, ROWS
from tasuki.web import relay_filter
from tasuki.web.inside_sales import numbers
from tasuki.web.requests import UserRequest, record_id

_ROWS = 50
_WORDS: dict[str, Any] = {
    "dials": gettext_lazy("dials"),
    "connects": gettext_lazy("calls answered by somebody"),
    "conversations": gettext_lazy("conversations"),
    "dialled_talks": gettext_lazy("conversations that we dialled"),
    "incoming_talks": gettext_lazy("conversations in which they called us"),
    "booked": gettext_lazy("calls in which a meeting was booked"),
    "overrun": gettext_lazy("calls beyond their limit"),
    "overrun_in_vain": gettext_lazy("calls beyond their limit that moved nothing on"),
    "without_result": gettext_lazy("calls without a result"),
    "attempted": gettext_lazy("leads dialled or spoken with"),
    "reached": gettext_lazy("leads reached"),
    "held": gettext_lazy("meetings held"),
    "went": gettext_lazy("meetings held, and no-shows"),
    "accepted": gettext_lazy("hand-offs accepted"),
    "decided": gettext_lazy("hand-offs accepted or returned"),
    "promised": gettext_lazy("first answers owed"),
    "in_time": gettext_lazy("first answers in time"),
    "given_up": gettext_lazy("given up without being reached"),
    "tried_enough": gettext_lazy("given up after six tries or more"),
    "never_tried": gettext_lazy("given up without a try"),
    "planned": gettext_lazy("planned on lists"),
    "worked": gettext_lazy("planned on lists, and worked"),
    "skipped": gettext_lazy("planned on lists, and skipped"),
    "came": gettext_lazy("leads that came"),
}


@dataclass(frozen=True)
class Shown:
    """One row in words."""

    lead: Lead
    who: str
    on: date | datetime | None
    what: str
    seconds: float | None = None
    waited: float | None = None


@dataclass(frozen=True)
class Kind:
    """How rows of a model are read: what is loaded beside them, by what they are ordered, and how each is said."""

    joined: tuple[str, ...]
    moment: str
    shown: Callable[[Any], Shown]


def _name(person: Any, team: Any = None) -> str:
    return person.display_name if person else str(team or "–")


def _came_of(call: Call) -> str:
    result = call.get_disposition_display()
    return _("%(result)s (they called us)") % {"result": result} if call.direction == Direction.IN else result


def _tries(passage: Any) -> str:
    return _("%(outcome)s after %(n)s dials") % {"outcome": passage.get_outcome_display(), "n": passage.n_dials}


def _became(entry: CallListEntry) -> str:
    if entry.skipped_at:
        return _("skipped: %(reason)s") % {"reason": entry.skip_reason}
    return _("worked") if entry.worked_at else _("not worked")


def _seconds(call: Call) -> float | None:
    return (call.ended_at - (call.answered_at or call.started_at)).total_seconds() if call.ended_at else None


_KINDS: dict[type, Kind] = {
    Call: Kind(("caller",), "started_at", lambda one: Shown(one.lead, _name(one.caller), one.started_at, _came_of(one), _seconds(one))),
    Meeting: Kind(("booked_by",), "starts_at", lambda one: Shown(one.lead, _name(one.booked_by), one.starts_at, one.get_state_display())),
    Handoff: Kind(("credited_to",), "answered_at", lambda one: Shown(one.lead, _name(one.credited_to), one.answered_at, one.get_state_display())),
    Clock: Kind(
        ("owner", "team"), "settled_at",
        lambda one: Shown(
            one.lead, _name(one.owner, one.team), one.settled_at, _("in time") if one.is_kept else _("late"), one.business_seconds, one.wall_seconds
        ),
    ),
    Passage: Kind(("owner", "team"), "left_at", lambda one: Shown(one.lead, _name(one.owner, one.team), one.left_at, _tries(one))),
    CallListEntry: Kind(
        ("call_list__owner",), "call_list__for_on",
        lambda one: Shown(one.lead, _name(one.call_list.owner), one.call_list.for_on, _became(one)),
    ),
    Lead: Kind(("owner", "team", "stage"), "opened_at", lambda one: Shown(one, _name(one.owner, one.team), one.opened_at, str(one.stage or ""))),
}  # fmt: skip


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """One page of the rows; the count above it is the number that was clicked."""
    abilities.require(request.user, Ability.SEE_RELAY)
    said, asked = numbers.read(request)
    what, when = request.GET.get("what") or "dials", request.GET.get("when", "")
    period = asked.before if when == "before" else asked
    of_cohort = leg_cohort.steps_by_name(opportunity_rules.in_force())
    if not (what in ROWS or what in of_cohort) or when not in ("", "before") or period is None:
        raise relay_filter.refused()
    rows = leg_cohort.rows(period, of_cohort[what]) if what in of_cohort else ROWS[what](period)
    # Of what was skipped, for one reason, whatever its capitals.
    because = request.GET.get("because", "")[:LONGEST_REASON] if what == "skipped" else ""
    rows = rows.annotate(reason=Lower("skip_reason")).filter(reason=Lower(Value(because))) if because else rows
    kind, count = _KINDS[rows.model], rows.count()
    beside = ("contact", "account") if rows.model is Lead else ("lead__contact", "lead__account")
    window = list(_after(rows, kind, request).select_related(*beside, *kind.joined).order_by(f"-{kind.moment}", "-pk")[: _ROWS + 1])
    base = f"?{said.query(each=None, line=None, what=what, when=when or None, because=because or None)}"
    context = {
        "rows": [kind.shown(one) for one in window[:_ROWS]],
        "what": words(what, step=of_cohort.get(what)),
        "period": _("the period before %(period)s") % {"period": relay_filter.period_name(said)} if when else relay_filter.period_name(said),
        "count": count,
        "n_unseen": leg_cohort.n_in_all(period, of_cohort[what]) - count if what in of_cohort else 0,
        "has_times": rows.model in (Call, Clock),
        "has_waits": rows.model is Clock,
        "newer": base if "after" in request.GET else "",
        "older": f"{base}&after={window[_ROWS - 1].pk}" if len(window) > _ROWS else "",
        "back": f"?{said.query()}",
    }
    return render(request, "inside_sales/numbers/rows.jinja", context)


def words(what: str, *, step: Step | None = None) -> str:
    """What the rows are, in words; `step` is how far the leads of a cohort came."""
    if step:
        return _("came, and since: %(step)s") % {"step": step.label}
    kind, _sign, value = what.partition("_")
    if kind == "result":
        return str(Disposition(value).label)
    if kind == "over":
        return _("%(result)s, beyond the limit") % {"result": Disposition(value).label}
    if kind == "tries":
        n = int(value)
        return (_("given up after %(n)s dials or more") if n == MOST_TRIES else _("given up after %(n)s dials")) % {"n": n}
    if kind == "span":
        return _("first answers of one span of time")
    return str(_WORDS[what])


def _after(rows: Any, kind: Kind, request: UserRequest) -> Any:
    """Those that follow the one the address names."""
    pk = record_id(request.GET.get("after", ""))
    last = rows.filter(pk=pk).values_list(kind.moment, flat=True).first() if pk is not None else None
    return rows.filter(**{f"{kind.moment}__lte": last}).exclude(**{kind.moment: last, "pk__gte": pk}) if last is not None else rows
