"""What becomes of a change of many rows: its refusals by name and as a file, stopping it, finding it again, and being told of its end."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.bulk import running
from tasuki.core.bulk.running import CannotGoOn, CannotStop, CannotUndo
from tasuki.core.bulk.runs import BulkRun
from tasuki.core.bulk.verbs import verbs
from tasuki.core.errors import Forbidden
from tasuki.core.people import User
from tasuki.crm import leads
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Happening, Notification
from tests.cast import Cast
from tests.web.office import MONDAY, lead_of, signed_in

pytestmark = pytest.mark.django_db

AT = MONDAY + timedelta(days=20)


def started(person: User, some: Sequence[Lead], *, verb: str = "recycle", **said: object) -> BulkRun:
    said = said or {"because": "no_budget"}
    return running.start(verbs()["lead", verb], [lead.pk for lead in some], said=said, person=person, at=AT)


def refused(person: User, some: Sequence[Lead]) -> BulkRun:
    """A run that is refused for each of them, for they have ended."""
    run = started(person, some)
    for lead in some:
        leads.lose(lead, reason="too early", by=By(person, Door.WEB), at=AT)
    return running.run(run, door=Door.WEB, at=AT)


def table(client: Client, run: BulkRun) -> list[list[str]]:
    answer = client.get(reverse("bulk_refused", args=[run.pk]))
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def test_what_was_refused_is_called_by_its_name_and_led_to(cast: Cast) -> None:
    lead = lead_of(cast)
    text = signed_in(cast.ada).get(reverse("bulk", args=[refused(cast.ada, [lead]).pk])).content.decode()
    assert f'<a class="link" href="/leads/{lead.pk}">' in text
    assert "한서윤" in text
    assert "not in process any more" in text


def test_what_the_reader_does_not_see_has_no_name_for_them(cast: Cast) -> None:
    lead = lead_of(cast)
    run = refused(cast.ivo, [lead])
    leads.give(lead, to=cast.saori, team=cast.field_sales, by=By(cast.ruth, Door.WEB), at=AT)
    ivo = signed_in(cast.ivo)
    text = ivo.get(reverse("bulk", args=[run.pk])).content.decode()
    assert f"#{lead.pk}" in text
    assert "한서윤" not in text
    assert f"/leads/{lead.pk}" not in text
    assert table(ivo, run)[1:] == [[str(lead.pk), "", "This lead is not in process any more, so it cannot be moved."]]


def test_all_of_them_are_a_file_that_no_spreadsheet_computes(cast: Cast) -> None:
    lead = lead_of(cast, name=("=cmd|' /C calc'!A0", ""))
    run = refused(cast.ruth, [lead])
    head, row = table(signed_in(cast.ruth), run)
    assert head == ["Number", "Record", "Address", "Reason"]
    assert row[0] == str(lead.pk)
    assert row[1].startswith("'=cmd")
    assert row[2] == f"http://testserver/leads/{lead.pk}"
    assert AuditEntry.objects.of(run).filter(action="export", actor=cast.ruth).exists(), "That names left is in the trail."


def test_who_may_not_take_data_out_has_numbers_and_reasons(cast: Cast) -> None:
    lead = lead_of(cast)
    run = refused(cast.ivo, [lead])
    head, row = table(signed_in(cast.ivo), run)
    assert head == ["Number", "Address", "Reason"]
    assert "한" not in "".join(row)
    assert not AuditEntry.objects.of(run).filter(action="export").exists()
    for stranger in (cast.saori, cast.tomas):
        assert signed_in(stranger).get(reverse("bulk_refused", args=[run.pk])).status_code in (403, 404)


def test_the_page_and_the_list_cost_the_same_for_two_rows_and_for_twelve(cast: Cast) -> None:
    ada = signed_in(cast.ada)

    def n_queries(run: BulkRun) -> list[int]:
        found = []
        for address in (reverse("bulk", args=[run.pk]), reverse("bulk_runs"), reverse("bulk_refused", args=[run.pk])):
            with CaptureQueriesContext(connection) as queries:
                answer = ada.get(address)
                b"".join(answer.streaming_content) if answer.streaming else b""
            found.append(len(queries))
        return found

    few = refused(cast.ada, [lead_of(cast, nth) for nth in range(2)])
    n_queries(few)
    before = n_queries(few)
    many = refused(cast.ada, [lead_of(cast, nth) for nth in range(2, 14)])
    for nth in range(14, 24):
        started(cast.ada, [lead_of(cast, nth)])
    assert n_queries(many) == before


@pytest.fixture
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job begins with a new connection; the test's is inside its transaction."""
    monkeypatch.setattr(running, "close_old_connections", lambda: None)


@pytest.fixture
def stopped_after_two(monkeypatch: pytest.MonkeyPatch) -> Callable[[BulkRun, Client], BulkRun]:
    """A worker does batches of two, and whoever watches presses Stop after the first."""
    done = running._batch

    def watched(run: BulkRun, client: Client) -> BulkRun:
        def batch(*args: Any, **more: Any) -> bool:
            went_on = done(*args, **more)
            client.post(reverse("bulk_stopping", args=[run.pk]))
            return went_on

        monkeypatch.setattr(running, "_BATCH", 2)
        monkeypatch.setattr(running, "_batch", batch)
        running.run(run, door=Door.JOB, at=AT)
        monkeypatch.setattr(running, "_batch", done)
        return BulkRun.objects.get(pk=run.pk)

    return watched


Stopped = Callable[[BulkRun, Client], BulkRun]


