"""The page of the numbers: what it says, where each number leads, and what it refuses."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import localdate, now

from tasuki.crm import tasks
from tasuki.crm.tasks import Task
from tasuki.engage import calls
from tasuki.engage.dispositions import Disposition
from tasuki.inside_sales.call_lists.lists import CallList
from tests.cast import Cast
from tests.engage.calling import callable_lead, outcome, type_of
from tests.relay.handing import by
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

PAGE, COHORT = "/inside-sales/numbers", "/inside-sales/numbers/cohort"


def called(cast: Cast, n: int, *, nth: int = 0) -> None:
    """So many leads called by Ivo yesterday: every second was reached."""
    began = now() - timedelta(days=1)
    for one in range(nth, nth + n):
        call = calls.begin(callable_lead(cast, one + 1), call_type=type_of(), by=by(cast.ivo), at=began + timedelta(minutes=5 * one))
        what = Disposition.TALK if one % 2 else Disposition.NO_ANSWER
        calls.dispose(call, outcome=outcome(what), by=by(cast.ivo), at=began + timedelta(minutes=5 * one + 3))


def test_a_rate_stands_with_its_n_its_interval_and_the_rows_behind_it(cast: Cast) -> None:
    called(cast, 10)
    page = unescape(signed_in(cast.ada).get(PAGE).content.decode())
    row = re.search(r"<th scope=\"row\">Connect rate.*?</tr>", page, re.S)
    assert row is not None
    assert "50.0%" in row.group()
    assert "23.7% – 76.3%" in row.group(), "the interval of Wilson for 5 of 10"
    assert "4.8%–13.3%" in row.group(), "what others report"
    rows = re.search(r'href="(/inside-sales/numbers/rows[^"]*what=connects[^"]*)"', row.group())
    assert rows is not None
    behind = signed_in(cast.ada).get(rows.group(1)).content.decode()
    assert "5 · the last 13 weeks" in behind
    assert behind.count('class="sheet-name"') == 5


def test_of_few_no_share_is_shown(cast: Cast) -> None:
    called(cast, 4)
    page = signed_in(cast.ada).get(PAGE).content.decode()
    assert "50%" not in page
    assert "too few" in page


def listed(cast: Cast, n: int, *reasons: str) -> None:
    """Ivo's list of yesterday with so many rows, the first of them skipped."""
    made = CallList.objects.create(owner=cast.ivo, for_on=localdate() - timedelta(days=1), n_slots=16, built_at=now())
    for place in range(n):
        said = {"skipped_at": now(), "skip_reason": reasons[place]} if place < len(reasons) else {}
        made.entries.create(lead=callable_lead(cast, 50 + place), bucket=7, position=place, **said)


def test_skips_stand_by_person_with_their_n_and_lead_to_the_rows_of_a_reason(cast: Cast) -> None:
    called(cast, 1)
    listed(cast, 10, "On leave", "<b>no time</b>", "on leave")
    page = unescape(signed_in(cast.ada).get(PAGE).content.decode())
    habits = page.partition('id="habits"')[2].partition("</section>")[0]
    assert "30%" in habits
    assert ">on leave<" in habits.lower()
    assert "<b>no time</b>" not in signed_in(cast.ada).get(PAGE).content.decode()
    (address,) = set(re.findall(r'href="(/inside-sales/numbers/rows[^"]*because=[Oo]n\+leave)"', page.partition('id="skips"')[2]))
    behind = signed_in(cast.ada).get(address).content.decode()
    assert behind.count('class="sheet-name"') == 2
    assert "skipped: on leave" in behind.lower()


def test_of_nine_planned_no_share_of_skips_is_shown(cast: Cast) -> None:
    listed(cast, 9, "On leave", "On leave", "On leave")
    habits = signed_in(cast.ada).get(PAGE).content.decode().partition('id="habits"')[2].partition("</section>")[0]
    assert "33%" not in habits
    assert '<span class="of-n">9</span>' in habits


def test_overdue_tasks_lead_to_the_list_of_tasks_even_of_who_called_nobody(cast: Cast) -> None:
    tasks.add(Task(subject="ring back", owner=cast.ivo, lead=callable_lead(cast), due_on=localdate() - timedelta(days=2)), by=by(cast.ivo), at=now())
    page = unescape(signed_in(cast.ada).get(PAGE).content.decode())
    (address,) = re.findall(r'href="(/tasks\?view=overdue[^"]*)"', page)
    assert "ring back" in signed_in(cast.ada).get(address).content.decode()


