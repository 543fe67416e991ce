"""A small town: some of everything that has a page, and what stands in each address of the URL map. The walks over all pages begin here.

Whoever adds an address says in `ARGUMENTS` (tests/web/town_addresses.py) whose it is, so that no walk can leave it out.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import translation

from tasuki.core import absences, saved_views
from tasuki.core.absences import Absence
from tasuki.core.audit import By, Door
from tasuki.core.bulk import running as bulk_running
from tasuki.core.bulk.runs import BulkRun
from tasuki.core.bulk.verbs import verbs
from tasuki.core.calendars import Calendar
from tasuki.core.custom_fields import defining, writing
from tasuki.core.custom_fields.defining import Wording
from tasuki.core.custom_fields.definitions import CustomChoice, CustomField, FieldKind, FieldNoun
from tasuki.core.imports import running, sets
from tasuki.core.imports.runs import ImportRun
from tasuki.core.imports.sets import ImportFile, ImportSet
from tasuki.core.money import Money
from tasuki.core.saved_views import Reach, SavedView, Shown
from tasuki.crm import attachments, duplicate_groups, leads, merging, notes, product_points, records, stages, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, ConsentState, Contact
from tasuki.crm.duplicate_groups import DuplicateGroup
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.files import File
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.merges.rows import Merge
from tasuki.crm.products import Product
from tasuki.crm.scoring import keeping, suggestions, versions
from tasuki.crm.scoring.versions import FitRule
from tasuki.crm.tasks import Task, TaskKind
from tasuki.crm.timeline import TimelineEntry
from tasuki.engage import blocks, booking_links, meetings, recordings, talk_figures, touches
from tasuki.engage.blocks import Block
from tasuki.engage.booking_links import BookingLink
from tasuki.engage.call_types import CallType
from tasuki.engage.calls import Call
from tasuki.engage.contact_rules import ContactRule
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.meetings import Plan
from tasuki.engage.message_rows import Message
from tasuki.engage.next_calls import RetryRule
from tasuki.engage.recording_rows import Recording
from tasuki.engage.talk_figures import Figures
from tasuki.inside_sales import objections, qualification, routing, routing_pools, routing_rules
from tasuki.inside_sales.call_lists import building
from tasuki.inside_sales.call_lists.lists import CallList
from tasuki.inside_sales.coaching import cards, comments, praises, rules, samples, scorecards
from tasuki.inside_sales.coaching.cards import SkillCard
from tasuki.inside_sales.coaching.comments import CallComment
from tasuki.inside_sales.coaching.praises import Praise
from tasuki.inside_sales.coaching.reviews import Review
from tasuki.inside_sales.coaching.scorecards import Criterion
from tasuki.inside_sales.objections import Objection, Response
from tasuki.inside_sales.qualification import Fact
from tasuki.inside_sales.routing_decisions import Cause
from tasuki.inside_sales.routing_methods import Method
from tasuki.inside_sales.routing_pools import OffHours, RoutingPool, Seat
from tasuki.inside_sales.routing_rules import RoutingRule
from tasuki.relay import agreements, handoff_talks, handoffs
from tasuki.relay.agreements import Agreement, Counts, Event, Terms, Unit
from tasuki.relay.handoff_reasons import Destination, Reason
from tasuki.relay.handoff_rows import Handoff
from tasuki.relay.handoffs import Package, Return
from tasuki.relay.personal_data import erasures, retention
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, Opportunity
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.inside_sales.coaching.hearing import heard, reviewed, tone, upload
from tests.remembering import written
from tests.web import calendar_of_town, town_sequences
from tests.web.mail_of_town import posted
from tests.web.plan_of_town import planned
from tests.web.town_addresses import ARGUMENTS

# What nobody without the ability may find anywhere: each is a text that stands in no other field.
ADDRESS, TELEPHONE, AMOUNT, PRICE, ILLNESS, CUSTOM = "quartz", "+82 10 4747 5", 76_543_210, 45_454_500, "obsidian leg", "basalt wing"
# The last days before today are those that the relay shows.
LATELY = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=20)


@dataclass
class Town:
    """The first of each kind; `grown` adds more around them."""

    cast: Cast
    lead: Lead
    booked: Lead
    recycled: Lead
    disqualified: Lead
    opportunity: Opportunity
    account: Account
    contact: Contact
    product: Product
    task: Task
    file: File
    view: SavedView
    absence: Absence
    custom_field: CustomField
    choice: CustomChoice
    import_run: ImportRun
    import_set: ImportSet
    import_file: ImportFile
    bulk_run: BulkRun
    merge: Merge
    note: TimelineEntry
    score_rule: FitRule
    call_list: CallList
    twins: DuplicateGroup
    offered: Handoff
    meeting: Meeting
    message: Message
    booking_link: BookingLink
    recording: Recording
    review: Review
    own_review: Review
    said: CallComment
    card: SkillCard
    praise: Praise

    @property
    def call(self) -> Call:
        """A call of Ivo's about another lead, which Ruth has reviewed; Ada has yet to."""
        return self.recording.call

    @property
    def criterion(self) -> Criterion:
        return Criterion.objects.filter(scorecard__published_at__isnull=True).order_by("pk")[0]

    @property
    def block(self) -> Block:
        return Block.objects.latest("pk")

    @property
    def contact_rule(self) -> ContactRule:
        return ContactRule.objects.get(country="KR")

    @property
    def reason(self) -> ExitReason:
        return ExitReason.objects.get(key="no_budget")

    @property
    def objection(self) -> Objection:
        return Objection.objects.get(words="We have no budget")

    @property
    def call_type(self) -> CallType:
        """There are some from the first day, and rules for trying again."""
        return CallType.objects.get(key="first")

    @property
    def retry_rule(self) -> RetryRule:
        return RetryRule.objects.get(disposition="busy")

    @property
    def calendar(self) -> Calendar:
        """A house has one from its first day."""
        return Calendar.objects.of_the_organisation()

    @property
    def pool(self) -> RoutingPool:
        return RoutingPool.objects.order_by("pk")[0]

    @property
    def routing_rule(self) -> RoutingRule:
        return RoutingRule.objects.filter(version__published_at__isnull=True).order_by("pk")[0]

    @property
    def agreement(self) -> Agreement:
        return Agreement.objects.order_by("pk")[0]


