"""What Django's own templates (the sign-in pages that allauth brings) need of ours: built assets, the theme, the languages."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.http import HttpRequest

from tasuki.web.assets import asset
from tasuki.web.shell import theme_of

register = template.Library()


@register.simple_tag
def built(name: str) -> str:
    return asset(name)


@register.simple_tag
def theme(request: HttpRequest) -> str:
    return theme_of(request)


@register.simple_tag
def languages() -> list[tuple[str, str]]:
    """Each language in its own words: Django's tag would translate the names."""
    return list(settings.LANGUAGES)
