"""Callability: at which number somebody is called, and whatever stands against it. The desk asks it of one lead, and whoever shows many of all together,
so that no list says otherwise than the desk.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from tasuki.crm.leads import Lead
from tasuki.engage import calls, permission
from tasuki.engage.permission import Refused

# Nobody knows where to call: whoever finds a number elsewhere calls by hand.
NOBODY, NO_NUMBER, WRONG_NUMBER = "nobody", "no_address", "wrong_number"


@dataclass(frozen=True)
class Number:
    """One of a person, in E.164; `is_wrong` when somebody else was behind it."""

    e164: str
    is_wrong: bool


@dataclass(frozen=True)
class Callability:
    """The numbers of whoever is called, the one that is dialled ("" for none), and why they are not called now; None when they may be."""

    numbers: tuple[Number, ...] = ()
    number: str = ""
    refusal: Refused | None = None

    @property
    def is_barred(self) -> bool:
        """Whether no hour heals it: somebody has to do something first."""
        return self.refusal is not None and self.refusal.until is None

    @property
    def forbids_dialling(self) -> bool:
        return self.refusal is not None and self.refusal.code not in {NOBODY, NO_NUMBER, WRONG_NUMBER}


# Of somebody about whom nobody has asked yet.
NOT_JUDGED = Callability()


def of(lead: Lead, *, at: datetime) -> Callability:
    return of_each([lead], at=at)[lead.pk]


def of_each(leads: Iterable[Lead], *, at: datetime) -> dict[int, Callability]:
    """By the id of the lead, at that moment: the same few queries however many. Their contacts are loaded."""
    rows = list(leads)
    people = {lead.contact.pk: lead.contact for lead in rows if lead.contact}
    # A person may stand before us in several leads, each with a copy of its own.
    prefetch_related_objects([lead.contact for lead in rows if lead.contact], "account", "phones", "consents")
    looks, wrong = permission.look_at_numbers(people.values()), calls.wrong_numbers(*people)
    return {lead.pk: _of(lead, seen=looks.get(lead.contact_id or 0), wrong=wrong.get(lead.contact_id or 0, frozenset()), at=at) for lead in rows}


def _of(lead: Lead, *, seen: permission.Look | None, wrong: frozenset[str], at: datetime) -> Callability:
    if lead.contact is None or seen is None:
        return Callability(refusal=Refused(NOBODY, _("No person is known.")))
    numbers = tuple(Number(one.e164, one.e164 in wrong) for one in lead.contact.phones.all())
    right = [one.e164 for one in numbers if not one.is_wrong]
    number = next((one for one in right if one not in seen.blocked), next(iter(right), ""))
    refusal = calls.refusal(lead, number=number, at=at, seen=seen)
    if refusal is None and not number:
        refusal = Refused(WRONG_NUMBER, _("Somebody else was behind each number.")) if numbers else Refused(NO_NUMBER, _("No number is known."))
    return Callability(numbers, number, refusal)
