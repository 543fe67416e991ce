"""`tasuki up`: one command from nothing to a page that answers."""

from __future__ import annotations

import os
from pathlib import Path

import click
from django.conf import settings
from django.utils.translation import gettext as _

from tasuki.cli import processes
from tasuki.cli.processes import Plan
from tasuki.cli.readiness import get_ready


@click.command()
@click.option("--port", type=click.IntRange(1, 65_535), envvar="PORT", default=8000, show_default=True, help="Port to listen on; PORT in the environment.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on. Beyond this machine, put a proxy with TLS in front.")
@click.option("--only", type=click.Choice(["web", "worker"]), help="Run one of the two, when several machines share the work.")
@click.option("--reload", is_flag=True, help="For developers: start again when the code changes.")
def up(*, port: int, host: str, only: str | None, reload: bool) -> None:
    """Start the database, bring its tables up to date, and serve until Ctrl-C."""
    serve(port=port, host=host, names=(only,) if only else ("web", "worker"), reload=reload)


def serve(*, port: int, host: str = "127.0.0.1", names: tuple[str, ...] = ("web", "worker"), reload: bool = False) -> None:
    """Get everything ready, then become the supervisor of the processes. Does not return."""
    processes.refuse_unbuilt()
    if "web" in names:
        processes.refuse_taken_port(host, port)
    get_ready()
    # The static files are served from where they are; the web server only wants this folder to exist.
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    processes.become_supervisor(Plan(host, port, names, reload, greeting(host, port)))


def greeting(host: str, port: int) -> str:
    """Where it is, and how one gets in."""
    from django.urls import reverse
    from django.utils.timezone import now

    from tasuki.core import founding
    from tasuki.demo import haneul, load

    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared with, not listened on
    lines = ["", _("Tasuki is ready: %(address)s") % {"address": f"http://{shown}:{port}/"}]
    if load.loaded() and haneul.is_open():
        lines.append(_("Sign in as %(email)s with the password “%(password)s”.") % {"email": haneul.ADMINISTRATOR, "password": haneul.PASSWORD})
        everybody = ", ".join(f"{name}@{haneul.HOST}" for name in ("mina", "ivo", "saori", "chika", "ruth"))
        lines.append(_("With the same password, see it as others do: %(everybody)s.") % {"everybody": everybody})
    elif founding.is_unclaimed():
        # Whoever has set where people reach us (a proxy, most often) opens the link there.
        site = (os.environ.get("TASUKI_SITE") or f"http://{shown}:{port}").rstrip("/")
        link = f"{site}{reverse('first_link', args=[founding.key(at=now())])}"
        lines.append(_("Nobody is here yet. Who opens this link within a day becomes the first administrator: %(link)s") % {"link": link})
        lines.append(_("To look round in an invented company instead: `tasuki demo`."))
    lines.append(_("Stop with Ctrl-C."))
    return "\n".join(lines)
