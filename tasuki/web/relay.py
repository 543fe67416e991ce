"""The relay page: one question about a period, answered by a picture; and the rows behind every number of it."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import Organisation, the_organisation
from tasuki.core.teams import Team
from tasuki.crm.leads import Lead
from tasuki.crm.stages import Stage
from tasuki.relay import bottleneck, drawing, kpis
from tasuki.relay.kpis import Form, Grouping, Question
from tasuki.web.relay_trend import trend
from tasuki.web.requests import UserRequest

PERIODS = ("quarter", "last_quarter", "month", "year", "all")
_GROUP_ROWS = 12


@dataclass(frozen=True)
class Filter:
    """What the address asks for, checked."""

    period: str
    first: date | None
    last: date | None
    form: Form
    by: Grouping
    source: str
    segment: str
    team: int | None

    def query(self, **changed: Any) -> str:
        """The query string of the same page with something changed."""
        said = {"period": self.period, "form": self.form.value, "by": self.by.value, "source": self.source, "segment": self.segment, "team": self.team}
        if self.period == "custom":
            said |= {"from": self.first, "to": self.last}
        return urlencode({name: value for name, value in (said | changed).items() if value not in ("", None)})

    def only(self) -> dict[str, Any]:
        named = {"source": "" if self.source == kpis.BLANK else self.source, "segment": "" if self.segment == kpis.BLANK else self.segment}
        return {name: value for name, value in named.items() if getattr(self, name)} | ({"team": self.team} if self.team else {})


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """The relay in one period, for what this person may see."""
    abilities.require(request.user, Ability.SEE_RELAY)
    asked = read(request)
    organisation = the_organisation()
    start, end = bounds(asked, organisation)
    question = Question(asked.form, start, end, asked.by, request.user, asked.only())
    counts = kpis.by_stage(question)
    usual = kpis.usual(question)
    sees_money = abilities.can(request.user, Ability.SEE_AMOUNTS)
    neck = bottleneck.find(counts, usual, kpis.mean_won_amount(question) if sees_money else None)
    weeks = (end - start).total_seconds() / 604_800 if start else None
    late = kpis.aged(question, {stage: count.median_days for stage, count in counts.items()})
    names = {stage.pk: stage for stage in Stage.objects.all()}
    trend_of = neck.stage if neck else "connected"
    return render(
        request,
        "relay/page.jinja",
        {
            "asked": asked,
            "period_name": period_name(asked),
            "picture": drawing.draw(drawing.Material(counts, usual, late, asked.form, weeks, neck.stage if neck else None)),
            "counts": counts,
            "usual": usual,
            "neck": neck,
            "stages": names,
            "recycling": kpis.recycling(question),
            "groups": kpis.by_group(question)[:_GROUP_ROWS],
            "total": kpis.total(question),
            "trend": trend(kpis.rate_by_week(question, trend_of), usual.get(trend_of)),
            "trend_of": trend_of,
            "currency": organisation.currency,
            "sees_money": sees_money,
            "choices": choices(request, asked),
            "blank": kpis.BLANK,
        },
    )


def read(request: UserRequest) -> Filter:
    """The filter that the address names. What it does not know is refused, not guessed."""
    said = request.GET
    period = said.get("period") or ("custom" if said.get("from") or said.get("to") else "quarter")
    try:
        first, last = (date.fromisoformat(said[name]) if said.get(name) else None for name in ("from", "to"))
        form, by = Form(said.get("form") or "period"), Grouping(said.get("by") or "source")
        team = int(said["team"]) if said.get("team") else None
    except ValueError:
        raise BadRequest(_("This address asks for something the relay does not have.")) from None
    if period not in (*PERIODS, "custom") or (first and last and first > last) or (team is not None and not 0 < team < 2**31):
        raise BadRequest(_("This address asks for something the relay does not have."))
    return Filter(period, first, last, form, by, said.get("source", "")[:80], said.get("segment", "")[:80], team)


def bounds(asked: Filter, organisation: Organisation) -> tuple[datetime | None, datetime]:
    """The half-open period in the organisation's zone; it never ends after now."""
    zone = zoneinfo.ZoneInfo(organisation.time_zone)
    now = timezone.now()
    today = now.astimezone(zone).date()
    quarter = _quarter_start(today, organisation.fiscal_year_starts_in)
    last_quarter = _quarter_start(quarter - timedelta(days=1), organisation.fiscal_year_starts_in)
    starts: dict[str, date | None] = {
        "quarter": quarter,
        "last_quarter": last_quarter,
        "month": today.replace(day=1),
        "year": today.replace(day=1, year=today.year - 1),
        "all": None,
        "custom": asked.first,
    }
    first = starts[asked.period]
    last = {"last_quarter": quarter, "custom": asked.last + timedelta(days=1) if asked.last else None}.get(asked.period)
    start = datetime.combine(first, time(), zone) if first else None
    end = min(datetime.combine(last, time(), zone), now) if last else now
    return (min(start, end) if start else None), end


