"""The processes of a running Tasuki: the web server, the worker, and the supervisor that keeps both alive.

Run as `python -m tasuki.cli.processes supervise|web|worker`. On Linux the supervisor reads all of Tasuki once, and its children go on from there: what
is read stands in memory once for all of them (copy on write). Elsewhere, and where changed code restarts them, each is a program of its own.
Children leave by themselves when the supervisor is gone, however it went.
"""

from __future__ import annotations

import http.client
import multiprocessing.sharedctypes
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click
from django.utils.translation import gettext_lazy as _

from tasuki.cli.readiness import database_in_use, speak
from tasuki.cli.renewing import RENEWED, Renewal
from tasuki.core import embedded_postgres, home
from tasuki.core.errors import Refused

if TYPE_CHECKING:
    import ctypes

THREADS = 3
_MODULE = "tasuki.cli.processes"
_READY, _SUPERVISOR = "TASUKI_READY", "TASUKI_SUPERVISOR"
_TASUKI = Path(__file__).resolve().parents[1]
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LONGEST_PAUSE = 30.0
_STEADY_AFTER = 60.0
_GRACE = 12.0
_ATTEMPTS_BEFORE_GIVING_UP = 4
# So long nobody asks for a page until those that served some are renewed.
_IDLE_SECONDS, _LOOK_SECONDS = 180.0, 15.0


class PortTaken(Refused):
    code = "port_taken"

    def __init__(self, port: int) -> None:
        super().__init__(_("Port %(port)s is in use. Stop what uses it, or name another with --port or PORT.") % {"port": port})


class NotBuilt(Refused):
    code = "not_built"

    def __init__(self, file: Path) -> None:
        words = {"file": file.relative_to(_TASUKI)}
        super().__init__(_("This Tasuki was not built: %(file)s is missing. In a clone, run bin/setup; make a wheel only after it.") % words)


class DoesNotStart(Refused):
    code = "does_not_start"

    def __init__(self, name: str) -> None:
        super().__init__(_("The %(name)s process does not start; the lines above say why.") % {"name": name})


@dataclass(frozen=True)
class Plan:
    """What runs here: address, which processes, whether changed code restarts the web server, and what to say once it answers."""

    host: str
    port: int
    names: tuple[str, ...] = ("web", "worker")
    reload: bool = False
    ready: str = ""

    @property
    def shares(self) -> bool:
        """Whether the children go on from what the supervisor has read. Only Linux may be trusted with a copy of a process that has read much."""
        return sys.platform == "linux" and not self.reload


def refuse_unbuilt() -> None:
    """Raise NotBuilt where no page could be shown: git and a wheel that was made too early hold only what the assets and catalogues are made from."""
    for name in ("web/static/built/manifest.json", "locale/ko/LC_MESSAGES/django.mo", "locale/ja/LC_MESSAGES/django.mo"):
        if not (_TASUKI / name).exists():
            speak()
            raise NotBuilt(_TASUKI / name)


def refuse_taken_port(host: str, port: int) -> None:
    """Raise PortTaken unless something may listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As the web server does it: a port whose connections are only dying away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            speak()
            raise PortTaken(port) from error


def become_supervisor(plan: Plan) -> None:
    """Replace this process by a supervisor of its own number. Signals wait until that one can hear them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    names = [f"--run={name}" for name in plan.names]
    reload = ["--reload"] if plan.reload else []
    sys.stdout.flush()
    sys.stderr.flush()
    os.environ[_READY] = plan.ready
    os.execv(sys.executable, [sys.executable, "-m", _MODULE, "supervise", f"--host={plan.host}", f"--port={plan.port}", *names, *reload])  # noqa: S606 - our own program, with our own arguments


