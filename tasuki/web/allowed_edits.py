"""What of a record this person may change where it stands: asked by pages and lists for every fact and cell, without a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.custom_fields.definitions import FieldNoun
from tasuki.core.edits.nouns import editables

if TYPE_CHECKING:
    from tasuki.core.abilities import Standing
    from tasuki.core.people import User

# What is changed together, under one name.
TOGETHER: Mapping[str, Mapping[str, tuple[str, ...]]] = {"contact": {"person": ("family_name", "given_name")}}
# Whose owner is given by a verb of its own, with a reason.
GIVEN = ("account", "lead", "opportunity")


def keys_for(noun: str, standing: Standing) -> frozenset[str]:
    """The built-in fields of a noun that a person may change; with "custom" when that goes for custom ones too."""
    editable = editables().get(noun)
    if editable is None:
        return frozenset()
    keys = {"owner"} if noun in GIVEN and Ability.ASSIGN_OWNERS in standing.abilities else set()
    if editable.ability in standing.abilities:
        hidden = standing.hides(noun)
        keys |= {key for key in editable.fields if editable.sensitive.get(key) not in hidden} | set(TOGETHER.get(noun, {}))
        keys |= {"custom"} if noun in FieldNoun.values else set()
    return frozenset(keys)


@dataclass(frozen=True)
class Allowed:
    """The fields of one noun that a person may change."""

    noun: str
    keys: frozenset[str]

    def may(self, record: Any, key: str) -> bool:
        """Whether the field of this very record can be changed: what a closed deal was is history, its custom fields are not."""
        return self.allows(key, is_open=self.is_open(record))

    def allows(self, key: str, *, is_open: bool) -> bool:
        """The same of a record of which it is known whether it is open."""
        return "custom" in self.keys if key.startswith("custom.") else is_open and key in self.keys

    def is_open(self, record: Any) -> bool:
        """Whether the fields of this record that come with its noun can be changed at all."""
        return bool(self.keys) and editables()[self.noun].is_open(record)

    def href(self, record: Any, key: str) -> str:
        """Where the field is changed. A list asks for hundreds, so that the address is looked up once."""
        before, after = self._address
        return f"{before}{record.pk}{after}{key}"

    @cached_property
    def _address(self) -> tuple[str, str]:
        before, _nought, after = reverse("edit", args=[self.noun, 0, "-"]).removesuffix("-").rpartition("0")
        return before, after


def allowed(noun: str, reader: User) -> Allowed:
    return Allowed(noun, keys_for(noun, abilities.standing_of(reader)))
