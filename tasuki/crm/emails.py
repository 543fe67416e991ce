"""Mail addresses: as written, and the key by which two spellings are one box."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from django.utils.translation import gettext_lazy as _
from email_validator import EmailNotValidError, validate_email

from tasuki.core.errors import Refused

# Spaces without width, and the mark of a file's byte order, come along when a cell is copied.
_UNSEEN = dict.fromkeys((0x200B, 0x2060, 0xFEFF))
_LINK = re.compile(r"^mailto:", re.IGNORECASE)


class EmailInvalid(Refused):
    code = "email_invalid"

    def __init__(self, text: str) -> None:
        super().__init__(_("“%(address)s” is not a mail address.") % {"address": text[:80]})


@lru_cache(maxsize=65_536)
def normalise(text: str) -> tuple[str, str]:
    """(the address as it should be shown, its key for matching: lower case with the host in ASCII). Raises EmailInvalid.

    Full width, a link's `mailto:` and the name before `<mina@…>` are read away. The host is not asked for: a mail server may be down
    while the address is right. Reserved names such as .example pass.
    """
    plain = _LINK.sub("", (text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_UNSEEN)).strip())
    try:
        checked = validate_email(plain, check_deliverability=False, test_environment=True, allow_display_name=True)
    except EmailNotValidError:
        raise EmailInvalid(text) from None
    key = f"{checked.local_part}@{checked.ascii_domain}".casefold()
    return checked.normalized, key