def test_what_is_stopped_keeps_what_is_done_and_leaves_the_rest_until_it_goes_on(cast: Cast, stopped_after_two: Stopped) -> None:
    run, ruth = started(cast.ruth, [lead_of(cast, nth) for nth in range(5)]), signed_in(cast.ruth)
    assert reverse("bulk_stopping", args=[run.pk]) in ruth.get(reverse("bulk", args=[run.pk])).content.decode()
    run = stopped_after_two(run, ruth)
    assert (run.state, run.n_done, run.n_left, Lead.objects.in_process().count()) == ("stopped", 2, 3, 3)
    text = ruth.get(reverse("bulk", args=[run.pk])).content.decode()
    assert "It was stopped: 3 rows were left as they are." in text
    assert all(reverse(name, args=[run.pk]) in text for name in ("bulk_undoing", "bulk_resuming"))
    ruth.post(reverse("bulk_resuming", args=[run.pk]))
    run = running.run(run, door=Door.JOB, at=AT)
    assert (run.state, run.n_done, run.n_left) == ("done", 5, 0)
    assert list(AuditEntry.objects.of(run).order_by("pk").values_list("action", flat=True)) == ["add", "stop", "resume"]


def test_what_was_stopped_is_undone_as_far_as_it_came(cast: Cast, stopped_after_two: Stopped) -> None:
    some = [lead_of(cast, nth) for nth in range(3)]
    run = started(cast.ruth, some, verb="give", owner=cast.saori.pk, team=cast.field_sales.pk, reason="")
    run = stopped_after_two(run, signed_in(cast.ruth))
    assert Lead.objects.filter(owner=cast.saori).count() == 2
    run = running.undo(running.ask_undo(run, person=cast.ruth, at=AT), door=Door.WEB, at=AT)
    assert (run.state, run.n_undone, run.n_left) == ("undone", 2, 1)
    assert set(Lead.objects.values_list("owner", flat=True)) == {cast.ivo.pk}
    with pytest.raises(CannotGoOn):
        running.go_on(run, person=cast.ruth, at=AT)


def test_what_is_over_cannot_be_stopped_and_only_what_was_stopped_goes_on(cast: Cast) -> None:
    run = running.run(started(cast.ruth, [lead_of(cast)]), door=Door.WEB, at=AT)
    with pytest.raises(CannotStop):
        running.stop(run, person=cast.ruth, at=AT)
    with pytest.raises(CannotGoOn):
        running.go_on(run, person=cast.ruth, at=AT)
    other = started(cast.ruth, [lead_of(cast, 2)])
    with pytest.raises(CannotUndo):
        running.ask_undo(other, person=cast.ruth, at=AT)
    with pytest.raises(Forbidden):
        running.stop(other, person=cast.tomas, at=AT)
    assert signed_in(cast.saori).post(reverse("bulk_stopping", args=[other.pk])).status_code == 404
    assert signed_in(cast.saori).post(reverse("bulk_resuming", args=[other.pk])).status_code == 404


def test_whoever_left_the_page_finds_each_run_and_its_undo_again(cast: Cast) -> None:
    run, others = refused(cast.ivo, [lead_of(cast)]), started(cast.ruth, [lead_of(cast, 2)])
    mine = running.run(started(cast.ivo, [lead_of(cast, 3)]), door=Door.WEB, at=AT)
    ivo = signed_in(cast.ivo)
    text = ivo.get(reverse("bulk_runs")).content.decode()
    assert text.count("Recycle · Leads") == 2
    assert [f'action="{reverse("bulk_undoing", args=[one.pk])}"' in text for one in (run, mine)] == [False, True]
    assert reverse("bulk", args=[others.pk]) not in text
    assert ivo.post(reverse("bulk_undoing", args=[mine.pk]), {"next": reverse("bulk_runs")})["Location"] == reverse("bulk_runs")
    assert reverse("bulk_runs") in ivo.get(reverse("profile")).content.decode()
    assert reverse("bulk_runs") in ivo.get(reverse("search"), {"q": "bulk"}).content.decode()
    assert "No change of many rows yet" in signed_in(cast.ada).get(reverse("bulk_runs")).content.decode()


@pytest.mark.usefixtures("one_connection")
def test_whoever_asked_is_told_of_the_end_once_and_of_its_undo(cast: Cast) -> None:
    run = started(cast.ruth, [lead_of(cast)])
    running.run_bulk(run.pk)
    running.run_bulk(run.pk)
    told = Notification.objects.get(happening=Happening.BULK)
    assert (told.person, told.actor, told.noun) == (cast.ruth, None, "lead")
    ruth = signed_in(cast.ruth)
    text = ruth.get(reverse("notifications")).content.decode()
    assert "Recycle · Leads" in text
    assert "It is done: see what was refused, or undo it" in text
    assert f'href="{reverse("bulk", args=[run.pk])}"' in text
    running.ask_undo(run, person=cast.ada, at=AT)
    running.run_bulk(run.pk)
    assert list(Notification.objects.filter(happening=Happening.BULK).order_by("pk").values_list("person", flat=True)) == [cast.ruth.pk, cast.ada.pk]


@pytest.mark.usefixtures("one_connection")
def test_nobody_is_told_of_what_they_waited_for_or_stopped(cast: Cast) -> None:
    running.run(started(cast.ruth, [lead_of(cast)]), door=Door.WEB, at=AT)
    stopped = started(cast.ruth, [lead_of(cast, 2)])
    running.stop(stopped, person=cast.ruth, at=AT)
    running.run_bulk(stopped.pk)
    assert not Notification.objects.filter(happening=Happening.BULK).exists()
    assert Lead.objects.in_process().count() == 1
