"""What somebody else did since a person looked: the record as it is now, and the refusal to write over what was written there since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Manager, Model
from django.utils.translation import gettext as _

from tasuki.core.audit import AuditEntry
from tasuki.core.errors import Gone, Refused
from tasuki.core.money import Money

if TYPE_CHECKING:
    from datetime import datetime

Record = TypeVar("Record", bound=Model)
# Field → what shall stand there, as the noun's verb takes it.
Said = Mapping[str, Any]
# Field → the mark of what the person saw there.
Seen = Mapping[str, str]

# What the trail calls the columns of a field that has several.
_IN_TRAIL = {"money": ("amount", "price", "currency")}
_N_HEX = 20


@dataclass(frozen=True)
class Overtaken:
    """A field that was changed between the look and the word: its last change as the trail has it, or None for one without a trail."""

    field: str
    entry: AuditEntry | None

    @property
    def before(self) -> Any:
        return self._change[0]

    @property
    def after(self) -> Any:
        return self._change[1]

    @property
    def who(self) -> str:
        """By name; what came in without a person is named by its door."""
        if self.entry is None:
            return _("somebody")
        return str(self.entry.actor or self.entry.get_door_display())

    @property
    def at(self) -> datetime | None:
        return self.entry.at if self.entry else None

    @property
    def _change(self) -> list[Any]:
        names = _IN_TRAIL.get(self.field, (self.field,))
        return next((self.entry.changes[name] for name in names if name in self.entry.changes), [None, None]) if self.entry else [None, None]


class ChangedMeanwhile(Refused):
    """Somebody else changed a field since the person looked. `fields` says which, who, when, from what to what."""

    code = "changed_meanwhile"
    status = 409

    def __init__(self, fields: list[Overtaken]) -> None:
        names = ", ".join(dict.fromkeys(one.who for one in fields))
        super().__init__(_("%(who)s changed this meanwhile. Look at it again, then write yours or keep theirs.") % {"who": names})
        self.fields = fields


def held(record: Record) -> Record:
    """The record as it is now, held until the end of the transaction. Raises Gone for one that was removed or merged meanwhile.

    Not the strongest lock: what others write about it refers to it, and need not wait. And without its relatives: whoever had to wait for
    a record that came to name another one would see none beside it.
    """
    found = type(record)._default_manager.get_queryset().select_for_update(no_key=True).filter(pk=record.pk).first()
    if found is None:
        raise Gone
    return found


def stands(record: Any, field: str) -> Any:
    """What stands in a field now, as JSON; rows that belong to the record (`emails`) as their texts."""
    if field.startswith("custom."):
        return record.custom.get(field.removeprefix("custom."))
    try:
        value = getattr(record, getattr(record._meta.get_field(field), "attname", field))
    except FieldDoesNotExist:
        value = getattr(record, field)
    return plain([str(one) for one in value.all()] if isinstance(value, Manager) else value)


def plain(value: Any) -> Any:
    """The value as JSON: money by amount and currency, a record by its number. Equal values are equal, however they are written."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, Money):
        return {"amount": plain(value.amount), "currency": value.currency}
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def trimmed(said: Said) -> dict[str, Any]:
    """What is said, its texts without the space around them."""
    return {field: value.strip() if isinstance(value, str) else value for field, value in said.items()}


def mark(value: Any) -> str:
    """A short name for a value: nobody reads from it what it is, and nobody meets another value with the same one."""
    return hashlib.sha256(json.dumps(plain(value), sort_keys=True).encode()).hexdigest()[:_N_HEX]


def marks(record: Any, fields: Iterable[str]) -> dict[str, str]:
    """What somebody who looks at the record now sees in these fields."""
    return {field: mark(stands(record, field)) for field in fields}


def refuse_overtaken(record: Any, *, said: Said, seen: Seen | None) -> None:
    """Raise ChangedMeanwhile for fields that are said anew and do not stand as they were seen; `said` as `stands` would have it.

    A field that was not looked at, and one in which somebody has written the very same, is no conflict. The caller holds the record locked.
    """
    if not seen:
        return
    now = marks(record, [field for field in said if field in seen])
    overtaken = [field for field, stands_now in now.items() if stands_now not in (seen[field], mark(said[field]))]
    if overtaken:
        raise ChangedMeanwhile([Overtaken(field, _last_change(record, field)) for field in overtaken])


def _last_change(record: Any, field: str) -> AuditEntry | None:
    keys = list(_IN_TRAIL.get(field, (field,)))
    return AuditEntry.objects.of(record).filter(changes__has_any_keys=keys).newest_first().for_listing().first()
