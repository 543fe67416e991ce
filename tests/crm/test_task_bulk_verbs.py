"""Many tasks at once: done, given and put off, told once, refused one by one, and taken back unless somebody changed them since."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from tasuki.core import calendars
from tasuki.core.audit import By, Door
from tasuki.core.bulk import running
from tasuki.core.bulk.runs import BulkRow, BulkRun
from tasuki.core.bulk.verbs import verbs
from tasuki.core.meanwhile import ChangedMeanwhile
from tasuki.crm import tasks
from tasuki.crm.notifications import Notification
from tasuki.crm.tasks import Task
from tests.cast import MONDAY, Cast
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

TUESDAY = MONDAY.replace(day=3)


def some(cast: Cast, n: int = 3) -> list[Task]:
    return [tasks.add(Task(subject=f"Call {nth}", due_on=date(2026, 3, 4), owner=cast.ivo), by=By(cast.ivo, Door.WEB), at=MONDAY) for nth in range(n)]


def done_to(cast: Cast, verb: str, rows: list[Task], **said: Any) -> BulkRun:
    run = running.start(verbs()["task", verb], [row.pk for row in rows], said=said, person=cast.ruth, at=TUESDAY)
    return running.run(run, door=Door.WEB, at=TUESDAY)


def undone(cast: Cast, run: BulkRun) -> BulkRun:
    return running.undo(running.ask_undo(run, person=cast.ruth, at=TUESDAY), door=Door.WEB, at=TUESDAY)


def test_many_are_done_and_open_again(cast: Cast) -> None:
    rows = some(cast)
    tasks.finish(rows[0], by=By(cast.ivo, Door.WEB), at=MONDAY)
    run = done_to(cast, "finish", rows)
    assert (run.n_done, run.n_refused) == (2, 1), "one was done already, and that stays"
    assert not Task.objects.to_do().exists()
    assert undone(cast, run).n_undone == 2
    assert Task.objects.to_do().count() == 2


def test_many_are_given_and_told_of_once(cast: Cast) -> None:
    rows = some(cast)
    run = done_to(cast, "give", rows, owner=cast.saori.pk)
    assert set(Task.objects.values_list("owner", "team")) == {(cast.saori.pk, cast.field_sales.pk)}
    told = Notification.objects.get(person=cast.saori)
    assert (told.happening, told.n_records, told.task) == ("task", 3, None)
    tasks.change(rows[0], owner=cast.chika, by=By(cast.ruth, Door.WEB), at=TUESDAY)
    assert undone(cast, run).n_undone == 2
    assert BulkRow.objects.get(run=run, state="kept").reason.startswith("Ruth Adeyemi changed this meanwhile.")
    assert set(Task.objects.values_list("owner", flat=True)) == {cast.ivo.pk, cast.chika.pk}


@pytest.mark.parametrize(
    ("to", "due_on", "day"), [("tomorrow", "", date(2026, 3, 4)), ("next_week", "", date(2026, 3, 9)), ("", "2026-04-01", date(2026, 4, 1)), ("", "", None)]
)
def test_many_are_put_off_in_business_days(cast: Cast, to: str, due_on: str, *, day: date | None) -> None:
    rows = some(cast)
    tasks.change(rows[0], due_on=None, by=By(cast.ivo, Door.WEB), at=MONDAY)
    run = done_to(cast, "due", rows, to=to, due_on=due_on)
    assert set(Task.objects.values_list("due_on", flat=True)) == {day}
    undone(cast, run)
    assert sorted(Task.objects.order_by("pk").values_list("due_on", flat=True), key=str) == [date(2026, 3, 4), date(2026, 3, 4), None]


def test_what_somebody_wrote_after_the_row_was_read_stays(cast: Cast) -> None:
    (row,) = some(cast, 1)
    read, by = Task.objects.get(), By(cast.ivo, Door.WEB)
    tasks.change(row, owner=cast.chika, due_on=date(2026, 5, 4), by=By(cast.ruth, Door.WEB), at=TUESDAY)
    give, due = verbs()["task", "give"], verbs()["task", "due"]
    assert give.undo
    assert due.undo
    tries = [
        (give.do, {"owner": cast.saori.pk}),
        (give.undo, {"owner": cast.ivo.pk, "before": cast.saori.pk}),
        (due.do, {"to": "", "due_on": "2026-04-01"}),
        (due.undo, {"became": "2026-03-04", "before": "2026-03-02"}),
    ]
    for act, said in tries:
        with pytest.raises(ChangedMeanwhile, match="Ruth Adeyemi changed this meanwhile"):
            act(read, said, by=by, at=TUESDAY)
    fresh = Task.objects.get()
    assert (fresh.owner, fresh.due_on) == (cast.chika, date(2026, 5, 4))


def test_they_are_put_off_by_the_calendar_that_is_the_organisations(cast: Cast) -> None:
    by, rows = By(cast.ada, Door.WEB), some(cast)
    sundays = calendars.add("Sundays", time_zone="Asia/Seoul", country="KR", week={6: calendars.read_hours("9-12")}, by=by, at=MONDAY)
    done_to(cast, "due", rows, to="tomorrow", due_on="")
    assert set(Task.objects.values_list("due_on", flat=True)) == {date(2026, 3, 4)}
    calendars.make_default(sundays, by=by, at=MONDAY)
    done_to(cast, "due", rows, to="tomorrow", due_on="")
    assert set(Task.objects.values_list("due_on", flat=True)) == {date(2026, 3, 8)}
    calendars.mark_day(sundays, falls_on=date(2026, 3, 5), name="Fair", hours="9-18", by=by, at=MONDAY)
    done_to(cast, "due", rows, to="tomorrow", due_on="")
    assert set(Task.objects.values_list("due_on", flat=True)) == {date(2026, 3, 5)}


def test_a_calendar_that_never_opens_refuses_each_and_leaves_its_day(cast: Cast) -> None:
    by, rows = By(cast.ada, Door.WEB), some(cast)
    calendars.make_default(calendars.add("Never", time_zone="Asia/Seoul", country="KR", week={}, by=by, at=MONDAY), by=by, at=MONDAY)
    run = done_to(cast, "due", rows, to="next_week", due_on="")
    assert (run.n_done, run.n_refused) == (0, 3)
    assert "has no open day" in BulkRow.objects.filter(run=run)[0].reason
    assert set(Task.objects.values_list("due_on", flat=True)) == {date(2026, 3, 4)}


def test_they_are_done_from_the_list(cast: Cast) -> None:
    rows, ivo = some(cast), signed_in(cast.ivo)
    text = ivo.get(reverse("tasks")).content.decode()
    assert all(reverse("bulk_start", args=["task", verb]) in text for verb in ("finish", "give", "due"))
    ivo.post(reverse("bulk_start", args=["task", "finish"]), {"id": [rows[0].pk], "next": reverse("tasks")})
    ivo.post(reverse("bulk_start", args=["task", "give"]), {"id": [rows[1].pk], "give-owner": cast.ruth.pk})
    ivo.post(reverse("bulk_start", args=["task", "give"]), {"id": [rows[2].pk], "give-owner": "nobody"})
    ivo.post(reverse("bulk_start", args=["task", "due"]), {"id": [rows[2].pk], "due-to": "", "due-due_on": "2026-05-04"})
    for row in rows:
        row.refresh_from_db()
    assert rows[0].done_at
    assert (rows[1].owner, rows[2].owner, rows[2].due_on) == (cast.ruth, cast.ivo, date(2026, 5, 4))


def test_somebody_elses_tasks_are_not_there(cast: Cast) -> None:
    rows = some(cast)
    signed_in(cast.chika).post(reverse("bulk_start", args=["task", "finish"]), {"id": [row.pk for row in rows]})
    assert Task.objects.to_do().count() == 3
