"""What a noun says of the fields that can be changed one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from django.apps import apps
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import Said, Seen
from tasuki.core.money import Money

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tasuki.core.people import User

# JSON, as `meanwhile.plain` writes it, back into what the noun's verb takes.
Read = Callable[[Any], Any]


class RecordGone(Refused):
    code = "record_gone"

    def __init__(self) -> None:
        super().__init__(_("What stood there is not there any more."))


class Change(Protocol):
    def __call__(self, record: Any, /, *, said: Said, by: By, at: datetime, seen: Seen | None = None) -> Any: ...


@dataclass(frozen=True)
class Editable:
    """`rows` gives what a person may see of the noun, `ability` what it takes to change it, `change` is its verb for some of its fields.

    `fields` are those that `change` takes, with how each is read from JSON; `sensitive` names the entry of SENSITIVE_FIELDS that hides one
    from some; `of_many` are those that make sense for many records at once; `is_open` says of a record whether `change` takes it at all.
    """

    noun: str
    ability: Ability
    rows: Callable[[User], QuerySet[Any]]
    change: Change
    fields: Mapping[str, Read]
    sensitive: Mapping[str, str] = field(default_factory=dict)
    of_many: tuple[str, ...] = ()
    is_open: Callable[[Any], bool] = bool


@cache
def editables() -> dict[str, Editable]:
    """Every noun whose records can be edited, from settings.EDITABLE_NOUNS."""
    found: list[Editable] = [import_string(path) for path in settings.EDITABLE_NOUNS]
    return {one.noun: one for one in found}


def text(value: Any) -> str:
    return str(value or "")


def whole(value: Any) -> int | None:
    return None if value is None else int(value)


def day(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None


def money(value: Any) -> Money | None:
    return Money(Decimal(value["amount"]), value["currency"]) if value else None


def texts(value: Any) -> tuple[str, ...]:
    return tuple(value or ())


def record_of(model: str) -> Read:
    """A record of the model by its number. Reading raises RecordGone for one that is not there any more."""

    def read(value: Any) -> Any:
        found = apps.get_model(model)._default_manager.filter(pk=value).first() if value else None
        if value and found is None:
            raise RecordGone
        return found

    return read
