"""Which contact a row of a file is about: known by mail address, telephone number or name at a company, among those that are here and those above it.

What is ambiguous is never guessed: the address of one and the number of another, a number that several have, a number whose owner has another
address or name than the row. Such a row says so and does not come in, unless the mapping or a person says what it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Set
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext_lazy as _

from tasuki.core import names
from tasuki.core.imports.copying import array_of, look_up
from tasuki.core.imports.matches import Match, Unclear
from tasuki.core.imports.nouns import Chunk
from tasuki.core.imports.row_decisions import Chosen, Way
from tasuki.core.imports.runs import DuplicatePolicy, RowState
from tasuki.crm import matching, ways_of_rows
from tasuki.crm.duplicates import MOST, NAME_SQL, name_key

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

# What a person can be known by, the strongest first; and what is looked at unless somebody says otherwise: namesakes at one company are common.
KEYS = ("email", "phone", "name")
USUAL = ("email", "phone")
# What belongs to one person, whatever else a row says.
_OWN = ("reference", "email")
_NOTHING: Set[str] = frozenset()
_SAME: dict[str, _StrOrPromise] = {
    "email": _("same mail address"),
    "phone": _("same telephone number"),
    "name": _("same name at the same company"),
}

# One by one through the index of keys, whatever the planner believes of a table that an import is filling: `+ 0` keeps it from
# walking through all contacts in their order until one has the key, OFFSET 0 from reading all contacts to join them.
_PERSON = """
CROSS JOIN LATERAL (
    SELECT id, family_name, given_name, created_at, ARRAY(SELECT key FROM crm_contactemail mail WHERE mail.contact_id = one.id),
        coalesce((SELECT folded_name FROM crm_account account WHERE account.id = one.account_id), '')
    FROM crm_contact one WHERE one.id = there.id OFFSET 0) contact"""
_REFERENCES = """
SELECT reference, contact_id AS id FROM crm_formerrecord WHERE of = 'contact' AND reference <> '' AND reference = ANY(%s)
UNION ALL SELECT reference, id FROM crm_contact WHERE reference <> '' AND reference = ANY(%s)"""
_STATEMENTS = {
    "reference": f"SELECT there.reference, '', contact.* FROM ({_REFERENCES}) there {_PERSON}",
    "email": f"""SELECT said.key, '', contact.* FROM unnest(%s::text[]) AS said(key)
        CROSS JOIN LATERAL (SELECT contact_id AS id FROM crm_contactemail WHERE key = said.key ORDER BY contact_id + 0 LIMIT {MOST}) there {_PERSON}""",
    "phone": f"""SELECT said.e164, '', contact.* FROM unnest(%s::text[]) AS said(e164)
        CROSS JOIN LATERAL (SELECT contact_id AS id FROM crm_contactphone WHERE e164 = said.e164 ORDER BY contact_id + 0 LIMIT {MOST}) there {_PERSON}""",
    "name": f"""SELECT said.name, said.folded, contact.* FROM unnest(%s::text[], %s::text[]) AS said(name, folded)
        CROSS JOIN LATERAL (
            SELECT one.id FROM crm_account account JOIN crm_contact one ON one.account_id = account.id
            WHERE account.folded_name = said.folded AND {NAME_SQL.format("one")} = said.name ORDER BY one.id + 0 LIMIT {MOST}) there {_PERSON}""",
}


class Key(NamedTuple):
    """What a person is known by: the field that says it, and the value; of a name, the company too."""

    by: str
    value: str
    company: str = ""


class Person(NamedTuple):
    """What tells one person from another. `company` is the folded name of theirs; `is_of_file` says that the contact came since the import was
    asked for: with this file, or with another of its set."""

    mails: Set[str] = _NOTHING
    names: Set[str] = _NOTHING
    company: str = ""
    is_of_file: bool = True

    def contradicts(self, other: Person) -> bool:
        """Whether both say an address or a name, and not the same."""
        return _apart(self.mails, other.mails) or _apart(self.names, other.names)


# People by the ids of their contacts; somebody whom only the file has, by less than nothing.
There = dict[int, Person]


class People:
    """People, found by any of their keys."""

    def __init__(self) -> None:
        self._all: There = {}
        self._by_key: dict[Key, set[int]] = defaultdict(set)

    def put(self, pk: int, person: Person, keys: Iterable[Key]) -> None:
        """Note a person, or what is known of them by now."""
        self._all[pk] = person
        for key in keys:
            self._by_key[key].add(pk)

    def learn(self, pk: int, said: Person, keys: Iterable[Key]) -> None:
        """A row changed the contact: it has the row's name now, and the row's addresses and numbers besides its own. It stays at its company."""
        known = self._all[pk]
        changed = known._replace(mails=known.mails | said.mails, names=said.names or known.names)
        for name in known.names:
            self._by_key[Key("name", name, known.company)].discard(pk)
        own = [key for key in keys if key.by != "name"]
        self.put(pk, changed, [*own, *(Key("name", name, known.company) for name in changed.names if known.company)])

    def ids(self) -> Iterable[int]:
        return self._all.keys()

    def named(self, said: Person, keys: Iterable[Key]) -> dict[str, There]:
        """Whom each kind of key names. One of the file who contradicts is another, unless reference or address is the same: the file tells them apart."""
        found: dict[str, There] = {}
        for key in keys:
            for pk in self._by_key.get(key, ()):
                one = self._all[pk]
                if key.by in _OWN or not (one.is_of_file and one.contradicts(said)):
                    found.setdefault(key.by, {})[pk] = one
        return found


def recognise(chunk: Chunk, *, has_references: bool = False) -> None:
    """Set `person` in the values of each row that says who it is about, equal where rows are about one person: the id of the contact, or less than
    nothing for somebody new. Rows about a contact that was here say by what it was known; rows that leave open whom they mean are refused.

    `has_references` says that the references are those of people, and that a row which changes a contact brings it its name, address and numbers.
    """
    by = ("reference", *_by(chunk)) if has_references else _by(chunk)
    has_names = not set(by) <= set(_OWN)
    for line in chunk.waiting():
        line.values["keys"] = _keys(line.values, by)
    people = _here(chunk, {key for line in chunk.waiting() for key in line.values["keys"]})
    about = chunk.named_before(pk for pk in people.ids() if pk > 0)
    is_update = chunk.mapping.on_duplicate == DuplicatePolicy.UPDATE
    for line in chunk.waiting():
        keys = line.values["keys"]
        me = line.values["me"] = _person(line.values, has_names=has_names)
        there = people.named(me, keys)
        found = _one_of(there, me)
        if found:
            line.match = _but_of_file(found, there)
        chosen = chunk.chosen.get(line.row_no) if line.match else None
        if chosen and chosen.way == Way.LEAVE:
            line.state = RowState.SKIPPED
            continue
        found = _as_chosen(found, chosen)
        if isinstance(found, Unclear) and chunk.mapping.makes_unclear_new:
            found = _one_of(_of_file(there), me)
        if isinstance(found, Unclear):
            line.reject(found.by[0], unclear(found))
            continue
        pk = line.values["person"] = found.target_id if found else -line.row_no
        if found is None:
            people.put(pk, me, keys)
            continue
        line.known_by = found.by[0]
        if has_references and (chosen or is_update) and pk > 0 and pk not in about:
            people.learn(pk, me._replace(names=_names(line.values)), keys)
            about.add(pk)


def _but_of_file(found: Match | Unclear, there: dict[str, There]) -> Match | Unclear | None:
    """Who of them was here before; None if all came with the file."""
    here = {pk for each in there.values() for pk, one in each.items() if not one.is_of_file}
    ids = tuple(pk for pk in _ids(found) if pk in here)
    return replace(found, target_ids=ids) if ids and isinstance(found, Unclear) else found if ids else None


def _as_chosen(found: Match | Unclear | None, chosen: Chosen | None) -> Match | Unclear | None:
    """Who it is by what somebody chose, if that is still one of those who may be meant; a reference names one, whatever is chosen."""
    if found is None or chosen is None or found.by[0] == "reference":
        return found
    if chosen.way == Way.NEW:
        return None
    return Match(chosen.target_id, found.by, found.noun) if chosen.target_id in _ids(found) and chosen.target_id else found


def _ids(found: Match | Unclear) -> tuple[int, ...]:
    return found.target_ids if isinstance(found, Unclear) else (found.target_id,)


def _one_of(found: dict[str, There], said: Person) -> Match | Unclear | None:
    """The one whom all keys name that name anybody; by a number or a name alone only if nothing contradicts."""
    if not found:
        return None
    if "reference" in found:
        return Match(next(iter(found["reference"])), ("reference",), "contact")
    named = list(found.values())
    common = set(named[0]).intersection(*named[1:])
    if "email" not in found:
        common = {pk for pk in common if not any(there[pk].contradicts(said) for there in named)}
    if len(common) == 1:
        return Match(common.pop(), tuple(found), "contact")
    return Unclear(tuple(sorted(common or set().union(*named)))[:MOST], tuple(found), "contact")


def _of_file(found: dict[str, There]) -> dict[str, There]:
    own = {by: {pk: one for pk, one in there.items() if one.is_of_file} for by, there in found.items()}
    return {by: there for by, there in own.items() if there}


def unclear(found: Unclear) -> str:
    """The sentence for a row that may mean somebody who is here."""
    same = ", ".join(str(_SAME[by]) for by in found.by)
    return str(_("Whom this row means is not clear (%(same)s): the dry run shows it beside who is here, to be chosen.") % {"same": same})


def bring(chunk: Chunk, rows: Iterable[tuple[int, dict[str, Any]]]) -> None:
    """Hand on to the next chunk the people that this one makes: by their ids, who they are and what they are known by."""
    chunk.brings["people"] = {pk: (values["me"], values["keys"]) for pk, values in rows}


def contacts_with(references: Iterable[str]) -> dict[str, int]:
    """Contacts by reference; one that was merged into another leads to that one."""
    wanted = list(references)
    return look_up(_REFERENCES, wanted, wanted)


def _by(chunk: Chunk) -> tuple[str, ...]:
    """By what the people of this file can be known: what counts, as far as the file has it."""
    counts = USUAL if chunk.mapping.known_by is None else chunk.mapping.known_by
    return tuple(by for by in counts if by == "name" or by in chunk.mapping.columns)


def _keys(values: dict[str, Any], by: Collection[str]) -> list[Key]:
    found = [Key("reference", values["reference"])] if "reference" in by and "reference" in values else []
    found += [Key("email", key) for _address, key in ways_of_rows.addresses_of(values)] if "email" in by else []
    if "phone" in by and "phone" in values:
        found += [Key("phone", number) for number in values["phone"]]
    if "name" in by and "account" in values:
        company = matching.fold_company(values["account"])
        found += [Key("name", name, company) for name in sorted(_names(values))] if company else []
    return found


def _person(values: dict[str, Any], *, has_names: bool) -> Person:
    """Who the row says it is; the name only where anything but the address could name somebody."""
    mails = frozenset(key for _address, key in ways_of_rows.addresses_of(values))
    return Person(mails, _names(values) if has_names else _NOTHING)


def _names(values: dict[str, Any]) -> Set[str]:
    """The name in one piece, in either order of its parts; none where the row has no name."""
    if "family_name" in values:
        return _either(values["family_name"], values.get("given_name", ""))
    return _either(*names.split(values["full_name"])) if "full_name" in values else frozenset()


def _either(family: str, given: str) -> Set[str]:
    return frozenset((name_key(family, given), name_key(given, family)))


def _here(chunk: Chunk, keys: Set[Key]) -> People:
    """The contacts that any of the keys names, here or in the chunk before."""
    # The runs of a set share their moment, and a run that goes on has a later one than it began with.
    people, since = People(), min(chunk.run.created_at, chunk.at)
    asked_by: dict[str, list[Key]] = defaultdict(list)
    for key in keys:
        asked_by[key.by].append(key)
    for by, asked in asked_by.items():
        statement = _STATEMENTS[by]
        columns = [[key.value for key in asked], [key.company if by == "name" else key.value for key in asked]][: statement.count("%s")]
        for value, company, pk, family, given, created_at, mails, own_company in _rows(statement, *columns):
            person = Person(frozenset(mails), _either(family, given), own_company, is_of_file=created_at >= since)
            people.put(pk, person, [Key(by, value, company)])
    for pk, (person, own) in chunk.ahead.get("people", {}).items():
        people.put(pk, person, own)
    return people


def _rows(statement: str, *said: list[str]) -> list[tuple[Any, ...]]:
    if not said[0]:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, [array_of(values) for values in said])
        return list(cursor.fetchall())


def _apart(one: Set[str], other: Set[str]) -> bool:
    return bool(one and other and one.isdisjoint(other))
