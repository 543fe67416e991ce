"""The tables, brought up to date; and Django's own commands."""

from __future__ import annotations

import click

from tasuki.cli.readiness import get_ready


@click.command()
def migrate() -> None:
    """Bring the tables up to date. Other commands do it by themselves."""
    get_ready()


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, hidden=True)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(*, arguments: tuple[str, ...]) -> None:
    """One of Django's commands, for developers: `tasuki manage makemigrations --check`."""
    from django.core.management import execute_from_command_line

    get_ready(migrated=False)
    execute_from_command_line(["tasuki manage", *arguments])
