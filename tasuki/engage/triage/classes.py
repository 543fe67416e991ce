"""What an answer can be, and what a class is told by."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from tasuki.engage.message_rows import MessageKind


class ReplyClass(models.TextChoices):
    """The nine. The value is stored."""

    POSITIVE = "positive", _("positive")
    INFORMATION = "information", _("wants information")
    OBJECTION = "objection", _("objection")
    NOT_NOW = "not_now", _("not now")
    REFERRAL = "referral", _("names another person")
    WRONG_PERSON = "wrong_person", _("wrong person")
    OUT_OF_OFFICE = "out_of_office", _("out of office")
    UNSUBSCRIBE = "unsubscribe", _("wants no mail, or is hostile")
    BOUNCE = "bounce", _("came back")


# What is clear by itself and acts at once; every other class is proposed to a person.
OF_KIND = {
    MessageKind.AUTO_REPLY: ReplyClass.OUT_OF_OFFICE,
    MessageKind.BOUNCE: ReplyClass.BOUNCE,
    MessageKind.UNSUBSCRIBE: ReplyClass.UNSUBSCRIBE,
}
# What a letter is after a person's word; of every other class it is an answer.
AS_KIND = {of_class: kind for kind, of_class in OF_KIND.items()}


class Sign(models.TextChoices):
    """What a class is told by."""

    PHRASE = "phrase", _("it says")
    ADDRESS = "address", _("it names the address")
    HEADER = "header", _("a program wrote it, by its header")
    SUBJECT = "subject", _("a program wrote it, by its subject")
    REPORT = "report", _("a server reports that it could not deliver")


@dataclass(frozen=True)
class Proposal:
    """`signs` are (sign, its words) in the order in which they count; none, and no class, where the rules know nothing."""

    of_class: ReplyClass | None
    signs: tuple[tuple[Sign, str], ...] = ()
