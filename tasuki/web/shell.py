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
from tasuki.crm import notifications
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
    # The letter that leads there after G.
    key: str = ""


RAIL = (
    RailItem(_("My workspace"), "home", icon="inbox", key="h"),
    RailItem(_("The Model"), "relay", icon="route", needs=Ability.SEE_RELAY, key="r"),
    RailItem(_("Marketing"), "", leg="marketing", group=_("Legs")),
    RailItem(_("Inside sales"), "", leg="inside_sales"),
    RailItem(_("Leads"), "leads", is_sub=True, key="l"),
    RailItem(_("Sales"), "", leg="sales"),
    RailItem(_("Opportunities"), "opportunities", is_sub=True, key="o"),
    RailItem(_("Customer success"), "", leg="success"),
    RailItem(_("Accounts"), "accounts", icon="building", group=_("Shared"), key="a"),
    RailItem(_("Contacts"), "contacts", icon="address-book", key="c"),
    RailItem(_("Products"), "products", icon="package", key="p"),
    RailItem(_("Tasks"), "tasks", icon="checkbox", key="t"),
    RailItem(_("Duplicates"), "duplicates", icon="copy", needs=Ability.MERGE_RECORDS, key="d"),
    RailItem(_("Imports"), "imports", icon="table-import", needs=Ability.IMPORT_DATA, key="i"),
    RailItem(_("People"), "people", icon="users"),
    RailItem(_("Settings"), "settings", icon="settings", key="s"),
    RailItem(_("Handbook"), "handbook", icon="book", key="b"),
)


# Name of a page, or how the names of several begin → page and section of the handbook.
HANDBOOK = {
    "": "first-day",
    "relay": "the-model",
    "lead": "records#leads",
    "account": "records#accounts",
    "contact": "records#contacts",
    "opportunit": "records#opportunities",
    "product": "records#products",
    "task": "records#tasks",
    "import": "records#imports",
    "bulk": "lists#many-rows-at-once",
    "people": "settings#people-teams-and-roles",
    "person": "settings#people-teams-and-roles",
    "hire": "settings#people-teams-and-roles",
    "team": "settings#people-teams-and-roles",
    "roles": "settings#people-teams-and-roles",
    "settings": "settings",
    "organisation": "settings#organisation",
    "calendar": "settings#calendars",
    "stage": "settings#stages-and-custom-fields",
    "custom": "settings#stages-and-custom-fields",
    "mail": "settings#mail-files-backup",
    "storage": "settings#mail-files-backup",
    "backups": "settings#mail-files-backup",
    "audit": "settings#audit-log",
    "quick_add": "keys",
}


@dataclass(frozen=True)
class RailLink:
    label: Any
    href: str
    icon: str
    leg: str
    is_sub: bool
    group: Any
    is_current: bool
    key: str = ""


@dataclass(frozen=True)
class Shell:
    rail: tuple[RailLink, ...]
    language: str
    languages: tuple[tuple[str, str], ...]
    theme: str
    organisation: str
    me: str
    n_unread: int
    may: frozenset[str]
    adds: bool = False
    # Whether letters act alone, and what the handbook says of this page.
    keys: str = "on"
    help: str = ""


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor of every Jinja page."""
    return {"shell": _shell(request), "flashes": toasts.waiting(request), "request": request}


def theme_of(request: HttpRequest) -> str:
    chosen = request.COOKIES.get("theme", "system")
    return chosen if chosen in THEMES else "system"


def keys_of(request: HttpRequest) -> str:
    """“off” for whoever steers by voice: then no letter acts alone."""
    return "off" if request.COOKIES.get("keys") == "off" else "on"


def _help(request: HttpRequest) -> str:
    """The place in the handbook that speaks of this page: of the longest part of its name that the handbook knows."""
    name = request.resolver_match.url_name or "" if request.resolver_match else ""
    known = max((part for part in HANDBOOK if name.startswith(part)), key=len, default="")
    key, _hash, anchor = HANDBOOK[known].partition("#")
    path = reverse("handbook_page", args=[key])
    return f"{path}#{anchor}" if anchor else path


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
        n_unread=notifications.n_unread(user) if may and user is not None else 0,
        may=frozenset(ability.value for ability in may),
        keys=keys_of(request),
        help=_help(request),
        adds=not may.isdisjoint({Ability.WORK_LEADS, Ability.WORK_ACCOUNTS, Ability.WORK_OPPORTUNITIES}),
    )


def _rail(request: HttpRequest, may: frozenset[Ability]) -> tuple[RailLink, ...]:
    links = []
    for item in RAIL:
        if item.needs is not None and item.needs not in may:
            continue
        href = _address(item)
        is_current = request.path == href or (href != "/" and request.path.startswith(f"{href}/"))
        links.append(RailLink(item.label, href, item.icon, item.leg, item.is_sub, item.group, is_current, item.key))
    return tuple(links)


def _address(item: RailItem) -> str:
    return f"{reverse('relay')}#leg-{item.leg}" if item.leg else reverse(item.url_name)
