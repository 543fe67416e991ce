"""One's own mailbox: connecting it, trying it out, letting go of it; and for whoever manages people, who has one and whether it works."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.engage import mailboxes
from tasuki.engage.mailboxes import CHANGEABLE, LONGEST_SIGNATURE, MOST_A_DAY, Mailbox, MailboxWrong, Passwords, Security
from tasuki.engage.message_rows import Message, MessageState
from tasuki.web.mail import require_may_write
from tasuki.web.requests import UserRequest, by

_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})
_SHOWN = 50


class MailboxForm(forms.Form):
    """What the servers want to know. A password is typed, and never shown again."""

    address = forms.CharField(label=gettext_lazy("mail address"), max_length=320, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    display_name = forms.CharField(label=gettext_lazy("name that others see"), max_length=120, required=False)
    signature = forms.CharField(
        label=gettext_lazy("signature"), max_length=LONGEST_SIGNATURE, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )  # fmt: skip
    smtp_host = forms.CharField(label=gettext_lazy("server for sending (SMTP)"), max_length=253)
    smtp_port = forms.IntegerField(label=gettext_lazy("port for sending"), min_value=1, max_value=65535, initial=465)
    smtp_security = forms.ChoiceField(label=gettext_lazy("security of sending"), choices=Security.choices)
    smtp_login = forms.CharField(
        label=gettext_lazy("user name for sending"), max_length=320, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )  # fmt: skip
    smtp_password = forms.CharField(
        label=gettext_lazy("password"), max_length=500, required=False, strip=False, widget=_PASSWORD,
        help_text=gettext_lazy("Many providers want an app password here. It is kept encrypted. Leave it empty to keep the one that is set."),
    )  # fmt: skip
    imap_host = forms.CharField(
        label=gettext_lazy("server for reading (IMAP)"), max_length=253, required=False, help_text=gettext_lazy("Without it Tasuki sends and reads no answers.")
    )  # fmt: skip
    imap_port = forms.IntegerField(label=gettext_lazy("port for reading"), min_value=1, max_value=65535, initial=993)
    imap_security = forms.ChoiceField(label=gettext_lazy("security of reading"), choices=Security.choices)
    imap_login = forms.CharField(
        label=gettext_lazy("user name for reading"), max_length=320, required=False, help_text=gettext_lazy("Empty for the same as for sending."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    imap_password = forms.CharField(
        label=gettext_lazy("password for reading"), max_length=500, required=False, strip=False, widget=_PASSWORD,
        help_text=gettext_lazy("Empty for the same as for sending."),
    )  # fmt: skip
    n_per_hour = forms.IntegerField(label=gettext_lazy("mails an hour at most"), min_value=1, max_value=MOST_A_DAY, initial=30)
    n_per_day = forms.IntegerField(label=gettext_lazy("mails a day at most"), min_value=1, max_value=MOST_A_DAY, initial=200)

    def passwords(self) -> Passwords:
        return Passwords(self.cleaned_data["smtp_password"], self.cleaned_data["imap_password"])

    def explain(self, refusal: MailboxWrong) -> None:
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal))


@require_http_methods(["GET", "POST"])
def own(request: UserRequest) -> HttpResponse:
    """The reader's mailbox: what is set, whether it works, what waits in it."""
    require_may_write(request)
    mailbox = mailboxes.of(request.user)
    form = MailboxForm(request.POST or None, initial=_set(mailbox, request))
    if request.method == "POST" and form.is_valid():
        said = {name: form.cleaned_data[name] for name in CHANGEABLE}
        try:
            mailboxes.connect(request.user, said=said, passwords=form.passwords(), by=by(request), at=now())
        except MailboxWrong as refusal:
            form.explain(refusal)
        else:
            messages.success(request, _("Kept. Tasuki sends a mail to this address now and reads it back."))
            return redirect("mailbox")
    waiting = Message.objects.visible_to(request.user).ours().filter(mailbox__owner=request.user)
    context = {
        "mailbox": mailbox,
        "form": form,
        "waiting": list(waiting.filter(state__in=[MessageState.WAITING, MessageState.SENDING]).for_page().order_by("send_at", "pk")[:_SHOWN]),
        "in_doubt": list(waiting.in_doubt().for_page().in_order()[:_SHOWN]),
    }
    return render(request, "mail/mailbox.jinja", context, status=422 if form.errors else 200)


@require_POST
def trial(request: UserRequest) -> HttpResponse:
    """Try it out anew."""
    require_may_write(request)
    mailbox = get_object_or_404(Mailbox.objects.visible_to(request.user).connected(), owner=request.user)
    mailboxes.ask_for_trial(mailbox, by=by(request), at=now())
    return redirect("mailbox")


@require_POST
def removal(request: UserRequest) -> HttpResponse:
    require_may_write(request)
    mailbox = get_object_or_404(Mailbox.objects.visible_to(request.user).connected(), owner=request.user)
    mailboxes.disconnect(mailbox, by=by(request), at=now())
    messages.success(request, _("The mailbox is disconnected, and its passwords are forgotten."))
    return redirect("mailbox")


@require_GET
def listing(request: UserRequest) -> HttpResponse:
    """Whose mailboxes are connected, and whether they work."""
    abilities.require(request.user, Ability.MANAGE_PEOPLE)
    rows = Mailbox.objects.visible_to(request.user).filter(is_active=True).select_related("owner").order_by("owner__family_name", "pk")
    return render(request, "mail/mailboxes.jinja", {"mailboxes": list(rows[:500])})


@require_POST
def removal_of(request: UserRequest, pk: int) -> HttpResponse:
    """Whoever manages people disconnects the mailbox of somebody else; their passwords are forgotten."""
    abilities.require(request.user, Ability.MANAGE_PEOPLE)
    mailboxes.disconnect(get_object_or_404(Mailbox.objects.visible_to(request.user), pk=pk), by=by(request), at=now())
    messages.success(request, _("The mailbox is disconnected, and its passwords are forgotten."))
    return redirect("mailboxes")


def _set(mailbox: Mailbox | None, request: UserRequest) -> dict[str, Any]:
    if mailbox is None:
        return {"address": request.user.email or "", "display_name": request.user.display_name, "smtp_login": request.user.email or ""}
    return {name: getattr(mailbox, name) for name in CHANGEABLE}
