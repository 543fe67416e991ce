"""The plan page: what is to be sold, what it asks of each leg by month, how the house stands, what is still possible, and what if."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.analytics import reverse_plan
from tasuki.core import abilities, audit, tables, workbook
from tasuki.core.abilities import Ability
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.money import Money
from tasuki.core.organisation import the_day, the_organisation
from tasuki.relay import plan_budget, plan_people, plan_sources, plan_standing, plan_targets, plan_ways, plans
from tasuki.relay.bottleneck import SMALLEST
from tasuki.relay.plan_rows import PASSED, Plan, Step, first_day, month_of
from tasuki.relay.plan_standing import Line, Standing
from tasuki.relay.plan_targets import Outlook, Targets
from tasuki.web import toasts
from tasuki.web.plan_forms import CostForm, PlanForm, TrialForm, trial_initial, way_label
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by

# Whose each step is.
DEPARTMENTS = {Step.LEADS: "marketing", Step.BOOKED: "inside_sales", Step.HELD: "inside_sales", Step.OPPORTUNITIES: "sales", Step.WINS: "sales"}
# What those that stand at a step now are called.
IN_HAND: dict[Step, Any] = {
    Step.LEADS: gettext_lazy("leads without a meeting yet"),
    Step.BOOKED: gettext_lazy("meetings booked and not held yet"),
    Step.HELD: gettext_lazy("meetings held, and no opportunity yet"),
    Step.OPPORTUNITIES: gettext_lazy("opportunities that are open"),
}
SPANS = ("month", "quarter")


@require_GET
def current(request: UserRequest) -> HttpResponse:
    """The plan that is agreed for today; else the next one, else the newest draft, else how to begin."""
    abilities.require(request.user, Ability.SEE_RELAY)
    seen, today = Plan.objects.visible_to(request.user), the_day(now())
    plan = seen.of(today) or seen.agreed().filter(first_on__gt=today).order_by("first_on").first() or seen.drafts().order_by("-version").first()
    plan = plan or seen.newest_first().first()
    if plan is None:
        return render(request, "plan/empty.jinja")
    return _shown(request, plan)


@require_GET
def version(request: UserRequest, pk: int) -> HttpResponse:
    return _shown(request, _seen(request, pk))


def _shown(request: UserRequest, plan: Plan) -> HttpResponse:
    at, sees_money = now(), abilities.can(request.user, Ability.SEE_AMOUNTS)
    rates, targets = plan_targets.rates_of(plan), plan_targets.of_plan(plan)
    trial = TrialForm(request.GET if "try" in request.GET else None, sees_money=sees_money, initial=trial_initial(plan))
    context: dict[str, Any] = {
        "plan": plan,
        "last_on": first_day(plan.months[-1]),
        "rates": rates,
        "missing": [way_label(step) if step in PASSED else _("the average order") for step in plan_targets.missing(plan, rates)],
        "targets": targets,
        "sees_money": sees_money,
        "versions": Plan.objects.visible_to(request.user).newest_first()[:20],
        "departments": DEPARTMENTS,
        "ways": {step: way_label(step) for step in PASSED},
        "trial": trial,
        "tried": _tried(plan, trial) if targets and trial.is_bound and trial.is_valid() else None,
    }
    if targets is not None:
        context |= _standing(plan, targets, spans=_spans(request), at=at)
    return render(request, "plan/page.jinja", context, status=422 if trial.errors else 200)


def _spans(request: UserRequest) -> str:
    """By which spans of time the table is read. Raises BadRequest for any other."""
    spans = request.GET.get("by", "month")
    if spans not in SPANS:
        raise BadRequest(_("A plan is read by month or by quarter."))
    return spans


def _by_span(plan: Plan, stands: Standing, spans: str) -> list[Line]:
    fiscal_start = the_organisation().fiscal_year_starts_in
    return plan_standing.quarters(plan, stands.lines, fiscal_start=fiscal_start) if spans == "quarter" else stands.lines


def _standing(plan: Plan, targets: Targets, *, spans: str, at: datetime) -> dict[str, Any]:
    stands = plan_standing.stands(plan, targets, at=at)
    outlook = plan_standing.outlook(plan, targets, at=at)
    present = month_of(the_day(at))
    mix = plan_sources.mix(plan, stands, at=at)
    months = range(max(min([*targets.span, plan.months[0]]), present), plan.months[-1] + 1)
    return {
        "stands": stands,
        "today": the_day(at),
        "lines": _by_span(plan, stands, spans),
        "spans": [(_("Month"), "?by=month#months", spans == "month"), (_("Quarter"), "?by=quarter#months", spans == "quarter")],
        "by_quarter": spans == "quarter",
        "prior": SMALLEST,
        "mix": mix,
        "budget": plan_budget.budget(plan, targets, mix) if mix else None,
        "n_new": targets.totals[Step.LEADS] - round(targets.totals[Step.LEADS] * plan.recycled),
        "outlook": outlook,
        "in_hand": [(step, IN_HAND[step], n) for step, n in outlook.in_hand.items()] if outlook else [],
        "levers": _levers(plan, outlook, at=at) if outlook else None,
        "people": plan_people.needed(plan, [targets, *plan_standing.beside(plan, months=months)], months=months, hours=hours_of_the_house()),
    }


@dataclass(frozen=True)
class Levers:
    """What closes the gap, each alone: the win rate of the deals in hand, the average order of what is left, orders that come too late, and leads that wake."""

    win_rate: float | None
    order: Money | None
    later: float
    n_waking: int


def _levers(plan: Plan, outlook: Outlook, *, at: datetime) -> Levers | None:
    if not outlook.gap:
        return None
    won = plan_targets.rates_of(plan)[Step.OPPORTUNITIES].used or 0.0
    rate = won * (1 + outlook.gap / outlook.from_deals) if outlook.from_deals else None
    to_come = outlook.expected - outlook.won
    order = plan.order
    # That orders become more than twice as dear overnight helps nobody.
    dearer = Money(order.amount * (1 + _ratio(outlook.gap, to_come)), order.currency) if order and outlook.gap <= to_come else None
    return Levers(rate if rate is not None and rate <= 1 else None, dearer, outlook.later, plan_ways.waking(the_day(at), plan.until_on))


def _ratio(part: float, whole: float) -> Decimal:
    return Decimal(str(round(part / whole, 6)))


@dataclass(frozen=True)
class Tried:
    """A step of the chain as it is planned and as it would be."""

    step: Step
    planned: int
    tried: int

    @property
    def change(self) -> int:
        return self.tried - self.planned


def _tried(plan: Plan, form: TrialForm) -> list[Tried]:
    """The chain with what was tried: as that of the plan, from what is left to be sold."""
    terms = plan_targets.terms(plan, plan_targets.rates_of(plan))
    planned = plan_targets.of_plan(plan)
    if terms is None or planned is None:
        return []
    said = form.cleaned_data
    passings = {step: reverse_plan.with_rate(terms.passings[step], float(said[step.value] / 100)) for step in PASSED}
    order = Money(said["order"], plan.currency) if said.get("order") else terms.order
    for_new = max(terms.for_new + (said["target"] - plan.target), Decimal(0)) if said.get("target") else terms.for_new
    tried = plan_targets.derive(replace(terms, passings=passings, order=order, for_new=for_new))
    return [Tried(step, planned.totals[step], tried.totals[step]) for step in Step]


@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.DRAFT_PLAN)
    abilities.require(request.user, Ability.SEE_AMOUNTS)
    form = PlanForm(request.POST or None, initial={"first_on": _fiscal_year(the_day(now())), "n_months": 12})
    if request.method == "POST" and (plan := carried_out(form, lambda _said: plans.draft(form.wanted(), by=by(request), at=now()))):
        toasts.say(request, _("The draft is there, with the rates of the house as they are now."))
        return redirect("plan_version", plan.pk)
    return render(request, "plan/form.jinja", {"form": form, "plan": None}, status=422 if form.errors else 200)


def _fiscal_year(today: date) -> date:
    """The first day of the fiscal year in which the day lies."""
    begins = the_organisation().fiscal_year_starts_in
    return date(today.year if today.month >= begins else today.year - 1, begins, 1)


@require_http_methods(["GET", "POST"])
def change(request: UserRequest, pk: int) -> HttpResponse:
    plan = _draft(request, pk)
    form = PlanForm(request.POST or None, plan=plan)
    if request.method == "POST" and carried_out(form, lambda _said: plans.change(plan, wanted=form.wanted(), by=by(request), at=now())) is not None:
        toasts.say(request, _("Saved."))
        return redirect("plan_version", pk)
    return render(request, "plan/form.jinja", {"form": form, "plan": plan}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def costs(request: UserRequest, pk: int) -> HttpResponse:
    """What one lead of each source costs: those of the mix, and those for which something was typed before."""
    plan = _draft(request, pk)
    sources = plan_sources.names(plan)
    form = CostForm(request.POST or None, plan=plan, sources=[*sources, *sorted(set(plan.lead_costs) - set(sources))])
    if request.method == "POST" and carried_out(form, lambda _said: plans.cost_leads(plan, costs=form.costs(), by=by(request), at=now())) is not None:
        toasts.say(request, _("Saved."))
        return redirect("plan_version", pk)
    return render(request, "plan/costs.jinja", {"form": form, "plan": plan}, status=422 if form.errors else 200)


@require_POST
def measures(request: UserRequest, pk: int) -> HttpResponse:
    """Count the rates anew."""
    plans.measure(_draft(request, pk), by=by(request), at=now())
    toasts.say(request, _("The rates of the house are those of now."))
    return redirect("plan_version", pk)


@require_http_methods(["GET", "POST"])
def agreement(request: UserRequest, pk: int) -> HttpResponse:
    """GET: what it would mean. POST: it is agreed."""
    abilities.require(request.user, Ability.AGREE_PLAN)
    plan = _seen(request, pk)
    if request.method == "POST":
        plans.agree(plan, by=by(request), at=now())
        toasts.say(request, _("The plan is agreed. From now on every leg is measured by it."))
        return redirect("plan_version", pk)
    if not plan.is_draft:
        return redirect("plan_version", pk)
    context = {
        "plan": plan,
        "targets": plan_targets.of_plan(plan),
        "replaced": list(Plan.objects.visible_to(request.user).between(plan.first_on, plan.until_on)),
    }
    return render(request, "plan/agreement.jinja", context | {"sees_money": abilities.can(request.user, Ability.SEE_AMOUNTS)})


@require_POST
def removal(request: UserRequest, pk: int) -> HttpResponse:
    plans.discard(_draft(request, pk), by=by(request), at=now())
    toasts.say(request, _("The draft is thrown away."))
    return redirect("plan")


@require_GET
def export(request: UserRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The months or quarters of a plan, with what came, as CSV or XLSX. That it left is in the audit log."""
    abilities.require(request.user, Ability.EXPORT_DATA)
    plan, form, at = _seen(request, pk), request.GET.get("form", "csv"), now()
    if form not in ("csv", "xlsx"):
        raise BadRequest(_("A list can be exported as csv or xlsx."))
    targets, spans = plan_targets.of_plan(plan), _spans(request)
    if targets is None:
        raise plans.PlanIncomplete
    sees_money = abilities.can(request.user, Ability.SEE_AMOUNTS)
    lines = _by_span(plan, plan_standing.stands(plan, targets, at=at), spans)
    rows = list(_rows(lines, spans=spans, sees_money=sees_money, currency=plan.currency))
    audit.record(plan, action="export", by=by(request), at=at, changes={"form": (None, form)})
    disposition = {"Content-Disposition": f'attachment; filename="plan-v{plan.version}-{at:%Y-%m-%d}.{form}"'}
    if form == "xlsx":
        return StreamingHttpResponse(workbook.pieces(rows[0], rows[1:], n_rows=len(rows)), content_type=workbook.MEDIA_TYPE, headers=disposition)
    return StreamingHttpResponse(tables.csv_lines(rows[0], rows[1:]), content_type="text/csv; charset=utf-8", headers=disposition)


