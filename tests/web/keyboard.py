"""Nothing but keys: what has the focus as it is read out, how one comes to it, and how one goes elsewhere."""

from __future__ import annotations

import re
from typing import Any

from django.urls import reverse

# What has the focus, as it is read out; a select by its label, not by all that it offers.
HERE = """() => {
  const at = document.activeElement
  const text = at.tagName === "SELECT" ? "" : at.innerText
  const said = at.getAttribute("aria-label") || text || (at.labels && at.labels[0] ? at.labels[0].innerText : "") || at.value || ""
  return said.replace(/\\s+/g, " ").trim()
}"""

CHOSEN = "() => document.activeElement.selectedOptions[0].innerText"


def reach(page: Any, words: str, *, key: str = "Tab", most: int = 150) -> None:
    """Tab until what is called so has the focus; the ring is seen there. Shift+Tab at the head of a page comes to its end first."""
    passed = []
    for _step in range(most):
        page.keyboard.press(key)
        passed.append(page.evaluate(HERE))
        if passed[-1] == words:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", f"nobody sees that “{words}” has the focus"
            return
    raise AssertionError(f"{key} never comes to “{words}”; it passed {passed}")


def press(page: Any, words: str, *, most: int = 150) -> None:
    """Come to what is called so, and press Enter."""
    reach(page, words, most=most)
    page.keyboard.press("Enter")


def follow(page: Any, words: str, *, most: int = 150) -> None:
    """Come to a link that is called so, and go where it leads."""
    before = page.url
    press(page, words, most=most)
    page.wait_for_url(lambda address: address != before)


def fill(page: Any, label: str, words: str, *, most: int = 30) -> None:
    """Come to a field, and type in the place of what stands there."""
    reach(page, label, most=most)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(words)


def choose(page: Any, label: str, option: str, *, most: int = 30) -> None:
    """Come to a choice, and go down it to what begins so."""
    reach(page, label, most=most)
    passed = [page.evaluate(CHOSEN)]
    while not passed[-1].startswith(option):
        page.keyboard.press("ArrowDown")
        passed.append(page.evaluate(CHOSEN))
        assert passed[-1] != passed[-2], f"“{label}” does not offer “{option}”, but {passed}"


def go(page: Any, letter: str, name: str) -> None:
    """To a page of the rail by G and its letter."""
    page.keyboard.press("g")
    page.keyboard.press(letter)
    page.wait_for_url(re.compile(re.escape(reverse(name)) + r"(\?.*|/\d+)?$"))
    page.wait_for_load_state()


def do(page: Any, words: str) -> None:
    """What the page offers to do, by the palette."""
    page.keyboard.press("ControlOrMeta+k")
    page.locator("command-palette [role=combobox]:focus").wait_for()
    page.keyboard.type(words)
    page.locator("command-palette [role=option][aria-selected=true]", has_text=words).wait_for()
    page.keyboard.press("Enter")


def open_row(page: Any, name: str, *, most: int = 30) -> None:
    """In a list: down to the row of that name, and open its page."""
    before = page.url
    for _step in range(most):
        page.keyboard.press("j")
        if page.evaluate(HERE) == name:
            page.keyboard.press("Enter")
            page.wait_for_url(lambda address: address != before)
            return
    raise AssertionError(f"no row of the list is called “{name}”")
