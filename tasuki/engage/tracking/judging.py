"""Judging: a little after hits came, they are told apart, people from programs, as well as can be; and the first of a person is told on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from tasuki.core import bus
from tasuki.crm.contacts import Channel
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage.message_rows import Message
from tasuki.engage.tracking.rows import MailHit, Told, TrackedLetter

# Programs that look at letters on their way come within seconds, and follow every link at once.
WAITS = timedelta(seconds=15)
_AT_ONCE, _ALL_WITHIN = timedelta(seconds=5), timedelta(seconds=10)
MOST = 500


@dataclass(frozen=True)
class Noticed:
    """Said on the bus when a person, as far as can be told, opened a letter (`what` is "opened") or followed a link in it ("clicked") first."""

    message_id: int
    contact_id: int | None
    cause: str
    what: str
    at: datetime


def judge(*, at: datetime, most: int = MOST) -> int:
    """All that waits long enough; → of how many letters."""
    n = 0
    while n < most and judge_one(at=at):
        n += 1
    return n


@transaction.atomic
def judge_one(*, at: datetime) -> bool:
    """The hits of one letter; False when none wait that nobody holds."""
    due = MailHit.objects.filter(is_judged=False, at__lte=at - WAITS).order_by("at", "pk")
    letter = TrackedLetter.objects.filter(pk__in=due.values("letter")).select_for_update(skip_locked=True, of=("self",)).order_by("pk").first()
    if letter is None:
        return False
    hits = list(letter.hits.filter(at__lte=at).order_by("at", "pk"))
    links = set(letter.links.values_list("pk", flat=True))
    sent_at = letter.message.settled_at or letter.message.at
    first: dict[str, datetime] = {}
    for hit in hits:
        if hit.is_judged or hit.at > at - WAITS:
            continue
        hit.told_by = hit.told_by or _told_by(hit, hits=hits, links=links, sent_at=sent_at)
        hit.is_judged = True
        what = "clicked" if hit.link_id else "opened"
        if hit.told_by:
            letter.n_by_programs += 1
        elif hit.link_id:
            letter.n_clicks += 1
        else:
            letter.n_opens += 1
        if not hit.told_by and getattr(letter, f"{what}_at") is None:
            first.setdefault(what, hit.at)
    MailHit.objects.bulk_update(hits, ["told_by", "is_judged"])
    for what, moment in first.items():
        setattr(letter, f"{what}_at", moment)
    letter.save()
    for what, moment in first.items():
        _tell(letter, what=what, moment=moment, at=at)
    return True


def _told_by(hit: MailHit, *, hits: list[MailHit], links: set[int], sent_at: datetime) -> str:
    if hit.at < sent_at + _AT_ONCE:
        return Told.AT_ONCE
    near = {one.link_id for one in hits if one.link_id and abs(one.at - hit.at) <= _ALL_WITHIN}
    return Told.ALL_LINKS if hit.link_id and len(links) > 1 and links <= near else ""


def _tell(letter: TrackedLetter, *, what: str, moment: datetime, at: datetime) -> None:
    message = letter.message
    tell(message, what=what, moment=moment)
    bus.say(Noticed(message.pk, message.contact_id, message.cause, what, at))


def tell(message: Message, *, what: str, moment: datetime) -> None:
    """On the timeline of whoever it was sent to."""
    detail = {"message": message.pk, "subject": message.subject, "direction": "in", "channel": Channel.MAIL.value, "noticed": what}
    TimelineEntry.objects.create(
        at=moment, kind=Kind.MAIL, lead_id=message.lead_id, contact_id=message.contact_id, account_id=message.account_id, detail=detail
    )
