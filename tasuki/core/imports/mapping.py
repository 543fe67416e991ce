"""Mapping files: which column fills which field, in YAML. Every mistake in one is a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext_lazy as _

from tasuki.core import time_zones
from tasuki.core.errors import Refused
from tasuki.core.imports.fields import How
from tasuki.core.imports.runs import DuplicatePolicy
from tasuki.core.imports.tables import Said

LARGEST = 200_000
_TOP = {"noun", "key", "on_duplicate", "columns", "options", "encoding", "delimiter", "quote", "escape", "header_row", "sheet", "is_one_table",
        "known_by", "unclear"}  # fmt: skip
_COLUMN = {"column", "constant", "values", "format", "time_zone", "country", "decimal", "default", "create_missing", "currency", "add"}

# What becomes of a row of which it is not clear whom it means.
UNCLEAR = ("leave", "create")


class MappingRefused(Refused):
    code = "mapping_refused"


class _AllText(yaml.SafeLoader):
    """Every value is the text that stands there: Norway is NO, and the column of a year is called 2024."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        counted = Counter(key.value for key, _value in node.value if isinstance(key, yaml.ScalarNode))
        twice = next((name for name, n in counted.items() if n > 1), None)
        if twice is not None:
            raise MappingRefused(_("“%(name)s” stands twice in one place of the mapping.") % {"name": twice[:40]})
        return super().construct_mapping(node, deep=deep)


_AllText.yaml_implicit_resolvers = {}


@dataclass(frozen=True)
class Column:
    """Where one field gets its text from: a column, or a constant; and how the text is to be read.

    `create_missing` lets a field that names a record, such as an owner, make the one that is not there; `add` are choices that a custom field
    gets; `currency` is that of amounts which name none.
    """

    column: str = ""
    constant: str = ""
    default: str = ""
    values: Dictionary[str, str] = field(default_factory=dict)
    format: str = ""
    time_zone: str = "UTC"
    country: str = ""
    decimal: str = ""
    create_missing: bool = False
    currency: str = ""
    add: tuple[str, ...] = ()

    @property
    def how(self) -> How:
        return How(self.format, self.time_zone, self.country, self.decimal, self.currency, self.values, self.add)

    def text(self, cells: Dictionary[str, str]) -> str:
        """The text of this field in one row, after the replacements that the mapping asks for."""
        if self.constant:
            return self.constant
        raw = cells.get(self.column, "")
        return self.values.get(raw.strip(), raw) or self.default


@dataclass(frozen=True)
class Mapping:
    """A whole mapping. `options` are the noun's own, such as the stage in which imported leads stand.

    `known_by` says by which fields people are known, None by the usual ones; `unclear` what becomes of rows that may mean several: leave or create.
    """

    noun: str
    columns: Dictionary[str, Column]
    key: str = ""
    on_duplicate: str = DuplicatePolicy.SKIP.value
    options: Dictionary[str, Any] = field(default_factory=dict)
    encoding: str = ""
    delimiter: str = ""
    quote: str = ""
    escape: str = ""
    header_row: int | None = None
    sheet: str = ""
    is_one_table: bool = False
    known_by: tuple[str, ...] | None = None
    unclear: str = "leave"

    @property
    def makes_unclear_new(self) -> bool:
        return self.unclear == "create"

    @property
    def said(self) -> Said:
        """How the mapping says that the file is to be read."""
        return Said(self.encoding, self.delimiter, self.quote, self.escape, self.header_row, self.sheet, self.is_one_table)

    def ignored(self, header: Sequence[str]) -> list[str]:
        """The columns of a file that no field takes."""
        taken = {column.column for column in self.columns.values()}
        return [name for name in header if name and name not in taken]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read(source: str) -> Mapping:
    """A mapping from the text of a YAML file. Raises MappingRefused."""
    if len(source) > LARGEST:
        raise MappingRefused(_("The mapping file is larger than %(n)s characters.") % {"n": LARGEST})
    try:
        # Anchors can make a small file unfold to gigabytes.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(source, Loader=yaml.SafeLoader)):
            raise MappingRefused(_("The mapping file may not use anchors (& and *)."))
        document = yaml.load(source, Loader=_AllText)  # noqa: S506 - a SafeLoader that knows less
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        raise MappingRefused(_("The mapping file is not YAML (line %(line)s).") % {"line": place.line + 1 if place else "?"}) from None
    if not isinstance(document, dict):
        raise MappingRefused(_("The mapping file must name the noun and its columns."))
    return from_json(document)


def write(mapping: Mapping) -> str:
    """The mapping as the text of a YAML file that `read` gives back."""
    plain = {name: value for name, value in mapping.as_json().items() if name != "columns" and value not in ("", None, {}) and value is not False}
    if mapping.known_by is not None:
        plain["known_by"] = list(mapping.known_by)
    if mapping.unclear == UNCLEAR[0]:
        del plain["unclear"]
    columns = {}
    for name, said in mapping.as_json()["columns"].items():
        said["add"] = list(said["add"])
        kept = {key: value for key, value in said.items() if value not in ("", None, {}, [], False) and (key, value) != ("time_zone", "UTC")}
        columns[name] = kept["column"] if list(kept) == ["column"] else kept
    text: str = yaml.safe_dump({**plain, "columns": columns}, allow_unicode=True, sort_keys=False, width=160)
    return text


