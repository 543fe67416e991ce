"""The call desk as plain forms: whoever has no script calls here too. And what is refused, hidden, or hostile."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.organisation import the_day
from tasuki.crm import leads, stages
from tasuki.crm.contacts import ContactPhone
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task
from tasuki.crm.wake_rules import WakeRule
from tasuki.engage import calls, next_calls
from tasuki.engage.calls import Call, Outcome
from tasuki.engage.contact_rules import ContactRule, Need
from tasuki.engage.dispositions import Disposition
from tasuki.engage.next_calls import NextCall, RetryRule
from tasuki.inside_sales import leases, objections, qualification, scripts
from tasuki.inside_sales.call_lists.lists import CallList
from tasuki.inside_sales.objections import Objection, ObjectionUse, Response
from tests.cast import SET_UP, Cast, hired
from tests.engage.calling import NUMBER, callable_lead, type_of
from tests.web.office import signed_in
from tests.web.reading import read

pytestmark = pytest.mark.django_db

ENDING_FIELDS = ("wakes", "on", "trigger", "channel", "words", "every", "until", "reason")
HOSTILE = [
    "",
    " ",
    "x" * 6000,
    "9" * 40,
    "-1",
    "٣",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "99:99",
    "<script>alert(1)</script>",
    "%s {0}",
    "\U0001f408" * 20,
]


def sent(client: Client, name: str, lead: Lead, **said: Any) -> Any:
    return client.post(reverse(name, args=[lead.pk]), said)


def shown(client: Client, lead: Lead) -> str:
    answer = client.get(reverse("desk_lead", args=[lead.pk]))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_desk_leads_to_the_first_who_waits_and_says_when_nobody_does(cast: Cast) -> None:
    client = signed_in(cast.ivo)
    assert "Nobody waits for a call" in client.get(reverse("desk")).content.decode()
    lead = callable_lead(cast)
    assert client.get(reverse("desk"))["Location"] == reverse("desk_lead", args=[lead.pk])
    page = shown(client, lead)
    assert "+82 2-555-0187" in page
    assert f'href="tel:{NUMBER}"' in page


def test_a_call_that_begins_or_ends_changes_the_bar_alone_so_that_nobody_is_disturbed_who_types(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    for name, offers in (("desk_call", "hang-up"), ("desk_call_end", "ended")):
        answer = client.post(reverse(name, args=[lead.pk]), {"number": NUMBER}, headers={"HX-Request": "true"}).content.decode()
        assert re.findall(r'data-fresh="([a-z-]+)"', answer) == ["desk-bar"]
        assert offers in answer


def test_a_call_without_script_is_dialled_ended_told_and_the_next_lead_follows(cast: Cast) -> None:
    first, second, client = callable_lead(cast, 1), callable_lead(cast, 2), signed_in(cast.ivo)
    assert sent(client, "desk_call", first, number=NUMBER)["Location"] == reverse("desk_lead", args=[first.pk])
    assert Call.objects.visible_to(cast.ivo).get().number == NUMBER
    assert ">End<" in shown(client, first)
    sent(client, "desk_call_end", first)
    said = {
        "disposition": "cb",
        "again_on": "2027-03-04",
        "again_time": "10:30",
        "note": "이사회 뒤에",
        "fact-timing": "the board in March",
        "fact-budget": "? asks first",
    }
    answer = sent(client, "desk_outcome", first, **said)
    assert answer["Location"] == reverse("desk_lead", args=[second.pk])
    planned = NextCall.objects.visible_to(cast.ivo).get()
    assert (planned.due_there.isoformat(), planned.words) == ("2027-03-04T10:30:00+09:00", "이사회 뒤에")
    facts = qualification.of(first)
    assert (facts["timing"].words, facts["budget"].state, facts["budget"].words) == ("the board in March", "asked", "asks first")
    assert "Call back at 10:30 (Asia/Seoul)" in Task.objects.visible_to(cast.ivo).get().subject


def test_a_result_is_told_without_a_call_that_was_begun_here(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    assert sent(client, "desk_outcome", lead, disposition="na")["Location"] == reverse("desk")
    call = Call.objects.visible_to(cast.ivo).get()
    assert (call.disposition, call.number) == ("na", "")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"disposition": "cb", "again_on": "", "again_time": ""}, "Say when you call back"),
        ({"disposition": "cb", "again_on": "2020-01-01", "again_time": "10:00"}, "Say when you call back"),
        ({"disposition": "mtg"}, "Say when the meeting is"),
        ({"disposition": "now", "now-on": "2027-01-01"}, "Say why."),
        ({"disposition": "ni", "ni-because": "student"}, "student is not one of the available choices"),
        ({"disposition": "now", "now-because": "no_budget", "now-wakes": "day", "now-on": "2020-01-01"}, "is over already"),
        ({"disposition": "now", "now-because": "no_budget", "now-wakes": "every", "now-every": "30"}, "This field is required"),
        ({"disposition": "dq"}, "Say why."),
        ({"disposition": "talk"}, "A conversation leaves something behind"),
        ({"disposition": "talk", "fact-size": "x" * 501}, "at most 500 characters"),
    ],
)
def test_a_result_that_is_incomplete_comes_back_with_what_was_typed(cast: Cast, said: dict[str, str], told: str) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    answer = client.post(reverse("desk_outcome", args=[lead.pk]), {"note": "" if said["disposition"] == "talk" else "typed already", **said})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert told in page
    assert "typed already" in page or said["disposition"] == "talk"
    assert not Call.objects.visible_to(cast.ivo).exists()


@pytest.mark.slow
@pytest.mark.parametrize("what", Disposition)
def test_no_result_breaks_whatever_stands_in_its_fields(cast: Cast, what: Disposition) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    for text in HOSTILE:
        names = ("note", "again_on", "again_time", "meeting_on", "meeting_time", *(f"{what.value}-{name}" for name in ENDING_FIELDS))
        said = {**dict.fromkeys(names, text), f"{what.value}-because": text if len(text) > 10 else "no_budget"}
        answer = client.post(reverse("desk_outcome", args=[lead.pk]), {"disposition": what.value, **said, "seen-size": text, "fact-size": text})
        assert answer.status_code in {200, 302, 409, 422}, text
        lead.refresh_from_db()
        if lead.stage_id is None:
            break


def test_a_lead_is_skipped_or_recycled_from_the_desk(cast: Cast) -> None:
    first, second, client = callable_lead(cast, 1), callable_lead(cast, 2), signed_in(cast.ivo)
    assert sent(client, "desk_skip", first, reason="").status_code == 422
    assert sent(client, "desk_skip", first, reason="at a fair")["Location"] == reverse("desk_lead", args=[second.pk])
    assert sent(client, "desk_recycling", second, reason="next year", wakes="day", on="2027-01-04").status_code == 422
    said = {"because": "no_budget", "reason": "next year", "wakes": "trigger", "trigger": "reply", "on": "2027-01-04"}
    assert sent(client, "desk_recycling", second, **said)["Location"] == reverse("desk")
    last = leads.chain(second)[-1]
    assert (last.outcome, str(last.because), last.reason, last.wake_rule) == ("recycled", "No budget", "next year", WakeRule(date(2027, 1, 4), "reply"))


def test_a_reason_of_the_tree_is_chosen_with_its_rule_and_offered_first_the_next_time(cast: Cast) -> None:
    first, second, client = callable_lead(cast, 1), callable_lead(cast, 2), signed_in(cast.ivo)
    page = shown(client, first)
    assert '<option value="no_budget">No budget · after 90 days</option>' in page
    assert 'value="postponed"' not in page, "a decision is postponed in sales"
    sent(client, "desk_outcome", first, disposition="now", **{"now-because": "current_contract", "now-reason": "until autumn"})
    last = leads.chain(first)[-1]
    assert (str(last.because), last.wake_on, last.reason) == ("In a contract with another", the_day(last.left_at) + timedelta(days=180), "until autumn")
    assert "In a contract with another" in client.get(reverse("lead", args=[first.pk])).content.decode()
    assert shown(client, second).count('<option value="current_contract" selected>') == 1


def test_facts_are_kept_while_one_talks_and_somebody_elses_are_not_written_over(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    answer = client.post(reverse("desk_facts", args=[lead.pk]), {"fact-size": "64 seats", "seen-size": "0"}, headers={"HX-Request": "true"})
    assert (answer.status_code, qualification.of(lead)["size"].words) == (200, "64 seats")
    assert f'value="{qualification.of(lead)["size"].seen}"' in answer.content.decode()
    qualification.learn(lead, fact="size", words="70 seats", by=By(cast.ruth, Door.WEB), at=now())
    assert sent(client, "desk_facts", lead, **{"fact-size": "65", "seen-size": "0"}).status_code == 409
    assert qualification.of(lead)["size"].words == "70 seats"


def test_two_people_at_one_lead_are_told_of_each_other(cast: Cast) -> None:
    lead = callable_lead(cast)
    noa = hired("noa", "Noa", "Kim", role=Role.INSIDE_SELLER, team=cast.inside_sales)
    assert sent(signed_in(noa), "desk_lease", lead).status_code == 204
    client = signed_in(cast.ivo)
    assert "has this lead at the desk right now" in shown(client, lead)
    for name, said in (("desk_lease", {}), ("desk_call", {"number": NUMBER}), ("desk_outcome", {"disposition": "na"}), ("desk_skip", {"reason": "x"})):
        assert sent(client, name, lead, **said).status_code in {409, 422}, name
    assert not Call.objects.visible_to(cast.ada).exists()
    leases.let_go(lead, by=By(noa, Door.WEB), at=now())
    assert sent(client, "desk_call", lead, number=NUMBER).status_code == 302


def test_who_does_not_want_to_be_called_is_not_dialled(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    sent(client, "desk_outcome", lead, disposition="dnc")
    assert "nobody reaches it any more" in shown(client, lead)
    assert sent(client, "desk_call", lead, number=NUMBER).status_code == 422


def test_where_a_consent_is_missing_the_desk_leads_to_where_it_is_recorded(cast: Cast) -> None:
    lead = callable_lead(cast)
    assert lead.contact is not None
    assert "Record what allows it" not in shown(signed_in(cast.ivo), lead)
    ContactRule.objects.get_queryset().update(phone=Need.CONSENT)
    page = shown(signed_in(cast.ivo), lead)
    assert page.count(f'href="{reverse("contact", args=[lead.contact.pk])}#consents">Record what allows it') == 2, "beside the queue too"
    assert "Cannot be called" in page


def test_without_a_number_the_desk_says_so_and_one_calls_by_hand(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    ContactPhone.objects.filter(contact=lead.contact_id).delete()
    page = shown(client, lead)
    assert page.count("No number is known.") == 2
    assert sent(client, "desk_call", lead).status_code == 302
    assert Call.objects.get().number == ""


def test_a_number_of_somebody_else_is_not_dialled(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    for number in ("+8225550100", "x" * 400, "tel:1"):
        assert sent(client, "desk_call", lead, number=number).status_code == 422


def test_whoever_may_not_see_numbers_finds_none_and_may_not_work_here(cast: Cast) -> None:
    lead = callable_lead(cast)
    watching = signed_in(hired("obi", "Obi", "Ana", role=Role.OBSERVER))
    for name in ("desk", "desk_lead", "desk_brief"):
        assert watching.get(reverse(name, args=[lead.pk] if name != "desk" else [])).status_code == 403
    page = watching.get(reverse("lead", args=[lead.pk])).content.decode()
    sent(signed_in(cast.ivo), "desk_call", lead, number=NUMBER)
    assert "555-0187" not in page
    assert "555-0187" not in watching.get(reverse("lead", args=[lead.pk])).content.decode()


@pytest.mark.parametrize(("who", "status"), [("ada", 200), ("ruth", 200), ("mina", 200), ("saori", 404), ("chika", 403)])
def test_the_desk_shows_only_leads_that_one_sees_to_those_who_work_leads(cast: Cast, who: str, status: int) -> None:
    lead = callable_lead(cast)
    assert signed_in(getattr(cast, who)).get(reverse("desk_lead", args=[lead.pk])).status_code == status


def test_a_lead_whose_pass_is_over_is_shown_and_not_called(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    leads.disqualify(lead, reason="gone", by=SET_UP, at=now())
    assert "disabled" in shown(client, lead)
    assert sent(client, "desk_call", lead, number=NUMBER).status_code == 422


def test_the_script_speaks_the_language_of_the_person_and_the_closing_question_waits(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    scripts.write(type_of(), language="ko", opening="{person}님, {me}입니다.", closing="결재는 누가 하십니까?", by=By(cast.ada, Door.WEB), at=now())
    page = shown(client, lead)
    assert "한 서윤1님, Ivo Horvat입니다." in page
    assert "결재는 누가 하십니까?" in page
    assert "At 8 minutes" in page


def test_an_objection_is_found_put_and_counted(cast: Cast) -> None:
    lead, client = callable_lead(cast), signed_in(cast.ivo)
    budget = objections.add(Response("이번 기 예산이 없습니다", "ko", "no_hurry"), by=SET_UP, at=now())
    objections.add(Response("予算は別です", "ja", "no_hurry"), by=SET_UP, at=now())
    found = client.get(reverse("desk_answers", args=[lead.pk]), {"q": "예"}, headers={"HX-Request": "true"}).content.decode()
    assert "이번 기 예산이" in found
    assert "予算" not in found
    assert client.get(reverse("desk_answers", args=[lead.pk]), {"q": "예"})["Location"].endswith("?q=%EC%98%88")
    use = reverse("desk_answer_use", args=[lead.pk, budget.pk])
    client.post(use)
    assert not ObjectionUse.objects.exists()
    sent(client, "desk_call", lead, number=NUMBER)
    assert client.post(use, headers={"HX-Request": "true"}).status_code == 204
    assert ObjectionUse.objects.get().call.lead == lead
    assert client.post(reverse("desk_answer_use", args=[lead.pk, 999_999])).status_code == 404


def test_a_page_of_the_desk_asks_the_same_for_two_leads_and_for_twelve(cast: Cast) -> None:
    client = signed_in(cast.ivo)

    def n_queries(lead: Lead) -> int:
        shown(client, lead)
        with CaptureQueriesContext(connection) as asked:
            shown(client, lead)
        return len(asked)

    def promised(nth: int) -> None:
        call = calls.begin(callable_lead(cast, nth), call_type=type_of(), by=By(cast.ivo, Door.WEB), at=now() - timedelta(minutes=9))
        calls.dispose(call, outcome=Outcome(Disposition.CALL_BACK, again_at=now() + timedelta(minutes=1)), by=By(cast.ivo, Door.WEB), at=now())

    first = callable_lead(cast, 1)
    promised(2)
    two = n_queries(first)
    for n in range(3, 13):
        callable_lead(cast, 20 + n)
        promised(n)
    assert n_queries(first) == two


def test_the_brief_is_a_page_to_be_printed(cast: Cast) -> None:
    lead = callable_lead(cast)
    page = read(signed_in(cast.ivo).get(reverse("desk_brief", args=[lead.pk])).content.decode())
    assert page.title.startswith("Brief: 한 서윤1")
    assert "unknown" in page.texts


def test_the_library_is_written_by_those_who_hear_and_kept_by_operations(cast: Cast) -> None:
    ivo, ada = signed_in(cast.ivo), signed_in(cast.ada)
    said = {"words": "Too dear", "language": "en", "wall": "unfit", "question": "Compared with what?"}
    assert ivo.post(reverse("objections"), said).status_code == 302
    assert ivo.post(reverse("objections"), said).status_code == 422
    met = Objection.objects.visible_to(cast.ivo).get()
    assert ivo.post(reverse("objection", args=[met.pk]), said).status_code == 403
    assert ivo.post(reverse("objection_archiving", args=[met.pk])).status_code == 403
    assert ada.post(reverse("objection", args=[met.pk]), {**said, "review_on": "2026-01-05"}).status_code == 302
    listed = ivo.get(reverse("objections"), {"q": "dear"}).content.decode()
    assert "Compared with what?" in listed
    assert "Compared with what?" not in ivo.get(reverse("objections"), {"q": "budget"}).content.decode()
    ada.post(reverse("objection_archiving", args=[met.pk]))
    assert "Too dear" not in ivo.get(reverse("objections")).content.decode()


def test_limits_scripts_and_rules_are_set_by_operations_within_reason(cast: Cast) -> None:
    ada, kind, busy = signed_in(cast.ada), type_of(), RetryRule.objects.get(disposition="busy")
    names = {"name_en": "First", "name_ko": "첫", "name_ja": "初"}
    assert ada.post(reverse("call_type_change", args=[kind.pk]), {**names, "soft_minutes": 5, "hard_minutes": 9, "talk_target_percent": 55}).status_code == 302
    assert ada.post(reverse("call_type_change", args=[kind.pk]), {**names, "soft_minutes": 9, "hard_minutes": 9, "talk_target_percent": 55}).status_code == 422
    assert ada.post(reverse("script_write", args=[kind.pk, "ja"]), {"opening": "もしもし", "closing": ""}).status_code == 302
    assert ada.post(reverse("script_write", args=[kind.pk, "ja"]), {"opening": "", "closing": "いつですか"}).status_code == 422
    assert ada.post(reverse("script_write", args=[kind.pk, "xx"]), {"opening": "a"}).status_code == 404
    assert ada.post(reverse("retry_rule_change", args=[busy.pk]), {"n_minutes": 45}).status_code == 302
    assert ada.post(reverse("retry_rule_change", args=[busy.pk]), {"n_minutes": 2}).status_code == 422
    kind.refresh_from_db()
    busy.refresh_from_db()
    assert (kind.soft_minutes, kind.hard_minutes, kind.talk_target_percent, busy.n_minutes) == (5, 9, 55, 45)
    assert "もしもし" in ada.get(reverse("call_settings")).content.decode()
    for client in (signed_in(cast.ivo), signed_in(cast.ruth)):
        assert client.get(reverse("call_settings")).status_code == 403
        assert client.post(reverse("retry_rule_change", args=[busy.pk]), {"n_minutes": 45}).status_code == 403


def test_a_lead_that_is_booked_is_called_to_confirm(cast: Cast) -> None:
    lead = callable_lead(cast, stage=stages.BOOKED)
    assert "Confirming a meeting" in shown(signed_in(cast.ivo), lead)


def test_the_list_of_the_day_is_the_queue_with_its_places_and_is_skipped_from_the_desk(cast: Cast) -> None:
    lead, late, client = callable_lead(cast, 1), callable_lead(cast, 2), signed_in(cast.ivo)
    today = now().astimezone(ZoneInfo(cast.ivo.time_zone)).date()
    made = CallList.objects.create(owner=cast.ivo, for_on=today, n_slots=12, built_at=now())
    made.entries.create(lead=lead, bucket=2, position=2, reasons=[["raised", "2026-03-03", "webinar"]])
    made.entries.create(lead=late, bucket=2, position=1, reasons=[["raised", "2026-03-03", "web"]], inserted_at=now())
    page = shown(client, lead)
    assert "Today 0 / 12" in page
    assert "Hand-raises and replies" in page
    assert "raised a hand on March 3: webinar" in page
    assert page.count(">inserted<") == 1
    assert sent(client, "desk_skip", lead, reason="at a fair")["Location"] == reverse("desk_lead", args=[late.pk])
    assert made.entries.get(lead=lead).skip_reason == "at a fair"


def test_the_queue_as_it_is_by_now_comes_with_the_lease_for_whoever_looks(cast: Cast) -> None:
    lead, other, client = callable_lead(cast, 1), callable_lead(cast, 2), signed_in(cast.ivo)
    assert sent(client, "desk_lease", lead).status_code == 204
    answer = sent(client, "desk_lease", lead, looks="1")
    assert re.findall(r'data-fresh="([a-z-]+)"', answer.content.decode()) == ["desk-queue"]
    assert f'data-next="{other.pk}"' in answer.content.decode()


@pytest.mark.parametrize("shown", HOSTILE)
def test_a_lead_that_is_said_to_be_shown_and_does_not_wait_changes_nothing(cast: Cast, shown: str) -> None:
    lead, other = callable_lead(cast, 1), callable_lead(cast, 2)
    assert sent(signed_in(cast.ivo), "desk_skip", lead, reason="at a fair", shown=shown)["Location"] == reverse("desk_lead", args=[other.pk])


def test_a_promise_stands_in_the_queue_by_ones_own_clock(cast: Cast) -> None:
    lead = callable_lead(cast)
    call = calls.end(calls.begin(lead, call_type=type_of(), by=By(cast.ivo, Door.WEB), at=now()), at=now())
    next_calls.plan(call, due_at=now() - timedelta(minutes=1), is_promised=True, zone=ZoneInfo("Asia/Seoul"), words="after lunch")
    page = shown(signed_in(cast.ivo), lead)
    assert "Call-backs promised" in page
    assert "after lunch" in page
    assert "overdue" in page
