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
_PROCESS, _SEES = Ability.EDIT_PROCESS, Ability.SEE_CONTACT_DETAILS
_ERASES = Ability.ERASE_PEOPLE
_TRAIL, _RUNS = Ability.READ_AUDIT_LOG, Ability.MANAGE_SETTINGS

_ME = (
    Setting("profile", "user", _("My profile"), _("Language, time zone, password, authenticator app and passkeys."), _("two-factor security")),
    Setting("mailbox", "mail", _("My mailbox"), _("Through which you write to people, and are answered."), "SMTP IMAP", Ability.SEE_CONTACT_DETAILS),
    Setting("own_calendar", "calendar", _("My calendar"), _("When you are busy, and where your meetings stand."), "CalDAV"),
)
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
    Setting("scoring", "gauge", _("Scoring"), _("What suits you, what shows interest, and who is called first."), _("grade fit engagement points"), _PROCESS),
    Setting("contact_rules", "signature", _("Consent"), _("What each country asks before somebody is reached; the texts."), _("GDPR quiet hours"), _PROCESS),
    Setting("mail_tracking", "eye", _("Mail tracking"), _("Whether opens and clicks are counted. Off until you say so."), _("open click pixel"), _PROCESS),
    Setting("do_not_contact", "phone-off", _("Do not contact"), _("Numbers, addresses and domains that nobody reaches any more."), _("block DNC"), _SEES),
    Setting("exit_reasons", "recycle", _("Exit reasons"), _("Why leads leave, when they wake, and which queue holds them."), _("recycle disqualify"), _PROCESS),
    Setting("call_settings", "phone", _("Calls"), _("How long calls last, their scripts, and when to try again."), _("script talk time retry"), _PROCESS),
    Setting("coaching_settings", "speakerphone", _("Coaching"), _("Scorecard, how much is heard, how long recordings stay."), _("review"), _PROCESS),
    Setting("objections", "message-2-question", _("Objections"), _("What people say against us, and what answers it."), _("wall battlecard")),
    Setting(
        "routing", "arrows-split", _("Routing"), _("Which lead goes to whom: rules in order, pools, and the log of decisions."), _("assignment round robin")
    ),
    Setting("agreements", "clock", _("Agreements"), _("What departments promise each other, and by when."), _("SLA speed to lead opportunity")),
    Setting("call_list_rules", "list-check", _("Tomorrow's list"), _("How many calls fit into a day, and whom the list means."), _("slots backlog"), _PROCESS),
    Setting("products", "package", _("Products"), _("What you sell, by product line."), _("price")),
    Setting("custom_fields_first", "forms", _("Custom fields"), _("What you want to know of your records beyond what Tasuki asks."), needs=_FIELDS),
)
_DATA = (
    Setting("imports", "table-import", _("Imports"), _("Bring data in, with its history; take a whole import back."), "CSV Excel XLSX", _IMPORTS),
    Setting("data_export", "download", _("Data export"), _("Take every list out as CSV or Excel, or everything as one file."), "CSV Excel XLSX", _EXPORTS),
    Setting("erasures", "shield-check", _("Erasures"), _("Who asked to be erased, who confirms it, and what was done."), _("GDPR privacy forget"), _ERASES),
    Setting("retention", "clock", _("Retention"), _("After how long without activity somebody is proposed for erasure."), _("GDPR delete old"), _ERASES),
    Setting("audit", "history", _("Audit log"), _("Who changed what, when, from what, to what."), needs=_TRAIL),
)
_INSTALLATION = (
    Setting("mailboxes", "inbox", _("Mailboxes"), _("Who has connected one, and whether it works."), "SMTP IMAP", Ability.MANAGE_PEOPLE),
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
