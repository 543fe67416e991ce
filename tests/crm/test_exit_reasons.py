"""The tree of reasons: two levels, three languages, each with the rule by which what is recycled for it wakes (R3, R4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from tasuki.core.audit import AuditEntry
from tasuki.crm import exit_reasons, leads, stages, wake_rules
from tasuki.crm.exit_reasons import Exit, ExitReason, ReasonNameMissing, ReasonNotForThis, ReasonRuleMissing, ReasonsTooDeep, Wording
from tasuki.crm.leads import AlreadyInProcess, DisqualifiedBefore, Lead, NotDisqualified, Origin, ReasonMissing, WordsMissing
from tasuki.crm.ledger import Passage
from tasuki.crm.stages import UnknownStage
from tasuki.crm.wake_rules import Trigger, WakeRule, WakeRuleMissing, WakeRuleWrong
from tests.cast import MONDAY, SET_UP, Cast
from tests.web.office import lead_of

pytestmark = pytest.mark.django_db

DAY = MONDAY.date()
LATER = MONDAY + timedelta(days=2)
AUDITS = Wording("Audit running", "감사 진행 중", "監査中", wakes="day", wake_days=45)


def reason(key: str) -> ExitReason:
    return ExitReason.objects.get(key=key)


def test_a_house_begins_with_reasons_in_three_languages_each_with_a_rule() -> None:
    leaves = ExitReason.objects.to_give(Exit.RECYCLED)
    assert {"no_response", "no_budget", "no_interest", "evaluating", "current_contract", "no_value", "product_limitation", "no_action", "no_progress"} <= {
        one.key for one in leaves
    }
    assert all(one.rule(DAY).is_there for one in leaves)
    bans = {one.key for one in ExitReason.objects.to_give(Exit.DISQUALIFIED)}
    assert {"is_competitor", "consultant", "no_authority", "personal_use", "unsubscribed", "left_company", "bad_data"} <= bans
    for language, name in (("en", "No budget"), ("ko", "예산 없음"), ("ja", "予算がない")):
        with translation.override(language):
            assert reason("no_budget").name == name


def test_each_kind_of_rule_is_proposed() -> None:
    assert reason("no_budget").rule(DAY) == WakeRule(on=DAY + timedelta(days=90))
    assert reason("no_response").rule(DAY) == WakeRule(on=DAY + timedelta(days=60), every=60, until=DAY + timedelta(days=360))
    assert reason("no_consent").rule(DAY) == WakeRule(trigger="consent", channel="mail")


def test_a_reason_is_added_reworded_archived_and_brought_back_and_the_trail_keeps_all_of_it() -> None:
    group = reason("not_now")
    made = exit_reasons.add(AUDITS, exit_=Exit.RECYCLED, group=group, by=SET_UP, at=MONDAY)
    assert (made.key, made.version, made.position) == ("audit_running", 1, 6)
    assert exit_reasons.add(AUDITS, exit_=Exit.RECYCLED, group=group, by=SET_UP, at=MONDAY).key == "audit_running_2"
    changed = exit_reasons.change(made, wording=replace(AUDITS, name_en="In an audit", wake_days=30), by=SET_UP, at=LATER)
    assert (changed.key, changed.name_en, changed.version, changed.rule(DAY).on) == ("audit_running", "In an audit", 2, DAY + timedelta(days=30))
    exit_reasons.archive(made, by=SET_UP, at=LATER)
    assert made.key not in {one.key for one in exit_reasons.offered(Exit.RECYCLED)}
    exit_reasons.restore(made, by=SET_UP, at=LATER)
    assert [entry.action for entry in AuditEntry.objects.of(made).order_by("pk")] == ["add", "change", "archive", "restore"]
    assert AuditEntry.objects.of(made).get(action="change").changes["name_en"] == ["Audit running", "In an audit"]


def test_an_archived_group_takes_its_reasons_along() -> None:
    exit_reasons.archive(reason("not_now"), by=SET_UP, at=MONDAY)
    assert "no_budget" not in {one.key for one in exit_reasons.offered(Exit.RECYCLED)}


@pytest.mark.parametrize(
    ("wording", "refusal"),
    [
        (replace(AUDITS, name_ko=" "), ReasonNameMissing),
        (replace(AUDITS, name_ja="x" * 81), ReasonNameMissing),
        (replace(AUDITS, wake_days=None), ReasonRuleMissing),
        (replace(AUDITS, wake_days=0), ReasonRuleMissing),
        (replace(AUDITS, wakes="every", horizon_days=None), ReasonRuleMissing),
        (replace(AUDITS, wakes="every", horizon_days=44), ReasonRuleMissing),
        (replace(AUDITS, wakes="trigger"), ReasonRuleMissing),
        (replace(AUDITS, wakes="trigger", wake_trigger="consent"), ReasonRuleMissing),
        (replace(AUDITS, wakes="trigger", wake_trigger="event"), ReasonRuleMissing),
        (replace(AUDITS, wakes=""), ReasonRuleMissing),
        (replace(AUDITS, stages=("nowhere",)), UnknownStage),
    ],
)
def test_a_reason_without_all_its_words_or_without_a_rule_is_refused(wording: Wording, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        exit_reasons.add(wording, exit_=Exit.RECYCLED, group=reason("not_now"), by=SET_UP, at=MONDAY)


def test_there_are_two_levels_and_no_more() -> None:
    with pytest.raises(ReasonsTooDeep):
        exit_reasons.add(AUDITS, exit_=Exit.RECYCLED, group=reason("no_budget"), by=SET_UP, at=MONDAY)
    with pytest.raises(ReasonsTooDeep):
        exit_reasons.add(AUDITS, exit_=Exit.DISQUALIFIED, group=reason("not_now"), by=SET_UP, at=MONDAY)


def test_no_reason_of_recycling_is_without_a_rule_whoever_writes() -> None:
    with pytest.raises(IntegrityError, match="recycling_reason_has_a_wake_rule"), transaction.atomic():
        ExitReason.objects.filter(key="no_budget").update(wake_days=None)


def test_a_reason_is_given_only_in_its_stages_and_only_on_its_way_out(cast: Cast) -> None:
    lead = lead_of(cast)
    for key, exit_ in (("no_show", Exit.RECYCLED), ("is_competitor", Exit.RECYCLED), ("no_budget", Exit.DISQUALIFIED), ("nothing", Exit.RECYCLED)):
        with pytest.raises(ReasonNotForThis):
            exit_reasons.given(key, exit_=exit_, stage=lead.stage_id)
    with pytest.raises(ReasonNotForThis):
        leads.recycle(lead, because=reason("no_show"), rule=WakeRule(on=DAY), by=SET_UP, at=LATER)
    leads.advance(lead, to=stages.BOOKED, by=SET_UP, at=LATER)
    passage = leads.recycle(lead, because=reason("no_show"), rule=WakeRule(on=date(2026, 5, 1)), by=SET_UP, at=LATER)
    assert (passage.because, passage.reason, passage.wake_on) == (reason("no_show"), "", date(2026, 5, 1))


@pytest.mark.parametrize(
    ("rule", "refusal"),
    [
        (WakeRule(), WakeRuleMissing),
        (WakeRule(words="  "), WakeRuleMissing),
        (WakeRule(trigger="dream"), WakeRuleMissing),
        (WakeRule(on=DAY, trigger="dream"), WakeRuleWrong),
        (WakeRule(trigger="event"), WakeRuleMissing),
        (WakeRule(on=DAY, trigger="event"), WakeRuleWrong),
        (WakeRule(trigger="consent"), WakeRuleWrong),
        (WakeRule(on=DAY, every=60), WakeRuleWrong),
        (WakeRule(on=DAY, until=DAY), WakeRuleWrong),
        (WakeRule(on=DAY, every=0, until=DAY), WakeRuleWrong),
        (WakeRule(on=DAY, every=60, until=DAY - timedelta(days=1)), WakeRuleWrong),
    ],
)
def test_recycling_without_a_whole_wake_rule_is_refused(cast: Cast, rule: WakeRule, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        leads.recycle(lead_of(cast), because=reason("no_budget"), rule=rule, by=SET_UP, at=LATER)


@pytest.mark.parametrize(
    "columns",
    [
        "reason = 'x'",
        "because_id = (SELECT id FROM crm_exitreason WHERE key = 'no_budget')",
        "wake_on = '2027-01-01'",
        "reason = 'x', wake_trigger = 'event'",
        "reason = 'x', wake_trigger = 'consent'",
        "reason = 'x', wake_on = '2027-01-01', wake_every = 60",
        "reason = 'x', wake_on = '2027-01-01', wake_every = 0, wake_until_on = '2028-01-01'",
        "reason = 'x', wake_on = '2027-01-01', wake_every = 60, wake_until_on = '2026-01-01'",
        "reason = 'x', wake_when = 'spring', wake_every = 60, wake_until_on = '2028-01-01'",
    ],
)
def test_the_database_itself_refuses_a_recycled_passage_without_reason_or_rule(cast: Cast, columns: str) -> None:
    lead_of(cast)
    with pytest.raises(IntegrityError, match="recycled_with_reason_and_wake_rule"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE crm_passage SET left_at = entered_at, outcome = 'recycled', {columns}")


def test_the_database_itself_refuses_a_disqualified_passage_without_a_reason(cast: Cast) -> None:
    lead = lead_of(cast)
    with pytest.raises(ReasonMissing):
        leads.disqualify(lead, reason=" ", by=SET_UP, at=LATER)
    with pytest.raises(IntegrityError, match="disqualified_with_a_reason"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE crm_passage SET left_at = entered_at, outcome = 'disqualified'")


def test_what_a_form_says_becomes_what_the_verbs_take() -> None:
    said = {"because": "no_budget", "reason": "ask again in spring"}
    assert exit_reasons.recycled_as(said, at=MONDAY)["rule"] == reason("no_budget").rule(DAY)
    assert exit_reasons.recycled_as({**said, "on": "2026-05-01"}, at=MONDAY)["rule"] == WakeRule(on=date(2026, 5, 1))
    assert exit_reasons.recycled_as({**said, "trigger": "visit"}, at=MONDAY)["rule"] == wake_rules.when(Trigger.VISIT)
    again = exit_reasons.recycled_as({**said, "every": 30, "until": date(2026, 12, 1)}, at=MONDAY)["rule"]
    assert again == wake_rules.every(30, today=DAY, until=date(2026, 12, 1))
    with pytest.raises(WakeRuleWrong, match="over already"):
        exit_reasons.recycled_as({**said, "on": "2026-03-01"}, at=MONDAY)


def test_who_was_disqualified_comes_back_only_by_a_raised_hand(cast: Cast) -> None:
    lead = lead_of(cast)
    leads.disqualify(lead, because=reason("consultant"), by=SET_UP, at=LATER)
    again = leads.Arrival(team=cast.inside_sales, contact=lead.contact, source="form")
    with pytest.raises(DisqualifiedBefore):
        leads.capture(again, by=SET_UP, at=LATER)
    with pytest.raises(WordsMissing):
        leads.raise_hand(lead, words=" ", by=SET_UP, at=LATER)
    back = leads.raise_hand(lead, words="Called us: works for a broker now", by=SET_UP, at=LATER)
    assert (back.origin, back.previous, back.source, back.stage_id, back.seq_no) == (Origin.HAND_RAISE, lead, "webinar", stages.READY, 2)
    for refusal in (NotDisqualified,):
        with pytest.raises(refusal):
            leads.raise_hand(lead, words="again", by=SET_UP, at=LATER)
    with pytest.raises(AlreadyInProcess):
        leads.capture(again, by=SET_UP, at=LATER)
    leads.lose(back, reason="too_early", by=SET_UP, at=LATER)
    assert leads.capture(again, by=SET_UP, at=LATER).seq_no == 3
    assert Passage.objects.get(lead=lead).because == reason("consultant")
    assert Lead.objects.get(pk=lead.pk).ended_as == "disqualified"
