"""`tasuki reindex`: read every record into the search again."""

from __future__ import annotations

import time

import click
from django.utils.translation import gettext as _

from tasuki.cli.readiness import get_ready


@click.command()
def reindex() -> None:
    """Forget what the search knows and read every record again.

    Never needed in the course of things: what is written is noted in the database itself. While it runs, people find what has
    been read so far.
    """
    get_ready()
    from tasuki.core.search import indexing

    began = time.monotonic()
    n = indexing.rebuild()
    click.echo(_("Read %(n)s records in %(seconds)s s.") % {"n": f"{n:,}", "seconds": f"{time.monotonic() - began:.1f}"}, err=True)
