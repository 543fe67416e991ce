"""The inbox: mailboxes are read by IMAP, from where they were read to last, in batches. Nothing in them is changed, or marked as seen.

How far a mailbox was read is written with what was kept of it, so that whoever dies reads on where it stopped: no letter is kept twice, none
is left out. First come the headers alone: of a letter that does not concern us, no more than these is ever asked for.
"""

from __future__ import annotations

import imaplib
import logging
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import DataError, transaction
from django.db.models import F, Q

from tasuki.engage import doubts, incoming, letters, mail, mail_servers, mailboxes, received
from tasuki.engage.enclosures import EnclosureGone
from tasuki.engage.incoming import Incoming
from tasuki.engage.letters import AddressUnusable
from tasuki.engage.mail_servers import Imap, Rejected, ServerTrouble, Unclear
from tasuki.engage.mailboxes import Mailbox, Trouble
from tasuki.engage.message_rows import Message, MessageState

# How often a mailbox is read, and how much of it in one go.
EVERY = timedelta(minutes=1)
BATCH, MOST_A_GO = 50, 1_000
# A box that is read for the first time is read from so far back.
FIRST_DAYS = timedelta(days=14)
LARGEST, _LARGEST_HEADER = 25 * 1024 * 1024, 64 * 1024
_HEADER = f"(UID RFC822.SIZE BODY.PEEK[HEADER]<0.{_LARGEST_HEADER}>)"
_UID, _SIZE = re.compile(rb"UID (\d+)"), re.compile(rb"RFC822\.SIZE (\d+)")
# What we sent is filed among what the mailbox has sent, unless its server has done so by then.
_FILE_AFTER, _FILE_UNTIL = timedelta(minutes=1), timedelta(days=1)

logger = logging.getLogger(__name__)


def read_next(*, at: datetime) -> bool:
    """Read one mailbox whose turn it is; False when it is nobody's."""
    mailbox = _claim(at=at)
    if mailbox is None:
        return False
    try:
        with mail_servers.reading(mailbox) as line:
            read(mailbox, line=line, at=at)
            file_copies(mailbox, line=line, at=at)
    except ServerTrouble as trouble:
        mailboxes.failed(mailbox, side="read", trouble=trouble.trouble, words=trouble.words, at=at)
    else:
        mailboxes.worked(mailbox, side="read")
        Mailbox.objects.filter(pk=mailbox.pk).update(read_at=at)
    return True


def read(mailbox: Mailbox, *, line: Imap, at: datetime) -> int:
    """Take in what has come since it was read last; → how many letters were looked at. Raises ServerTrouble, imaplib's errors."""
    uids = _new_uids(mailbox, line=line, at=at)
    for first in range(0, len(uids), BATCH):
        for uid, size, header in _headers(line, uids[first : first + BATCH]):
            letter = _whole(line, uid, size=size, header=header, mailbox=mailbox)
            try:
                _take_in(letter, uid=uid, mailbox=mailbox, at=at)
            except DataError as error:
                # One letter that cannot be kept keeps no other from being read.
                logger.warning("The letter %s of the mailbox %s cannot be kept: %s", uid, mailbox.pk, error)
                _read_to(mailbox, uid)
        # A letter that went away while it was read is not waited for.
        _read_to(mailbox, uids[first : first + BATCH][-1])
    return len(uids)


def file_copies(mailbox: Mailbox, *, line: Imap, at: datetime) -> int:
    """Put what we sent into the folder of what the mailbox has sent, where its server did not; → how many."""
    since = Q(settled_at__lte=at - _FILE_AFTER, settled_at__gt=at - _FILE_UNTIL)
    rows = list(Message.objects.for_page().filter(since, mailbox=mailbox, state=MessageState.SENT, is_filed=False).order_by("pk")[:BATCH])
    folder = doubts.sent_folder(line) if rows else ""
    if not folder:
        return 0
    there = doubts.ids_in(line, folder=folder, message_ids=[row.message_id for row in rows])
    n = 0
    for row in rows:
        if row.message_id not in there and (letter := _copy(row)):
            kind, _said = line.append(folder, r"(\Seen)", imaplib.Time2Internaldate(row.at.timestamp()), letter)
            n += kind == "OK"
        Message.objects.filter(pk=row.pk).update(is_filed=True)
    return n


def _copy(message: Message) -> bytes | None:
    """What was sent; none of a letter whose files are gone meanwhile, which would be another one."""
    try:
        return letters.composed(message, at=message.at, is_copy=True)
    except EnclosureGone:
        return None


