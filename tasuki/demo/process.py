"""How leads fare at this company: the odds and the days of every stage, the sources and their quality, the reasons.

The odds are believable ones for such a vendor (see the handbook's benchmarks), not measurements of anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

from tasuki.crm import stages
from tasuki.crm.contacts import Basis
from tasuki.crm.ledger import Outcome

SMALL_FIRMS = "Small securities"
SMALL_FIRMS_OPENED_DAYS_AGO = 90


@dataclass(frozen=True, slots=True)
class Ending:
    """One way in which a passage may end: how likely, after how many days (median and spread of a log-normal)."""

    outcome: str
    odds: float
    days: float
    spread: float = 0.7


@dataclass(frozen=True, slots=True)
class Wake:
    """Why a lead was recycled, and when it wakes: after so many days (again and again until the horizon, where there is one), or when
    something happens."""

    because: str
    days: int = 0
    horizon: int = 0
    trigger: str = ""
    channel: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where leads come from. `stays` is the share that still comes once people and budget go to the list of small firms;
    `phone_by` is what allows a call.
    """

    name: str
    share: float
    quality: float
    details: tuple[str, ...]
    raises_hand: float = 0.0
    outbound: bool = False
    stays: float = 1.0
    phone_by: Basis = Basis.CONSENT


_A, _W, _R, _L, _D, _M = (
    str(outcome.value) for outcome in (Outcome.ADVANCED, Outcome.WON, Outcome.RECYCLED, Outcome.LOST, Outcome.DISQUALIFIED, Outcome.MERGED)
)

# What is missing to 1 stays where it is.
ENDINGS: dict[str, tuple[Ending, ...]] = {
    stages.CAPTURED: (Ending(_A, 0.84, 1.2), Ending(_D, 0.09, 3), Ending(_M, 0.03, 2), Ending(_R, 0.03, 10)),
    stages.NURTURING: (Ending(_A, 0.44, 34, 0.9), Ending(_R, 0.12, 170, 0.25), Ending(_D, 0.06, 80, 0.8)),
    stages.READY: (Ending(_A, 0.88, 2.2), Ending(_R, 0.07, 4), Ending(_D, 0.05, 3)),
    stages.WORKING: (Ending(_A, 0.56, 5, 0.8), Ending(_R, 0.36, 19, 0.35), Ending(_D, 0.08, 7)),
    stages.CONNECTED: (Ending(_A, 0.42, 8), Ending(_R, 0.475, 13), Ending(_D, 0.1, 6)),
    stages.BOOKED: (Ending(_A, 0.82, 11, 0.5), Ending(_R, 0.14, 12, 0.5), Ending(_D, 0.04, 8, 0.5)),
    stages.P1: (Ending(_A, 0.68, 11, 0.45), Ending(_R, 0.27, 14, 0.45), Ending(_L, 0.05, 16, 0.45)),
    stages.P2: (Ending(_A, 0.68, 18, 0.45), Ending(_R, 0.09, 24, 0.45), Ending(_L, 0.22, 24, 0.45)),
    stages.P3: (Ending(_A, 0.64, 22, 0.45), Ending(_R, 0.07, 30, 0.45), Ending(_L, 0.28, 28, 0.45)),
    stages.P4: (Ending(_W, 0.78, 19, 0.4), Ending(_R, 0.05, 28, 0.4), Ending(_L, 0.17, 24, 0.4)),
    stages.ONBOARDING: (Ending(_A, 0.97, 42, 0.4), Ending(_L, 0.01, 60)),
    stages.ADOPTION: (Ending(_A, 0.9, 75, 0.5), Ending(_L, 0.03, 150)),
    stages.LIVE: (Ending(_L, 0.06, 320, 0.2),),
}

# Where the quality of a source and of a pass shows: the odds of moving on are multiplied there.
QUALITY_SHOWS_IN = (stages.NURTURING, stages.CONNECTED, stages.P1, stages.P2)
SECOND_PASS = 1.15
# Small firms have no budget of their own for such systems: one list of them pulls the last quarter down.
SMALL_FIRM_CONNECTED = 0.15

