"""Fields of forms as what they are: Django knows them only as fields."""

from __future__ import annotations

from typing import TypeVar

from django.forms import Field

Kind = TypeVar("Kind", bound=Field)


def typed(field: Field, kind: type[Kind]) -> Kind:
    """The field, known to be of its kind. Raises TypeError where the form declares another."""
    if not isinstance(field, kind):
        raise TypeError(f"A {kind.__name__} was meant, and the form has a {type(field).__name__}.")
    return field
