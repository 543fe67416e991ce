"""The Jinja2 environment of our pages. An undefined name is an error, and everything is escaped."""

from __future__ import annotations

from typing import Any

from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.text import capfirst
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from tasuki.crm import phones, stages
from tasuki.crm.timeline import TimelineEntry
from tasuki.web import formats, markup
from tasuki.web.assets import asset, icon_address
from tasuki.web.whom_to_ask import who_may

# How many bars of a stage chip are lit, and of how many: the stage's place within its leg.
LIT_OF = {key: (leg.index(key) + 1, len(leg)) for leg in (stages.ORDER[:3], stages.ORDER[3:6], stages.IN_SALES, stages.IN_SUCCESS) for key in leg}


def environment(**options: Any) -> Environment:
    """Called by Django with the options of settings.TEMPLATES."""
    options |= {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True, "extensions": ["jinja2.ext.i18n"]}
    env = Environment(**options)  # noqa: S701 - Django's backend turns autoescape on
    env.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
        gettext=translation.gettext, ngettext=translation.ngettext, newstyle=True, pgettext=translation.pgettext, npgettext=translation.npgettext
    )
    env.globals.update(note_html=note_html, lit_of=LIT_OF, url=url, static=static, asset=asset, icon=icon, csrf_field=csrf_field, who_may=who_may)
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
    """`url("lead", lead.pk)`; keyword arguments are the path's."""
    return reverse(name, args=args or None, kwargs=kwargs or None)


def note_html(entry: TimelineEntry) -> Markup:
    """A note of the timeline, with its mentions loaded, as HTML."""
    return markup.note(entry.text, {mention.label: mention.person_id for mention in entry.mentions.all()})


def icon(name: str, size: str = "") -> Markup:
    """An icon of the sprite; always decoration, the words stand beside it or in a label. `size` is "" (16 px) or "s" (14 px)."""
    return Markup('<svg class="icon{}" aria-hidden="true"><use href="{}"/></svg>').format(" icon-s" if size == "s" else "", icon_address(name))


def csrf_field(request: Any) -> Markup:
    return Markup('<input type="hidden" name="csrfmiddlewaretoken" value="{}">').format(get_token(request))
