"""The frame around every page: what the rail offers this person, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.web import toasts

THEMES = ("light", "dark", "system")


@dataclass(frozen=True)
class RailItem:
    label: Any
    url_name: str
    icon: str = ""
    leg: str = ""
    is_sub: bool = False
    group: Any = ""
    needs: Ability | None = None


RAIL = (
    RailItem(_("My workspace"), "home", icon="inbox"),
    RailItem(_("The Model"), "relay", icon="route", needs=Ability.SEE_RELAY),
    RailItem(_("Marketing"), "", leg="marketing", group=_("Legs")),
    RailItem(_("Inside sales"), "", leg="inside_sales"),
    RailItem(_("Leads"), "leads", is_sub=True),
    RailItem(_("Sales"), "", leg="sales"),
    RailItem(_("Opportunities"), "opportunities", is_sub=True),
    RailItem(_("Customer success"), "", leg="success"),
    RailItem(_("Accounts"), "accounts", icon="building", group=_("Shared")),
    RailItem(_("Contacts"), "contacts", icon="address-book"),
    RailItem(_("Products"), "products", icon="package"),
    RailItem(_("Tasks"), "tasks", icon="checkbox"),
    RailItem(_("Duplicates"), "duplicates", icon="copy", needs=Ability.MERGE_RECORDS),
    RailItem(_("Imports"), "imports", icon="table-import", needs=Ability.IMPORT_DATA),
    RailItem(_("People"), "people", icon="users"),
    RailItem(_("Settings"), "settings", icon="settings"),
)


@dataclass(frozen=True)
class RailLink:
    label: Any
    href: str
    icon: str
    leg: str
    is_sub: bool
    group: Any
    is_current: bool


@dataclass(frozen=True)
class Shell:
    rail: tuple[RailLink, ...]
    language: str
    languages: tuple[tuple[str, str], ...]
    theme: str
    organisation: str
    me: str
    may: frozenset[str]
    adds: bool = False


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor of every Jinja page."""
    return {"shell": _shell(request), "flashes": toasts.waiting(request), "request": request}


def theme_of(request: HttpRequest) -> str:
    chosen = request.COOKIES.get("theme", "system")
    return chosen if chosen in THEMES else "system"


def _shell(request: HttpRequest) -> Shell:
    user = getattr(request, "user", None)
    may: frozenset[Ability] = frozenset()
    if user is not None and user.is_authenticated:
        may = abilities.standing_of(user).abilities
    return Shell(
        rail=_rail(request, may) if may else (),
        language=(translation.get_language() or "en")[:2],
        languages=tuple(settings.LANGUAGES),
        theme=theme_of(request),
        organisation=the_organisation().name if may else "",
        me=user.display_name if user is not None and user.is_authenticated else "",
        may=frozenset(ability.value for ability in may),
        adds=not may.isdisjoint({Ability.WORK_LEADS, Ability.WORK_ACCOUNTS, Ability.WORK_OPPORTUNITIES}),
    )


def _rail(request: HttpRequest, may: frozenset[Ability]) -> tuple[RailLink, ...]:
    links = []
    for item in RAIL:
        if item.needs is not None and item.needs not in may:
            continue
        href = _address(item)
        is_current = request.path == href or (href != "/" and request.path.startswith(f"{href}/"))
        links.append(RailLink(item.label, href, item.icon, item.leg, item.is_sub, item.group, is_current))
    return tuple(links)


def _address(item: RailItem) -> str:
    return f"{reverse('relay')}#leg-{item.leg}" if item.leg else reverse(item.url_name)
