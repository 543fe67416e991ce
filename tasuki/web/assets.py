"""Built assets: the name a template uses, and the name with the content's digest that the browser may keep for ever."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

_BUILT = Path(__file__).parent / "static" / "built"


def asset(name: str) -> str:
    """The address of a built file: `asset("style.css")` → `/static/built/style.<digest>.css`."""
    return static(f"built/{_manifest()[name]}")


def icon_address(name: str) -> str:
    """The address of one icon of a sprite: `/static/built/icons.<digest>.svg#bell`. Raises LookupError for an icon that is in none."""
    for sprite in (_manifest()["icons.svg"], _manifest()["more_icons.svg"]):
        if name in _icons_in(sprite):
            return f"{static(f'built/{sprite}')}#{name}"
    raise LookupError(f"There is no icon “{name}” in the sprites. Is it one of Tabler’s? If so, build the assets: bin/setup")


def is_immutable(_path: str, url: str) -> bool:
    """Files with a digest in their name, and typefaces, never change: browsers may keep them."""
    return "/built/" in url or "/fonts/" in url


def _read() -> dict[str, str]:
    names: dict[str, str] = json.loads((_BUILT / "manifest.json").read_text(encoding="utf-8"))
    return names


_read_once = cache(_read)


@cache
def _icons_in(file_name: str) -> frozenset[str]:
    return frozenset(re.findall(r'<symbol id="([^"]+)"', (_BUILT / file_name).read_text(encoding="utf-8")))


def _manifest() -> dict[str, str]:
    # While developing, the build may have run again since the last page.
    return _read() if settings.DEBUG else _read_once()
