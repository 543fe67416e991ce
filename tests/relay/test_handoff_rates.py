"""Rates of hand-offs: for senders, receivers and pairs (R20), with n and no rank for few (R26); what became of them (R25); the ring of the relay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core.abilities import Role
from tasuki.core.filters import binding, compiling, sentences
from tasuki.core.filters.askers import asker
from tasuki.core.money import Money
from tasuki.core.people import User
from tasuki.crm import stages
from tasuki.relay import handoff_rates, handoff_rules, handoffs
from tasuki.relay.handoff_fields import HANDOFF
from tasuki.relay.handoff_rates import Judgement, Tally
from tasuki.relay.handoff_reasons import Destination, Reason
from tasuki.relay.handoff_rows import Handoff
from tasuki.relay.handoffs import Return
from tasuki.relay.questions import Form, Question
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Terms
from tests.cast import Cast, hired
from tests.relay.handing import AFTER, by, offered

pytestmark = pytest.mark.django_db

START, END = AFTER - timedelta(days=10), AFTER + timedelta(days=10)
BACK = Return(Reason.NO_BUDGET, "words", destination=Destination.RECYCLE, wake_when="spring")

ANSWERS: dict[str, Callable[[Handoff, User], object]] = {
    "accept": lambda one, who: handoffs.accept(one, by=by(who), at=AFTER),
    "return": lambda one, who: handoffs.give_back(one, said=BACK, by=by(who), at=AFTER),
    "more": lambda one, who: handoffs.need_more(one, plan="x", plan_on=AFTER.date(), by=by(who), at=AFTER),
    "miss": lambda one, who: handoffs.miss(one, by=by(who), at=AFTER),
    "wait": lambda _one, _who: None,
}


def answered(cast: Cast, *words: str, receiver: User | None = None, first: int = 1) -> None:
    to = receiver or cast.saori
    for nth, word in enumerate(words, start=first):
        ANSWERS[word](offered(cast, nth, to=to), to)


def test_why_they_came_back_is_counted_for_each_pair_by_the_names_of_the_tree(cast: Cast) -> None:
    other = hired("other", "Ono", "Yui", role=Role.FIELD_SELLER, team=cast.field_sales)
    said = [(cast.saori, Reason.NO_BUDGET), (cast.saori, Reason.NO_BUDGET), (cast.saori, Reason.PERSONAL), (other, Reason.DUPLICATE), (other, Reason.NO_BUDGET)]
    made = [offered(cast, nth, to=who) for nth, (who, _reason) in enumerate(said, start=1)]
    for one, (who, reason) in zip(made, said, strict=True):
        handoffs.give_back(one, said=Return(reason, "words", destination=Destination.DISQUALIFY), by=by(who), at=AFTER)
    Handoff.objects.filter(pk=made[-1].pk).update(struck_at=AFTER)
    answered(cast, "accept", "more", first=10)
    found = handoff_rates.reasons(Handoff.objects.all(), start=START, end=END)
    assert [(why.sender_id, why.receiver_id, dict(why.counts), why.n) for why in found.pairs] == [
        (cast.ivo.pk, cast.saori.pk, {"no_budget": 2, "personal": 1}, 3),
        (cast.ivo.pk, other.pk, {"duplicate": 1}, 1),
    ]
    assert (found.total.counts, found.total.n) == ({"no_budget": 2, "personal": 1, "duplicate": 1}, 4)
    assert [(str(branch.label), reasons) for branch, reasons in found.branches] == [
        ("Not qualified", [Reason.PERSONAL]),
        ("Not now", [Reason.NO_BUDGET]),
        ("Not ours", [Reason.DUPLICATE]),
    ]
    assert handoff_rates.reasons(Handoff.objects.all(), start=END, end=END + timedelta(days=1)).pairs == []
    assert handoff_rates.reasons(Handoff.objects.visible_to(cast.tomas), start=START, end=END).pairs == []


def test_a_rate_is_accepted_of_those_decided_and_the_others_stand_beside_it(cast: Cast) -> None:
    answered(cast, "accept", "accept", "accept", "return", "more", "miss", "wait")
    found = handoff_rates.rates(Handoff.objects.all(), start=START, end=END)
    assert found.total == Tally(accepted=3, returned=1, needs_more=1, no_show=1, pending=1)
    assert (found.total.rate, found.total.n, found.total.show_rate) == (0.75, 4, 5 / 6)
    (sender,) = found.senders
    assert (sender.sender_id, sender.tally) == (cast.ivo.pk, found.total)
    assert {(pair.sender_id, pair.receiver_id) for pair in found.pairs} == {(cast.ivo.pk, cast.saori.pk)}
    outside = handoff_rates.rates(Handoff.objects.all(), start=END, end=END + timedelta(days=1))
    assert outside.total == Tally(pending=1)


def test_the_band_is_that_of_the_house(cast: Cast) -> None:
    answered(cast, *["accept"] * 8, *["return"] * 2)
    assert handoff_rates.rates(Handoff.objects.all(), start=START, end=END).senders[0].judgement is Judgement.WITHIN
    handoff_rules.change(low_percent=50, high_percent=75, by=by(cast.ada), at=AFTER)
    assert handoff_rates.rates(Handoff.objects.all(), start=START, end=END).senders[0].judgement is Judgement.CAUTIOUS
    handoff_rules.change(low_percent=85, high_percent=95, by=by(cast.ada), at=AFTER)
    assert handoff_rates.rates(Handoff.objects.all(), start=START, end=END).senders[0].judgement is Judgement.LOOSE


def test_few_are_not_judged_and_not_ranked(cast: Cast) -> None:
    assert handoff_rates.SMALLEST == 10
    answered(cast, *["accept"] * 9)
    found = handoff_rates.rates(Handoff.objects.all(), start=START, end=END)
    assert found.senders[0].judgement is Judgement.TOO_FEW


@pytest.mark.parametrize(
    ("accepted", "returned", "judgement"),
    [(10, 0, "cautious"), (91, 9, "cautious"), (9, 1, "within"), (7, 3, "within"), (69, 31, "loose"), (9, 0, "too_few")],
)
def test_above_the_band_is_too_cautious_and_below_too_loose(accepted: int, returned: int, judgement: str) -> None:
    assert handoff_rates._of_sender(Tally(accepted, returned), (0.7, 0.9)).value == judgement


def test_a_receiver_far_from_all_others_is_flagged(cast: Cast) -> None:
    strict = handoff_rates._of_receiver(Tally(6, 4), Tally(6 + 17, 4 + 3))  # 40 % back, where the others give back 15 %
    assert strict is Judgement.STRICT
    assert handoff_rates._of_receiver(Tally(17, 3), Tally(23, 7)) is Judgement.LENIENT
    assert handoff_rates._of_receiver(Tally(8, 2), Tally(8 + 17, 2 + 3)) is Judgement.ALIKE
    assert handoff_rates._of_receiver(Tally(6, 4), Tally(6 + 9, 4)) is Judgement.TOO_FEW, "there are too few others"


def test_a_struck_return_is_in_no_rate(cast: Cast) -> None:
    answered(cast, "return")
    Handoff.objects.update(struck_at=AFTER)
    assert handoff_rates.rates(Handoff.objects.all(), start=START, end=END).total == Tally()


def test_what_became_of_hand_offs_is_told_to_the_won_deal(cast: Cast) -> None:
    for nth in (1, 2, 3):
        deal = handoffs.accept(offered(cast, nth), terms=Terms(money=Money(Decimal(500), "KRW")), by=by(cast.saori), at=AFTER)
        if nth > 1:
            opportunities.advance(deal, to=stages.P2, by=by(cast.saori), at=AFTER)
        if nth > 2:
            opportunities.win(deal, by=by(cast.saori), at=AFTER)
    (found,) = handoff_rates.outcomes(Handoff.objects.all(), start=START, end=END)
    assert (found.sender_id, found.accepted, found.p2, found.won, found.amount) == (cast.ivo.pk, 3, 2, 1, 500)


def test_the_rates_cost_the_same_for_one_pair_and_for_many(cast: Cast) -> None:
    answered(cast, "accept", "return", "wait")
    with CaptureQueriesContext(connection) as few:
        handoff_rates.rates(Handoff.objects.all(), start=START, end=END)
        handoff_rates.outcomes(Handoff.objects.all(), start=START, end=END)
    for nth in range(3):
        seller = hired(f"seller{nth}", "Kim", f"Jun{nth}", role=Role.FIELD_SELLER, team=cast.field_sales)
        answered(cast, "accept", "return", "wait", receiver=seller, first=4 + 3 * nth)
    with CaptureQueriesContext(connection) as many:
        handoff_rates.rates(Handoff.objects.all(), start=START, end=END)
        handoff_rates.outcomes(Handoff.objects.all(), start=START, end=END)
    assert len(few) == len(many)


def test_the_ring_of_the_relay_counts_hand_offs_by_answer_and_by_offer(cast: Cast) -> None:
    question = Question(Form.PERIOD, START, END)
    assert handoff_rates.taken_over(question) is None, "a house without hand-offs has only its ledger"
    answered(cast, "accept", "accept", "return", "more", "miss", "wait")
    found = handoff_rates.taken_over(question)
    assert found
    assert (found.accepted, found.n, found.usual) == (2, 3, None)
    later = handoff_rates.taken_over(Question(Form.PERIOD, END, END + timedelta(days=5)))
    assert later
    assert (later.accepted, later.n) == (0, 0)
    of_cohort = handoff_rates.taken_over(Question(Form.COHORT, START, AFTER - timedelta(hours=3)))
    assert of_cohort
    assert (of_cohort.accepted, of_cohort.n) == (2, 3), "offered before, answered by now"
    assert handoff_rates.taken_over(Question(Form.PERIOD, START, END, viewer=cast.mina, only={"source": "nowhere"})) == handoff_rates.TakenOver(0, 0, None)


def test_every_filter_field_agrees_with_its_plain_meaning(cast: Cast) -> None:
    answered(cast, "accept", "return", "wait")
    asked = binding.bind(sentences.read("p2:yes"), HANDOFF, asker=asker(cast.ada, at=datetime.now(UTC)))
    assert not compiling.narrowed(Handoff.objects.all(), asked).exists()


def test_a_deal_is_opened_by_a_hand_off_or_an_import_and_by_nothing_else() -> None:
    root = Path(handoffs.__file__).parents[1]
    guilty = [str(path.relative_to(root)) for path in (root / "web").rglob("*.py") if "opportunities.accept(" in path.read_text(encoding="utf-8")]
    assert not guilty, "call handoffs.take_up or handoffs.accept: whoever is credited must not accept"
