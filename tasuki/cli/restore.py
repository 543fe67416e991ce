"""`tasuki restore`: an installation as it was when the backup was made, or as it was before: nothing between."""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

import click
from django.utils.translation import gettext_lazy as _

from tasuki import __version__
from tasuki.cli import backup
from tasuki.cli.backup import DUMP, FILES, FORMAT, MANIFEST, Manifest, Part
from tasuki.cli.readiness import get_ready
from tasuki.core import home
from tasuki.core.errors import Refused


class NotABackup(Refused):
    code = "not_a_backup"

    def __init__(self, file: Path) -> None:
        super().__init__(_("%(file)s is not a backup of Tasuki, or it is damaged.") % {"file": file})


class BackupDamaged(Refused):
    code = "backup_damaged"

    def __init__(self, name: str) -> None:
        super().__init__(_("The backup is damaged: %(name)s does not have the checksum it was written with. Nothing was changed.") % {"name": name})


class BackupTooNew(Refused):
    code = "backup_too_new"

    def __init__(self, version: str) -> None:
        super().__init__(_("This backup was made by Tasuki %(version)s, which is newer than this one. Nothing was changed.") % {"version": version})


class WouldOverwrite(Refused):
    code = "would_overwrite"

    def __init__(self) -> None:
        super().__init__(_("This installation holds data. To put the backup in its place, say --replace."))


class RestoreFailed(Refused):
    code = "restore_failed"

    def __init__(self, said: str) -> None:
        super().__init__(_("The backup could not be put back, and everything is as it was: %(said)s") % {"said": said.strip()[-1000:]})


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Put the backup in the place of what is here.")
@click.option("--yes", is_flag=True, help="With --replace: do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: file, made_at, tasuki, n_files.")
def restore(*, file: Path, replace: bool, yes: bool, as_json: bool) -> None:
    """Put the backup FILE into this installation. Stop Tasuki first."""
    get_ready(migrated=False, alone=True)
    if not _is_empty():
        if not replace:
            raise WouldOverwrite
        if not yes:
            click.confirm(str(_("This takes everything in this installation away and puts the backup in its place. Go on?")), abort=True, err=True)
    manifest = read(file)
    if as_json:
        click.echo(json.dumps({"file": str(file), "made_at": manifest.made_at, "tasuki": manifest.tasuki, "n_files": len(manifest.parts) - 1}))
    else:
        click.echo(_("Put back the backup of %(made_at)s: the database and %(n)s files.") % {"made_at": manifest.made_at, "n": len(manifest.parts) - 1})


def read(file: Path) -> Manifest:
    """Unpack and verify beside the home, then change database and files.

    Raises NotABackup, BackupDamaged, BackupTooNew before anything is touched; RestoreFailed when the database refused all of it.
    """
    from tasuki.cli.migrations import migrate_if_needed

    folder = backup.files_folder()
    with tempfile.TemporaryDirectory(prefix="restoring.", dir=home.path()) as place:
        manifest = _verified(file, into=Path(place))
        _load(Path(place) / DUMP)
        unpacked, before = Path(place) / FILES, Path(place) / "files before"
        unpacked.mkdir(exist_ok=True)
        if folder.exists():
            folder.rename(before)
        shutil.move(unpacked, folder)
    migrate_if_needed()
    return manifest


def _is_empty() -> bool:
    """Whether nobody has begun: no tables, or nobody in them."""
    from django.db import connection

    with connection.cursor() as cursor:
        if "core_user" not in connection.introspection.table_names(cursor):
            return True
        cursor.execute("SELECT NOT EXISTS (SELECT 1 FROM core_user) AND NOT EXISTS (SELECT 1 FROM crm_lead) AND NOT EXISTS (SELECT 1 FROM crm_account)")
        return bool(cursor.fetchone()[0])


def _verified(file: Path, *, into: Path) -> Manifest:
    try:
        with tarfile.open(file, mode="r:") as tar:
            manifest = _manifest(tar, file=file)
            members = {member.name: member for member in tar.getmembers()}
            for part in manifest.parts:
                member = members.get(part.name)
                if member is None or not member.isfile() or not _is_inside(part):
                    raise NotABackup(file)
                if backup.unpacked(tar, member, to=into / part.name) != part.sha256:
                    raise BackupDamaged(part.name)
    except tarfile.TarError as error:
        raise NotABackup(file) from error
    return manifest


def _manifest(tar: tarfile.TarFile, *, file: Path) -> Manifest:
    first = tar.next()
    opened = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
    if opened is None:
        raise NotABackup(file)
    try:
        said = json.load(opened)
        manifest = Manifest(**{**said, "parts": tuple(Part(**part) for part in said["parts"])})
    except (ValueError, TypeError, KeyError) as error:
        raise NotABackup(file) from error
    if manifest.format > FORMAT or _number(manifest.tasuki) > _number(__version__):
        raise BackupTooNew(manifest.tasuki)
    return manifest


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _is_inside(part: Part) -> bool:
    """Whether the name stays below the folder it is unpacked into."""
    path = PurePosixPath(part.name)
    return part.name == DUMP or (part.name.startswith(FILES) and not path.is_absolute() and ".." not in path.parts)


def _load(dump: Path) -> None:
    """Replace the whole schema in one transaction."""
    from django.db import connection

    connection.close()
    script = dump.with_suffix(".sql")
    done = backup.client("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(dump))
    if done.returncode == 0:
        fresh = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
        calmly = ("--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1")
        done = backup.client("psql", *calmly, "--single-transaction", f"--command={fresh}", f"--file={script}")
    if done.returncode != 0:
        raise RestoreFailed(done.stderr)
