"""The page of the hours in which people are reached: a table with n in each cell, by country, and nothing of few calls."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.urls import reverse

from tasuki.engage.reach import ReachCell
from tests.cast import MONDAY, Cast
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db


def counted(country: str = "", *, hour: int = 10, n: int = 200, n_reached: int = 80) -> None:
    for at, reached in ((hour, n_reached), (15, n // 10)):
        ReachCell.objects.create(country=country, weekday=3, hour=at, n=n, n_reached=reached, counted_at=MONDAY)
    ReachCell.objects.create(country=country, weekday=4, hour=11, n=7, n_reached=5, counted_at=MONDAY)


def row(page: str, hour: int) -> str:
    found = re.search(rf'<th scope="row">{hour}:00–{hour + 1}:00</th>.*?</tr>', page, re.S)
    assert found is not None
    return found.group()


def test_each_hour_stands_with_its_share_and_its_n(cast: Cast) -> None:
    counted()
    page = unescape(signed_in(cast.ada).get(reverse("reach")).content.decode())
    assert "40%" in row(page, 10)
    assert '<span class="of-n">200</span>' in row(page, 10)
    assert "the best hour of this weekday" in row(page, 10)
    assert "the best hour" not in row(page, 15)


def test_of_few_calls_no_share_is_shown(cast: Cast) -> None:
    counted()
    page = signed_in(cast.ada).get(reverse("reach")).content.decode()
    assert "71%" not in page
    assert '<span class="of-n">7</span>' in row(page, 11)


def test_a_country_has_its_own_hours_and_others_are_refused(cast: Cast) -> None:
    counted()
    counted("KR", hour=16, n=2_000, n_reached=1_200)
    client = signed_in(cast.ada)
    assert "the best hour" in row(client.get(reverse("reach"), {"country": "KR"}).content.decode(), 16)
    for other in ("JP", "<script>", "가"):
        assert client.get(reverse("reach"), {"country": other}).status_code == 400


def test_before_the_first_night_it_says_what_to_do(cast: Cast) -> None:
    page = signed_in(cast.ada).get(reverse("reach")).content.decode()
    assert "Nothing is counted yet" in page


def test_the_outsider_sees_none_of_it(cast: Cast) -> None:
    counted()
    assert signed_in(cast.tomas).get(reverse("reach")).status_code in (403, 404)
