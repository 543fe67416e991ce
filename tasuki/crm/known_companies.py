"""Which account a row of a file is about: recognised by its number, its domain or its name, among those that are here and those above it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from tasuki.core.imports.nouns import Chunk, Line
from tasuki.core.imports.runs import DuplicatePolicy
from tasuki.crm import matching

_COLUMNS = "account.id, account.name, account.folded_name, account.country, account.domain, account.corporate_number"
_ALIKE = f"""
SELECT {_COLUMNS} FROM crm_account account WHERE account.folded_name = ANY(%s)
UNION
SELECT {_COLUMNS} FROM crm_account account WHERE account.domain <> '' AND account.domain = ANY(%s)
UNION
SELECT {_COLUMNS} FROM unnest(%s::text[], %s::text[]) AS said(country, number)
JOIN crm_account account ON account.country = said.country AND account.corporate_number = said.number AND account.corporate_number <> ''
ORDER BY 1
"""


@dataclass(frozen=True)
class Company:
    """What tells one company from another. `key` is the account's id, or less than nothing for a company that only the file has."""

    key: int
    name: str
    folded: str
    country: str = ""
    domain: str = ""
    number: str = ""

    @property
    def age(self) -> tuple[bool, int]:
        """Accounts before the rows of the file, each in their order: as they will have been written when the next chunk looks."""
        return self.key < 0, abs(self.key)

    def has_other_number(self, other: Company) -> bool:
        return _contradict(self.number, other.number)

    def contradicts(self, other: Company) -> bool:
        return _contradict(self.country, other.country) or _contradict(self.domain, other.domain) or self.has_other_number(other)


class Companies:
    """Companies, found by what they have in common with another."""

    def __init__(self, known: Iterable[Company]) -> None:
        self._all: dict[int, Company] = {}
        self._by_number: dict[tuple[str, str], dict[int, Company]] = defaultdict(dict)
        self._by_domain: dict[str, dict[int, Company]] = defaultdict(dict)
        self._by_name: dict[str, dict[int, Company]] = defaultdict(dict)
        for company in known:
            self.put(company)

    def put(self, company: Company) -> None:
        """Note a company, or what is known of it by now."""
        if old := self._all.get(company.key):
            for found_by in self._places(old):
                del found_by[old.key]
        self._all[company.key] = company
        for found_by in self._places(company):
            found_by[company.key] = company

    def find(self, said: Company) -> Company | None:
        """The company that is the same as `said`: its number is equal, or its domain, or its name and nothing contradicts.

        Two with different numbers are never the same. Of several, it is the one that is most alike, else the oldest.
        """
        numbered = self._by_number[said.country, said.number].values() if said.number else ()
        return next(iter(numbered), None) or self._of_domain(said) or self._of_name(said)

    def _of_domain(self, said: Company) -> Company | None:
        there = [one for one in self._by_domain[said.domain].values() if not one.has_other_number(said)] if said.domain else []
        return min(there, key=lambda one: (one.folded != said.folded, one.country != said.country, one.age), default=None)

    def _of_name(self, said: Company) -> Company | None:
        there = [one for one in self._by_name[said.folded].values() if not one.contradicts(said)]
        return min(there, key=lambda one: (one.name != said.name, one.age), default=None)

    def _places(self, company: Company) -> list[dict[int, Company]]:
        places = [self._by_name[company.folded]]
        if company.domain:
            places.append(self._by_domain[company.domain])
        if company.number:
            places.append(self._by_number[company.country, company.number])
        return places


def recognise(chunk: Chunk) -> dict[Any, int]:
    """Set `company` in the values of each row, equal where rows are about one company; → the ids of those keys that are accounts here.

    A row that was recognised by more than its name says by what. Under the policy “create” each row is a company of its own.
    """
    if chunk.mapping.on_duplicate == DuplicatePolicy.CREATE:
        return {}
    known = list(_here(chunk))
    companies, ids = Companies(known), [company.key for company in known]
    named_before = chunk.named_before(ids)
    for line in chunk.waiting():
        said = _said(line)
        same = companies.find(said)
        if same is None:
            companies.put(said)
        elif same.folded != said.folded:
            _tell(line, said, same)
        if same:
            line.known_by = _known_by(said, same)
        line.values["company"] = said.key if same is None else same.key
        # Only the first row about an account changes it; what that row says is known of the account from there on.
        if same and same.key > 0 and same.key not in named_before and chunk.mapping.on_duplicate == DuplicatePolicy.UPDATE:
            country = same.country if same.number else said.country or same.country
            companies.put(replace(same, country=country, domain=said.domain or same.domain))
        named_before.add(line.values["company"])
    return {pk: pk for pk in ids}


def _said(line: Line) -> Company:
    values = line.values
    return Company(-line.row_no, values["name"], values["folded"], values.get("country", ""), values.get("domain", ""), values.get("corporate_number", ""))


def _here(chunk: Chunk) -> Iterator[Company]:
    """The accounts that any row of the chunk could be about."""
    numbers = sorted({(line.values.get("country", ""), line.values["corporate_number"]) for line in chunk.waiting() if line.values.get("corporate_number")})
    with connection.cursor() as cursor:
        asked = [[country for country, _number in numbers], [number for _country, number in numbers]]
        cursor.execute(_ALIKE, [list(chunk.values_of("folded")), list(chunk.values_of("domain")), *asked])
        for pk, name, folded, country, domain, number in cursor.fetchall():
            yield Company(pk, name, folded, country, "" if matching.is_free_mail(domain) else domain, number)


def _tell(line: Line, said: Company, same: Company) -> None:
    if said.number and said.number == same.number:
        line.say("corporate_number", _("This is taken for “%(name)s”, which has the same corporate number.") % {"name": same.name[:80]})
    else:
        line.say("domain", _("This is taken for “%(name)s”, which has the same domain.") % {"name": same.name[:80]})


def _known_by(said: Company, same: Company) -> str:
    if said.number and said.number == same.number:
        return "corporate_number"
    return "domain" if said.domain and said.domain == same.domain else "name"


def _contradict(one: str, other: str) -> bool:
    """Whether both say something, and not the same."""
    return bool(one and other and one != other)
