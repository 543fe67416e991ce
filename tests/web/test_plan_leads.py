"""Each figure of the plan opens the leads that it counts, as many as it says; and the plan is read by quarter too."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tasuki.core.organisation import Organisation
from tasuki.core.people import User
from tasuki.crm import leads, stages
from tasuki.crm.leads import Arrival, Lead
from tasuki.relay import plan_leads, plan_standing, plan_targets, plans
from tasuki.relay.plan_rows import Plan, Step
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance
from tests.cast import SET_UP, Cast
from tests.relay.planning import everything_assumed, house_today
from tests.remembering import written
from tests.web.office import signed_in
from tests.web.reading import read

pytestmark = pytest.mark.django_db
LINK = re.compile(r'href="(/plan/leads\?[^"]+)"[^>]*>([\d,]+)<')


@pytest.fixture(autouse=True)
def plan(cast: Cast) -> Plan:
    """Agreed four months ago, for the year that began then; leads came since, and went some way each."""
    return written(_agreed, cast, timezone.now().date())


def _agreed(cast: Cast, _today: date) -> Plan:
    at = timezone.now() - timedelta(days=120)
    made = plans.agree(plans.draft(everything_assumed(first_on=at.date().replace(day=1)), by=SET_UP, at=at), by=SET_UP, at=at)
    come(cast, 5)
    return made


def come(cast: Cast, n: int, *, days: int = 80) -> None:
    field = cast.saori.team
    assert field
    for nth in range(n):
        at = timezone.now() - timedelta(days=days - nth)
        team, owner = (cast.marketing, cast.mina) if nth == 1 else (cast.inside_sales, cast.ivo)
        lead = leads.capture(Arrival(team=team, owner=owner, source="Fair"), by=SET_UP, at=at, stage=stages.WORKING)
        if nth % 5 > 0:
            leads.advance(lead, to=stages.BOOKED, by=SET_UP, at=at + timedelta(days=3))
        if nth % 5 > 2:
            terms = Acceptance(owner=cast.saori, team=field)
            deal = opportunities.accept(Lead.objects.get(pk=lead.pk), terms=terms, by=SET_UP, at=at + timedelta(days=6))
            opportunities.advance(deal, to=stages.P2, by=SET_UP, at=at + timedelta(days=9))
            if nth % 5 == 4:
                opportunities.win(deal, by=SET_UP, at=at + timedelta(days=30))


def figures(user: User, address: str, **asked: str) -> list[tuple[str, int]]:
    """The links to leads on a page, and the figures that they stand under."""
    page = signed_in(user).get(address, asked).content.decode()
    return [(html.unescape(href), int(n.replace(",", ""))) for href, n in LINK.findall(page)]


def told(user: User, address: str) -> str:
    answer = signed_in(user).get(address)
    assert answer.status_code == 200, address
    return " ".join(read(answer.content.decode()).texts)


@pytest.mark.parametrize(
    ("name", "asked"),
    [("plan", {}), ("plan", {"by": "quarter"}), ("relay", {}), ("relay", {"period": "year"}), ("numbers", {}), ("numbers", {"each": "team"})],
)
def test_every_figure_opens_as_many_leads_as_it_says(cast: Cast, name: str, asked: dict[str, str]) -> None:
    found = figures(cast.ada, reverse(name), **asked)
    assert len(found) >= 3
    for address, n in found:
        page = signed_in(cast.ada).get(address).content.decode()
        assert len(re.findall(r'class="sheet-name"', page)) == n, address


def test_the_figures_of_a_source_open_the_leads_of_that_source(cast: Cast) -> None:
    come(cast, 10, days=200)
    found = [(address, n) for address, n in figures(cast.ada, reverse("plan")) if "source=" in address]
    # Ten in the year before; since then five, of which two became opportunities.
    assert [n for _address, n in found] == [10, 5, 2]
    for address, n in found:
        assert len(re.findall(r'class="sheet-name"', signed_in(cast.ada).get(address).content.decode())) == n
    assert "5 · Fair" in told(cast.ada, found[1][0])
    empty = f"{reverse('plan_leads')}?what=leads&from=2020-01-01&source=(blank)"
    assert "No leads" in told(cast.ada, empty)


def test_by_hand_who_came_and_who_stands_where(cast: Cast) -> None:
    of_the_plan = {(re.findall(r"what=(\w+)", address)[0], n) for address, n in figures(cast.ada, reverse("plan"))}
    # Five came: one is worked, two are booked, one is in P2, and one was won.
    assert {("leads", 5), ("booked", 4), ("held", 2), ("opportunities", 2), ("wins", 1)} <= of_the_plan
    assert {("leads_in_hand", 1), ("booked_in_hand", 2), ("opportunities_in_hand", 1)} <= of_the_plan
    assert plan_leads.in_hand(Step.HELD).count() == 0


def test_what_others_carry_now_is_counted_and_not_shown(cast: Cast) -> None:
    """Saori has what she took over, and the chain is shared."""
    User.objects.filter(pk=cast.saori.pk).update(language="en")
    address = f"{reverse('plan_leads')}?what=booked&from={timezone.localdate() - timedelta(days=100)}"
    said = told(cast.saori, address)
    assert "4 ·" in said
    assert "of them 2 are carried by others now" in said
    assert "carried by others" not in told(cast.ada, address)


def test_whose_they_are_is_told_to_whoever_sees_them(cast: Cast) -> None:
    since = f"what=booked&from={timezone.localdate() - timedelta(days=100)}"
    of_ivo, others = (f"{reverse('plan_leads')}?{since}&owner={pk}" for pk in (cast.ivo.pk, 0))
    assert "3 · Ivo Horvat" in told(cast.ada, of_ivo)
    assert "1 · Others" in told(cast.ada, others), "what Mina carried"
    assert "3 · Inside sales" in told(cast.ada, f"{reverse('plan_leads')}?{since}&team={cast.inside_sales.pk}")
    for address in (of_ivo, others, f"{reverse('plan_leads')}?{since}&team={cast.inside_sales.pk}"):
        assert signed_in(cast.saori).get(address).status_code == 404
    assert signed_in(cast.ada).get(f"{reverse('plan_leads')}?{since}&owner={cast.saori.pk}").status_code == 404, "the plan asks nothing of her"


@pytest.mark.parametrize(
    "query",
    ["what=everything", "what=wins_in_hand", "what=_in_hand", "from=soon", "from=2026-05-01&to=2026-04-01", "from=0001-01-01", "owner=me", "owner=-1",
     "owner=1&team=1", "what=leads_in_hand&owner=1", "what=leads%00", "owner=99999999999999999999", "team=%27"],
)  # fmt: skip
def test_what_the_address_does_not_know_is_refused(cast: Cast, query: str) -> None:
    assert signed_in(cast.ada).get(f"{reverse('plan_leads')}?{query}").status_code == 400


def test_nothing_breaks_on_days_to_come_or_leads_that_are_not_there(cast: Cast) -> None:
    for query in ("from=2090-01-01&to=2090-02-01", "after=12345", "after=x", "what=wins", "from=1999-01-01&after=9"):
        assert signed_in(cast.ada).get(f"{reverse('plan_leads')}?{query}").status_code == 200


def test_an_outsider_sees_none_of_them(cast: Cast) -> None:
    assert signed_in(cast.tomas).get(reverse("plan_leads")).status_code == 403


def test_pages_follow_each_other_and_show_each_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasuki.web.plan_leads._PAGE", 2)
    client, address, seen = signed_in(cast.ada), f"{reverse('plan_leads')}?what=leads&from={timezone.localdate() - timedelta(days=100)}", []
    while address:
        page = client.get(address).content.decode()
        seen += re.findall(r'class="sheet-name" href="([^"]+)"', page)
        following = re.search(r'href="(\?[^"]+)" rel="next"', page)
        address = reverse("plan_leads") + html.unescape(following[1]) if following else ""
    assert len(seen) == len(set(seen)) == 5


def test_the_page_asks_the_same_for_two_leads_and_for_twelve(cast: Cast) -> None:
    def n_queries() -> int:
        client, address = signed_in(cast.ruth), f"{reverse('plan_leads')}?what=leads&from={timezone.localdate() - timedelta(days=100)}"
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        return len(asked)

    few = n_queries()
    come(cast, 12)
    assert n_queries() == few


def test_quarters_add_up_their_months_as_the_fiscal_year_has_them(cast: Cast, plan: Plan) -> None:
    targets = plan_targets.of_plan(plan)
    assert targets
    stands = plan_standing.stands(plan, targets, at=timezone.now())
    for fiscal_start in range(1, 13):
        found = plan_standing.quarters(plan, stands.lines, fiscal_start=fiscal_start)
        assert all((line.month_on.month - fiscal_start) % 3 == 0 for line in found[1:] if line.month_on > plan.first_on)
        assert sum(line.amount for line in found) == plan.target
        for step in Step:
            assert sum(line.targets[step] for line in found) == targets.totals[step]
            assert sum(line.came[step] for line in found if line.came) == sum(line.came[step] for line in stands.lines if line.came)
        assert [line.month_on for line in found if line.is_present] == [
            line.month_on for line in found if line.month_on <= house_today() <= line.last_on and line.month_on >= plan.first_on
        ]


def test_the_plan_is_read_by_quarter_and_leaves_so(cast: Cast, plan: Plan) -> None:
    Organisation.objects.update(fiscal_year_starts_in=plan.first_on.month)
    page = signed_in(cast.ruth).get(reverse("plan"), {"by": "quarter"}).content.decode()
    months = page[page.index('class="sheet plan-months"') :]
    rows = months[: months.index("</table>")].count('<th scope="row"')
    assert "By quarter" in page
    lines = signed_in(cast.ruth).get(reverse("plan_export", args=[plan.pk]), {"by": "quarter"}).getvalue().decode("utf-8-sig").splitlines()
    assert len(lines) - 1 == rows
    assert 4 <= rows <= 6, "four quarters, and what must come before them"
    for name, arguments in (("plan", []), ("plan_export", [plan.pk])):
        assert signed_in(cast.ruth).get(reverse(name, args=arguments), {"by": "week"}).status_code == 400
