"""What something is written about: a lead with its contact and account, a contact with its account, or an account alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tasuki.core import meanwhile
from tasuki.crm import barred

if TYPE_CHECKING:
    from tasuki.crm.accounts import Account
    from tasuki.crm.contacts import Contact
    from tasuki.crm.leads import Lead


class Subject(NamedTuple):
    lead: Lead | None
    contact: Contact | None
    account: Account | None


def held(*, lead: Lead | None = None, contact: Contact | None = None, account: Account | None = None) -> Subject:
    """The narrowest of them, with what it belongs to now, held until what is written about it is kept. Raises Gone, ErasedPerson.

    A merge waits for it; so nobody needs to hold what it belongs to, and two who held both could wait for each other.
    """
    if lead:
        lead = meanwhile.held(lead)
        barred.refuse_erased(lead)
        return Subject(lead, lead.contact, lead.account)
    if contact:
        contact = meanwhile.held(contact)
        barred.refuse_erased(contact)
        return Subject(None, contact, contact.account)
    return Subject(None, None, meanwhile.held(account) if account else None)
