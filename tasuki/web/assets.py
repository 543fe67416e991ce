"""Built assets: the name a template uses, and the name with the content's digest that the browser may keep for ever."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

_BUILT = Path(__file__).parent / "static" / "built"


def asset(name: str) -> str:
    """The address of a built file: `asset("style.css")` → `/static/built/style.<digest>.css`."""
    return static(f"built/{_manifest()[name]}")


def is_immutable(_path: str, url: str) -> bool:
    """Files with a digest in their name, and typefaces, never change: browsers may keep them."""
    return "/built/" in url or "/fonts/" in url


def _read() -> dict[str, str]:
    names: dict[str, str] = json.loads((_BUILT / "manifest.json").read_text(encoding="utf-8"))
    return names


_read_once = cache(_read)


def _manifest() -> dict[str, str]:
    # While developing, the build may have run again since the last page.
    return _read() if settings.DEBUG else _read_once()
