"""One field of a record at its own address: its form where it stands, or as a page without script; and the undo of what was saved."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tasuki.core import meanwhile
from tasuki.core.custom_fields.writing import NoSuchField
from tasuki.core.edits import writing
from tasuki.core.edits.nouns import editables
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.web import known, nouns, toasts
from tasuki.web.edits import fields, undoing
from tasuki.web.edits.fields import Field
from tasuki.web.known import Known
from tasuki.web.lists import rows
from tasuki.web.lists.nouns import SPECS
from tasuki.web.record_form import RecordForm
from tasuki.web.records import next_page
from tasuki.web.requests import UserRequest, by, is_htmx


@require_http_methods(["GET", "POST"])
def edit(request: UserRequest, *, noun: str, pk: int, field: str) -> HttpResponse:
    """The form of one field, and what it says written."""
    asked = _asked(noun, field, request.user)
    record = get_object_or_404(asked.noun.rows(request.user), pk=pk)
    fields.may(request.user, asked)
    form: RecordForm = asked.form(request.POST or None, reader=request.user, record=record)
    form.auto_id, form.is_alone = "edit-%s", True
    if request.method == "GET":
        return _shown(request, record, form, back=came_from(request, noun, pk))
    if "theirs" in request.POST:
        return _answered(request, noun, pk)
    before = {name: meanwhile.stands(record, name) for name in form.named}
    saved, there = known.changed(request, form, lambda another: asked.written(form, request=request, another=another, at=now()))
    if isinstance(saved, HttpResponse):
        return saved
    if saved is None:
        return _shown(request, record, form, back=_back(request, noun, pk), there=there)
    _tell(request, asked, form, before=before)
    return _answered(request, noun, pk)


@require_POST
def undo(request: UserRequest, name: str) -> HttpResponse:
    """Write again what stood there, unless somebody has changed it since."""
    kept = undoing.take(request, name)
    asked = _asked(kept["noun"], kept["field"], request.user)
    fields.may(request.user, asked)
    record = get_object_or_404(asked.noun.rows(request.user), pk=kept["pk"])
    before, seen = kept["before"], kept["left"]
    if asked.is_owner:
        owner = User.objects.visible_to(request.user).filter(pk=before["owner"]).first()
        team = get_object_or_404(Team.objects.visible_to(request.user), pk=before["team"])
        fields.GIVE[kept["noun"]](record, to=owner, team=team, reason=_("undone"), seen=seen, by=by(request), at=now())
    else:
        said = {one: writing.read(asked.noun, one, stood, person=request.user) for one, stood in before.items()}
        writing.write(record, said=said, seen=seen, by=by(request), at=now())
    toasts.say(request, _("It is as it was before."))
    return _answered(request, kept["noun"], kept["pk"])


def _asked(noun: str, field: str, reader: User) -> Field:
    try:
        return fields.field_of(noun, field, reader=reader)
    except NoSuchField:
        raise Http404 from None


def _tell(request: UserRequest, asked: Field, form: RecordForm, *, before: dict[str, Any]) -> None:
    """What was changed, with the way back; nothing when it is as it was."""
    record = editables()[asked.noun.noun].rows(request.user).filter(pk=form.record.pk).first()
    if record is None:
        return toasts.say(request, _("It is handed over; you do not see it any more."))
    after = {name: meanwhile.stands(record, name) for name in form.named}
    if after == before:
        return None
    left = {name: meanwhile.mark(stood) for name, stood in after.items()}
    name = undoing.keep(request, {"noun": asked.noun.noun, "pk": record.pk, "field": asked.key, "before": before, "left": left})
    said = _("%(field)s of %(name)s is changed.") % {"field": capfirst(label_of(form)), "name": record}
    return toasts.say(request, said, undo=reverse("edit_undo", args=[name]))


def label_of(form: RecordForm) -> str:
    """What the form asks for; of an owner the first of its fields, of a name both."""
    labels = [str(form.fields[name].label) for name in form.named if name != "team"]
    return ", ".join(labels)


def _shown(request: UserRequest, record: Any, form: RecordForm, *, back: str, there: Known | None = None) -> HttpResponse:
    context = {"form": form, "record": record, "label": label_of(form), "back": back, "place": _place(request), "known": there}
    status = 422 if form.errors or there else 200
    return render(request, "edits/form.jinja" if is_htmx(request) else "edits/page.jinja", context, status=409 if form.overtaken else status)


def _place(request: HttpRequest) -> str:
    """What stands around the field: a row of a list, or the page of the record."""
    return "row" if (request.POST if request.method == "POST" else request.GET).get("as") == "row" else ""


def _answered(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    """Script in a list gets the row as the list would show it; everything else goes back to where it was."""
    back = _back(request, noun, pk)
    if is_htmx(request) and _place(request) == "row" and urlsplit(back).path == reverse(SPECS[noun].name):
        return rows.shown(request, SPECS[noun], pk=pk, listed=QueryDict(urlsplit(back).query))
    return redirect(back)


def came_from(request: UserRequest, noun: str, pk: int) -> str:
    """The page that led here, if it is one of ours; else that of the record."""
    home = _home(noun, pk)
    try:
        came = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return home
    if came.netloc == request.get_host() and came.path != request.path:
        return next_page(came.path + (f"?{came.query}" if came.query else "")) or home
    return home


def _back(request: UserRequest, noun: str, pk: int) -> str:
    return next_page(request.POST.get("next", "")) or _home(noun, pk)


def _home(noun: str, pk: int) -> str:
    return nouns.address(noun, pk) or reverse(SPECS[noun].name)
