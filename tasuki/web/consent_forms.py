"""What is asked about consent and blocks on the page of a person, and what that page says of whether they may be reached now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core import abilities
from tasuki.core.people import User
from tasuki.crm import phones
from tasuki.crm.contacts import Basis, Channel, ConsentState, ConsentWay, Contact
from tasuki.engage import permission
from tasuki.engage.consent_texts import ConsentText
from tasuki.engage.consents import Word
from tasuki.engage.permission import Answer, Purpose
from tasuki.web.moves import DAY, Move
from tasuki.web.typed_fields import typed


class ConsentForm(Move):
    channel = forms.ChoiceField(label=gettext_lazy("channel"), choices=Channel.choices)
    state = forms.ChoiceField(label=gettext_lazy("state"), choices=ConsentState.choices)
    purpose = forms.ChoiceField(label=gettext_lazy("purpose"), choices=Purpose.choices, initial=Purpose.MARKETING, required=False)
    how = forms.CharField(label=gettext_lazy("how it was given"), max_length=200)
    way = forms.ChoiceField(label=gettext_lazy("by which way"), choices=ConsentWay.choices, initial=ConsentWay.SPOKEN, required=False)
    basis = forms.ChoiceField(label=gettext_lazy("basis"), choices=Basis.choices, required=False)
    until_on = forms.DateField(label=gettext_lazy("holds until"), required=False, widget=DAY)
    covers_night = forms.BooleanField(label=gettext_lazy("also for the night"), required=False)
    text = forms.ModelChoiceField(ConsentText.objects.none(), label=gettext_lazy("text that was read"), required=False, empty_label="–")
    evidence = forms.CharField(label=gettext_lazy("evidence"), max_length=500, required=False)

    def __init__(self, *args: Any, reader: User, contact: Contact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ids = list(ConsentText.objects.visible_to(reader).in_force().values_list("pk", flat=True))
        typed(self.fields["text"], forms.ModelChoiceField).queryset = ConsentText.objects.visible_to(reader).filter(pk__in=ids)
        files = contact.files.of_records()
        self.fields["file"] = forms.ModelChoiceField(files, label=_("file that shows it"), required=False, empty_label="–")

    def word(self) -> Word:
        said = self.cleaned_data
        return Word(
            Channel(said["channel"]),
            ConsentState(said["state"]),
            said["how"],
            way=ConsentWay(said["way"] or ConsentWay.SPOKEN),
            basis=Basis(said["basis"] or Basis.CONSENT),
            purpose=Purpose(said["purpose"] or Purpose.MARKETING),
            covers_night=said["covers_night"],
            text=said["text"],
            evidence=said["evidence"],
            file=said["file"],
            until_on=said["until_on"],
        )


class BlockForm(Move):
    """Which of a person's numbers and addresses; what the reader may not see is offered by its kind alone."""

    value = forms.ChoiceField(label=gettext_lazy("Do not contact"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)

    def __init__(self, *args: Any, reader: User, contact: Contact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hidden = abilities.standing_of(reader).hides("contact")
        numbers = [] if "phones" in hidden else [(one.e164, phones.display(one.e164)) for one in contact.phones.all()]
        addresses = [] if "emails" in hidden else [(one.address, one.address) for one in contact.emails.all()]
        value = typed(self.fields["value"], forms.ChoiceField)
        value.choices = [*numbers, *addresses]


@dataclass(frozen=True)
class Line:
    """Whether the person may be reached now, by one channel."""

    label: Any
    icon: str
    answer: Answer


def lines(contact: Contact, *, at: datetime) -> Sequence[Line]:
    """By call, mail to them alone, and advertising mail: the same number of queries for every person."""
    asked = (
        (_("Call"), "phone", Channel.PHONE, Purpose.PERSONAL),
        (_("Mail, person to person"), "mail", Channel.MAIL, Purpose.PERSONAL),
        (_("Advertising by mail"), "speakerphone", Channel.MAIL, Purpose.MARKETING),
        (_("Advertising by message"), "message", Channel.MESSAGE, Purpose.MARKETING),
    )
    seen = permission.look(contact)
    return [Line(label, icon, permission.may(contact, channel=channel, at=at, purpose=purpose, seen=seen)) for label, icon, channel, purpose in asked]
