"""Importing products."""

from __future__ import annotations

from typing import Any

from tasuki.core.imports import fields, taking_back
from tasuki.core.imports.changing import audit_row, changes, write_trail
from tasuki.core.imports.copying import copy_in, execute, look_up, new_ids
from tasuki.core.imports.fields import Field
from tasuki.core.imports.nouns import Chunk, ImportNoun, by_name
from tasuki.core.imports.runs import ImportRun, RowState
from tasuki.core.organisation import the_organisation
from tasuki.crm.products import Product

FIELDS = by_name(
    Field("tasuki_id", fields.number),
    Field("name", fields.text(200), required=True),
    Field("code", fields.text(64)),
    Field("line", fields.text(80)),
    Field("price", fields.price),
    Field("currency", fields.currency),
)
# What an update may change.
_CHANGEABLE = ("code", "line", "price", "currency")


def write(chunk: Chunk) -> None:
    numbered = chunk.numbered("crm_product")
    taken = {line.row_no for line, _pk in numbered}
    there: dict[Any, int] = look_up("SELECT name, id FROM crm_product WHERE name = ANY(%s)", chunk.values_of("name"))
    changing = [*numbered, *chunk.settle_duplicates(there, "name", is_unique=True, but=taken)]
    codes: dict[Any, int] = look_up("SELECT code, id FROM crm_product WHERE code <> '' AND code = ANY(%s)", chunk.values_of("code"))
    chunk.refuse_taken("code", codes, changing=changing)
    currency = the_organisation().currency
    for line in chunk.lines:
        if "price" in line.values:
            line.values.setdefault("currency", currency)
    changes(chunk, [(line, pk) for line, pk in changing if line.state is None], model=Product, columns=_CHANGEABLE).write()
    lines = list(chunk.waiting())
    for line, pk in zip(lines, new_ids(Product, len(lines)), strict=True):
        line.become(RowState.CREATED, pk)
    copy_in(
        Product,
        ("id", "name", "code", "line", "price", "currency", "is_active", "created_at"),
        (
            (line.target_id, v["name"], v.get("code", ""), v.get("line", ""), v.get("price"), v.get("currency", "") if "price" in v else "", True, chunk.stamp)
            for line in lines
            for v in (line.values,)
        ),
    )
    write_trail([audit_row(chunk, noun="product", pk=line.target_id or 0, action="add", changes={"name": ["", line.values["name"]]}) for line in lines])


def take_back(run: ImportRun) -> None:
    # What was written about a product goes with it.
    execute(f"DELETE FROM crm_productpoint WHERE product_id IN ({taking_back.CREATED})", [run.pk])
    execute(f"DELETE FROM crm_product WHERE id IN ({taking_back.CREATED})", [run.pk])
    # Codes may have gone from one product to another; no two have the same on the way back either.
    execute(f"UPDATE crm_product SET code = '' WHERE id IN ({taking_back.TOUCHED})", [run.pk])
    taking_back.restore(run, model=Product, columns=_CHANGEABLE)


NOUN = ImportNoun("products", "product", FIELDS, ("name", "tasuki_id"), write, take_back)
