"""The numbers of inside sales: a period beside the one before it, its weeks, and by person, team or source; flows and balances of its stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.core.teams import Department, Team
from tasuki.crm.leads import Lead
from tasuki.crm.stages import Stage
from tasuki.relay import benchmarks, leg_flows, leg_numbers, leg_tasks, questions, response_times
from tasuki.relay.groups import BLANK
from tasuki.relay.leg_days import covering
from tasuki.relay.leg_days.covering import Known
from tasuki.relay.leg_numbers import MEASURE, MEASURES, Key, Measure, Numbers, SkipReason
from tasuki.relay.leg_rows import MOST_TRIES, Asked, Each
from tasuki.relay.leg_tasks import ToDo
from tasuki.web import formats, plan_against, relay_filter, relay_trend
from tasuki.web.relay_filter import Clause, Filter
from tasuki.web.requests import UserRequest

_MOST_OPTIONS = 60
# Four of them are summed for each point of the line.
_WEEKS = 13 + 3
# What stands in the table of groups.
_OF_GROUPS = tuple(MEASURE[key] for key in ("connect", "reach", "conversation", "booked", "show", "acceptance", "in_time", "persistence"))
# And in the one below it: how lists, tasks and talk time are kept.
_OF_HABITS = tuple(MEASURE[key] for key in ("worked", "skipped", "overrun", "overrun_in_vain"))
_MOST_REASONS = 10
_NARROWS = {Each.PERSON: "owner", Each.TEAM: "team", Each.SOURCE: "source"}


@dataclass(frozen=True)
class Said(Filter):
    """What the address says: the filter of the relay, and besides by what the table groups and which measure the line draws."""

    each: Each
    line: Measure

    def query(self, **changed: Any) -> str:
        return super().query(**{"by": None, "form": None, "each": self.each.value, "line": self.line.key, **changed})


def read(request: UserRequest) -> tuple[Said, Asked]:
    """What the address asks for; what it does not know is refused."""
    asked = relay_filter.read(request)
    each, line = request.GET.get("each") or Each.PERSON.value, request.GET.get("line") or "connect"
    if each not in Each.values or line not in MEASURE or set(asked.texts) - {"source"} or set(asked.ids) - {"owner", "team"}:
        raise relay_filter.refused()
    organisation = the_organisation()
    start, end = relay_filter.bounds(asked, organisation)
    source = asked.texts.get("source")
    narrowed = {"person": asked.ids.get("owner"), "team": asked.ids.get("team")}
    of = Asked(request.user, start, end, ZoneInfo(organisation.time_zone), source="" if source == BLANK else source, **narrowed)
    return Said(**vars(asked), each=Each(each), line=MEASURE[line]), of


@require_GET
def page(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.SEE_RELAY)
    said, asked = read(request)
    known, today = covering.counted(), localdate()
    now, before = leg_numbers.now_and_before(asked, known=known)
    todo = leg_tasks.by_person(asked, today=today)
    links = Links(said, asked)
    context = {
        "said": said,
        "links": links,
        "forms": forms(said, is_cohort=False),
        "sentence": sentence(request.user, said),
        "now": now,
        "before": before if asked.before else None,
        "measures": [(one, one.of(now), one.of(before), benchmarks.span(one.key)) for one in MEASURES],
        "groupings": [(str(one.label).capitalize(), f"?{said.query(each=one.value)}#groups", one is said.each) for one in Each],
        "columns": _OF_GROUPS,
        "habits": _OF_HABITS,
        "groups": _groups(asked, said, links=links, known=known, todo=todo),
        "todo": leg_tasks.in_all(todo),
        "skip_reasons": leg_numbers.skip_reasons(asked, most=_MOST_REASONS),
        "lines": [(str(one.label).capitalize(), f"?{said.query(line=one.key)}#line", one is said.line) for one in MEASURES],
        "trend": relay_trend.trend(leg_numbers.by_week(_weeks(asked), said.line, known=known), [], aim=None),
        "flows": leg_flows.flows(asked, known=known),
        "stages": {stage.pk: stage for stage in Stage.objects.visible_to(request.user)},
        "bins": leg_numbers.curve(asked, known=known),
        "results": leg_numbers.by_result(asked, known=known),
        "most_tries": MOST_TRIES,
        "plan": plan_against.of_inside_sales(asked, each=said.each),
        "elsewhere": benchmarks.BENCHMARKS,
        "elsewhere_a_day": benchmarks.span("dials_a_day"),
        "measure": MEASURE,
        "enough": response_times.ENOUGH,
    }
    return render(request, "inside_sales/numbers/page.jinja", context)


def _weeks(asked: Asked) -> Asked:
    """The last weeks before the end, whatever the period: a line of two points says nothing."""
    monday = (asked.end - timedelta(microseconds=1)).astimezone(asked.zone).date()
    first = monday - timedelta(days=monday.weekday(), weeks=_WEEKS - 1)
    return replace(asked, start=datetime.combine(first, datetime.min.time(), asked.zone))


@dataclass(frozen=True)
class Group:
    name: str
    numbers: Numbers
    links: Links
    reason: SkipReason | None = None
    todo: ToDo | None = None
    key: Key = None

    @property
    def of_todo(self) -> str:
        """The query of the list of tasks that shows what is overdue of the person."""
        return urlencode({"view": "overdue", "filter": f"done:empty, due:before(today), owner:is({self.key})"})


class Links:
    """The addresses of the rows behind the numbers; `rows("dials")`, and of the period before `rows("dials", "before")`. A page has a thousand of
    them: what they share is written once.
    """

    def __init__(self, said: Said, asked: Asked, **narrowed: Any) -> None:
        self._said, self._asked = said, asked
        query = said.query(each=None, line=None, **narrowed)
        self._rows, self._stages = f"{reverse('numbers_rows')}?{query}", f"{reverse('relay_rows')}?{query}"

    def rows(self, what: str, when: str = "") -> str:
        return f"{self._rows}&what={what}&when={when}" if when else f"{self._rows}&what={what}"

    def skipped(self, reason: str) -> str:
        """What was skipped for a reason."""
        return f"{self.rows('skipped')}&{urlencode({'because': reason})}"

    def stage(self, stage: str, what: str) -> str:
        """Passages of a stage: a page that the relay has."""
        return f"{self._stages}&stage={stage}&what={what}"

    def of(self, key: Key) -> Links:
        """Of one group. A week is cut off where the period begins and ends."""
        if self._said.each is not Each.WEEK or not isinstance(key, date):
            return Links(self._said, self._asked, **{_NARROWS[self._said.each]: 0 if key is None else key or BLANK})
        zone, last = self._asked.zone, key + timedelta(days=6)
        first = max(key, self._asked.start.astimezone(zone).date()) if self._asked.start else key
        last = min(last, (self._asked.end - timedelta(microseconds=1)).astimezone(zone).date())
        return Links(self._said, self._asked, **{"period": "custom", "from": first, "to": last})


def _groups(asked: Asked, said: Said, *, links: Links, known: Known, todo: Mapping[int, ToDo]) -> list[Group]:
    """Weeks in their order, others by how much they dialled: nobody is ranked by a rate (R26)."""
    found, is_person = leg_numbers.grouped(asked, each=said.each, known=known), said.each is Each.PERSON
    # Who did nothing in the period and has much to do is the one to be asked about it.
    found |= {key: Numbers() for key in todo if is_person and key not in found}
    reasons = leg_numbers.commonest_skip_reasons(asked, each=said.each)
    groups = {}
    for key, name in names(asked, said.each, list(found)).items():
        of_person = todo.get(key, ToDo()) if is_person and isinstance(key, int) else None
        groups[key] = Group(name, found[key], links.of(key), reasons.get(key), of_person, key)
    if said.each is Each.WEEK:
        return [groups[key] for key in sorted((key for key in groups if isinstance(key, date)), reverse=True)]
    return sorted(groups.values(), key=lambda one: (-one.numbers.calls.n_dials, -one.numbers.meetings.n, one.name))


def names(asked: Asked, each: Each, keys: list[Key]) -> dict[Key, str]:
    """What each group is called."""
    if each is Each.WEEK:
        return {key: _("week of %(day)s") % {"day": formats.day(key)} for key in keys if isinstance(key, date)}
    if each is Each.SOURCE:
        return {key: str(key) if key else _("(blank)") for key in keys}
    ids = [key for key in keys if isinstance(key, int)]
    if each is Each.TEAM:
        known = {one.pk: one.name for one in Team.objects.visible_to(asked.viewer).filter(pk__in=ids)}
        return {key: known.get(key, _("(blank)")) if isinstance(key, int) else _("(blank)") for key in keys}
    people = {one.pk: one.display_name for one in User.objects.visible_to(asked.viewer).filter(pk__in=ids)}
    return {key: people.get(key, _("Queue")) if isinstance(key, int) else _("Queue") for key in keys}


def forms(said: Said, *, is_cohort: bool) -> list[tuple[str, str, bool]]:
    """The two forms of the numbers, side by side and never mixed."""
    query = said.query(within=None)
    return [
        (_("Period"), f"{reverse('numbers')}?{query}", not is_cohort),
        (_("Cohort"), f"{reverse('numbers_cohort')}?{query}", is_cohort),
    ]


def sentence(user: User, said: Said) -> list[Clause]:
    """The filter in words; people and teams are those of inside sales."""
    sources = questions.values(Lead.objects.visible_to(user), "source")
    named = [(text or BLANK, text or _("(blank)")) for text in sorted(sources, key=lambda text: (not text, text))][:_MOST_OPTIONS]
    inside = {"department": Department.INSIDE_SALES}
    teams = Team.objects.visible_to(user).filter(**inside).order_by("name").values_list("pk", "name")
    people = User.objects.visible_to(user).filter(is_active=True, **{f"team__{name}": value for name, value in inside.items()})
    return [
        relay_filter.periods(said),
        relay_filter.clause(said, "source", every=_("every source"), sentence=_("from %(name)s"), values=named),
        relay_filter.clause(said, "team", every=_("every team"), sentence=_("with %(name)s"), values=list(teams)),
        relay_filter.clause(
            said,
            "owner",
            every=_("everybody"),
            sentence=_("carried by %(name)s"),
            values=[(one.pk, one.display_name) for one in people.order_by("family_name", "pk")],
        ),
    ]
