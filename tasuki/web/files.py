"""Files: attaching some to a record, giving one back as it came, taking one off. A file is never shown, only downloaded."""

from __future__ import annotations

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Refused
from tasuki.crm import attachments
from tasuki.crm.attachments import Attachment, AttachmentRefused
from tasuki.crm.files import File, Scan
from tasuki.web import toasts
from tasuki.web.records import back, may_write_about, record_of, seen
from tasuki.web.requests import UserRequest, by, record_id

MOST_AT_ONCE = 20
PAGE = 50


class StillShut(Refused):
    """A virus scanner has not said yet that the file is clean, or has said that it is not."""

    code = "file_shut"
    status = 409

    def __init__(self, file: File) -> None:
        is_refused = file.scan == Scan.REFUSED
        super().__init__(_("The virus scanner refused this file.") if is_refused else _("This file is being scanned for viruses. Try again in a minute."))


@require_http_methods(["GET", "POST"])
def of_record(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    """All files of a record, newest first, from the one named in `before` on; POST attaches more."""
    if request.method == "POST":
        return _attach(request, noun, pk)
    record = seen(request, noun, pk)
    rows = File.objects.visible_to(request.user).of_records().filter(**{noun: record}).select_related("added_by")
    before = record_id(request.GET.get("before", ""))
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    context = {
        "record": record,
        "files": found[:PAGE],
        "newer": reverse("files", args=[noun, pk]) if before else "",
        "older": f"?before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "may_write": may_write_about(request.user, record),
    }
    return render(request, "files/list.jinja", context)


def _attach(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    record, sent = record_of(request, noun, pk), attached(request)
    if not sent:
        messages.error(request, _("Choose a file first."))
        return back(request, reverse(noun, args=[pk]))
    attachments.attach_all(sent, by=by(request), at=now(), **{noun: record})
    messages.success(request, ngettext("%(num)s file is attached.", "%(num)s files are attached.", len(sent)) % {"num": len(sent)})
    return back(request, reverse(noun, args=[pk]))


def attached(request: HttpRequest) -> list[Attachment]:
    """The files that a form sent. Raises AttachmentRefused for too many."""
    uploads = request.FILES.getlist("file")
    if len(uploads) > MOST_AT_ONCE:
        raise AttachmentRefused(_("At most %(n)s files at once.") % {"n": MOST_AT_ONCE})
    return [Attachment(upload, upload.name or "", upload.size or 0) for upload in uploads]


@require_GET
def download(request: UserRequest, pk: int) -> FileResponse:
    file = get_object_or_404(File.objects.visible_to(request.user).kept(), pk=pk)
    if not file.is_open:
        raise StillShut(file)
    response = FileResponse(default_storage.open(file.stored_as), as_attachment=True, filename=file.name, content_type="application/octet-stream")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def removal(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    file = get_object_or_404(File.objects.visible_to(request.user).kept(), pk=pk)
    attachments.remove(file, by=by(request), at=now())
    toasts.say(request, _("The file is removed."), undo=reverse("file_restoring", args=[pk]))
    return back(request, _home(file))


@require_POST
def restoring(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.WORK_ACCOUNTS)
    file = get_object_or_404(File.objects.visible_to(request.user), pk=pk)
    attachments.bring_back(file, by=by(request), at=now())
    messages.success(request, _("The file is back."))
    return back(request, _home(file))


def _home(file: File) -> str:
    record = file.lead or file.contact or file.account
    return reverse(record.noun, args=[record.pk]) if record else reverse("home")
