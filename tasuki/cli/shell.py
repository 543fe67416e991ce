"""`tasuki shell`: a Python with everything at hand, for those who run the installation."""

from __future__ import annotations

import click

from tasuki.cli.readiness import get_ready


@click.command()
@click.option("-c", "--command", help="Run this code and leave.")
def shell(*, command: str | None) -> None:
    """A Python prompt with all models imported, on the data of this installation."""
    from django.core.management import call_command

    get_ready()
    call_command("shell", command=command, verbosity=0)
