"""Praise stands on the timeline of the lead that it was earned on, and goes from it when it is taken back."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection

from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage.calls import Call
from tasuki.inside_sales.coaching import cards, praises
from tasuki.inside_sales.coaching.praises import For, Praise
from tests.cast import MONDAY, Cast
from tests.inside_sales.coaching.hearing import by, talked

pytestmark = pytest.mark.django_db

TODAY = MONDAY.date()


def entries_of(call: Call) -> list[TimelineEntry]:
    return list(TimelineEntry.objects.filter(lead=call.lead, kind=Kind.PRAISE))


def practised(cast: Cast, call: Call | None = None) -> Praise:
    """Ivo's card, tried on the call, and praised."""
    card = cards.begin(cast.ivo, skill="Asking for the day", next_on=TODAY, by=by(cast.ruth), at=MONDAY)
    for words in ("heard together", "why it matters", "tried twice"):
        cards.step_on(card, words=words, next_on=TODAY, call=call if words == "tried twice" else None, by=by(cast.ruth), at=MONDAY)
    return cards.press_praise(card, by=by(cast.ruth), at=MONDAY)[0]


def test_praise_for_a_lead_and_for_its_call_stand_on_its_timeline_with_its_person_and_company(cast: Cast) -> None:
    call = talked(cast)
    worded = praises.give(cast.ivo, deed="You asked who decides.", lead=call.lead, by=by(cast.ruth), at=MONDAY)
    pressed, _is_new = praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.mina), at=MONDAY)
    praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.mina), at=MONDAY)
    assert {entry.pk for entry in entries_of(call)} == {worded.entry_id, pressed.entry_id}, "pressed twice is once"
    for entry in entries_of(call):
        assert (entry.contact_id, entry.account_id) == (call.lead.contact_id, call.lead.account_id)
        assert entry.text == "", "its words stand with the praise alone"


def test_praise_for_a_skill_stands_with_the_lead_it_was_tried_on_or_nowhere(cast: Cast) -> None:
    call = talked(cast)
    praise = practised(cast, call)
    assert [entry.pk for entry in entries_of(call)] == [praise.entry_id]
    cards.take_back_praise(praise, by=by(cast.ruth), at=MONDAY)
    assert entries_of(call) == []
    Praise.objects.all().delete()
    cards.SkillCard.objects.all().delete()
    assert practised(cast).entry_id is None


def test_what_is_taken_back_is_gone_from_the_timeline(cast: Cast) -> None:
    call = talked(cast)
    praise, _is_new = praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.ruth), at=MONDAY)
    praises.take_back(praise, by=by(cast.ruth), at=MONDAY + timedelta(minutes=1))
    assert entries_of(call) == []


def test_whoever_sees_the_lead_reads_it_there_and_nobody_else(cast: Cast) -> None:
    call = talked(cast)
    praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.ruth), at=MONDAY)
    entries = entries_of(call)
    for reader in (cast.ivo, cast.ruth, cast.mina, cast.ada):
        assert list(praises.on_timeline(entries, reader=reader)) == [entries[0].pk]
    for reader in (cast.saori, cast.chika, cast.tomas):
        assert praises.on_timeline(entries, reader=reader) == {}


def test_praise_that_was_given_before_is_told_by_the_migration(cast: Cast) -> None:
    call, other = talked(cast), talked(cast, 2)
    praises.press(cast.ivo, what=For.CALL, call=call, by=by(cast.ruth), at=MONDAY)
    praises.give(cast.ivo, deed="You asked who decides.", lead=other.lead, by=by(cast.ruth), at=MONDAY)
    practised(cast)
    TimelineEntry.objects.filter(kind=Kind.PRAISE).delete()
    assert not Praise.objects.filter(entry__isnull=False).exists()
    with connection.cursor() as cursor:
        cursor.execute(import_module("tasuki.inside_sales.migrations.0014_praise_on_timelines").TELL)
    for praise, lead in ((Praise.objects.get(call=call), call.lead), (Praise.objects.get(lead=other.lead), other.lead)):
        entry = praise.entry
        assert entry is not None
        assert (entry.lead, entry.contact_id, entry.account_id, entry.actor, entry.at) == (lead, lead.contact_id, lead.account_id, cast.ruth, MONDAY)
        assert entry.detail == {"praise": praise.pk}
    assert Praise.objects.get(card__isnull=False).entry is None
