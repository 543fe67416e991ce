"""The guided tour: one lead followed through the four legs of the relay, each stop a page that its reader works with every day.

The stop stands in the address (`?tour=deal`), so a page that is not part of the tour costs nothing for it, and whoever goes
elsewhere is rid of the panel; `/tour` leads back to where they were. A stop whose page the reader may not see is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tasuki.core import abilities, set_up, tours
from tasuki.core.abilities import Ability
from tasuki.core.people import User
from tasuki.core.tours import Tour, TourState
from tasuki.crm import stages
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Lead, Origin
from tasuki.crm.ledger import Passage
from tasuki.sales.opportunities import Opportunity
from tasuki.web import toasts
from tasuki.web.records import back
from tasuki.web.requests import UserRequest
from tasuki.web.toasts import Act

# The lead to follow is the best of so many: asking all of a million would not find a better one.
_CANDIDATES = 40


@dataclass(frozen=True)
class Stop:
    key: str
    title: Any
    sentence: Any


@dataclass(frozen=True)
class Placed:
    """A stop, and the address of its page for one reader."""

    stop: Stop
    path: str
    query: str = ""

    @property
    def address(self) -> str:
        query = f"{self.query}&tour={self.stop.key}" if self.query else f"tour={self.stop.key}"
        return f"{self.path}?{query}"


@dataclass(frozen=True)
class Standing:
    """Where the reader stands: the nth of `n` stops, and the stops around it."""

    placed: Placed
    nth: int
    n: int
    before: Placed | None
    after: Placed | None


WON = Stop(
    "won",
    gettext_lazy("Marketing: where a lead comes from"),
    gettext_lazy("We follow one lead through the four legs of the relay. The facts say where it came from, the bar below its name where it stands now."),
)
DESK = Stop(
    "desk",
    gettext_lazy("Inside sales: the list that makes meetings"),
    gettext_lazy("Who is being called, and for how long each has waited. Sort by “In stage”, glance at a row with Space, open it with Enter."),
)
HAND_OFF = Stop(
    "hand-off",
    gettext_lazy("The hand-off"),
    gettext_lazy("Inside sales booked a meeting, and sales accepted it. “The relay so far” shows who carried the lead in each stage, and for how long."),
)
DEAL = Stop(
    "deal",
    gettext_lazy("Sales: the deal"),
    gettext_lazy("Four phases, each with what is true in it and what it takes to move on. What does not move on is recycled with a day to wake."),
)
BOARD = Stop(
    "board",
    gettext_lazy("Sales: the board"),
    gettext_lazy("All open deals by phase. Move a card with the mouse, by its menu or by keys: it obeys the same rules as the page of the deal."),
)
CUSTOMER = Stop(
    "customer",
    gettext_lazy("Customer success: the customer"),
    gettext_lazy("The company with its people, its leads and one timeline. Whoever looks after it now reads here what was promised before."),
)
NUMBERS = Stop(
    "numbers",
    gettext_lazy("The chain of numbers"),
    gettext_lazy("What came in, moved on and fell back in each stage. Every number opens its rows, and the first sentence names the bottleneck."),
)
KEYS = Stop(
    "keys",
    gettext_lazy("Find or do anything"),
    gettext_lazy(
        "Ctrl K or ⌘ K opens this on every page, with what can be done there; ? shows its keys. What you have just seen stands under “Opened lately”."
    ),
)


def stops(user: User, lead_id: int) -> list[Placed]:
    """The stops of this reader, in the order of the relay; three queries."""
    lead = Lead.objects.visible_to(user).filter(pk=lead_id).first() if lead_id else None
    found: list[Placed] = []
    if lead:
        deal = Opportunity.objects.visible_to(user).filter(lead=lead).first()
        page = reverse("lead", args=[lead.pk])
        found = [Placed(WON, page), Placed(DESK, reverse("leads"), "view=inside_sales")]
        if Passage.objects.visible_to(user).filter(lead=lead, stage=stages.P1).exists():
            found.append(Placed(HAND_OFF, page))
        if deal:
            found += [Placed(DEAL, reverse("opportunity", args=[deal.pk])), Placed(BOARD, reverse("opportunities"), "as=board")]
        if lead.account_id and Account.objects.visible_to(user).filter(pk=lead.account_id).exists():
            found.append(Placed(CUSTOMER, reverse("account", args=[lead.account_id])))
    if abilities.can(user, Ability.SEE_RELAY):
        found.append(Placed(NUMBERS, reverse("relay")))
    return [*found, Placed(KEYS, reverse("search"))]


def lead_to_follow(user: User) -> int:
    """Of the leads that were won last, the one of which this reader sees most; where none was won, of the newest. 0 where there is none."""
    seen = Lead.objects.visible_to(user)
    leads = list(seen.filter(won_at__isnull=False).order_by("-won_at", "-pk")[:_CANDIDATES]) or list(seen.newest_first()[:_CANDIDATES])
    deals = set(Opportunity.objects.visible_to(user).filter(lead__in=leads).values_list("lead", flat=True))
    accounts = set(Account.objects.visible_to(user).filter(pk__in=[lead.account_id for lead in leads]).values_list("pk", flat=True))
    # The first of the best: the one that was won last.
    best = max(leads, key=lambda lead: (lead.pk in deals) * 4 + (lead.account_id in accounts) * 2 + (lead.origin == Origin.INBOUND), default=None)
    return best.pk if best else 0


@require_GET
def begin(request: UserRequest) -> HttpResponse:
    """Start the tour, or go on where the reader was."""
    tour = _mine(request.user)
    return redirect("tour_stop", tour.stop if tour and tour.stop else WON.key)


@require_GET
def stop(request: UserRequest, key: str) -> HttpResponse:
    """To the page of a stop; of the first, where this reader has no such stop."""
    tour = _mine(request.user)
    lead_id = tour.lead_id if tour else 0
    if not Lead.objects.visible_to(request.user).filter(pk=lead_id).exists():
        lead_id = lead_to_follow(request.user)
    placed = stops(request.user, lead_id)
    here = next((one for one in placed if one.stop.key == key), placed[0])
    tours.reach(request.user, stop=here.stop.key, lead_id=lead_id, at=now())
    return redirect(here.address)


@require_POST
def end(request: UserRequest) -> HttpResponse:
    """Leave the tour, or finish it; it is offered no more, and can be taken up again."""
    if "finished" in request.POST:
        tours.finish(request.user, at=now())
        sentence = _("That was the tour. You find it again under “Keys and help”.")
    else:
        tours.leave(request.user, at=now())
        sentence = _("You have left the tour. You find it again under “Keys and help”.")
    toasts.say(request, sentence, act=Act(_("Take it up again"), reverse("tour"), is_link=True))
    return back(request, reverse("home"))


def standing(request: HttpRequest, user: User) -> Standing | None:
    """The stop that the address names, if this is its page and the reader is on the tour."""
    key = request.GET.get("tour", "")
    tour = _mine(user) if key else None
    if tour is None or tour.state != TourState.UNDER_WAY:
        return None
    placed = stops(user, tour.lead_id)
    nth = next((nth for nth, one in enumerate(placed) if one.stop.key == key and one.path == request.path), None)
    if nth is None:
        return None
    around = [None, *placed, None]
    return Standing(placed[nth], nth + 1, len(placed), around[nth], around[nth + 2])


def offer(user: User) -> Tour | None:
    """What their workspace offers: a tour that is under way, or one that has not begun, to whoever is in the invented company."""
    tour = _mine(user)
    if tour is None:
        return Tour(person=user) if set_up.invention() else None
    return tour if tour.state == TourState.UNDER_WAY else None


def _mine(user: User) -> Tour | None:
    return Tour.objects.visible_to(user).first()
