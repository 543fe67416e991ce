"""What is chosen by name in a chip, because it is too much to be ticked: people, accounts, contacts, leads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core.filters.errors import FilterWrong
from tasuki.core.filters.fields import Field, Kind
from tasuki.core.people import User
from tasuki.core.search import finding
from tasuki.core.search.folding import fold
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.web.offered_people import OFFERED, Offer, colleagues_of, everybody_of
from tasuki.web.requests import record_id

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

LONGEST_NAME = 254


class SeveralFit(FilterWrong):
    """A name that several have, or that one nearly has: `typed` is to be asked about once more."""

    def __init__(self, typed: str, sentence: str) -> None:
        super().__init__(sentence % {"name": typed})
        self.typed = typed


class Named(ABC):
    """Who or what a reader can name: `address` offers names while they are typed, `label` says what may be typed, `sent_as` the form sends."""

    sent_as: ClassVar[str] = "named"
    address: str
    label: _StrOrPromise

    @abstractmethod
    def meant(self, typed: str) -> str:
        """The number, as filters write it, of what is called so. Raises FilterWrong for nothing of that name, SeveralFit for more."""

    @abstractmethod
    def fitting(self, typed: str) -> list[tuple[str, str]]:
        """What fits a name that was not clear: numbers, and what tells them apart."""


class People(Named):
    sent_as = "v"

    def __init__(self, reader: User, *, has_left: bool = False) -> None:
        self.there: Offer = everybody_of(reader) if has_left else colleagues_of(reader)
        self.address, self.label = self.there.address, _("Name or mail address")

    def meant(self, typed: str) -> str:
        if typed == "me" or record_id(typed) is not None:
            return typed
        called = self.there.exactly(typed)
        if len(called) == 1:
            return called[0].key
        if called or self.there.like(typed)[1]:
            raise SeveralFit(typed, _("Several people fit “%(name)s”. Choose among them."))
        raise FilterWrong(_("Nobody here is called “%(name)s”.") % {"name": typed})

    def fitting(self, typed: str) -> list[tuple[str, str]]:
        return [(one.key, f"{one.label} · {one.more}") for one in self.there.like(typed)[0]]


@dataclass(frozen=True)
class Fitting:
    """What a typed name can mean, the likeliest first; `is_nearly`: nothing is called so, but perhaps it was misspelled."""

    rows: Sequence[Any]
    is_nearly: bool = False


class Records(Named):
    """Of one `noun`. What is sent is a name, or # and a number: a company may be called “1923”."""

    noun: ClassVar[str]

    def __init__(self, reader: User) -> None:
        self.reader, self.address = reader, reverse(f"{self.noun}_names")

    @property
    @abstractmethod
    def rows(self) -> QuerySet[Any]:
        """Those that the reader sees."""

    @abstractmethod
    def called(self, row: Any) -> str:
        """What it is called."""

    @abstractmethod
    def in_words(self, row: Any) -> str:
        """What it is called, and what tells it from others of that name."""

    @abstractmethod
    def nothing(self, typed: str) -> str:
        """A sentence for when there is nothing of that name."""

    def meant(self, typed: str) -> str:
        pk = record_id(typed[1:]) if typed.startswith("#") else None
        if pk is not None and self.rows.filter(pk=pk).exists():
            return str(pk)
        found = self.fits(typed)
        if not found.rows:
            raise FilterWrong(self.nothing(typed))
        if found.is_nearly:
            raise SeveralFit(typed, _("Nothing is called “%(name)s”. Choose, if one of these is meant."))
        if len(found.rows) > 1:
            raise SeveralFit(typed, _("“%(name)s” can mean more than one. Choose which is meant."))
        return str(found.rows[0].pk)

    def fitting(self, typed: str) -> list[tuple[str, str]]:
        return [(str(row.pk), self.in_words(row)) for row in self.fits(typed).rows]

    def fits(self, typed: str) -> Fitting:
        """Those of that name in whatever spelling; else those that hold the words. At most OFFERED."""
        found = self.found(typed)
        called = [row for row in found.rows if fold(self.called(row)) == fold(typed)]
        return Fitting(called) if called else found

    def found(self, typed: str, *, most: int = OFFERED) -> Fitting:
        """Those that hold the words, best first."""
        found = finding.find(self.reader, typed[:LONGEST_NAME], most=most, of=self.noun)
        ids = found.ids.get(self.noun, [])
        by_pk = self.rows.in_bulk(ids)
        return Fitting([by_pk[pk] for pk in ids if pk in by_pk], is_nearly=found.is_nearly)


class Accounts(Records):
    noun, label = "account", gettext_lazy("Name of the account")

    @property
    def rows(self) -> QuerySet[Any]:
        return Account.objects.visible_to(self.reader)

    def fits(self, typed: str) -> Fitting:
        """Those of that name in whatever spelling, the one alone that is written so; else those that hold the words."""
        called = list(Account.objects.visible_to(self.reader).called(typed)[:OFFERED])
        written = [one for one in called if one.name == typed]
        return Fitting(written if len(written) == 1 else called) if called else self.found(typed)

    def called(self, row: Any) -> str:
        return str(row.name)

    def in_words(self, row: Any) -> str:
        return " · ".join(word for word in (row.name, row.domain, row.country, row.industry) if word)

    def nothing(self, typed: str) -> str:
        return _("There is no account “%(name)s” that you can see.") % {"name": typed}


class Leads(Records):
    noun, label = "lead", gettext_lazy("Person, company or reference")

    @property
    def rows(self) -> QuerySet[Any]:
        return Lead.objects.visible_to(self.reader).select_related("contact", "account", "stage")

    def called(self, row: Any) -> str:
        return str(row.title)

    def in_words(self, row: Any) -> str:
        company = row.account.name if row.account and row.contact else ""
        return " · ".join(word for word in (row.title, company, row.source, row.reference) if word)

    def nothing(self, typed: str) -> str:
        return _("There is no lead “%(name)s” that you can see.") % {"name": typed}


class Contacts(Records):
    noun, label = "contact", gettext_lazy("Name of the person")

    @property
    def rows(self) -> QuerySet[Any]:
        return Contact.objects.visible_to(self.reader).select_related("account")

    def called(self, row: Any) -> str:
        return str(row.display_name)

    def in_words(self, row: Any) -> str:
        return " · ".join(word for word in (row.display_name, row.account.name if row.account else "", row.title) if word)

    def nothing(self, typed: str) -> str:
        return _("There is no contact “%(name)s” that you can see.") % {"name": typed}


_BY_NOUN: Mapping[str, Callable[[User], Records]] = {one.noun: one for one in (Accounts, Contacts, Leads)}


def of_noun(noun: str, reader: User) -> Records:
    return _BY_NOUN[noun](reader)


def of_field(field: Field, reader: User) -> Named | None:
    """How the values of a field are named, for those that are."""
    if field.kind is Kind.PERSON:
        return People(reader, has_left=field.has_left)
    return of_noun(field.noun, reader) if field.noun else None
