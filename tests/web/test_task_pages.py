"""The pages of tasks: changing one, putting it off over the weekend, finishing it, and what comes after."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import localdate

from tasuki.core import business_days
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.calendars import hours_of_the_house
from tasuki.crm import tasks
from tasuki.crm.tasks import Task
from tests.cast import Cast, hired
from tests.web.office import MONDAY, lead_of, signed_in

pytestmark = pytest.mark.django_db


def task_of(cast: Cast, **more: object) -> Task:
    return tasks.add(Task(subject="Call <b>back</b>", owner=cast.ivo, lead=lead_of(cast), **more), by=By(cast.ivo, Door.WEB), at=MONDAY)


def test_ivo_changes_what_he_promised(cast: Cast) -> None:
    task, ivo = task_of(cast), signed_in(cast.ivo)
    text = ivo.get(reverse("task", args=[task.pk])).content.decode()
    assert "Call &lt;b&gt;back" in text
    assert reverse("lead", args=[task.lead_id]) in text
    said = {"subject": "Send the quote", "kind": "mail", "details": "two pages", "due_on": "2026-03-09", "owner": cast.ruth.pk}
    assert ivo.post(reverse("task_change", args=[task.pk]), said)["Location"] == reverse("task", args=[task.pk])
    task.refresh_from_db()
    assert (task.subject, task.kind, task.due_on, task.owner) == ("Send the quote", "mail", date(2026, 3, 9), cast.ruth)


@pytest.mark.parametrize("said", [{}, {"subject": "x"}, {"subject": "", "owner": "1"}, {"subject": "x", "owner": "nobody"}, {"subject": "x", "due_on": "soon"}])
def test_a_change_that_cannot_be_is_shown_in_its_place(cast: Cast, said: dict[str, str]) -> None:
    task = task_of(cast)
    answer = signed_in(cast.ivo).post(reverse("task_change", args=[task.pk]), said)
    assert answer.status_code == 422
    assert "form-error" in answer.content.decode()
    assert Task.objects.get().subject == task.subject


@pytest.mark.parametrize("word", ["tomorrow", "next_week"])
def test_a_task_is_put_off_to_a_business_day(cast: Cast, word: str) -> None:
    task = task_of(cast)
    signed_in(cast.ivo).post(reverse("task_due", args=[task.pk]), {"to": word})
    task.refresh_from_db()
    assert task.due_on is not None
    assert task.due_on > localdate()
    assert business_days.is_business_day(task.due_on, hours=hours_of_the_house())


def test_a_task_is_put_off_to_a_chosen_day_or_to_none(cast: Cast) -> None:
    task, ivo = task_of(cast), signed_in(cast.ivo)
    ivo.post(reverse("task_due", args=[task.pk]), {"due_on": "2027-01-02"})
    assert Task.objects.get().due_on == date(2027, 1, 2)
    ivo.post(reverse("task_due", args=[task.pk]), {"due_on": "yesterday"})
    assert Task.objects.get().due_on == date(2027, 1, 2), "a day that cannot be read changes nothing"
    ivo.post(reverse("task_due", args=[task.pk]), {"due_on": ""})
    assert Task.objects.get().due_on is None


def test_finishing_asks_what_comes_next_about_the_same_record(cast: Cast) -> None:
    task, ivo = task_of(cast), signed_in(cast.ivo)
    answer = ivo.post(reverse("task_finish", args=[task.pk]), {"next": "/"}, follow=True)
    link = reverse("task_next", args=[task.pk])
    assert f'href="{link}"' in answer.content.decode()
    assert "Call &lt;b&gt;back" in answer.content.decode()
    assert ivo.get(link).status_code == 200
    assert ivo.post(link, {"subject": ""}).status_code == 422
    ivo.post(link, {"subject": "Ask again", "kind": "call"})
    following = Task.objects.get(done_at=None)
    assert (following.subject, following.kind, following.lead_id, following.owner) == ("Ask again", "call", task.lead_id, cast.ivo)
    ivo.post(reverse("task_reopening", args=[task.pk]))
    assert Task.objects.filter(done_at=None).count() == 2
    ivo.post(reverse("task_removal", args=[task.pk]))
    assert list(Task.objects.all()) == [following]


@pytest.mark.parametrize("name", ["task_change", "task_due", "task_finish", "task_next", "task_reopening", "task_removal"])
def test_somebody_elses_task_is_not_there_and_an_observer_changes_none(cast: Cast, name: str) -> None:
    task = task_of(cast)
    assert signed_in(cast.chika).post(reverse(name, args=[task.pk]), {"subject": "mine"}).status_code == 404
    observer = signed_in(hired("olga", "Orlova", "Olga", role=Role.OBSERVER))
    assert observer.post(reverse(name, args=[task.pk]), {"subject": "mine"}).status_code == 403
    assert signed_in(cast.chika).get(reverse("task", args=[task.pk])).status_code == 404
    assert Task.objects.get().subject == task.subject


def test_overdue_is_a_word_and_not_only_a_colour(cast: Cast) -> None:
    task = task_of(cast, due_on=localdate() - timedelta(days=1))
    ivo = signed_in(cast.ivo)
    for page in (reverse("task", args=[task.pk]), reverse("tasks"), reverse("home")):
        assert "overdue" in ivo.get(page).content.decode()


def test_the_facts_of_a_task_are_changed_where_they_stand_until_it_is_done(cast: Cast) -> None:
    task = task_of(cast)
    page, ivo = reverse("task", args=[task.pk]), signed_in(cast.ivo)

    def offered(client: Client) -> set[str]:
        return set(re.findall(rf'href="/task/{task.pk}/edits/(\w+)"', client.get(page).content.decode()))

    assert offered(ivo) == {"subject", "kind", "due_on", "owner", "details"}
    assert ivo.post(f"/task/{task.pk}/edits/due_on", {"due_on": "2026-03-09", "next": page})["Location"] == page
    assert str(Task.objects.get(pk=task.pk).due_on) == "2026-03-09"
    tasks.finish(task, by=By(cast.ivo, Door.WEB), at=MONDAY)
    assert offered(ivo) == set(), "what is done is history"
