"""All that can be set, on one page: grouped, found by typing, and only what its reader may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.core.search.folding import sought
from tasuki.web.page_names import is_called
from tasuki.web.requests import UserRequest


@dataclass(frozen=True)
class Setting:
    """One page of the settings. `words` are others by which people look for it; whoever lacks `needs` does not see it."""

    url_name: str
    icon: str
    label: Any
    sentence: Any
    words: Any = ""
    needs: Ability | None = None


_FIELDS, _IMPORTS, _EXPORTS = Ability.EDIT_FIELDS, Ability.IMPORT_DATA, Ability.EXPORT_DATA
_TRAIL, _RUNS = Ability.READ_AUDIT_LOG, Ability.MANAGE_SETTINGS

_ME = (Setting("profile", "user", _("My profile"), _("Language, time zone, password, authenticator app and passkeys."), _("two-factor security")),)
_HOUSE = (
    Setting("organisation", "building-community", _("Organisation"), _("Name, country, currency, language, time zone, fiscal year."), _("company")),
    Setting("calendars", "calendar", _("Calendars"), _("When you work: business hours, public holidays, days of your own."), _("holiday shift SLA")),
    Setting("people", "users", _("People"), _("Who works here, in which team, with which roles."), _("user colleague invite")),
    Setting("teams", "sitemap", _("Teams"), _("Departments and teams, and who sees whose rows.")),
    Setting("roles", "shield-check", _("Roles and abilities"), _("What each role may do and see, in one table."), _("permission")),
    Setting("set_up", "list-check", _("Set-up"), _("The steps from an empty house to a working one, and what was done."), needs=_RUNS),
)
_RELAY = (
    Setting("stages", "list-details", _("Stages"), _("What is true in each stage, and the condition for moving on."), _("gate phase")),
    Setting("products", "package", _("Products"), _("What you sell, by product line."), _("price")),
    Setting("custom_fields_first", "forms", _("Custom fields"), _("What you want to know of your records beyond what Tasuki asks."), needs=_FIELDS),
)
_DATA = (
    Setting("imports", "table-import", _("Imports"), _("Bring data in, with its history; take a whole import back."), "CSV Excel XLSX", _IMPORTS),
    Setting("data_export", "download", _("Data export"), _("Take every list out as CSV or Excel, or everything as one file."), "CSV Excel XLSX", _EXPORTS),
    Setting("audit", "history", _("Audit log"), _("Who changed what, when, from what, to what."), needs=_TRAIL),
)
_INSTALLATION = (
    Setting("mail", "mail", _("Outgoing mail"), _("Which server takes your letters; send yourself one."), "SMTP", _RUNS),
    Setting("storage", "paperclip", _("Files"), _("How large a file may be, and how much room they take."), _("attachment limit"), _RUNS),
    Setting("backups", "database-export", _("Backup"), _("When the last backup was made, and how the next one is."), _("restore"), _RUNS),
    Setting("about", "info-circle", _("About Tasuki"), _("Versions, licence, and whether everything runs."), _("version licence")),
)
SETTINGS = ((_("Mine"), _ME), (_("The house"), _HOUSE), (_("The relay"), _RELAY), (_("Data"), _DATA), (_("The installation"), _INSTALLATION))


def open_to(user: User) -> list[tuple[Any, list[Setting]]]:
    """The groups with the pages that this person may open; no group without any."""
    may = abilities.standing_of(user).abilities
    groups = [(name, [one for one in settings if one.needs is None or one.needs in may]) for name, settings in SETTINGS]
    return [(name, settings) for name, settings in groups if settings]


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """The index; `q` narrows it, for whoever has no script that does it while they type."""
    q = " ".join(request.GET.get("q", "").split())[:100]
    what = sought(q)
    groups = []
    for name, settings in open_to(request.user):
        found = [(one, reverse(one.url_name)) for one in settings if what is None or is_called(what, one.label, one.sentence, one.words)]
        if found:
            groups.append((name, found))
    return render(request, "settings/index.jinja", {"q": q, "groups": groups, "organisation": the_organisation()})
