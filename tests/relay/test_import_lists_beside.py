"""New leads of a file that is written two chunks beside each other come onto the list of the day in the order of the file, and no chunk waits for the other
for good."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from datetime import timedelta

import pytest

from tasuki.core.audit import By, Door
from tasuki.core.imports import mapping, parsing, running
from tasuki.crm.leads import Lead
from tasuki.inside_sales.call_lists import building, lists
from tasuki.inside_sales.call_lists.lists import CallList
from tests.cast import SET_UP, assemble
from tests.inside_sales.office import AT, office_in_seoul

pytestmark = pytest.mark.django_db(transaction=True)

MAPPING = """noun: leads
options: {stage: ready, promises: begin}
columns: {reference: id, opened_at: day, full_name: name, owner: owner}"""
ROWS = "id,day,name,owner\n" + "".join(f"L{n},2026-03-02,Person {n},ivo@example.com\n" for n in range(12))


def test_a_chunk_that_is_faster_than_the_one_before_it_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = assemble()
    office_in_seoul()
    building.build(AT.date(), owners=[cast.ivo], by=SET_UP, at=AT - timedelta(hours=12))
    monkeypatch.setattr(parsing, "CHUNK", 4)
    monkeypatch.setattr(running, "_tell_the_planner", lambda _run: None)
    insert, came = lists.insert_new, list[int]()

    def slowly(leads: Sequence[Lead], *, by: By, at: object) -> int:
        came.append(len(leads))
        if len(came) == 1:
            time.sleep(0.7)
        return insert(leads, by=by, at=AT)

    monkeypatch.setattr(lists, "insert_new", slowly)
    run = running.start(io.BytesIO(ROWS.encode()), name="leads.csv", mapping=mapping.read(MAPPING), by=By(cast.mina, Door.WEB), at=AT)
    assert running.run(run, at=AT).state == "done"
    made = CallList.objects.get(owner=cast.ivo, for_on=AT.date())
    order = list(made.entries.order_by("position").values_list("lead__reference", flat=True))
    assert order == [f"L{n}" for chunk in (8, 4, 0) for n in range(chunk, chunk + 4)], "the last chunk on top, each in the order of the file"
    assert came == [4, 4, 4]
