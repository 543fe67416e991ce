"""Saved views: saving the state of a list under a name, saying it anew, and taking it away."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from tasuki.core import saved_views
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.filters import binding, sentences
from tasuki.core.filters.askers import asker
from tasuki.core.saved_views import Reach, SavedView, Shown
from tasuki.web import toasts
from tasuki.web.lists import renderings
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.nouns import SPECS
from tasuki.web.records import next_page, valid
from tasuki.web.requests import UserRequest, by

_REMOVED = {
    Reach.MINE: gettext_lazy("The view is removed."),
    Reach.TEAM: gettext_lazy("The view is removed, for your whole team."),
    Reach.ALL: gettext_lazy("The view is removed, for everybody."),
}


class ViewForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("name"), max_length=saved_views.LONGEST_NAME)
    reach = forms.ChoiceField(label=gettext_lazy("for whom"), choices=Reach.choices)
    filter = forms.CharField(required=False, max_length=sentences.LONGEST_TEXT)
    sort = forms.CharField(max_length=80)
    columns = forms.CharField(max_length=8_000)
    rendering = forms.CharField(required=False, max_length=8)
    grouping = forms.CharField(required=False, max_length=80)


@require_POST
def add(request: UserRequest) -> HttpResponse:
    noun = request.POST.get("of", "")
    if noun not in SPECS:
        raise Http404
    return _saved(request, None, noun)


@require_POST
def change(request: UserRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    return _saved(request, view, view.of)


@require_POST
def remove(request: UserRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    saved_views.remove(view, by=by(request), at=now())
    toasts.say(request, _REMOVED[Reach(view.reach)], undo=reverse("view_restoring", args=[pk]))
    return redirect(_list_of(request))


@require_POST
def restoring(request: UserRequest, pk: int) -> HttpResponse:
    """Undo of a removal: the same view again, at its address, for all who had it."""
    view = get_object_or_404(saved_views.removed_from(request.user), pk=pk)
    saved_views.bring_back(view, by=by(request), at=now())
    messages.success(request, _("The view is back."))
    return redirect(f"{reverse(SPECS[view.of].name)}?view={pk}")


def _saved(request: UserRequest, view: SavedView | None, noun: str) -> HttpResponse:
    form, address = ViewForm(request.POST), _list_of(request)
    if not valid(request, form):
        return redirect(address)
    said = form.cleaned_data
    try:
        shown = _shown(request, noun, said)
        saved = saved_views.keep(view, of=noun, name=said["name"], reach=Reach(said["reach"]), shown=shown, by=by(request), at=now())
    except Forbidden:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(address)
    messages.success(request, _("The view is saved."))
    return redirect(f"{address}?view={saved.pk}")


def _shown(request: UserRequest, noun: str, said: dict[str, str]) -> Shown:
    """What the list showed. Only what it could show to this person is saved."""
    spec, sort = spec_of(SPECS[noun], request.user), said["sort"]
    binding.bind(sentences.read(said["filter"]), spec.fields, asker=asker(request.user, at=now()))
    known = spec.column(sort.removeprefix("-"))
    rendering, grouping = renderings.known(said["rendering"], said["grouping"], spec)
    return Shown(
        said["filter"],
        sort if known and known.sort else spec.sort,
        tuple(key for key in said["columns"].split(",") if spec.column(key)),
        rendering,
        grouping,
    )


def _list_of(request: UserRequest) -> str:
    """The list that the form stood on."""
    return next_page(request.POST.get("next", "")) or reverse("home")
