"""Refusals: what a person can cause and can be told about. Everything else is a bug and stays loud."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class Refused(Exception):
    """A request that the domain declines, with one sentence for the person who asked.

    `code` is the stable name a program may compare; `status` is the HTTP status of the answer.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422

    def __init__(self, message: _StrOrPromise) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class Forbidden(Refused):
    """The person may not do this, whatever the data says."""

    code = "forbidden"
    status = 403


class Gone(Refused):
    """What the person asked for was there when they looked, and is not any more: removed, or merged into another."""

    code = "gone"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("This record is not there any more."))
