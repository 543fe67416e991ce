"""Which record's value stays in each field of a merge: what can be chosen, what is proposed, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from tasuki.core.custom_fields.definitions import CustomField

Record = Any


@dataclass(frozen=True)
class Choice:
    """One thing that is chosen: the attributes that go together. `hidden_as` names the entry of SENSITIVE_FIELDS that hides it from some.

    `full` are the attributes without which a value is only half of one, such as a country without its corporate number.
    """

    key: str
    label: Any
    attributes: tuple[str, ...]
    hidden_as: str = ""
    full: tuple[str, ...] = ()
    custom: CustomField | None = None

    def value(self, record: Record) -> tuple[Any, ...]:
        if self.custom:
            return (record.custom.get(self.custom.slot),)
        return tuple(getattr(record, attribute) for attribute in self.attributes)

    def is_empty(self, record: Record) -> bool:
        return all(value in ("", None) for value in self.value(record))

    def is_full(self, record: Record) -> bool:
        return all(getattr(record, attribute) not in ("", None) for attribute in self.full)


ACCOUNT = (
    Choice("name", _("name"), ("name", "folded_name")),
    Choice("domain", _("domain"), ("domain",)),
    Choice("industry", _("industry"), ("industry",)),
    Choice("n_employees", _("employees"), ("n_employees",)),
    Choice("number", _("country and corporate number"), ("country", "corporate_number"), full=("corporate_number",)),
    Choice("postal_address", _("postal address"), ("postal_address",)),
    Choice("parent", _("parent company"), ("parent_id",)),
    Choice("owner", _("owner"), ("owner_id", "team_id")),
)
CONTACT = (
    Choice("name", _("name"), ("family_name", "given_name")),
    Choice("title", _("job title"), ("title",)),
    Choice("department", _("department"), ("department",)),
    Choice("roles", _("roles in buying"), ("roles",)),
    Choice("account", _("account"), ("account_id",)),
    Choice("email", _("main mail address"), ("main_email",), hidden_as="emails"),
    Choice("phone", _("main telephone number"), ("main_phone",), hidden_as="phones"),
    Choice("language", _("language"), ("language",)),
)
OF_NOUN: Mapping[str, tuple[Choice, ...]] = {"account": ACCOUNT, "contact": CONTACT, "lead": ()}
# These are the survivor's own unless somebody chooses otherwise.
_THE_SURVIVORS = ("owner",)


def choices(noun: str, fields: Sequence[CustomField]) -> list[Choice]:
    """Everything that can be chosen for a noun with these custom fields, in the order in which it is shown."""
    return [*OF_NOUN[noun], *(Choice(field.key, field.name, (), custom=field) for field in fields)]


def proposed(choice: Choice, records: Sequence[Record], *, survivor: Record) -> Record:
    """The record whose value is proposed: the newest that has one; the survivor's where nobody has, or where it is about who owns."""
    if choice.key in _THE_SURVIVORS:
        return survivor

    def rank(record: Record) -> tuple[Any, ...]:
        return (choice.is_full(record), record.updated_at, record.pk == survivor.pk, record.pk)

    return max((record for record in records if not choice.is_empty(record)), key=rank, default=survivor)


def likeliest_survivor(records: Sequence[Record], those: Sequence[Choice]) -> Record:
    """The most complete; of equals the oldest. A lead in process before one that ended."""

    def rank(record: Record) -> tuple[Any, ...]:
        n_known = sum(1 for choice in those if not choice.is_empty(record))
        return (getattr(record, "stage_id", "") is None, -n_known, record.pk)

    return min(records, key=rank)