def _quarter_start(day: date, fiscal_start: int) -> date:
    """The first day of the fiscal quarter in which the day lies."""
    back = (day.month - fiscal_start) % 3
    month = day.month - back
    return date(day.year, month, 1) if month > 0 else date(day.year - 1, month + 12, 1)


def period_name(asked: Filter) -> str:
    names = {
        "quarter": _("this quarter"),
        "last_quarter": _("last quarter"),
        "month": _("this month"),
        "year": _("the last 12 months"),
        "all": _("all time"),
        "custom": f"{asked.first or '…'} – {asked.last or '…'}",
    }
    return names[asked.period]


@dataclass(frozen=True)
class Choices:
    periods: list[tuple[str, str, bool]]
    sources: list[tuple[str, str, bool]]
    segments: list[tuple[str, str, bool]]
    teams: list[tuple[str, str, bool]]
    forms: list[tuple[str, str, bool]]
    groupings: list[tuple[str, str, bool]]
    team_name: str


def choices(request: UserRequest, asked: Filter) -> Choices:
    """What each clause of the filter sentence can be changed to: (label, address, is it so now)."""
    seen = Lead.objects.visible_to(request.user).order_by()
    teams = list(Team.objects.visible_to(request.user).order_by("name").values_list("pk", "name"))
    names = {name: period_name(replace(asked, period=name)) for name in PERIODS}
    labels = {"source": _("source"), "month": _("month"), "owner": _("owner"), "team": _("team"), "segment": _("segment")}

    def listed(field: str) -> list[tuple[str, str, bool]]:
        values = [value or kpis.BLANK for value in seen.values_list(field, flat=True).distinct().order_by(field)[:40]]
        return [(value, f"?{asked.query(**{field: value})}", getattr(asked, field) == value) for value in values]

    return Choices(
        periods=[(label, f"?{asked.query(period=name, **{'from': None, 'to': None})}", asked.period == name) for name, label in names.items()],
        sources=[(_("every source"), f"?{asked.query(source=None)}", not asked.source), *listed("source")],
        segments=[(_("every segment"), f"?{asked.query(segment=None)}", not asked.segment), *listed("segment")],
        teams=[(_("every team"), f"?{asked.query(team=None)}", asked.team is None), *((name, f"?{asked.query(team=pk)}", asked.team == pk) for pk, name in teams)],
        forms=[(_("Period"), f"?{asked.query(form='period')}", asked.form is Form.PERIOD), (_("Cohort"), f"?{asked.query(form='cohort')}", asked.form is Form.COHORT)],
        groupings=[(labels[by.value], f"?{asked.query(by=by.value)}", asked.by is by) for by in Grouping],
        team_name=next((name for pk, name in teams if pk == asked.team), _("every team")),
    )

