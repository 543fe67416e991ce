"""The way back from an edit: what stood there is kept in the session of whoever changed it, and written again while nobody has changed it since."""

from __future__ import annotations

import secrets
from typing import Any

from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused
from tasuki.web.requests import UserRequest

_KEY = "edits"
_MOST = 10


class TooOld(Refused):
    code = "too_old_to_undo"

    def __init__(self) -> None:
        super().__init__(_("This is too long ago to be undone here. Change the field once more."))


def keep(request: UserRequest, edit: dict[str, Any]) -> str:
    """Keep an edit for its undo; the name by which it is found again."""
    name = secrets.token_urlsafe(8)
    kept = {**request.session.get(_KEY, {}), name: edit}
    request.session[_KEY] = dict(list(kept.items())[-_MOST:])
    return name


def take(request: UserRequest, name: str) -> dict[str, Any]:
    """The edit of that name, which can be undone once. Raises TooOld."""
    kept = dict(request.session.get(_KEY, {}))
    if name not in kept:
        raise TooOld
    found: dict[str, Any] = kept.pop(name)
    request.session[_KEY] = kept
    return found
