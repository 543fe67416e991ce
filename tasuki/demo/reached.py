"""Sequences of the demo company: one in each language of its customers, with people at every step of them, and what became of those before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from django.utils import translation

from tasuki.core import business_days
from tasuki.core.audit import By, Door
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.people import User
from tasuki.core.working_time import Hours
from tasuki.crm import stages, tasks
from tasuki.crm.leads import Lead, Leads
from tasuki.crm.tasks import Task, TaskKind
from tasuki.demo import haneul
from tasuki.engage.sequences import writing
from tasuki.engage.sequences.definitions import Sequence, SequenceVersion, Step, StepKind, Variant
from tasuki.engage.sequences.enrolments import Deed, DeedState, Enrolment, State, Why
from tasuki.engage.sequences.writing import Settings, Wording

_SINCE = timedelta(days=75)
_MOST_RUNNING, _MOST_BEFORE = 45, 120
_MAIL, _BY_HAND = "mail", Wording("mail", n_days=3, is_by_hand=True)

# Countries → terms, and the steps with the wordings of their mails: (subject, text).
_SEQUENCES: tuple[tuple[tuple[str, ...], Settings, tuple[tuple[Wording, tuple[tuple[str, str], ...]], ...]], ...] = (
    (
        ("KR",),
        Settings("야간 거래 세미나 후속 연락", language="ko", about="세미나에 온 증권사·거래소 담당자를 미팅으로", n_people_a_day=2),
        (
            (Wording(_MAIL, n_days=0), (
                ("{account} 야간 점검에 관해",
                     "{name}님, 안녕하세요. {organisation}의 {sender}입니다.\n\n"
                     "세미나에서 질문하신 장중 한도 변경을 한 장으로 정리했습니다. 이번 주에 15분만 시간을 내주실 수 있을까요?\n\n"
                     "{sender} 드림"),
                ("장중 한도 변경, 하루 14번에서 0번으로",
                     "{name}님, 안녕하세요. {sender}입니다.\n\n"
                     "비슷한 규모의 증권사가 장중 한도 변경을 없앤 방법을 정리했습니다. 이번 주에 통화 가능하실까요?\n\n{sender} 드림"),
            )),
            (Wording("call", n_days=2, words="세미나에서 무엇을 들으러 오셨는지 먼저 묻기"), ()),
            (Wording("branch", n_days=0, hears="voicemail", goes_to=5), ()),
            (Wording(_MAIL, n_days=1), (("",
                     "{name}님, 전화드렸으나 연결되지 않아 메일로 남깁니다. 편하신 시간을 알려 주시면 맞추겠습니다.\n\n{sender} 드림"),)),
            (Wording("letter", n_days=3, words="부장님 앞으로 편지: 야간 점검 두 명이 줄인 시간 표 동봉"), ()),
            (Wording("call", n_days=4, words="편지를 받으셨는지 묻고 15분 제안"), ()),
        ),
    ),
    (
        ("JP",),
        Settings("資料請求後のご案内", language="ja", about="資料を請求した証券会社のご担当者に、最初の打ち合わせを", n_people_a_day=1),
        (
            (_BY_HAND, (("{account}様の発注前リスク管理について",
                 "{family_name}様\n\n"
                 "お世話になっております。{organisation}の{sender}です。\n"
                 "資料をご覧いただきありがとうございます。今お調べになったきっかけを伺えれば幸いです。\n\n"
                 "{sender}"),)),
            (Wording("call", n_days=3, from_minute=10 * 60, until_minute=17 * 60, words="資料のどのページが気になったかを伺う"), ()),
            (Wording("letter", n_days=5, words="手書きの手紙と導入事例の小冊子を送る"), ()),
            (Wording("call", n_days=5, words="手紙のお礼と、15分の打ち合わせのご提案"), ()),
        ),
    ),
    (
        (),
        Settings("Pre-trade risk: after the webinar", language="en", about="Risk and trading heads who watched the webinar", on_reply="stop"),
        (
            (Wording(_MAIL, n_days=0), (
                ("Your limits, changed during the day",
                     "Dear {name},\n\n"
                     "thank you for watching. A broker of your size changed limits 14 times a day before it saw what that costs. "
                     "May I show you the page with the sum?\n\n"
                     "{sender}\n"
                     "{organisation}"),
                ("Fifteen minutes on pre-trade risk at {account}",
                     "Dear {name},\n\n"
                     "you watched how limits are checked before the order leaves. Which of the three ways is yours today?\n\n"
                     "{sender}\n"
                     "{organisation}"),
            )),
            (Wording("social", n_days=2, words="Connect, and name the question they asked in the webinar"), ()),
            (Wording("call", n_days=1, words="Ask what they did by hand last month"), ()),
            (Wording("wait", n_days=3), ()),
            (Wording(_MAIL, n_days=0), (("",
                 "Dear {name},\n\n"
                 "I tried to reach you by phone. If it is not the time, tell me when it will be, and I will keep to that.\n\n"
                 "{sender}"),)),
            (Wording("task", n_days=4, words="Look for news about the company, and decide whether it is worth a last call"), ()),
        ),
    ),
)  # fmt: skip
# How those who were in it before left, in their shares.
_ENDS = (Why.NO_ANSWER, Why.REPLY, Why.NO_ANSWER, Why.MEETING, Why.NO_ANSWER, Why.TALK, Why.OPT_OUT, Why.REPLY, Why.NO_ANSWER, Why.BOUNCE, Why.COLLEAGUE)


def enrol(*, until: datetime, random: Random) -> None:
    """The sequences, by whoever manages the sellers, and their members as they stand at `until`."""
    by, hours = By(User.objects.get_queryset().get(email=f"taekyung@{haneul.HOST}"), Door.WEB), hours_of_the_house()
    for countries, terms, steps in _SEQUENCES:
        version = written(terms, steps, by=by, at=until - _SINCE)
        _fill(version, countries, hours=hours, until=until, random=random)
    last = Sequence.objects.get(name=_SEQUENCES[-1][1].name)
    draft = writing.draft(last, by=by, at=until - timedelta(days=2))
    writing.add_step(draft, wording=Wording("call", n_days=2, words="A last call, at another hour"), by=by, at=until - timedelta(days=2))


def written(terms: Settings, steps: tuple[tuple[Wording, tuple[tuple[str, str], ...]], ...], *, by: By, at: datetime) -> SequenceVersion:
    """The sequence in force; each step with the wordings of its mail."""
    sequence = writing.add(terms, by=by, at=at)
    version = writing.draft(sequence, by=by, at=at)
    made: list[Step] = []
    for wording, mails in steps:
        # A branch leads on to a step that is not there yet: it is told so when all are.
        plain = Wording(**{**wording.__dict__, "goes_to": None})
        made.append(writing.add_step(version, wording=plain, by=by, at=at))
        for letter, (subject, text) in zip("ABCD", mails, strict=False):
            writing.write_variant(made[-1], letter=letter, subject=subject, text=text, by=by, at=at)
    for step, (wording, _mails) in zip(made, steps, strict=True):
        if wording.goes_to:
            writing.change_step(step, wording=wording, by=by, at=at)
    return writing.publish(version, by=by, at=at)


def _fill(version: SequenceVersion, countries: tuple[str, ...], *, hours: Hours, until: datetime, random: Random) -> None:
    there = set(Enrolment.objects.values_list("contact", flat=True))
    known = Lead.objects.filter(contact__isnull=False, owner__isnull=False).exclude(contact__in=there).select_related("contact", "account", "owner")
    here = known.filter(account__country__in=countries) if countries else known.exclude(account__country__in=["KR", "JP"])
    steps = list(version.steps.prefetch_related("variants").order_by("position"))
    worked = here.in_process().filter(stage__in=[stages.WORKING, stages.CONNECTED], opened_at__lt=until - timedelta(days=3)).order_by("-opened_at", "-pk")
    for nth, lead in enumerate(each_person(worked, _MOST_RUNNING, there)):
        _running(nth, lead, version=version, steps=steps, hours=hours, until=until)
    before = here.filter(opened_at__lt=until - _SINCE).exclude(stage__in=[stages.WORKING, stages.CONNECTED]).order_by("-opened_at", "-pk")
    for nth, lead in enumerate(each_person(before, _MOST_BEFORE, there)):
        _ended(nth, lead, version=version, steps=steps, until=until, random=random)


def each_person(leads: Leads, most: int, there: set[int]) -> Iterator[Lead]:
    """So many of them, each of another person; whoever is in `there` is left out, and comes to be in it."""
    n = 0
    for lead in leads[: most * 2]:
        if n < most and lead.contact_id and lead.contact_id not in there:
            there.add(lead.contact_id)
            n += 1
            yield lead


def _running(nth: int, lead: Lead, *, version: SequenceVersion, steps: list[Step], hours: Hours, until: datetime) -> None:
    """At one of the steps: done so far, and due now, or in a few days; now and then somebody is paused."""
    at = nth % len(steps)
    step, is_paused = steps[at], nth % 9 == 4
    is_waiting = not step.is_machines and nth % 3 != 2 and not is_paused
    begun = until - timedelta(days=2 + 3 * at)
    soon = business_days.next_business_day(until.astimezone(hours.zone).date() + timedelta(days=nth % 3), hours=hours)
    due_at = datetime.combine(soon, datetime.min.time(), hours.zone) + timedelta(hours=9, minutes=nth)
    member = Enrolment.objects.create(
        sequence_id=version.sequence_id, version=version, lead=lead, contact_id=lead.contact_id or 0, owner_id=lead.owner_id or 0,
        enrolled_by=lead.owner, enrolled_at=begun,
        next_step=step, due_at=None if is_waiting or (is_paused and nth % 2) else due_at, state=State.PAUSED if is_paused else State.ACTIVE,
        why=(Why.COLLEAGUE if nth % 2 else Why.AWAY) if is_paused else "", paused_at=until if is_paused else None,
    )  # fmt: skip
    _done(member, steps[:at], begun=begun)
    if is_waiting:
        put_on_the_day(member, step, until=until, is_late=nth % 8 == 0)


def put_on_the_day(member: Enrolment, step: Step, *, until: datetime, is_late: bool) -> None:
    """The step waits for a person."""
    day = until.date() - timedelta(days=1 if is_late else 0)
    task = None
    if step.kind != StepKind.CALL:
        with translation.override(member.owner.language):
            what = step.words.splitlines()[0] if step.words else step.get_kind_display()
        kind = TaskKind.MAIL if step.kind == StepKind.MAIL else TaskKind.OTHER
        new = Task(subject=f"{what} · {member.lead.title}"[: tasks.LONGEST], kind=kind, due_on=day, owner=member.owner, lead=member.lead)
        task = tasks.add(new, by=By(member.owner, Door.JOB), at=until - timedelta(hours=3))
    Deed.objects.create(
        enrolment=member, step=step, variant=_variant(step, member), state=DeedState.WAITING, owner=member.owner, due_on=day,
        begun_at=until - timedelta(hours=3), task=task,
    )  # fmt: skip


def _ended(nth: int, lead: Lead, *, version: SequenceVersion, steps: list[Step], until: datetime, random: Random) -> None:
    why = _ENDS[nth % len(_ENDS)]
    is_through = why == Why.NO_ANSWER
    n_steps = len(steps) if is_through else random.randint(1, len(steps) - 1)
    begun = until - timedelta(days=random.randint(25, 70))
    ended = begun + timedelta(days=3 * n_steps + (7 if is_through else 0))
    member = Enrolment.objects.create(
        sequence_id=version.sequence_id, version=version, lead=lead, contact_id=lead.contact_id or 0, owner_id=lead.owner_id or 0,
        enrolled_by=lead.owner, enrolled_at=begun,
        state=State.FINISHED if is_through else State.STOPPED, why=why, ended_at=ended, replied_at=ended if why in (Why.REPLY, Why.MEETING) else None,
        booked_at=ended if why == Why.MEETING else None,
    )  # fmt: skip
    deeds = _done(member, steps[:n_steps], begun=begun)
    mails = [deed for deed in deeds if deed.step.kind == StepKind.MAIL]
    if member.replied_at and mails:
        Deed.objects.filter(pk=mails[-1].pk).update(replied_at=ended)


def _done(member: Enrolment, steps: list[Step], *, begun: datetime) -> list[Deed]:
    """One step every three days, calls without an answer."""
    deeds = []
    for nth, step in enumerate(steps):
        at = begun + timedelta(days=3 * nth, minutes=member.lead_id % 50)
        result = ("na", "vm", "gk")[member.lead_id % 3] if step.kind == StepKind.CALL else ""
        deeds.append(Deed(
            enrolment=member, step=step, variant=_variant(step, member), state=DeedState.DONE, owner=member.owner, due_on=at.date(), begun_at=at,
            done_at=at, done_by=None if step.is_machines else member.owner, result=result,
        ))  # fmt: skip
    return Deed.objects.bulk_create(deeds)


def _variant(step: Step, member: Enrolment) -> Variant | None:
    found = list(step.variants.all())
    return found[member.pk % len(found)] if found else None
