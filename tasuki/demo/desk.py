"""The call desk of the demo company: how its calls begin, what people say against it, and the calls about the leads that are being worked."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from django.db import connection

from tasuki.core.people import User
from tasuki.core.search.folding import fold_all, initials
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.crm.tasks import Task, TaskKind
from tasuki.crm.timeline import Kind
from tasuki.demo import words
from tasuki.engage.call_types import CALL_BACK, CONFIRMING, FIRST, FOLLOW_UP, CallType
from tasuki.engage.calls import Call
from tasuki.engage.dispositions import Disposition
from tasuki.engage.next_calls import NextCall
from tasuki.inside_sales.objections import Objection, ObjectionUse
from tasuki.inside_sales.scripts import Script

_WORKED = (stages.READY, stages.WORKING, stages.CONNECTED, stages.BOOKED)
_BATCH = 2_000

# Kind of call, language: how it begins, and the question that it ends with.
SCRIPTS = {
    (FIRST, "en"): ("{person}, this is {me}. You looked at our material; may I ask what made you look just now?", "Who else would have to agree, and by when?"),
    (FIRST, "ko"): ("{person}님, {me}입니다. 저희 자료를 보셨는데, 지금 찾아보신 계기를 여쭤도 될까요?", "결재는 누구까지 올라가고, 언제까지 정해야 하십니까?"),
    (FIRST, "ja"): (
        "{person}様、{me}と申します。資料をご覧いただきましたが、今お調べになったきっかけを伺えますか。",
        "どなたの決裁が必要で、いつまでにお決めになりますか。",
    ),
    (FOLLOW_UP, "en"): (
        "{person}, {me} again. Last time I did not reach you; I have one question about {company}, it takes two minutes.",
        "What would have to happen for this to matter this quarter?",
    ),
    (FOLLOW_UP, "ko"): ("{person}님, {me}입니다. 지난번에 연결되지 않아 다시 드렸습니다. 2분만 여쭙겠습니다.", "이번 분기 안에 정해지려면 무엇이 필요합니까?"),
    (FOLLOW_UP, "ja"): (
        "{person}様、{me}です。先日はつながりませんでしたので改めてお電話しました。二分だけお願いします。",
        "今期中に決まるには何が必要でしょうか。",
    ),
    (CALL_BACK, "en"): ("{person}, as you asked, I am calling back. Is this still a good moment?", "If the budget is there, who signs it?"),
    (CALL_BACK, "ko"): (
        "{person}님, 말씀하신 대로 다시 전화드렸습니다. 지금 괜찮으신가요?",
        "예산이 있다면 누구까지 결재가 올라가고, 그분은 무엇을 걱정하십니까?",
    ),
    (CALL_BACK, "ja"): ("{person}様、お約束どおりお電話しました。今よろしいでしょうか。", "ご予算があるとすれば、どなたが決裁され、何を気にされますか。"),
    (CONFIRMING, "en"): ("{person}, we meet this week. Who will be there, and what should not be missing?", "What would make the hour worth it for you?"),
    (CONFIRMING, "ko"): (
        "{person}님, 이번 주 미팅을 확인드립니다. 누가 참석하시고, 꼭 다뤄야 할 것은 무엇입니까?",
        "어떤 이야기가 나오면 한 시간이 아깝지 않으시겠습니까?",
    ),
    (CONFIRMING, "ja"): (
        "{person}様、今週の打ち合わせの確認です。どなたがご出席で、外せない議題は何でしょうか。",
        "どんな話があれば有意義な一時間になりますか。",
    ),
}

# Language, wall, stage, words, acknowledge, ask, show, next step.
OBJECTIONS = [
    (
        "en",
        "no_hurry",
        "connected",
        "We have no budget this term",
        "That is how most of them begin.",
        "When is the next request due, and what does it cost until then?",
        "Two people checking by hand are 150 hours a year.",
        "Fifteen minutes with whoever writes the request.",
    ),
    (
        "en",
        "no_need",
        "working",
        "What we have is good enough",
        "It has run for years, that counts.",
        "What did you have to do by hand last month?",
        "The exchange in the north changed limits 14 times a day before it saw the difference.",
        "A comparison on one page.",
    ),
    (
        "en",
        "distrust",
        "working",
        "I have never heard of you",
        "Fair enough; we are small and only do this.",
        "Whom do you ask when you choose such a system?",
        "Three brokers of your size, with names.",
        "A call with one of them.",
    ),
    (
        "en",
        "unfit",
        "connected",
        "We are too small for this",
        "Some of our best customers were eleven people.",
        "How many orders a day make it worth a look?",
        "From 200 orders a day it pays within the year.",
        "The table of what it costs by size.",
    ),
    (
        "ko",
        "no_hurry",
        "connected",
        "이번 기 예산이 없습니다",
        "처음에는 대부분 그렇게 말씀하십니다.",
        "새 기의 품의 마감일은 언제입니까?",
        "점검 2인이면 월 1,240만 원입니다.",
        "품의를 쓰시는 분과 15분을 제안한다.",
    ),
    (
        "ko",
        "no_hurry",
        "connected",
        "예산은 경영기획이 정합니다",
        "그렇다면 미리 아시는 편이 낫겠습니다.",
        "경영기획에서는 무엇을 먼저 봅니까?",
        "사전 협의용 자료 1쪽",
        "두 분과 15분을 제안한다.",
    ),
    (
        "ko",
        "no_need",
        "working",
        "지금 시스템으로 충분합니다",
        "오래 써 오신 데에는 이유가 있습니다.",
        "지난달에 사람이 손으로 한 일은 무엇이었습니까?",
        "거래소 한 곳은 하루 14번 한도를 바꿉니다.",
        "한 장짜리 비교표를 보낸다.",
    ),
    (
        "ko",
        "distrust",
        "working",
        "처음 듣는 회사입니다",
        "그러실 수 있습니다. 저희는 이것만 합니다.",
        "이런 시스템을 고를 때 누구에게 물어보십니까?",
        "비슷한 규모의 증권사 세 곳",
        "그중 한 곳과의 통화를 주선한다.",
    ),
    (
        "ko",
        "unfit",
        "connected",
        "우리 규모에는 과합니다",
        "작게 시작하신 고객이 많습니다.",
        "하루 주문이 몇 건이면 검토하시겠습니까?",
        "하루 200건부터 1년 안에 회수됩니다.",
        "규모별 비용표를 보낸다.",
    ),
    (
        "ja",
        "no_hurry",
        "connected",
        "今期の予算がありません",
        "最初は皆さまそうおっしゃいます。",
        "来期の稟議の締め切りはいつでしょうか。",
        "手作業の点検は年に150時間です。",
        "稟議を書かれる方と15分いただく。",
    ),
    (
        "ja",
        "no_need",
        "working",
        "今の仕組みで足りています",
        "長く使われているのには理由があります。",
        "先月、人手で対応されたことは何でしたか。",
        "ある取引所は一日14回、上限を変えています。",
        "一枚の比較表を送る。",
    ),
    (
        "ja",
        "distrust",
        "working",
        "御社を存じ上げません",
        "ごもっともです。当社はこれだけを手がけています。",
        "この種の仕組みを選ぶとき、どなたに相談されますか。",
        "同じ規模の証券会社三社",
        "そのうち一社との通話を用意する。",
    ),
    (
        "ja",
        "unfit",
        "connected",
        "うちの規模には合いません",
        "小さく始められたお客様も多くいらっしゃいます。",
        "一日何件の注文なら検討に値しますか。",
        "一日200件から一年で回収できます。",
        "規模別の費用表を送る。",
    ),
]

# What stands on the timeline as a call of the last year becomes one. The last in which somebody was spoken to has what came of it: the meeting
# that was booked, or the reason for which the pass ended.
_CALLS = """
INSERT INTO engage_call (lead_id, contact_id, account_id, caller_id, direction, call_type_id, number, started_at, answered_at, ended_at,
    disposition, disposed_at, note, because_id, reason, again_at, meeting_at, n_seconds_over, adapter, external_id, entry_id)
