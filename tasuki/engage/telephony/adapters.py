"""The interface of a telephone system, and the two that need none: by hand, and by links."""

from __future__ import annotations

from typing import Protocol

from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused


class TelephoneFailed(Refused):
    """The system did not do what it was asked; the call is written all the same and can be dialled by hand."""

    code = "telephone_failed"
    status = 502

    def __init__(self) -> None:
        super().__init__(_("The telephone system did not answer. Dial by hand: the call is written already."))


class Adapter(Protocol):
    """A way to make the telephone ring."""

    @property
    def key(self) -> str:
        """By what a call remembers who made it."""

    def dial(self, call_id: int, *, number: str, seat: str) -> str:
        """Ring the seat of the person, then the number; → how the system names the call, "" for one that names none. Raises TelephoneFailed."""

    def hang_up(self, external_id: str) -> None:
        """Close the line. Raises TelephoneFailed."""


class ByHand:
    """Nothing rings: people use a telephone on their desk, and the desk keeps the time."""

    key = "manual"

    def dial(self, call_id: int, *, number: str, seat: str) -> str:  # noqa: ARG002 (nobody is asked)
        return ""

    def hang_up(self, external_id: str) -> None:  # noqa: ARG002 (nobody is asked)
        return None


class ByLink(ByHand):
    """The browser opens a `tel:` link, and the telephone of the computer does the rest."""

    key = "tel"
