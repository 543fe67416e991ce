"""What happens to every request before a view sees it, and to every refusal after one raised it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tasuki.core import abilities, founding
from tasuki.core.errors import Refused
from tasuki.core.people import User
from tasuki.web import errors
from tasuki.web.requests import is_htmx

Answer = Callable[[HttpRequest], HttpResponseBase]

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")

# Open to the anonymous: the way in, the language of the page one reads there, and the word that we are alive.
OPEN = frozenset(
    {
        "account_login",
        "account_logout",
        "account_inactive",
        "mfa_authenticate",
        "mfa_login_webauthn",
        "account_reset_password",
        "password_link",
        "new_password",
        "first_run",
        "first_link",
        "language",
        "notification_silence",
        "mail_click",
        "mail_open",
        "mail_withdrawal",
        "booking",
        "booking_cancellation",
        "meeting_feed",
        "telephone_events",
        "telephone_recording",
        "health",
    }
)
# What a signed-in person may do without holding any role: look after their own account, and leave.
OWN = frozenset(
    {
        "profile",
        "theme",
        "keys",
        "account_change_password",
        "account_set_password",
        "account_reauthenticate",
        "mfa_reauthenticate",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_download_recovery_codes",
        "mfa_list_webauthn",
        "mfa_add_webauthn",
        "mfa_reauthenticate_webauthn",
        "mfa_edit_webauthn",
        "mfa_remove_webauthn",
    }
)


def keep_to_the_reader(get_response: Answer) -> Answer:
    """What we answer is one person's: no cache between us keeps it, the browser asks before it shows it again, and forgets it at the way out."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-cache"
        if request.method == "POST" and _url_name(request) == "account_logout":
            response["Clear-Site-Data"] = '"cache"'
        return response

    return middleware


def refuse_nul_bytes(get_response: Answer) -> Answer:
    """Answer 400 with a sentence to text that PostgreSQL cannot store: a NUL, or half of a surrogate pair."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if any(_unstorable(text) for text in _texts(request)):
            sentence = _("It holds characters that cannot be stored: a NUL, or half of a character. Remove them and try again.")
            return errors.bare(_("This request cannot be read"), sentence, status=400)
        return get_response(request)

    return middleware


def in_the_language_of_the_user(get_response: Answer) -> Answer:
    """Speak the signed-in person's language, and tell times in their zone."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User):
            return get_response(request)
        translation.activate(user.language)
        request.LANGUAGE_CODE = user.language
        # A thread answers many people: the zone must not stay behind for the next one.
        with timezone.override(user.time_zone):
            return get_response(request)

    return middleware


def require_sign_in(get_response: Answer) -> Answer:
    """Every page is closed until opened in `OPEN` or `OWN`: to the anonymous, and to people without a role."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        name = _url_name(request)
        if name == "account_login" and not isinstance(request.user, User) and founding.is_unclaimed():
            return HttpResponseRedirect(reverse("first_run"))
        if name in OPEN:
            return get_response(request)
        user: User | AnonymousUser = request.user
        if not isinstance(user, User):
            return _to_sign_in(request)
        if name in OWN or abilities.standing_of(user).roles:
            return get_response(request)
        return _refused(request, _("You have no role here yet. Ask an administrator for one."), status=403)

    return middleware


class _AnswerRefusals:
    """Turns what the domain declines into an answer: a toast for htmx, a page otherwise."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refused):
            return None
        return _refused(request, str(exception), status=exception.status)


def answer_refusals(get_response: Answer) -> _AnswerRefusals:
    return _AnswerRefusals(get_response)


def _refused(request: HttpRequest, sentence: str, *, status: int) -> HttpResponse:
    title = _("This is not yours to open") if status == 403 else _("That cannot be done")
    return errors.answer(request, title, sentence, status=status)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    address = reverse(settings.LOGIN_URL)
    if request.method in ("GET", "HEAD") and not is_htmx(request) and request.path != "/":
        address = f"{address}?{urlencode({'next': request.get_full_path()})}"
    if is_htmx(request):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _url_name(request: HttpRequest) -> str | None:
    # An address that leads nowhere is as closed as any other: a stranger learns nothing from the answer.
    try:
        return resolve(request.path_info).url_name
    except Resolver404:
        return None


def _texts(request: HttpRequest) -> Iterable[str]:
    yield request.path_info
    yield from _pairs(request.GET)
    if request.method == "POST":
        yield from _pairs(request.POST)
        for field, files in request.FILES.lists():
            yield field
            yield from (file.name or "" for file in files)


def _pairs(fields: QueryDict) -> Iterable[str]:
    for field, values in fields.lists():
        yield field
        yield from values


def _unstorable(text: str) -> bool:
    return _UNSTORABLE.search(text) is not None
