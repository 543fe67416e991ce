"""`tasuki backup`: the database and the files of an installation in one file, with a checksum for each part."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

import click
from django.utils.translation import gettext_lazy as _

from tasuki import __version__
from tasuki.cli.readiness import get_ready, server_version
from tasuki.core import home
from tasuki.core.embedded_postgres import client_program
from tasuki.core.errors import Refused

FORMAT = 1
MANIFEST, DUMP, FILES = "manifest.json", "database.dump", "files/"
_CHUNK = 1024 * 1024


class CannotWrite(Refused):
    code = "cannot_write"

    def __init__(self, file: Path, said: str) -> None:
        super().__init__(_("The backup cannot be written to %(file)s: %(said)s") % {"file": file, "said": said})


class BackupFailed(Refused):
    code = "backup_failed"

    def __init__(self, said: str) -> None:
        super().__init__(_("The database could not be copied: %(said)s") % {"said": said.strip()[-1000:]})


@dataclass(frozen=True)
class Part:
    """One file inside the backup."""

    name: str
    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What the backup holds. It stands first, so that a reader knows what to expect of what follows."""

    format: int
    tasuki: str
    postgresql: int
    made_at: str
    parts: tuple[Part, ...]


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object: file, n_bytes, n_files, sha256.")
def backup(*, file: Path, as_json: bool) -> None:
    """Write the database and the attached files to FILE. People may go on working meanwhile."""
    get_ready()
    from django.utils.timezone import now

    from tasuki.core import audit
    from tasuki.core.audit import By, Door
    from tasuki.core.organisation import the_organisation

    at = now()
    manifest, sha256 = write(file.absolute(), at=at)
    n_files = len(manifest.parts) - 1
    # The page of the settings says when the last one was made.
    facts: audit.Changes = {"file": ("", file.name), "n_bytes": (0, file.stat().st_size), "n_files": (0, n_files), "sha256": ("", sha256)}
    audit.record(the_organisation(), action="backup", by=By(None, Door.COMMAND), at=at, changes=facts)
    if as_json:
        click.echo(json.dumps({"file": str(file), "n_bytes": file.stat().st_size, "n_files": n_files, "sha256": sha256}))
    else:
        said = _("Wrote %(file)s: the database and %(n)s files, %(mib).1f MiB. SHA-256 %(sha256)s")
        click.echo(said % {"file": file, "n": n_files, "mib": file.stat().st_size / 2**20, "sha256": sha256})
        advice = _("Second factors are unreadable without the secret key of this installation: keep a copy of %(key)s elsewhere.")
        click.echo(advice % {"key": home.path() / "secret_key"})


def write(file: Path, *, at: datetime) -> tuple[Manifest, str]:
    """Write the backup beside its place and rename it when it is complete: a half-written one never carries the name.

    Returns the manifest and the checksum of the whole. Raises CannotWrite, BackupFailed.
    """
    draft, dump = file.with_name(f".{file.name}.{os.getpid()}"), file.with_name(f".{file.name}.{os.getpid()}.dump")
    try:
        _dump(dump)
        manifest, sources = _collect(dump, at=at)
        with open(draft, "xb", opener=_for_the_owner_only) as out:
            _pack(out, manifest=manifest, sources=sources)
            out.flush()
            os.fsync(out.fileno())
        sha256 = checksum(draft)
        draft.rename(file)
    except OSError as error:
        raise CannotWrite(file, error.strerror or str(error)) from error
    finally:
        dump.unlink(missing_ok=True)
        draft.unlink(missing_ok=True)
    return manifest, sha256


def client(program: str, *arguments: str, stdout: BinaryIO | None = None) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs on our database; the password goes through the environment, where nobody lists it."""
    from django.db import connection

    settings = connection.settings_dict
    options = cast("dict[str, object]", settings["OPTIONS"])
    named = {"PGDATABASE": settings["NAME"], **{f"PG{key}": settings[key] for key in ("HOST", "PORT", "USER", "PASSWORD")}}
    named |= {f"PG{key.upper()}": value for key, value in options.items() if key in ("sslmode", "sslrootcert", "sslcert", "sslkey")}
    environment = {**os.environ, **{key: str(value) for key, value in named.items() if value}}
    environment.pop("DATABASE_URL", None)
    command = [client_program(program, home.path()), *arguments]
    out = stdout or subprocess.PIPE
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, text=True, check=False)


def files_folder() -> Path:
    from django.core.files.storage import default_storage

    return Path(default_storage.path(""))


def checksum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _for_the_owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _dump(file: Path) -> None:
    with open(file, "xb", opener=_for_the_owner_only) as out:
        # The cache is a table too, and nothing that anybody would miss.
        done = client("pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--exclude-table-data=core_cache", stdout=out)
    if done.returncode != 0:
        raise BackupFailed(done.stderr)


def _collect(dump: Path, *, at: datetime) -> tuple[Manifest, dict[str, Path]]:
    sources = {DUMP: dump}
    folder = files_folder()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and not path.is_symlink():
            sources[FILES + path.relative_to(folder).as_posix()] = path
    parts = tuple(Part(name, path.stat().st_size, checksum(path)) for name, path in sources.items())
    return Manifest(FORMAT, __version__, server_version() // 10_000, at.isoformat(timespec="seconds"), parts), sources


def _pack(out: BinaryIO, *, manifest: Manifest, sources: dict[str, Path]) -> None:
    with tarfile.open(fileobj=out, mode="w") as tar:
        said = json.dumps(asdict(manifest), indent=1).encode()
        header = tarfile.TarInfo(MANIFEST)
        header.size = len(said)
        tar.addfile(header, io.BytesIO(said))
        for part in manifest.parts:
            header = tarfile.TarInfo(part.name)
            header.size = part.n_bytes
            with sources[part.name].open("rb") as source:
                tar.addfile(header, source)


def unpacked(tar: tarfile.TarFile, member: tarfile.TarInfo, *, to: Path) -> str:
    """Write one member to `to` and return its checksum."""
    source = tar.extractfile(member)
    if source is None:
        return ""
    to.parent.mkdir(parents=True, exist_ok=True)
    with open(to, "xb", opener=_for_the_owner_only) as out:
        shutil.copyfileobj(source, out, _CHUNK)
    return checksum(to)
