"""The invented company from the set-up: loaded beside whoever is here, by a worker, into an empty house only; and taken away again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import authenticate
from django.db import connection
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from tasuki.cli.up import greeting
from tasuki.core import set_up
from tasuki.core.abilities import Role, standing_of
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.core.set_up import Step
from tasuki.core.teams import Team
from tasuki.crm import inventions
from tasuki.crm.inventions import HoldsRecords, Invention, InventionState, NotInvented, StillUnderWay
from tasuki.crm.leads import Lead
from tasuki.demo import background, haneul, load
from tests.cast import MONDAY, PASSWORD, Cast, assemble, with_password
from tests.web.office import lead_of, signed_in

pytestmark = pytest.mark.django_db

N = 120


def page(client: Client) -> str:
    return client.get(reverse("set_up_step", args=["data"])).content.decode()


def deferred() -> list[str]:
    return list(ProcrastinateJob.objects.filter(status="todo").order_by("id").values_list("task_name", flat=True))


def invent(cast: Cast) -> None:
    inventions.ask(n_leads=N, by=By(cast.ada, Door.WEB), at=MONDAY)
    background.fill()


def test_an_administrator_of_an_empty_house_has_it_loaded_by_a_worker(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    assert "Load the invented company" in page(ada)
    assert ada.post(reverse("set_up_invention"))["Location"] == reverse("set_up_step", args=["data"])
    assert deferred() == [inventions.LOAD]
    text = page(ada)
    assert "The invented company is being loaded." in text
    assert f'max="{inventions.N_LEADS}" value="0"' in text
    assert "Load the invented company" not in text
    assert set_up.progress().next is Step.ORGANISATION
    Invention.objects.update(n_leads=N)
    background.fill()
    assert Lead.objects.count() == N
    text = page(ada)
    assert "Haneul TS, an invented company, is in this house." in text
    assert "every 2s" not in text
    assert 'id="tour-offer"' in ada.get("/").content.decode(), "the tour is offered there"


def test_it_comes_beside_the_people_who_are_here(cast: Cast) -> None:
    before = set(User.objects.active().values_list("email", flat=True))
    teams = set(Team.objects.values_list("pk", "created_at"))
    ada = signed_in(with_password(cast.ada))
    invent(cast)
    assert before < set(User.objects.active().values_list("email", flat=True))
    assert teams < set(Team.objects.values_list("pk", "created_at"))
    assert ada.get(reverse("home")).status_code == 200, "and she is signed in still"
    assert authenticate(username=cast.ada.email, password=PASSWORD) == cast.ada


def test_nobody_comes_in_with_the_password_that_everybody_knows(cast: Cast) -> None:
    invent(cast)
    invented = User.objects.active().filter(email__endswith=f"@{haneul.HOST}")
    assert len(invented) > 20
    assert not [one.email for one in invented if one.has_usable_password()]
    assert haneul.PASSWORD not in greeting("127.0.0.1", 8100)


def test_the_demo_of_the_command_line_says_how_one_gets_in() -> None:
    load.load(n_leads=N, until=MONDAY)
    assert haneul.PASSWORD in greeting("127.0.0.1", 8100)


def test_a_house_with_records_is_not_offered_it(cast: Cast) -> None:
    lead_of(cast)
    ada = signed_in(cast.ada)
    assert "Load the invented company" not in page(ada)
    answer = ada.post(reverse("set_up_invention"))
    assert (answer.status_code, deferred()) == (422, [])
    with pytest.raises(HoldsRecords):
        inventions.ask(by=By(cast.ada, Door.WEB), at=MONDAY)


def test_what_somebody_writes_before_the_worker_comes_stays(cast: Cast) -> None:
    inventions.ask(n_leads=N, by=By(cast.ada, Door.WEB), at=MONDAY)
    lead = lead_of(cast)
    with pytest.raises(load.HoldsRealData):
        background.fill()
    assert list(Lead.objects.all()) == [lead]
    assert Invention.objects.get().state == InventionState.FAILED
    assert "could not be loaded" in page(signed_in(cast.ada))


def test_of_two_who_ask_one_is_refused(cast: Cast) -> None:
    inventions.ask(by=By(cast.ada, Door.WEB), at=MONDAY)
    for ask in (inventions.ask, inventions.ask_to_leave):
        with pytest.raises(StillUnderWay):
            ask(by=By(cast.ada, Door.WEB), at=MONDAY)


def test_a_worker_that_was_killed_after_the_end_does_it_once(cast: Cast) -> None:
    invent(cast)
    Invention.objects.update(state=InventionState.LOADING)
    background.fill()
    assert (Lead.objects.count(), Invention.objects.get().state) == (N, InventionState.LOADED)
    with pytest.raises(HoldsRecords):
        inventions.ask(by=By(cast.ada, Door.WEB), at=MONDAY)


def test_it_ends_at_the_moment_it_is_loaded_while_a_reviewer_listens(cast: Cast) -> None:
    # A comment of that hour has its answer an hour later, as others have.
    until = datetime(2026, 11, 30, 13, 2, 18, tzinfo=UTC)
    load.load(n_leads=N, until=until, beside=True)
    assert list(AuditEntry.objects.filter(at__gt=until).values_list("noun", "action")) == []


def test_starting_over_leaves_an_empty_house_with_its_people_signed_in(cast: Cast) -> None:
    ada = signed_in(with_password(cast.ada))
    Authenticator.objects.create(user=cast.ada, type=Authenticator.Type.TOTP, data={"secret": "x"})
    invent(cast)
    assert "0 changes were made here" in page(ada)
    ada.post(reverse("language"), {"language": "en", "next": "/"})
    assert ada.post(reverse("set_up_invention_removal")).status_code == 422, "without a tick nothing goes"
    assert ada.post(reverse("set_up_invention_removal"), {"known": "1"}).status_code == 302
    assert deferred() == [inventions.LOAD, inventions.LEAVE]
    assert "being taken away" in page(ada)
    background.clear()
    assert (Lead.objects.count(), Team.objects.count(), the_organisation().name) == (0, 0, "Tasuki")
    assert set(User.objects.get_queryset().values_list("email", flat=True)) == {
        f"{one}@example.com" for one in vars(cast) if hasattr(getattr(cast, one), "email")
    }
    again = User.objects.get_queryset().get(pk=cast.ada.pk)
    assert (standing_of(again).roles, again.team) == ({Role.ADMINISTRATOR}, None)
    assert Authenticator.objects.get().user == again
    assert "Load the invented company" in page(ada), "she is signed in still, and could begin again"
    entry = AuditEntry.objects.get(noun="invention")
    assert (entry.action, entry.actor, entry.door) == ("remove", again, Door.JOB)
    load.load(n_leads=N, until=MONDAY, beside=True)
    assert Lead.objects.count() == N, "numbers go on where they must"


def test_a_house_that_is_real_is_never_taken_away(cast: Cast) -> None:
    lead = lead_of(cast)
    answer = signed_in(cast.ada).post(reverse("set_up_invention_removal"), {"known": "1"})
    assert (answer.status_code, deferred()) == (422, [])
    background.clear()
    with pytest.raises(NotInvented):
        inventions.ask_to_leave(by=By(cast.ada, Door.WEB), at=MONDAY)
    assert list(Lead.objects.all()) == [lead]


def test_when_it_cannot_be_taken_away_it_stays_whole(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    invent(cast)
    inventions.ask_to_leave(by=By(cast.ada, Door.WEB), at=MONDAY)

    def fail(*_words: Any, **_more: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tasuki.demo.load.wipe", fail)
    with pytest.raises(ZeroDivisionError):
        background.clear()
    assert (Lead.objects.count(), Invention.objects.get().state) == (N, InventionState.LOADED)


@pytest.mark.django_db(transaction=True)
def test_how_far_it_is_is_seen_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page asks over another connection than the worker's, whose transaction is open."""
    cast, seen, other = assemble(), [], connection.copy()
    real = load.load

    def watched(*, progress: load.Progress, **more: Any) -> load.Loaded:
        def tell(n: int) -> None:
            progress(n)
            with other.cursor() as cursor:
                cursor.execute("SELECT state, n_done, (SELECT count(*) FROM crm_lead) FROM crm_invention")
                seen.extend(cursor.fetchall())

        return real(progress=tell, **more)

    monkeypatch.setattr("tasuki.demo.load.load", watched)
    invent(cast)
    other.close()
    assert [n for _state, n, _leads in seen] == sorted(n for _state, n, _leads in seen)
    assert (seen[0][1] < N, seen[-1]) == (True, ("loading", N, 0)), "the leads themselves are seen at the end"
    assert Invention.objects.get().state == InventionState.LOADED


def test_nobody_else_may(cast: Cast) -> None:
    for person in (cast.ruth, cast.ivo):
        client = signed_in(person)
        assert client.post(reverse("set_up_invention")).status_code == 403
        assert client.post(reverse("set_up_invention_removal"), {"known": "1"}).status_code == 403
    assert signed_in(cast.ada).get(reverse("set_up_invention")).status_code == 405
    assert deferred() == []
