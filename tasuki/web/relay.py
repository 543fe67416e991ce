"""The relay page: one question about a period, answered by a picture, a sentence, a line and a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.crm.stages import Stage
from tasuki.relay import bottleneck, drawing, groups, handoff_rates, kpis, questions
from tasuki.relay.bottleneck import Bottleneck
from tasuki.relay.groups import BLANK
from tasuki.relay.questions import Form, Grouping, Question
from tasuki.web import formats, handed_links, plan_against, relay_countries, relay_filter, relay_table, relay_trend
from tasuki.web.relay_filter import Clause, Filter
from tasuki.web.requests import UserRequest

_MOST_OPTIONS = 60
_WEEKS = 13 + 3  # each of the thirteen points looks back over four weeks


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """The relay in one period, for what this person may see."""
    abilities.require(request.user, Ability.SEE_RELAY)
    asked = relay_filter.read(request)
    organisation = the_organisation()
    start, end = relay_filter.bounds(asked, organisation)
    question = asked.question(request.user, start, end, time_zone=organisation.time_zone)
    sees_money = abilities.can(request.user, Ability.SEE_AMOUNTS)
    counts, crossing = kpis.by_stage(question, days_of_all=False), groups.cross(question)
    # The verdict is always counted by period: a young cohort is undecided, and would be called a bottleneck for it.
    judged = crossing if asked.form is Form.PERIOD else groups.cross(replace(question, form=Form.PERIOD))
    found = bottleneck.find(counts, judged, mean_order=kpis.mean_order(question) if sees_money else None)
    neck = found if isinstance(found, Bottleneck) else None
    context = {
        "asked": asked,
        # What is counted by period in either form: the verdict, what left, and the days.
        "here": asked.query(by=None),
        "then": asked.query(by=None, form=Form.PERIOD.value),
        "picture": drawing.draw(drawing.Material(counts, asked.form, _weeks(question, end), neck.stage if neck else None, handoff_rates.taken_over(question))),
        "handed_at": handed_links.links(asked, start, end),
        "rows_at": reverse("relay_rows"),
        "counts": counts,
        "neck": neck,
        "silence": "" if neck else str(found),
        "stages": {stage.pk: stage for stage in Stage.objects.visible_to(request.user)},
        "leg_names": {leg.value: leg.label for leg in stages.LEGS},
        "recycling": kpis.recycling(question),
        "table": relay_table.table(asked, question, crossing=crossing, stage=neck.stage if neck else stages.CONNECTED),
        "currency": organisation.currency,
        "sees_money": sees_money,
        "sentence": sentence(request.user, asked),
        "forms": forms(asked),
        "groupings": groupings(asked),
        "plan": plan_against.of_house(request.user, start, end, is_narrowed=bool(asked.only())),
        **_trend(question, neck, end),
    }
    return render(request, "relay/page.jinja", context)


def _weeks(question: Question, end: datetime) -> float | None:
    """The length of the period; all time begins with the first lead."""
    start = question.start or questions.first_opening(question)
    return (end - start).total_seconds() / 604_800 if start and start < end else None


def _trend(question: Question, neck: Bottleneck | None, end: datetime) -> dict[str, Any]:
    """The weekly rate of the bottleneck, or of the talks that become meetings; and of the best segment beside it."""
    stage, best = (neck.stage, neck.best) if neck else (stages.CONNECTED, None)
    weeks = kpis.by_week(question, stage, until=end, weeks=_WEEKS)
    of_best = kpis.by_week(replace(question, only={**question.only, "segment": best.segment}), stage, until=end, weeks=_WEEKS) if best else []
    return {"trend_of": stage, "best": best, "trend": relay_trend.trend(weeks, of_best, aim=neck.aim if neck else None)}


def sentence(user: User, asked: Filter) -> list[Clause]:
    """The filter in words, each clause with what it can be changed to. Only what the reader may see is offered."""
    sources, segments = (questions.values(Lead.objects.visible_to(user), name) for name in ("source", "segment"))
    countries = relay_countries.seen(user)
    teams = Team.objects.visible_to(user).order_by("name").values_list("pk", "name")
    owners = [
        (person.pk, person.display_name) for person in User.objects.visible_to(user).filter(is_active=True, team__isnull=False).order_by("family_name", "pk")
    ]
    products = Product.objects.visible_to(user).order_by("name").values_list("pk", "name")
    return [
        relay_filter.periods(asked),
        relay_filter.clause(asked, "country", every=_("every country"), sentence=_("in %(name)s"), values=_countries(countries)),
        relay_filter.clause(asked, "source", every=_("every source"), sentence=_("from %(name)s"), values=_texts(sources)),
        relay_filter.clause(asked, "segment", every=_("every segment"), sentence=_("to %(name)s"), values=_texts(segments)),
        relay_filter.clause(asked, "team", every=_("every team"), sentence=_("with %(name)s"), values=list(teams)),
        relay_filter.clause(asked, "owner", every=_("everybody"), sentence=_("carried by %(name)s"), values=owners),
        relay_filter.clause(asked, "product", every=_("every product"), sentence=_("for %(name)s"), values=list(products)),
    ]


def _texts(found: set[str]) -> list[tuple[str, str]]:
    return [(text or BLANK, text or _("(blank)")) for text in sorted(found, key=lambda text: (not text, text))][:_MOST_OPTIONS]


def _countries(found: set[str]) -> list[tuple[str, str]]:
    return sorted(((code, formats.country(code)) for code in found if code), key=lambda pair: pair[1])[:_MOST_OPTIONS]


def forms(asked: Filter) -> list[tuple[str, str, bool]]:
    labels = {Form.PERIOD: _("Period"), Form.COHORT: _("Cohort")}
    return [(label, f"?{asked.query(form=form.value)}", asked.form is form) for form, label in labels.items()]


def groupings(asked: Filter) -> list[tuple[str, str, bool]]:
    labels = {Grouping.SOURCE: _("Source"), Grouping.SEGMENT: _("Segment"), Grouping.OWNER: _("Owner"), Grouping.TEAM: _("Team"), Grouping.MONTH: _("Month")}
    return [(label, f"?{asked.query(by=by.value)}#groups", asked.by is by) for by, label in labels.items()]
