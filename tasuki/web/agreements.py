"""Agreements between departments: what is promised, in the settings; and how it was kept, with the promises behind each number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.relay import agreements, response_times
from tasuki.relay.agreements import LONGEST_CONDITION, LONGEST_NAME, MOST, Agreement, AgreementRefused, Counts, Event, Terms, Unit
from tasuki.relay.clocks import Clocks
from tasuki.relay.response_times import Grouping, Kept, Period
from tasuki.web import toasts
from tasuki.web.inside_sales import rule_conditions
from tasuki.web.person_field import PersonField, offer_people
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by, record_id

_DAYS = {"week": 7, "month": 30, "quarter": 91, "year": 365}
_ROWS = 50


class AgreementForm(forms.Form):
    event = forms.ChoiceField(label=gettext_lazy("when"), choices=Event.choices)
    name = forms.CharField(label=gettext_lazy("name"), max_length=LONGEST_NAME, required=False, help_text=gettext_lazy("Nothing, to call it by its event."))
    n_due = forms.IntegerField(label=gettext_lazy("due after"), min_value=1, max_value=MOST)
    due_unit = forms.ChoiceField(label=gettext_lazy("unit"), choices=Unit.choices)
    counts = forms.ChoiceField(label=gettext_lazy("counted in"), choices=Counts.choices)
    n_warn_minutes = forms.IntegerField(
        label=gettext_lazy("warn so many minutes before"), min_value=0, max_value=9_999, initial=0, help_text=gettext_lazy("0 for no warning.")
    )
    escalate_to = PersonField(label=gettext_lazy("tell when it is not kept"), required=False, empty_label=gettext_lazy("the manager of the team"))
    condition = forms.CharField(
        label=gettext_lazy("only for leads that"),
        max_length=LONGEST_CONDITION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=gettext_lazy("As in the filter of the list of leads, for example: source:is(referral)"),
    )
    reassigns = forms.BooleanField(label=gettext_lazy("give the lead to somebody else when it is not kept"), required=False)
    is_active = forms.BooleanField(label=gettext_lazy("in force"), required=False, initial=True)

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_people(self.fields["escalate_to"], "colleagues", reader=reader)

    def terms(self) -> Terms:
        said = dict(self.cleaned_data)
        said |= {"event": Event(said["event"]), "counts": Counts(said["counts"]), "due_unit": Unit(said["due_unit"])}
        return Terms(**said)


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    rows = list(Agreement.objects.visible_to(request.user).in_order().select_related("escalate_to"))
    words = rule_conditions.in_words([row.condition for row in rows], request.user)
    context = {"rows": rows, "words": words, "may_edit": abilities.can(request.user, Ability.EDIT_PROCESS)}
    return render(request, "agreements/list.jinja", context)


@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    return _page(request, None)


@require_http_methods(["GET", "POST"])
def page(request: UserRequest, pk: int) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    return _page(request, get_object_or_404(Agreement.objects.visible_to(request.user), pk=pk))


def _page(request: UserRequest, one: Agreement | None) -> HttpResponse:
    initial = {name: getattr(one, name) for name in AgreementForm.base_fields} if one else {"due_unit": Unit.MINUTES}
    form = AgreementForm(request.POST or None, reader=request.user, initial=initial)
    kept = carried_out(form, lambda _said: agreements.keep(one, terms=form.terms(), by=by(request), at=now())) if request.method == "POST" else None
    if kept:
        toasts.say(request, _("Agreed. What runs already goes on as it was promised."))
        return redirect("agreements")
    return render(request, "agreements/agreement.jinja", {"agreement": one, "form": form}, status=422 if form.errors else 200)


@require_POST
def place(request: UserRequest, pk: int) -> HttpResponse:
    """Ask it earlier (`up`) or later (`down`) than its neighbour."""
    abilities.require(request.user, Ability.EDIT_PROCESS)
    one = get_object_or_404(Agreement.objects.visible_to(request.user), pk=pk)
    if request.POST.get("to") not in ("up", "down"):
        raise AgreementRefused(_("Say whether it is to be asked earlier or later."))
    agreements.move(one, up=request.POST["to"] == "up", by=by(request), at=now())
    return redirect("agreements")


@require_GET
def times(request: UserRequest) -> HttpResponse:
    """How the agreements were kept in a period, by agreement, team or person, and what answering fast is worth here."""
    abilities.require(request.user, Ability.SEE_RELAY)
    at = now()
    key, grouping, period = _asked(request, at)
    rows = response_times.measured(request.user, period, by=grouping)
    names = _names(grouping, rows, request.user)
    bins = response_times.curve(request.user, period)
    context = {
        "periods": [(_period_name(one), f"?{urlencode({'period': one, 'by': grouping.value})}", one == key) for one in _DAYS],
        "groupings": [(one.label, f"?{urlencode({'period': key, 'by': one.value})}", one == grouping) for one in Grouping],
        "grouping": grouping,
        "rows": [(row, names.get(row.key, ""), _rows_address(key, grouping, row.key)) for row in rows],
        "in_all": response_times.in_all(request.user, period),
        "all_rows": _rows_address(key, None, None),
        "n_pending": response_times.n_pending(request.user),
        "bins": bins,
        "most": max((one.n for one in bins), default=0),
        "enough": response_times.ENOUGH,
    }
    return render(request, "agreements/times.jinja", context)


@require_GET
def rows(request: UserRequest) -> HttpResponse:
    """The promises behind a number, newest first."""
    abilities.require(request.user, Ability.SEE_RELAY)
    key, grouping, period = _asked(request, now())
    found, which = _narrowed(request, response_times.settled(request.user, period), grouping)
    before = record_id(request.GET.get("before", ""))
    last = found.filter(pk=before).first() if before is not None else None
    if last and last.settled_at:
        found = found.filter(settled_at__lte=last.settled_at).exclude(settled_at=last.settled_at, pk__gte=last.pk)
    shown = list(found.select_related("lead__contact", "lead__account", "owner", "team", "agreement").order_by("-settled_at", "-pk")[: _ROWS + 1])
    said = [(name, request.GET[name]) for name in ("period", "by", "of", "which") if request.GET.get(name)]
    context = {
        "rows": shown[:_ROWS],
        "what": which,
        "period": _period_name(key),
        "whiches": [
            (label, f"?{urlencode([*((name, value) for name, value in said if name != 'which'), ('which', name)])}", name == which)
            for name, label in _whiches()
        ],
        "older": f"?{urlencode([*said, ('before', shown[_ROWS - 1].pk)])}" if len(shown) > _ROWS else "",
    }
    return render(request, "agreements/rows.jinja", context)


def _whiches() -> list[tuple[str, str]]:
    return [("all", _("All")), ("kept", _("In time")), ("late", _("Not in time"))]


def _narrowed(request: UserRequest, found: Clocks, grouping: Grouping) -> tuple[Clocks, str]:
    of, which = request.GET.get("of", ""), request.GET.get("which", "all")
    column = {Grouping.AGREEMENT: "agreement", Grouping.TEAM: "team", Grouping.PERSON: "owner"}[grouping]
    if of == "none":
        found = found.filter(**{f"{column}__isnull": True})
    elif of:
        number = record_id(of)
        if number is None:
            raise BadRequest(_("This address asks for something that agreements do not have."))
        found = found.filter(**{column: number})
    narrow: dict[str, Callable[[], Clocks]] = {
        "all": lambda: found,
        "kept": lambda: found.filter(breached_at__isnull=True),
        "late": lambda: found.filter(breached_at__isnull=False),
    }
    if which not in narrow:
        raise BadRequest(_("This address asks for something that agreements do not have."))
    return narrow[which](), which


def _asked(request: UserRequest, at: datetime) -> tuple[str, Grouping, Period]:
    key, grouping = request.GET.get("period", "month"), request.GET.get("by", Grouping.AGREEMENT.value)
    if key not in _DAYS or grouping not in Grouping.values:
        raise BadRequest(_("This address asks for something that agreements do not have."))
    return key, Grouping(grouping), (at - timedelta(days=_DAYS[key]), at)


def _period_name(key: str) -> str:
    n = _DAYS[key]
    return ngettext("the last %(n)s day", "the last %(n)s days", n) % {"n": n}


def _names(grouping: Grouping, rows: list[Kept], reader: User) -> dict[int | None, str]:
    ids = [row.key for row in rows if row.key is not None]
    if grouping is Grouping.AGREEMENT:
        return {one.pk: str(one) for one in Agreement.objects.visible_to(reader).filter(pk__in=ids)}
    if grouping is Grouping.TEAM:
        return {one.pk: one.name for one in Team.objects.visible_to(reader).filter(pk__in=ids)}
    return {None: _("Queue")} | {one.pk: one.display_name for one in User.objects.visible_to(reader).filter(pk__in=ids)}


def _rows_address(key: str, grouping: Grouping | None, of: int | None) -> str:
    if grouping is None:
        return urlencode({"period": key})
    return urlencode({"period": key, "by": grouping.value, "of": of if of is not None else "none"})
