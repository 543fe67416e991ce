"""The frame around every page: what the rail offers this person, and where they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.crm import notifications
from tasuki.engage.triage import deciding, waiting
from tasuki.web import toasts, tour

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
    # What of the shell counts those that wait there for this person.
    counts: str = ""


RAIL = (
    RailItem(_("My workspace"), "home", icon="inbox", key="h"),
    RailItem(_("The Model"), "relay", icon="route", needs=Ability.SEE_RELAY, key="r"),
    RailItem(_("Plan"), "plan", is_sub=True, needs=Ability.SEE_RELAY),
    RailItem(_("Hand-offs"), "handoffs", icon="transfer", needs=Ability.SEE_RELAY, key="n"),
    RailItem(_("Response times"), "response_times", is_sub=True, needs=Ability.SEE_RELAY),
    RailItem(_("Wins"), "wins", is_sub=True, needs=Ability.SEE_RELAY),
    RailItem(_("Marketing"), "", leg="marketing", group=_("Legs")),
    RailItem(_("Inside sales"), "", leg="inside_sales"),
    RailItem(_("Leads"), "leads", is_sub=True, key="l"),
    RailItem(_("Tomorrow's list"), "call_list", is_sub=True, needs=Ability.WORK_LEADS, key="m"),
    RailItem(_("Team's lists"), "team_lists", is_sub=True, needs=Ability.ASSIGN_OWNERS),
    RailItem(_("Due today"), "steps_due", is_sub=True, needs=Ability.WORK_LEADS),
    RailItem(_("Answers"), "answers", is_sub=True, needs=Ability.SEE_CONTACT_DETAILS, counts="n_answers"),
    RailItem(_("Sequences"), "sequences", is_sub=True),
    RailItem(_("My meetings"), "meetings", is_sub=True, key="e"),
    RailItem(_("Recycling"), "recycling", is_sub=True, needs=Ability.SEE_RELAY),
    RailItem(_("Numbers"), "numbers", is_sub=True, needs=Ability.SEE_RELAY),
    RailItem(_("Call desk"), "desk", is_sub=True, needs=Ability.WORK_LEADS, key="k"),
    RailItem(_("Coaching"), "coaching", is_sub=True),
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
    "plan": "the-model#the-plan",
    "lead": "records#leads",
    "desk": "inside-sales#the-call-desk",
    "objection": "inside-sales#the-call-desk",
    "handoff": "hand-offs",
    "lead_fact": "inside-sales",
    "account": "records#accounts",
    "contact": "records#contacts",
    "opportunit": "records#opportunities",
    "product": "records#products",
    "task": "records#tasks",
    "import": "records#imports",
    "bulk": "lists#many-rows-at-once",
    "duplicate": "records#duplicates",
    "merge": "records#duplicates",
    "notification": "lists#notifications",
    "people": "settings#people-teams-and-roles",
    "person": "settings#people-teams-and-roles",
    "hire": "settings#people-teams-and-roles",
    "team": "settings#people-teams-and-roles",
    "roles": "settings#people-teams-and-roles",
    "settings": "settings",
    "organisation": "settings#organisation",
    "calendar": "settings#calendars",
    "do_not_contact": "records#contacts",
    "contact_rule": "records#contacts",
    "consent_texts": "records#contacts",
    "recycling": "inside-sales#recycling",
    "numbers": "inside-sales#numbers",
    "reach": "inside-sales#when-people-are-reached",
    "exit_reason": "inside-sales#recycling",
    "routing": "settings#routing",
    "agreement": "settings#agreements",
    "response": "settings#agreements",
    "meeting": "inside-sales#meetings",
    "coaching": "inside-sales#coaching",
    "scorecard": "inside-sales#coaching",
    "review": "inside-sales#coaching",
    "call": "inside-sales#coaching",
    "call_settings": "inside-sales#the-call-desk",
    "recording": "inside-sales#coaching",
    "skillcard": "inside-sales#coaching",
    "criterion": "inside-sales#coaching",
    "praise": "inside-sales#coaching",
    "win": "hand-offs",
    "stage": "settings#stages-and-custom-fields",
    "scoring": "settings#scoring",
    "call_list": "inside-sales#tomorrows-list",
    "team_lists": "inside-sales#the-day-of-a-team",
    "sequence": "inside-sales#sequences",
    "answer": "inside-sales#answers",
    "steps_due": "inside-sales#sequences",
    "deed": "inside-sales#sequences",
    "enrolment": "inside-sales#sequences",
    "lead_enrol": "inside-sales#sequences",
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
    counts: str = ""


class Shell:
    """What the layout asks for, each when it is asked: a fragment that shows nothing of the frame costs nothing for it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        user = getattr(request, "user", None)
        self._me: User | None = user if user is not None and user.is_authenticated else None

    @cached_property
    def _abilities(self) -> frozenset[Ability]:
        return abilities.standing_of(self._me).abilities if self._me else frozenset()

    @cached_property
    def may(self) -> frozenset[str]:
        return frozenset(ability.value for ability in self._abilities)

    @cached_property
    def rail(self) -> tuple[RailLink, ...]:
        return _rail(self._request, self._abilities) if self._abilities else ()

    @cached_property
    def organisation(self) -> str:
        return the_organisation().name if self._abilities else ""

    @cached_property
    def _counts(self) -> Counter[str]:
        """What the frame counts, in one question for every page."""
        if self._me is None or not self._abilities:
            return Counter()
        lines: Any = notifications.unread_by(self._me).values_list(Value("unread"))
        if deciding.may_say(self._me):
            lines = lines.union(waiting.own(self._me).values_list(Value("answers")), all=True)
        return Counter(what for (what,) in lines)

    @property
    def n_unread(self) -> int:
        return self._counts["unread"]

    @property
    def n_answers(self) -> int:
        """Answers by mail on which this person has not said a word yet."""
        return self._counts["answers"]

    @cached_property
    def tour(self) -> tour.Standing | None:
        """The stop of the guided tour that this page is for its reader, if the address says so."""
        return tour.standing(self._request, self._me) if self._me and self._abilities else None

    @property
    def me(self) -> str:
        return self._me.display_name if self._me else ""

    @property
    def adds(self) -> bool:
        """Whether there is anything that this person may add."""
        return not self._abilities.isdisjoint({Ability.WORK_LEADS, Ability.WORK_ACCOUNTS, Ability.WORK_OPPORTUNITIES})

    @property
    def language(self) -> str:
        return (translation.get_language() or "en")[:2]

    @property
    def languages(self) -> tuple[tuple[str, str], ...]:
        return tuple(settings.LANGUAGES)

    @property
    def theme(self) -> str:
        return theme_of(self._request)

    @property
    def keys(self) -> str:
        return keys_of(self._request)

    @property
    def help(self) -> str:
        """What the handbook says of this page."""
        return _help(self._request)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor of every Jinja page."""
    return {"shell": Shell(request), "flashes": toasts.waiting(request), "request": request}


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


def _rail(request: HttpRequest, may: frozenset[Ability]) -> tuple[RailLink, ...]:
    links = []
    for item in RAIL:
        if item.needs is not None and item.needs not in may:
            continue
        href = _address(item)
        is_current = request.path == href or (href != "/" and request.path.startswith(f"{href}/"))
        links.append(RailLink(item.label, href, item.icon, item.leg, item.is_sub, item.group, is_current, item.key, item.counts))
    return tuple(links)


def _address(item: RailItem) -> str:
    return f"{reverse('relay')}#leg-{item.leg}" if item.leg else reverse(item.url_name)
