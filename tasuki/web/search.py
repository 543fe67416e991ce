"""Search: the page of the top bar, and the same answer as a fragment for the palette."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.search import finding, marking
from tasuki.core.search.folding import Sought, sought
from tasuki.web import found_rows, handbook_pages, nouns, settings_index
from tasuki.web.found_rows import Row
from tasuki.web.page_names import is_called
from tasuki.web.requests import UserRequest, is_htmx
from tasuki.web.shell import RAIL, RailItem

LONGEST = 200
_IN_PALETTE, _ON_PAGE, _LATELY, _SECTIONS = 5, 20, 8, 4

# Where one can go, besides the settings.
PAGES = (
    *(item for item in RAIL if item.url_name),
    RailItem(gettext_lazy("My bulk changes"), "bulk_runs", icon="list-check", needs=Ability.WORK_ACCOUNTS),
    RailItem(gettext_lazy("New lead"), "lead_new", icon="plus", needs=Ability.WORK_LEADS),
    RailItem(gettext_lazy("New account"), "account_new", icon="plus", needs=Ability.WORK_ACCOUNTS),
    RailItem(gettext_lazy("New contact"), "contact_new", icon="plus", needs=Ability.WORK_ACCOUNTS),
    RailItem(gettext_lazy("New import"), "import_new", icon="table-import", needs=Ability.IMPORT_DATA),
    RailItem(gettext_lazy("Hire somebody"), "hire", icon="user-plus", needs=Ability.MANAGE_PEOPLE),
)


@dataclass(frozen=True)
class Group:
    """One heading with what stands below it; `part` tells the palette before which ones its own answers go."""

    name: str
    rows: Sequence[Row]
    part: str = ""


@require_GET
def search(request: UserRequest) -> HttpResponse:
    """Records, pages and sections of the handbook that hold the words of `q`; without words, what was opened lately and all pages."""
    began = time.perf_counter()
    text = " ".join(request.GET.get("q", "").split())[:LONGEST]
    is_fragment = is_htmx(request)
    groups, is_nearly = _found(request, text, most=_IN_PALETTE if is_fragment else _ON_PAGE) if text else (_lately(request), False)
    what = sought(text)
    if pages := _pages(request, what):
        groups = [*groups, Group(_("Go to"), pages, part="pages")]
    # Last, for Enter takes the first: whoever types a name wants what is called so, and reads about it when there is nothing else.
    if what and (sections := _in_handbook(what)):
        groups = [*groups, Group(_("Handbook"), sections, part="handbook")]
    context = {
        "q": text,
        "groups": groups,
        "n": sum(len(group.rows) for group in groups),
        "is_nearly": is_nearly,
        "marked": lambda words: marking.parts(words, what) if what else [(words, False)],
        "milliseconds": round((time.perf_counter() - began) * 1000),
    }
    return render(request, "search/found.jinja" if is_fragment else "search/page.jinja", context)


def _found(request: UserRequest, text: str, *, most: int) -> tuple[list[Group], bool]:
    found = finding.find(request.user, text, most=most)
    rows = found_rows.rows(request.user, [(noun, pk) for noun, ids in found.ids.items() for pk in ids])
    groups = [Group(_name_of(noun), [rows[noun, pk] for pk in ids if (noun, pk) in rows]) for noun, ids in found.ids.items()]
    return [group for group in groups if group.rows], found.is_nearly


def _name_of(noun: str) -> str:
    return _("People") if noun == "user" else capfirst(str(nouns.plural(noun)))


def _lately(request: UserRequest) -> list[Group]:
    recent = finding.visible_recents(request.user, most=_LATELY)
    rows = found_rows.rows(request.user, recent)
    shown = [rows[one] for one in recent if one in rows]
    return [Group(_("Opened lately"), shown)] if shown else []


def _in_handbook(what: Sought) -> list[Row]:
    """Sections that are called so, before those that only speak of it."""
    language = (translation.get_language() or "en")[:2]
    called, speaking = [], []
    for page, section in handbook_pages.every_section(language):
        if all(word in section.called for word in what.words):
            called.append((page, section))
        elif all(word in section.said for word in what.words):
            speaking.append((page, section))
    found = [*called, *speaking][:_SECTIONS]
    return [Row(section.title, page.title, handbook_pages.address(page.key, section.anchor), "book") for page, section in found]


def _pages(request: UserRequest, what: Sought | None) -> list[Row]:
    """The pages of the rail, of the settings and for adding, each once."""
    may = abilities.standing_of(request.user).abilities
    named = [
        (page.url_name, page.icon or "arrow-right", page.label, "")
        for page in PAGES
        if (page.needs is None or page.needs in may) and (what is None or is_called(what, page.label))
    ]
    named += [
        (one.url_name, one.icon, one.label, _("Settings"))
        for _group, settings in settings_index.open_to(request.user)
        for one in settings
        if what is None or is_called(what, one.label, one.words)
    ]
    rows = {url_name: Row(str(label), "", reverse(url_name), icon, side) for url_name, icon, label, side in reversed(named)}
    return list(reversed(rows.values()))
