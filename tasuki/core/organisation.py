"""The organisation: one installation serves one."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit, time_zones
from tasuki.core.audit import By
from tasuki.core.errors import Refused

# What `change` may write.
CHANGEABLE = ("name", "country", "currency", "language", "time_zone", "fiscal_year_starts_in", "postal_address")


class OrganisationRefused(Refused):
    """A field is wrong; `fields` says which."""

    code = "organisation_refused"

    def __init__(self, error: ValidationError) -> None:
        super().__init__(" ".join(error.messages))
        self.fields: dict[str, list[str]] = error.message_dict


class Organisation(models.Model):
    """The firm whose relay this is: exactly one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    noun: ClassVar[str] = "organisation"

    name = models.CharField(_("name"), max_length=200)
    country = models.CharField(_("country"), max_length=2, default="KR", validators=[RegexValidator(r"^[A-Z]{2}$")])
    currency = models.CharField(_("currency"), max_length=3, default="KRW", validators=[RegexValidator(r"^[A-Z]{3}$")])
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="Asia/Seoul")
    fiscal_year_starts_in = models.PositiveSmallIntegerField(
        _("first month of the fiscal year"), default=1, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    # Below every letter of advertising: Korea, Japan and the United States ask who sends it, and from where.
    postal_address = models.CharField(_("postal address"), max_length=200, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_organisation")]

    def __str__(self) -> str:
        return self.name


def the_organisation() -> Organisation:
    """The one row; a fresh installation gets it from the first migration."""
    return Organisation.objects.get(pk=1)


def the_day(at: datetime) -> date:
    """The day that it is at that moment where the organisation is."""
    return at.astimezone(zoneinfo.ZoneInfo(the_organisation().time_zone)).date()


@transaction.atomic
def change(organisation: Organisation, *, by: By, at: datetime, **fields: Any) -> Organisation:
    """Write the `CHANGEABLE` fields given. Raises OrganisationRefused; TypeError for any other field.

    The ledger is kept in the organisation's currency: who changes that goes through `tasuki.crm.base_currency`.
    """
    if unknown := set(fields) - set(CHANGEABLE):
        raise TypeError(f"organisation.change does not write {', '.join(sorted(unknown))}")
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    changes = audit.difference(organisation, fields)
    for field, value in fields.items():
        setattr(organisation, field, value)
    try:
        organisation.clean_fields()
        if organisation.time_zone not in time_zones.names():
            raise ValidationError({"time_zone": _("“%(value)s” is not a time zone.") % {"value": organisation.time_zone}})
    except ValidationError as error:
        raise OrganisationRefused(error) from error
    if changes:
        Organisation.objects.filter(pk=organisation.pk).update(**{field: after for field, (_before, after) in changes.items()})
        audit.record(organisation, action="change", by=by, at=at, changes=changes)
    return organisation
