"""Runs a bench by its name, or says which there are."""

from __future__ import annotations

import ast
import os
import platform
import runpy
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
_NO_BENCH = {"run", "harness"}


def main(name: str, arguments: list[str]) -> None:
    known = {path.stem: path for path in sorted(HERE.glob("*.py")) if path.stem not in _NO_BENCH}
    if not name:
        print("bin/bench NAME [ARGUMENTS]; each says how it is used when asked with --help, and docs/benchmarks.md what it means.\n")
        for stem, path in known.items():
            print(f"  {stem:10} {_words(path).splitlines()[0]}")
        return
    if name not in known:
        raise SystemExit(f"There is no bench “{name}”. There are: {', '.join(known)}.")
    if "--help" in arguments:
        print(_words(known[name]))
        return
    print(f"{name}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    sys.argv = [str(known[name]), *arguments]
    runpy.run_path(str(known[name]), run_name="__main__")


def _words(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:])
