"""Home: the one folder where an installation keeps what must survive: the embedded database, the secret key, files."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_CLONE = Path(__file__).resolve().parents[2]


def path() -> Path:
    """`TASUKI_HOME`; else `.tasuki` in a clone, or `~/.local/share/tasuki` when installed as a package."""
    named = os.environ.get("TASUKI_HOME")
    if named:
        return Path(named).expanduser().resolve()
    if (_CLONE / "pyproject.toml").exists():
        return _CLONE / ".tasuki"
    return Path.home() / ".local" / "share" / "tasuki"


def secret_key() -> str:
    """The key that signs sessions and links: made once, readable by the owner only. `TASUKI_SECRET_KEY` wins."""
    named = os.environ.get("TASUKI_SECRET_KEY")
    if named:
        return named
    file = path() / "secret_key"
    try:
        return file.read_text(encoding="ascii")
    except FileNotFoundError:
        return keep_secret(file)


def keep_secret(file: Path) -> str:
    """Write a new random secret to `file` (mode 0600) and return it; two processes at once agree on the first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_urlsafe(48)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(secret)
    try:
        # A hard link fails when the file is there already, a rename would not.
        os.link(draft, file)
    except FileExistsError:
        return file.read_text(encoding="ascii")
    finally:
        draft.unlink()
    return secret