SELECT lead_id, contact_id, account_id, actor_id, 'out', call_type_id, number, at, CASE WHEN result NOT IN ('na', 'vm', 'busy') THEN at END, at + lasted,
    result, at + interval '17 minutes', text, CASE WHEN result IN ('now', 'ni', 'dq') THEN because_id END, '',
    CASE WHEN result = 'cb' THEN at + interval '2 days' END, CASE WHEN result = 'mtg' THEN at + interval '6 days' END,
    greatest(extract(epoch FROM lasted)::int - hard_minutes * 60, 0), '', '', id
FROM (
    SELECT told.*, kind.id AS call_type_id, kind.hard_minutes,
        coalesce((SELECT e164 FROM crm_contactphone WHERE contact_id = told.contact_id AND is_primary), '') AS number, ended.because_id,
        make_interval(secs => CASE WHEN told.is_missed THEN 15 + told.id %% 30 ELSE 90 + told.id * 37 %% 900 END) AS lasted,
        CASE WHEN told.is_missed THEN (ARRAY['na', 'na', 'na', 'na', 'vm', 'vm', 'busy', 'gk'])[1 + told.id %% 8]
             WHEN NOT told.is_last THEN CASE WHEN told.id %% 3 = 0 THEN 'cb' ELSE 'talk' END
             WHEN EXISTS (SELECT FROM crm_passage stay WHERE stay.lead_id = told.lead_id AND stay.stage_id = 'booked') THEN 'mtg'
             WHEN ended.outcome = 'disqualified' AND ended.because_id IS NOT NULL THEN 'dq'
             WHEN ended.outcome = 'recycled' AND ended.because_id IS NOT NULL THEN CASE WHEN reason.key IN ('no_interest', 'no_value') THEN 'ni' ELSE 'now' END
             WHEN told.id %% 4 = 0 THEN 'cb' ELSE 'talk' END AS result
    FROM (
        SELECT entry.*, entry.text = ANY(%(missed)s) AS is_missed, row_number() OVER (PARTITION BY entry.lead_id ORDER BY entry.at, entry.id) AS nth,
            row_number() OVER (PARTITION BY entry.lead_id, entry.text = ANY(%(missed)s) ORDER BY entry.at DESC, entry.id DESC) = 1 AS is_last
        FROM crm_timelineentry entry WHERE entry.kind = %(kind)s AND entry.at > %(since)s) told
    JOIN engage_calltype kind ON kind.key = CASE WHEN told.nth = 1 THEN 'first' ELSE 'follow_up' END
    LEFT JOIN crm_passage ended ON ended.lead_id = told.lead_id AND ended.outcome IN ('recycled', 'disqualified')
    LEFT JOIN crm_exitreason reason ON reason.id = ended.because_id) call
