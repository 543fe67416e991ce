"""The outbox: letters that wait go out, each once.

A worker takes one letter and says so in the database (“sending”) before it speaks to the server, and says “sent” when the server has it.
Whoever is killed in between leaves it “sending”; after a while it is in doubt, and nobody sends it again by themselves: it is looked for in
the mailbox (see `doubts`), or a person decides. So no letter goes out twice, and none is lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q

from tasuki.core import bus
from tasuki.core.audit import By, Door
from tasuki.core.meanwhile import held
from tasuki.crm import stages
from tasuki.crm.contacts import Channel
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage import enclosures, letters, mail, mail_servers, mailboxes, message_rows
from tasuki.engage.enclosures import EnclosureGone
from tasuki.engage.letters import AddressUnusable
from tasuki.engage.mail_servers import Rejected, ServerTrouble, Unclear
from tasuki.engage.mailboxes import Mailbox
from tasuki.engage.message_rows import Message, MessageState
from tasuki.engage.moving import move
from tasuki.engage.touches import LONGEST_WORDS, Touched

BY_THE_CLOCK = By(None, Door.JOB)
# A worker that has said nothing of its letter for so long is dead; no server is waited for as long.
LEASE = timedelta(minutes=15)
# A letter that a server does not take for now is tried again, the later the more often it was not.
MOST_A_GO = 200
# So long a letter waits before it is asked again what the virus scanner says of its files.
_SCANNING = timedelta(minutes=1)
WAITS = (2, 5, 15, 60, 240, 480, 720)


def send_next(*, at: datetime) -> bool:
    """Send one letter that is due, of whichever mailbox may send now; False when there is none."""
    message = claim(at=at)
    if message is None:
        return False
    if message.state == MessageState.SENDING:
        deliver(message, at=at)
    return True


@transaction.atomic
def claim(*, at: datetime) -> Message | None:
    """Take one letter that is due; nobody else does. It comes back as sending, or settled, or put off, if it may not go out now."""
    for mailbox in _with_work(at):
        # One worker at a time counts what a mailbox has sent.
        if not Mailbox.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=mailbox.pk, is_active=True).exists():
            continue
        if _is_at_its_pace(mailbox, at=at):
            continue
        row = Message.objects.due(at).filter(mailbox=mailbox).select_for_update(skip_locked=True, of=("self",)).first()
        if row is None:
            continue
        message = Message.objects.for_page().get(pk=row.pk)
        if _may_go(message, at=at):
            Message.objects.filter(pk=message.pk).update(state=MessageState.SENDING, claimed_at=at, n_tries=F("n_tries") + 1)
            message.state, message.claimed_at, message.n_tries = MessageState.SENDING, at, message.n_tries + 1
        return message
    return None


def deliver(message: Message, *, at: datetime) -> None:
    """Hand a letter that was claimed over to its server. Outside of a transaction: what was claimed stands written whatever happens here."""
    mailbox = message.mailbox
    try:
        letter, sender, to = letters.composed(message, at=at), letters.on_envelope(mailbox.address), letters.on_envelope(message.address)
        mail_servers.hand_over(mailbox, letter=letter, sender=sender, to=to)
    except EnclosureGone as error:
        _settle(message, state=MessageState.REFUSED, why="file", words=str(error), at=at)
    except AddressUnusable as error:
        _settle(message, state=MessageState.REFUSED, why="address", words=str(error), at=at)
    except ServerTrouble as trouble:
        mailboxes.failed(mailbox, side="send", trouble=trouble.trouble, words=trouble.words, at=at)
        _try_again(message, why=trouble.trouble.value, words=trouble.words, at=at)
    except Rejected as no:
        mailboxes.worked(mailbox, side="send")
        if no.is_final:
            _settle(message, state=MessageState.REFUSED, why="server", words=f"{no.code} {no.words}", at=at)
        else:
            _try_again(message, why="server", words=f"{no.code} {no.words}", at=at)
    except Unclear as unclear:
        doubt(message, words=str(unclear), at=at)
    else:
        mailboxes.worked(mailbox, side="send")
        mark_sent(message, at=at)


@transaction.atomic
def mark_sent(message: Message, *, at: datetime) -> None:
    """The server has it: it stands on the timeline, and it is a touch of whoever wrote it. Saying it twice changes nothing."""
    lead = held(message.lead) if message.lead else None
    row = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if row.state not in {MessageState.SENDING, MessageState.IN_DOUBT}:
        return
    by = By(row.written_by, Door.JOB)
    sent_at = row.claimed_at or at
    entry = TimelineEntry.objects.create(
        at=sent_at, kind=Kind.MAIL, lead=lead, contact_id=row.contact_id, account_id=row.account_id, actor=row.written_by, text=row.words[:LONGEST_WORDS],
        detail={"message": row.pk, "subject": row.subject, "direction": "out", "channel": Channel.MAIL.value},
    )  # fmt: skip
    Message.objects.filter(pk=row.pk).update(entry=entry, at=sent_at)
    enclosures.tell(row, entry=entry)
    row.at, row.entry = sent_at, entry
    mail.settle(row, state=MessageState.SENT, by=by, at=at)
    if lead and lead.stage_id:
        move(lead, to=stages.WORKING, by=by, at=at)
        bus.say(Touched(lead.pk, by=by, at=sent_at, channel=Channel.MAIL))


def doubt_the_lost(*, at: datetime) -> int:
    """Put in doubt what workers took and never spoke of again; → how many letters."""
    lost = list(Message.objects.filter(state=MessageState.SENDING, claimed_at__lt=at - LEASE)[:200])
    for message in lost:
        doubt(message, words="", at=at)
    return len(lost)


@transaction.atomic
def doubt(message: Message, *, words: str, at: datetime) -> None:
    """Nobody can tell whether the server has it. It is not sent again by itself."""
    row = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if row.state == MessageState.SENDING:
        Message.objects.filter(pk=row.pk).update(look_at=at, n_looks=0)
        mail.settle(row, state=MessageState.IN_DOUBT, by=BY_THE_CLOCK, at=at, why="broken", words=words)


@transaction.atomic
def refuse_the_stranded(*, at: datetime) -> int:
    """Letters that are due in mailboxes which nobody has connected any more do not go out; → how many."""
    usable = Mailbox.objects.connected().values("pk")
    stranded = list(Message.objects.due(at).exclude(mailbox__in=usable).select_for_update(skip_locked=True, of=("self",))[:200])
    for message in stranded:
        mail.settle(message, state=MessageState.REFUSED, by=BY_THE_CLOCK, at=at, why="disconnected")
    return len(stranded)


def _with_work(at: datetime) -> list[Mailbox]:
    """Mailboxes that have something due and whose server is not left alone, those that have waited longest first."""
    due = Message.objects.due(at).filter(mailbox=OuterRef("pk"))
    rested = Q(send_retry_at__isnull=True) | Q(send_retry_at__lte=at)
    return list(Mailbox.objects.connected().filter(rested).filter(Exists(due)).annotate(longest=due.values("send_at")[:1]).order_by("longest", "pk"))


def _is_at_its_pace(mailbox: Mailbox, *, at: datetime) -> bool:
    """Whether it has sent as much as it may within an hour, or a day; what may have gone out counts."""
    hour = Q(claimed_at__gt=at - timedelta(hours=1))
    sent = Message.objects.filter(mailbox=mailbox, direction="out", claimed_at__gt=at - timedelta(days=1)).exclude(state=MessageState.WAITING)
    counts = sent.aggregate(n_day=Count("pk"), n_hour=Count("pk", filter=hour))
    return bool(counts["n_day"] >= mailbox.n_per_day or counts["n_hour"] >= mailbox.n_per_hour)


def _may_go(message: Message, *, at: datetime) -> bool:
    """Asked again now that it goes out: what was allowed when it was written may not be any more. What is not known is not allowed."""
    lead, contact = message.lead, message.contact
    if lead is None or contact is None or lead.stage_id is None:
        mail.settle(message, state=MessageState.REFUSED, by=BY_THE_CLOCK, at=at, why="over")
        return False
    if why := enclosures.why_not_yet(message):
        if why == "file":
            mail.settle(message, state=MessageState.REFUSED, by=BY_THE_CLOCK, at=at, why=why)
        else:
            message.send_at = at + _SCANNING
            Message.objects.filter(pk=message.pk).update(send_at=message.send_at, why=why)
        return False
    told = mail.refusal(contact, address=message.address, purpose=message.purpose, at=at)
    if told is None:
        return True
    if told.until is not None:
        Message.objects.filter(pk=message.pk).update(send_at=told.until, why=told.code)
        message.send_at = told.until
    else:
        mail.settle(message, state=MessageState.REFUSED, by=BY_THE_CLOCK, at=at, why=told.code, words=str(told.reason))
    return False


@transaction.atomic
def _settle(message: Message, *, state: MessageState, why: str, words: str, at: datetime) -> None:
    row = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if row.state == MessageState.SENDING:
        mail.settle(row, state=state, by=BY_THE_CLOCK, at=at, why=why, words=words)


@transaction.atomic
def _try_again(message: Message, *, why: str, words: str, at: datetime) -> None:
    """Nothing was handed over: it waits, until it has been tried often enough."""
    if message.n_tries > len(WAITS):
        _settle(message, state=MessageState.REFUSED, why=why, words=words, at=at)
        return
    wait = timedelta(minutes=WAITS[message.n_tries - 1])
    waiting = {"state": MessageState.WAITING, "send_at": at + wait, "claimed_at": None, "why": why, "why_words": words[: message_rows.LONGEST_WORDS]}
    Message.objects.filter(pk=message.pk, state=MessageState.SENDING).update(**waiting)