class Process:
    """A process that does what `run` does, and is the head of a session of its own."""

    def __init__(self, run: Callable[[], object]) -> None:
        self.status: int | None = None
        # A signal waits until the child hears it by itself: what the supervisor does about one is not for its children.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            self.pid = os.fork()
            if self.pid == 0:
                _be_a_child(run)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def ended(self) -> bool:
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def send(self, number: signal.Signals) -> None:
        if not self.ended():
            os.kill(self.pid, number)

    def wait(self, *, until: float) -> bool:
        """Whether it ended before that moment of the monotonic clock."""
        while not self.ended():
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def sweep(self) -> None:
        """A web server that was killed leaves its own workers behind, and they would keep the port."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _be_a_child(run: Callable[[], object]) -> NoReturn:
    """Do what is to be done, and end without what the supervisor does at its end."""
    status: object = 1
    try:
        # A session of its own: Ctrl-C in the terminal reaches the supervisor only, which then stops its children in order.
        os.setsid()
        os.environ[_SUPERVISOR] = str(os.getppid())
        for number in _SIGNALS:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        run()
        status = 0
    except SystemExit as leaving:
        status = leaving.code
    finally:
        if sys.exc_info()[0]:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else int(status is not None))


@dataclass
class Child:
    """One process that is kept alive: started again when it dies, after a pause that doubles while it keeps dying."""

    name: str
    run: Callable[[], object]
    process: Process | None = None
    started: float = 0.0
    n_deaths: int = 0
    start_again: float = field(default=0.0)

    def start(self) -> None:
        self.process = Process(self.run)
        self.started = time.monotonic()

    def look_after(self) -> None:
        """Start the process if it is due; notice its death."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_again:
                self.start()
        elif self.process.ended():
            self.process.sweep()
            if self.process.status == RENEWED:
                self.start()
                return
            self.n_deaths = 1 if now - self.started > _STEADY_AFTER else self.n_deaths + 1
            pause = min(0.5 * 2 ** (self.n_deaths - 1), _LONGEST_PAUSE)
            click.echo(f"The {self.name} process ended with status {self.process.status}; starting it again in {pause:g} s.", err=True)
            self.process, self.start_again = None, now + pause

    def ask_to_stop(self) -> None:
        if self.process is not None:
            self.process.send(signal.SIGTERM)

    def stop(self, *, by: float) -> None:
        """Wait until the moment `by`, then end it and whatever it left behind."""
        if self.process is None:
            return
        if not self.process.wait(until=by):
            self.process.send(signal.SIGKILL)
            self.process.wait(until=by + _GRACE)
        self.process.sweep()
        self.process = None


def supervise(plan: Plan) -> None:
    """Keep the processes of the plan alive until a signal comes; then stop them. Raises DoesNotStart."""
    stopping = _Stopping()
    for number in _SIGNALS:
        signal.signal(number, stopping.ask)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    with database_in_use() as users:
        if plan.shares:
            _read_tasuki()
        children = [Child(name, _run(name, plan, users)) for name in plan.names]
        try:
            _keep_alive(children, plan=plan, stopping=stopping)
        except _DatabaseMoved:
            _stop(children)
            if not stopping.asked:
                become_supervisor(replace(plan, ready=""))
        finally:
            _stop(children)


def _stop(children: list[Child]) -> None:
    deadline = time.monotonic() + _GRACE
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop(by=deadline)


class _DatabaseMoved(Exception):
    """It is reached at another port than the one that stands in the settings of whatever runs."""


class _Stopping:
    """Set by a signal. No threading.Event: its lock is not reentrant, and a signal that comes while it is held would wait for itself for ever."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, *_: object) -> None:
        self.asked = True


def _keep_alive(children: list[Child], *, plan: Plan, stopping: _Stopping) -> None:
    answered = "web" not in plan.names
    seen = _last_change() if plan.reload else 0.0
    while not stopping.asked:
        _look_after_the_database()
        for child in children:
            child.look_after()
            if not answered and child.n_deaths >= _ATTEMPTS_BEFORE_GIVING_UP:
                speak()
                raise DoesNotStart(child.name)
        if not answered and _answers(plan):
            answered = True
            if plan.ready:
                click.echo(plan.ready)
        if plan.reload and (changed := _last_change()) > seen:
            seen = changed
            for child in children:
                child.ask_to_stop()
        time.sleep(0.1 if not answered else 0.3)


def _look_after_the_database() -> None:
    """Start the embedded server again when it was killed. Raises _DatabaseMoved where it had to be at another port."""
    if os.environ.get("DATABASE_URL") or embedded_postgres.is_running(home.path()):
        return
    click.echo("The database is gone; starting it again.", err=True)
    before = embedded_postgres.recorded(home.path())
    if embedded_postgres.ensure_running(home.path()) != before:
        raise _DatabaseMoved


def _read_tasuki() -> None:
    """All that a page or a job needs. No connection is open and no thread runs afterwards: a copy of this process would have neither."""
    import tasuki.cli.everything  # noqa: F401 (read, so that the children need not)


def _run(name: str, plan: Plan, users: TextIO | None) -> Callable[[], object]:
    """What the process of that name does."""
    if not plan.shares:
        command = [sys.executable, "-m", _MODULE, name, *([f"--host={plan.host}", f"--port={plan.port}"] if name == "web" else [])]
        return lambda: os.execv(sys.executable, command)  # noqa: S606 - our own program, with our own arguments

    def go_on() -> None:
        if users:
            users.close()  # whoever outlives the supervisor does not use the database in its name
        _name_this_process(name)
        if name == "web":
            serve_pages(host=plan.host, port=plan.port)
        else:
            do_jobs(renewal=Renewal())

    return go_on


def _name_this_process(name: str) -> None:
    """As `ps -o comm` and `top` show it: by their arguments all of them are the supervisor."""
    Path("/proc/self/comm").write_text(f"tasuki {name}", encoding="ascii")


def _answers(plan: Plan) -> bool:
    """Whether the web server answers, whatever it says."""
    client = http.client.HTTPConnection("127.0.0.1" if plan.host in ("0.0.0.0", "::") else plan.host, plan.port, timeout=5)  # noqa: S104 - compared with, not listened on
    try:
        client.request("GET", "/", headers={"Host": "127.0.0.1"})
        return client.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        client.close()


def _last_change() -> float:
    return max(file.stat().st_mtime for pattern in ("*.py", "*.mo") for file in _TASUKI.rglob(pattern))


def _leave_with_the_supervisor() -> None:
    """End in order when the supervisor is gone, even when it had no time to say so."""
    if supervisor := int(os.environ.get(_SUPERVISOR, "0")):
        _leave_with(supervisor)


def _leave_with(parent: int) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="watch the parent").start()


@click.group()
def processes() -> None:
    """Started by `tasuki up`; nobody types this."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasuki.settings")


