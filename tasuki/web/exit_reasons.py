"""Settings of exit reasons: the tree, each reason with its words, its stages and its wake rule; and the queue that holds what is recycled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.calendars import Calendar
from tasuki.core.teams import Team
from tasuki.crm import exit_reasons as reasons
from tasuki.crm import stages
from tasuki.crm.contacts import Channel
from tasuki.crm.exit_reasons import LONGEST_NAME, NAMES, Exit, ExitReason, WakeKind, Wording
from tasuki.crm.stages import Stage
from tasuki.crm.wake_rules import HEARD, LONGEST_DAYS, Trigger
from tasuki.inside_sales import holding_queue
from tasuki.inside_sales.holding_queue import BEGINNINGS, CHANGEABLE, HoldingQueue
from tasuki.web import nouns, toasts
from tasuki.web.records import carried_out
from tasuki.web.requests import UserRequest, by, record_id
from tasuki.web.typed_fields import typed

_RULE = ("wakes", "wake_days", "horizon_days", "wake_trigger", "wake_channel")


class ReasonForm(forms.Form):
    """A group has names only; what disqualifies has no wake rule."""

    name_en = forms.CharField(max_length=LONGEST_NAME)
    name_ko = forms.CharField(max_length=LONGEST_NAME)
    name_ja = forms.CharField(max_length=LONGEST_NAME)
    wakes = forms.ChoiceField(choices=WakeKind.choices)
    wake_days = forms.IntegerField(min_value=1, max_value=LONGEST_DAYS, required=False)
    horizon_days = forms.IntegerField(min_value=1, max_value=LONGEST_DAYS, required=False)
    # What happens without words has none that could be proposed.
    wake_trigger = forms.ChoiceField(choices=[("", "–"), *((one.value, one.label) for one in HEARD if one != Trigger.EVENT)], required=False)
    wake_channel = forms.ChoiceField(choices=[("", "–"), *Channel.choices], required=False)
    stages = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple({"class": "check"}), help_text=gettext_lazy("None ticked: in every stage.")
    )

    def __init__(self, *args: Any, reader: Any, way: str, is_group: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = nouns.field_label("exitreason", name)
        for name in NAMES:
            self.fields[name].widget.attrs["lang"] = name[-2:]
        if is_group or way == Exit.DISQUALIFIED:
            for name in _RULE:
                del self.fields[name]
        else:
            self.fields["wakes"].widget.attrs["data-wakes"] = ""
            for name, kind in (("wake_days", "day every"), ("horizon_days", "every"), ("wake_trigger", "trigger"), ("wake_channel", "trigger")):
                self.fields[name].widget.attrs["data-rule"] = kind
        if is_group:
            del self.fields["stages"]
            return
        offered = typed(self.fields["stages"], forms.MultipleChoiceField)
        offered.choices = [(stage.pk, stage.name) for stage in Stage.objects.visible_to(reader)]

    def wording(self) -> Wording:
        said = self.cleaned_data
        rule = {name: said[name] for name in _RULE if name in said}
        return Wording(**{name: said[name] for name in NAMES}, stages=tuple(said.get("stages", ())), **rule)


class QueueForm(forms.Form):
    team = forms.ModelChoiceField(Team.objects.none(), required=False)
    calendar = forms.ModelChoiceField(Calendar.objects.none(), required=False, empty_label=gettext_lazy("the one that the team works by"))
    stage = forms.ChoiceField()
    digs = forms.BooleanField(required=False)
    dig_every_days = forms.IntegerField(min_value=1, max_value=1_000)
    dig_for_days = forms.IntegerField(min_value=1, max_value=3_660)
    most_dug_a_day = forms.IntegerField(min_value=0, max_value=10_000)
    accepted_within_days = forms.IntegerField(min_value=1, max_value=1_000)

    def __init__(self, *args: Any, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = nouns.field_label("holdingqueue", name)
        first = holding_queue.first_team()
        team = typed(self.fields["team"], forms.ModelChoiceField)
        team.queryset, team.empty_label = Team.objects.visible_to(reader).order_by("name"), _("the first of inside sales: %(team)s") % {"team": first or "–"}
        typed(self.fields["calendar"], forms.ModelChoiceField).queryset = Calendar.objects.visible_to(reader).order_by("name")
        stage = typed(self.fields["stage"], forms.ChoiceField)
        stage.choices = [(one.pk, one.name) for one in Stage.objects.visible_to(reader) if one.pk in BEGINNINGS]


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    return _listed(request, _queue_form(request))


@require_POST
def queue(request: UserRequest) -> HttpResponse:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    form = _queue_form(request)
    if carried_out(form, lambda said: holding_queue.change(by=by(request), at=now(), **said)):
        toasts.say(request, _("Saved."))
        return redirect("exit_reasons")
    return _listed(request, form)


@require_http_methods(["GET", "POST"])
def new(request: UserRequest, way: str) -> HttpResponse:
    """A reason in a `group` of the address, or a group."""
    abilities.require(request.user, Ability.EDIT_PROCESS)
    if way not in Exit.values:
        raise Http404
    pk = record_id(request.GET.get("group", ""))
    group = get_object_or_404(ExitReason.objects.visible_to(request.user).filter(exit=way, parent=None), pk=pk) if pk else None
    form = ReasonForm(request.POST or None, reader=request.user, way=way, is_group=group is None)
    if request.method == "POST" and _carried_out(form, lambda: reasons.add(form.wording(), exit_=Exit(way), group=group, by=by(request), at=now())):
        toasts.say(request, _("The reason is there."))
        return redirect("exit_reasons")
    context = {"form": form, "reason": None, "group": group, "way": Exit(way).label}
    return render(request, "exit_reasons/page.jinja", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def page(request: UserRequest, pk: int) -> HttpResponse:
    reason = _found(request, pk)
    is_group = reason.parent_id is None
    initial = {name: getattr(reason, name) for name in (*NAMES, *_RULE, "stages")}
    form = ReasonForm(request.POST or None, reader=request.user, way=reason.exit, is_group=is_group, initial=initial)
    if request.method == "POST" and _carried_out(form, lambda: reasons.change(reason, wording=form.wording(), by=by(request), at=now())):
        toasts.say(request, _("Saved."))
        return redirect("exit_reasons")
    context = {"form": form, "reason": reason, "group": reason.parent, "way": reason.get_exit_display()}
    return render(request, "exit_reasons/page.jinja", context, status=422 if form.errors else 200)


@require_POST
def archiving(request: UserRequest, pk: int) -> HttpResponse:
    reason = reasons.archive(_found(request, pk), by=by(request), at=now())
    toasts.say(request, _("“%(name)s” is not offered any more.") % {"name": reason.name})
    return redirect("exit_reasons")


@require_POST
def restoring(request: UserRequest, pk: int) -> HttpResponse:
    reason = reasons.restore(_found(request, pk), by=by(request), at=now())
    toasts.say(request, _("“%(name)s” is offered again.") % {"name": reason.name})
    return redirect("exit_reasons")


def _carried_out(form: ReasonForm, verb: Callable[[], ExitReason]) -> bool:
    return carried_out(form, lambda _said: verb()) is not None


def _found(request: UserRequest, pk: int) -> ExitReason:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    return get_object_or_404(ExitReason.objects.visible_to(request.user).select_related("parent"), pk=pk)


def _queue_form(request: UserRequest) -> QueueForm:
    present: HoldingQueue = holding_queue.rules()
    return QueueForm(request.POST or None, reader=request.user, initial={name: getattr(present, name) for name in CHANGEABLE})


def _listed(request: UserRequest, form: QueueForm) -> HttpResponse:
    rows = list(ExitReason.objects.visible_to(request.user).select_related("parent").in_order())
    ways = []
    for way in Exit:
        groups = [row for row in rows if row.exit == way and row.parent_id is None]
        ways.append((way, [(group, [row for row in rows if row.parent_id == group.pk]) for group in groups]))
    names = {stage.pk: stage.name for stage in Stage.objects.visible_to(request.user)}
    context = {"ways": ways, "stages": names, "queue_form": form, "n_stages": len(stages.ORDER)}
    return render(request, "exit_reasons/list.jinja", context, status=422 if form.errors else 200)
