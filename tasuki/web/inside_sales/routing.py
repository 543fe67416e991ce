"""Routing in the settings: the rules in force, the draft of the next, the rules one by one, what the draft would change, and the log."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm.leads import Lead
from tasuki.inside_sales import routing as routing_
from tasuki.inside_sales import routing_rules, routing_simulation
from tasuki.inside_sales.routing_claims import Step
from tasuki.inside_sales.routing_decisions import Cause, RoutingDecision
from tasuki.inside_sales.routing_pools import RoutingPool
from tasuki.inside_sales.routing_rules import LONGEST_CONDITION, LONGEST_NAME, RoutingRefused, RoutingRule, RoutingVersion
from tasuki.inside_sales.routing_staff import Why
from tasuki.relay.clocks import Clock
from tasuki.web import toasts
from tasuki.web.inside_sales import rule_conditions
from tasuki.web.records import carried_out, done
from tasuki.web.requests import UserRequest, by, record_id
from tasuki.web.typed_fields import typed

_VERSIONS, _LOGGED, _SHOWN, _OF_ONE = 20, 50, 100, 5


class TermsForm(forms.Form):
    catch_all = forms.ModelChoiceField(Team.objects.none(), label=gettext_lazy("Queue for what no rule meets"), empty_label=None)
    blocked = forms.CharField(
        label=gettext_lazy("Given to nobody: leads that"),
        max_length=LONGEST_CONDITION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=gettext_lazy("As in the filter of the list of leads, for example: account.industry:is(competitor)"),
    )

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = typed(self.fields["catch_all"], forms.ModelChoiceField)
        field.queryset = Team.objects.visible_to(reader).order_by("name")


class RuleForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("name"), max_length=LONGEST_NAME)
    pool = forms.ModelChoiceField(RoutingPool.objects.none(), label=gettext_lazy("pool"), empty_label=None)
    condition = forms.CharField(max_length=LONGEST_CONDITION, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = typed(self.fields["pool"], forms.ModelChoiceField)
        field.queryset = RoutingPool.objects.visible_to(reader).order_by("name")


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """Everybody may read how leads are given out; `version` shows an old one."""
    return _shown(request)


def _shown(request: UserRequest, *, refused: TermsForm | None = None) -> HttpResponse:
    versions = RoutingVersion.objects.visible_to(request.user)
    may_edit = abilities.can(request.user, Ability.EDIT_PROCESS)
    draft, current = (versions.draft() if may_edit else None), versions.in_force()
    asked = record_id(request.GET.get("version", ""))
    old = get_object_or_404(versions.filter(published_at__isnull=False).select_related("catch_all"), number=asked) if asked is not None else None
    shown = old or current
    rules = {version.pk: list(version.rules.select_related("pool")) for version in (draft, shown) if version}
    texts = [text for version in (draft, shown) if version for text in (version.blocked, *(rule.condition for rule in rules[version.pk]))]
    context = {
        "draft": draft,
        "shown": shown,
        "is_old": old is not None and old != current,
        "rules": rules,
        "words": rule_conditions.in_words(texts, request.user),
        "versions": versions.newest_first().filter(published_at__isnull=False)[:_VERSIONS],
        "current": current,
        "first_queue": routing_rules.first_queue(),
        "may_edit": may_edit,
        "has_pools": RoutingPool.objects.visible_to(request.user).exists(),
        "terms_form": refused or (TermsForm(reader=request.user, initial={"catch_all": draft.catch_all_id, "blocked": draft.blocked}) if draft else None),
    }
    return render(request, "inside_sales/routing/page.jinja", context, status=422 if refused else 200)


@require_POST
def draft(request: UserRequest) -> HttpResponse:
    """Begin one."""
    abilities.require(request.user, Ability.EDIT_PROCESS)
    routing_rules.draft(by=by(request), at=now())
    return redirect("routing")


@require_POST
def terms(request: UserRequest) -> HttpResponse:
    draft, form = _draft(request), TermsForm(request.POST, reader=request.user)
    if not carried_out(form, lambda said: routing_rules.settle(draft, by=by(request), at=now(), **said)):
        return _shown(request, refused=form)
    toasts.say(request, _("Saved."))
    return redirect("routing")


@require_POST
def publication(request: UserRequest) -> HttpResponse:
    published = routing_rules.publish(_draft(request), by=by(request), at=now())
    toasts.say(request, _("Version %(n)s is in force: leads that become ready go by it from now on.") % {"n": published.number})
    return redirect("routing")


@require_POST
def discarding(request: UserRequest) -> HttpResponse:
    routing_rules.discard(_draft(request), by=by(request), at=now())
    toasts.say(request, _("The draft is thrown away."))
    return redirect("routing")


@require_http_methods(["GET", "POST"])
def rule_new(request: UserRequest) -> HttpResponse:
    version = _draft(request)
    return _rule_page(request, version, None)


@require_http_methods(["GET", "POST"])
def rule(request: UserRequest, pk: int) -> HttpResponse:
    version = _draft(request)
    return _rule_page(request, version, get_object_or_404(version.rules.select_related("version", "pool"), pk=pk))


def _rule_page(request: UserRequest, version: RoutingVersion, one: RoutingRule | None) -> HttpResponse:
    at, kept = now(), one.condition if one else ""
    form = RuleForm(request.POST or None, reader=request.user, initial={"name": one.name, "pool": one.pool_id} if one else None)
    if request.method == "POST":
        kept = request.POST.get("condition", "")[:LONGEST_CONDITION]
        if carried_out(form, lambda said: _kept(request, version, one, **said)):
            toasts.say(request, _("Saved in the draft. It is in force when it is published."))
            return redirect("routing")
    asking = rule_conditions.asking(request, kept, at=at)
    if isinstance(asking, HttpResponse):
        return asking
    context = {
        "version": version,
        "rule": one,
        "form": form,
        "page": asking,
        "units": rule_conditions.UNITS,
        "met": routing_simulation.meeting(asking.text, at=at),
        "most": routing_simulation.MOST,
    }
    return render(request, "inside_sales/routing/rule.jinja", context, status=422 if form.errors else 200)


def _kept(request: UserRequest, version: RoutingVersion, one: RoutingRule | None, **said: Any) -> RoutingRule:
    if one is None:
        return routing_rules.add(version, by=by(request), at=now(), **said)
    return routing_rules.change(one, by=by(request), at=now(), **said)


@require_POST
def rule_place(request: UserRequest, pk: int) -> HttpResponse:
    """Ask it earlier or later; `to` is its new place, counted from 1."""
    one = get_object_or_404(_draft(request).rules.select_related("version"), pk=pk)
    to = record_id(request.POST.get("to", ""))
    if to is None:
        raise RoutingRefused(_("Say at which place the rule is to be asked."))
    routing_rules.move(one, to=to, by=by(request), at=now())
    return redirect("routing")


@require_POST
def rule_removal(request: UserRequest, pk: int) -> HttpResponse:
    routing_rules.remove(get_object_or_404(_draft(request).rules.select_related("version"), pk=pk), by=by(request), at=now())
    return redirect("routing")


@require_GET
def simulation(request: UserRequest) -> HttpResponse:
    """Where the last leads would have gone by the draft; without one, by the rules in force."""
    abilities.require(request.user, Ability.EDIT_PROCESS)
    versions = RoutingVersion.objects.visible_to(request.user)
    version = versions.draft() or versions.in_force()
    found = routing_simulation.simulate(version, at=now()) if version else None
    context = {
        "version": version,
        "simulation": found,
        "rules": list(version.rules.select_related("pool")) if version else [],
        "steps": [(step, found.by_step.get(step.value, 0)) for step in Step if step is not Step.RULE] if found else [],
        "others": [row for row in found.rows if row.is_other][:_SHOWN] if found else [],
        "shown": _SHOWN,
    }
    return render(request, "inside_sales/routing/simulation.jinja", context)


@require_GET
def log(request: UserRequest) -> HttpResponse:
    """The decisions about the leads that the reader sees, newest first."""
    rows = RoutingDecision.objects.visible_to(request.user)
    step, before = request.GET.get("step", ""), record_id(request.GET.get("before", ""))
    narrowed = rows.filter(step=step) if step in Step.values else rows
    last = rows.filter(pk=before).first() if before is not None else None
    found = list((narrowed.older_than(last) if last else narrowed).newest_first().for_listing()[: _LOGGED + 1])
    more = f"step={step}&" if step in Step.values else ""
    context = {
        "rows": found[:_LOGGED],
        "steps": [(_("All"), "?", step not in Step.values), *((one.label, f"?step={one.value}", one.value == step) for one in Step)],
        "older": f"?{more}before={found[_LOGGED - 1].pk}" if len(found) > _LOGGED else "",
        **candidates_of(request, found[:_LOGGED]),
    }
    return render(request, "inside_sales/routing/log.jinja", context)


def candidates_of(request: UserRequest, decisions: list[RoutingDecision]) -> dict[str, Any]:
    """The names of all who were looked at, and the reasons in words: one query."""
    ids = {one[key] for decision in decisions for one in decision.candidates for key in ("user", "for") if one.get(key)}
    people = {person.pk: person.display_name for person in User.objects.visible_to(request.user).filter(pk__in=ids)}
    return {"people": people, "reasons": dict(Why.choices)}


def routed(request: UserRequest, lead: Lead) -> dict[str, Any]:
    """For the page of a lead: the last decisions about it, and the clock that runs."""
    decisions = list(RoutingDecision.objects.visible_to(request.user).filter(lead=lead).newest_first().for_listing()[:_OF_ONE])
    return {"decisions": decisions, "running": Clock.objects.visible_to(request.user).of_leads([lead.pk]).get(lead.pk), **candidates_of(request, decisions)}


@require_POST
def again(request: UserRequest, pk: int) -> HttpResponse:
    """Let a lead go by the rules once more, for whoever may give leads away."""
    abilities.require(request.user, Ability.ASSIGN_OWNERS)
    lead = get_object_or_404(Lead.objects.visible_to(request.user).in_process(), pk=pk)
    decision = routing_.route(lead, by=by(request), at=now(), cause=Cause.HAND)
    whose = decision.owner.display_name if decision.owner else decision.team.name
    return done(request, _("Routed: %(name)s has it.") % {"name": whose}, name="lead", pk=pk)


def _draft(request: UserRequest) -> RoutingVersion:
    abilities.require(request.user, Ability.EDIT_PROCESS)
    found = RoutingVersion.objects.visible_to(request.user).draft()
    if found is None:
        raise RoutingRefused(_("There is no draft. Begin one to change the rules."))
    return found
