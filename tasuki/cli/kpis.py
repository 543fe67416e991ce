"""`tasuki kpis`: the numbers of the relay, for people and for programs."""

from __future__ import annotations

import json
import zoneinfo
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import click
from django.utils.translation import gettext as _
from rich import box
from rich.console import Console
from rich.table import Table

from tasuki.cli.readiness import get_ready

if TYPE_CHECKING:
    from tasuki.relay.groups import GroupCount
    from tasuki.relay.kpis import StageCount
    from tasuki.relay.questions import Form


@click.command()
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="The first day, in the organisation's time zone.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="The last day, included.")
@click.option("--by", type=click.Choice(["source", "month", "owner", "team", "segment"]), default="source", show_default=True)
@click.option("--form", type=click.Choice(["period", "cohort"]), default="cohort", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def kpis(*, first: datetime | None, last: datetime | None, by: str, form: str, as_json: bool) -> None:
    """Leads, wins, conversion, balance and days to win; and what flows through every stage."""
    get_ready()
    from tasuki.relay import kpis as numbers
    from tasuki.relay.questions import Form, Grouping, Question

    if first and last and first > last:
        raise click.ClickException(_("The first day is after the last."))
    question = Question(Form(form), *_span(first, last), Grouping(by))
    counted = numbers.count(question)
    answer = {
        "form": form,
        "from": first.date().isoformat() if first else None,
        "to": last.date().isoformat() if last else None,
        "by": by,
        "rows": [_group(row) for row in counted.rows],
        "total": _group(counted.total),
        "stages": [_stage(row, question.form) for row in counted.stages.values()],
    }
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _print(answer)


def _span(first: datetime | None, last: datetime | None) -> tuple[datetime | None, datetime | None]:
    """Days in the organisation's zone → the half-open period between their midnights."""
    from tasuki.core.organisation import the_organisation

    zone = zoneinfo.ZoneInfo(the_organisation().time_zone)

    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), zone)

    return (midnight(first.date()) if first else None), (midnight(last.date() + timedelta(days=1)) if last else None)


def _group(row: GroupCount) -> dict[str, Any]:
    return {
        "key": row.key,
        "leads": row.leads,
        "won": row.won,
        "conversion": _rounded(row.conversion),
        "n": row.leads,
        "maturity": _rounded(row.maturity),
        "balance": row.balance,
        "median_days_to_won": _rounded(row.median_days_to_won),
        "mean_days_to_won": _rounded(row.mean_days_to_won),
        "p90_days_to_won": _rounded(row.p90_days_to_won),
        "won_amount": None if row.won_amount is None else str(row.won_amount),
    }


def _stage(row: StageCount, form: Form) -> dict[str, Any]:
    moved, n = row.rate(form)
    return {
        "stage": row.stage,
        "balance_start": row.balance_start,
        "inflow": row.inflow,
        "outflow": row.outflow,
        "balance_end": row.balance_end,
        "conversion": _rounded(moved / n if n else None),
        "n": n,
        "maturity": _rounded(row.maturity),
        "median_days": _rounded(row.days.median),
        "p90_days": _rounded(row.days.p90),
        "median_days_moved_on": _rounded(row.days.median_moved),
        "p90_days_moved_on": _rounded(row.days.p90_moved),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)


def _print(answer: dict[str, Any]) -> None:
    from tasuki.crm.stages import Stage

    console = Console()
    days = (_("Median days"), _("Mean"), "P90")
    groups = _table(
        _("By %(group)s, %(form)s form") % {"group": answer["by"], "form": answer["form"]}, "", _("Leads"), _("Won"), _("Rate"), _("Balance"), *days
    )
    for row in [*answer["rows"], answer["total"]]:
        rate = "–" if row["conversion"] is None else f"{row['conversion']:.3%}"
        spent = [_shown(row[name]) for name in ("median_days_to_won", "mean_days_to_won", "p90_days_to_won")]
        groups.add_row(row["key"], str(row["leads"]), str(row["won"]), rate, str(row["balance"]), *spent)
    console.print(groups)
    names = {stage.pk: stage.name for stage in Stage.objects.all()}
    flows = (_("At the start"), _("Inflow"), _("Outflow"), _("Balance"))
    through = _table(_("Through the stages"), _("Stage"), *flows, _("Moves on"), _("Median days"), "P90")
    for row in answer["stages"]:
        rate = "–" if row["conversion"] is None else f"{row['conversion']:.1%}"
        counts = [str(n) for n in (row["balance_start"], row["inflow"], sum(row["outflow"].values()), row["balance_end"])]
        through.add_row(names[row["stage"]], *counts, rate, _shown(row["median_days"]), _shown(row["p90_days"]))
    console.print(through)


def _table(title: str, *headings: str) -> Table:
    """The first column names, the others count."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left", min_width=6 if i else 10)
    return table


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
