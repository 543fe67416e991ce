"""Memory of the whole stack, as a share of 350 MB: every process of `tasuki up` and its PostgreSQL, what they share counted once (PSS).

Usage: TASUKI_HOME=… bin/bench memory [rounds]. Starts `tasuki up` on that home at a free port, and measures three times: when it answers and the worker
has done what was due; after every list and record page was used as often as `rounds` says (default 20), from four connections at once; and when nobody has
asked for anything for as long as the web processes wait until they are renewed. Idle is when all of it takes less than a twentieth of a core; what is still
busy after ten minutes is measured all the same, and said. Stop a server that runs on that home first, or its connections are counted too.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import harness

LIMIT_MB = 350.0
IDLE_SECONDS, IDLE_SHARE, PATIENCE_SECONDS = 20.0, 0.05, 600.0
RENEWED_AFTER_SECONDS = 240.0
_ADDRESSES = ["/relay", "/leads", "/accounts", "/contacts", "/opportunities", "/tasks", "/leads?q=%EA%B9%80", "/search?q=kim", "/leads?sort=owner", "/"]


def main(rounds: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "tasuki.cli", "up", "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        _wait_until_idle(server.pid)
        _say("after the start", server.pid)
        _use(port, rounds)
        time.sleep(20)
        _say(f"after {rounds * len(_ADDRESSES) * 4} pages", server.pid)
        time.sleep(RENEWED_AFTER_SECONDS)
        _wait_until_idle(server.pid)
        _say("idle again", server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _wait_for(port: int) -> None:
    for _nth in range(240):
        try:
            _fetch(port, "/")
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.5)
    raise SystemExit("It does not answer.")


def _use(port: int, rounds: int) -> None:
    """As the administrator, whose session is made in the database: what signing in costs is another question."""
    harness.ready()
    client = harness.signed_in(harness.holder_of("administrator"))
    cookie = f"sessionid={client.cookies['sessionid'].value}"

    with ThreadPoolExecutor(4) as at_once:
        list(at_once.map(lambda path: _fetch(port, path, cookie), _ADDRESSES * rounds * 4))


def _fetch(port: int, path: str, cookie: str = "") -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    client.request("GET", path, headers={"Cookie": cookie})
    client.getresponse().read()
    client.close()


def _wait_until_idle(supervisor: int) -> None:
    began = time.monotonic()
    while True:
        before = _seconds_of_work(supervisor)
        time.sleep(IDLE_SECONDS)
        share = (_seconds_of_work(supervisor) - before) / IDLE_SECONDS
        if share < IDLE_SHARE:
            return
        if time.monotonic() - began > PATIENCE_SECONDS:
            print(f"It is still busy: {share:.0%} of a core.")
            return


def _seconds_of_work(supervisor: int) -> float:
    """Of all processes so far, those that ended under them too."""
    ticks = 0
    for pid in _family(supervisor) | _family(_postmaster()):
        try:
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def _postmaster() -> int:
    from tasuki.core import embedded_postgres, home

    server = embedded_postgres.recorded(home.path())
    if server is None:
        raise SystemExit("This bench measures the embedded PostgreSQL.")
    return int((Path(server.data) / "postmaster.pid").read_text(encoding="ascii").split()[0])


def _say(when: str, supervisor: int) -> None:
    ours, database = _tree(supervisor), _tree(_postmaster())
    total = sum(ours.values()) + sum(database.values())
    print(f"{when}: {total:.0f} MB = {total / LIMIT_MB:.2f} of {LIMIT_MB:.0f}")
    for name, tree in (("tasuki", ours), ("postgresql", database)):
        print(f"  {name:10} {sum(tree.values()):6.0f} MB in {len(tree)} processes: {', '.join(f'{mb:.0f}' for mb in sorted(tree.values(), reverse=True))}")


def _family(root: int) -> set[int]:
    """A process and all under it."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _tree(root: int) -> dict[int, float]:
    """Megabytes of a process and all under it, by process."""
    found = {}
    for pid in _family(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        found[pid] = sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
