"""Two workers that are killed again and again while they send: no letter goes out twice, none is lost, and what is in doubt is found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage import doubts, outbox
from tasuki.engage.mailboxes import Mailbox
from tasuki.engage.message_rows import Message, MessageState
from tests.cast import Cast, assemble
from tests.engage import post_office
from tests.engage.mailing import MORNING, by, connected, later, written
from tests.engage.meeting import lead_in_seoul
from tests.engage.post_office import Dovecot, Exchange
from tests.killing import N_KILLS, kill_again_and_again

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# More than the workers send until the last of them is killed: none begins more than one before its fuse has burned.
N = 250


def put_into_the_outbox(cast: Cast, exchange: Exchange) -> None:
    """Half of the letters from Ivo, half from Saori, about the same lead."""
    connected(cast.ivo, smtp_port=exchange.port, imap_port=exchange.dovecot.port if exchange.dovecot else 1)
    connected(
        cast.saori,
        address="saori@tasuki.example",
        smtp_port=exchange.port,
        smtp_login="saori",
        imap_login="saori",
        imap_port=exchange.dovecot.port if exchange.dovecot else 1,
    )
    first = written(cast, lead_in_seoul(cast))
    boxes = list(Mailbox.objects.order_by("pk"))
    Mailbox.objects.update(n_per_hour=2_000, n_per_day=2_000)
    Message.objects.bulk_create(
        Message(
            mailbox=boxes[nth % 2], direction="out", state="waiting", lead=first.lead, contact=first.contact, account=first.account, address=first.address,
            message_id=f"{nth}@tasuki.example", subject=f"letter {nth}", text="hello", words="hello", written_by=boxes[nth % 2].owner,
            at=MORNING, send_at=MORNING,
        )
        for nth in range(N - 1)
    )  # fmt: skip


def sends_or_waits() -> bool:
    """Send the next letter, if a mailbox is free: what the server does for a dead worker may hold one for a moment more, on a busy machine both."""
    return outbox.send_next(at=MORNING) or Message.objects.filter(state=MessageState.WAITING).exists()


def test_killed_two_hundred_times_it_sends_nothing_twice_and_loses_nothing(transactional_db: None, dovecot: Dovecot) -> None:
    cast = assemble()
    with post_office.exchange(dovecot) as exchange:
        put_into_the_outbox(cast, exchange)
        outbox.send_next(at=MORNING)
        # Of the statements of a letter the first half come before it is handed over, the others when the server has it and nobody knows so yet.
        n_in_the_middle = kill_again_and_again(sends_or_waits, within=34, seed=11, moments=0.004)
        assert n_in_the_middle > N_KILLS // 4
        at = later(20)
        n_lost = outbox.doubt_the_lost(at=at)
        assert n_lost > 0, "no worker was killed at its work: the test proves nothing"
        assert Message.objects.filter(state=MessageState.WAITING).exists(), "they were done before they were killed"
        doubts.look(at=at)
        while Message.objects.in_doubt().filter(look_at__lte=at).exists():
            doubts.look(at=at)
        unknown = list(Message.objects.in_doubt())
        assert all(exchange.taken[message.message_id] == 0 for message in unknown), "what the server has is found in the mailbox"
        assert len(unknown) < n_lost, "no letter was in the server's hands when its worker died: the test proves too little"
        for message in unknown:
            doubts.decide(message, went=False, by=by(message.mailbox.owner), at=at)
        Message.objects.filter(state=MessageState.WAITING).update(send_at=MORNING)
        while outbox.send_next(at=at + timedelta(minutes=1)):
            pass
        assert Message.objects.filter(state=MessageState.SENT).count() == N
        assert (len(exchange.taken), set(exchange.taken.values())) == (N, {1})
        assert TimelineEntry.objects.filter(kind=Kind.MAIL).count() == N
    connection.close()
