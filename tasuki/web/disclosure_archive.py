"""The file with all that is held about a person: a ZIP that is made while it is read, of pages to read, JSON, and the bytes of their files.

Nothing in it can act: the page holds no script and forbids any, and files that a computer might run are called .bin.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.core.files.storage import default_storage
from django.template import loader
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.crm import file_names
from tasuki.crm.contacts import Contact
from tasuki.crm.files import File
from tasuki.relay.personal_data import telling
from tasuki.relay.personal_data.reach import Reach
from tasuki.web import formats

_PIECE = 64 * 1024
# What programs show without running anything of it.
_SHOWN = frozenset(
    {".pdf", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".txt", ".csv", ".md", ".wav", ".mp3", ".ogg", ".m4a", ".webm", ".flac", ".zip"}
    | {".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".hwp", ".hwpx", ".eml", ".ics", ".vcf"}
)
_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f;background:#fff}
h2{margin-top:2.5rem}dl{display:grid;grid-template-columns:12rem 1fr;gap:.2rem 1rem;padding:.8rem 0;margin:0;border-top:1px solid #ccc}
dt{color:#555}dd{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
@media(max-width:40rem){dl{grid-template-columns:1fr}}
"""


@dataclass(frozen=True)
class Asked:
    """Whose file, for whom it is made, and when."""

    contact: Contact
    reach: Reach
    reader: User
    at: datetime


class _Sink:
    """What a ZIP is written to: it hands on what came, and cannot go back."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def taken(self) -> bytes:
        parts, self.parts = self.parts, []
        return b"".join(parts)


def pieces(asked: Asked) -> Iterator[bytes]:
    """The ZIP, as it is made; in the reader's language, also when the answer has long begun."""
    with translation.override(asked.reader.language), timezone.override(asked.reader.time_zone):
        sink = _Sink()
        with ZipFile(cast(Any, sink), "w") as archive:
            for name, content, kind in _entries(asked):
                entry = ZipInfo(name, date_time=asked.at.timetuple()[:6])
                entry.compress_type, entry.external_attr = kind, 0o600 << 16
                with archive.open(entry, "w", force_zip64=True) as out:
                    for piece in content:
                        out.write(piece)
                        if ready := sink.taken():
                            yield ready
                yield sink.taken()
        yield sink.taken()


def _entries(asked: Asked) -> Iterator[tuple[str, Iterable[bytes], int]]:
    files = list(asked.reach.of(File).order_by("pk"))
    yield "index.html", _page(asked, files), ZIP_DEFLATED
    yield "style.css", [_STYLE.encode()], ZIP_DEFLATED
    yield "data.json", _json(asked), ZIP_DEFLATED
    for file in files:
        if is_there(file):
            yield f"files/{name_of(file)}", _bytes(file), ZIP_STORED


def is_there(file: File) -> bool:
    """Whether its bytes go along: those that a virus scanner has not cleared stay shut here too."""
    return file.is_open and default_storage.exists(file.stored_as)


def name_of(file: File) -> str:
    label = file_names.normalised(file.name)
    return f"{file.pk}-{label}" if file_names.ending(label) in _SHOWN else f"{file.pk}-{label}.bin"


def _bytes(file: File) -> Iterator[bytes]:
    with default_storage.open(file.stored_as) as stored:
        yield from iter(lambda: stored.read(_PIECE), b"")


def _head(asked: Asked) -> dict[str, Any]:
    return {"person": asked.contact.display_name, "organisation": the_organisation().name, "made_at": asked.at.isoformat(), "version": 1}


def _json(asked: Asked) -> Iterator[bytes]:
    """{"person", "organisation", "made_at", "version", "records": {table: [row, …], …}}, row by row."""
    head = json.dumps(_head(asked), ensure_ascii=False)
    yield f'{head[:-1]}, "records": {{'.encode()
    for n, section in enumerate(telling.sections(asked.reach)):
        yield f"{',' if n else ''}\n{json.dumps(section.key)}: [".encode()
        for row_no, row in enumerate(section.rows):
            yield f"{',' if row_no else ''}\n  {json.dumps(row.plain, ensure_ascii=False, default=str)}".encode()
        yield b"]"
    yield b"\n}}\n"


def _page(asked: Asked, files: list[File]) -> Iterator[bytes]:
    template: Any = loader.get_template("disclosures/document.jinja")
    context = {
        "name": asked.contact.display_name,
        "organisation": the_organisation().name,
        "at": asked.at,
        "language": formats.language(),
        "files": [(file.name, f"files/{name_of(file)}" if is_there(file) else "") for file in files],
        "sections": telling.sections(asked.reach),
        "said": said,
    }
    for piece in template.template.generate(context):
        yield piece.encode()


def said(value: Any) -> str:
    """A value for people to read."""
    if isinstance(value, datetime):
        return formats.moment_in_full(value)
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, (list, dict)):
        return _readable(value)
    return str(value)


def _readable(value: Any) -> str:
    """Nested values, one a line, without the signs of JSON."""
    return re.sub(r'["{}\[\]]', "", json.dumps(value, ensure_ascii=False, indent=1, default=str)).strip()
