"""The rows behind a number of the relay: passages of one stage that entered, stood, left, moved on, came back or left for good."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.crm.ledger import MOVED_ON, Outcome, Passage, Passages
from tasuki.crm.stages import Stage
from tasuki.relay.questions import Form
from tasuki.web import relay
from tasuki.web.requests import UserRequest, record_id

PAGE = 50
WHAT = {
    "entered": gettext_lazy("came in"),
    "standing": gettext_lazy("stand there at the end"),
    "decided": gettext_lazy("were decided"),
    "moved": gettext_lazy("moved on"),
    "recycled": gettext_lazy("recycled"),
    "out": gettext_lazy("left for good"),
}


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """One page of the rows; the count above it is the number that was clicked."""
    abilities.require(request.user, Ability.SEE_RELAY)
    asked = relay.read(request)
    stage = Stage.objects.filter(pk=request.GET.get("stage", "")[:12]).first()
    what = request.GET.get("what", "entered")
    if stage is None or what not in WHAT:
        raise BadRequest(_("This address asks for something the relay does not have."))
    rows = behind(request, asked, stage, what)
    after = record_id(request.GET.get("after", ""))
    window = list((rows.filter(pk__lt=after) if after else rows).for_listing().order_by("-pk")[: PAGE + 1])
    older = window[PAGE - 1].pk if len(window) > PAGE else None
    context = {
        "asked": asked,
        "stage": stage,
        "what": what,
        "what_words": WHAT[what],
        "period_name": relay.period_name(asked),
        "passages": window[:PAGE],
        "count": rows.count(),
        "older": f"?{asked.query(by=None)}&stage={stage.pk}&what={what}&after={older}" if older else "",
        "sees_money": abilities.can(request.user, Ability.SEE_AMOUNTS),
        "currency": the_organisation().currency,
    }
    return render(request, "relay/rows.jinja", context)


def behind(request: UserRequest, asked: relay.Filter, stage: Stage, what: str) -> Passages:
    """The passages that one number counts; the form decides whether a rate is counted from those that left or that came."""
    start, end = relay.bounds(asked, the_organisation())
    rows = Passage.objects.visible_to(request.user).filter(stage=stage, **{f"lead__{name}": value for name, value in asked.only().items()})
    entered = rows.filter(entered_at__lt=end, **({"entered_at__gte": start} if start else {}))
    left = rows.filter(left_at__lt=end, **({"left_at__gte": start} if start else {}))
    base = entered if asked.form is Form.COHORT else left
    match what:
        case "entered":
            return entered
        case "standing":
            return rows.standing_at(end)
        case "decided":
            return base.filter(left_at__isnull=False)
        case "moved":
            return base.filter(outcome__in=MOVED_ON)
        case "recycled":
            return left.filter(outcome=Outcome.RECYCLED)
        case _:
            return left.filter(outcome__in=(Outcome.LOST, Outcome.DISQUALIFIED, Outcome.MERGED))
