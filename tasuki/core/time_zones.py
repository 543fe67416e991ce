"""The time zones that this machine knows. It reads hundreds of files to say which, so it is asked once."""

from __future__ import annotations

import zoneinfo
from functools import cache


@cache
def names() -> frozenset[str]:
    """Every IANA name, those of old too."""
    return frozenset(zoneinfo.available_timezones())


@cache
def of_places() -> tuple[str, ...]:
    """The zones named by a place, in order."""
    return tuple(sorted(zone for zone in names() if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/"))))
