"""The handbook in the house: its pages as they lie in docs/handbook, in the reader's language, with the words of the glossary linked."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_GET

from tasuki.web import handbook_pages
from tasuki.web.handbook_pages import ORDER
from tasuki.web.requests import UserRequest


@require_GET
def front(request: UserRequest) -> HttpResponse:
    return _shown(request, "README")


@require_GET
def page(request: UserRequest, key: str) -> HttpResponse:
    if key not in ORDER:
        raise Http404
    return _shown(request, key)


def _shown(request: UserRequest, key: str) -> HttpResponse:
    language = (translation.get_language() or "en")[:2]
    shown = handbook_pages.page(key, language)
    others = [handbook_pages.page(other, language) for other in ORDER]
    return render(request, "handbook/page.jinja", {"page": shown, "is_foreign": shown.language != language, "others": others})
