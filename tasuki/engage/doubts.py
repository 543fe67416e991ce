"""Letters in doubt: somebody was killed, or a line broke, while the server was being given them. They are looked for in the mailbox that sent
them; where they are not found, their owner decides. Not finding is no proof that a server did not send.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.engage import mail, mail_servers, mailboxes, outbox
from tasuki.engage.mail_servers import Imap, ServerTrouble
from tasuki.engage.mailboxes import Mailbox
from tasuki.engage.message_rows import Message, MessageState

# Servers file what they have sent a little later; who has not filed it after the last look never will.
LOOKS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
_FOLDER = re.compile(rb'\((?P<flags>[^)]*)\) (?:"[^"]*"|NIL) (?P<name>.+)')
_SENT_NAMES = (b"sent", b"sent items", b"sent messages", b"sent mail")


class NotInDoubt(Refused):
    code = "not_in_doubt"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("It has been settled meanwhile what became of this mail."))


def look(*, at: datetime) -> int:
    """Look for letters in doubt that are due to be looked for; → how many were looked for."""
    ids = _take(at=at)
    rows = Message.objects.for_page().filter(pk__in=ids).order_by("mailbox", "pk")
    for mailbox, messages in groupby(rows, key=lambda message: message.mailbox):
        try:
            found = _found(mailbox, list(messages))
        except ServerTrouble as trouble:
            mailboxes.failed(mailbox, side="read", trouble=trouble.trouble, words=trouble.words, at=at)
            continue
        for message in found:
            outbox.mark_sent(message, at=at)
    return len(ids)


@transaction.atomic
def decide(message: Message, *, went: bool, by: By, at: datetime) -> Message:
    """A person says whether it went out: then it is sent, else it waits to be sent again. Raises NotInDoubt, Forbidden."""
    row = Message.objects.select_for_update(of=("self",)).select_related("mailbox").get(pk=message.pk)
    mail.refuse_other(row, person=by.actor)
    if row.state != MessageState.IN_DOUBT:
        raise NotInDoubt
    if went:
        outbox.mark_sent(row, at=at)
    else:
        Message.objects.filter(pk=row.pk).update(state=MessageState.WAITING, send_at=at, claimed_at=None, settled_at=None, why="", why_words="")
        audit.record(row, action="send_again", by=by, at=at, changes={"state": (row.state, MessageState.WAITING.value)})
    return Message.objects.for_page().get(pk=row.pk)


def sent_folder(line: Imap) -> str:
    """The folder in which the mailbox keeps what it has sent, as IMAP names it; "" when there is none."""
    kind, rows = line.list()
    by_name = ""
    for row in rows if kind == "OK" else []:
        found = _FOLDER.fullmatch(row) if isinstance(row, bytes) else None
        if found is None:
            continue
        name = found["name"].decode("ascii", "replace")
        if b"\\sent" in found["flags"].lower():
            return name
        if found["name"].strip(b'"').lower().rpartition(b".")[2].rpartition(b"/")[2] in _SENT_NAMES:
            by_name = name
    return by_name


def ids_in(line: Imap, *, folder: str, message_ids: Iterable[str]) -> set[str]:
    """Those of the ids of which a letter lies there. Raises imaplib's errors."""
    kind, _said = line.select(folder, readonly=True)
    if kind != "OK":
        return set()
    # A server looks for a piece of the header: with its brackets, one id is no piece of another.
    return {one for one in message_ids if any(line.search(None, "HEADER", "Message-ID", f'"{_quoted(f"<{one}>")}"')[1])}


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _found(mailbox: Mailbox, messages: list[Message]) -> list[Message]:
    asked = {message.message_id for message in messages}
    found: set[str] = set()
    with mail_servers.reading(mailbox) as line:
        for folder in (sent_folder(line), "INBOX"):
            if folder and asked - found:
                found |= ids_in(line, folder=folder, message_ids=asked - found)
    return [message for message in messages if message.message_id in found]


@transaction.atomic
def _take(*, at: datetime) -> list[int]:
    """Those whose look is due, of mailboxes that can be read, each with its next look set: whoever dies here looks again."""
    rows = Message.objects.in_doubt().filter(look_at__lte=at, mailbox__is_active=True).exclude(mailbox__imap_host="")
    taken = list(rows.select_for_update(skip_locked=True, of=("self",))[:50])
    for row in taken:
        after = at + LOOKS[row.n_looks] if row.n_looks < len(LOOKS) else None
        Message.objects.filter(pk=row.pk).update(look_at=after, n_looks=row.n_looks + 1)
    return [row.pk for row in taken]