def _rows(lines: list[Line], *, spans: str, sees_money: bool, currency: str) -> Iterator[list[Any]]:
    head = [_("Month") if spans == "month" else _("First month")]
    for step in Step:
        head += [_("%(step)s, planned") % {"step": step.label}, _("%(step)s, came") % {"step": step.label}]
    yield head + ([_("Revenue, planned"), _("Revenue, sold"), _("Currency")] if sees_money else [])
    for line in lines:
        cells: list[Any] = [line.month_on]
        for step in Step:
            cells += [line.targets[step], line.came[step] if line.came else None]
        yield cells + ([line.amount, line.sold, currency] if sees_money else [])


def _seen(request: UserRequest, pk: int) -> Plan:
    abilities.require(request.user, Ability.SEE_RELAY)
    return get_object_or_404(Plan.objects.visible_to(request.user).select_related("agreed_by", "drafted_by", "superseded_by"), pk=pk)


def _draft(request: UserRequest, pk: int) -> Plan:
    """A plan that this person may write. Raises PlanIsAgreed for one that is none any more."""
    abilities.require(request.user, Ability.DRAFT_PLAN)
    abilities.require(request.user, Ability.SEE_AMOUNTS)
    plan = _seen(request, pk)
    if not plan.is_draft:
        raise plans.PlanIsAgreed
    return plan
