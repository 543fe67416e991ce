"""Absence: when a person does not carry, and who carries for them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Absence(models.Model):
    """A person is away from the first day to the last, both included, in their own time zone."""

    user = models.ForeignKey("core.User", models.CASCADE, related_name="absences", verbose_name=_("person"))
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    deputy = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("deputy"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    recorded_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        constraints = [
            models.CheckConstraint(condition=Q(last_on__gte=F("first_on")), name="absence_ends_after_it_starts"),
            models.CheckConstraint(condition=~Q(deputy=F("user")), name="absence_deputy_is_somebody_else"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.first_on}–{self.last_on}"
