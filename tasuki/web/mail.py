"""Mail from person to person: writing one about a lead, reading a thread, taking one back, and saying what became of one in doubt."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.crm.contacts import Contact
from tasuki.crm.files import File
from tasuki.crm.leads import Lead
from tasuki.engage import bad_addresses, doubts, enclosures, mail, mailboxes, recipients, variables
from tasuki.engage.enclosures import MOST_BYTES, MOST_FILES
from tasuki.engage.mail import MailWrong
from tasuki.engage.mailboxes import Mailbox
from tasuki.engage.message_rows import LONGEST_SUBJECT, LONGEST_TEXT, Message, MessageState
from tasuki.engage.permission import Purpose
from tasuki.engage.tracking.rows import tracked_letter
from tasuki.engage.triage import deciding
from tasuki.engage.triage.classes import ReplyClass
from tasuki.engage.triage.rows import ReplyTriage
from tasuki.web import triage
from tasuki.web.files import attached
from tasuki.web.records import carried_out, done
from tasuki.web.requests import UserRequest, by, record_id

_MOST_PEOPLE, _LONGEST_THREAD = 50, 100


class MailForm(forms.Form):
    """A mail to one person. Words in braces are filled from the lead."""

    to = forms.ChoiceField(label=gettext_lazy("Recipient"))
    subject = forms.CharField(label=gettext_lazy("subject"), max_length=LONGEST_SUBJECT)
    text = forms.CharField(label=gettext_lazy("text"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 12}))
    on = forms.DateField(label=gettext_lazy("Send on"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    clock = forms.TimeField(label=gettext_lazy("at"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))

    _places = {"address": "to", "contact": "to", "send_at": "on"}

    def __init__(self, *args: Any, people: list[Contact], zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people, self.zone = {str(one.pk): one for one in people}, zone
        choices = [(f"{one.pk} {mail_.pk}", f"{one.display_name} <{mail_.address}>") for one in people for mail_ in one.emails.all()]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        said["send_at"] = None
        if said.get("on") and 2000 < said["on"].year < 2100:
            said["send_at"] = recipients.moment(said["on"], said.get("clock") or time(9), zone=self.zone)
        return said

    def receiver(self) -> tuple[Contact, str]:
        """The person, and which of their addresses."""
        contact, _space, mail_ = self.cleaned_data["to"].partition(" ")
        person = self.people[contact]
        return person, next(one.address for one in person.emails.all() if str(one.pk) == mail_)

    def explain(self, refusal: MailWrong) -> None:
        place = self._places.get(refusal.field, refusal.field)
        self.add_error(place if place in self.fields else None, str(refusal))


@require_http_methods(["GET", "POST"])
def new(request: UserRequest, pk: int) -> HttpResponse:
    """Write about a lead; `answer` names the mail that is answered, `to` the person."""
    require_may_write(request)
    lead = get_object_or_404(Lead.objects.visible_to(request.user).for_page(), pk=pk)
    answered = _named(request, lead)
    people = _people(request, lead, answered=answered)
    zone = recipients.zone_of(lead)
    form = MailForm(request.POST or None, people=people, zone=zone, initial=_begun(request, people, answered))
    if request.method == "POST" and form.is_valid():
        message = _written(request, form, lead=lead, answered=answered)
        if message:
            return done(request, _("The mail is in the outbox."), name="message", pk=message.pk)
    context = {
        "lead": lead, "form": form, "answered": answered, "mailbox": mailboxes.of(request.user), "zone": str(zone),
        "variables": list(variables.VARIABLES.items()), "told": _told(people), "had_files": bool(request.FILES),
        "most_files": MOST_FILES, "most_mb": MOST_BYTES // 1024 // 1024,
    }  # fmt: skip
    return render(request, "mail/new.jinja", context, status=422 if form.errors else 200)


def require_may_write(request: UserRequest) -> None:
    if not mail.may_write(request.user):
        raise Forbidden(_("You may not write to people. Ask an administrator."))


@require_GET
def page(request: UserRequest, pk: int) -> HttpResponse:
    return _shown(request, _found(request, pk))


@require_POST
def withdrawal(request: UserRequest, pk: int) -> HttpResponse:
    require_may_write(request)
    message = _found(request, pk)
    try:
        mail.withdraw(message, by=by(request), at=now())
    except Refused as refusal:
        return _shown(request, _found(request, pk), status=refusal.status, problem=str(refusal))
    return done(request, _("The mail is taken back."), name="message", pk=pk)


@require_POST
def decision(request: UserRequest, pk: int) -> HttpResponse:
    """Of a mail in doubt: it went out, or it is sent again."""
    require_may_write(request)
    went = request.POST.get("went") == "yes"
    try:
        doubts.decide(_found(request, pk), went=went, by=by(request), at=now())
    except Refused as refusal:
        return _shown(request, _found(request, pk), status=refusal.status, problem=str(refusal))
    return done(request, _("It counts as sent.") if went else _("It is sent again."), name="message", pk=pk)


@require_POST
def returning(request: UserRequest, pk: int) -> HttpResponse:
    """Whoever wrote the answer is away until a day that somebody knows better than what could be read."""
    if not deciding.may_say(request.user):  # before the form is read, so that who may not is never told what is wrong with it
        raise Forbidden(_("You may not say what an answer is. Ask an administrator."))
    message = _found(request, pk)
    row = get_object_or_404(ReplyTriage.objects.visible_to(request.user).for_page(), message=message)
    form = triage.ReturnForm(request.POST)
    said = carried_out(form, lambda typed: deciding.say(row, reply_class=ReplyClass.OUT_OF_OFFICE, by=by(request), at=now(), **typed))
    if said is None:
        return _shown(request, message, status=422, return_form=form)
    return done(request, triage.told(said), name="message", pk=pk)


def _shown(request: UserRequest, message: Message, *, status: int = 200, problem: str = "", return_form: triage.ReturnForm | None = None) -> HttpResponse:
    hidden = abilities.standing_of(request.user).hides("message")
    thread = Message.objects.visible_to(request.user).filter(thread=message.thread).for_page().in_order()
    rows = list(thread[:_LONGEST_THREAD])
    files = list(File.objects.visible_to(request.user).kept().filter(note__in=[one.entry_id for one in rows if one.entry_id]))
    # What has not gone out stands with its letter alone: its name, no way to its bytes.
    to_go = enclosures.not_sent(rows)
    context = {
        "message": message,
        "thread": rows,
        "files": {one.pk: [file for file in files if file.note_id == one.entry_id and one.entry_id] for one in rows},
        "to_go": to_go,
        "hides": hidden,
        "may_answer": message.lead is not None and message.lead.stage_id is not None and mail.may_write(request.user),
        "may_decide": message.mailbox.owner_id == request.user.pk or abilities.can(request.user, abilities.Ability.ASSIGN_OWNERS),
        "problem": problem,
        "tracked": tracked_letter(message),
        "triage": triage.of_message(request, message, return_form=return_form),
        "waits": MessageState.WAITING,
    }
    return render(request, "mail/page.jinja", context, status=status)


def _written(request: UserRequest, form: MailForm, *, lead: Lead, answered: Message | None) -> Message | None:
    said = form.cleaned_data
    contact, address = form.receiver()
    mailbox = mailboxes.of(request.user)
    try:
        if mailbox is None:
            raise mailboxes.NotConnected
        return _filled_and_written(
            lead, contact, texts=(said["subject"], said["text"]), address=address, mailbox=mailbox, in_reply_to=answered, send_at=said["send_at"],
            files=attached(request), by=by(request), at=now(),
        )  # fmt: skip
    except MailWrong as refusal:
        form.explain(refusal)
    except Forbidden:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
    return None


@transaction.atomic
def _filled_and_written(lead: Lead, contact: Contact, *, texts: tuple[str, str], mailbox: Mailbox, by: By, at: datetime, **said: Any) -> Message:
    """No address for booking is made for a letter that is refused."""
    me = mailbox.owner
    booking = variables.booking_for(lead, *texts, sender=me, by=by, at=at, goes_out=said["send_at"])
    subject, text = (variables.filled(one, lead=lead, contact=contact, sender=me, booking=booking) for one in texts)
    return enclosures.write(lead, to_contact=contact, mailbox=mailbox, subject=subject, text=text, by=by, at=at, **said)


def _people(request: UserRequest, lead: Lead, *, answered: Message | None) -> list[Contact]:
    """Whom one can write to about the lead: its person first, then the others of the company, whoever has an address."""
    if answered and answered.contact_id:
        return list(Contact.objects.visible_to(request.user).filter(pk=answered.contact_id).for_page())
    own = Contact.objects.visible_to(request.user).filter(pk=lead.contact_id or 0).for_page()
    others = Contact.objects.visible_to(request.user).filter(account=lead.account_id, account__isnull=False).exclude(pk=lead.contact_id or 0).for_page()
    return [*own, *others.order_by("family_name", "given_name", "pk")[:_MOST_PEOPLE]]


def _begun(request: UserRequest, people: list[Contact], answered: Message | None) -> dict[str, Any]:
    wanted = record_id(request.GET.get("to", ""))
    person = next((one for one in people if one.pk == wanted), people[0] if people else None)
    address = next(iter(person.emails.all()), None) if person else None
    begun: dict[str, Any] = {"to": f"{person.pk} {address.pk}"} if person and address else {}
    return begun | ({"subject": mail.answer_subject(answered)} if answered else {})


def _told(people: list[Contact]) -> list[str]:
    """Why somebody of them gets nothing, as far as no time heals it, and until when another one is asleep."""
    if not people or not people[0].main_email:
        return []
    told = mail.refusal(people[0], address=people[0].main_email, purpose=Purpose.PERSONAL, at=now())
    return [str(told.reason)] if told else []


def _named(request: UserRequest, lead: Lead) -> Message | None:
    pk = record_id(request.GET.get("answer", ""))
    return Message.objects.visible_to(request.user).for_page().filter(pk=pk, lead=lead).first() if pk else None


def _found(request: UserRequest, pk: int) -> Message:
    return get_object_or_404(Message.objects.visible_to(request.user).for_page(), pk=pk)


def of_contact(request: UserRequest, leads: list[Lead]) -> Lead | None:
    """About which of a person's leads one writes to them: the newest in process."""
    return next((one for one in leads if one.stage_id), None) if mail.may_write(request.user) else None


def bad_among(contact: Contact | None) -> frozenset[str]:
    """Those of a person's addresses from which mail came back."""
    return bad_addresses.among(one.address for one in contact.emails.all()) if contact else frozenset()
