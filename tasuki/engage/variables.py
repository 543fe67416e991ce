"""Variables: words in braces in a text that is written once for many, such as {name}, filled from the lead it goes to.

Nobody gets a letter with a brace left open in it, or with nothing where their company should stand: whoever writes is told instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused
from tasuki.core.organisation import the_organisation

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

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
}


class VariableUnknown(Refused):
    code = "variable_unknown"

    def __init__(self, name: str) -> None:
        known = ", ".join(f"{{{one}}}" for one in VARIABLES)
        super().__init__(_("{%(name)s} stands for nothing. There are: %(known)s.") % {"name": name, "known": known})


class VariableEmpty(Refused):
    code = "variable_empty"

    def __init__(self, name: str) -> None:
        super().__init__(_("{%(name)s} would stay empty: this lead has no such thing.") % {"name": name})


def refuse_unknown(text: str) -> None:
    """For whoever keeps a text that is filled later. Raises VariableUnknown."""
    for name in _WORD.findall(text):
        if name.strip() not in VARIABLES:
            raise VariableUnknown(name)


def filled(text: str, *, lead: Lead, contact: Contact, sender: User) -> str:
    """The text for this lead, this person and this sender. Raises VariableUnknown, VariableEmpty."""
    refuse_unknown(text)
    if not _WORD.search(text):
        return text
    values: dict[str, str] = {
        "name": contact.display_name,
        "family_name": contact.family_name,
        "given_name": contact.given_name,
        "title": contact.title,
        "account": lead.account.name if lead.account else "",
        "product": lead.product.name if lead.product else "",
        "sender": sender.display_name,
        "sender_mail": sender.email or "",
        "organisation": the_organisation().name,
    }

    def value(found: re.Match[str]) -> str:
        name = found[1].strip()
        if not values[name].strip():
            raise VariableEmpty(name)
        return values[name]

    # Once: what a company is called is never read as a variable itself.
    return _WORD.sub(value, text)