ORDER BY id
"""
_TOLD = """
UPDATE crm_timelineentry told SET detail = jsonb_build_object('call', call.id, 'disposition', call.disposition, 'direction', 'out',
    'seconds', extract(epoch FROM call.ended_at - call.answered_at)::int, 'because', coalesce(reason.key, ''), 'reason', '')
FROM engage_call call LEFT JOIN crm_exitreason reason ON reason.id = call.because_id WHERE call.entry_id = told.id
"""
# What was learned of a lead was said in its last conversation before that.
_LEARNED = """
UPDATE inside_sales_learnedfact fact SET call_id = (
    SELECT call.id FROM engage_call call
    WHERE call.lead_id = fact.lead_id AND call.started_at <= fact.learned_at AND call.answered_at IS NOT NULL ORDER BY call.started_at DESC LIMIT 1)
WHERE fact.carried_from_id IS NULL
"""


def furnish(*, until: datetime, random: Random) -> None:
    """Write it, as of `until`. The same arguments give the same rows."""
    _write_library(until)
    missed = sorted({text for texts in words.NO_ANSWER.values() for text in texts})
    with connection.cursor() as cursor:
        cursor.execute(_CALLS, {"missed": missed, "kind": Kind.CALL.value, "since": until - timedelta(days=366)})
        cursor.execute(_TOLD)
        cursor.execute(_LEARNED)
    _plan(until, random)
    _meet(random)


def _write_library(until: datetime) -> None:
    kinds = {kind.key: kind for kind in CallType.objects.all()}
    Script.objects.bulk_create(
        Script(call_type=kinds[key], language=language, opening=opening, closing=closing, written_at=until)
        for (key, language), (opening, closing) in SCRIPTS.items()
    )
    fields = ("words", "acknowledge", "question", "evidence", "next_step")
    Objection.objects.bulk_create(
        Objection(
            language=language,
            wall=wall,
            stage_id=stage,
            **dict(zip(fields, texts, strict=True)),
            folded="\n".join([*map(fold_all, texts), initials(fold_all(texts[0]))]).strip(),
            review_on=until.date() + timedelta(days=14 * nth - 20),
            written_at=until,
        )
        for nth, (language, wall, stage, *texts) in enumerate(OBJECTIONS)
    )


def _plan(until: datetime, random: Random) -> None:
    """Who was not reached is tried again today, and some were promised a time."""
    last = {call.lead_id: call for call in Call.objects.order_by("lead_id", "-started_at", "-pk").distinct("lead_id")}
    leads = Lead.objects.filter(pk__in=last, owner__isnull=False, stage__in=_WORKED).exclude(stage=stages.BOOKED).select_related("owner").order_by("pk")
    planned, promised = [], []
    for lead in leads.iterator(chunk_size=_BATCH):
        if not lead.owner or random.random() < 0.4:
            continue
        zone, is_promised = ZoneInfo(lead.owner.time_zone), random.random() < 0.35
        due_at = _in_the_day(until + timedelta(minutes=random.randint(-90, 420)), zone=zone, random=random)
        call = last[lead.pk]
        planned.append(NextCall(lead=lead, due_at=due_at, is_promised=is_promised, zone=str(zone), words=call.note if is_promised else "", after=call))
        if is_promised:
            promised.append(_task(lead, lead.owner, there=due_at.astimezone(zone), until=until))
    Task.objects.bulk_create(promised, batch_size=_BATCH)
    tasks = {task.lead_id: task for task in promised}
    for one in planned:
        one.task = tasks.get(one.lead_id)
    NextCall.objects.bulk_create(planned, batch_size=_BATCH)


def _in_the_day(at: datetime, *, zone: ZoneInfo, random: Random) -> datetime:
    """To five minutes; by day, whenever the demo is loaded: nobody asks to be called at night."""
    there = at.astimezone(zone)
    if not 9 <= there.hour < 18:
        day = there + timedelta(days=1) if there.hour >= 18 else there
        there = day.replace(hour=random.randint(9, 16), minute=random.randint(0, 59))
    return there.replace(minute=there.minute // 5 * 5, second=0, microsecond=0)


def _task(lead: Lead, owner: User, *, there: datetime, until: datetime) -> Task:
    subject = words.CALL_BACK[owner.language] % {"time": there.strftime("%H:%M")}
    return Task(subject=subject, kind=TaskKind.CALL, due_on=there.date(), owner=owner, team_id=owner.team_id, lead=lead, created_by=owner, created_at=until)


def _meet(random: Random) -> None:
    """In every third conversation somebody met an objection."""
    by_language: dict[str, list[Objection]] = {}
    for objection in Objection.objects.order_by("pk"):
        by_language.setdefault(objection.language, []).append(objection)
    talks = Call.objects.filter(disposition__in=[Disposition.TALK, Disposition.NOT_NOW]).select_related("caller").order_by("pk")
    uses = [
        ObjectionUse(objection=random.choice(by_language[call.caller.language]), call=call, used_by=call.caller, used_at=call.started_at)
        for call in talks.iterator(chunk_size=_BATCH)
        if call.caller and random.random() < 0.34
    ]
    ObjectionUse.objects.bulk_create(uses, batch_size=_BATCH)