def settled(cast: Cast, *, n: int = 2) -> Town:
    """A town with `n` of everything."""
    return written(_founded, cast, n, cast.ada.language)


def _founded(cast: Cast, n: int, language: str) -> Town:
    """`language` is Ada's: what her imports say about rows is kept as it was said to her, so each language has a town of its own."""
    with translation.override(language):
        return _of_all_kinds(cast, n)


def _of_all_kinds(cast: Cast, n: int) -> Town:
    fields = {noun: _field(noun) for noun in FieldNoun}
    chosen = defining.define(FieldNoun.LEAD, kind=FieldKind.CHOICE, wording=Wording("등급"), choices=("금", "은"), by=SET_UP, at=MONDAY)
    score_rule = _scored()
    objections.add(Response("We have no budget", "en", "no_hurry", question="지금은 얼마나 쓰십니까?"), by=By(cast.ivo, Door.WEB), at=MONDAY)
    _rules_in_force(cast)
    booked, recycled = _lead(cast, 900, stage=stages.BOOKED), _lead(cast, 901)
    leads.recycle(recycled, reason="no budget", wake_when="다음 회계연도", by=By(cast.ivo, Door.WEB), at=LATELY + timedelta(days=1))
    disqualified = _lead(cast, 902)
    leads.disqualify(disqualified, because=ExitReason.objects.get(key="consultant"), by=By(cast.ivo, Door.WEB), at=LATELY + timedelta(days=1))
    town: Town | None = None
    for nth in range(n):
        extra = (booked, recycled, disqualified, chosen.choice_set.order_by("position")[0], score_rule)
        town = _grown(cast, nth, fields=fields, town=town, extra=extra)
    assert town
    _around(town, n=n)
    return town


def grow(town: Town, *, n: int) -> None:
    """`n` more of everything, also around the records that the town's addresses lead to."""
    fields = {FieldNoun(field.noun): field for field in CustomField.objects.filter(kind=FieldKind.TEXT)}
    for nth in range(100, 100 + n):
        _grown(town.cast, nth, fields=fields, town=town, extra=())
    _around(town, n=n, first=100)


