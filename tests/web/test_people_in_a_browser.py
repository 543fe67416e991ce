"""Notes, mentions, notifications, following and files in a real browser: by keyboard alone, light and dark, on a phone, clean to axe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from pytest_django import Settings

from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.crm import notes, notifications, tasks
from tasuki.crm.following import Follow
from tasuki.crm.leads import Lead
from tasuki.crm.notifications import Notification
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import TimelineEntry
from tests.cast import Cast, assemble
from tests.web.browsing import DESKTOP, PHONE, sign_in, violations
from tests.web.office import MONDAY, lead_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(settings: Settings, tmp_path: Path) -> Cast:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path, "base_url": None}},
    }
    cache.clear()
    return assemble()


def signed_in(page: Any, live_server: Any, person: User) -> None:
    page.context.clear_cookies()
    page.set_viewport_size(DESKTOP)
    sign_in(page, live_server, person)


def tab_to(page: Any, selector: str, most: int = 80) -> None:
    """Walk with the tab key until something that the selector names has the focus."""
    for _step in range(most):
        if page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached with the tab key")


def test_a_mention_is_written_and_read_by_keyboard_alone(page: Any, live_server: Any, cast: Cast) -> None:
    lead = lead_of(cast)
    address = live_server.url + reverse("lead", args=[lead.pk])
    signed_in(page, live_server, cast.ivo)
    page.goto(address)
    tab_to(page, ".form-note textarea")
    page.keyboard.type("please look, @ade")
    marked = page.locator(".mention-list [role=option][aria-selected=true]")
    marked.wait_for()
    assert "Ruth Adeyemi" in marked.inner_text()
    assert page.locator(".form-note textarea").get_attribute("aria-activedescendant") == marked.get_attribute("id")
    page.keyboard.press("Enter")
    page.keyboard.type("and @西")
    page.wait_for_selector(".mention-list .tag")
    assert "cannot see this" in page.inner_text(".mention-list")
    page.keyboard.press("Escape")
    assert page.locator(".mention-list").is_hidden()
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    page.keyboard.type("the **price**")
    assert page.input_value(".form-note textarea") == "please look, @Ruth Adeyemi and the **price**"
    tab_to(page, ".form-note button.btn")
    page.keyboard.press("Enter")
    page.wait_for_selector(".note-text strong")
    assert page.inner_text(".note-text .mention") == "@Ruth Adeyemi"

    signed_in(page, live_server, cast.ruth)
    assert page.inner_text(".bell-count") == "1"
    tab_to(page, "a.bell")
    page.keyboard.press("Enter")
    page.wait_for_url("**" + reverse("notifications"))
    assert "Ivo Horvat mentioned you" in page.inner_text(".told")
    tab_to(page, ".told-line")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}#entry-*")
    assert page.locator(".bell-count").count() == 0
    assert Notification.objects.get(person=cast.ruth).read_at

    page.goto(address)
    for words, is_stopped in (("You follow this", True), ("Follow", False)):
        tab_to(page, ".record-acts form button.btn-bare")
        assert page.locator(".record-acts form button.btn-bare").inner_text().startswith(words)
        page.keyboard.press("Enter")
        page.wait_for_selector("flash-toast")
        page.goto(address)
        assert (Follow.objects.get(person=cast.ruth).stopped_at is not None) == is_stopped


def test_files_are_chosen_dropped_and_pasted_with_a_note(page: Any, live_server: Any, cast: Cast) -> None:
    lead = lead_of(cast)
    signed_in(page, live_server, cast.ivo)
    page.goto(live_server.url + reverse("lead", args=[lead.pk]))
    page.fill(".form-note textarea", "three files")
    page.set_input_files(".form-note input[type=file]", [{"name": "one.txt", "mimeType": "text/plain", "buffer": b"one"}])
    give = """([kind, name]) => {
        const data = new DataTransfer();
        data.items.add(new File(["x"], name));
        const target = document.querySelector(".form-note textarea");
        const options = {bubbles: true, cancelable: true, [kind === "drop" ? "dataTransfer" : "clipboardData"]: data};
        target.dispatchEvent(kind === "drop" ? new DragEvent("drop", options) : new ClipboardEvent("paste", options));
    }"""
    page.evaluate(give, ["drop", "두번째.txt"])
    page.evaluate(give, ["paste", "three.txt"])
    page.click(".form-note button.btn")
    page.wait_for_selector(".note-files a")
    assert page.locator(".note-files a").all_inner_texts() == ["one.txt", "두번째.txt", "three.txt"]
    with page.expect_download() as download:
        page.click(".note-files a >> nth=1")
    assert download.value.suggested_filename == "두번째.txt"


def test_the_bell_comes_up_to_date_when_the_page_is_looked_at_again(page: Any, live_server: Any, cast: Cast) -> None:
    lead = lead_of(cast)
    signed_in(page, live_server, cast.ruth)
    page.goto(live_server.url + reverse("settings"))
    assert page.locator(".bell-count").count() == 0
    notes.write("@Ruth Adeyemi", by=By(cast.ivo, Door.WEB), at=MONDAY, lead=lead)
    page.evaluate("() => { const now = performance.now.bind(performance); performance.now = () => now() + 60_000; window.dispatchEvent(new Event('focus')); }")
    page.wait_for_selector(".bell-count")
    assert page.inner_text(".bell-count") == "1"


@pytest.fixture
def busy(cast: Cast) -> tuple[Cast, Lead]:
    """Ruth has something of every kind to read."""
    lead, by = lead_of(cast), By(cast.ivo, Door.WEB)
    note = notes.write("@Ruth Adeyemi **price**:\n\n- see https://x.example/" + "a" * 200, by=by, at=MONDAY, lead=lead)
    notes.pin(note, by=by, at=MONDAY)
    tasks.add(Task(subject="고객사에 견적서를 다시 보내기 " * 4, kind="mail", details="두 장", owner=cast.ruth, lead=lead), by=by, at=MONDAY)
    return cast, lead


def addresses(lead: Lead) -> list[str]:
    note, task = TimelineEntry.objects.get(kind="note"), Task.objects.get()
    return [
        reverse("notifications"),
        reverse("notifications") + "?show=all",
        reverse("notifications") + "?show=mentions",
        reverse("notification_ways"),
        reverse("task", args=[task.pk]),
        reverse("task_next", args=[task.pk]),
        reverse("tasks"),
        reverse("lead", args=[lead.pk]) + f"#entry-{note.pk}",
        reverse("home"),
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_these_pages_are_clean_to_axe(page: Any, live_server: Any, busy: tuple[Cast, Lead], *, dark: bool) -> None:
    page.emulate_media(color_scheme="dark" if dark else "light")
    signed_in(page, live_server, busy[0].ruth)
    found = {}
    for address in addresses(busy[1]):
        page.goto(live_server.url + address)
        found |= {address: said} if (said := violations(page)) else {}
    page.goto(live_server.url + reverse("lead", args=[busy[1].pk]))
    page.locator(".form-note textarea").press_sequentially("@a")
    page.wait_for_selector(".mention-list [role=option]")
    found |= {"mentioning": said} if (said := violations(page)) else {}
    assert not found, found


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_these_pages_fit_a_phone_in_three_languages(page: Any, live_server: Any, busy: tuple[Cast, Lead], *, language: str) -> None:
    cast, lead = busy
    User.objects.get_queryset().filter(pk=cast.ruth.pk).update(language=language)
    signed_in(page, live_server, cast.ruth)
    page.set_viewport_size(PHONE)
    wide = []
    for address in addresses(lead):
        page.goto(live_server.url + address)
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(address)
    assert not wide
    assert notifications.n_unread(cast.ruth) == 0, "what was looked at is read"