@processes.command("supervise")
@click.option("--host", required=True)
@click.option("--port", type=int, required=True)
@click.option("--run", "names", multiple=True)
@click.option("--reload", is_flag=True)
def supervise_command(*, host: str, port: int, names: tuple[str, ...], reload: bool) -> None:
    try:
        supervise(Plan(host, port, names, reload, os.environ.pop(_READY, "")))
    except Refused as refusal:
        click.echo(str(refusal), err=True)
        sys.exit(1)


@processes.command("web")
@click.option("--host", required=True)
@click.option("--port", type=int, required=True)
def web_command(*, host: str, port: int) -> None:
    serve_pages(host=host, port=port)


@processes.command("worker")
def worker_command() -> None:
    do_jobs()


def serve_pages(*, host: str, port: int) -> None:
    """Granian, with the application loaded once and shared by its workers (copy on write)."""
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    from tasuki.wsgi import application

    _leave_with_the_supervisor()
    this = os.getpid()
    asked = multiprocessing.sharedctypes.RawValue("d", 0.0)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        asked.value = time.monotonic()
        return application(environ, start_response)

    def loaded(*_target: object) -> Callable[..., Any]:
        """Called in each of granian's workers: one that outlived its server would keep the port from the next."""
        _leave_with(this)
        return answer

    workers = int(os.environ.get("TASUKI_WEB_PROCESSES") or min(os.cpu_count() or 1, 2))
    server = Server(
        "tasuki.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=8,
        log_level=LogLevels.warning,
    )
    threading.Thread(target=_renew_when_idle, args=(asked,), daemon=True, name="renew when idle").start()
    server.serve(target_loader=loaded, wrap_loader=False)


def _renew_when_idle(asked: ctypes.c_double) -> None:
    """Have granian put fresh workers in the place of those that have served pages and are asked for none any more: what they wrote onto shared pages
    of memory, what they keep, and their connections with all that PostgreSQL keeps for each, goes with them."""
    renewed = time.monotonic()
    while True:
        time.sleep(_LOOK_SECONDS)
        if renewed < asked.value < time.monotonic() - _IDLE_SECONDS:
            renewed = time.monotonic()
            os.kill(os.getpid(), signal.SIGHUP)


def do_jobs(renewal: Renewal | None = None) -> None:
    """Procrastinate: notices a new job at once by LISTEN, and looks every half second in case it did not hear.

    `renewal` is given to one that went on from what the supervisor has read: it grows only by what it does.
    """
    import django

    django.setup()
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.utils import connector_params
    from procrastinate.psycopg_connector import PsycopgConnector

    from tasuki.schedule import HEARTBEAT_SECONDS, STALLED_AFTER_SECONDS

    _leave_with_the_supervisor()
    if renewal:
        signal.signal(signal.SIGTERM, renewal.hear)
    # Looking for work and saying that it is done takes a moment each: that, and no job, is what these connections are for.
    connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=2)
    with app.replace_connector(connector) as jobs:
        jobs.run_worker(
            concurrency=4,
            fetch_job_polling_interval=0.5,
            shutdown_graceful_timeout=8,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALLED_AFTER_SECONDS,
            delete_jobs="successful",
            worker_middleware=[renewal.around] if renewal else [],
        )
    if renewal and renewal.is_leaving:
        sys.exit(RENEWED)


if __name__ == "__main__":
    processes()