def _rules_in_force(cast: Cast) -> None:
    """One published version, and a draft of the next."""
    pool = routing_pools.keep(None, name="야간조", team=cast.inside_sales, method=Method.WEIGHTED, off_hours=OffHours.GIVE, by=SET_UP, at=MONDAY)
    routing_pools.seat(pool, user=cast.ivo, terms=Seat(weight=2, languages=["ko", "en"], skills=["securities"]), by=SET_UP, at=MONDAY)
    for _ in range(2):
        draft = routing_rules.draft(by=SET_UP, at=MONDAY)
        if not draft.rules.exists():
            routing_rules.add(draft, name="한국 증권사", condition="account.country:is(KR), source:is(webinar)", pool=pool, by=SET_UP, at=MONDAY)
            routing_rules.publish(draft, by=SET_UP, at=MONDAY)


def _routed(cast: Cast, nth: int) -> None:
    """A pool, somebody more in the first one, a rule in the draft, a lead of nobody's that is routed and answered late, and another agreement."""
    at, routed_at = MONDAY, datetime.now(UTC) - timedelta(days=3, minutes=nth)
    first, kept = RoutingPool.objects.order_by("pk")[0], {"team": cast.inside_sales, "method": Method.SKILL, "off_hours": OffHours.GIVE, "by": SET_UP, "at": at}
    pool = routing_pools.keep(None, name=f"교대조 {nth}", **kept)
    colleague = hired(f"caller{nth}", "강", f"도윤{nth}", team=cast.inside_sales)
    for one in (first, pool):
        routing_pools.seat(one, user=colleague, terms=Seat(n_open_cap=0), by=SET_UP, at=at)
    draft = routing_rules.draft(by=SET_UP, at=at)
    routing_rules.add(draft, name=f"규칙 {nth}", condition="account.country:is(KR), source:is(webinar)", pool=first, by=SET_UP, at=at)
    planned(cast, nth)
    agreements.keep(None, terms=Terms(Event.OTHER, Counts.WALL, 2, Unit.HOURS, name=f"재활용 {nth}", escalate_to=cast.ruth), by=SET_UP, at=at)
    contact = records.add_contact(records.Person("노", f"아린{nth}"), another="one more", by=SET_UP, at=routed_at)
    lead = leads.capture(Arrival(team=cast.marketing, contact=contact, source="webinar"), by=By(cast.mina, Door.WEB), at=routed_at, stage=stages.READY)
    if nth % 2:
        touches.touch(lead, channel=Channel.PHONE, words="부재중", by=By(cast.ivo, Door.WEB), at=routed_at + timedelta(minutes=9))


def _field(noun: FieldNoun) -> CustomField:
    return defining.define(noun, kind=FieldKind.TEXT, wording=Wording(f"동 {len(noun)}"), by=SET_UP, at=MONDAY)


def _lead(cast: Cast, nth: int, *, stage: str = stages.WORKING) -> Lead:
    by, at = By(cast.ivo, Door.WEB), LATELY + timedelta(minutes=nth)
    company = records.Company(f"가온증권 {nth}", industry="securities", country="KR", domain=f"gaon{nth}.example", n_employees=400 + nth)
    account = records.add_account(company, owner=cast.ivo, team=cast.inside_sales, by=by, at=at)
    person = records.Person("한", f"서윤{nth}", account=account, email=f"{ADDRESS}{nth}@gaon.example", phone=f"{TELEPHONE}{nth:03}", title="부장")
    contact = records.add_contact(person, by=by, at=at)
    arrival = Arrival(team=cast.inside_sales, owner=cast.ivo, contact=contact, account=account, source=("webinar", "trade show")[nth % 2], segment="securities")
    return leads.capture(arrival, by=by, at=at, stage=stage)


