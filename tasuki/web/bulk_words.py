"""What a change of many rows is called: the verb, and what the rows are."""

from __future__ import annotations

from django.utils.text import capfirst

from tasuki.core.bulk.runs import BulkRun
from tasuki.core.bulk.verbs import verbs
from tasuki.web import nouns


def title(run: BulkRun) -> str:
    """In one line: “Recycle · Leads”. A run whose verb is no more keeps the name that it was kept by."""
    verb = verbs().get((run.of, run.verb))
    return f"{verb.label if verb else run.verb} · {capfirst(str(nouns.plural(run.of)))}"
