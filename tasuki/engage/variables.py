"""Variables: words in braces in a text that is written once for many, such as {name}, filled from the lead it goes to.

Nobody gets a letter with a brace left open in it, or with nothing where their company should stand: whoever writes is told instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused
from tasuki.core.organisation import the_organisation
from tasuki.engage import booking_links, meetings

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import _StrOrPromise

    from tasuki.core.audit import By
    from tasuki.core.people import User
    from tasuki.crm.contacts import Contact
    from tasuki.crm.leads import Lead

_WORD = re.compile(r"\{([^{}\n]{0,60})\}")

# Name → what it stands for, in the words of the page on which somebody chooses it.
VARIABLES: dict[str, _StrOrPromise] = {
    "name": _("the person's name"),
    "family_name": _("the family name"),
    "given_name": _("the given name"),
    "title": _("the job title"),
    "account": _("the company"),
    "product": _("the product of the lead"),
    "sender": _("your name"),
    "sender_mail": _("your mail address"),
    "organisation": _("our organisation"),
    "booking": _("the address at which they book a meeting with you"),
}
BOOKING = "booking"
# Where somebody still reads the text before it goes out, the address is made when they send it.
LATER = "{booking}"


class VariableWrong(Refused):
    """A text cannot be filled, or could never be."""

    code = "variable_wrong"


class VariableUnknown(VariableWrong):
    code = "variable_unknown"

    def __init__(self, name: str) -> None:
        known = ", ".join(f"{{{one}}}" for one in VARIABLES)
        super().__init__(_("{%(name)s} stands for nothing. There are: %(known)s.") % {"name": name, "known": known})


class VariableEmpty(VariableWrong):
    code = "variable_empty"

    def __init__(self, name: str) -> None:
        super().__init__(_("{%(name)s} would stay empty: this lead has no such thing.") % {"name": name})


class NobodyToBook(VariableWrong):
    code = "nobody_to_book"

    def __init__(self, sender: User | None = None) -> None:
        if sender is None:
            super().__init__(_("{booking} needs somebody who holds meetings. Give somebody a role in sales or inside sales first."))
        else:
            words = _("{booking} would lead to the meetings of %(who)s, who holds none. Leave it out, or let somebody of sales or inside sales write.")
            super().__init__(words % {"who": sender.display_name})


def refuse_unknown(text: str) -> None:
    """For whoever keeps a text that is filled later. Raises VariableUnknown."""
    for name in _WORD.findall(text):
        if name.strip() not in VARIABLES:
            raise VariableUnknown(name)


def refuse_unbookable(text: str) -> None:
    """Likewise, of a text in which somebody is to be booked. Raises NobodyToBook where nobody of us holds meetings."""
    if _asks_to_book(text) and not meetings.sellers().exists():
        raise NobodyToBook


def booking_for(lead: Lead, *texts: str, sender: User, by: By, at: datetime, goes_out: datetime | None = None) -> str:
    """The address that {booking} stands for in the texts: of the link of this lead to this sender, made or renewed from the day on which they go out;
    "" where none of them says it. Raises NobodyToBook, NotInProcess.
    """
    if not any(_asks_to_book(text) for text in texts):
        return ""
    if not meetings.sellers().filter(pk=sender.pk).exists():
        raise NobodyToBook(sender)
    return booking_links.address_of(booking_links.make(lead, held_by=sender, by=by, at=at, good_from=goes_out))


def example_booking(*texts: str, sender: User) -> str:
    """What stands for it where nothing goes out: an address that leads to nobody; "" where the sender holds no meetings, or nobody asks."""
    is_asked = any(_asks_to_book(text) for text in texts) and meetings.sellers().filter(pk=sender.pk).exists()
    return booking_links.example() if is_asked else ""


def _asks_to_book(text: str) -> bool:
    return any(name.strip() == BOOKING for name in _WORD.findall(text))


def filled(text: str, *, lead: Lead, contact: Contact, sender: User, booking: str = "") -> str:
    """The text for this lead, this person and this sender; `booking` as `booking_for` makes it. Raises VariableUnknown, VariableEmpty, NobodyToBook."""
    refuse_unknown(text)
    if not _WORD.search(text):
        return text
    values = _values(lead, contact=contact, sender=sender, booking=booking)

    def value(found: re.Match[str]) -> str:
        name = found[1].strip()
        if not values[name].strip():
            raise NobodyToBook(sender) if name == BOOKING else VariableEmpty(name)
        return values[name]

    # Once: what a company is called is never read as a variable itself.
    return _WORD.sub(value, text)


def filled_as_far(text: str, *, lead: Lead, contact: Contact, sender: User, booking: str = "") -> str:
    """Likewise for whoever reads the text before it goes anywhere: what is not known, and what nobody knows, stays in its braces."""
    values = _values(lead, contact=contact, sender=sender, booking=booking)
    return _WORD.sub(lambda found: values.get(found[1].strip(), "").strip() or found[0], text)


def left_in(text: str) -> list[str]:
    """What still stands in braces."""
    return list(dict.fromkeys(found[0] for found in _WORD.finditer(text)))


def _values(lead: Lead, *, contact: Contact, sender: User, booking: str) -> dict[str, str]:
    return {
        "name": contact.display_name,
        "family_name": contact.family_name,
        "given_name": contact.given_name,
        "title": contact.title,
        "account": lead.account.name if lead.account else "",
        "product": lead.product.name if lead.product else "",
        "sender": sender.display_name,
        "sender_mail": sender.email or "",
        "organisation": the_organisation().name,
        BOOKING: booking,
    }
