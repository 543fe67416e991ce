"""Mail addresses: as written, and the key by which two spellings are one box."""

from __future__ import annotations

from functools import lru_cache

from django.utils.translation import gettext_lazy as _
from email_validator import EmailNotValidError, validate_email

from tasuki.core.errors import Refused


class EmailInvalid(Refused):
    code = "email_invalid"

    def __init__(self, text: str) -> None:
        super().__init__(_("“%(address)s” is not a mail address.") % {"address": text[:80]})


@lru_cache(maxsize=65_536)
def normalise(text: str) -> tuple[str, str]:
    """(the address as it should be shown, its key for matching: lower case with the host in ASCII). Raises EmailInvalid.

    The host is not asked for: a mail server may be down while the address is right. Reserved names such as .example pass.
    """
    plain = text.strip().removeprefix("mailto:")
    try:
        checked = validate_email(plain, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise EmailInvalid(text) from None
    key = f"{checked.local_part}@{checked.ascii_domain}".casefold()
    return checked.normalized, key
