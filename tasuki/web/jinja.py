"""The Jinja2 environment of our pages. An undefined name is an error, and everything is escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils import translation
from django.utils.text import capfirst
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from tasuki.crm import phones, stages
from tasuki.crm.timeline import TimelineEntry
from tasuki.web import formats, markup, pieces
from tasuki.web.assets import asset
from tasuki.web.whom_to_ask import who_may

# How many bars of a stage chip are lit, and of how many: the stage's place within its leg.
LIT_OF = {key: (leg.index(key) + 1, len(leg)) for leg in (stages.ORDER[:3], stages.ORDER[3:6], stages.IN_SALES, stages.IN_SUCCESS) for key in leg}

# A number that stands in no address by itself.
_ANY = 4_294_967_291


def environment(**options: Any) -> Environment:
    """Called by Django with the options of settings.TEMPLATES."""
    options |= {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True, "extensions": ["jinja2.ext.i18n"]}
    env = Environment(**options)  # noqa: S701 - Django's backend turns autoescape on
    env.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
        gettext=translation.gettext, ngettext=translation.ngettext, newstyle=True, pgettext=translation.pgettext, npgettext=translation.npgettext
    )
    env.globals.update(
        note_html=note_html, lit_of=LIT_OF, url=url, static=static, asset=asset, icon=pieces.icon, csrf_field=csrf_field, who_may=who_may, pieces=pieces
    )
    env.filters.update(
        number=formats.number,
        percent=formats.percent,
        money=formats.money,
        money_in_full=formats.money_in_full,
        day=formats.day,
        moment=formats.moment,
        iso=formats.iso,
        duration=formats.duration,
        days=formats.days,
        about=formats.about,
        lang_of=formats.lang_of,
        country=formats.country,
        capital=capfirst,
        telephone=phones.display,
    )
    return env


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """`url("lead", lead.pk)`; keyword arguments are the path's. Raises NoReverseMatch."""
    if len(args) == 1 and not kwargs and type(args[0]) is int and args[0] >= 0:
        before, after = _around(name, get_script_prefix())
        return f"{before}{args[0]}{after}"
    return reverse(name, args=args or None, kwargs=kwargs or None)


@cache
def _around(name: str, _prefix: str) -> tuple[str, str]:
    """What stands before and after the number in the addresses of a page. A list asks for hundreds that differ in it alone."""
    before, _number, after = reverse(name, args=[_ANY]).partition(str(_ANY))
    return before, after


def note_html(entry: TimelineEntry) -> Markup:
    """A note of the timeline, with its mentions loaded, as HTML."""
    return markup.note(entry.text, {mention.label: mention.person_id for mention in entry.mentions.all()})


def csrf_field(request: Any) -> Markup:
    return Markup('<input type="hidden" name="csrfmiddlewaretoken" value="{}">').format(get_token(request))
