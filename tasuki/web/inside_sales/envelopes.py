"""What stands on an envelope, line by line, in the order of whoever gets the letter."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import translation

from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.web import formats

# Korea and Japan write from the large to the small: the address, the company, who it is. Elsewhere it is the other way round.
_FROM_THE_LARGE = ("ko", "ja")


def lines(contact: Contact, account: Account | None, *, addressee: str, language: str, from_country: str) -> list[str]:
    """The lines for a letter in this language; those that are not known are left out. Another country than the sender's stands last, in English and
    capitals, as the post of every country reads it.
    """
    address = account.postal_address.splitlines() if account else []
    company = [account.name] if account else []
    inside = [contact.department, contact.title]
    from_the_large, from_the_small = [*address, *company, *inside, addressee], [addressee, *reversed(inside), *company, *address]
    found = from_the_large if language in _FROM_THE_LARGE else from_the_small
    return [line for line in (*found, *_abroad(account, from_country)) if line]


def _abroad(account: Account | None, from_country: str) -> Iterator[str]:
    if account and account.postal_address and account.country and account.country != from_country:
        with translation.override("en"):
            yield formats.country(account.country).upper()
