"""A sequence of the demo company that listens: to links that people follow, and to what they answer. Somebody stands at each of its ways.

Written as rows, as all mail of the demo company is: none of it leaves this machine.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.demo import haneul, mailing, reached
from tasuki.engage.mail import marked
from tasuki.engage.message_rows import Direction, Message, MessageKind, MessageState
from tasuki.engage.permission import Purpose
from tasuki.engage.sequences import sending
from tasuki.engage.sequences.branches import HEARD_IT
from tasuki.engage.sequences.definitions import SequenceVersion, Step, StepKind
from tasuki.engage.sequences.enrolments import Deed, DeedState, Enrolment, State, Why
from tasuki.engage.sequences.writing import Settings, Wording
from tasuki.engage.tracking import rows as tracking
from tasuki.engage.tracking.judging import tell
from tasuki.engage.tracking.rows import SentLink, TrackedLetter
from tasuki.engage.triage.classes import ReplyClass
from tasuki.engage.triage.rows import ReplyTriage

_SINCE = timedelta(days=75)
_N_RUNNING, _N_BEFORE = 24, 30
_PAGE = f"https://www.{haneul.HOST}/night-session"
_LISTENS, _BEGUN = timedelta(days=3), timedelta(days=13)

_TERMS = Settings("가격 자료 요청 후속", language="ko", about="가격 페이지를 본 증권사 담당자에게, 관심을 보인 만큼", n_people_a_day=3)
_STEPS: tuple[tuple[Wording, tuple[tuple[str, str], ...]], ...] = (
    (Wording("mail", n_days=0), (("{account}의 야간 세션 비용",
        f"{{name}}님, 안녕하세요. {{organisation}}의 {{sender}}입니다.\n\n야간 세션 비용을 한 장으로 정리했습니다: {_PAGE}\n\n{{sender}} 드림"),)),
    (Wording("branch", n_days=0, hears="clicked", n_days_to_listen=3, goes_to=4), ()),
    (Wording("mail", n_days=2), (("", f"{{name}}님, 지난 메일의 자료는 여기에서 다시 보실 수 있습니다: {_PAGE}\n\n{{sender}} 드림"),)),
    (Wording("call", n_days=1, words="자료의 어느 줄이 가장 궁금하셨는지 묻기"), ()),
    (Wording("branch", n_days=1, hears="replied", classes=("information", "referral"), n_days_to_listen=5, goes_to=7), ()),
    (Wording("letter", n_days=3, words="비용 표를 편지로 보내기"), ()),
    (Wording("mail", n_days=0, is_by_hand=True), (("", "{name}님, 요청하신 자료를 보내드립니다.\n\n{sender} 드림"),)),
)  # fmt: skip
_MAIL, _CLICKED, _AGAIN, _CALL, _REPLIED, _LETTER, _SEND = range(7)
# What they answer, as whoever works here has said what it is; the first is what the branch listens for.
_ANSWERS = (
    ("자료를 보내주세요. 특히 주문 서버 두 대일 때의 비용이 궁금합니다.", ReplyClass.INFORMATION),
    ("올해는 예산이 없습니다. 내년에 다시 연락 주세요.", ReplyClass.NOT_NOW),
    ("비용이 부담됩니다. 이미 타사 제품을 사용하고 있습니다.", ReplyClass.OBJECTION),
)


def enrol(*, until: datetime) -> None:
    """The sequence in force, opens and clicks counted, and its members as they stand at `until`."""
    by = By(User.objects.get_queryset().get(email=f"taekyung@{haneul.HOST}"), Door.WEB)
    tracking.change(opens=True, clicks=True, by=By(None, Door.JOB), at=until - _SINCE)
    version = reached.written(_TERMS, _STEPS, by=by, at=until - _SINCE)
    steps = list(version.steps.prefetch_related("variants").order_by("position"))
    leads = Lead.objects.filter(contact__isnull=False, owner__isnull=False, account__country="KR").select_related("contact", "account", "owner")
    leads = leads.prefetch_related("contact__emails")
    there: set[int] = set()
    worked = leads.in_process().filter(stage__in=[stages.WORKING, stages.CONNECTED], opened_at__lt=until - _BEGUN)
    for nth, lead in enumerate(reached.each_person(worked.order_by("-opened_at", "-pk"), _N_RUNNING, there)):
        _Member(lead, version, steps, begun=until - _BEGUN + timedelta(hours=nth)).goes(nth, until=until)
    before = leads.filter(opened_at__lt=until - _SINCE, ended_at__isnull=False).order_by("-opened_at", "-pk")
    for nth, lead in enumerate(reached.each_person(before, _N_BEFORE, there)):
        _Member(lead, version, steps, begun=until - timedelta(days=30 + nth)).went(nth)


class _Member:
    """Somebody on their way through it: each step is some days after the one before."""

    def __init__(self, lead: Lead, version: SequenceVersion, steps: list[Step], *, begun: datetime) -> None:
        self.lead, self.steps, self.at = lead, steps, begun
        assert lead.owner  # noqa: S101 - as it was asked for
        self.owner = lead.owner
        self.row = Enrolment.objects.create(
            sequence_id=version.sequence_id, version=version, lead=lead, contact_id=lead.contact_id or 0, owner=lead.owner, enrolled_by=lead.owner,
            enrolled_at=begun, next_step=steps[0], due_at=begun,
        )  # fmt: skip

    def goes(self, nth: int, *, until: datetime) -> None:
        """One of the ways there are, and where on it they stand."""
        follows, way = nth % 2 == 0, nth % 8
        if way in (0, 1):
            # The letter went out yesterday, and the branch listens.
            self.at = until - timedelta(days=1)
            self._mail(_MAIL, opened=way == 0)
            return self._stand(_CLICKED, due_at=self.at + _LISTENS, listens=True)
        self._mail(_MAIL, opened=True, clicked=follows)
        self._do(_CLICKED, result=HEARD_IT if follows else "")
        if way == 3:
            return self._stand(_AGAIN, due_at=until + timedelta(hours=18))
        if not follows:
            self._mail(_AGAIN)
        if way == 2:
            return self._wait(_CALL, until=until)
        self._do(_CALL, result="na" if nth % 3 else "vm")
        if way in (4, 5):
            return self._stand(_REPLIED, due_at=until + _LISTENS, listens=True)
        words, said = _ANSWERS[0]
        answer = self._answer(words, at=until - timedelta(hours=20))
        if way == 6:
            # Until somebody has said what the answer is.
            return self._stand(_REPLIED, due_at=until + _LISTENS, listens=True)
        self._say(answer, said, at=until - timedelta(hours=18))
        self.at = until - timedelta(hours=17)
        self._do(_REPLIED, result=HEARD_IT)
        return self._wait(_SEND, until=until)

    def went(self, nth: int) -> None:
        """It is over: by an answer that the branch does not listen for, through to the end, or by a meeting."""
        follows, how = nth % 2 == 0, nth % 5
        self._mail(_MAIL, opened=nth % 3 != 0, clicked=follows)
        self._do(_CLICKED, result=HEARD_IT if follows else "")
        self._do(_CALL, result="na")
        if how in (1, 2):
            words, said = _ANSWERS[how]
            self._say(self._answer(words, at=self.at), said, at=self.at)
            return self._end(State.STOPPED, Why.REPLY)
        if how == 3:
            return self._end(State.STOPPED, Why.MEETING, booked_at=self.at)
        self._do(_REPLIED)
        self._do(_LETTER)
        return self._end(State.FINISHED, Why.NO_ANSWER)

    def _do(self, place: int, *, result: str = "") -> Deed:
        step = self.steps[place]
        deed = Deed.objects.create(
            enrolment=self.row, step=step, variant=sending.variant_of(self.row, step), state=DeedState.DONE, owner=self.owner, due_on=self.at.date(),
            begun_at=self.at, done_at=self.at, done_by=None if step.is_machines else self.owner, result=result,
        )  # fmt: skip
        self.at += timedelta(days=2)
        return deed

    def _mail(self, place: int, *, opened: bool = False, clicked: bool = False) -> None:
        at = self.at
        deed = self._do(place)
        letter = self._letter(deed, at=at)
        first, later = at + timedelta(hours=2), at + timedelta(hours=2, minutes=1)
        seen = {"opened_at": first if opened else None, "clicked_at": later if clicked else None}
        Deed.objects.filter(pk=deed.pk).update(counts_opens=True, counts_clicks=True, **seen)
        counts = {"n_opens": int(opened), "n_clicks": int(clicked), "n_by_programs": deed.pk % 2}
        row = TrackedLetter.objects.create(message=letter, opens=True, clicks=True, **seen, **counts)
        SentLink.objects.create(letter=row, number=1, address=_PAGE)
        for what, moment in (("opened", seen["opened_at"]), ("clicked", seen["clicked_at"])):
            if moment:
                tell(letter, what=what, moment=moment)

    def _letter(self, deed: Deed, *, at: datetime) -> Message:
        """As the machine would have written it."""
        contact, box = self.lead.contact, mailing.box_of(self.owner, at=at)
        assert contact  # noqa: S101 - as it was asked for
        assert deed.variant  # noqa: S101 - a mail has its wording
        before = sending.last_letter(self.row)
        said = sending.letter_of(deed.variant, lead=self.lead, me=self.owner, answers=before)
        letter = Message.objects.create(
            mailbox=box, direction=Direction.OUT, state=MessageState.SENT, message_id=f"s{deed.pk}@{haneul.HOST}", cause=f"deed:{deed.pk}",
            address=contact.main_email, name=contact.display_name[:200], subject=marked(said.subject, contact=contact, purpose=Purpose.MARKETING),
            text=f"{said.text}\n\n-- \n{box.signature}\n", words=said.text, is_filed=True, at=at, send_at=at, claimed_at=at, settled_at=at,
            lead=self.lead, contact=contact, account=self.lead.account, in_reply_to=before, **({"thread": before.thread} if before else {}),
        )  # fmt: skip
        mailing.tell(letter)
        return letter

    def _answer(self, words: str, *, at: datetime) -> ReplyTriage:
        letter = sending.last_letter(self.row)
        assert letter  # noqa: S101 - the first step is one
        triage = mailing.answer(letter, words=words, kind=MessageKind.REPLY, at=at)
        ReplyTriage.objects.filter(pk=triage.pk).update(enrolment=self.row)
        Enrolment.objects.filter(pk=self.row.pk).update(replied_at=at)
        mails = self.row.deeds.filter(step__kind=StepKind.MAIL).order_by("-done_at")
        Deed.objects.filter(pk__in=mails.values("pk")[:1]).update(replied_at=at)
        return triage

    def _say(self, triage: ReplyTriage, said: ReplyClass, *, at: datetime) -> None:
        ReplyTriage.objects.filter(pk=triage.pk).update(reply_class=said, said_by=self.owner, said_at=at)

    def _stand(self, place: int, *, due_at: datetime | None, listens: bool = False) -> None:
        said = {"next_step": self.steps[place], "due_at": due_at, "stops_listening_at": due_at if listens else None}
        Enrolment.objects.filter(pk=self.row.pk).update(**said)

    def _wait(self, place: int, *, until: datetime) -> None:
        """A person has it to do, today."""
        self._stand(place, due_at=None)
        reached.put_on_the_day(self.row, self.steps[place], until=until, is_late=False)

    def _end(self, state: State, why: Why, **more: datetime) -> None:
        ended = {"state": state, "why": why, "ended_at": self.at, "next_step": None, "due_at": None, "stops_listening_at": None}
        Enrolment.objects.filter(pk=self.row.pk).update(**ended, **more)
