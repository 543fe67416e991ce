"""The relay page: every number opens exactly the rows it counts, for those who may see them, in three languages."""

from __future__ import annotations

import html
import random
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tasuki.core import people
from tasuki.core.money import Money
from tasuki.core.people import User
from tasuki.crm import leads
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Arrival
from tasuki.crm.ledger import Passage
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, LostBecause
from tasuki.web import relay_countries, relay_rows
from tests.cast import SET_UP, Cast
from tests.relay import histories
from tests.relay.histories import N_DAYS, Teller
from tests.remembering import written

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Some months of leads that end about now."""
    monkeypatch.setattr(histories, "START", timezone.now() - timedelta(days=N_DAYS))
    monkeypatch.setattr("tests.relay.histories.N_DAYS", N_DAYS - 20)
    written(_forty_leads, cast)
    return cast


def _forty_leads(cast: Cast) -> None:
    Teller(cast, random.Random(5)).tell(40)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def body(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content.decode()[-600:]
    return answer.content.decode()


def numbers(page: str) -> list[tuple[str, int]]:
    """Every number of the page that is a link: (address, number). Rates, days and money are not counts."""
    links = re.findall(r'<a href="(/relay/rows[^"]+)"[^>]*>(.*?)</a>', page, re.DOTALL)
    texts = [(html.unescape(address), re.sub(r"<title>.*?</title>", "", inner, flags=re.DOTALL)) for address, inner in links]
    found = [(address, re.sub(r"<[^>]+>", "", text).strip()) for address, text in texts]
    return [(address, int(text.replace(",", ""))) for address, text in found if re.fullmatch(r"[\d,]+", text)]


def rows_behind(address: str, user: User) -> int:
    """How many rows the address lists; without the page around them, because there are hundreds of links to try."""
    request = RequestFactory().get(address)
    request.user = user
    return relay_rows.passages(relay_rows.read(request)).count()  # type: ignore[arg-type]  # signed in by hand


def counted(page: str) -> int:
    """The count that the page of rows says above them."""
    return int(re.search(r'<span class="quiet">([\d,]+) ·', page)[1].replace(",", ""))  # type: ignore[index]  # it is there, or the test fails


QUERIES = ["period=year", "period=year&form=cohort", "period=month&by=owner", "period=all&by=segment", "period=year&source=Web&by=team", "period=year&by=month"]


@pytest.mark.parametrize("query", QUERIES)
def test_every_number_opens_exactly_the_rows_it_counts(told: Cast, query: str) -> None:
    client = signed_in(told.ruth)
    found = numbers(body(client, f"{reverse('relay')}?{query}"))
    assert len(found) > 30 or query == "period=month&by=owner"
    for address, number in set(found):
        assert rows_behind(address, told.ruth) == number, address
    address, number = found[0]
    assert counted(body(client, address)) == number


def test_whoever_sees_less_counts_less_and_opens_no_more(told: Cast) -> None:
    client = signed_in(told.ivo)
    for address, number in set(numbers(body(client, f"{reverse('relay')}?period=year"))):
        assert rows_behind(address, told.ivo) == number
    whole = f"{reverse('relay_rows')}?period=year&what=entered"
    assert counted(body(client, whole)) < counted(body(signed_in(told.ruth), whole))


def test_tomas_sees_neither_the_relay_nor_its_rows(told: Cast) -> None:
    client = signed_in(told.tomas)
    assert client.get(reverse("relay")).status_code == 403
    assert client.get(f"{reverse('relay_rows')}?stage=ready").status_code == 403


def test_money_is_shown_only_to_those_who_may_see_it(cast: Cast) -> None:
    at = timezone.now() - timedelta(days=2)
    lead = leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=at)
    terms = Acceptance(owner=cast.saori, team=cast.field_sales, money=Money(Decimal(7_000_000), "KRW"))
    opportunities.win(opportunities.accept(lead, terms=terms, by=SET_UP, at=at), by=SET_UP, at=at)
    for address in (f"{reverse('relay')}?period=year", f"{reverse('relay_rows')}?period=year&what=won"):
        assert "₩" in body(signed_in(cast.ruth), address)
        assert "₩" not in body(signed_in(cast.mina), address)


def test_why_a_row_was_lost_is_said_in_words(cast: Cast) -> None:
    at = timezone.now() - timedelta(days=2)
    lead = leads.capture(Arrival(team=cast.marketing), by=SET_UP, at=at)
    opportunities.lose(
        opportunities.accept(lead, terms=Acceptance(owner=cast.saori, team=cast.field_sales), by=SET_UP, at=at), because=LostBecause.TOO_EARLY, by=SET_UP, at=at
    )
    page = body(signed_in(cast.saori), f"{reverse('relay_rows')}?period=year&what=lost")
    assert "時期尚早" in page
    assert "too_early" not in page


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
@pytest.mark.parametrize("form", ["period", "cohort"])
def test_it_speaks_the_language_of_the_reader(told: Cast, language: str, form: str) -> None:
    people.change(told.ruth, language=language, by=SET_UP, at=timezone.now())
    page = body(signed_in(told.ruth), f"{reverse('relay')}?period=year&form={form}")
    assert f'<html lang="{language}"' in page
    assert {"en": "Onboarding", "ko": "온보딩", "ja": "オンボーディング"}[language] in page


@pytest.mark.parametrize("limits", [{"_MANY": many, "_TRIED": tried} for many, tried in ((100_000, 0), (0, 0), (100_000, 300), (0, 1))])
def test_the_countries_that_are_offered_are_those_of_accounts_that_the_reader_sees(cast: Cast, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int]) -> None:
    for name, limit in limits.items():
        monkeypatch.setattr(relay_countries, name, limit)
    at = timezone.now()
    made = [("KR", cast.field_sales, cast.saori), ("JP", cast.field_sales, None), ("VN", cast.marketing, cast.ivo), ("TH", cast.marketing, None)]
    for country, team, owner in (*made, ("", cast.marketing, None)):
        account = Account.objects.create(name=country or "Nowhere", folded_name=country, country=country, team=team, owner=owner, created_at=at, updated_at=at)
        if country in {"JP", "TH"}:
            leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo, account=account), by=SET_UP, at=at)
    offered = {one.given_name: relay_countries.seen(one) for one in (cast.ruth, cast.ivo, cast.saori, cast.mina, cast.tomas)}
    assert offered == {
        one.given_name: set(Account.objects.visible_to(one).values_list("country", flat=True))
        for one in (cast.ruth, cast.ivo, cast.saori, cast.mina, cast.tomas)
    }
    assert offered[cast.ivo.given_name] == {"VN", "JP", "TH"}


def test_it_is_drawn_without_any_lead(cast: Cast) -> None:
    page = body(signed_in(cast.ruth), reverse("relay"))
    assert "Too few leads" in page
    assert "No rows" in body(signed_in(cast.ruth), f"{reverse('relay_rows')}?stage=ready")


def test_the_number_of_queries_does_not_grow_with_the_leads(cast: Cast) -> None:
    client = signed_in(cast.ruth)
    asked = []
    for n in (3, 30):
        Teller(cast, random.Random(n)).tell(n)
        for address in (f"{reverse('relay')}?period=all", f"{reverse('relay_rows')}?period=all&what=entered"):
            body(client, address)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                body(client, address)
            asked.append(len(queries))
    assert asked[:2] == asked[2:]
    assert max(asked) <= 25


def test_the_rows_are_turned_page_by_page_and_each_comes_once(told: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasuki.web.relay_rows.PAGE", 7)
    client, address, seen = signed_in(told.ruth), f"{reverse('relay_rows')}?period=all&what=entered", []
    while address:
        page = body(client, address)
        seen += re.findall(r'href="/leads/(\d+)"', page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        address = reverse("relay_rows") + html.unescape(following[1]) if following else ""
    assert sorted(seen) == sorted(str(pk) for pk in Passage.objects.filter(entered_at__lt=timezone.now()).values_list("lead_id", flat=True))


STRANGE = [
    "period=never",
    "form=cube",
    "by=colour",
    "from=yesterday",
    "from=2026-02-30",
    "from=2026-03-02&to=2026-03-01",
    "team=x",
    "team=-1",
    "team=9999999999",
    "to=0001-01-01",
    "from=9999-12-31",
]


@pytest.mark.parametrize("query", STRANGE)
def test_what_the_relay_does_not_have_is_refused(cast: Cast, query: str) -> None:
    client = signed_in(cast.ruth)
    assert client.get(f"{reverse('relay')}?{query}").status_code == 400
    assert client.get(f"{reverse('relay_rows')}?stage=ready&{query}").status_code == 400


@pytest.mark.parametrize("query", ["stage=nowhere", "stage=ready&what=nothing", "what=aged"])
def test_rows_of_a_number_that_does_not_exist_are_refused(cast: Cast, query: str) -> None:
    assert signed_in(cast.ruth).get(f"{reverse('relay_rows')}?{query}").status_code == 400


RARE = [
    "source=%F0%9F%A6%8A",
    "source=%D7%A9%D7%9C%D7%95%D7%9D",
    "segment=(blank)",
    "country=KR",
    "owner=0",
    "product=7",
    "after=x",
    "after=99999999999999999",
    "from=2026-01-01",
    "to=2020-01-01",
]


@pytest.mark.parametrize("query", RARE)
def test_filters_that_match_little_or_nothing_are_answered(told: Cast, query: str) -> None:
    client = signed_in(told.ruth)
    body(client, f"{reverse('relay')}?{query}")
    body(client, f"{reverse('relay_rows')}?what=entered&{query}")
