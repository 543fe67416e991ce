"""What on a timeline shows that somebody is interested: the happenings that have points."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Happening(models.TextChoices):
    """What they did, never what we did: a mail that we sent, a call that nobody took say nothing of their interest."""

    FORM = "form", _("raised their hand")
    VISIT = "visit", _("visited our pages")
    MAIL_OPENED = "mail_opened", _("opened a mail")
    MAIL_CLICKED = "mail_clicked", _("followed a link in a mail")
    MAIL_REPLIED = "mail_replied", _("answered a mail")
    CONVERSATION = "conversation", _("talked with us by telephone")
    MEETING = "meeting", _("met us")


# Which happening an entry of the timeline is, as an expression of PostgreSQL over `entry`; null for one that says nothing of interest.
# `detail` of a mail says what was `noticed` of ours, or `what` theirs is: an automatic answer, one that came back and one that wants no more are no
# interest. That of a call says its `disposition`: those after which they want to hear more count.
TOLD = """CASE entry.kind
    WHEN 'move' THEN CASE WHEN NOT entry.detail ? 'from' AND entry.detail ->> 'origin' IN ('inbound', 'inbound_again', 'hand_raise') THEN 'form' END
    WHEN 'visit' THEN 'visit'
    WHEN 'mail' THEN CASE WHEN entry.detail ->> 'noticed' = 'opened' THEN 'mail_opened'
                          WHEN entry.detail ->> 'noticed' = 'clicked' THEN 'mail_clicked'
                          WHEN entry.detail ->> 'what' = 'reply' THEN 'mail_replied' END
    WHEN 'call' THEN CASE WHEN entry.detail ->> 'disposition' IN ('cb', 'talk', 'mtg') THEN 'conversation' END
    WHEN 'meeting' THEN CASE WHEN coalesce(entry.detail ->> 'state', 'held') = 'held' THEN 'meeting' END
END"""
