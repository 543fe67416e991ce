"""`tasuki demo`: a whole invented company with eighteen months behind it, loaded once, then served."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import click
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tasuki.cli import processes
from tasuki.cli.readiness import get_ready
from tasuki.cli.up import serve

if TYPE_CHECKING:
    from tasuki.demo.load import Loaded

_N_LEADS, _SEED = 6_000, 7


@click.command()
@click.option("--leads", type=click.IntRange(1, 10_000_000), default=_N_LEADS, show_default=True, help="How many leads the company has behind it.")
@click.option("--seed", type=int, default=_SEED, show_default=True, help="The same seed and the same --until give the same rows.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The company's last day. [default: today]")
@click.option("--fresh", is_flag=True, help="Take the demo company away first, with all that was done in it, and load it anew.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-serve", is_flag=True, help="Load and leave; do not start the web server.")
@click.option("--port", type=click.IntRange(1, 65_535), envvar="PORT", default=8000, show_default=True, help="Port to listen on; PORT in the environment.")
@click.option("--json", "as_json", is_flag=True, help="With --no-serve: say what was loaded as one JSON object.")
def demo(*, leads: int, seed: int, until: datetime | None, fresh: bool, yes: bool, no_serve: bool, port: int, as_json: bool) -> None:
    """Load Haneul TS, an invented vendor of trading systems, and serve it."""
    if as_json and not no_serve:
        raise click.UsageError("--json goes with --no-serve.")
    if not no_serve:
        processes.refuse_taken_port("127.0.0.1", port)
    get_ready()
    from tasuki.demo import load

    present = load.loaded()
    if present and fresh:
        _ask(yes=yes)
    if present is None or fresh:
        present = _load(n_leads=leads, seed=seed, until=until, fresh=fresh)
    elif not as_json:
        click.echo(_("The demo company is here already, with %(n)s leads; --fresh loads it anew.") % {"n": f"{present.n_leads:,}"}, err=True)
    if as_json:
        click.echo(json.dumps(_as_json(present)))
    if not no_serve:
        serve(port=port)


def _ask(*, yes: bool) -> None:
    from tasuki.core import set_up

    present = set_up.invention()
    n_changes = set_up.n_changes_since(present) if present else 0
    question = _("This takes everything in this database away, with %(n)s changes made since it was loaded. Go on?") % {"n": f"{n_changes:,}"}
    if not yes:
        click.confirm(question, abort=True, err=True)


def _load(*, n_leads: int, seed: int, until: datetime | None, fresh: bool) -> Loaded:
    from django.utils.timezone import now

    from tasuki.demo import haneul, load

    moment = haneul.last_moment(until.date()) if until else now()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(_("Loading the demo company"), total=n_leads)
        done = load.load(n_leads=n_leads, seed=seed, until=moment, fresh=fresh, progress=lambda n: progress.update(bar, completed=n))
    said = _("Loaded the demo company: %(leads)s leads, %(rows)s rows in %(seconds)s s.")
    click.echo(said % {"leads": f"{done.n_leads:,}", "rows": f"{done.n_rows:,}", "seconds": f"{done.seconds:.1f}"}, err=True)
    return done


def _as_json(loaded: Loaded) -> dict[str, object]:
    return {"leads": loaded.n_leads, "seed": loaded.seed, "until": loaded.until.isoformat(), "rows": loaded.n_rows, "seconds": round(loaded.seconds, 2)}