def _grown(cast: Cast, nth: int, *, fields: dict[FieldNoun, CustomField], town: Town | None, extra: tuple[Any, ...]) -> Town:
    """One more of each kind; the first of them become the town."""
    by, at = By(cast.ivo, Door.WEB), LATELY + timedelta(minutes=nth)
    lead, accepted = _lead(cast, nth), _lead(cast, nth + 500, stage=stages.BOOKED)
    terms = Acceptance(owner=cast.saori, team=cast.field_sales, name=f"야간 상담 {nth}", money=Money(Decimal(AMOUNT), "KRW"))
    deal = opportunities.accept(accepted, terms=terms, by=By(cast.saori, Door.WEB), at=at + timedelta(days=1))
    product = records.add_product(f"사전 위험 점검 {nth}", line=f"risk {nth}", price=Decimal(PRICE), currency="KRW", by=SET_UP, at=at)
    product_points.keep(product, said=product_points.Said("say", "ko", f"장중에 바꿉니다 {nth}"), by=SET_UP, at=at)
    for noun, record in ((FieldNoun.LEAD, lead), (FieldNoun.OPPORTUNITY, deal), (FieldNoun.ACCOUNT, lead.account), (FieldNoun.CONTACT, lead.contact)):
        writing.write(record, said={fields[noun].pk: f"{CUSTOM} {nth}"}, by=SET_UP, at=at)
    day = datetime.now(UTC).date() + timedelta(days=30 + nth)
    absence = absences.mark(cast.ivo, first_on=day, last_on=day, reason=ILLNESS, by=By(cast.ada, Door.WEB), at=at)
    task = tasks.add(Task(subject=f"전화 {nth}", owner=cast.ivo, lead=lead, due_on=at.date()), by=by, at=at)
    shown = Shown(filter="state:is(open)", sort="-opened", columns=("person", "account", fields[FieldNoun.LEAD].key))
    view = saved_views.keep(None, of="lead", name=f"박람회 {nth}", reach=Reach.ALL, shown=shown, by=By(cast.ada, Door.WEB), at=at)
    _routed(cast, nth)
    made, run, given = _imported(cast, nth), _run(cast, nth), _given(cast, nth, lead)
    merge, twins, offered = _merged(cast, nth), _twins(cast, nth), _handed_off(cast, nth)
    meeting, coached = _met(cast, nth), _coached(cast, nth)
    _asked_to_be_erased(cast, nth)
    town_sequences.sequenced(cast, nth, at=LATELY, leads=(_lead(cast, nth + 440), _lead(cast, nth + 850), _lead(cast, nth + 640)))
    if town is not None:
        return town
    booked, recycled, disqualified, choice, score_rule = extra
    assert lead.account
    assert lead.contact
    file = _attached(lead, nth, by)
    upload = made.files.get()
    return Town(
        cast=cast,
        lead=lead,
        booked=booked,
        recycled=recycled,
        disqualified=disqualified,
        opportunity=deal,
        account=lead.account,
        contact=lead.contact,
        product=product,
        task=task,
        file=file,
        view=view,
        absence=absence,
        custom_field=choice.field,
        choice=choice,
        import_run=run,
        import_set=made,
        import_file=upload,
        bulk_run=given,
        merge=merge,
        note=notes.write("본사 방문 일정을 잡기로 함", lead=lead, by=By(cast.ada, Door.WEB), at=LATELY + timedelta(days=1)),
        score_rule=score_rule,
        call_list=_listed(cast),
        twins=twins,
        offered=offered,
        meeting=meeting,
        message=posted(cast, lead, nth=nth, at=at),
        booking_link=booking_links.make(lead, held_by=cast.ivo, by=by, at=datetime.now(UTC)),
        **coached,
    )


def _listed(cast: Cast) -> CallList:
    """Ivo's list of the next business day, with a call that he has promised on it."""
    day = datetime.now(UTC).date() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    promised = Task(subject="이사회 뒤 재통화", kind=TaskKind.CALL, owner=cast.ivo, lead=_lead(cast, 977), due_on=day)
    tasks.add(promised, by=By(cast.ivo, Door.WEB), at=LATELY)
    building.build(day, owners=[cast.ivo], by=SET_UP, at=LATELY)
    return CallList.objects.get(owner=cast.ivo, for_on=day)


def _scored() -> FitRule:
    """A score model in force, and a rule of the next one's draft."""
    keeping.publish(suggestions.fill(versions.begin(by=SET_UP, at=MONDAY), by=SET_UP, at=MONDAY), by=SET_UP, at=MONDAY)
    return versions.begin(by=SET_UP, at=MONDAY).fit_rules.all()[0]


def _imported(cast: Cast, nth: int) -> ImportSet:
    rows = f"고객사 번호,고객사명,국가\nA{nth},누리투자 {nth},Korea\n"
    return sets.bring([(io.BytesIO(rows.encode()), f"accounts {nth}.csv")], by=By(cast.ada, Door.WEB), at=LATELY)


