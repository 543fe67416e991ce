"""The mail of the demo company: mailboxes that nobody reads, what was written from them, and what was answered; in three languages.

Written as rows: nothing of it leaves this machine, and its leads stay where the simulator has put them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from tasuki.core.people import User
from tasuki.crm import stages
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.demo import haneul
from tasuki.engage.mailboxes import Mailbox
from tasuki.engage.message_rows import Direction, Message, MessageKind, MessageState
from tasuki.engage.triage import classifying, rows
from tasuki.engage.triage.classes import Proposal, ReplyClass, Sign
from tasuki.engage.triage.rows import ReplyTriage

_N = 60
# Until then the workers leave the servers of the demo company alone: there are none.
_NEVER = timedelta(days=3650)

# Language: subject, what is written, what is answered, what a program answers.
_WORDS = {
    "en": (
        "Limits within the session",
        "You looked at our page about changing limits within the session. How do you do it today?\n\nWould fifteen minutes on Thursday suit you?",
        "Thank you. We do it by hand, twice a night. Thursday at ten would be fine.",
        "I am out of the office until 5 December and will answer when I am back.",
    ),
    "ko": (
        "장중 한도 변경 관련",
        "장중 한도 변경 페이지를 보셔서 연락드립니다. 지금은 어떻게 처리하고 계신가요?\n\n목요일에 15분 정도 통화가 가능하실까요?",
        "연락 감사합니다. 지금은 밤마다 두 번 수작업으로 하고 있습니다. 목요일 10시가 좋겠습니다.",
        "12월 5일까지 부재중입니다. 복귀 후 회신드리겠습니다.",
    ),
    "ja": (
        "日中の限度額変更について",
        "日中の限度額変更のページをご覧いただき、ご連絡しました。現在はどのように対応されていますか。\n\n木曜日に15分ほどお時間をいただけますでしょうか。",
        "ご連絡ありがとうございます。現在は夜間に2回、手作業で行っています。木曜日の10時でお願いします。",
        "12月5日まで不在にしております。戻り次第ご返信いたします。",
    ),
}
_LANGUAGES = {"KR": "ko", "JP": "ja"}


def furnish(*, until: datetime) -> None:
    """Letters about the leads that are being worked: most of them answered, one that came back, one in doubt, one that waits."""
    leads = Lead.objects.filter(stage__in=[stages.WORKING, stages.CONNECTED], contact__isnull=False, owner__isnull=False)
    rows = leads.select_related("contact", "account", "owner").prefetch_related("contact__emails").order_by("-stage_since", "-pk")[:_N]
    for nth, lead in enumerate(rows):
        if lead.owner and lead.contact and lead.contact.main_email:
            _thread(lead, contact=lead.contact, box=box_of(lead.owner, at=until), nth=nth, until=until)


def box_of(owner: User, *, at: datetime) -> Mailbox:
    """Theirs, with its trial behind it."""
    if there := Mailbox.objects.filter(owner=owner).first():
        return there
    address = owner.email or f"{owner.pk}@{haneul.HOST}"
    servers = {"smtp_host": f"mail.{haneul.HOST}", "smtp_login": address, "imap_host": f"mail.{haneul.HOST}"}
    alone = {"send_retry_at": at + _NEVER, "read_retry_at": at + _NEVER}
    tried = {"trial_id": f"trial-{owner.pk}@{haneul.HOST}", "trial_at": at, "trial_sent_at": at, "trial_read_at": at, "read_at": at}
    return Mailbox.objects.create(
        owner=owner, address=address, key=address.casefold(), signature=f"{owner.display_name}\nHaneul TS", connected_at=at, **servers, **alone, **tried
    )


def _thread(lead: Lead, *, contact: Contact, box: Mailbox, nth: int, until: datetime) -> None:
    subject, text, reply, away = _WORDS[_LANGUAGES.get(lead.account.country if lead.account else "", "en")]
    sent_at = min(lead.stage_since + timedelta(hours=1 + nth % 5), until - timedelta(minutes=90 + nth))
    state = {2: MessageState.WAITING, 4: MessageState.IN_DOUBT, 7: MessageState.BOUNCED}.get(nth, MessageState.SENT)
    said = {"lead": lead, "contact": contact, "account": lead.account, "thread": uuid5(NAMESPACE_URL, f"{haneul.HOST}/{lead.pk}")}
    moments = {"at": sent_at, "send_at": until + _NEVER if state is MessageState.WAITING else sent_at}
    if state is not MessageState.WAITING:
        moments |= {"claimed_at": sent_at} | ({} if state is MessageState.IN_DOUBT else {"settled_at": sent_at})
    letter = Message.objects.create(
        mailbox=box, direction=Direction.OUT, state=state, message_id=f"{lead.pk}.1@{haneul.HOST}", address=contact.main_email,
        name=contact.display_name[:200], subject=subject, text=f"{text}\n\n-- \n{box.signature}\n", words=text, written_by=box.owner, is_filed=True,
        why={MessageState.BOUNCED: "hard", MessageState.IN_DOUBT: "broken"}.get(state, ""), **moments, **said,
    )  # fmt: skip
    if state in {MessageState.SENT, MessageState.BOUNCED}:
        tell(letter)
    if state is MessageState.SENT and nth % 3 != 2:
        kind = MessageKind.AUTO_REPLY if nth % 6 == 3 else MessageKind.REPLY
        answer(letter, words=away if nth % 6 == 3 else reply, kind=kind, at=letter.at + timedelta(minutes=74))


def answer(letter: Message, *, words: str, kind: MessageKind, at: datetime) -> ReplyTriage:
    """What came in answer to a letter, with what the rules propose that it is."""
    quote = "\n".join(f"> {line}" for line in letter.words.splitlines())
    came = Message.objects.create(
        mailbox=letter.mailbox, direction=Direction.IN, kind=kind, state=MessageState.RECEIVED, lead=letter.lead, contact=letter.contact,
        account=letter.account, thread=letter.thread, message_id=f"a{letter.pk}@{haneul.HOST}", in_reply_to=letter, references=letter.message_id,
        address=letter.address, name=letter.name, subject=f"Re: {letter.subject}", text=f"{words}\n\n{quote}\n", words=words,
        at=at,
    )  # fmt: skip
    tell(came)
    proposal = (
        classifying.by_words(words) if kind is MessageKind.REPLY else Proposal(ReplyClass.OUT_OF_OFFICE, ((Sign.HEADER, "Auto-Submitted: auto-replied"),))
    )
    return rows.keep(came, proposal=proposal, wakes_on=None, at=at)


def tell(message: Message) -> None:
    """On the timeline of whom it is with."""
    direction = {"direction": message.direction, "channel": "mail", "subject": message.subject, "message": message.pk}
    more = {} if message.is_ours else {"what": message.kind}
    entry = TimelineEntry.objects.create(
        at=message.at, kind=Kind.MAIL, lead=message.lead, contact=message.contact, account=message.account,
        actor=message.written_by, text=message.words, detail=direction | more,
    )  # fmt: skip
    Message.objects.filter(pk=message.pk).update(entry=entry)
