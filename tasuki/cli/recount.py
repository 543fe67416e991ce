"""`tasuki recount`: count the days of inside sales anew, where `tasuki check` says that they differ from the rows."""

from __future__ import annotations

from datetime import date, datetime

import click
from django.utils.translation import gettext as _

from tasuki.cli.readiness import get_ready


@click.command()
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="The first day, in the organisation's time zone.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="The last day, included.")
def recount(*, first: datetime | None, last: datetime | None) -> None:
    """Count anew what the numbers of inside sales are added up from: of these days, or of all. People work on; no page shows less meanwhile."""
    get_ready()
    from django.utils.timezone import now

    from tasuki.relay.leg_days import keeping

    if first and last and first > last:
        raise click.ClickException(_("The first day is after the last."))
    if first or last:
        keeping.count_anew(first.date() if first else date.min, last.date() if last else date.max)
    else:
        keeping.count_everything_anew()
    keeping.keep(at=now())
    click.echo(_("Counted."))
