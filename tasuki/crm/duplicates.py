"""Which records are probably the same as another: found by exact keys, each through its index, so that asking costs nothing on a form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused
from tasuki.core.imports.copying import execute
from tasuki.crm import matching
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact


class Key(models.TextChoices):
    """What two records have in common, the strongest first."""

    NUMBER = "number", _("same corporate number")
    MAIL = "mail", _("same mail address")
    NAME_AND_DOMAIN = "name_and_domain", _("same name and domain")
    PHONE = "phone", _("same telephone number")
    NAME_AT_ACCOUNT = "name_at_account", _("same name at the same company")
    DOMAIN = "domain", _("same domain")
    NAME = "name", _("same name")


# What a key says that others say too.
WITHIN = {Key.NAME_AND_DOMAIN: (Key.NAME, Key.DOMAIN), Key.NAME_AT_ACCOUNT: (Key.NAME,)}
_ORDER = {key: place for place, key in enumerate(Key)}


class AlreadyKnown(Refused):
    """Records with the same keys are there: whoever adds one looks at them first, and says which way to go on."""

    code = "already_known"

    def __init__(self, noun: str, matches: Sequence[Match]) -> None:
        super().__init__(_("This is probably here already. Look at what is there, then say which way to go on."))
        self.noun, self.matches = noun, list(matches)


# More than so many are no duplicates of one record but a key that says nothing.
MOST = 20


@dataclass(frozen=True)
class Match:
    """A record that is there, and what it has in common with the one that is asked about."""

    pk: int
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class CompanyKeys:
    """What a company is recognised by. A domain of a mail provider is none."""

    folded: str = ""
    domain: str = ""
    country: str = ""
    number: str = ""

    def locks(self) -> list[str]:
        return [f"account {word}" for word in (self.folded, self.domain, self.number and f"{self.country} {self.number}") if word]


@dataclass(frozen=True)
class PersonKeys:
    """What a person is recognised by: keys of mail addresses, numbers in E.164, and the name at a company."""

    emails: Collection[str] = ()
    phones: Collection[str] = ()
    account_id: int | None = None
    name: str = ""

    def locks(self) -> list[str]:
        words = [*self.emails, *self.phones]
        return [f"contact {word}" for word in ([*words, f"{self.account_id} {self.name}"] if self.account_id and self.name else words)]


# A name in one piece, in either order of its parts, without regard to capitals and spaces.
NAME_SQL = "lower(regexp_replace({0}.family_name || {0}.given_name, '\\s', '', 'g'))"

_ACCOUNTS = """
SELECT id, 'number' FROM crm_account WHERE %(number)s <> '' AND country = %(country)s AND corporate_number = %(number)s AND corporate_number <> ''
UNION ALL (SELECT id, CASE WHEN domain = %(domain)s AND domain <> '' THEN 'name_and_domain' ELSE 'name' END FROM crm_account
           WHERE %(folded)s <> '' AND folded_name = %(folded)s AND NOT {contradicts} ORDER BY domain = %(domain)s DESC, id LIMIT %(most)s)
UNION ALL (SELECT id, 'domain' FROM crm_account WHERE %(domain)s <> '' AND domain = %(domain)s AND domain <> '' AND folded_name <> %(folded)s
           AND NOT {contradicts} ORDER BY id LIMIT %(most)s)
""".format(contradicts="(country = %(country)s AND %(number)s <> '' AND corporate_number <> '' AND corporate_number <> %(number)s)")

_CONTACTS = f"""
(SELECT contact_id, 'mail' FROM crm_contactemail WHERE key = ANY(%(emails)s) LIMIT %(most)s)
UNION ALL (SELECT contact_id, 'phone' FROM crm_contactphone WHERE e164 = ANY(%(phones)s) LIMIT %(most)s)
UNION ALL (SELECT id, 'name_at_account' FROM crm_contact WHERE account_id = %(account)s AND %(name)s <> '' AND {NAME_SQL.format("crm_contact")} = %(name)s
           LIMIT %(most)s)
"""


def accounts_like(keys: CompanyKeys, *, but: Iterable[int] = ()) -> list[Match]:
    """The accounts that are probably this company, the likeliest first. Two with different numbers of one country are not."""
    domain = "" if matching.is_free_mail(keys.domain) else keys.domain
    asked = {"folded": keys.folded, "domain": domain, "country": keys.country, "number": keys.number, "most": MOST}
    return _matches(_ACCOUNTS, asked, but=but)


def contacts_like(keys: PersonKeys, *, but: Iterable[int] = ()) -> list[Match]:
    """The contacts that are probably this person, the likeliest first."""
    asked = {"emails": list(keys.emails), "phones": list(keys.phones), "account": keys.account_id, "name": keys.name, "most": MOST}
    return _matches(_CONTACTS, asked, but=but)


def like(record: Account | Contact) -> list[Match]:
    """The other records that are probably the same."""
    if isinstance(record, Account):
        keys = CompanyKeys(record.folded_name, record.domain, record.country, record.corporate_number)
        return accounts_like(keys, but=[record.pk])
    emails, phones = [one.key for one in record.emails.all()], [one.e164 for one in record.phones.all()]
    return contacts_like(PersonKeys(emails, phones, record.account_id, name_key(record.family_name, record.given_name)), but=[record.pk])


def name_key(family: str, given: str) -> str:
    """As NAME_SQL has it."""
    return "".join(f"{family}{given}".split()).lower()


def look_before(keys: CompanyKeys | PersonKeys, *, another: str, but: Collection[int] = ()) -> list[Match]:
    """What is there already, `but` for these, asked while nobody else can add it. `another` is why the new one is another nevertheless.

    Raises AlreadyKnown when something is there and nobody said why. Call it in the transaction that adds or changes.
    """
    hold(keys.locks())
    matches = accounts_like(keys, but=but) if isinstance(keys, CompanyKeys) else contacts_like(keys, but=but)
    if matches and not another.strip():
        raise AlreadyKnown("account" if isinstance(keys, CompanyKeys) else "contact", matches)
    return matches


def hold(locks: Sequence[str]) -> None:
    """Nobody else adds what has one of these keys until the end of the transaction: of two who do it at once, the second is told."""
    for word in sorted(set(locks)):
        execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [word])


def _matches(statement: str, asked: Mapping[str, Any], *, but: Iterable[int]) -> list[Match]:
    without, found = set(but), defaultdict[int, set[Key]](set)
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        for pk, key in cursor.fetchall():
            if pk not in without:
                found[pk].add(Key(key))
    matches = [Match(pk, tuple(sorted(keys, key=_ORDER.__getitem__))) for pk, keys in found.items()]
    return sorted(matches, key=lambda match: (_ORDER[match.keys[0]], -len(match.keys), match.pk))[:MOST]
