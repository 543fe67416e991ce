"""Every page of the URL map, opened by Ada in a small town: its frame, its markup, its headers, and that it speaks the reader's language."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from babel.messages.pofile import read_po
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from tasuki.core import teams
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.web import catalogues, handbook_pages, middleware
from tasuki.web.lists.nouns import SPECS
from tests.cast import MONDAY, PASSWORD, SET_UP, Cast, with_password
from tests.web import town as towns
from tests.web.reading import Page, read
from tests.web.town import Town

pytestmark = pytest.mark.django_db

# What Ada is not shown when she simply opens it, and why.
NO_PAGE = {
    "account_inactive": "only for whoever has left",
    "account_login": "she is in",
    "account_set_password": "she has one",
    "disclosure": "asks for a signed link, and answers with a file",
    "desk_answers": "leads to the desk, where they stand",
    "export": "asks for a form of file",
    "first_link": "the house is founded",
    "first_run": "the house is founded",
    "health": "one word",
    "merge_new": "asks which records",
    "merge_choosing": "leads to them side by side",
    "bulk_start": "asks which rows",
    "mfa_authenticate": "she is in",
    "mail_click": "asks for a link that was mailed, and leads to where it led",
    "mail_open": "answers with a picture of one dot",
    "mail_withdrawal": "asks for a link that was mailed",
    "people_names": "asks among whom",
    "notification_silence": "asks for a link that was mailed",
    "meeting_feed": "asks for a signed address, and answers with a calendar",
    "mfa_deactivate_totp": "she has none",
    "mfa_download_recovery_codes": "she has none",
    "mfa_edit_webauthn": "she has none",
    "mfa_generate_recovery_codes": "she has no second factor",
    "mfa_login_webauthn": "answers a script",
    "mfa_reauthenticate": "she has no second factor",
    "mfa_reauthenticate_webauthn": "she has none",
    "mfa_remove_webauthn": "she has none",
    "mfa_view_recovery_codes": "she has none",
    "new_password": "needs an invitation",
    "password_link": "needs an invitation",
    "place": "asks by what a board is made",
    "callcomment": "leads to the page of its call",
    "recording_audio": "sounds",
    "skillcard": "leads to the page of its person",
    "productpoint": "leads to where it stands among those of its product",
    "praise": "leads to the page of praise",
    "praise_words": "only for whoever pressed",
    "telephone_recording": "takes what a telephone system brings",
    "tour": "leads to where she is on it",
    "tour_stop": "leads to the page of the stop",
}
# The lists in their states, and pages that look otherwise with a question.
MORE = [
    "/leads?view=all&add=owner",
    "/leads?add=opened",
    "/leads?add=source",
    "/leads?filter=any(stage:is(ready),pass:over(1))",
    "/leads?q=nobody+is+called+so",
    "/leads?group=stage",
    "/leads?as=board",
    "/opportunities?as=board",
    "/tasks?as=calendar",
    "/search?q=한",
    "/search?q=nobody",
    "/relay?form=cohort",
    "/relay/rows?stage=p1&what=entered&period=year",
    "/people?view=left",
    "/people/names?of=colleagues&q=a",
    "/no/such/page",
]


# The names of what only takes a form, whoever asks for it: 405 is answered before anything else is looked at, and need not be heard again in each walk.
_only_sent: set[str] = set()


def addresses(town: Town) -> Iterator[str]:
    """Where something is shown."""
    for address in every_address(town):
        if _name(address) not in _only_sent:
            yield address


def only_takes_a_form(address: str) -> None:
    _only_sent.add(_name(address))


def every_address(town: Town) -> Iterator[str]:
    for name in dict.fromkeys(towns.names()):
        if name not in NO_PAGE:
            yield towns.address(name, town)
    yield from MORE
    yield from (reverse("lead", args=[lead.pk]) for lead in (town.booked, town.recycled, town.disqualified))
    yield from (handbook_pages.address(key) for key in handbook_pages.ORDER)
    yield from (f"{reverse('bulk_start', args=['lead', verb])}?id={town.lead.pk}&next=/leads" for verb in ("give", "recycle", "enrol"))
    yield f"{reverse('bulk_start', args=['account', 'change'])}?id={town.account.pk}"
    yield f"{reverse('merge_new')}?of=account&id={town.account.pk}&id={town.opportunity.lead.account_id}"
    yield f"{reverse('place', args=['lead', town.lead.pk])}?group=stage"


def _name(address: str) -> str:
    try:
        return str(resolve(urlsplit(address).path).url_name)
    except Resolver404:
        return ""


def taken(client: Client, address: str) -> set[str]:
    """The methods that an address takes: it says so when something else is asked of it, and does nothing."""
    return set(client.options(address).headers.get("Allow", "GET, POST").split(", "))


def ada_of(cast: Cast) -> Client:
    """Ada, who has just given her password: nothing asks for it again."""
    with_password(cast.ada)
    client = Client()
    client.post(reverse("account_login"), {"login": cast.ada.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def opened(client: Client, town: Town) -> Iterator[tuple[str, Page, bool]]:
    """Each address that shows something: what it holds, and whether it is a whole page or part of one."""
    for address, markup, is_whole in shown(client, town):
        yield address, read(markup.decode()), is_whole


def shown(client: Client, town: Town) -> Iterator[tuple[str, bytes, bool]]:
    """As `opened`, without looking into it."""
    for address in addresses(town):
        answer = client.get(address)
        if answer.status_code == 405:
            only_takes_a_form(address)
            continue
        content = b"".join(answer)  # a file is open until it was read
        wanted = 404 if address == "/no/such/page" else 200
        assert answer.status_code == wanted, f"{address} answers {answer.status_code}: say in NO_PAGE why nothing is shown, or give the town what it needs"
        if answer["Content-Type"].startswith("text/html"):
            yield address, content, b"<html" in content


@pytest.mark.slow
def test_every_page_has_one_headline_a_title_sound_markup_and_is_kept_to_its_reader(cast: Cast) -> None:
    town, client = towns.settled(cast), ada_of(cast)
    found: dict[str, list[str]] = {}
    n_pages = 0
    for address in [*every_address(town), reverse("account_login"), reverse("export", args=["lead"]) + "?form=csv"]:
        answer = client.get(address, headers={"Accept-Encoding": "gzip"})
        travelled = b"".join(answer)  # a file is open until it was read
        problems = [*_wrong_headers(answer), *_wrong_cookies(answer), *_too_heavy(answer, len(travelled))]
        if answer["Content-Type"].startswith("text/html"):
            content = gzip.decompress(travelled) if answer.get("Content-Encoding") == "gzip" else travelled
            is_whole = b"<html" in content
            page = read(content.decode())
            problems += [*_problems(page), *(_problems_of_a_whole(page) if is_whole else ())]
            n_pages += is_whole
        if problems:
            found[address] = problems
    assert n_pages > 50
    assert not found, "\n".join(f"{address}: {problems}" for address, problems in found.items())


def _problems(page: Page) -> Iterator[str]:
    twice = {one for one in page.ids if page.ids.count(one) > 1}
    if twice:
        yield f"an id stands twice: {twice}"
    if page.nested:
        yield f"one control within another: {page.nested}"
    if empty := [level for level, text in page.headings if not text]:
        yield f"a heading says nothing: {empty}"
    if nowhere := [link for link in page.links if link in {"", "#"}]:
        yield f"a link leads nowhere: {nowhere}"
    if small := [text for text in page.labels if text[:1].islower()]:
        yield f"a label begins with a small letter: {small}"
    if any(text == "---------" for text in page.texts):
        yield "a select offers “---------”: give the field an empty_label"
    for form in page.posts:
        if form.action and "csrfmiddlewaretoken" not in form.fields:
            yield f"a form that posts has no token: {form.action}"


def _problems_of_a_whole(page: Page) -> Iterator[str]:
    levels = [level for level, _text in page.headings]
    if levels.count(1) != 1:
        yield f"there is one h1 on a page, here are {levels.count(1)}"
    if jumps := [(before, level) for before, level in zip([0, *levels], levels, strict=False) if level > before + 1]:
        yield f"headings leave out a level: {jumps}"
    if not page.title or page.title.startswith("·"):
        yield "the title is empty"
    if lost := [(attribute, one) for attribute, one in page.named if one not in page.ids]:
        yield f"names an id that is not on the page: {lost}"
    if reverse("settings") in page.links and ("#main" not in page.links or "main" not in page.ids):
        yield "the first link leads past the rail to #main"


@pytest.mark.slow
@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_no_page_says_anything_in_english_to_who_reads_another_language(cast: Cast, language: str) -> None:
    is_english = cache(_english(language))
    # What people typed stays as they typed it; the trail keeps also what it was before.
    typed = set(Team.objects.values_list("name", flat=True))
    for team in Team.objects.all():
        teams.rename(team, name=f"팀 {team.pk}", by=SET_UP, at=MONDAY)
    User.objects.filter(pk=cast.ada.pk).update(language=language)
    cast.ada.language = language
    town = towns.settled(cast)
    # The glossary says each word in all three languages.
    words = {row[0] for row in handbook_pages._glossary_rows()}
    found: dict[str, set[str]] = {}
    for address, page, is_whole in opened(ada_of(cast), town):
        assert not is_whole or page.language == language, address
        said = {text for text in [page.title.removesuffix(" · Tasuki"), *page.texts] if is_english(text.rstrip(":.…"))}
        if said := said - (typed if address.startswith(reverse("audit")) else words if address == handbook_pages.address("glossary") else set()):
            found[address] = said
    assert not found, "\n".join(f"{address}: {said}" for address, said in found.items())


def _english(language: str) -> Callable[[str], bool]:
    """Whether a text is a message that has another word in that language; a placeholder stands for anything."""
    path = Path(catalogues.__file__).parents[1] / "locale" / language / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    messages = {
        one.rstrip(":.…")
        for message in catalogue
        for one in (message.id if isinstance(message.id, tuple) else (message.id,))
        if one and message.string and one != message.string and len(re.findall(r"[A-Za-z]", PLACEHOLDER.sub("", one))) > 2
    }
    whole = {one for one in messages if not PLACEHOLDER.search(one)}
    filled = re.compile("|".join(".+".join(re.escape(part) for part in PLACEHOLDER.split(one)) for one in sorted(messages - whole)))
    return lambda text: text in whole or filled.fullmatch(text) is not None


PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def _wrong_headers(answer: Any) -> Iterator[str]:
    for name, value in HEADERS.items():
        # A page behind a secret address says even less to where one goes next.
        if answer.get(name) != value and not (name == "Referrer-Policy" and answer.get(name) == "no-referrer"):
            yield f"{name}: {answer.get(name)}"
    policy = answer.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "unsafe" in policy or not ("frame-ancestors 'none'" in policy or "sandbox" in policy):
        yield f"Content-Security-Policy: {policy}"
    kept = answer.get("Cache-Control", "").split(", ")
    if "no-store" not in kept and not {"private", "no-cache"} <= set(kept):
        yield f"Cache-Control: {', '.join(kept)}"


def _too_heavy(answer: Any, travelled: int) -> Iterator[str]:
    """A page whose script, style and letters are in the browser already costs less than 30 KB."""
    if answer["Content-Type"].startswith("text/html") and travelled > 200 and answer.get("Content-Encoding") != "gzip":
        yield "travels as it is: nothing compressed it"
    if answer["Content-Type"].startswith("text/html") and travelled > 30_000:
        yield f"{travelled} bytes"


def _wrong_cookies(answer: Any) -> Iterator[str]:
    for name, cookie in answer.cookies.items():
        if cookie["samesite"] not in {"Lax", "Strict"} or (name == "sessionid" and not cookie["httponly"]):
            yield cookie.OutputString()


@pytest.mark.slow
def test_every_list_opens_in_each_of_its_views_and_with_all_of_its_columns(cast: Cast) -> None:
    towns.settled(cast)
    client = ada_of(cast)
    for spec in SPECS.values():
        listing = reverse(spec.name)
        for view in spec.views:
            assert client.get(listing, {"view": view.key}).status_code == 200, (spec.noun, view.key)
        assert client.get(listing, {"columns": ",".join(column.key for column in spec.columns)}).status_code == 200, spec.noun
        for column in spec.columns:
            if column.sort:
                assert client.get(listing, {"sort": column.key}).status_code == 200, (spec.noun, column.key)


def test_who_has_no_page_is_still_in_the_url_map() -> None:
    assert set(NO_PAGE) <= set(towns.names())
    assert set(middleware.OPEN) <= set(towns.names())
