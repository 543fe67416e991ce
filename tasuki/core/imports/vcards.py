"""Contacts from an address book: vCard 2.1, 3.0 and 4.0, each card one record."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator

from tasuki.core.imports.tables import Record

HEADER = [
    "full_name",
    "family_name",
    "given_name",
    "account",
    "title",
    "email",
    "other_email",
    "phone",
    "other_phone",
    "website",
    "street",
    "city",
    "country",
    "note",
]
_LONGEST_CARD = 200_000
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def records(lines: Iterable[str]) -> Iterator[Record]:
    """A header record, then one record for each card. Photos and what no column takes are passed over."""
    yield HEADER, ""
    card: dict[str, str] | None = None
    for line in _unfolded(lines):
        name, parameters, value = _parts(line)
        if name == "BEGIN":
            card = {}
        elif name == "END" and card is not None:
            yield [card.get(column, "") for column in HEADER], ""
            card = None
        elif card is not None:
            for column, said in _said(name, _decoded(value, parameters)):
                _put(card, column, said)


def _put(card: dict[str, str], column: str, said: str) -> None:
    said = said.strip()
    if not said or card.get(column) == said:
        return
    if column in card and (other := f"other_{column}") in HEADER:
        # A cell holds several numbers, and one address.
        said = f"{card.pop(other)}; {said}" if column == "phone" and other in card else said
        column = other
    if column not in card:
        card[column] = said


def _unfolded(lines: Iterable[str]) -> Iterator[str]:
    """Logical lines: one that begins with a blank goes on the line before, as does one behind a soft break of 2.1."""
    held = ""
    for raw in lines:
        line = raw.rstrip("\r\n")
        if held.endswith("=") and "QUOTED-PRINTABLE" in held.upper():
            held = held[:-1] + line.lstrip()
        elif line[:1] in (" ", "\t") and held:
            held = held + line[1:] if len(held) < _LONGEST_CARD else held
        else:
            if held:
                yield held
            held = line
    if held:
        yield held


def _parts(line: str) -> tuple[str, dict[str, str], str]:
    """The name of a property in capitals without its group, its parameters, and its value as it stands."""
    head, _colon, value = _split_outside_quotes(line)
    name, *said = head.split(";")
    parameters = {}
    for one in said:
        key, _equals, what = one.partition("=")
        parameters[key.upper()] = what.strip('"').upper()
    return name.rpartition(".")[2].strip().upper(), parameters, value


def _split_outside_quotes(line: str) -> tuple[str, str, str]:
    is_quoted = False
    for at, sign in enumerate(line[:1_000]):
        if sign == '"':
            is_quoted = not is_quoted
        elif sign == ":" and not is_quoted:
            return line[:at], ":", line[at + 1 :]
    return line[:1_000], "", ""


def _decoded(value: str, parameters: dict[str, str]) -> str:
    if parameters.get("ENCODING") == "QUOTED-PRINTABLE" or "QUOTED-PRINTABLE" in parameters:
        charset = parameters.get("CHARSET", "UTF-8")
        try:
            return quopri.decodestring(value.encode("utf-8", "replace")).decode(charset, errors="replace")
        except LookupError:
            return value
    return value


def _said(name: str, value: str) -> Iterator[tuple[str, str]]:
    """The columns that one property fills."""
    if name == "N":
        family, given, *_more = [*_fields(value), "", ""]
        yield from (("family_name", family), ("given_name", given))
    elif name == "ADR":
        _box, _more_box, street, city, _region, _code, country, *_rest = [*_fields(value), *[""] * 7]
        yield from (("street", street), ("city", city), ("country", country))
    elif name == "ORG":
        yield "account", _fields(value)[0]
    elif name in _PLAIN:
        yield _PLAIN[name], _unescaped(value).removeprefix("tel:").removeprefix("mailto:")


_PLAIN = {"FN": "full_name", "TITLE": "title", "EMAIL": "email", "TEL": "phone", "URL": "website", "NOTE": "note"}


def _fields(value: str) -> list[str]:
    return [_unescaped(field) for field in re.split(r"(?<!\\);", value)]


def _unescaped(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)
