"""Importing products."""

from __future__ import annotations

from typing import Any

from tasuki.core import audit
from tasuki.core.imports import fields
from tasuki.core.imports.copying import execute, look_up
from tasuki.core.imports.fields import Field
from tasuki.core.imports.nouns import Chunk, ImportNoun, Line, by_name
from tasuki.core.imports.runs import ImportRun, RowState
from tasuki.core.organisation import the_organisation
from tasuki.crm.products import Product

FIELDS = by_name(
    Field("name", fields.text(200), required=True),
    Field("code", fields.text(64)),
    Field("line", fields.text(80)),
    Field("price", fields.amount),
    Field("currency", fields.currency),
)


def write(chunk: Chunk) -> None:
    """Products are few: each is written by itself."""
    there: dict[Any, int] = look_up("SELECT name, id FROM crm_product WHERE name = ANY(%s)", chunk.values_of("name"))
    chunk.settle_duplicates(there, "name", _change)
    currency = the_organisation().currency
    for line in list(chunk.waiting()):
        values = {"currency": currency if "price" in line.values else "", **line.values}
        product = Product(created_at=chunk.at, **values)
        Product.objects.bulk_create([product])
        audit.record(product, action="add", by=chunk.by, at=chunk.at)
        line.become(RowState.CREATED, product.pk)


def _change(line: Line, pk: int) -> None:
    line.trace["was"] = {
        name: None if value is None else str(value) for name, value in Product.objects.filter(pk=pk).values("code", "line", "price", "currency").get().items()
    }
    Product.objects.filter(pk=pk).update(**{name: value for name, value in line.values.items() if name != "name"})


def take_back(run: ImportRun) -> None:
    execute(
        """UPDATE crm_product product SET code = row.trace->'was'->>'code', line = row.trace->'was'->>'line',
               price = (row.trace->'was'->>'price')::numeric, currency = row.trace->'was'->>'currency'
           FROM core_importrow row WHERE row.run_id = %s AND row.state = 'updated' AND product.id = row.target_id""",
        [run.pk],
    )
    execute("DELETE FROM crm_product WHERE id IN (SELECT target_id FROM core_importrow WHERE run_id = %s AND state = 'created')", [run.pk])


NOUN = ImportNoun("products", FIELDS, ("name",), write, take_back)
