"""What a page tells after something was done: one sentence, and where it helps one thing to press, such as Undo.

`toasts.say(request, _("The lead has a new owner."), undo=reverse(…))` is shown on the next page of this person. The address of
`undo` is posted to, with `next` naming the page that the toast stands on. A fragment that htmx swaps in brings its toasts along
when it ends with `{% include "ui/toasts_along.jinja" %}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.messages import constants
from django.http import HttpRequest
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.contrib.messages.storage.base import Message
    from django.utils.functional import _StrOrPromise


@dataclass(frozen=True)
class Act:
    """The one thing that a toast offers: a form that is posted to `href`, or a link to it."""

    label: str
    href: str
    is_link: bool = False


@dataclass(frozen=True)
class Toast:
    sentence: Any
    level: str
    act: Act | None = None


def say(request: HttpRequest, sentence: _StrOrPromise, *, undo: str = "", act: Act | None = None, warns: bool = False) -> None:
    """Tell `sentence` on the next page; it offers Undo (an address that takes back what was done), or `act`.

    `warns` is for what was done in part. Refusals are not told here: raise them, or leave them on their form.
    """
    offered = Act(_("Undo"), undo) if undo else act
    level = constants.WARNING if warns else constants.SUCCESS
    messages.add_message(request, level, sentence, extra_tags=_written(offered) if offered else "")


def waiting(request: HttpRequest) -> Iterator[Toast]:
    """What this person has not been told yet. It counts as told once a page goes through it, so a fragment that shows none loses none."""
    for message in messages.get_messages(request):
        yield Toast(message.message, message.level_tag, _read(message))


def _written(act: Act) -> str:
    # Django keeps a message in the session or a signed cookie, with room for one string beside the sentence.
    return json.dumps([act.label, act.href, act.is_link])


def _read(message: Message) -> Act | None:
    return Act(*json.loads(message.extra_tags)) if message.extra_tags else None
