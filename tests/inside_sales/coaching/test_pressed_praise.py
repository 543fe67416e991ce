"""Praise with one press: pressed twice is once, who is praised is told once, it can be undone for an hour, and words may follow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry
from tasuki.core.errors import Forbidden
from tasuki.crm.notifications import Notification
from tasuki.inside_sales.coaching import cards, overview, praises
from tasuki.inside_sales.coaching.cards import CardRefused, SkillCard, Step
from tasuki.inside_sales.coaching.praises import For, Praise, PraiseRefused
from tests.cast import MONDAY, Cast, hired
from tests.inside_sales.coaching.hearing import by, talked

pytestmark = pytest.mark.django_db

TODAY = MONDAY.date()


def tried(cast: Cast) -> SkillCard:
    """A card of Ivo's of which only praise is left."""
    card = cards.begin(cast.ivo, skill="Asking for the day", next_on=TODAY, by=by(cast.ruth), at=MONDAY)
    for words in ("heard together", "why it matters", "tried twice"):
        cards.step_on(card, words=words, next_on=TODAY, by=by(cast.ruth), at=MONDAY)
    return SkillCard.objects.get(pk=card.pk)


def n_told(cast: Cast) -> int:
    return Notification.objects.filter(person=cast.ivo, happening="praise").count()


def test_a_press_is_praise_for_what_it_was_for_and_pressed_twice_it_is_once(cast: Cast) -> None:
    call = talked(cast)
    praise, is_new = praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.ruth), at=MONDAY)
    again = praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.ruth), at=MONDAY)
    assert (is_new, again) == (True, (praise, False))
    assert (praise.deed, praise.pressed_for, str(praise)) == ("", "call", "for the call")
    assert n_told(cast) == 1
    assert AuditEntry.objects.of(praise).get().action == "praise"
    assert praises.pressed(cast.ruth, what=For.CALL, calls=[call.pk]) == {(call.pk, cast.ivo.pk)}
    praises.press(cast.ivo, what=For.WIN, lead=call.lead, by=by(cast.ruth), at=MONDAY)
    praises.press(cast.ivo, what=For.HANDOFF, lead=call.lead, by=by(cast.ruth), at=MONDAY)
    praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.mina), at=MONDAY)
    assert n_told(cast) == 4, "another deed, and another who praises"


def test_the_database_keeps_one_press(cast: Cast) -> None:
    call = talked(cast)
    twice = {"giver": cast.ruth, "receiver": cast.ivo, "pressed_for": For.CALL, "call": call, "given_at": MONDAY}
    Praise.objects.create(**twice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Praise.objects.create(**twice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Praise.objects.create(**{**twice, "pressed_for": ""})


def test_it_counts_as_praise_beside_corrections(cast: Cast) -> None:
    praises.press(cast.ivo, what=For.CALL, call=talked(cast), by=by(cast.ruth), at=MONDAY)
    assert overview.listening(cast.ruth, at=MONDAY + timedelta(days=1)).n_praises == 1


def test_nobody_presses_for_themselves_for_who_has_left_or_as_an_observer(cast: Cast) -> None:
    call, observer = talked(cast), hired("obi", "Obi", "Ana", role=Role.OBSERVER)
    for giver, error in ((cast.ivo, PraiseRefused), (observer, Forbidden), (cast.tomas, Forbidden)):
        with pytest.raises(error):
            praises.press(cast.ivo, what=For.CALL, call=call, by=by(giver), at=MONDAY)
    cast.ivo.is_active = False
    with pytest.raises(PraiseRefused):
        praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.ruth), at=MONDAY)
    assert not Praise.objects.exists()


def test_it_is_taken_back_within_an_hour_and_nobody_is_told_any_more(cast: Cast) -> None:
    call = talked(cast)
    praise, _is_new = praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.ruth), at=MONDAY)
    with pytest.raises(Forbidden):
        praises.take_back(praise, by=by(cast.mina), at=MONDAY)
    with pytest.raises(PraiseRefused):
        praises.take_back(praise, by=by(cast.ruth), at=MONDAY + timedelta(hours=2))
    praises.take_back(praise, by=by(cast.ruth), at=MONDAY + timedelta(minutes=1))
    assert (Praise.objects.count(), n_told(cast)) == (0, 0)
    assert AuditEntry.objects.filter(noun="praise", action="take_praise_back").count() == 1
    assert praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.ruth), at=MONDAY)[1], "and may be given again"


def test_words_may_follow_once_and_by_whoever_pressed(cast: Cast) -> None:
    praise, _is_new = praises.press(cast.ivo, what=For.CALL, call=talked(cast), by=by(cast.ruth), at=MONDAY)
    for deed, who, error in (("good", cast.ruth, PraiseRefused), ("x" * 1_001, cast.ruth, PraiseRefused), ("You asked who decides.", cast.mina, Forbidden)):
        with pytest.raises(error):
            praises.say_more(praise, deed=deed, by=by(who), at=MONDAY)
    praises.say_more(praise, deed="You asked who decides.", by=by(cast.ruth), at=MONDAY)
    praise.refresh_from_db()
    assert praise.deed == "You asked who decides."
    with pytest.raises(PraiseRefused):
        praises.say_more(praise, deed="And who pays for it.", by=by(cast.ruth), at=MONDAY)
    with pytest.raises(PraiseRefused):
        praises.take_back(praise, by=by(cast.ruth), at=MONDAY)


def test_the_last_step_of_a_card_is_a_press_and_undone_it_is_open_again(cast: Cast) -> None:
    card = tried(cast)
    praise, is_new = cards.press_praise(card, by=by(cast.ruth), at=MONDAY)
    card.refresh_from_db()
    assert (is_new, card.finished_at, praise.card, praise.pressed_for) == (True, MONDAY, card, "card")
    assert [step.step for step in card.taken] == list(Step)
    assert cards.press_praise(card, by=by(cast.ruth), at=MONDAY) == (praise, False)
    cards.take_back_praise(praise, by=by(cast.ruth), at=MONDAY)
    card = SkillCard.objects.get(pk=card.pk)
    assert (card.finished_at, card.next_step) == (None, Step.PRAISE)


def test_no_step_of_a_card_is_left_out_by_a_press(cast: Cast) -> None:
    card = cards.begin(cast.ivo, skill="Asking for the day", next_on=TODAY, by=by(cast.ruth), at=MONDAY)
    with pytest.raises(CardRefused):
        cards.press_praise(card, by=by(cast.ruth), at=MONDAY)
    with pytest.raises(Forbidden):
        cards.press_praise(tried_by_another(cast), by=by(cast.ivo), at=MONDAY)


def tried_by_another(cast: Cast) -> SkillCard:
    SkillCard.objects.all().delete()
    return tried(cast)
