"""What Django's own templates (the sign-in pages that allauth brings) need of ours: built assets, and the theme."""

from __future__ import annotations

from django import template
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
