"""Mapping files: which column fills which field, in YAML. Every mistake in one is a sentence."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping as Dictionary
from dataclasses import asdict, dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused
from tasuki.core.imports.fields import How
from tasuki.core.imports.runs import DuplicatePolicy

LARGEST = 200_000
_TOP = {"noun", "key", "on_duplicate", "columns", "options", "encoding", "delimiter"}
_COLUMN = {"column", "constant", "values", "format", "time_zone", "country", "default"}


class MappingRefused(Refused):
    code = "mapping_refused"


@dataclass(frozen=True)
class Column:
    """Where one field gets its text from: a column, or a constant; and how the text is to be read."""

    column: str = ""
    constant: str = ""
    default: str = ""
    values: Dictionary[str, str] = field(default_factory=dict)
    format: str = ""
    time_zone: str = "UTC"
    country: str = ""

    @property
    def how(self) -> How:
        return How(self.format, self.time_zone, self.country)

    def text(self, cells: Dictionary[str, str]) -> str:
        """The text of this field in one row, after the replacements that the mapping asks for."""
        if self.constant:
            return self.constant
        raw = cells.get(self.column, "")
        return self.values.get(raw.strip(), raw) or self.default


@dataclass(frozen=True)
class Mapping:
    """A whole mapping. `options` are the noun's own, such as the stage in which imported leads stand."""

    noun: str
    columns: Dictionary[str, Column]
    key: str = ""
    on_duplicate: str = DuplicatePolicy.SKIP.value
    options: Dictionary[str, Any] = field(default_factory=dict)
    encoding: str = ""
    delimiter: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read(source: str) -> Mapping:
    """A mapping from the text of a YAML file. Raises MappingRefused."""
    if len(source) > LARGEST:
        raise MappingRefused(_("The mapping file is larger than %(n)s characters.") % {"n": LARGEST})
    if "&" in source and "*" in source:
        # Anchors can make a small file unfold to gigabytes.
        raise MappingRefused(_("The mapping file may not use anchors (& and *)."))
    try:
        document = yaml.safe_load(source)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        raise MappingRefused(_("The mapping file is not YAML (line %(line)s).") % {"line": place.line + 1 if place else "?"}) from None
    if not isinstance(document, dict):
        raise MappingRefused(_("The mapping file must name the noun and its columns."))
    return from_json(document)


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
        delimiter=str(document.get("delimiter") or ""),
    )


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
    if zone not in zoneinfo.available_timezones():
        raise MappingRefused(_("“%(value)s” is not a time zone.") % {"value": zone[:40]})
    plain = {key: "" if said.get(key) is None else str(said[key]) for key in ("column", "constant", "default", "format", "country")}
    if not plain["column"] and not plain["constant"] and not plain["default"]:
        raise MappingRefused(_("The field “%(field)s” must name its column.") % {"field": str(name)[:40]})
    return Column(values={str(raw): str(mapped) for raw, mapped in values.items()}, time_zone=zone, **plain)


def _only(said: dict[Any, Any], known: set[str]) -> None:
    for name in said:
        if name not in known:
            raise MappingRefused(_("The mapping does not know “%(name)s”.") % {"name": str(name)[:40]})
