"""The pages of the plan: for whom, what they say, and that nothing but a draft is written."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from tasuki.core.audit import AuditEntry
from tasuki.relay import plan_targets, plans
from tasuki.relay.plan_rows import Plan, Step
from tests.cast import SET_UP, Cast
from tests.relay.planning import everything_assumed, house_today
from tests.web.office import signed_in
from tests.web.reading import read

pytestmark = pytest.mark.django_db


def this_year(**said: Any) -> plans.Wanted:
    """The plan of the reference, for the twelve months around today."""
    first = house_today().replace(day=1)
    return everything_assumed(first_on=first, **said)


def told(answer: Any) -> str:
    return " ".join(read(answer.content.decode()).texts)


def test_who_has_no_plan_is_told_what_one_is_and_how_to_begin(cast: Cast) -> None:
    page = signed_in(cast.ruth).get(reverse("plan"))
    assert "No plan yet" in told(page)
    assert reverse("plan_new") in page.content.decode()
    chika = signed_in(cast.chika).get(reverse("plan"))
    assert reverse("plan_new") not in chika.content.decode()
    assert "can do it for you" in told(signed_in(cast.ivo).get(reverse("plan")))


def test_ruth_drafts_assumes_and_agrees_and_everybody_sees_the_chain(cast: Cast) -> None:
    ruth = signed_in(cast.ruth)
    first = house_today().replace(day=1)
    answer = ruth.post(reverse("plan_new"), {"name": "The year", "first_on": first, "n_months": 12, "target": "120,000,000"})
    plan = Plan.objects.get()
    assert answer["Location"] == reverse("plan_version", args=[plan.pk])
    assert "does not reach from the target to the leads yet" in told(ruth.get(answer["Location"]))
    said = {"name": "The year", "first_on": first, "n_months": 12, "target": "102000000", "expansion": "12000000", "order": "3000000"}
    said |= {"leads_rate": "10", "booked_rate": "80", "held_rate": "70", "opportunities_rate": "25", "opportunities_days": "60"}
    said |= {"leads_a_day": "16", "meetings_a_day": "3", "recycled": "20", "weights": ""}
    assert ruth.post(reverse("plan_change", args=[plan.pk]), said).status_code == 302
    page = told(ruth.get(reverse("plan_version", args=[plan.pk])))
    for words in ("in all 2,150", "in all 215", "in all 172", "in all 120", "in all 30", "assumed", "1,720 must be new"):
        assert words in page
    shown = told(ruth.get(reverse("plan_agreement", args=[plan.pk])))
    assert "the plan stays as it is" in shown
    assert ruth.post(reverse("plan_agreement", args=[plan.pk])).status_code == 302
    plan.refresh_from_db()
    assert plan.agreed_by == cast.ruth
    seen = told(signed_in(cast.saori).get(reverse("plan")))
    assert "Ruth Adeyemi" in seen


def test_a_marketer_sees_the_chain_and_no_money(cast: Cast) -> None:
    plan = plans.agree(plans.draft(this_year(), by=SET_UP, at=timezone.now()), by=SET_UP, at=timezone.now())
    page = signed_in(cast.mina).get(reverse("plan")).content.decode()
    assert "2,150" in page
    for amount in ("102,000,000", "1.02억", "₩"):
        assert amount not in page
    for name in ("plan_change", "plan_agreement", "plan_export"):
        assert signed_in(cast.mina).get(reverse(name, args=[plan.pk])).status_code == 403


def test_tomas_gets_no_plan_and_ivo_writes_none(cast: Cast) -> None:
    plan = plans.draft(this_year(), by=SET_UP, at=timezone.now())
    tomas, ivo = signed_in(cast.tomas), signed_in(cast.ivo)
    for name in ("plan_version", "plan_change", "plan_agreement", "plan_export"):
        assert tomas.get(reverse(name, args=[plan.pk])).status_code in (403, 404)
    assert tomas.get(reverse("plan")).status_code == 403
    for name in ("plan_change", "plan_agreement", "plan_measures", "plan_removal"):
        assert ivo.post(reverse(name, args=[plan.pk])).status_code == 403
    assert ivo.post(reverse("plan_new"), {}).status_code == 403
    plan.refresh_from_db()
    assert plan.is_draft


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"target": "much"}, "Enter a number"),
        ({"target": "0"}, "more than nothing"),
        ({"target": ""}, "required"),
        ({"first_on": "soon"}, "valid date"),
        ({"first_on": "2020-01-01"}, "These months are over"),
        ({"n_months": "13"}, "less than or equal to 12"),
        ({"name": ""}, "required"),
    ],
)
def test_what_makes_no_plan_is_said_and_nothing_that_was_typed_is_lost(cast: Cast, said: dict[str, str], why: str) -> None:
    typed = {"name": "My own year", "first_on": str(house_today()), "n_months": "12", "target": "7654321"} | said
    answer = signed_in(cast.ruth).post(reverse("plan_new"), typed)
    assert answer.status_code == 422
    assert why in told(answer)
    page = answer.content.decode()
    assert all(value in page for value in typed.values())
    assert not Plan.objects.exists()


def test_weights_are_whole_numbers_one_for_each_month(cast: Cast) -> None:
    ruth, plan = signed_in(cast.ruth), plans.draft(this_year(), by=SET_UP, at=timezone.now())
    said = {"name": "The year", "first_on": plan.first_on, "n_months": 12, "target": "5", "leads_a_day": 16, "meetings_a_day": 3}
    for wrong in ("1 2 x", "1.5", "1 2 3", "99999 1"):
        assert ruth.post(reverse("plan_change", args=[plan.pk]), said | {"weights": wrong}).status_code == 422
    assert ruth.post(reverse("plan_change", args=[plan.pk]), said | {"weights": " ".join(["1", "2"] * 6)}).status_code == 302
    plan.refresh_from_db()
    assert plan.weights == [1, 2] * 6


def test_what_if_writes_nothing(cast: Cast) -> None:
    plan = plans.agree(plans.draft(this_year(), by=SET_UP, at=timezone.now()), by=SET_UP, at=timezone.now())
    before, n_entries = plan_targets.of_plan(plan), AuditEntry.objects.count()
    asked = {"try": 1, "target": "102000000", "order": "3000000", "leads": "10", "booked": "80", "held": "60", "opportunities": "25"}
    page = signed_in(cast.ruth).get(reverse("plan_version", args=[plan.pk]), asked)
    words = told(page)
    # 120 opportunities at 60 % take 200 held meetings, 250 booked ones and 2,500 leads.
    for tried in ("2,500", "+350", "250", "200", "±0"):
        assert tried in words
    wrong = signed_in(cast.ruth).get(reverse("plan_version", args=[plan.pk]), asked | {"held": "0"})
    assert wrong.status_code == 422
    assert "greater than or equal to" in told(wrong)
    plan.refresh_from_db()
    assert (plan_targets.of_plan(plan), AuditEntry.objects.count()) == (before, n_entries)


def test_a_draft_is_measured_anew_and_thrown_away_and_an_agreed_one_is_neither(cast: Cast) -> None:
    ruth, at = signed_in(cast.ruth), timezone.now()
    plan = plans.draft(this_year(), by=SET_UP, at=at - timedelta(days=1))
    assert ruth.post(reverse("plan_measures", args=[plan.pk])).status_code == 302
    plan.refresh_from_db()
    assert plan.measured_at >= at
    assert ruth.post(reverse("plan_removal", args=[plan.pk])).status_code == 302
    assert not Plan.objects.exists()
    agreed = plans.agree(plans.draft(this_year(), by=SET_UP, at=at), by=SET_UP, at=at)
    for name in ("plan_measures", "plan_removal", "plan_change", "plan_agreement"):
        assert ruth.post(reverse(name, args=[agreed.pk])).status_code == 409
    assert ruth.get(reverse("plan_agreement", args=[agreed.pk])).status_code == 302


def test_the_months_leave_as_a_table_that_adds_up(cast: Cast) -> None:
    plan = plans.agree(plans.draft(this_year(), by=SET_UP, at=timezone.now()), by=SET_UP, at=timezone.now())
    address = reverse("plan_export", args=[plan.pk])
    text = b"".join(signed_in(cast.ruth).get(address, {"form": "csv"})).decode("utf-8-sig")  # type: ignore[arg-type]  # it streams
    lines = text.splitlines()[1:]
    rows = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(signed_in(cast.ruth).get(address, {"form": "xlsx"})))).get_sheet_by_index(0).to_python()  # type: ignore[arg-type]  # it streams
    planned = {str(name): nth for nth, name in enumerate(rows[0])}
    for step, n in {Step.LEADS: 2150, Step.BOOKED: 215, Step.HELD: 172, Step.OPPORTUNITIES: 120, Step.WINS: 30}.items():
        assert sum(row[planned[f"{step.label}, planned"]] for row in rows[1:]) == n  # type: ignore[misc]  # numbers, as they are asked for
    assert sum(row[planned["Revenue, planned"]] for row in rows[1:]) == 102_000_000  # type: ignore[misc]  # likewise
    assert len(lines) == len(rows) - 1
    assert signed_in(cast.ruth).get(address, {"form": "pdf"}).status_code == 400
    assert AuditEntry.objects.of(plan).filter(action="export").count() == 2


def test_the_page_asks_the_same_for_two_months_and_for_twelve(cast: Cast, django_assert_max_num_queries: Any) -> None:
    ruth = signed_in(cast.ruth)
    short = plans.draft(this_year(n_months=2), by=SET_UP, at=timezone.now())
    long = plans.draft(this_year(), by=SET_UP, at=timezone.now())
    ruth.get(reverse("plan_version", args=[long.pk]))
    with django_assert_max_num_queries(200) as of_two:
        ruth.get(reverse("plan_version", args=[short.pk]))
    with django_assert_max_num_queries(len(of_two)):
        ruth.get(reverse("plan_version", args=[long.pk]))