def test_every_grouping_measure_and_period_answers_and_nothing_else(cast: Cast) -> None:
    called(cast, 2)
    client = signed_in(cast.ada)
    for said in (
        "each=week&period=month",
        "each=team&line=persistence",
        "each=source&period=all&source=webinar",
        f"owner={cast.ivo.pk}",
        "owner=0",
        "team=0",
        "line=worked",
        "line=overrun_in_vain&each=week",
    ):
        assert client.get(f"{PAGE}?{said}").status_code == 200, said
    for said in ("each=segment", "line=x", "period=never", "segment=a", "owner=-1", "team=x", "from=2026-13-01", "product=1", "each=" + "x" * 400):
        assert client.get(f"{PAGE}?{said}").status_code == 400, said
    for said in (
        "what=dials&when=before",
        "what=tries_0",
        "what=span_6",
        "what=given_up",
        "what=planned",
        "what=attempted",
        "what=held",
        "after=1",
        "what=skipped&because=x",
        "what=over_talk",
    ):
        assert client.get(f"{PAGE}/rows?{said}").status_code == 200, said
    for said in ("what=skipped&because=x", "what=over_talk", "what=overrun_in_vain"):
        assert client.get(f"{PAGE}/rows?{said}").status_code == 200, said
    for said in ("what=secrets", "what=tries_99", "when=after", "period=all&when=before"):
        assert client.get(f"{PAGE}/rows?{said}").status_code == 400, said


def test_a_week_leads_to_the_days_of_it_that_lie_in_the_period(cast: Cast) -> None:
    called(cast, 10)
    page = unescape(signed_in(cast.ada).get(f"{PAGE}?each=week").content.decode())
    found = re.search(r'href="([^"]*period=custom&[^"]*what=dials[^"]*)"', page)
    assert found is not None
    assert "10 · " in signed_in(cast.ada).get(found.group(1)).content.decode()


def test_the_cohort_stands_beside_and_each_of_its_numbers_leads_to_its_leads(cast: Cast) -> None:
    called(cast, 10)
    client = signed_in(cast.ada)
    assert f'href="{COHORT}?' in client.get(PAGE).content.decode()
    page = unescape(client.get(f"{COHORT}?within=7&period=all").content.decode())
    row = re.search(r"<th scope=\"row\">Answered.*?</tr>", page, re.S)
    assert row is not None
    assert "50.0%" in row.group()
    rows = re.search(r'href="(/inside-sales/numbers/rows[^"]*what=came_answered[^"]*)"', row.group())
    assert rows is not None
    behind = client.get(rows.group(1)).content.decode()
    assert "5 · all time" in behind
    assert behind.count('class="sheet-name"') == 5
    for said in ("each=week&period=year", "each=source&within=90", "each=team&period=all", f"owner={cast.ivo.pk}", "owner=0&team=0"):
        assert client.get(f"{COHORT}?{said}").status_code == 200, said
    for said in ("within=8", "within=-7", "within=" + "9" * 400, "each=x", "period=never"):
        assert client.get(f"{COHORT}?{said}").status_code == 400, said


def test_whoever_sees_no_leads_sees_no_numbers_and_an_outsider_no_page(cast: Cast) -> None:
    called(cast, 10)
    assert signed_in(cast.saori).get(f"{PAGE}/rows").content.decode().count('class="sheet-name"') == 0
    assert signed_in(cast.tomas).get(PAGE).status_code == 403
    assert signed_in(cast.tomas).get(f"{PAGE}/rows").status_code == 403
    assert signed_in(cast.tomas).get(COHORT).status_code == 403


def test_the_page_and_its_rows_ask_the_same_for_two_and_for_twelve(cast: Cast) -> None:
    client = signed_in(cast.ada)

    def n_queries(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        return len(asked)

    called(cast, 2)
    few = [n_queries(address) for address in (PAGE, COHORT, reverse("numbers_rows"))]
    called(cast, 10, nth=2)
    assert [n_queries(address) for address in (PAGE, COHORT, reverse("numbers_rows"))] == few


@pytest.mark.parametrize("language", ["ko", "ja"])
def test_it_is_said_in_every_language(cast: Cast, language: str) -> None:
    called(cast, 10)
    cast.ada.language = language
    cast.ada.save(update_fields=["language"])
    page = signed_in(cast.ada).get(PAGE)
    assert page.status_code == 200
    assert {"ko": "미팅 확정률", "ja": "アポ獲得率"}[language] in page.content.decode()
