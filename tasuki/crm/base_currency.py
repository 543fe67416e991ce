"""The currency of the ledger: the organisation's. Once amounts are counted in it, it stays."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import organisation as organisations
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.organisation import Organisation
from tasuki.crm.ledger import Passage


class CurrencyInUse(Refused):
    code = "currency_in_use"

    def __init__(self, currency: str) -> None:
        super().__init__(
            _("The ledger holds amounts in %(currency)s, and history is not rewritten. Start a new installation for another currency.") % {"currency": currency}
        )


@transaction.atomic
def change_organisation(organisation: Organisation, *, by: By, at: datetime, **fields: object) -> Organisation:
    """`organisation.change`, unless that would say of amounts in the ledger that they were in another currency. Raises CurrencyInUse."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if fields.get("currency", organisation.currency) != organisation.currency and Passage.objects.filter(amount__isnull=False).exists():
        raise CurrencyInUse(organisation.currency)
    return organisations.change(organisation, by=by, at=at, **fields)