def _run(cast: Cast, nth: int) -> ImportRun:
    """An import that went through, all but one row of it."""
    made = sets.bring([(io.BytesIO(f"제품명,가격\n매칭 엔진 {nth},x\n,5\n".encode()), f"products {nth}.csv")], by=By(cast.ada, Door.WEB), at=LATELY)
    file = made.files.get()
    return running.run(running.note(file.stored_as, name=file.file_name, mapping=file.as_mapping, by=By(cast.ada, Door.WEB), at=LATELY), at=LATELY)


def _given(cast: Cast, nth: int, lead: Lead) -> BulkRun:
    said = {"owner": cast.ivo.pk, "team": cast.inside_sales.pk, "reason": f"새 지역 {nth}"}
    return bulk_running.run(bulk_running.start(verbs()["lead", "give"], [lead.pk], said=said, person=cast.ada, at=LATELY), door=Door.WEB, at=LATELY)


def _firm(cast: Cast, name: str, *, another: str = "") -> Account:
    by = By(cast.ivo, Door.WEB)
    return records.add_account(records.Company(name), owner=cast.ivo, team=cast.inside_sales, another=another, by=by, at=LATELY)


def _merged(cast: Cast, nth: int) -> Merge:
    one, other = _firm(cast, f"다온금융 {nth}"), _firm(cast, f"다온파이낸스 {nth}")
    return merging.merge(one, others=[other], by=By(cast.ada, Door.WEB), at=LATELY)


def _twins(cast: Cast, nth: int) -> DuplicateGroup:
    """A company that was written twice, and is looked at again."""
    one = _firm(cast, f"라온거래소 {nth}")
    _firm(cast, f"라온거래소 {nth} 주식회사", another="지점")
    return duplicate_groups.reopen(DuplicateGroup.objects.get(record_ids__contains=[one.pk]), by=By(cast.ada, Door.WEB), at=LATELY)


def _handed_off(cast: Cast, nth: int) -> Handoff:
    """One that waits for its answer, and one that came back and is talked about."""
    offers = []
    for lead in (_lead(cast, nth + 50), _lead(cast, nth + 700)):
        for fact in Fact:
            qualification.learn(lead, fact=fact, words=f"사실 {nth}", by=By(cast.ivo, Door.WEB), at=LATELY + timedelta(days=1))
        package = Package(meeting_at=LATELY + timedelta(days=2), summary="야간 점검 두 명", agenda="장중 한도 변경", attendees="부장, 沙織")
        offers.append(handoffs.offer(lead, package=package, to=cast.saori, by=By(cast.ivo, Door.WEB), at=LATELY + timedelta(days=1, minutes=nth)))
    waiting, back = offers
    said = Return(Reason.NO_BUDGET, "다음 회계연도에", destination=Destination.RECYCLE, wake_when="새 예산")
    handoffs.give_back(back, said=said, by=By(cast.saori, Door.WEB), at=LATELY + timedelta(days=3))
    handoff_talks.dispute(back, text="예산은 있다고 들었음", by=By(cast.ivo, Door.WEB), at=LATELY + timedelta(days=3))
    handoff_talks.write(waiting, text="자료를 보냈음", by=By(cast.ivo, Door.WEB), at=LATELY + timedelta(days=2))
    return waiting


def _asked_to_be_erased(cast: Cast, nth: int) -> None:
    retention.change(12, by=SET_UP, at=MONDAY)
    records.add_contact(records.Person("오래", f"전{nth}"), another="one more", by=SET_UP, at=MONDAY - timedelta(days=900))
    contact = records.add_contact(records.Person("삭", f"제{nth}"), another="one more", by=SET_UP, at=LATELY)
    erasures.ask(contact, ground="asked", words=f"전화로 요청함 {nth}", by=By(cast.ada, Door.WEB), at=LATELY + timedelta(days=1))


def _met(cast: Cast, nth: int) -> Meeting:
    """To come tomorrow, with somebody besides whose address not everybody sees."""
    starts_at = datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=2 + nth // 20, minutes=30 * (nth % 20))
    plan = Plan(cast.ivo, starts_at, agenda=f"야간 상담 {nth}", attendees=f"{ADDRESS}m{nth}@gaon.example", is_close_knowingly=True)
    meeting = meetings.book(_lead(cast, nth + 300), plan=plan, by=By(cast.ivo, Door.WEB), at=LATELY + timedelta(days=1))
    calendar_of_town.differing(cast, meeting, at=LATELY + timedelta(days=1))
    return meeting


