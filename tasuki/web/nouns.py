"""What our nouns and their fields are called, and where a record is shown."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.urls import NoReverseMatch, reverse

OUR_APPS = ("core", "crm", "engage", "inside_sales", "sales", "relay")
_PAGES = {"user": "person", "bulkrun": "bulk", "importrun": "import", "plan": "plan_version"}


def models() -> dict[str, type[Model]]:
    """Our models by noun, as the audit trail names them."""
    return {model._meta.model_name or "": model for label in OUR_APPS for model in apps.get_app_config(label).get_models()}


def spoken_of() -> dict[str, type[Model]]:
    """Those that a person has a word for; the others are how we keep things."""
    return {noun: model for noun, model in models().items() if "verbose_name" in model._meta.original_attrs}


def label(noun: str) -> Any:
    """The noun in the reader's language; the name itself where no model has it (any more)."""
    model = models().get(noun)
    return model._meta.verbose_name if model else noun


def plural(noun: str) -> Any:
    """Many of the noun in the reader's language."""
    model = models().get(noun)
    return model._meta.verbose_name_plural if model else noun


def field_label(noun: str, field: str) -> Any:
    model = models().get(noun)
    if model is None:
        return field
    try:
        found = model._meta.get_field(field)
    except FieldDoesNotExist:
        return field
    return getattr(found, "verbose_name", None) or getattr(found, "related_model", model)._meta.verbose_name_plural


def address(noun: str, record_id: int) -> str:
    """The page of a record, for nouns that have one; else nothing."""
    try:
        return reverse(_PAGES.get(noun, noun), args=[record_id])
    except NoReverseMatch:
        return ""
