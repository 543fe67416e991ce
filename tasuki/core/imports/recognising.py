"""What a file is, by its first bytes and whatever its name says."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from tasuki.core.imports import encodings
from tasuki.core.imports.tables import FileRefused

_HEAD = 64 * 1024
# What files begin with that hold no table.
_OTHERS = {
    b"%PDF": "PDF",
    b"\x1f\x8b": "gzip",
    b"Rar!": "RAR",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"RIFF": "RIFF",
    b"{\\rtf": "RTF",
    b"SQLite format 3": "SQLite",
    b"PAR1": "Parquet",
    b"\x7fELF": "ELF",
    b"MZ\x90": "EXE",
    b"ID3": "MP3",
}
_HTML = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|meta|style|table)\b", re.IGNORECASE | re.DOTALL)
_JSON = re.compile(rb'\s*(\{\s*["}]|\[\s*[\[{"\d])')


def kind_of(path: Path) -> str:
    """What the file is: csv, html, vcard, xlsx, ods or xls. Raises FileRefused with a sentence that names anything else."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise FileRefused(_("The file is empty."))
    if head.startswith(b"PK"):
        return _kind_of_zip(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    for start, kind in _OTHERS.items():
        if head.startswith(start):
            raise FileRefused(_("This is a %(kind)s file, whatever its name says. Export it as CSV or XLSX.") % {"kind": kind})
    return _kind_of_text(head)


def _kind_of_text(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    if re.match(rb"\s*BEGIN:VCARD", text, re.IGNORECASE):
        return "vcard"
    if _HTML.match(text):
        return "html"
    if re.match(rb"\s*<\?xml", text):
        if b"<table" in text.lower() and b"<html" in text.lower():
            return "html"
        raise FileRefused(_("This is a %(kind)s file, whatever its name says. Export it as CSV or XLSX.") % {"kind": "XML"})
    if _JSON.match(text):
        raise FileRefused(_("This is a %(kind)s file, whatever its name says. Export it as CSV or XLSX.") % {"kind": "JSON"})
    if _is_noise(head):
        raise FileRefused(_("The file holds no text: it is noise, or a format that is not known here. Export it as CSV or XLSX."))
    return "csv"


def _is_noise(head: bytes) -> bool:
    """Whether too many bytes are signs that no text has."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or encodings.unmarked_utf16(head):
        return False
    control = sum(1 for byte in head if byte < 32 and byte not in (0, 9, 10, 12, 13, 27))
    return control > len(head) // 50 + 2 or head.count(0) > len(head) // 5


def _kind_of_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
                return "xlsx"
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 100 and b"opendocument.spreadsheet" in archive.read("mimetype"):
                return "ods"
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        raise FileRefused(_("This is a zip archive, but no readable XLSX workbook.")) from None
    inside = ", ".join(name[:60] for name in names[:5])
    raise FileRefused(_("This is a zip archive, but no readable XLSX workbook. Unpack it first; in it are: %(names)s.") % {"names": inside or "–"})