def try_out(*, at: datetime) -> bool:
    """Send a mailbox whose owner asked for it a letter of its own, to be read back; False when nobody asked."""
    with transaction.atomic():
        mailbox = Mailbox.objects.connected().select_for_update(skip_locked=True, of=("self",)).filter(trial_at__isnull=False, trial_id="").first()
        if mailbox is None:
            return False
        mailbox.trial_id = mail.new_id(mailbox)[:120]
        # Read at once what comes back.
        Mailbox.objects.filter(pk=mailbox.pk).update(trial_id=mailbox.trial_id, read_retry_at=None)
    try:
        letter = letters.trial(mailbox, message_id=mailbox.trial_id, subject="Tasuki", text="✓\n", at=at)
        address = letters.on_envelope(mailbox.address)
        mail_servers.hand_over(mailbox, letter=letter, sender=address, to=address)
    except ServerTrouble as trouble:
        mailboxes.failed(mailbox, side="send", trouble=trouble.trouble, words=trouble.words, at=at)
    except (Rejected, Unclear, AddressUnusable) as no:
        mailboxes.failed(mailbox, side="send", trouble=Trouble.REFUSED, words=str(no), at=at)
    else:
        mailboxes.worked(mailbox, side="send")
        Mailbox.objects.filter(pk=mailbox.pk).update(trial_sent_at=at)
    return True


@transaction.atomic
def _claim(*, at: datetime) -> Mailbox | None:
    """A mailbox whose turn it is; nobody else reads it for a while."""
    turn = Q(read_retry_at__isnull=True) | Q(read_retry_at__lte=at)
    rows = Mailbox.objects.that_read().filter(turn).order_by(F("read_retry_at").asc(nulls_first=True), "pk")
    mailbox = rows.select_for_update(skip_locked=True, of=("self",)).select_related("owner").first()
    if mailbox:
        Mailbox.objects.filter(pk=mailbox.pk).update(read_retry_at=at + EVERY)
    return mailbox


def _new_uids(mailbox: Mailbox, *, line: Imap, at: datetime) -> list[int]:
    """Those after the last one that was read, oldest first; of a box that begins anew, those of the last days."""
    kind, _n = line.select("INBOX", readonly=True)
    if kind != "OK":
        raise ServerTrouble(Trouble.REFUSED, "INBOX")
    said = line.response("UIDVALIDITY")[1]
    validity = int(said[0]) if said and said[0] and said[0].isdigit() else 0
    if mailbox.uid_validity != validity:
        Mailbox.objects.filter(pk=mailbox.pk).update(uid_validity=validity, last_uid=0)
        mailbox.uid_validity, mailbox.last_uid = validity, 0
    asked = ["UID", f"{mailbox.last_uid + 1}:*"] if mailbox.last_uid else ["SINCE", _imap_day(at - FIRST_DAYS)]
    kind, found = line.uid("SEARCH", *asked)
    uids = sorted(int(one) for one in (found[0] or b"").split() if one.isdigit()) if kind == "OK" and found else []
    # “n:*” always names the last letter, also where it is older.
    return [uid for uid in uids if uid > mailbox.last_uid][:MOST_A_GO]


def _headers(line: Imap, uids: list[int]) -> Iterable[tuple[int, int, bytes]]:
    """Of each letter that is still there: its number, its size, its headers."""
    kind, said = line.uid("FETCH", ",".join(str(uid) for uid in uids), _HEADER)
    found = []
    for one in said if kind == "OK" else []:
        if isinstance(one, tuple) and len(one) == 2 and (uid := _UID.search(one[0])):
            size = _SIZE.search(one[0])
            found.append((int(uid[1]), int(size[1]) if size else 0, one[1]))
    return sorted(found)


def _whole(line: Imap, uid: int, *, size: int, header: bytes, mailbox: Mailbox) -> Incoming | None:
    """The letter, if it concerns us; of one that is too large, as much as we read of any."""
    seen = incoming.read(header)
    if seen.message_id != mailbox.trial_id and not received.concerns_us(seen, mailbox=mailbox):
        return None
    kind, said = line.uid("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{LARGEST}>)")
    raw = next((one[1] for one in said if isinstance(one, tuple) and len(one) == 2), None) if kind == "OK" else None
    if raw is None:
        return None
    return incoming.read(raw, is_cut=size > len(raw))


@transaction.atomic
def _take_in(letter: Incoming | None, *, uid: int, mailbox: Mailbox, at: datetime) -> None:
    """What is kept of a letter, and that it was read, in one."""
    if letter:
        _see_trial(letter, mailbox=mailbox, at=at)
        received.take_in(letter, mailbox=mailbox, at=at)
    _read_to(mailbox, uid)


def _see_trial(letter: Incoming, *, mailbox: Mailbox, at: datetime) -> None:
    if mailbox.trial_id and letter.message_id == mailbox.trial_id:
        Mailbox.objects.filter(pk=mailbox.pk, trial_id=mailbox.trial_id, trial_read_at__isnull=True).update(trial_read_at=at)


def _read_to(mailbox: Mailbox, uid: int) -> None:
    """Never back: somebody else may have read further."""
    Mailbox.objects.filter(pk=mailbox.pk, uid_validity=mailbox.uid_validity, last_uid__lt=uid).update(last_uid=uid)
    mailbox.last_uid = max(mailbox.last_uid, uid)


def _imap_day(at: datetime) -> str:
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{at.day:02}-{months[at.month - 1]}-{at.year}"
