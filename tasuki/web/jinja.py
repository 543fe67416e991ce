"""The Jinja2 environment of our pages. An undefined name is an error, and everything is escaped."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils import translation
from django.utils.text import capfirst
from jinja2 import Environment, StrictUndefined
from jinja2.runtime import Context, Macro
from markupsafe import Markup

from tasuki.crm import phones, stages
from tasuki.crm.timeline import TimelineEntry
from tasuki.engage import mail
from tasuki.engage.dispositions import Disposition
from tasuki.engage.mailboxes import Trouble
from tasuki.engage.meeting_rows import MeetingState
from tasuki.engage.sequences.enrolments import Why
from tasuki.web import formats, markup, pieces, wake_words, win_words
from tasuki.web.assets import asset
from tasuki.web.compiled_templates import CompiledTemplates
from tasuki.web.lists import sheet
from tasuki.web.whom_to_ask import who_may

# How many bars of a stage chip are lit, and of how many: the stage's place within its leg.
LIT_OF = {key: (leg.index(key) + 1, len(leg)) for leg in (stages.ORDER[:3], stages.ORDER[3:6], stages.IN_SALES, stages.IN_SUCCESS) for key in leg}

# What is called as it is, unless it says that it takes the context.
_PLAIN = frozenset({FunctionType, MethodType, BuiltinFunctionType})

# A number that stands in no address by itself.
_ANY = 4_294_967_291


class PageContext(Context):
    """Calls a macro, or a function that asks for nothing of the context, without looking twice at what it is. A page calls some two thousand."""

    def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        kind = type(called)
        if kind is Macro:
            args = (self.eval_ctx, *args)
        elif kind not in _PLAIN or hasattr(called, "jinja_pass_arg"):
            return super().call(called, *args, **kwargs)
        # What a loop or a block knows is for functions that take the context.
        kwargs.pop("_loop_vars", None)
        kwargs.pop("_block_vars", None)
        return called(*args, **kwargs)


class PageEnvironment(Environment):
    context_class = PageContext


def environment(**options: Any) -> Environment:
    """Called by Django with the options of settings.TEMPLATES."""
    options |= {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True, "extensions": ["jinja2.ext.i18n"]}
    env = PageEnvironment(**options, bytecode_cache=CompiledTemplates(environment=Path(__file__).read_text(encoding="utf-8")))
    env.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
        gettext=translation.gettext, ngettext=translation.ngettext, newstyle=True, pgettext=translation.pgettext, npgettext=translation.npgettext
    )
    env.globals.update(
        _=message,
        note_html=note_html,
        lit_of=LIT_OF,
        url=url,
        static=static,
        asset=asset,
        icon=pieces.icon,
        csrf_field=csrf_field,
        who_may=who_may,
        pieces=pieces,
        rows_of=sheet.rows,
    )
    env.filters.update(
        number=formats.number,
        percent=formats.percent,
        money=formats.money,
        money_in_full=formats.money_in_full,
        day=formats.day,
        month=formats.month,
        moment=formats.moment,
        iso=formats.iso,
        duration=formats.duration,
        days=formats.days,
        about=formats.about,
        lang_of=formats.lang_of,
        country=formats.country,
        capital=capfirst,
        telephone=phones.display,
        disposition=disposition,
        clock=formats.clock,
        weekday=formats.weekday,
        weekday_moment=formats.weekday_moment,
        meeting_state=meeting_state,
        sequence_why=sequence_why,
        mail_reason=mail_reason,
        moment_of_text=moment_of_text,
        win_chain=win_words.sentence,
        wakes=wake_words.sentence,
        proposal=wake_words.proposal,
    )
    return env


def message(text: str, /, **variables: Any) -> Markup:
    """The message in the reader's language, filled in with what is escaped first: Jinja's `_`, without asking the context twice on the way."""
    said = Markup(translation.gettext(text))  # noqa: S704 - our own words
    return said % variables if "%" in said else said


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


def disposition(value: str) -> str:
    """The result of a call in words; nothing for one that nobody said."""
    return str(Disposition(value).label) if value else ""


def mail_reason(code: str) -> str:
    """Why a mail did not go out, or came back."""
    return str(mail.REASONS.get(code) or dict(Trouble.choices).get(code) or "")


def meeting_state(value: str) -> str:
    return str(MeetingState(value).label) if value in MeetingState.values else ""


def sequence_why(code: str) -> str:
    """Why somebody left a sequence."""
    return str(dict(Why.choices).get(code, ""))


def moment_of_text(value: str) -> str:
    """A moment as a timeline entry keeps it."""
    return formats.weekday_moment(datetime.fromisoformat(value)) if value else ""


def note_html(entry: TimelineEntry) -> Markup:
    """A note of the timeline, with its mentions loaded, as HTML."""
    return markup.note(entry.text, {mention.label: mention.person_id for mention in entry.mentions.all()})


def csrf_field(request: Any) -> Markup:
    """The token is masked once for a page, as by Django's own tag: a list of tasks has a form in each row."""
    if not hasattr(request, "csrf_field"):
        request.csrf_field = Markup('<input type="hidden" name="csrfmiddlewaretoken" value="{}">').format(get_token(request))
    field: Markup = request.csrf_field
    return field
