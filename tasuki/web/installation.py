"""What is set where the installation runs, shown to whoever looks after it: mail, files, backups, versions; and the way out for data."""

from __future__ import annotations

import platform
import shutil
from typing import Any

import django
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

import tasuki
from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.audit import AuditEntry
from tasuki.core.organisation import the_organisation
from tasuki.core.vitals import vitals
from tasuki.crm.files import File
from tasuki.web import letters, toasts
from tasuki.web.lists.nouns import SPECS
from tasuki.web.nouns import plural
from tasuki.web.records import next_page
from tasuki.web.requests import UserRequest


@require_GET
def mail(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.MANAGE_SETTINGS)
    return render(request, "settings/mail.jinja", {"server": settings.MAIL, "me": request.user})


@require_POST
def mail_trial(request: UserRequest) -> HttpResponse:
    """A letter to myself: what arrives, works."""
    abilities.require(request.user, Ability.MANAGE_SETTINGS)
    if settings.MAIL is not None:
        letters.mail_trial.defer(user_id=request.user.pk)
        toasts.say(request, _("A letter is on its way to %(address)s. If it does not come, the log of the worker says why.") % {"address": request.user.email})
    return redirect(next_page(request.POST.get("next", "")) or "mail")


@require_GET
def storage(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.MANAGE_SETTINGS)
    files = File.objects.visible_to(request.user)
    disk = shutil.disk_usage(settings.HOME)
    context = {
        "largest": settings.FILES_LARGEST,
        "endings": sorted(settings.FILES_REFUSED_ENDINGS),
        "n_files": files.kept().count(),
        "n_bytes": files.n_bytes_stored(),
        "most": settings.FILES_QUOTA,
        "scanner": type(settings.SCANNER).__name__.lower() if settings.SCANNER else "",
        "n_unsettled": files.unsettled().count(),
        "n_free": disk.free,
        "folder": settings.HOME / "files",
    }
    return render(request, "settings/storage.jinja", context)


@require_GET
def backups(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.MANAGE_SETTINGS)
    made = AuditEntry.objects.visible_to(request.user).of(the_organisation()).filter(action="backup").newest_first()[:10]
    return render(request, "settings/backups.jinja", {"made": [(entry.at, _plainly(entry.changes)) for entry in made], "home": settings.HOME})


@require_GET
def data_export(request: UserRequest) -> HttpResponse:
    """Every list as it is, for whoever may take data out; what they do not see is not in it."""
    abilities.require(request.user, Ability.EXPORT_DATA)
    standing = abilities.standing_of(request.user)
    lists = [(plural(noun), f"{reverse('export', args=[noun])}?filter=&") for noun, spec in SPECS.items() if spec.is_open_to(standing)]
    lists += [(plural("productpoint"), f"{reverse('product_points_export')}?")]
    return render(request, "settings/data_export.jinja", {"lists": lists})


@require_GET
def about(request: UserRequest) -> HttpResponse:
    context = {
        "version": tasuki.__version__,
        "versions": [("Python", platform.python_version()), ("Django", django.get_version()), ("PostgreSQL", _server_version())],
        "vitals": vitals(at=now()) if abilities.can(request.user, Ability.MANAGE_SETTINGS) else None,
        "licence": "https://www.apache.org/licenses/LICENSE-2.0",
    }
    return render(request, "settings/about.jinja", context)


def _server_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def _plainly(changes: dict[str, list[Any]]) -> dict[str, Any]:
    return {field: after for field, (_before, after) in changes.items()}
