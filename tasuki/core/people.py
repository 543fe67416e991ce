"""People: the users of one organisation."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tasuki.core import names


def check_time_zone(value: str) -> None:
    """Raise ValidationError unless `value` is an IANA time zone of this machine."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(value)s” is not a time zone."), params={"value": value})


class Users(models.QuerySet["User"]):
    """Questions about people."""

    def active(self) -> Users:
        return self.filter(is_active=True)

    def for_listing(self) -> Users:
        return self.select_related("team").order_by("family_name", "given_name", "id")


class UserManager(BaseUserManager["User"]):
    """Django asks for this much; people are hired by the verb `hire`."""

    def get_queryset(self) -> Users:
        return Users(self.model, using=self._db)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in, or who once worked here and is named in history (then inactive, without an address)."""

    email = models.EmailField(_("e-mail address"), unique=True, null=True, blank=True)
    family_name = models.CharField(_("family name"), max_length=120)
    given_name = models.CharField(_("given name"), max_length=120, blank=True)
    title = models.CharField(_("job title"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[check_time_zone])
    team = models.ForeignKey("core.Team", models.PROTECT, null=True, blank=True, related_name="members", verbose_name=_("team"))
    reference = models.CharField(_("reference"), max_length=120, blank=True, help_text=_("The person's id in the system their history came from."))
    is_active = models.BooleanField(_("may sign in"), default=True)
    hired_at = models.DateTimeField(_("joined"))

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: list[str] = ["family_name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.UniqueConstraint(fields=["reference"], condition=~models.Q(reference=""), name="user_reference_once"),
            models.CheckConstraint(condition=models.Q(is_active=False) | models.Q(email__isnull=False), name="active_user_has_email"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """Family name first for Korean, Japanese and Chinese names."""
        return names.display(self.family_name, self.given_name)

    def get_full_name(self) -> str:
        return self.display_name

    def clean_fields(self, exclude: Any = None) -> None:
        super().clean_fields(exclude=exclude)
        if self.email:
            self.email = self.email.strip().lower()
