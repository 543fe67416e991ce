"""Calling from a page: what takes the context gets it, with what a loop knows; all else is called as it is. And messages, filled in."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest
from django.middleware.csrf import get_token
from django.template import engines
from django.test import RequestFactory
from django.utils import translation
from jinja2 import UndefinedError, pass_context, pass_environment, pass_eval_context
from jinja2.runtime import Context
from markupsafe import Markup

from tasuki.web.jinja import PageContext, PageEnvironment, csrf_field, message


class Greeter:
    def greet(self, name: str) -> str:
        return f"<{name}>"

    def __call__(self, name: str) -> str:
        return f"called by {name}"

    @pass_context
    def known(self, context: Context, key: str) -> Any:
        return context[key]


class Knowing:
    @pass_context
    def __call__(self, context: Context, key: str) -> Any:
        return context[key]


@pass_context
def known(context: Context, key: str) -> Any:
    return context[key]


@pass_environment
def is_ours(environment: Any) -> bool:
    return isinstance(environment, PageEnvironment)


@pass_eval_context
def escapes(eval_context: Any) -> bool:
    return bool(eval_context.autoescape)


@lru_cache
def kept(name: str) -> str:
    return name.upper()


CALLS = [
    ("{{ greeter.greet('a') }}", "&lt;a&gt;"),
    ("{{ greeter('a') }}", "called by a"),
    ("{{ 'abc'.replace('b', 'x') }}", "axc"),
    ("{{ kept('a') }}", "A"),
    ("{{ Markup('<b>') }}", "<b>"),
    ("{{ known('place') }}", "Seoul"),
    ("{{ knowing('place') }}{{ greeter.known('place') }}", "SeoulSeoul"),
    ("{{ is_ours() }} {{ escapes() }}", "True True"),
    ("{% for n in 'ab' %}{% set one = n %}{{ known('one') }}{{ knowing('one') }}{{ greeter.greet(one) }}{% endfor %}", "aa&lt;a&gt;bb&lt;b&gt;"),
    (
        "{% macro m(x, y='!') %}<i>{{ x }}{{ y }}</i>{% endmacro %}{% for one in '<b' %}{{ m(one) }}{% endfor %}{{ m('a', y='?') }}",
        "<i>&lt;!</i><i>b!</i><i>a?</i>",
    ),
    ("{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}<b>{% endcall %}", "[<b>]"),
    ("{% macro m() %}{{ varargs | length }}{{ kwargs.a }}{% endmacro %}{{ m(1, 2, a=3) }}", "23"),
    ("{% block one %}{% for n in 'ab' %}{{ greeter.greet(n) }}{% endfor %}{% endblock %}", "&lt;a&gt;&lt;b&gt;"),
]


def drawn(source: str, *, context_class: type[Context] = PageContext) -> str:
    env = engines["jinja2"].env.overlay()  # type: ignore[attr-defined]  # the backend of Jinja has it
    env.context_class = context_class
    words = {"greeter": Greeter(), "knowing": Knowing(), "known": known, "is_ours": is_ours, "escapes": escapes, "kept": kept, "Markup": Markup}
    return str(env.from_string(source).render(place="Seoul", **words))


@pytest.mark.parametrize(("source", "said"), CALLS)
def test_a_page_calls_what_it_is_given(source: str, said: str) -> None:
    assert drawn(source) == drawn(source, context_class=Context) == said


def test_what_is_not_there_is_not_called() -> None:
    with pytest.raises(UndefinedError, match="'nobody' is undefined"):
        drawn("{{ nobody() }}")
    with pytest.raises(TypeError, match="takes no keyword argument"):
        drawn("{% macro m() %}{% endmacro %}{{ m(a=1) }}")


def test_a_message_is_in_the_readers_language_and_escapes_what_fills_it_in() -> None:
    assert message("Leads") == "Leads"
    with translation.override("ko"):
        assert message("Leads") == "리드"
        assert drawn("{{ _('Leads') }}") == "리드"
    assert message("Save “%(name)s” as it is now", name="<b>") == Markup("Save “&lt;b&gt;” as it is now")
    assert message("100%%") == "100%"
    with pytest.raises(KeyError):
        message("Save “%(name)s” as it is now")


def test_the_token_is_masked_once_for_a_page_and_anew_for_the_next(rf: RequestFactory) -> None:
    first, second = rf.get("/"), rf.get("/")
    assert csrf_field(first) == csrf_field(first) != csrf_field(second)
    assert f'value="{get_token(first)}"' not in csrf_field(first), "the mask is another one each time it is asked for"
