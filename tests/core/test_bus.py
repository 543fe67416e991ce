"""The bus: what a verb says is heard within its transaction, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import transaction

from tasuki.core import bus


@dataclass(frozen=True)
class Rang:
    times: int


@dataclass(frozen=True)
class Knocked:
    pass


def test_whoever_listens_hears_each_event_of_the_type_once(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "_listeners", bus.defaultdict(list))
    heard: list[Rang] = []
    bus.listen(Rang, heard.append)
    bus.listen(Rang, heard.append)
    bus.say(Rang(3))
    bus.say(Knocked())
    assert heard == [Rang(3)]


def test_a_listener_that_fails_takes_the_verb_back(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_event: Rang) -> None:
        raise ValueError("no")

    monkeypatch.setattr(bus, "_listeners", bus.defaultdict(list))
    bus.listen(Rang, refuse)
    with pytest.raises(ValueError, match="no"), transaction.atomic():
        bus.say(Rang(1))


@pytest.mark.django_db(transaction=True)
def test_nothing_is_said_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="within its transaction"):
        bus.say(Rang(1))
