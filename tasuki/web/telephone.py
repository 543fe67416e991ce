"""What the telephone system tells us: the door of its messages. Each is signed; nobody signs in here."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile

from django.conf import settings
from django.core.files.base import File as Content
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.core.errors import Refused
from tasuki.crm.attachments import Attachment
from tasuki.engage import telephony
from tasuki.engage.talk_figures import FiguresRefused
from tasuki.engage.telephony import webhooks
from tasuki.engage.telephony.webhooks import ByWebhook, MessageRefused

_LONGEST = 8 * 1024
_IN_MEMORY, _PIECE = 1024 * 1024, 64 * 1024


@csrf_exempt
@require_POST
def events(request: HttpRequest) -> HttpResponse:
    """204 for what was understood, also for a call that is not ours; 404 where no such system is set up; 400 for what it did not sign."""
    system = telephony.current() if settings.TELEPHONY == webhooks.KEY else None
    if not isinstance(system, ByWebhook):
        return _refused(_("No telephone system that sends messages here is set up."), status=404)
    if int(request.headers.get("Content-Length") or 0) > _LONGEST:
        return _refused(_("A message has at most %(n)s bytes.") % {"n": _LONGEST}, status=413)
    try:
        told = system.read(request.body, stamp=request.headers.get(webhooks.STAMP, ""), signed=request.headers.get(webhooks.SIGNATURE, ""), at=now())
    except MessageRefused:
        return _refused(_("The message is not signed as agreed, or it is too old."), status=400)
    try:
        telephony.heard(told, adapter=system.key, at=now())
    except FiguresRefused as refusal:
        return _refused(str(refusal), status=refusal.status)
    return HttpResponse(status=204)


@csrf_exempt
@require_http_methods(["PUT"])
def recording(request: HttpRequest, external_id: str) -> HttpResponse:
    """The bytes of a recording: 201 for what is kept, 204 for a call that is not ours, 409 and 422 with the reason for what is not kept."""
    system = telephony.current() if settings.TELEPHONY == webhooks.KEY else None
    if not isinstance(system, ByWebhook):
        return _refused(_("No telephone system that sends messages here is set up."), status=404)
    stamp, notice = request.headers.get(webhooks.STAMP, ""), request.headers.get(webhooks.NOTICE, "")
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal() or int(length[:18]) > settings.FILES_LARGEST:
        return _refused(_("A recording says how long it is, and has at most %(n)s MB.") % {"n": settings.FILES_LARGEST // 1024 // 1024}, status=413)
    seal = webhooks.RecordingSeal(system.secret, stamp=stamp, external_id=external_id, notice=notice)
    with SpooledTemporaryFile(_IN_MEMORY) as spool:
        spool.writelines(seal.passing(_pieces(request, int(length))))
        try:
            system.refuse_unsigned(seal.signature, stamp=stamp, signed=request.headers.get(webhooks.SIGNATURE, ""), at=now())
            call = telephony.of_system(external_id, adapter=system.key)
            if call is None:
                return HttpResponse(status=204)
            telephony.recorded(call, attachment=Attachment(Content(spool), f"{external_id}", spool.tell()), notice=notice, at=now())
        except MessageRefused:
            return _refused(_("The message is not signed as agreed, or it is too old."), status=400)
        except Refused as refusal:
            return _refused(str(refusal), status=refusal.status)
    return HttpResponse(status=201)


def _pieces(request: HttpRequest, length: int) -> Iterator[bytes]:
    """What was sent, piece by piece, and no byte more than was announced."""
    while length > 0 and (piece := request.read(min(length, _PIECE))):
        length -= len(piece)
        yield piece


def _refused(sentence: str, *, status: int) -> JsonResponse:
    return JsonResponse({"errors": [sentence]}, status=status)