def _coached(cast: Cast, nth: int) -> dict[str, Any]:
    """A call that was recorded, heard by Ruth and by Ada, reviewed by Ruth; what was said about it, a card, praise, and a draft of the scorecard.
    Ada has reviewed another."""
    by, at = By(cast.ruth, Door.WEB), LATELY + timedelta(days=1, minutes=nth)
    recording = _recorded(cast, nth + 820, at=at)
    call = recording.call
    recordings.show_as_model(recording, situation=f"상황 {nth}", why="되묻는 방법", by=by, at=at)
    talk_figures.note(call, figures=Figures(55, 4, 8, 70), by=SET_UP, at=at)
    samples.draw(rules.week_of(at), at=at)
    said = comments.say(recording, second=0, text=f"여기서 되물음 {nth}", by=by, at=at)
    comments.say(recording, second=0, text="네", answers=said, by=By(cast.ivo, Door.WEB), at=at)
    card = cards.begin(cast.ivo, skill=f"되묻기 {nth}", next_on=at.date(), by=by, at=at)
    cards.step_on(card, words="함께 들음", next_on=at.date(), by=by, at=at)
    praise = praises.give(cast.ivo, deed=f"일곱 가지를 모두 물었음 {nth}", lead=call.lead, by=by, at=at)
    praises.give(cast.ivo, deed=f"끝까지 들었음 {nth}", call=call, by=by, at=at)
    review = reviewed(recording, user=cast.ruth, at=at)
    heard(recording, user=cast.ada, at=at)
    own_review = reviewed(_recorded(cast, nth + 860, at=at - timedelta(weeks=1)), user=cast.ada, at=at)
    scorecards.begin(by=SET_UP, at=at)
    return {"recording": recording, "review": review, "own_review": own_review, "said": said, "card": card, "praise": praise}


def _recorded(cast: Cast, nth: int, *, at: datetime) -> Recording:
    call = Call.objects.create(
        lead=_lead(cast, nth), caller=cast.ivo, call_type=CallType.objects.get(key="first"), started_at=at, answered_at=at,
        ended_at=at + timedelta(minutes=4), disposition="talk", disposed_at=at + timedelta(minutes=5),
    )  # fmt: skip
    return recordings.keep(call, attachment=upload(tone(0.1)), notice="told", by=By(cast.ivo, Door.WEB), at=at + timedelta(minutes=9))


def _attached(lead: Lead, nth: int, by: By) -> File:
    return attachments.attach(ContentFile(b"%PDF-1.7"), name=f"제안서 {nth}.pdf", n_bytes=8, by=by, at=LATELY, lead=lead)


def _around(town: Town, *, n: int, first: int = 0) -> None:
    """What gathers around one record: notes, tasks, files, consents, colleagues, more leads of the same person."""
    by = By(town.cast.ivo, Door.WEB)
    for nth in range(first, first + n):
        at = LATELY + timedelta(days=2, minutes=nth)
        for lead in (town.lead, town.opportunity.lead, town.recycled):
            notes.write(f"담당자와 통화 {nth}", lead=lead, by=by, at=at)
            tasks.add(Task(subject=f"자료 보내기 {nth}", owner=town.cast.ivo, lead=lead), by=by, at=at)
            _attached(lead, nth, by)
        routing.route(town.lead, by=By(town.cast.ada, Door.WEB), at=at, cause=Cause.HAND)
        blocks.block(f"+82 2 555 0{nth:03}", by=by, at=at)
        records.record_consent(town.contact, channel=Channel.MAIL, state=ConsentState.GIVEN, how=f"세미나 {nth}", by=by, at=at)
        records.add_contact(records.Person("문", f"지호{nth}", account=town.account, email=f"{ADDRESS}x{nth}@gaon.example"), by=by, at=at)


def names(resolver: URLResolver | None = None) -> Iterator[str]:
    """Of each pattern in the URL map."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from names(entry)
        elif isinstance(entry, URLPattern):
            yield str(entry.name)


def n_arguments(name: str) -> int:
    return len(get_resolver().reverse_dict.getlist(name)[0][3])


def address(name: str, town: Town) -> str:
    """Where the page or the form of that name is in this town."""
    return reverse(name, kwargs=ARGUMENTS[name](town) if name in ARGUMENTS else None)
