"""The fields that an organisation has made, and the choices of those that have any."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tasuki.core import abilities
from tasuki.core.abilities import Role

if TYPE_CHECKING:
    from tasuki.core.people import User


class FieldKind(models.TextChoices):
    """What values a field holds. It never changes: values that are there would mean something else."""

    TEXT = "text", pgettext_lazy("kind of field", "text")
    LONG_TEXT = "long_text", pgettext_lazy("kind of field", "long text")
    NUMBER = "number", pgettext_lazy("kind of field", "number")
    MONEY = "money", pgettext_lazy("kind of field", "money")
    DATE = "date", pgettext_lazy("kind of field", "date")
    CHOICE = "choice", pgettext_lazy("kind of field", "choice")
    CHOICES = "choices", pgettext_lazy("kind of field", "several choices")
    PERSON = "person", pgettext_lazy("kind of field", "person")
    ACCOUNT = "account", pgettext_lazy("kind of field", "account")
    CHECKBOX = "checkbox", pgettext_lazy("kind of field", "checkbox")
    URL = "url", pgettext_lazy("kind of field", "link")


WITH_CHOICES = (FieldKind.CHOICE, FieldKind.CHOICES)

# Every list asks for the fields of its noun with their choices: Django takes five times as long to write that as PostgreSQL to answer it.
_CHOICES = """
    ARRAY(
        SELECT jsonb_build_object('pk', choice.id, 'label', choice.label, 'retired_at', choice.retired_at)
        FROM core_customchoice choice WHERE choice.field_id = core_customfield.id ORDER BY choice.position, choice.id
    )
"""
_SEEN = f"""
    SELECT core_customfield.*, {_CHOICES} AS choice_rows FROM core_customfield
    WHERE noun = %s AND archived_at IS NULL AND NOT hidden_from @> %s::varchar[] ORDER BY position, id
"""


class FieldNoun(models.TextChoices):
    """The nouns whose records can be asked for more."""

    LEAD = "lead", _("lead")
    OPPORTUNITY = "opportunity", _("opportunity")
    ACCOUNT = "account", _("account")
    CONTACT = "contact", _("contact")


@dataclass(frozen=True)
class Choice:
    """One choice of a field. A retired one is not offered any more, and stays where it was chosen."""

    key: str
    label: str
    is_retired: bool


class CustomFields(models.QuerySet["CustomField"]):
    """Questions about custom fields."""

    def visible_to(self, user: User) -> CustomFields:
        """Those that at least one of the person's roles may see."""
        roles = abilities.standing_of(user).roles
        return self.exclude(hidden_from__contains=sorted(roles)) if roles else self.none()

    def of_noun(self, noun: str) -> CustomFields:
        return self.filter(noun=noun).order_by("position", "pk")

    def in_use(self) -> CustomFields:
        return self.filter(archived_at__isnull=True)

    def described(self) -> CustomFields:
        """With their choices, in the same query."""
        return self.annotate(choice_rows=models.Func(template=_CHOICES, output_field=ArrayField(models.JSONField())))


class CustomField(models.Model):
    """One field of one noun. `label` is what it is called; in another language it may have another name.

    From the stage `required_from` on a record cannot move without it: see `tasuki.crm.requirements`. Who has only roles of `hidden_from`
    never sees it. It is archived, never deleted: its values stay, and come back with it.
    """

    noun = models.CharField(_("noun"), max_length=16, choices=FieldNoun.choices)
    kind = models.CharField(_("kind"), max_length=12, choices=FieldKind.choices)
    label = models.CharField(_("name"), max_length=60)
    label_en = models.CharField(_("name in English"), max_length=60, blank=True)
    label_ko = models.CharField(_("name in Korean"), max_length=60, blank=True)
    label_ja = models.CharField(_("name in Japanese"), max_length=60, blank=True)
    help_text = models.CharField(_("help"), max_length=300, blank=True)
    position = models.PositiveIntegerField(_("position"))
    required_from = models.CharField(_("required from"), max_length=12, blank=True)
    hidden_from = ArrayField(models.CharField(max_length=16, choices=Role.choices), verbose_name=_("hidden from"), default=list, blank=True)
    created_at = models.DateTimeField(_("created"))
    archived_at = models.DateTimeField(_("archived"), null=True)

    objects = CustomFields.as_manager()

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        constraints = [
            models.UniqueConstraint("noun", Lower("label"), condition=Q(archived_at__isnull=True), name="custom_field_called_so_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What it is called in the reader's language."""
        return str(getattr(self, f"label_{(translation.get_language() or 'en')[:2]}", "") or self.label)

    @property
    def slot(self) -> str:
        """Where its value stands in the column `custom` of a record."""
        return f"f{self.pk}"

    @property
    def key(self) -> str:
        """What filters, columns, mappings and the trail call it; renaming it changes none of them."""
        return f"custom.{self.slot}"

    def choices(self) -> list[Choice]:
        """All of its choices in order, retired ones too; asks for them only when it was not loaded `described`."""
        rows: Iterable[Any] | None = self.__dict__.get("choice_rows")
        if rows is None:
            rows = self.choice_set.order_by("position", "pk").values("pk", "label", "retired_at")
        return [Choice(str(row["pk"]), row["label"], row["retired_at"] is not None) for row in rows]


class CustomChoice(models.Model):
    """One choice of a field: renamed everywhere at once, retired but never lost."""

    field = models.ForeignKey(CustomField, models.CASCADE, related_name="choice_set")
    label = models.CharField(_("name"), max_length=80)
    position = models.PositiveIntegerField(_("position"))
    retired_at = models.DateTimeField(_("retired"), null=True)

    class Meta:
        verbose_name = _("choice")
        verbose_name_plural = _("choices")
        constraints = [models.UniqueConstraint("field", Lower("label"), name="choice_called_so_once")]

    def __str__(self) -> str:
        return self.label


def seen_by(user: User, noun: str) -> list[CustomField]:
    """The fields in use of a noun that the person may see, in order, with their choices: one query."""
    roles = abilities.standing_of(user).roles
    found = list(CustomField.objects.raw(_SEEN, [noun, sorted(roles)])) if roles else []
    for one in found:
        vars(one)["choice_rows"] = [json.loads(row) for row in vars(one)["choice_rows"]]
    return found


def in_use(noun: str) -> list[CustomField]:
    """All fields in use of a noun, in order, with their choices: for what acts for the organisation."""
    return list(CustomField.objects.of_noun(noun).in_use().described())


def names(keys: Iterable[str]) -> dict[str, str]:
    """What the fields with these keys are called, archived ones too: for the trail. No query without keys."""
    ids = [int(key.removeprefix("custom.f")) for key in set(keys)]
    return {field.key: field.name for field in CustomField.objects.filter(pk__in=ids)} if ids else {}


def model_of(noun: str) -> type[models.Model]:
    """The model whose records a field of the noun is about. They stand above us in the import graph; Django's registry knows them."""
    return next(model for model in apps.get_models() if getattr(model, "noun", "") == noun)
