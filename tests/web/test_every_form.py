"""Every address that takes a form: closed without its token, to Tomas, and to whoever only reads; and no body or question breaks one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, resolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.core.abilities import Role
from tests.cast import Cast, hired
from tests.web import town as towns
from tests.web.office import signed_in
from tests.web.reading import Form, Page
from tests.web.test_doors import OPEN, OWN
from tests.web.test_every_page import ada_of, opened, taken
from tests.web.town import Town

pytestmark = pytest.mark.django_db

# What an observer may send: it changes what they alone see, or takes back what they themselves have just written.
FOR_ONESELF = {
    "meeting_feed_renewal",
    "meeting_feed_removal",
    "own_calendar",
    "follow",
    "unfollow",
    "tour_end",
    "notifications_reading",
    "notification_ways",
    "view_add",
    "view_change",
    "edit_undo",
}
WITHOUT_TOKEN = {
    "mail_withdrawal": "one click in a mail program ends such mail; the address itself is signed",
    "notification_silence": "one click in a mail program ends its letters; the address itself is signed",
    "telephone_events": "a telephone system signs what it tells; no browser comes here",
    "telephone_recording": "likewise, and takes only what is put there",
}
HOSTILE = [
    "",
    " ",
    "x" * 300,
    "9" * 40,
    "-1",
    "0",
    "1e400",
    "NaN",
    "Infinity",
    "٣",
    "½",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "2026-05-01T99:99",
    "{}",
    "[1]",
    "<script>alert(1)</script>",
    "한글 \u202e txt",
    "any(" * 60,
    "%s %(name)s {0}",
    "//evil.example/",
    "\U0001f408" * 20,
    "a\r\nSet-Cookie: x=1",
]


class _Back(Exception):
    pass


def answered(client: Client, address: str, said: Any, *, method: str = "post", **more: Any) -> tuple[int, str]:
    """The status and the text of the answer; whatever it changed is undone. What breaks is raised, as in every test."""
    cookies = client.cookies.copy()
    try:
        with transaction.atomic():
            answer = getattr(client, method)(address, said, **more)
            raise _Back(answer.status_code, b"".join(answer).decode("utf-8", "replace"))
    except _Back as back:
        return back.args[0], back.args[1]
    finally:
        client.cookies = cookies


def sent(client: Client, address: str, said: Any) -> int:
    return answered(client, address, said)[0]


# What was found in a town before: the tests of this file begin in the same one, and a walk over all of its pages takes a while.
_walked: dict[tuple[str, ...], list[tuple[str, Page, bool]]] = {}
_forms: dict[tuple[str, ...], dict[str, Form]] = {}


def addresses_of(town: Town) -> tuple[str, ...]:
    return tuple(towns.address(name, town) for name in dict.fromkeys(towns.names()))


def walked(client: Client, town: Town) -> list[tuple[str, Page, bool]]:
    """Every page of the town as Ada sees it."""
    key = addresses_of(town)
    if key not in _walked:
        _walked[key] = list(opened(client, town))
    return _walked[key]


def forms_of(client: Client, town: Town) -> dict[str, Form]:
    """By name of the address: a form as some page shows it to Ada, and an empty one for what no page of the town leads to."""
    key = addresses_of(town)
    if key not in _forms:
        _forms[key] = _found(client, town)
    return _forms[key]


def _found(client: Client, town: Town) -> dict[str, Form]:
    found: dict[str, Form] = {}
    for address, page, _is_whole in walked(client, town):
        for form in page.posts:
            try:
                name = str(resolve(urlsplit(form.action or address).path).url_name)
            except Resolver404:
                continue
            known = found.setdefault(name, Form("post", urlsplit(form.action or address).path))
            known.fields |= form.fields
            known.offered |= form.offered
            known.fields |= dict(form.submits)
            # Here nobody asks for the token: whatever stands in it, the view is told the same.
            known.fields.pop("csrfmiddlewaretoken", None)
    for name in dict.fromkeys(towns.names()):
        found.setdefault(name, Form("post", towns.address(name, town)))
    return {name: form for name, form in found.items() if "POST" in taken(client, form.action)}


@pytest.mark.slow
def test_a_form_without_its_token_is_refused(cast: Cast) -> None:
    town = towns.settled(cast)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.ada)
    taken = {name for name in towns.names() if strict.post(towns.address(name, town)).status_code != 403}
    assert taken == set(WITHOUT_TOKEN), "these take a form without the token that the page gave it"


@pytest.mark.slow
def test_tomas_and_an_observer_send_nothing(cast: Cast) -> None:
    names = forms_of(ada_of(cast), towns.settled(cast))
    assert len(names) > 100
    tomas, observer = signed_in(cast.tomas), signed_in(hired("obi", "Obi", "Ana", role=Role.OBSERVER, team=cast.inside_sales))
    closed = {name: form for name, form in names.items() if name not in OPEN and name not in OWN}
    assert not [name for name, form in closed.items() if sent(tomas, form.action, form.fields) != 403]
    taken = {name for name, form in closed.items() if sent(observer, form.action, form.fields) not in {403, 404}}
    assert taken == FOR_ONESELF


@pytest.mark.slow
@pytest.mark.long
def test_no_form_breaks_whatever_stands_in_it(cast: Cast) -> None:
    town = towns.settled(cast)
    client = ada_of(cast)
    ids = [str(one.pk) for one in (town.lead, town.opportunity, town.account, town.contact, town.product, town.cast.success, town.cast.tomas)]
    broken: dict[str, str] = {}
    for name, form in forms_of(client, town).items():
        for body in [*_turned(form.fields), dict.fromkeys(list(form.fields)[:4], "x" * 1_000_000)] if form.fields else []:
            _try(client, form.action, body, broken=broken, name=name)
        _mixed(client, form, ids=ids, broken=broken, name=name)
        _raw(client, form, broken=broken, name=name)
    assert not broken, "\n".join(f"{name}: {what}" for name, what in broken.items())


def _turned(fields: Iterable[str]) -> Iterator[dict[str, str]]:
    """Every field hostile, each in another way, until each has had a good part of them."""
    for turn in range(0, len(HOSTILE), 3):
        yield {field: HOSTILE[(turn + 5 * nth) % len(HOSTILE)] for nth, field in enumerate(fields)}


def _mixed(client: Client, form: Form, *, ids: list[str], broken: dict[str, str], name: str) -> None:
    """Some fields as the page has them, some of another record, some hostile, some left out, some twice."""
    if not form.fields:
        return
    one = {
        field: st.one_of(
            st.just(value), st.sampled_from([*form.offered.get(field, []), *ids]), st.sampled_from(HOSTILE), st.lists(st.sampled_from(ids), max_size=3)
        )
        for field, value in form.fields.items()
    }

    tried: list[dict[str, Any]] = [{}]  # nothing at all is sent by `_raw`

    @settings(max_examples=8, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.fixed_dictionaries({}, optional=one))
    def send(said: dict[str, Any]) -> None:
        if said in tried:
            return
        tried.append(said)
        _try(client, form.action, said, broken=broken, name=name)

    send()


def _raw(client: Client, form: Form, *, broken: dict[str, str], name: str) -> None:
    """Bodies that no browser sends: half a character and what is none, a NUL, no form at all, half a form."""
    fields = list(form.fields) or ["name"]
    kind = "application/x-www-form-urlencoded"
    for text in (b"%ED%A0%80%FF%FE", b"%00"):
        _try(client, form.action, b"&".join(field.encode() + b"=" + text for field in fields), broken=broken, name=name, content_type=kind)
    _try(client, form.action, b'{"name": 1}', broken=broken, name=name, content_type="application/json")
    _try(client, form.action, b"--x\r\nbroken", broken=broken, name=name, content_type="multipart/form-data; boundary=x")


# Where a page says what is wrong: beside a field, above a form, or instead of all else.
SAID = re.compile(r'(?:class="form-(?:error|problems)[^>]*>|role="alert"[^>]*>|<h1[^>]*>[^<]+</h1>\s*<p>|"errors": \[")(?:\s|<[^>]*>)*[^<\s]')


def _try(client: Client, address: str, said: Any, *, broken: dict[str, str], name: str, **more: Any) -> None:
    try:
        status, text = answered(client, address, said, **more)
    except Exception as error:  # noqa: BLE001 - whatever breaks is collected, so that one run names all of it
        broken[name] = f"{type(error).__name__}: {str(error)[:120]} after {str(said)[:160]}"
    else:
        if status >= 500:
            broken[name] = f"{status} after {str(said)[:160]}"
        elif status >= 400 and not SAID.search(text):
            broken[name] = f"{status} without a sentence after {str(said)[:160]}: {text[-400:]}"


@pytest.mark.slow
def test_no_page_breaks_whatever_is_asked_of_it(cast: Cast) -> None:
    town = towns.settled(cast)
    client = ada_of(cast)
    broken: dict[str, str] = {}
    asked: dict[str, set[str]] = {}
    for address, page, _is_whole in walked(client, town):
        for path, names in _questions(address, page):
            asked.setdefault(path, set()).update(names)
    assert len(asked) > 20
    for path, names in asked.items():
        _try(client, path, {}, method="get", broken=broken, name=path)
        for said in _turned(sorted(names)) if len(names) > 1 else []:
            _try(client, path, said, method="get", broken=broken, name=path)
        # What is asked first may hide what is asked next.
        for nth, name in enumerate(sorted(names)):
            for value in HOSTILE[nth % 3 :: 3]:
                _try(client, path, {name: value}, method="get", broken=broken, name=f"{path}?{name}")
    assert not broken, "\n".join(f"{name}: {what}" for name, what in broken.items())


def _questions(address: str, page: Page) -> Iterator[tuple[str, set[str]]]:
    """What can be asked of which address, as the links and forms of a page do."""
    for link in [address, *page.links]:
        parts = urlsplit(link)
        if not parts.netloc and parts.query:
            yield parts.path or urlsplit(address).path, {name for name, _value in parse_qsl(parts.query, keep_blank_values=True)}
    for form in page.forms.values():
        if form.method == "get" and form.fields:
            yield urlsplit(form.action or address).path, set(form.fields)
