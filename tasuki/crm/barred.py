"""Who asked to be erased: nobody writes their addresses and numbers down again, by hand or by an import, until the block is lifted.

The blocks stand above us in the import graph: whoever knows them says so by `add_source`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused
from tasuki.core.imports.nouns import Chunk
from tasuki.crm import ways_of_rows

if TYPE_CHECKING:
    from tasuki.crm.accounts import Account
    from tasuki.crm.contacts import Contact
    from tasuki.crm.leads import Lead

# Numbers in E.164 and addresses as they are compared → those of them that are barred.
Source = Callable[[Collection[str], Collection[str]], frozenset[str]]
_sources: list[Source] = []


class AskedToBeErased(Refused):
    code = "asked_to_be_erased"

    def __init__(self) -> None:
        super().__init__(
            _("This person asked to be erased. If they come back of their own will, lift the block of their address or number under Do not contact first.")
        )


class ErasedPerson(Refused):
    code = "erased_person"

    def __init__(self) -> None:
        super().__init__(_("This person is erased. Nothing is written about them any more."))


def add_source(source: Source) -> None:
    if source not in _sources:
        _sources.append(source)


def among(*, numbers: Collection[str] = (), addresses: Collection[str] = ()) -> frozenset[str]:
    return frozenset[str]().union(*(source(numbers, addresses) for source in _sources))


def refuse(*, numbers: Collection[str] = (), addresses: Collection[str] = ()) -> None:
    """Raises AskedToBeErased."""
    if (numbers or addresses) and among(numbers=numbers, addresses=addresses):
        raise AskedToBeErased


def is_erased(record: Account | Contact | Lead | None) -> bool:
    """Whether it is a person who was erased, or a lead of theirs."""
    person = getattr(record, "contact", record)
    return getattr(person, "erased_at", None) is not None


def refuse_erased(record: Account | Contact | Lead | None) -> None:
    """Raises ErasedPerson."""
    if is_erased(record):
        raise ErasedPerson


def refuse_rows(chunk: Chunk) -> None:
    """Rows of a file that would bring somebody back who asked to be erased do not come in, and say so."""
    lines = [line for line in chunk.waiting() if line.values.keys() & {"email", "phone"}]
    numbers = {number for line in lines for number in line.values.get("phone", ())}
    addresses = {key for line in lines for _address, key in ways_of_rows.addresses_of(line.values)}
    found = among(numbers=numbers, addresses=addresses) if lines else frozenset()
    for line in lines if found else ():
        if any(key in found for _address, key in ways_of_rows.addresses_of(line.values)):
            line.reject("email", str(_ROW))
        elif not found.isdisjoint(line.values.get("phone", ())):
            line.reject("phone", str(_ROW))


_ROW = _("This person asked to be erased: the row is left out, so that nobody reaches them again.")
