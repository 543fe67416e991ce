"""The small pieces that a page shows by the hundred, as HTML: an icon, a name, a person, a day, a sum, a stage. Called from a template, each
costs a tenth of what a macro of the template does. `ui/parts.jinja` gives them out beside its macros. What is remembered is put together with
`Markup.format`; what differs from row to row is escaped part by part, which takes an eighth of the time."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from markupsafe import Markup, escape

from tasuki.web import formats
from tasuki.web.assets import icon_address

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.crm.stages import Stage

# As many as a few busy pages hold, in every language they are read in.
_REMEMBERED = 8192
_PERSON = Markup('<span class="who"><span class="avatar" aria-hidden="true" lang="{0}">{1}</span><span class="clip" lang="{0}">{2}</span></span>')
_CHIP = Markup('<span class="stage" data-leg="{}"><svg class="bars" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>{}</span>')
_BARS_WIDTH, _BARS_HEIGHT, _GAP = 17, 10, 1.5


def icon(name: str, size: str = "") -> Markup:
    """An icon of the sprite; always decoration, the words stand beside it or in a label. `size` is "" (16 px) or "s" (14 px)."""
    # While developing, the sprite may be built again.
    return (_icon.__wrapped__ if settings.DEBUG else _icon)(name, size)


def pen(href: str, label: str) -> Markup:
    """The way to change what it stands beside."""
    return Markup(drawn_pen(escape(href), escape(label), icon("pencil", "s")))  # noqa: S704 - each part is escaped


def drawn_pen(href: str, label: str, pencil: Markup) -> str:
    """The same of what is escaped already: a list says it in hundreds of cells."""
    return f'<a class="pen" href="{href}" aria-label="{label}" title="{label}">{pencil}</a>'


def named(text: object) -> Markup:
    """A name in its own direction: one that is written from right to left does not turn round what stands beside it."""
    return _named(str(text))


def person(user: User | None) -> Markup:
    """The initial and the name of a person; nothing for nobody."""
    return _person(user.display_name) if user else Markup("")


def when(value: date | datetime | None) -> Markup:
    """The day, with the exact moment for whoever hovers."""
    if not value:
        return Markup("–")
    return _when(formats.iso(value), formats.day(value))


def money(amount: Decimal | None, currency: str) -> Markup:
    """The sum as people say it, with all digits for whoever hovers."""
    if amount is None:
        return Markup("–")
    return Markup(f'<span title="{escape(formats.money_in_full(amount, currency))}">{escape(formats.money(amount, currency))}</span>')  # noqa: S704 - each part is escaped


def stage_chip(stage: Stage, lit: int, of: int) -> Markup:
    """The stage with its place in its leg: `lit` of `of` bars in the hue of the leg."""
    return _stage_chip(stage.leg, str(stage.name), lit=lit, of=of)


@cache
def _icon(name: str, size: str) -> Markup:
    return Markup('<svg class="icon{}" aria-hidden="true"><use href="{}"/></svg>').format(" icon-s" if size == "s" else "", icon_address(name))


@lru_cache(_REMEMBERED)
def _named(text: str) -> Markup:
    return Markup('<bdi lang="{}">{}</bdi>').format(formats.lang_of(text), text)


@lru_cache(_REMEMBERED)
def _when(exact: str, said: str) -> Markup:
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(exact, said)


@lru_cache(_REMEMBERED)
def _person(name: str) -> Markup:
    return _PERSON.format(formats.lang_of(name), name[:1], name)


@lru_cache(_REMEMBERED)
def _stage_chip(leg: str, name: str, *, lit: int, of: int) -> Markup:
    step = (_BARS_WIDTH + _GAP) / of
    bars = Markup("").join(_bar(step * nth, _BARS_HEIGHT * (nth + 1) / of, width=step - _GAP, is_lit=nth < lit) for nth in range(of))
    return _CHIP.format(leg, _BARS_WIDTH, _BARS_HEIGHT, bars, name)


def _bar(x: float, height: float, *, width: float, is_lit: bool) -> Markup:
    lit = Markup(' class="on"') if is_lit else ""
    drawn = Markup('<rect{} x="{:.2f}" y="{:.1f}" width="{:.2f}" height="{:.1f}" rx="1"/>')
    return drawn.format(lit, x, _BARS_HEIGHT - height, width, height)