SOURCES = (
    Source("Website inquiry", 0.15, 1.3, ("Contact form", "Price request", "Demo request"), raises_hand=0.55),
    Source("Webinar", 0.18, 1.0, ("Pre-trade risk after T+1", "Kill switch in practice", "Night session readiness", "Order routing clinic"), stays=0.85),
    Source(
        "Trade show", 0.16, 0.9, ("Seoul capital markets fair", "Tokyo trading technology day", "Asia exchange week"), stays=0.75, phone_by=Basis.BUSINESS_CARD
    ),
    Source("White paper", 0.16, 0.75, ("Measuring wire-to-wire latency", "Ten questions to a risk gateway", "Market data under load"), stays=0.6),
    Source("Search advertising", 0.12, 0.8, ("Order management", "Pre-trade risk", "Market data"), stays=0.4),
    Source("Referral", 0.06, 1.75, ("Customer", "Former colleague"), raises_hand=0.5),
    Source("Partner", 0.06, 1.2, ("System integrator", "Hosting partner"), raises_hand=0.25),
    Source("Outbound list", 0.11, 0.85, ("Mid-size brokers", "New licences", "Overseas desks"), outbound=True, stays=0.0, phone_by=Basis.PUBLISHED),
)
SMALL_FIRM_LIST = Source("Outbound list", 0.042, 0.95, ("Small securities firms",), outbound=True, phone_by=Basis.PUBLISHED)
EXPANSION_SOURCE = "Existing customer"
# Of those who fill in a form: how many may be called too.
TICK_THE_TELEPHONE = 0.85

# By the keys of the reasons that a house begins with.
WAKES: dict[str, tuple[Wake, ...]] = {
    stages.CAPTURED: (Wake("no_consent", trigger="consent", channel="mail"), Wake("no_value", days=270, words="Not our size yet")),
    stages.NURTURING: (Wake("no_interest", days=120), Wake("score_too_generous", trigger="visit")),
    stages.READY: (Wake("evaluating", days=60), Wake("no_consent", trigger="consent", channel="phone")),
    stages.WORKING: (Wake("no_response", days=60, horizon=360), Wake("no_response", days=90, horizon=360), Wake("other_project", days=75)),
    stages.CONNECTED: (
        Wake("no_budget", days=150, words="Not in this fiscal year"),
        Wake("current_contract", days=200),
        Wake("other_project", days=90),
        Wake("no_interest", trigger="event", words="The regulator publishes the new market rules"),
    ),
    stages.BOOKED: (Wake("no_show", days=14), Wake("evaluating", days=30), Wake("no_problem", days=90)),
    stages.P1: (
        Wake("no_budget", days=90),
        Wake("private_interest", days=180),
        Wake("product_limitation", trigger="event", words="The missing function ships"),
    ),
    stages.P2: (Wake("no_progress", days=60), Wake("postponed", days=120)),
    stages.P3: (Wake("no_progress", days=90), Wake("postponed", days=150)),
    stages.P4: (Wake("postponed", days=60, words="The board put the decision off"),),
}

DISQUALIFIED: dict[str, tuple[str, ...]] = {
    stages.CAPTURED: ("bad_data", "student", "is_competitor", "consultant"),
    stages.NURTURING: ("unsubscribed", "left_company"),
    stages.READY: ("is_competitor", "bad_data"),
    stages.WORKING: ("bad_data", "left_company", "unsubscribed"),
    stages.CONNECTED: ("no_authority", "company_closed", "personal_use"),
    stages.BOOKED: ("left_company",),
}

# The three deaths, by phase, and who wins when a competitor does. The competitors are invented.
DEATHS: dict[str, tuple[tuple[str, float], ...]] = {
    stages.P1: (("too_early", 0.7), ("no_decision", 0.3)),
    stages.P2: (("no_decision", 0.45), ("too_early", 0.3), ("competitor", 0.25)),
    stages.P3: (("competitor", 0.6), ("no_decision", 0.35), ("too_early", 0.05)),
    stages.P4: (("competitor", 0.5), ("no_decision", 0.5)),
}
COMPETITORS = (("Brassgull Trading Tech", 0.42), ("토리게이트시스템즈", 0.27), ("蒼瀬マーケッツ", 0.19), ("Own development", 0.12))
ENDED_CONTRACTS = ("Merged into a group with its own system", "Closed the trading desk", "Costs")

WAKES_BY_DATE = 0.8
WAKES_BY_EVENT = 0.4
# Whoever works the list calls fewer of those back whose day has come.
WAKES_BESIDE_THE_LIST = 0.5
COMES_AGAIN = 0.07
EXPANDS = 0.22
LONGEST_CHAIN = 5
