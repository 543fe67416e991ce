"""A toast: told once, on the next page; with one thing to press; escaped, whatever is in it."""

from __future__ import annotations

import re

import pytest
from django.contrib.messages.storage.session import SessionStorage
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import RequestFactory

from tasuki.core.people import User
from tasuki.web import toasts
from tasuki.web.toasts import Act
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def request_of(user: User, path: str = "/leads?view=mine") -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = user
    request.session = SessionStore()
    request._messages = SessionStorage(request)  # type: ignore[attr-defined]  # the middleware of messages adds it
    return request


def page_of(request: HttpRequest) -> str:
    return render(request, "search/page.jinja", {"q": "", "groups": [], "is_nearly": False, "marked": lambda words: [(words, False)]}).content.decode()


def next_request(before: HttpRequest) -> HttpRequest:
    """The one after, of the same person in the same browser."""
    before._messages.update(HttpResponse())  # type: ignore[attr-defined]  # as above
    request = request_of(before.user)
    request.session = before.session
    request._messages = SessionStorage(request)  # type: ignore[attr-defined]  # as above
    return request


def test_it_is_told_on_the_next_page_and_once(cast: Cast) -> None:
    posting = request_of(cast.ruth)
    toasts.say(posting, "Two rows are changed.", undo="/bulk/7/undoing")
    request = next_request(posting)
    text = page_of(request)
    assert "Two rows are changed." in text
    assert "/bulk/7/undoing" in text
    assert "Two rows are changed." not in page_of(next_request(request))


def test_undo_is_a_form_that_knows_its_page_and_its_token(cast: Cast) -> None:
    request = request_of(cast.ruth)
    toasts.say(request, "Given away.", undo="/bulk/7/undoing")
    form = re.search(r'<form action="/bulk/7/undoing" method="post">(.*?)</form>', page_of(request), re.DOTALL)
    assert form
    assert 'name="csrfmiddlewaretoken"' in form[1]
    assert '<input type="hidden" name="next" value="/leads?view=mine">' in form[1]
    assert ">Undo</button>" in form[1]


def test_it_may_lead_somewhere_instead(cast: Cast) -> None:
    request = request_of(cast.ruth)
    toasts.say(request, "Half done.", act=Act("See which", "/bulk/7", is_link=True), warns=True)
    text = page_of(request)
    assert re.search(r'<a class="[^"]*" href="/bulk/7"[^>]*>See which</a>', text)
    assert "toast-warning" in text


def test_it_comes_along_with_a_fragment(cast: Cast) -> None:
    request = request_of(cast.ruth)
    toasts.say(request, "Saved.", undo="/somewhere/undoing")
    text = render(request, "ui/toasts_along.jinja").content.decode()
    assert 'hx-swap-oob="beforeend:#toasts"' in text
    assert 'action="/somewhere/undoing"' in text
    assert 'name="next"' not in text


def test_a_fragment_that_shows_no_toast_leaves_it_for_the_next_page(cast: Cast) -> None:
    request = request_of(cast.ruth)
    toasts.say(request, "Saved.")
    render(request, "search/found.jinja", {"q": "", "groups": [], "n": 0, "is_nearly": False, "marked": None, "milliseconds": 1})
    assert "Saved." in page_of(request)


@pytest.mark.parametrize("hostile", ["<b>Ha", '"><script>alert(1)</script>', "{{ 7 * 7 }}", "'; --", "\u202eab"])
def test_what_is_in_it_is_escaped(cast: Cast, hostile: str) -> None:
    request = request_of(cast.ruth)
    toasts.say(request, hostile, act=Act(hostile, f"/x?{hostile}"))
    text = page_of(request)
    assert "<script>alert" not in text
    assert "<b>Ha" not in text
    assert ">49<" not in text
