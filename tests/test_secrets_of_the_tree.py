"""Nothing in the tree belongs to one machine, one registry or one person: walked over every file that git tracks or would."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = {".woff2", ".png", ".xlsx", ".mo"}
LARGEST = 1_000_000
# Each is put together here, or this file would break its own rule.
REGISTRIES = ["py" + "pi.org", "python" + "hosted", "registry." + "npmjs", "deb." + "debian.org", "yarn" + "pkg.com"]
MACHINES = ["/" + "work/", "/" + "root/", "/" + "opt/", "/" + "Users/"]
KEYS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}|\bxox[abp]-[0-9A-Za-z-]{20,}")


@cache
def tree() -> dict[str, str]:
    """Name and text of every file that is, or with the next commit could be, in the tree."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.split("\0") if name and Path(name).suffix not in PICTURES and (ROOT / name).is_file()]
    return {name: (ROOT / name).read_text(encoding="utf-8", errors="replace") for name in names}


def containing(words: list[str]) -> list[str]:
    return [f"{name}: {word}" for name, text in tree().items() for word in words if word in text]


def test_no_file_names_a_registry() -> None:
    guilty = containing(REGISTRIES)
    assert not guilty, f"Everybody installs from the registry that their machine is set up for; take the address out: {guilty}"


def test_no_file_names_a_folder_of_one_machine() -> None:
    guilty = containing(MACHINES)
    assert not guilty, f"Say where it is relative to the clone, or take it from the environment: {guilty}"


def test_no_file_holds_a_key() -> None:
    guilty = [name for name, text in tree().items() if KEYS.search(text)]
    assert not guilty, f"Take the key away, and have it replaced where it is used: {guilty}"


def test_no_file_is_large() -> None:
    guilty = [name for name, text in tree().items() if len(text) > LARGEST]
    assert not guilty, f"Over a megabyte: make it where it is needed instead: {guilty}"


def test_the_python_lock_holds_names_versions_and_hashes_only() -> None:
    fits = re.compile(r"[a-z0-9.-]+(\[[a-z0-9,-]+\])?==[0-9a-z.+!]+( ; [^/]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    strange = [line for line in lines if not fits.fullmatch(line)]
    assert not strange, f"Make the lock with bin/lock: {strange[:5]}"


def test_the_front_end_lock_holds_no_addresses() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    guilty = [name for name, package in packages.items() if "resolved" in package]
    assert not guilty, f"Install with the .npmrc of this clone, which leaves them out: {guilty}"
    unpinned = [name for name, package in packages.items() if name and "integrity" not in package]
    assert not unpinned, f"Each package carries the hash of what it is: {unpinned}"
