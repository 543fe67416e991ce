"""What a page says of somebody whom nothing allows to call now: why in words, beside a symbol, and the way to what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from tasuki.crm.leads import Lead
from tasuki.engage.callability import NO_NUMBER, WRONG_NUMBER, Callability

_ALLOWED_BY = frozenset({"unknown", "expired", "basis"})


@dataclass(frozen=True)
class Mark:
    """`until` is the moment from which it is time where they are, None when no time heals it; `href` is "" where nobody can mend it. `code` is that of
    the reason."""

    code: str
    words: Any
    icon: str
    is_barred: bool
    until: datetime | None = None
    href: str = ""
    mends: str = ""


def of(lead: Lead, judged: Callability) -> Mark | None:
    """None when the person may be called."""
    refusal = judged.refusal
    if refusal is None:
        return None
    if not judged.is_barred:
        return Mark(refusal.code, refusal.reason, "clock", False, refusal.until)
    if lead.contact_id is None:
        return Mark(refusal.code, refusal.reason, "phone-off", True)
    contact = reverse("contact", args=[lead.contact_id])
    if refusal.code in {NO_NUMBER, WRONG_NUMBER}:
        return Mark(refusal.code, refusal.reason, "phone-off", True, href=contact, mends=_("Add a number"))
    if refusal.code in _ALLOWED_BY:
        return Mark(refusal.code, refusal.reason, "phone-off", True, href=f"{contact}#consents", mends=_("Record what allows it"))
    return Mark(refusal.code, refusal.reason, "phone-off", True, href=f"{contact}#consents", mends=_("See what was said"))
