"""What keeps a calendar from being read or written, in words for its owner."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

LONGEST_WORDS = 300


class Trouble(models.TextChoices):
    UNREACHABLE = "unreachable", _("The server does not answer.")
    FORBIDDEN = "forbidden", _("This server may not be reached from here. An administrator can allow it.")
    CERTIFICATE = "certificate", _("The certificate of the server cannot be trusted.")
    LOGIN = "login", _("The server does not accept the user name or the password.")
    REFUSED = "refused", _("The server refused it.")
    BROKEN = "broken", _("The server says things that cannot be understood.")
    SEALED = "sealed", _("The password cannot be read any more. Type it again.")
    ELSEWHERE = "elsewhere", _("The server names an address on another server. If it is right, type it in place of this one.")
    NO_CALENDAR = "none", _("There is no calendar at this address.")
    TOO_MUCH = "much", _("There is more in this calendar than can be read.")


class CalendarTrouble(Exception):
    """The server could not be asked, or did not do it. `words` are the server's, or the system's, without the password."""

    def __init__(self, trouble: Trouble, words: str) -> None:
        super().__init__(words)
        # In one line, in letters.
        self.trouble, self.words = trouble, " ".join("".join(one if one.isprintable() else " " for one in words).split())[:LONGEST_WORDS]
