"""What a browser waits and fetches, cold and warm: bytes as they were sent (compressed), requests, and milliseconds until the page stands.

Usage: TASUKI_HOME=… bin/bench browser [address] [times]. Asks a Tasuki that runs at the address (`tasuki up`) and holds the demo company, in Chromium.
Cold is a browser that was never here; warm is the same page again in the same browser.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import sys
from dataclasses import dataclass, field
from typing import Any

import harness

COLD_KB, WARM_KB, WORST_MS = 120.0, 30.0, 200.0
# Chromium asks its maker for this and that; a bench talks to nobody else.
QUIET = ["--disable-quic", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@dataclass
class Fetched:
    """What came over the wire since it was last emptied."""

    n_bytes: int = 0
    answers: list[float] = field(default_factory=list)
    _began: dict[str, float] = field(default_factory=dict)

    def listen(self, session: Any) -> None:
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", lambda said: self._began.setdefault(said["requestId"], said["timestamp"]))
        session.on("Network.loadingFinished", self._ended)

    def _ended(self, said: dict[str, Any]) -> None:
        self.n_bytes += int(said["encodedDataLength"])
        if said["encodedDataLength"]:
            self.answers.append((said["timestamp"] - self._began.get(said["requestId"], said["timestamp"])) * 1000)

    def empty(self) -> None:
        self.n_bytes = 0
        self.answers.clear()


def main(address: str, times: int) -> None:
    from playwright.sync_api import sync_playwright

    harness.ready()

    found = next(path for name in ("chromium", "google-chrome", "chromium-browser") if (path := shutil.which(name)))
    arguments = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        context = browser.new_context(base_url=address, locale="en-US")
        cookies = _signed_in(context.new_page())
        pages = _pages(context.new_page())
        print(f"{address}, load {os.getloadavg()[0]:.1f}; KB compressed, as a share of {COLD_KB:.0f} cold and {WARM_KB:.0f} warm; ms until the page stands")
        print(
            f"{'page':12} {'cold KB':>8} {'share':>6} {'requests':>8} {'ms':>6} {'warm KB':>8} {'share':>6} {'p50 ms':>7} {'p95 ms':>7} {'slowest request':>16}"
        )
        for name, path in pages.items():
            print(_line(browser, address, cookies, name=name, path=path, times=times), flush=True)
        print(_palette(browser, address, cookies, times=times))
        browser.close()


def _signed_in(page: Any) -> Any:
    from tasuki.demo import haneul

    page.goto("/sign-in/")
    page.fill("[name=login]", haneul.ADMINISTRATOR)
    page.fill("[name=password]", haneul.PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_selector("main h1")
    return page.context.cookies()


def _pages(page: Any) -> dict[str, str]:
    """Lists as they open, and the first record of each."""
    pages = {"relay": "/relay"}
    for name in ("leads", "accounts", "contacts", "opportunities"):
        page.goto(f"/{name}")
        record = re.search(rf'href="(/{name}/\d+)"', page.content())
        pages |= {name: f"/{name}"} | ({name[:-1] if name != "opportunities" else "opportunity": record[1]} if record else {})
    return pages


def _line(browser: Any, address: str, cookies: Any, *, name: str, path: str, times: int) -> str:
    context = browser.new_context(base_url=address, locale="en-US")
    context.add_cookies(cookies)
    page, fetched = context.new_page(), Fetched()
    fetched.listen(context.new_cdp_session(page))
    cold_ms = _stands(page, path)
    cold, n_requests = fetched.n_bytes / 1024, len(fetched.answers)
    warm_ms, warm, slowest = [], [], 0.0
    for _nth in range(times):
        fetched.empty()
        warm_ms.append(_stands(page, path))
        warm.append(fetched.n_bytes / 1024)
        slowest = max(slowest, *fetched.answers)
    context.close()
    kb, p95 = statistics.median(warm), statistics.quantiles(warm_ms, n=20)[-1]
    return (
        f"{name:12} {cold:8.1f} {cold / COLD_KB:6.2f} {n_requests:8} {cold_ms:6.0f} {kb:8.1f} {kb / WARM_KB:6.2f} "
        f"{statistics.median(warm_ms):7.0f} {p95:7.0f} {slowest:8.0f} = {slowest / WORST_MS:4.2f}"
    )


def _stands(page: Any, path: str) -> float:
    """Milliseconds from asking for the page until all of it has come and is drawn."""
    page.goto(path, wait_until="networkidle")
    timing = "performance.getEntriesByType('navigation')[0].loadEventEnd"
    return float(page.evaluate(timing))


def _palette(browser: Any, address: str, cookies: Any, *, times: int) -> str:
    """From the last key until what was found stands."""
    context = browser.new_context(base_url=address, locale="en-US")
    context.add_cookies(cookies)
    page, fetched = context.new_page(), Fetched()
    fetched.listen(context.new_cdp_session(page))
    page.goto("/leads", wait_until="networkidle")
    took = []
    for text in (["김", "한서윤", "sec", "kim", "증권"] * times)[:times]:
        page.keyboard.press("Control+k")
        page.wait_for_selector("dialog[open] [role=combobox]")
        page.fill("dialog[open] [role=combobox]", "")
        fetched.empty()
        began = page.evaluate("performance.now()")
        with page.expect_response(lambda answer: "/search" in answer.url):
            page.keyboard.insert_text(text)
        page.wait_for_selector("dialog[open] [role=option]")
        took.append(float(page.evaluate("performance.now()")) - began)
        page.keyboard.press("Escape")
    context.close()
    p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    return f"palette, from the key to what was found: p50 {p50:.0f} ms, p95 {p95:.0f} ms, with the pause in which more may be typed"


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000", int(sys.argv[2]) if len(sys.argv) > 2 else 10)