def from_json(document: dict[str, Any]) -> Mapping:
    """A mapping from plain data, as it is stored with a run. Raises MappingRefused."""
    _only(document, _TOP)
    columns = document.get("columns")
    if not isinstance(columns, dict) or not columns:
        raise MappingRefused(_("The mapping names no columns."))
    policy = str(document.get("on_duplicate") or DuplicatePolicy.SKIP.value)
    if policy not in DuplicatePolicy.values:
        raise MappingRefused(_("“%(value)s” is no policy for duplicates; use skip, update or create.") % {"value": policy[:40]})
    options = document.get("options") or {}
    if not isinstance(options, dict):
        raise MappingRefused(_("The options of the mapping must be names with values."))
    return Mapping(
        noun=str(document.get("noun") or ""),
        columns={str(name): _column(name, said) for name, said in columns.items()},
        key=str(document.get("key") or ""),
        on_duplicate=policy,
        options=options,
        encoding=str(document.get("encoding") or ""),
        delimiter=_sign(document, "delimiter"),
        quote=_sign(document, "quote"),
        escape=_sign(document, "escape"),
        header_row=_header_row(document.get("header_row")),
        sheet=str(document.get("sheet") or ""),
        is_one_table=_truth(document, "is_one_table"),
        known_by=_known_by(document.get("known_by")),
        unclear=_unclear(document.get("unclear")),
    )


def _known_by(said: object) -> tuple[str, ...] | None:
    if said is None:
        return None
    if not isinstance(said, (list, tuple)) or not all(isinstance(name, str) for name in said):
        raise MappingRefused(_("known_by of the mapping is a list of fields."))
    return tuple(dict.fromkeys(said))


def _unclear(said: object) -> str:
    word = str(said or UNCLEAR[0])
    if word not in UNCLEAR:
        raise MappingRefused(_("unclear of the mapping is leave or create."))
    return word


def _sign(document: dict[str, Any], name: str) -> str:
    sign = str(document.get(name) or "")
    sign = {"tab": "\t", "\\t": "\t"}.get(sign, sign)
    if len(sign) > 1 or sign in ("\n", "\r", "\0") or (not sign.isprintable() and sign != "\t"):
        raise MappingRefused(_("“%(name)s” of the mapping is one sign, such as a comma, or the word tab.") % {"name": name})
    return sign


def _truth(said: Dictionary[Any, Any], name: str) -> bool:
    word = str(said.get(name) or "false").lower()
    if word not in ("true", "false"):
        raise MappingRefused(_("“%(name)s” of the mapping is true or false.") % {"name": name})
    return word == "true"


def _header_row(said: object) -> int | None:
    if said in (None, ""):
        return None
    words = str(said)
    if not (words.isascii() and words.isdecimal()) or len(words) > 7:
        raise MappingRefused(_("header_row of the mapping is the number of the row with the column names, or 0 when there is none."))
    return int(words)


def _column(name: object, said: object) -> Column:
    if isinstance(said, str):
        return Column(column=said)
    if not isinstance(said, dict):
        raise MappingRefused(_("The field “%(field)s” must name its column.") % {"field": str(name)[:40]})
    _only(said, _COLUMN)
    values = said.get("values") or {}
    if not isinstance(values, dict):
        raise MappingRefused(_("The values of “%(field)s” must be a list of replacements.") % {"field": str(name)[:40]})
    zone = str(said.get("time_zone") or "UTC")
    if zone not in time_zones.names():
        raise MappingRefused(_("“%(value)s” is not a time zone.") % {"value": zone[:40]})
    plain = {key: "" if said.get(key) is None else str(said[key]) for key in ("column", "constant", "default", "format", "country", "decimal", "currency")}
    if not plain["column"] and not plain["constant"] and not plain["default"]:
        raise MappingRefused(_("The field “%(field)s” must name its column.") % {"field": str(name)[:40]})
    if plain["decimal"] not in ("", ".", ","):
        raise MappingRefused(_("decimal of “%(field)s” is a point or a comma.") % {"field": str(name)[:40]})
    create_missing = str(said.get("create_missing") or "false").lower()
    if create_missing not in ("true", "false"):
        raise MappingRefused(_("create_missing of “%(field)s” is true or false.") % {"field": str(name)[:40]})
    replaced = {str(raw): str(mapped) for raw, mapped in values.items()}
    return Column(values=replaced, time_zone=zone, create_missing=create_missing == "true", add=_added(name, said.get("add") or ()), **plain)


def _added(name: object, said: object) -> tuple[str, ...]:
    if not isinstance(said, (list, tuple)) or not all(isinstance(label, str) for label in said):
        raise MappingRefused(_("The choices to add to “%(field)s” must be a list.") % {"field": str(name)[:40]})
    return tuple(said)


def _only(said: dict[Any, Any], known: set[str]) -> None:
    for name in said:
        if name not in known:
            raise MappingRefused(_("The mapping does not know “%(name)s”.") % {"name": str(name)[:40]})
