"""Due today: what sequences ask of a person today. Done here, it is done: the sequence goes on."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Forbidden
from tasuki.core.organisation import the_organisation
from tasuki.engage import callability, mail, mailboxes, recipients, variables
from tasuki.engage.sequences import acting, sending
from tasuki.engage.sequences.definitions import StepKind
from tasuki.engage.sequences.enrolments import Deed
from tasuki.web import formats, markup, toasts
from tasuki.web.inside_sales import call_marks, envelopes
from tasuki.web.inside_sales.sequence_forms import LetterForm
from tasuki.web.person_field import WhoForm, chosen
from tasuki.web.records import carried_out, next_page
from tasuki.web.requests import UserRequest, by

_MOST_SHOWN = 200


@require_GET
def page(request: UserRequest) -> HttpResponse:
    """All steps of one person, what is overdue first, then by kind; what they have done today is counted."""
    abilities.require(request.user, Ability.WORK_LEADS)
    form = partial(WhoForm, of="due", reader=request.user, label=_("Person"), stands=request.user.pk)
    who, chosen_one = chosen(request.GET, form, otherwise=request.user)
    person = chosen_one or request.user
    today = now().astimezone(ZoneInfo(person.time_zone)).date()
    seen = Deed.objects.visible_to(request.user)
    rows = list(seen.due_of(person, day=today).for_listing()[:_MOST_SHOWN])
    order = list(StepKind)
    judged = callability.of_each([one.enrolment.lead for one in rows if one.step.kind == StepKind.CALL], at=now())
    context = {
        "person": person,
        "who": who,
        "groups": [(kind, found) for kind in order if (found := [one for one in rows if one.step.kind == kind])],
        "marks": {one.pk: call_marks.of(one.enrolment.lead, judged[one.enrolment.lead_id]) for one in rows if one.step.kind == StepKind.CALL},
        "n": len(rows),
        "n_overdue": sum(one.due_on < today for one in rows),
        "n_done": seen.filter(done_by=person, done_at__gte=now() - timedelta(days=1), due_on__lte=today, state="done").count(),
        "today": today,
        "has_mailbox": mailboxes.of(request.user) is not None,
    }
    return render(request, "inside_sales/sequences/due.jinja", context)


@require_POST
def done(request: UserRequest, pk: int) -> HttpResponse:
    acting.finish(_mine(request, pk), by=by(request), at=now())
    toasts.say(request, _("Done. The sequence goes on."))
    return _back(request)


@require_POST
def skipping(request: UserRequest, pk: int) -> HttpResponse:
    acting.skip(_mine(request, pk), by=by(request), at=now())
    toasts.say(request, _("Left out. The sequence goes on with the next step."))
    return _back(request)


@require_http_methods(["GET", "POST"])
def letter(request: UserRequest, pk: int) -> HttpResponse:
    """The mail of a step, as the template has it for this person; what is made of it goes out from the reader's own mailbox."""
    if not mail.may_write(request.user):
        raise Forbidden(_("You may not write to people. Ask an administrator."))
    deed = _mine(request, pk)
    if deed.step.kind != StepKind.MAIL or deed.variant is None:
        return redirect("lead", deed.enrolment.lead_id)
    answers = sending.last_letter(deed.enrolment)
    proposed = sending.letter_of(deed.variant, lead=deed.enrolment.lead, me=request.user, answers=answers, booking=variables.LATER)
    form = LetterForm(request.POST or None, initial={"subject": proposed.subject, "text": proposed.text})
    if request.method == "POST" and carried_out(form, lambda said: acting.write_by_hand(deed, by=by(request), at=now(), **said)) is not None:
        toasts.say(request, _("The mail is in the outbox, and the sequence goes on."))
        return redirect("steps_due")
    context = {"deed": deed, "form": form, "proposed": proposed, "mailbox": mailboxes.of(request.user)}
    return render(request, "inside_sales/sequences/letter.jinja", context, status=422 if form.errors else 200)


@require_GET
def paper(request: UserRequest, pk: int) -> HttpResponse:
    """A letter to be printed, as it was filled when its step came; what stands around it is in the language of whoever gets it."""
    deed = _mine(request, pk)
    if deed.step.kind != StepKind.LETTER:
        return redirect("lead", deed.enrolment.lead_id)
    contact = deed.enrolment.contact
    account, house = deed.enrolment.lead.account, the_organisation()
    language = recipients.language_of(contact, country=account.country if account else "")
    with translation.override(language):
        addressee = pgettext("on a letter", "%(name)s") % {"name": contact.display_name}
        on = formats.long_day(now().astimezone(ZoneInfo(request.user.time_zone)).date())
    context = {
        "deed": deed, "house": house, "language": language, "on": on, "text": markup.note(deed.text, {}),
        "to": envelopes.lines(contact, account, addressee=addressee, language=language, from_country=house.country),
        "account": account,
    }  # fmt: skip
    return render(request, "inside_sales/sequences/print.jinja", context)


def _mine(request: UserRequest, pk: int) -> Deed:
    """A step that waits for the person, or for somebody whose leads they may give to others."""
    abilities.require(request.user, Ability.WORK_LEADS)
    found = get_object_or_404(Deed.objects.visible_to(request.user).for_listing(), pk=pk)
    if found.owner_id != request.user.pk and not abilities.can(request.user, Ability.ASSIGN_OWNERS):
        raise Forbidden(_("This is a colleague's step."))
    return found


def _back(request: UserRequest) -> HttpResponse:
    return redirect(next_page(request.POST.get("next", "")) or "steps_due")
