"""A small town: some of everything that has a page, and what stands in each address of the URL map. The walks over all pages begin here.

Whoever adds an address says in `ARGUMENTS` whose it is, so that no walk can leave it out.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.urls import URLPattern, URLResolver, get_resolver, reverse

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
from tasuki.crm import attachments, duplicate_groups, leads, merging, notes, records, stages, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, ConsentState, Contact
from tasuki.crm.duplicate_groups import DuplicateGroup
from tasuki.crm.files import File
from tasuki.crm.leads import Arrival, Lead
from tasuki.crm.merges.rows import Merge
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import TimelineEntry
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Acceptance, Opportunity
from tests.cast import MONDAY, SET_UP, Cast

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
    twins: DuplicateGroup

    @property
    def calendar(self) -> Calendar:
        """A house has one from its first day."""
        return Calendar.objects.of_the_organisation()


def settled(cast: Cast, *, n: int = 2) -> Town:
    """A town with `n` of everything."""
    fields = {noun: _field(noun) for noun in FieldNoun}
    chosen = defining.define(FieldNoun.LEAD, kind=FieldKind.CHOICE, wording=Wording("등급"), choices=("금", "은"), by=SET_UP, at=MONDAY)
    booked, recycled = _lead(cast, 900, stage=stages.BOOKED), _lead(cast, 901)
    leads.recycle(recycled, reason="no budget", wake_when="next fiscal year", by=By(cast.ivo, Door.WEB), at=LATELY + timedelta(days=1))
    town: Town | None = None
    for nth in range(n):
        town = _grown(cast, nth, fields=fields, town=town, extra=(booked, recycled, chosen.choice_set.order_by("position")[0]))
    assert town
    _around(town, n=n)
    return town


def grow(town: Town, *, n: int) -> None:
    """`n` more of everything, also around the records that the town's addresses lead to."""
    fields = {FieldNoun(field.noun): field for field in CustomField.objects.filter(kind=FieldKind.TEXT)}
    for nth in range(100, 100 + n):
        _grown(town.cast, nth, fields=fields, town=town, extra=())
    _around(town, n=n, first=100)


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
    for noun, record in ((FieldNoun.LEAD, lead), (FieldNoun.OPPORTUNITY, deal), (FieldNoun.ACCOUNT, lead.account), (FieldNoun.CONTACT, lead.contact)):
        writing.write(record, said={fields[noun].pk: f"{CUSTOM} {nth}"}, by=SET_UP, at=at)
    day = datetime.now(UTC).date() + timedelta(days=30 + nth)
    absence = absences.mark(cast.ivo, first_on=day, last_on=day, reason=ILLNESS, by=By(cast.ada, Door.WEB), at=at)
    task = tasks.add(Task(subject=f"전화 {nth}", owner=cast.ivo, lead=lead, due_on=at.date()), by=by, at=at)
    shown = Shown(filter="state:is(open)", sort="-opened", columns=("person", "account", fields[FieldNoun.LEAD].key))
    view = saved_views.keep(None, of="lead", name=f"박람회 {nth}", reach=Reach.ALL, shown=shown, by=By(cast.ada, Door.WEB), at=at)
    made, run, given = _imported(cast, nth), _run(cast, nth), _given(cast, nth, lead)
    merge, twins = _merged(cast, nth), _twins(cast, nth)
    if town is not None:
        return town
    booked, recycled, choice = extra
    assert lead.account
    assert lead.contact
    file = _attached(lead, nth, by)
    upload = made.files.get()
    return Town(
        cast=cast,
        lead=lead,
        booked=booked,
        recycled=recycled,
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
        twins=twins,
    )


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
        records.record_consent(town.contact, channel=Channel.MAIL, state=ConsentState.GIVEN, how=f"세미나 {nth}", by=by, at=at)
        records.add_contact(records.Person("문", f"지호{nth}", account=town.account, email=f"{ADDRESS}x{nth}@gaon.example"), by=by, at=at)


Arguments = Callable[[Town], dict[str, Any]]


def _pk_of(name: str) -> Arguments:
    return lambda town: {"pk": getattr(town, name).pk}


# The addresses that hold nothing but the id of one record, by the name that the record has in the town.
OF = {
    "lead": "lead lead_peek lead_advance lead_recycling lead_loss lead_disqualification lead_merging lead_owner",
    "booked": "lead_acceptance",
    "recycled": "lead_waking",
    "opportunity": "opportunity opportunity_peek opportunity_advance opportunity_terms opportunity_owner"
    " opportunity_win opportunity_loss opportunity_recycling",
    "account": "account account_peek account_change account_owner",
    "contact": "contact contact_peek contact_change contact_consents",
    "product": "product_change",
    "task": "task task_finish task_change task_due task_next task_reopening task_removal",
    "file": "file file_removal file_restoring",
    "note": "note_change note_removal note_pin note_unpin",
    "view": "view_change view_remove",
    "absence": "absence_end",
    "custom_field": "custom_field custom_field_place custom_field_archiving custom_field_restoring custom_choices",
    "import_run": "import import_errors import_undoing",
    "import_set": "import_set import_set_rehearsing import_set_starting import_set_undoing",
    "import_file": "import_file import_file_reading import_file_using import_file_removing import_file_mapping",
    "bulk_run": "bulk bulk_undoing",
    "calendar": "calendar calendar_days calendar_choosing calendar_removal",
    "merge": "merge merge_undoing",
    "twins": "duplicate_apart duplicate_reopening",
}
PEOPLE = "person person_change person_roles person_invitation person_departure person_absences"
ARGUMENTS: dict[str, Arguments] = {name: _pk_of(record) for record, names in OF.items() for name in names.split()}
ARGUMENTS |= {name: lambda town: {"pk": town.cast.ivo.pk} for name in PEOPLE.split()}
ARGUMENTS |= {
    "person_role_end": lambda town: {"pk": town.cast.ivo.pk, "role": "inside_seller"},
    "team": lambda town: {"pk": town.cast.success.pk},
    "custom_choice": lambda town: {"pk": town.custom_field.pk, "choice": town.choice.pk},
    "custom_fields": lambda _town: {"noun": "lead"},
    "custom_field_new": lambda _town: {"noun": "lead"},
    "known_hint": lambda _town: {"noun": "account"},
    "colleagues": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "follow": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "unfollow": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "notification_silence": lambda _town: {"token": "no-such-token"},
    "quick_add": lambda _town: {"key": "task"},
    "stage": lambda _town: {"key": "ready"},
    "calendar_day_removal": lambda town: {"pk": town.calendar.pk, "day": 1},
    "handbook_page": lambda _town: {"key": "lists"},
    "first_link": lambda _town: {"key": "no-such-key"},
    "set_up_step": lambda _town: {"key": "teams"},
    "merge_choosing": lambda _town: {"noun": "account"},
    "place": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "tour_stop": lambda _town: {"key": "deal"},
    "bulk_start": lambda _town: {"noun": "lead", "verb": "give"},
    "bulk_field": lambda _town: {"noun": "account", "key": "industry"},
    "edit": lambda town: {"noun": "account", "pk": town.account.pk, "field": "industry"},
    "edit_undo": lambda _town: {"name": "no-such-edit"},
    "export": lambda _town: {"noun": "lead"},
    "custom_values": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "note_add": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "task_add": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "file_attach": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "password_link": lambda _town: {"token": "no-such-token"},
    "mfa_remove_webauthn": lambda _town: {"pk": 1},
    "mfa_edit_webauthn": lambda _town: {"pk": 1},
}


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
