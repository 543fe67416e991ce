"""Products: what we sell. A lead is one pass per product line, so the line is part of a lead's identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.money import Money

if TYPE_CHECKING:
    from tasuki.core.people import User


class Products(models.QuerySet["Product"]):
    """Questions about products."""

    def visible_to(self, user: User) -> Products:
        return self if abilities.standing_of(user).scope("product") is abilities.Scope.ALL else self.none()

    def for_listing(self) -> Products:
        return self

    def on_sale(self) -> Products:
        return self.filter(is_active=True)


class Product(models.Model):
    """Something with a name and a price in one currency; products of one line compete for the same need."""

    noun: ClassVar[str] = "product"

    name = models.CharField(_("name"), max_length=200)
    code = models.CharField(_("code"), max_length=64, blank=True)
    line = models.CharField(_("product line"), max_length=80, blank=True)
    price = models.DecimalField(_("price"), max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    is_active = models.BooleanField(_("on sale"), default=True)
    created_at = models.DateTimeField()

    objects = Products.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.UniqueConstraint(fields=["name"], name="product_name_once"),
            models.UniqueConstraint(fields=["code"], condition=~models.Q(code=""), name="product_code_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def money(self) -> Money | None:
        """The price with its currency."""
        return None if self.price is None else Money(self.price, self.currency)
