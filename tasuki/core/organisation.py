"""The organisation: one installation serves one."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class Organisation(models.Model):
    """The firm whose relay this is: exactly one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    name = models.CharField(_("name"), max_length=200)
    country = models.CharField(_("country"), max_length=2, default="KR")
    currency = models.CharField(_("currency"), max_length=3, default="KRW")
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="Asia/Seoul")
    fiscal_year_starts_in = models.PositiveSmallIntegerField(
        _("first month of the fiscal year"), default=1, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_organisation")]

    def __str__(self) -> str:
        return self.name


def the_organisation() -> Organisation:
    """The one row; a fresh installation gets it from the first migration."""
    return Organisation.objects.get(pk=1)
