"""Importing what is said of products: known by its number, else by saying the same of the same product."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields as fields_of
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tasuki.core.imports import fields, taking_back
from tasuki.core.imports.changing import Rows, as_they_are, audit_row, changes, write_trail
from tasuki.core.imports.copying import copy_in, execute, look_up, new_ids
from tasuki.core.imports.fields import Field, How, ValueRefused
from tasuki.core.imports.nouns import Chunk, ImportNoun, Line, by_name
from tasuki.core.imports.runs import ImportRun, RowState
from tasuki.crm import import_fields, product_points
from tasuki.crm.product_points import LONGEST, LONGEST_INDUSTRY, LONGEST_NAME, MOST, MOST_POSITION, Kind, PointRefused, ProductPoint, Said


def position(cell: str, how: How) -> int:
    """The place among the points of its kind."""
    try:
        value = fields.integer(cell, how)
    except ValueRefused:
        value = 0
    if not 1 <= value <= MOST_POSITION:
        raise ValueRefused(_("“%(value)s” is no place in a list: a whole number from 1 to %(most)s.") % {"value": cell[:40], "most": MOST_POSITION})
    return value


FIELDS = by_name(
    Field("tasuki_id", fields.number),
    Field("product", fields.text(200), required=True),
    Field("kind", fields.named_choice(Kind.choices), required=True),
    Field("language", fields.named_choice(settings.LANGUAGES), required=True),
    Field("industry", fields.text(LONGEST_INDUSTRY)),
    Field("name", fields.text(LONGEST_NAME)),
    Field("words", fields.text(LONGEST), required=True),
    Field("strong", fields.text(LONGEST)),
    Field("weak", fields.text(LONGEST)),
    Field("position", position),
)
_SAID = tuple(field.name for field in fields_of(Said))
# What an update may change; and who wrote it last, which changes with it.
_CHANGEABLE = ("product_id", *_SAID)
_WRITTEN = ("written_by_id", "written_at")
# Whoever says the same of the same product says it once.
_SAME = ("product_id", "kind", "language", "industry", "words")


def write(chunk: Chunk) -> None:
    products = import_fields.products(chunk, "product")
    for line in chunk.waiting():
        line.values["product_id"] = products.get(line.values["product"], (None, ""))[0]
        if line.values["product_id"] is None:
            line.reject("product", _("There is no product “%(name)s”.") % {"name": line.values["product"][:80]})
    numbered = chunk.numbered("crm_productpoint")
    before = as_they_are(ProductPoint, [pk for _line, pk in numbered], columns=(*_CHANGEABLE, *_WRITTEN))
    _check(chunk, {line.row_no: before[pk] for line, pk in numbered})
    changing = [*numbered, *_settle_the_same(chunk, but={line.row_no for line, _pk in numbered})]
    before |= as_they_are(ProductPoint, [pk for _line, pk in changing if pk not in before], columns=(*_CHANGEABLE, *_WRITTEN))
    _refuse_too_many(chunk, before, changing)
    _change(chunk, [(line, pk) for line, pk in changing if line.state is None], before)
    _add(chunk)


def _check(chunk: Chunk, before: dict[int, dict[str, Any]]) -> None:
    """Refuse what nobody could read, or read out; what a row does not say of a point that is here stays, and is looked at with it."""
    for line in chunk.waiting():
        said = before.get(line.row_no, {}) | line.values
        try:
            columns = product_points.checked(Said(**{name: said[name] for name in _SAID if name in said}))
        except PointRefused as refusal:
            line.reject("name", refusal.message)
            continue
        line.values |= columns


def _settle_the_same(chunk: Chunk, *, but: set[int]) -> Rows:
    """Rows without a number of ours that say what is said already."""
    for line in chunk.waiting():
        line.values["same"] = "\x1f".join(str(line.values[name]) for name in _SAME)
    columns = " || chr(31) || ".join(_SAME)
    statement = f"SELECT {columns}, min(id) FROM crm_productpoint WHERE product_id = ANY(%s) GROUP BY 1"
    there: dict[Any, int] = look_up(statement, chunk.values_of("product_id"))
    return chunk.settle_duplicates(there, "same", shown="words", but=but)


def _refuse_too_many(chunk: Chunk, before: dict[int, dict[str, Any]], changing: Rows) -> None:
    n_there: Counter[int] = Counter(
        look_up("SELECT product_id, count(*) FROM crm_productpoint WHERE product_id = ANY(%s) GROUP BY product_id", chunk.values_of("product_id"))
    )
    standing = {line.row_no: before[pk]["product_id"] for line, pk in changing}
    for line in chunk.waiting():
        product, was = line.values["product_id"], standing.get(line.row_no)
        if product == was:
            continue
        if n_there[product] >= MOST:
            line.reject("product", _("Nobody reads more than %(n)s points about a product. Take one out first.") % {"n": MOST})
            continue
        n_there[product] += 1
        if was is not None:
            n_there[was] -= 1


def _change(chunk: Chunk, rows: Rows, before: dict[int, dict[str, Any]]) -> None:
    changes(chunk, rows, model=ProductPoint, columns=_CHANGEABLE, before=before).write()
    changed = [(line, pk) for line, pk in rows if "was" in line.trace]
    for line, pk in changed:
        line.trace["was"] |= {name: before[pk][name] for name in _WRITTEN}
    writer = chunk.by.actor.pk if chunk.by.actor else None
    ids = [pk for _line, pk in changed]
    execute("UPDATE crm_productpoint SET written_by_id = %s, written_at = %s WHERE id = ANY(%s)", [writer, chunk.at, ids])


def _add(chunk: Chunk) -> None:
    lines, writer = list(chunk.waiting()), chunk.by.actor.pk if chunk.by.actor else None
    for line, pk in zip(lines, new_ids(ProductPoint, len(lines)), strict=True):
        line.become(RowState.CREATED, pk)
    copy_in(
        ProductPoint,
        ("id", *_CHANGEABLE, *_WRITTEN),
        ((line.target_id, *(line.values[name] for name in _CHANGEABLE), writer, chunk.stamp) for line in lines),
    )
    write_trail([_added(chunk, line) for line in lines])


def _added(chunk: Chunk, line: Line) -> tuple[Any, ...]:
    return audit_row(chunk, noun="productpoint", pk=line.target_id or 0, action="add", changes={"words": ["", line.values["words"]]})


def take_back(run: ImportRun) -> None:
    execute(f"DELETE FROM crm_productpoint WHERE id IN ({taking_back.CREATED})", [run.pk])
    taking_back.restore(run, model=ProductPoint, columns=(*_CHANGEABLE, *_WRITTEN))


NOUN = ImportNoun("product_points", "productpoint", FIELDS, ("tasuki_id",), write, take_back, known_values=import_fields.known_values)
