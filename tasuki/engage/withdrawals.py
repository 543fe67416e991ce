"""Withdrawals: whoever gets advertising by mail ends it by a link in it, without signing in.

The link stays good for as long as the letter is known: taking a consent back is as easy as giving it was, also years later.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from tasuki.core.audit import By
from tasuki.core.meanwhile import held
from tasuki.crm.contacts import Channel, ConsentState, ConsentWay
from tasuki.engage import consents, recipients
from tasuki.engage.consents import Word
from tasuki.engage.message_rows import Direction, Message
from tasuki.engage.permission import Purpose
from tasuki.engage.triage import deciding

_SALT = "tasuki.engage.withdrawals"


def link_of(message: Message) -> str:
    """The address that ends such mail; none for what one person writes to another."""
    if message.purpose != Purpose.MARKETING or message.contact_id is None:
        return ""
    token = signing.Signer(salt=_SALT).sign_object([message.pk])
    return settings.SITE.rstrip("/") + reverse("mail_withdrawal", args=[token])


def line_of(message: Message) -> str:
    """What stands below such a letter, in the language of whoever gets it; nothing below others."""
    link = link_of(message)
    if not link or message.contact is None:
        return ""
    with translation.override(recipients.language_of(message.contact)):
        return _("You do not want such mail? End it here, without signing in: %(link)s") % {"link": link}


def found(token: str) -> Message | None:
    """The letter whose link it is; None for one that is forged, or when the letter or the person is not there any more."""
    try:
        (pk,) = signing.Signer(salt=_SALT).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    letters = Message.objects.for_page().filter(direction=Direction.OUT, purpose=Purpose.MARKETING, contact__isnull=False)
    return letters.filter(pk=pk).first()


@transaction.atomic
def withdraw(message: Message, *, by: By, at: datetime, is_one_click: bool = False) -> bool:
    """The person wants no such mail any more: it stands in the ledger with the letter as evidence, and what listens stops. Twice is once; → whether
    it is new. Raises Gone.
    """
    if message.contact is None:
        return False
    held(message.contact)
    if deciding.is_withdrawn(message):
        return False
    with translation.override(message.mailbox.owner.language):
        how = _("by the button of their mail program") if is_one_click else _("by the link in a mail")
    # Without the address, which not everybody sees who sees the ledger; the letter has it.
    word = Word(Channel.MAIL, ConsentState.WITHDRAWN, how, way=ConsentWay.LINK, evidence=f"{message.message_id} ({message.at:%Y-%m-%d})")
    consents.record(message.contact, word=word, by=by, at=at)
    return True
