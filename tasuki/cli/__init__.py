"""The command line: `tasuki`. Each command stands in the module of its name and is loaded when it is asked for.

Exit status: 0 done, 1 refused (a sentence on standard error), 2 usage.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from tasuki import __version__
from tasuki.core.embedded_postgres import EmbeddedPostgresFailed
from tasuki.core.errors import Refused

# Name → module and the command in it.
COMMANDS = {
    "up": "tasuki.cli.up:up",
    "demo": "tasuki.cli.demo:demo",
    "import": "tasuki.cli.import_:import_",
    "kpis": "tasuki.cli.kpis:kpis",
    "check": "tasuki.cli.check:check",
    "recount": "tasuki.cli.recount:recount",
    "backup": "tasuki.cli.backup:backup",
    "restore": "tasuki.cli.restore:restore",
    "administrator": "tasuki.cli.administrator:administrator",
    "migrate": "tasuki.cli.migrate:migrate",
    "reindex": "tasuki.cli.reindex:reindex",
    "shell": "tasuki.cli.shell:shell",
    "manage": "tasuki.cli.migrate:manage",
}


class Commands(click.Group):
    """Loads a command when it is called, and turns refusals into one sentence and status 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (Refused, EmbeddedPostgresFailed) as refusal:
            click.echo(str(refusal), err=True)
            sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, message="Tasuki %(version)s")
def main() -> None:
    """Tasuki runs a company's revenue as a relay of four legs: marketing, inside sales, sales, customer success."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasuki.settings")
